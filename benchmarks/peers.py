"""Beside the best peer, spoken-to-signed 0.4.0, which joins recorded clips: python benchmarks/peers.py [--clips FOLDER] [--python PYTHON_THAT_HAS_IT]"""
import argparse, json, os, subprocess, sys, tempfile, venv
from pathlib import Path
import numpy as np
from speed import sentences, timed
from table import keep

PEER = 'spoken-to-signed==0.4.0'
CLIPS = Path(__file__).resolve().parents[2] / 'shared' / 'data' / 'formats' / 'lexicon_of_clips'   # four signs of Swiss German Sign Language
LENGTHS = (4, 8, 16, 32)

# runs in the peer's environment: text -> glosses -> clips -> one pose, as its command line does it, with lexicon and clips already read
THEIRS = """
import json, sys, time
from spoken_to_signed.gloss_to_pose import CSVPoseLookup, gloss_to_pose
from spoken_to_signed.text_to_gloss.simple import text_to_gloss
lookup, words, out = CSVPoseLookup(sys.argv[1]), sys.argv[2].split(','), {}
def sign(n):
    text = ' '.join(words[i % len(words)] for i in range(n))
    return gloss_to_pose(text_to_gloss(text, language='de')[0], lookup, 'de', 'sgg').pose
sign(8)
for n in map(int, sys.argv[3].split(',')):
    times = []
    for _ in range(int(sys.argv[4])):
        wall, cpu = time.perf_counter(), time.process_time()
        pose = sign(n)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    out[n] = dict(times=times, seconds_signed=len(pose.body.data)/pose.body.fps)
print(json.dumps(out))
"""


def peer_python(folder):
    "A Python with the peer in it, in an environment that is thrown away; None if it cannot be had."
    venv.create(folder, with_pip=True)
    python = Path(folder) / ('Scripts' if os.name == 'nt' else 'bin') / 'python'
    got = subprocess.run([python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PEER], capture_output=True, text=True)
    return None if got.returncode else python


def theirs(python, clips, repeats):
    words = ','.join(r.split(',')[5] for r in (clips / 'index.csv').read_text().splitlines()[1:])
    got = subprocess.run([python, '-I', '-c', THEIRS, str(clips), words, ','.join(map(str, LENGTHS)), str(repeats)], capture_output=True, text=True, check=True)
    return {int(n): v for n, v in json.loads(got.stdout.splitlines()[-1]).items()}


def ours(repeats):
    from signbook.pipeline import text_to_motion
    for text in sentences(20, 8, seed=1): text_to_motion(text)
    out = {}
    for n in LENGTHS:
        got = [timed(text_to_motion, t) for t in sentences(repeats, n, seed=n)]
        out[n] = dict(times=[g[:2] for g in got], seconds_signed=float(np.median([g[2].motion.duration for g in got])))
    return out


def row(n, got):
    wall, cpu = (float(np.median(t))*1e3 for t in zip(*got['times']))
    return dict(ms=wall, ms_a_word=wall/n, processor_ms_a_word=cpu/n, seconds_signed=got['seconds_signed'])


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--clips', type=Path, default=CLIPS, help='a folder of recorded clips with an index.csv, in the layout of the peer')
    p.add_argument('--python', help='use this one instead of a new environment')
    p.add_argument('--repeats', type=int, default=15)
    args = p.parse_args()
    if not (args.clips / 'index.csv').is_file(): return print(f'skipped: no recorded clips in {args.clips.name} (--clips FOLDER)')
    with tempfile.TemporaryDirectory() as folder:
        python = args.python or peer_python(folder)
        if python is None: return print(f'skipped: {PEER} could not be installed')
        them = theirs(python, args.clips, args.repeats)
    us = ours(args.repeats)
    keep('peers', dict(peer=PEER, what='text to one clip, warm. Theirs joins and smooths recorded keypoint clips of four signs that are in memory; ours computes 55 joints and a face from notation, '
                       'every sentence new', python=sys.version.split()[0], theirs={n: row(n, g) for n, g in them.items()}, ours={n: row(n, g) for n, g in us.items()}, load=os.getloadavg()))


if __name__ == '__main__': main()
