"""Fidelity of every shipped sign and letter to its own notation: python benchmarks/fidelity.py [--verbose]"""
import argparse, collections, json
from pathlib import Path
import numpy as np
from signbook.core import atomic_path
from signbook.signing.fidelity import TOLERANCE, fidelity
from signbook.signing.lexicon import Alphabet, Lexicon
from signbook.signing.synthesis import synthesise
from signbook.signing.timing import Item

RESULT = Path(__file__).parent / 'results' / 'fidelity.json'


def entries(language):
    "Every sign and letter as (name, Item)."
    for e in Lexicon.load(language): yield e.id, Item(e.id, e.hamnosys, marks=e.nonmanual)
    for letter in Alphabet.load(language).letters.values(): yield f'letter {letter.letter}', Item(letter.letter, letter.hamnosys)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--language', default='ase')
    p.add_argument('--verbose', action='store_true', help='print every miss')
    args = p.parse_args()
    reports = {}
    for name, item in entries(args.language):
        reports[name] = report = fidelity(synthesise([item]))
        if args.verbose and (report.share < 1 or report.clip['depth'] > .01 or report.clip['hands_depth'] > .01 or report.clip['limit'] > 1.001 or report.clip['turn_deg'] > 45):
            print(name, report)
    checks = [c for r in reports.values() for c in r.checks]
    missed = collections.Counter(k for c in checks for k in c.misses)
    worst = {k: max(r.clip[k] for r in reports.values()) for k in next(iter(reports.values())).clip}
    values = {k: [abs(c.values[k]) for c in checks if k in c.values] for k in (*TOLERANCE, 'shape')}
    out = dict(signs=len(reports), phases=len(checks), share_of_phases=float(np.mean([not c.misses for c in checks])),
               share_of_signs=float(np.mean([r.share == 1 for r in reports.values()])), missed=dict(missed),
               median={k: float(np.median(v)) for k, v in values.items()}, p95={k: float(np.quantile(v, .95)) for k, v in values.items()},
               worst_clip=worst, share_of_clips={k: float(np.mean([r.clip[k] <= b for r in reports.values()])) for k, b in
                                                 dict(limit=1.001, depth=.01, hands_depth=.01, speed=4., turn_deg=45.).items()},
               signs_with_misses={n: sorted({k for c in r.checks for k in c.misses}) for n, r in reports.items() if r.share < 1})
    with atomic_path(RESULT) as tmp: tmp.write_text(json.dumps(out, indent=1) + '\n')
    print(json.dumps({k: v for k, v in out.items() if k != 'signs_with_misses'}, indent=1))


if __name__ == '__main__': main()
