"""Finished motion of the lexicon beside the published coding of ASL-LEX 2.0: python benchmarks/lexicon_agreement.py [--file SIGNS.tsv] [--gloss X Y] [--verbose]

ASL-LEX (Caselli, Sehyr, Cohen-Goldberg, Emmorey; Sehyr et al. 2021) codes the hands of 2,723 signs. Its table is for non-commercial use and is not in
this repository; nothing in the lexicon is generated from it. Here each sign that both have is signed, its geometry is coded (signing.phonology), and
the two codings are compared field by field. A sign is looked up by its gloss, else by its words; asl_lex_names.tsv says which entries (joined by |) are meant where names differ, or - where
an entry of that name is another sign.
Signs have variants: where several entries bear the name, the one that agrees best on all fields together is compared. A second figure takes only
entries of exactly our name, without choosing. Results hold counts and our glosses, nothing of the table.
"""
import argparse, collections, csv, re
from dataclasses import fields
from pathlib import Path

from signbook.signing.lexicon import Lexicon
from signbook.signing.phonology import Coding, codes
from signbook.signing.synthesis import synthesise
from signbook.signing.targets import rig_of
from signbook.signing.timing import Item
from table import DATA, keep

FIELDS = tuple(f.name for f in fields(Coding))
NAMES = Path(__file__).with_name('asl_lex_names.tsv')


def plain(name):
    "A name as both sides may write it."
    return re.sub(r"[^a-z0-9]+", '_', name.lower().replace("'", '')).strip('_')


def stem(name): return re.sub(r'_\d+$', '', name)


class Table:
    "Rows of the published coding, by name."
    def __init__(self, path):
        with open(path, encoding='utf-8') as f: self.rows = list(csv.DictReader(f))
        self.entry = {plain(r['EntryID']): r for r in self.rows}
        self.by = [collections.defaultdict(list) for _ in range(3)]
        for r in self.rows:
            for index, column in zip(self.by, ('EntryID', 'LemmaID', 'DominantTranslation')): index[stem(plain(r[column]))].append(r)
        self.meant = dict(line.split('\t') for line in NAMES.read_text(encoding='utf-8').splitlines()[1:]) if NAMES.is_file() else {}

    def named(self, name, columns):
        "Rows of this name: as entry, else as lemma, else as translation."
        return next((index[name] for index in self.by[:columns] if name and name in index), [])

    def candidates(self, e):
        "Rows that may be our sign."
        if e.gloss in self.meant: return [self.entry[n] for n in map(plain, self.meant[e.gloss].split('|')) if n in self.entry]
        asked = [(stem(plain(e.gloss)), 3), *((plain(w), 2) for w in e.words)]
        return next((rows for rows in (self.named(*a) for a in asked) if rows), [])

    def exact(self, e):
        "The one row of exactly our gloss."
        return [r for r in [self.entry.get(plain(e.gloss))] if r]


def theirs(row): return {f: row[f'{f}.2.0'] for f in FIELDS}

def same(ours, row): return sum(ours[f] == row[f'{f}.2.0'] for f in FIELDS)


def figures(pairs):
    "Per field: agreement, what the commonest value alone would give, Cohen's kappa."
    out = {}
    for f in FIELDS:
        ours, others = ([p[k][f] for p in pairs] for k in (1, 2))
        n = len(pairs)
        agree = sum(a == b for a, b in zip(ours, others))/n
        a, b = collections.Counter(ours), collections.Counter(others)
        chance = sum(a[v]*b[v] for v in a)/n**2
        out[f] = dict(agreement=round(agree, 4), majority=round(max(b.values())/n, 4), kappa=round((agree - chance)/(1 - chance), 4) if chance < 1 else 1., n=n)
    return out


def show(e, ours, row, candidates):
    "One sign for people who write signs."
    print(f'{e.gloss} ({e.sense or ", ".join(e.words[:2])}): ' + (f"beside {row['EntryID'].strip()}, {candidates} candidates" if row else 'not in the table'))
    for f in FIELDS:
        other = row[f'{f}.2.0'] if row else ''
        print(f"   {'  ' if not row or other == ours[f] else '! '}{f:22}{ours[f]:31}{other}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--table', type=Path, default=DATA / 'asl_lex' / 'phonology.csv')
    p.add_argument('--file', type=Path, help='a lexicon TSV instead of the shipped one; nothing is written')
    p.add_argument('--gloss', nargs='+', help='only these signs; nothing is written')
    p.add_argument('--verbose', action='store_true', help='print every difference; with --file or --gloss, every field')
    args = p.parse_args()
    if not args.table.is_file(): p.error(f'no table at {args.table}; get phonology data of ASL-LEX 2.0 and give --table')
    table, lexicon = Table(args.table), Lexicon.load(args.file or 'ase')
    signs = [e for e in lexicon.entries if not args.gloss or e.gloss in args.gloss]
    if not signs: p.error(f'no such sign: {args.gloss}')
    best, exact, several = [], [], 0
    for e in signs:
        rows, only = table.candidates(e), table.exact(e)
        if not rows and not only and not (args.gloss or args.file): continue
        ours = vars(codes(synthesise([Item(e.gloss, e.hamnosys, marks=e.nonmanual)]).motion, rig_of())[0][1])
        row = max(rows, key=lambda r: same(ours, r)) if rows else None
        if row: best.append((e, ours, theirs(row), row['EntryID'])); several += len(rows) > 1
        if only: exact.append((e, ours, theirs(only[0]), only[0]['EntryID']))
        if args.verbose and (args.gloss or args.file): show(e, ours, row, len(rows))
    if not best: return print('no sign of these is in the table')
    if args.verbose and not (args.gloss or args.file):
        for f in FIELDS:
            print(f'## {f}: our sign, our value, its value, entry')
            for e, ours, other, name in best:
                if ours[f] != other[f]: print(f'   {e.id:20}{ours[f]:31}{other[f]:31}{name}')
    out = dict(signs=len(signs), compared=len(best), several_candidates=round(several/len(best), 4), fields=figures(best),
               exact_name=dict(compared=len(exact), fields=figures(exact) if exact else {}),
               differ={f: [e.id for e, ours, other, _ in best if ours[f] != other[f]] for f in FIELDS})
    keep(None if args.gloss or args.file else 'lexicon_agreement', out, hide=('differ',))


if __name__ == '__main__': main()
