"""How long things take, warm and cold: python benchmarks/speed.py [--sentences 60] [--only motion cold]"""
import argparse, os, random, re, resource, subprocess, sys, tempfile, threading, time, urllib.request
from pathlib import Path
import numpy as np
from animator import forget
from table import keep, missing

ROOT = Path(__file__).resolve().parent.parent


def sentences(n, words, language='ase', seed=0):
    "Random sentences of words that have a sign; no two are alike."
    from signbook.signing.lexicon import Lexicon
    known = sorted({w for e in Lexicon.load(language) for w in e.words if w.isalpha()})
    draw, out = random.Random(seed), {}
    while len(out) < n: out[' '.join(draw.choice(known) for _ in range(words))] = None
    return list(out)


def timed(fn, *args):
    "(wall seconds, processor seconds of all threads, result)."
    wall, cpu = time.perf_counter(), time.process_time()
    out = fn(*args)
    return time.perf_counter() - wall, time.process_time() - cpu, out


def quantiles(name, times):
    wall, cpu = (np.array(t)*1e3 for t in zip(*[t[:2] for t in times]))
    return {f'{name}_p50_ms': float(np.median(wall)), f'{name}_p95_ms': float(np.quantile(wall, .95)), f'{name}_best_ms': float(wall.min()),
            f'{name}_processor_p50_ms': float(np.median(cpu))}


def fresh(fn, *args):
    "Timed with no sign known from before."
    forget()
    return timed(fn, *args)


def warm(args):
    "Text to `Motion` and to GLB, sentences of 8 words: of signs that the program has never signed, then of signs that it knows, as the demo does after a minute."
    from signbook.pipeline import rehearse, text_to_motion
    from signbook.show.gltf import glb_bytes
    from signbook.show.looks import LOOKS
    look = next(iter(LOOKS))
    for text in sentences(20, 8, seed=1): glb_bytes(text_to_motion(text).motion, look)
    new = [fresh(text_to_motion, t) for t in sentences(args.sentences // 2, 8, seed=3)]
    signs = len(list(rehearse()))
    texts = sentences(args.sentences, 8)
    motion = [timed(text_to_motion, t) for t in texts]
    glb = [timed(lambda t: glb_bytes(text_to_motion(t).motion, look), t) for t in sentences(args.sentences, 8, seed=2)]
    seconds = np.array([m[2].motion.duration for m in motion])
    return dict(sentences=args.sentences, signs=signs, seconds_signed_p50=float(np.median(seconds)), **quantiles('motion', motion), **quantiles('new_signs', new), **quantiles('glb', glb),
                glb_kb_p50=float(np.median([len(g[2]) for g in glb])/1e3))


def line(args):
    "Is the time in proportion to the length?"
    from signbook.pipeline import rehearse, text_to_motion
    for text in sentences(10, 8, seed=1): text_to_motion(text)
    list(rehearse())
    out = {}
    for words, times in ((1, 40), (10, 20), (100, 5)):
        wall = float(np.median([timed(text_to_motion, t)[0] for t in sentences(times, words, seed=words)]))
        out[f'words_{words}_ms'], out[f'words_{words}_ms_a_word'] = wall*1e3, wall*1e3/words
    added = {f'{a}_to_{b}': (out[f'words_{b}_ms'] - out[f'words_{a}_ms'])/(b - a) for a, b in ((1, 10), (10, 100))}
    return out | dict(words_10_to_100_times=out['words_100_ms']/out['words_10_ms'], ms_an_added_word=added)   # 10 times is a straight line through zero


def film(args):
    "Frames of MP4 a second, drawn at twice the size, encoded."
    if missing('panda3d', 'av'): return {}
    from signbook.pipeline import text_to_motion
    from signbook.show.render import save_mp4
    motion = text_to_motion(sentences(1, 8, seed=3)[0]).motion
    with tempfile.TemporaryDirectory() as folder:
        save_mp4(text_to_motion('hello').motion, Path(folder) / 'warm.mp4')
        times = [timed(save_mp4, motion, Path(folder) / 'clip.mp4') for _ in range(args.repeats)]
    wall, cpu = (float(np.median([t[i] for t in times])) for i in (0, 1))
    return dict(mp4_frames=len(motion), mp4_frames_per_s=len(motion)/wall, mp4_frames_per_s_best=len(motion)/min(t[0] for t in times),
                mp4_times_real_time=motion.duration/wall, mp4_processor_ms_a_frame=cpu/len(motion)*1e3)


def process(*words, repeats):
    "Median seconds of a fresh process: wall, processor."
    times, used = [], lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), used()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        times.append((time.perf_counter() - wall, used() - cpu))
    return tuple(float(np.median(t)) for t in zip(*times))


FIRST = "from signbook.pipeline import text_to_motion\nfrom signbook.show.gltf import glb_bytes\nglb_bytes(text_to_motion('Hello! My name is Anna. Nice to meet you.').motion)"

def cold(args):
    "Fresh processes, from the first moment to the last."
    cli, py, n = str(Path(sys.executable).parent / 'signbook'), sys.executable, args.repeats
    light = "import sys, signbook\nsys.exit('torch is imported' if 'torch' in sys.modules else 0)"
    with tempfile.TemporaryDirectory() as folder:
        todo = dict(python=(py, '-c', 'pass'), import_=(py, '-c', light), first_sentence=(py, '-c', FIRST), cli_gloss=(cli, 'gloss', 'hello'),
                    cli_sign=(cli, 'sign', 'hello', '-o', f'{folder}/x.npz'))
        got = {k.strip('_'): process(*v, repeats=n) for k, v in todo.items()}
    return {f'{k}_s': v[0] for k, v in got.items()} | {f'{k}_processor_s': v[1] for k, v in got.items()}


class Demo:
    "The demo in a process of its own, from its start to its first answer."
    def __init__(self, port=17960):
        env = {**os.environ, 'PORT': str(port), 'GRADIO_ANALYTICS_ENABLED': 'False', 'PYTHONUNBUFFERED': '1'}
        start = time.perf_counter()
        self.process = subprocess.Popen([sys.executable, str(ROOT/'demos'/'app.py')], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for said_now in self.process.stdout:
            said.append(said_now)
            if found := re.search(r'http://[\d.]+:\d+/', said_now): break
        else: raise RuntimeError('the demo did not start:\n' + ''.join(said))
        self.url = found[0]
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()   # so that it never waits for a reader
        while urllib.request.urlopen(self.url, timeout=30).status != 200: time.sleep(.02)
        self.seconds = time.perf_counter() - start

    def __enter__(self): return self
    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(20)


def demo(args):
    "Seconds until the demo's page answers, and until its first sentence is a GLB."
    if missing('gradio'): return {}
    import gradio_client  # noqa: F401  (its own import is no time of the demo)
    up, first = [], []
    for _ in range(max(1, args.repeats // 2)):
        with Demo() as running:
            up.append(running.seconds)
            client = gradio_client.Client(running.url, verbose=False)
            start = time.perf_counter()
            got = client.predict('Where is the school?', api_name='/sign')
            urllib.request.urlopen(f"{running.url}clips/{got['clip']}.glb", timeout=60).read()
            first.append(time.perf_counter() - start)
    return dict(demo_up_s=float(np.median(up)), demo_first_sentence_s=float(np.median(first)))


PARTS = dict(motion=warm, line=line, film=film, cold=cold, demo=demo)

def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--sentences', type=int, default=60)
    p.add_argument('--repeats', type=int, default=5)
    p.add_argument('--only', nargs='*', choices=PARTS, default=list(PARTS), help='print these only; the results file stays as it is')
    args = p.parse_args()
    out = dict(cores=os.cpu_count(), load_before=os.getloadavg())
    for part in args.only: out |= PARTS[part](args)
    out |= dict(load_after=os.getloadavg())
    keep('speed' if args.only == list(PARTS) else None, out)


if __name__ == '__main__': main()
