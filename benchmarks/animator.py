"""Speed of the animator alone, from notation to joints: python benchmarks/animator.py [--rounds 3] [--only sign line parse]

Every sign of the lexicon is made once, with everything forgotten that could be left of an earlier one: parsed notations, beats, places, hand poses. What stays is the
measured body, which a program measures once. One thread on one core; processor time says what the work costs, wall time what it took here.
"""
import argparse, gc, os, random, sys, time
if __name__ == '__main__': os.environ |= dict.fromkeys(('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'), '1')   # before numpy is there
import numpy as np
from table import keep

FPS = 30
KEPT = {'motion.body._free', 'motion.body._moved_by_face', 'signing.targets._rig', 'signing.hand.rig_of', 'signing.hand.together', 'signing.timing._at_rest',
        'signing.handshape._answers', 'signing.handshape._template_points'}   # of the body and of shipped files, not of a sign


def caches():
    "Every remembered function of the package that could know a sign."
    found = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith('signbook.'): continue
        for key, value in list(vars(module).items()):
            if callable(getattr(value, 'cache_clear', None)) and getattr(value, '__module__', '').startswith('signbook.'): found[id(value)] = value
    return [f for f in found.values() if called(f) not in KEPT]


def called(f): return f'{f.__module__}.{f.__qualname__}'.removeprefix('signbook.')


def forget():
    for f in caches(): f.cache_clear()


def one_core():
    "Stay on one core, where the system can be asked for that."
    if hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})


def timed(fn, *args):
    "(wall seconds, processor seconds, result), garbage collected before."
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    out = fn(*args)
    return time.perf_counter() - wall, time.process_time() - cpu, out


def items(language):
    from signbook.signing.lexicon import Lexicon
    from signbook.signing.timing import Item
    return [Item(e.id, e.hamnosys, marks=e.nonmanual) for e in Lexicon.load(language) if e.hamnosys]


def make(signs):
    from signbook.signing.synthesis import synthesise
    return synthesise(signs, fps=FPS)


def warm_up():
    "Imports, and the body measured; nothing of it is a sign of the lexicon."
    from signbook.signing.timing import Item
    make([Item('A', 'fist extfingeru palml moveo'), Item('B', 'symmpar flathand extfingero palmu chest touch moveo repeatfromstart')])


def quantiles(name, values): return {f'{name}_{q}_ms': round(float(np.quantile(values, share))*1e3, 2) for q, share in (('p50', .5), ('p95', .95), ('max', 1))}


def sign(args):
    "Signs one by one, each fresh; of several rounds the middle one counts for each sign."
    signs = items(args.language)
    wall, cpu, seconds = (np.zeros((args.rounds, len(signs))) for _ in range(3))
    for r in range(args.rounds):
        for k, s in enumerate(signs):
            forget()
            wall[r, k], cpu[r, k], made = timed(make, [s])
            seconds[r, k] = made.motion.duration
    wall, cpu, seconds = (np.median(x, 0) for x in (wall, cpu, seconds))
    slow = {signs[k].gloss: round(cpu[k]*1e3, 1) for k in np.argsort(-cpu)[:10]}
    return dict(signs=len(signs), rounds=args.rounds, seconds_signed=round(float(seconds.sum()), 1), times_real_time=round(float(seconds.sum()/cpu.sum()), 1),
                times_real_time_wall=round(float(seconds.sum()/wall.sum()), 1), share_of_signs_at_100=round(float(np.mean(seconds/cpu >= 100)), 4),
                times_p50=round(float(np.median(seconds/cpu)), 1), times_p5=round(float(np.quantile(seconds/cpu, .05)), 1),
                **quantiles('sign_processor', cpu), **quantiles('sign_wall', wall), slowest_ms=slow)


def line(args):
    "The same signs one by one, in lines of ten, and in lines of a hundred: what does a sign cost there?"
    signs, rows = items(args.language), {1: [], 10: [], 100: []}
    for r in range(args.rounds):
        own = random.Random(r).sample(signs, 100)
        for n, found in rows.items():
            for k in range(0, 100, n):
                forget()
                wall, cpu, made = timed(make, own[k:k + n])
                found.append((wall, cpu, made.motion.duration))
    out = {}
    for n, found in rows.items():
        wall, cpu, seconds = np.sum(found, 0)
        out[f'signs_{n}'] = dict(processor_ms=round(float(cpu)*1e3/len(found), 1), processor_ms_a_sign=round(float(cpu)*1e3/len(found)/n, 2), wall_ms=round(float(wall)*1e3/len(found), 1),
                                 times_real_time=round(float(seconds/cpu), 1), times_real_time_wall=round(float(seconds/wall), 1))
    return dict(line=out | dict(times_10_to_100=round(out['signs_100']['processor_ms']/out['signs_10']['processor_ms'], 2)))   # 10 times is a straight line


def parse(args):
    "Reading of the notations alone."
    from signbook.signing.hamnosys import parse
    signs, times = items(args.language), []
    for s in signs:
        forget()
        rounds = []
        for _ in range(max(3, args.rounds)):
            start = time.process_time_ns()
            parse(s.notation)
            rounds.append((time.process_time_ns() - start)/1e9)
        times.append(np.median(rounds))
    return dict(**quantiles('parse', times), parsed_a_second=round(len(times)/float(np.sum(times))))


PARTS = dict(sign=sign, line=line, parse=parse)

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--language', default='ase')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--only', nargs='*', choices=PARTS, default=list(PARTS), help='print these only; the results file stays as it is')
    args = p.parse_args()
    out = dict(fps=FPS, cores=os.cpu_count(), load_before=os.getloadavg())
    one_core()
    warm_up()
    out |= dict(forgotten=sorted(map(called, caches())), kept=sorted(KEPT))
    for part in args.only: out |= PARTS[part](args)
    keep('animator' if args.only == list(PARTS) else None, out | dict(load_after=os.getloadavg()))


if __name__ == '__main__': main()
