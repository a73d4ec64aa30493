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


def corpus():
    "English sentences of How2Sign, if the data is there."
    path = table.DATA/'text'/'how2sign'/'train.tsv'
    return [r.split('\t')[2] for r in path.read_text(encoding='utf-8').split('\n')[1:] if r.count('\t') >= 2] if path.is_file() else []


def words_of(text): return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower().replace('\u2019', "'"))


def said(line):
    "(signed, spelled, left out) words of a line; what the grammar adds counts nowhere."
    c = coverage(line)
    return len(c.signed), len(c.spelled), len(c.dropped)


def frequent(texts, lexicon, alphabet, n=2000):
    "What becomes of the commonest words of the corpus, each alone, in the order of the words."
    counts = Counter(w for t in texts for w in words_of(t))
    found = {w: said(text_to_gloss(w, lexicon, alphabet, order='english')) for w, _ in counts.most_common(n)}
    kinds = {w: 'spelled' if spelled else 'signed' if signed else 'left out' for w, (signed, spelled, _) in found.items()}
    whole = sum(counts[w] for w in kinds)
    return dict(words=len(kinds), **{k.replace(' ', '_'): round(sum(v == k for v in kinds.values())/len(kinds), 4) for k in ('signed', 'spelled', 'left out')},
                **{f"running_{k.replace(' ', '_')}": round(sum(counts[w] for w, v in kinds.items() if v == k)/whole, 4) for k in ('signed', 'spelled', 'left out')})


def text_coverage(texts, lexicon, alphabet, n=3000):
    "Signed, spelled and left out words over evenly spread sentences of the corpus, in ASL order."
    some = texts[::max(1, len(texts)//n)]
    found = [said(text_to_gloss(t, lexicon, alphabet)) for t in some]
    signed, spelled, left = (sum(f[i] for f in found) for i in range(3))
    return dict(sentences=len(some), signed=round(signed/(signed + spelled + left), 4), spelled=round(spelled/(signed + spelled + left), 4),
                left_out=round(left/(signed + spelled + left), 4), signed_among_signed_and_spelled=round(signed/(signed + spelled), 4))


def milliseconds(text, lexicon, alphabet, times=200):
    "Median of one text, warm."
    def once():
        start = time.perf_counter()
        text_to_gloss(text, lexicon, alphabet)
        return 1e3*(time.perf_counter() - start)
    return round(statistics.median(once() for _ in range(times)), 3)


def reading():
    "What a critical reader found in 100 sentences of the corpus: kinds of errors and how many sentences have them."
    rows, problems = read_table(Path(__file__).with_name('gloss_reading.tsv'), ('kind', 'sentences', 'what'))
    assert not problems, problems
    return {r['kind']: dict(sentences=int(r['sentences']), what=r['what']) for _, r in rows}


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
    test, english = judged('test', None, lexicon, alphabet), judged('test', 'english', lexicon, alphabet)
    out = dict(test=share(test), test_sentences=len(test), test_by_rule=by_rule(test), dev=share(dev), dev_sentences=len(dev), dev_by_rule=by_rule(dev),
               test_in_english_order=share(english), ms_8_words=milliseconds('Yesterday my sister bought two old books here.', lexicon, alphabet))
    texts = corpus()
    if texts: out |= dict(frequent_words=frequent(texts, lexicon, alphabet), how2sign=text_coverage(texts, lexicon, alphabet), how2sign_read=reading())
    table.keep('gloss' if texts else None, out)


if __name__ == '__main__': main()
