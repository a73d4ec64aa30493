"""Fidelity over a dictionary corpus: python benchmarks/corpus_fidelity.py [--table dev.tsv] [--every N] [--workers N]

Reads, signs and measures the notations of several sign languages. The dictionaries are other people's and not in this repository: the results hold
names of entries and numbers, no notation. Entries of tests/hamnosys_malformed.tsv are left out of the shares. Skipped where the table is not at hand.
"""
import argparse, collections, os, sys, time
from pathlib import Path

from signbook.signing.survey import CLEAN, measure_all, read_rows, summary
from table import DATA, keep, malformed


def blame(result):
    "What an entry does not do: item and cause, clip checks, what is left out."
    missed = {f"{m['item']}: {m['cause']}" for m in result['misses']}
    return sorted(missed | {k for k, v in CLEAN.items() if result['clip'].get(k, 0) > v} | {f'left out: {n}' for n in result['left_out']} | {result['fault']} - {''})


def by_construct(results):
    "Construct of the notation -> what its entries miss, and why -> entries."
    out = collections.defaultdict(collections.Counter)
    for r in results:
        for name in r['constructs']: out[name].update({f"{m['item']}: {m['cause']}" for m in r['misses']})
    return {name: dict(c.most_common()) for name, c in sorted(out.items(), key=lambda x: -x[1].total()) if c}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--table', type=Path, default=DATA / 'hamnosys' / 'dev.tsv')
    p.add_argument('--every', type=int, default=1, help='only every Nth entry; the figures are then printed, not kept')
    p.add_argument('--workers', type=int, default=os.cpu_count())
    args = p.parse_args()
    if not args.table.is_file(): sys.exit(print(f'skipped: no {args.table}'))
    listed, rows, start, results = malformed(), read_rows(args.table)[::args.every], time.perf_counter(), []
    for r in measure_all(rows, args.workers):
        results.append(r)
        if sys.stderr.isatty() and len(results) % 50 == 0: print(f'{len(results)} of {len(rows)}', end='\r', file=sys.stderr)
    well = [r for r in results if r['id'] not in listed]
    counts = summary(well) | dict(missed_by_construct=by_construct(well))
    out = counts | dict(malformed=len(results) - len(well), seconds=round(time.perf_counter() - start), workers=args.workers,
                        unfaithful=[[r['source'], r['id'], *blame(r)] for r in well if not (r['faithful'] and r['clean'])])
    keep('corpus_fidelity' if args.every == 1 else None, out, hide=('unfaithful',))


if __name__ == '__main__':
    os.environ['OPENBLAS_NUM_THREADS'] = '1'   # one thread a worker
    main()
