"""Video to landmarks: what is seen, how true it is, how fast, in how much memory, and what the repair finds: python benchmarks/extract.py [--only real speed workers memory errors avatar]"""
import argparse, json, multiprocessing, os, re, shutil, tempfile, time
from pathlib import Path
import numpy as np
from table import DATA, RESULTS, keep, missing

FILM, DWPOSE = DATA / 'video' / 'human_signer.mp4', DATA / 'formats' / 'dwpose' / 'human_signer'
PLACES = ('nose', *(f'{s}_{p}' for p in ('shoulder', 'elbow', 'wrist') for s in ('left', 'right')))


def real(args):
    "Parts seen in the real recording, and how far from DWPose's points the body's are, in shares of the picture's width."
    from signbook.data.extract import extract
    from signbook.data.keypoints import read
    from signbook.data.landmarks import at, pick, quality, resized
    lm = extract(FILM)
    other, off = resized(read(DWPOSE), lm.size), {}
    for place in PLACES:
        (a, sure), (b, _) = at(pick(lm, 'body'), place), at(pick(other, 'body'), place)
        off[place] = np.linalg.norm(a[:, :2] - b[:, :2], axis=-1)[sure > .5]/lm.size[0]
    shares = {k: float(np.median(v)) for k, v in off.items()}
    return dict(frames=len(lm), seen=quality(lm), repaired={p: [r for r in v] for p, v in lm.meta.get('repaired', {}).items()}, tracks=lm.meta['tracks'], people=lm.meta['people'],
                from_dwpose=float(np.median(np.concatenate(list(off.values())))), wrists_from_dwpose=float(np.median(np.concatenate([off['left_wrist'], off['right_wrist']]))), places_from_dwpose=shares)


def bare():
    "Seconds of a loop that decodes the recording and runs the tracker, and does nothing else."
    import av
    from mediapipe.python.solutions.holistic import Holistic
    start = time.perf_counter()
    with Holistic(model_complexity=1, refine_face_landmarks=True) as tracker, av.open(str(FILM)) as film:
        for frame in film.decode(video=0): tracker.process(frame.to_ndarray(format='rgb24'))
    return time.perf_counter() - start


def ours():
    from signbook.data.extract import extract_to
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        extract_to(FILM, Path(folder) / 'a.pose')
        return time.perf_counter() - start


def speed(args):
    "Our rate beside the bare loop's, one after the other several times."
    bare(), ours()
    times = [(bare(), ours()) for _ in range(args.repeats)]
    them, us = (min(t[k] for t in times) for k in (0, 1))
    return dict(frames_per_s=135/us, bare_frames_per_s=135/them, of_bare=float(np.median([b/o for b, o in times])), of_bare_best=them/us)


def workers(args):
    "Ten copies of the recording by one process and by two: a process takes seconds to begin."
    from signbook.data.extract import extract_all
    with tempfile.TemporaryDirectory() as folder:
        films = [shutil.copy(FILM, Path(folder) / f'{i}.mp4') for i in range(10)]
        def seconds(n):
            start = time.perf_counter()
            done = extract_all(films, Path(folder) / f'by_{n}', workers=n, resume=False)
            assert not any(d['error'] for d in done), done
            return time.perf_counter() - start
        one, two = seconds(1), seconds(2)
        same = all((Path(folder) / 'by_1' / f'{i}.pose').read_bytes() == (Path(folder) / 'by_2' / f'{i}.pose').read_bytes() for i in range(10))
    return dict(one_s=one, two_s=two, two_by_one=one/two, same_bytes=same, cores=os.cpu_count())


def film_of(path, minutes):
    "A small film at 10 pictures a second in which something moves and nobody is."
    import av
    with av.open(str(path), 'w') as film:
        stream = film.add_stream('libx264', rate=10, options={'preset': 'ultrafast'})
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        for i in range(int(600*minutes)):
            picture = np.full((48, 64, 3), 90, np.uint8); picture[20:30, i % 50:i % 50 + 10] = 200
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, 'rgb24')))
        film.mux(stream.encode(None))


def peak(minutes):
    "Peak memory of a process that extracts so many minutes, MB; what its parent had before counts for nothing."
    from signbook.data.extract import extract_to
    with tempfile.TemporaryDirectory() as folder:
        film_of(Path(folder) / 'a.mp4', minutes)
        Path('/proc/self/clear_refs').write_text('5')      # Linux: the peak begins here
        extract_to(Path(folder) / 'a.mp4', Path(folder) / 'a.pose')
    return int(re.search(r'VmHWM:\s+(\d+) kB', Path('/proc/self/status').read_text())[1])/1024


def memory(args):
    with multiprocessing.get_context('spawn').Pool(1, maxtasksperchild=1) as pool: short, long = pool.map(peak, (1.5, 6), chunksize=1)
    return dict(short_mb=short, long_mb=long, growth=long/short - 1, minutes=[1.5, 6], frames=[900, 3600])


def clips(entries):
    "Signs as an ideal tracker sees them."
    from signbook.data.landmarks import load
    from signbook.motion.points import save_pose
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    with tempfile.TemporaryDirectory() as folder:
        for e in entries: yield load(save_pose(synthesise([Item(e.gloss, e.hamnosys)]).motion, Path(folder) / 'c.pose'))


def lexicon():
    from signbook.signing.lexicon import Lexicon
    return [e for e in Lexicon.load('ase') if e.hamnosys]


def errors(args):
    "Errors made on purpose: signs at even places of the lexicon were there when the prices were chosen, those at odd places were not."
    from signbook.data.repair import judge, repair
    out = {}
    for part, entries in dict(tuned=lexicon()[0:200:4], kept_aside=lexicon()[1:201:4]).items():
        found = list(clips(entries))
        right, false, missed = sum(judge(c, 10_000*(part == 'tuned') + i) for i, c in enumerate(found))
        hard = sum(judge(c, 30_000 + i, jitter=.15) for i, c in enumerate(found))
        out[part] = dict(clips=len(found), found=int(right), false=int(false), missed=int(missed), precision=right/(right + false), recall=right/(right + missed), with_three_times_the_jitter=dict(precision=hard[0]/(hard[0] + hard[1]), recall=hard[0]/(hard[0] + hard[2])),
                         clean_unchanged=sum(repair(c) is c for c in found)/len(found), false_by_jitter=int(sum(judge(c, 20_000 + i, 1e-9) for i, c in enumerate(found))[1]))
    return out


def where(motion, layout, size):
    "Where the points of a layout are in the picture (T,N,2)."
    from signbook.motion.body import load
    from signbook.motion.points import track
    from signbook.show.render import projection
    _, matrix = projection('front', load().joints(motion.betas))
    points = track(motion, [layout])[layout][0]
    clip = np.concatenate([points, np.ones_like(points[..., :1])], -1) @ matrix.T
    return (clip[..., :2]/clip[..., 3:] + 1)/2*size


def wrong_side(lm, true):
    "Frames of hands that are nearer to the other hand of the avatar, and frames of those on the right one (counts)."
    from signbook.data.repair import FILLED, HANDS
    rows = [np.array([r == h for r in lm.roles]) for h in HANDS]
    far = np.array([[np.linalg.norm(lm.points[:, r, :2] - t, axis=-1).mean(1) for t in true] for r in rows])
    seen = np.array([lm.confidence[:, r].max(1) > FILLED for r in rows])
    return tuple(sum((seen[k] & (far[k, near] < .7*far[k, 1 - near])).sum() for k, near in pairs) for pairs in (((0, 1), (1, 0)), ((0, 0), (1, 1))))


def avatar(args):
    "What MediaPipe itself confuses where the avatar's hands touch, before and after the repair: signs at odd places, but BOOK, on which the prices were chosen."
    from signbook.data.extract import extract
    from signbook.data.repair import repair
    from signbook.show.render import save_mp4
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    size, rows = 224, []
    touching = [e for e in lexicon() if 'sym' in e.hamnosys and 'touch' in e.hamnosys and ' plus ' in e.hamnosys and e.gloss != 'BOOK'][1::2]
    for e in touching[::max(1, len(touching)//args.signs)][:args.signs]:
        motion = synthesise([Item(e.gloss, e.hamnosys)]).motion
        with tempfile.TemporaryDirectory() as folder: lm = extract(save_mp4(motion, Path(folder) / 'a.mp4', size=size), mend=False)
        true = [where(motion, f'{s}_hand', size) for s in ('left', 'right')]
        rows.append((e.gloss, *wrong_side(lm, true), *wrong_side(repair(lm), true)))
    bad, good, bad_after, good_after = (int(sum(r[k] for r in rows)) for k in (1, 2, 3, 4))
    return dict(signs=len(rows), size=size, wrong_before=bad, right_before=good, wrong_after=bad_after, right_after=good_after, worst=sorted([[r[0], int(r[1]), int(r[3])] for r in rows if r[1]], key=lambda r: -r[1])[:5])


JOBS = dict(real=real, speed=speed, workers=workers, memory=memory, errors=errors, avatar=avatar)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--only', nargs='*', choices=list(JOBS), help='measure these again and leave the others as they are')
    p.add_argument('--repeats', type=int, default=2)
    p.add_argument('--signs', type=int, default=8)
    args = p.parse_args()
    if skip := missing('mediapipe', 'av', 'panda3d'): return print(skip)
    if not FILM.is_file(): return print(f'skipped: {FILM} is not here (set SIGNBOOK_DATA)')
    out = {}
    for name in args.only or JOBS:
        load = os.getloadavg()[0]
        out[name] = JOBS[name](args) | dict(load=round(load, 1), busy=load > 1)
    kept = RESULTS / 'extract.json'
    out = (json.loads(kept.read_text()) if args.only and kept.is_file() else {}) | out
    keep('extract', dict(tracker='MediaPipe Holistic 0.10.21', **{k: out[k] for k in JOBS if k in out}))


if __name__ == '__main__': main()
