"""How fast, how varied and how clean generated data is: python benchmarks/corpus.py [--items 60] [--texts 10000] [--only leaks]

Seeds here (from 1000) are others than those that anybody looked at while the grammar was written.
"""
import argparse, hashlib, multiprocessing, os, time
from collections import Counter
import numpy as np
from table import keep

SEED = 1000


def timed(fn):
    "Wall and processor seconds."
    wall, cpu = time.perf_counter(), time.process_time()
    fn()
    return time.perf_counter() - wall, time.process_time() - cpu


def _speed(n):
    from signbook.data.corpus import Corpus
    rows = lambda: [i.row() for i in [Corpus('small', SEED)[k] for k in range(n)]]
    Corpus('small', SEED + 1)[0].row()                                  # imports, tables
    texts = timed(lambda: [Corpus('small', SEED + 2)[k] for k in range(10*n)])
    new, known = timed(rows), [timed(rows) for _ in range(3)]
    frames = sum(r['frames'] for r in rows())
    best = min(known, key=lambda t: t[1])
    rate = lambda t, k=n: dict(per_s=k/t[0], per_processor_s=k/t[1])
    return dict(items=n, frames_per_item=frames/n, texts=rate(texts, 10*n), new_signs=rate(new), known_signs=rate(best))


def speed(args):
    "Items a second as rows of parameters, text and prompt included: with no sign known, and again with all of them known. In a process of its own."
    with multiprocessing.get_context('spawn').Pool(1) as pool: return pool.apply(_speed, (args.items,))


def texts(args):
    from signbook.data.corpus import Corpus
    return [Corpus(args.texts, SEED)[k] for k in range(args.texts)]


def grammar(args):
    "What the grammar reaches."
    from signbook.signing.lexicon import Lexicon
    items = texts(args)
    tokens = [t for i in items for t in i.line.tokens if t.kind != 'pause']
    found, times = Counter(t.id for t in tokens if t.kind == 'sign'), Counter(i.text for i in items)
    once, twice = (sum(n == k for n in times.values()) for k in (1, 2))
    return dict(texts=len(items), distinct=len(times)/len(items), distinct_gloss_lines=len({i.gloss for i in items})/len(items), reachable_at_least=int(len(times) + once**2/(2*twice)),  # Chao 1984
                signs=len(found), share_of_signs=len(found)/len(Lexicon.load('ase').entries), signs_a_text=len(tokens)/len(items),
                spelled=sum(t.kind == 'spell' for t in tokens)/len(tokens), splits=dict(Counter(i.split for i in items)), tags=dict(Counter(t for i in items for t in i.tags).most_common()))


def leaks(args):
    "What splits share."
    from signbook.data.corpus import Corpus, leaks
    out = dict(ase=len(leaks(texts(args))))
    for language in ('gsg', 'kvk', 'tsm'): out[language] = len(leaks(Corpus(args.texts//10, SEED, language)))
    return dict(texts=args.texts, leaks=sum(out.values()), by_language=out)


def _digests(numbers):
    from signbook.data.corpus import Corpus
    corpus, out = Corpus('tiny', SEED), {}
    for k in numbers:
        row = corpus[k].row()
        out[k] = hashlib.sha256(b''.join(repr((name, v.tobytes() if isinstance(v, np.ndarray) else v)).encode() for name, v in row.items())).hexdigest()
    return out


def determinism(args):
    "The same bytes from two processes in two orders."
    numbers = list(range(args.items//3))
    with multiprocessing.get_context('spawn').Pool(2) as pool: one, other = pool.map(_digests, [numbers, numbers[::-1]])
    return dict(items=len(numbers), identical=sum(one[k] == other[k] for k in numbers))


def constructed(args):
    "How many changed notations parse, and how many of a third of them animate: frames, finite, with a hand that leaves its rest."
    from signbook.core import SignbookError
    from signbook.data.constructed import constructed
    from signbook.motion.body import load
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    out = {}
    for n, name in enumerate(('x-ash', 'x-elm', 'x-yew')):
        made, moved = constructed(name), []
        for e in made.lexicon.entries[n::3]:
            try: m = synthesise([Item(e.id, e.hamnosys)], language=name).motion
            except SignbookError: moved.append(False); continue
            wrists = load().fk(m.poses)[1][:, [20, 21]]
            moved.append(bool(np.isfinite(m.poses).all() and np.ptp(wrists, axis=0).max() > .05))
        out[name] = dict(forms=len(made.lexicon.entries), parse=1 - len(made.kept)/(len(made.lexicon.entries) + len(made.alphabet.letters)), animated=len(moved), animate=float(np.mean(moved)))
    return dict(languages=out, parse=min(d['parse'] for d in out.values()), animate=min(d['animate'] for d in out.values()))


PARTS = dict(speed=speed, grammar=grammar, leaks=leaks, determinism=determinism, constructed=constructed)

def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--items', type=int, default=60)
    p.add_argument('--texts', type=int, default=10_000)
    p.add_argument('--only', nargs='*', choices=PARTS, default=list(PARTS), help='print these only; the results file stays as it is')
    args = p.parse_args()
    out = dict(cores=os.cpu_count(), load_before=os.getloadavg()) | {part: PARTS[part](args) for part in args.only} | dict(load_after=os.getloadavg())
    keep('corpus' if args.only == list(PARTS) else None, out)


if __name__ == '__main__': main()
