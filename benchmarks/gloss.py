"""Is the gloss line ASL? Sentences with accepted orders and scopes, and how many words of English have a sign: python benchmarks/gloss.py [--show]"""
import argparse, re, statistics, time
from collections import Counter
from pathlib import Path
from signbook.signing.gloss import coverage, parse_line, text_to_gloss
from signbook.signing.lexicon import Alphabet, Lexicon, read_table
import table

SENTENCES = Path(__file__).resolve().parent.parent/'tests'/'gloss_sentences.tsv'


def variants(words):
    "Every line that a pattern of the table stands for: words in [brackets] may be missing, a scope with ? as well."
    if not words: return {()}
    first, rest = words[0], words[1:]
    if first.startswith('['):
        n = next(i for i, w in enumerate(words) if w.endswith(']')) + 1
        inside = (' '.join(words[:n])[1:-1]).split()
        return variants(words[n:]) | variants([*inside, *words[n:]])
    if first.endswith('?{'):
        depth, n = 1, 0
        while depth: depth, n = depth + (rest[n].endswith('{')) - (rest[n] == '}'), n + 1
        return variants([*rest[:n-1], *rest[n:]]) | variants([first.replace('?', ''), *rest])
    return {(first, *v) for v in variants(rest)}


def shape(line):
    "The signs without pauses, and the scopes over them: what is compared."
    kept = [i for i, t in enumerate(line.tokens) if t.kind != 'pause']
    scopes = {(s.kind, *(sum(i < at for i in kept) for at in (s.start, s.end))) for s in line.scopes}
    return tuple(line.tokens[i].id for i in kept), frozenset(scopes)


def read_sentences(path=SENTENCES):
    "Rule, half, English, accepted patterns; an even number is the test half."
    rows, problems = read_table(path, ('rule', 'number', 'english', 'accepted'))
    assert not problems, problems
    return [(r['rule'], 'dev' if int(r['number']) % 2 else 'test', r['english'], [p.split() for p in r['accepted'].split(' | ')]) for _, r in rows]


def is_accepted(line, patterns, lexicon, alphabet):
    "Is the line one of those that the table accepts?"
    return any(shape(parse_line(' '.join(v), lexicon, alphabet)) == shape(line) for p in patterns for v in variants(p))


def judged(half, order, lexicon, alphabet):
    "(rule, English, line, accepted?) of one half."
    found = [(rule, english, text_to_gloss(english, lexicon, alphabet, order=order), patterns) for rule, h, english, patterns in read_sentences() if h == half]
    return [(rule, english, line.line, is_accepted(line, patterns, lexicon, alphabet)) for rule, english, line, patterns in found]


def share(rows): return round(sum(r[-1] for r in rows)/len(rows), 4)


def by_rule(rows):
    "How many of each rule's sentences are accepted."
    return {rule: f'{sum(r[-1] for r in rows if r[0] == rule)} of {sum(r[0] == rule for r in rows)}' for rule in dict.fromkeys(r[0] for r in rows)}


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--show', action='store_true', help='print the failures of the half that rules are made with, and write nothing')
    args = ap.parse_args()
    lexicon, alphabet = Lexicon.load('ase'), Alphabet.load('ase')
    dev = judged('dev', None, lexicon, alphabet)
    if args.show:
        for rule, english, line, good in dev:
            if not good: print(f'{rule:12} {english}\n{"":12} {line}')
        return print(share(dev), by_rule(dev))


if __name__ == '__main__': main()
