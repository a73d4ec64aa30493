"""The gloss ↔ English translator that ships, on kinds of sentence it never saw, beside what the grammar's own ambiguity allows: python benchmarks/asl.py [--quick | --ceiling]"""
import argparse, json, random, re, sys, tempfile, time
from collections import Counter
from pathlib import Path
import numpy as np
import table

CEILING, TRIES = 120, 8_000   # sentences whose ambiguity is sampled, and draws for each
SENTENCES = 150           # of each split
RESULT = table.RESULTS / 'asl.json'
CONFIDENT = (.3, .4, .5, .6, .7, .8)


def rows_of(outputs, references):
    "Rows (1 if the same, 1) for `mean_of`."
    return np.array([[a == b, 1] for a, b in zip(outputs, references)], float)


def judge(outputs, references, language='eng', sources=None):
    "Exact match and BLEU with their intervals."
    from signbook.evaluation.text import Texts, interval, mean_of, older_rows, sacre_scores
    texts = Texts(outputs, references, language, sources)
    exact, bleu, sacre = interval(rows_of(outputs, references), mean_of), interval(older_rows(texts)), sacre_scores(texts)
    return {'exact': exact.score, 'exact_95': [exact.low, exact.high], 'older_bleu4': bleu.score, 'older_bleu4_95': [bleu.low, bleu.high],
            'bleu4': sacre['bleu4'], 'chrf': sacre['chrf'], 'signature': sacre['bleu_signature']}


def to_text(pairs, plain=False):
    "English for gloss lines, by the network alone and with the rules reading back; confidence of the latter."
    from signbook.translation.asl import BEAM, gloss_to_text, translator
    from signbook.translation.seq2seq import translate
    from signbook.translation.written import contracted, gloss_tokens, tokens_text
    lines = [bare(g) if plain else g for g, _ in pairs]
    alone = [tokens_text(t) for t in translate(translator(), [gloss_tokens(g) for g in lines], 'text', beam=BEAM)]
    read = [gloss_to_text(g, least=0)[0] for g in lines]
    wanted = [contracted(t) for _, t in pairs]
    return alone, read, wanted, lines


def bare(line):
    "A line without its scopes."
    return ' '.join(w for w in re.sub(r'\w+\{', ' ', line).split() if w != '}')


def to_gloss(pairs):
    "Gloss lines for English."
    from signbook.translation.asl import text_to_line
    return [text_to_line(t).line for _, t in pairs]


def same_content(a, b):
    "Are the content words of two texts words of the same signs, whatever their order and endings?"
    from signbook.signing.english import all_forms
    from signbook.signing.tagging import small_words
    from signbook.translation.asl import sign_of
    def content(text):
        words = [w for w in re.findall(r"[a-z]+|\d+", text.lower().replace("n't", ' not').replace("'s", ' ')) if w not in small_words() or w in ('not', 'never')]
        return Counter(sign_of(sorted(all_forms(w) or {w})[0]) for w in words)
    return content(a) == content(b)


def trust(read, wanted):
    "Precision where it speaks, and how often that is, by the confidence asked for."
    right = np.array([same_content(r.text, w) for r, w in zip(read, wanted)])
    sure = np.array([r.confidence for r in read])
    return [{'confidence': c, 'coverage': float((sure >= c).mean()), 'right': float(right[sure >= c].mean()) if (sure >= c).any() else None} for c in (0., *CONFIDENT)]


def words_for(glosses, folder):
    "A grammar in a folder, of the words alone that can be signed as these glosses; small words stay unless they have another sign."
    from signbook.core import assets
    from signbook.signing.lexicon import Lexicon
    from signbook.signing.stretches import word_entries
    lexicon, there = Lexicon.load('ase'), set()
    def fits(word):
        signs = {e.gloss for p in ([word] if lexicon.lookup(word) else word.split()) for e in word_entries(p, lexicon, True)}
        return not signs or bool(signs & glosses)
    def narrowed(name, cells):
        if name == 'words.tsv':
            cells[2] = '|'.join(w for w in cells[2].split('|') if fits(w))
            if cells[2]: there.update([cells[0], *cells[1].split(), *cells[2].split('|')])
            return bool(cells[2])
        if name == 'adjectives.tsv':
            cells[1] = '|'.join(w for w in cells[1].split('|') if fits(w.rstrip('*')))
            return bool(cells[1])
        if name == 'sentences.tsv': return True
        cells += ['']*(5 - len(cells))
        wanted = bool(cells[2])
        for k in (1, 2): cells[k] = '|'.join(c for c in cells[k].split('|') if c in there)
        if not {*re.findall(r'\{(.+?)\}', cells[3])} <= there: cells[3] = ''
        return fits(cells[0]) and bool(cells[1]) and bool(cells[2]) == wanted and bool(cells[3] or 'closing' not in cells[4])
    for name in ('words.tsv', 'adjectives.tsv', 'verbs.tsv', 'sentences.tsv'):
        head, *rows = [l.split('\t') for l in assets('corpus', name).read_text(encoding='utf-8').splitlines() if l[:1] != '#']
        rows = [r for r in rows if narrowed(name, r)]
        if name == 'words.tsv' and 'person' not in there: rows.append(['job', 'person count', 'king']); there.add('person')   # verbs ask for one, though it may be a pronoun
        (Path(folder)/name).write_text('\n'.join('\t'.join(r) for r in [head, *rows]) + '\n', encoding='utf-8')
    return str(folder)


def fill(pattern, rng, names, folder, tries=25):
    "The pattern with words in its slots, or None where none fit."
    from signbook.data.sentences import NoFit, filled, finished
    for _ in range(tries):
        try: return finished(filled(pattern, rng, names, folder))
        except NoFit: continue


def ambiguity(line, seed):
    "Texts of the generator that have this very line, as often as they were drawn: (first half, second half) of the draws."
    from signbook.data.corpus import content
    from signbook.data.words import grammar
    from signbook.signing.gloss import parse_line, text_to_gloss
    from signbook.translation.asl import sign_of
    from signbook.translation.written import contracted, tables
    spelled = tuple(t[3:].capitalize() for t in line.split() if t.startswith('fs-')) or ('Anna',)
    rng, names, known, halves = random.Random(seed), {'name': spelled, 'city': spelled}, {}, (Counter(), Counter())
    wanted = {g.partition('/')[0] for g in content(parse_line(line, *tables())) if '-' not in g}
    with tempfile.TemporaryDirectory() as folder:
        words_for({w.partition('/')[0] for w in line.split()}, folder)
        able = [p for p in grammar(folder).patterns if fill(p, rng, names, folder) is not None]
        for n in range(TRIES):
            said = fill(rng.choices(able, [p.share for p in able])[0], rng, names, folder)
            if said is None: continue
            if said not in known: known[said] = wanted <= {sign_of(w) for w in re.findall(r'[^\W_]+', said)} and text_to_gloss(said, *tables()).line == line
            if known[said]: halves[n % 2][contracted(said)] += 1
    grammar.cache_clear()
    return halves


def ceiling(pairs):
    "What the best possible answer scores: chosen among texts with the same line on one half of the draws, counted on the other; a line that only its own text was seen to have counts as certain."
    from signbook.translation.written import contracted
    best, chance, drawn = [], [], 0
    for n, (line, text) in enumerate(pairs):
        one, other = ambiguity(line, n)
        if not one or not other: best.append(contracted(text)); chance.append(1.); continue
        answer = one.most_common(1)[0][0]
        best.append(answer); chance.append(other[answer]/other.total()); drawn += 1
    return {'exact': float(np.mean(chance)), 'sentences': len(pairs), 'with_other_texts_or_drawn_again': drawn, 'best_answers': judge(best, [contracted(t) for _, t in pairs])}


def latency(pairs):
    "Milliseconds a sentence, warm, one at a time."
    from signbook.translation.asl import gloss_to_text, text_to_line
    out = {}
    for name, ask in (('to_text', lambda g, t: gloss_to_text(g, least=0)), ('to_gloss', lambda g, t: text_to_line(t))):
        for g, t in pairs[:5]: ask(g, t)
        took = []
        for g, t in pairs[:100]:
            began = time.perf_counter(); ask(g, t); took.append(1000*(time.perf_counter() - began))
        out[name] = {'p50_ms': float(np.median(took)), 'p95_ms': float(np.percentile(took, 95))}
    return out


def trivial_to_text(pairs, known):
    "What systems that understand nothing say."
    from signbook.evaluation.text import trivial
    from signbook.translation.written import contracted
    wanted = [contracted(t) for _, t in pairs]
    return {k: judge(v, wanted) for k, v in trivial([g for g, _ in pairs], ([g for g, _ in known], [contracted(t) for _, t in known])).items()}


def typed():
    "What becomes of lines that were typed by hand, before any model had seen them."
    from signbook.translation.asl import gloss_to_text
    lines = (Path(__file__).parent/'asl_typed.txt').read_text(encoding='utf-8').splitlines()
    return {line: {'text': r.text, 'confidence': round(r.confidence, 2)} for line in lines for r in gloss_to_text(line, least=0)}


def accepted():
    "Hand-written English: share of lines of the network that the table of the rules accepts, beside the rules themselves."
    import gloss
    from signbook.translation.asl import text_to_line
    from signbook.translation.written import tables
    rows = [(english, patterns) for _, half, english, patterns in gloss.read_sentences() if half == 'test']
    return {'sentences': len(rows), 'network': float(np.mean([gloss.is_accepted(text_to_line(e), p, *tables()) for e, p in rows])), 'rules': gloss.share(gloss.judged('test', None, *tables()))}


def ceiling_kept(quick=False):
    "The ceiling that was drawn before, or else a new one: it depends on the grammar and the rules alone."
    from signbook.translation.written import judged
    kept = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    return kept.get('ceiling_to_text') or ceiling(judged('test', 10 if quick else CEILING))


def measure(number, quick=False):
    from signbook.evaluation.text import training_overlap
    from signbook.translation.asl import translator
    from signbook.translation.written import contracted, judged
    known = judged('seen', 2000, seed=77)     # what a nearest pair is looked for in: kinds that were trained on
    out = {'weights': sum(p.numel() for p in translator().models[0].parameters()), 'sentences': number}
    for split in ('seen', 'dev', 'test'):
        pairs = judged(split, number)
        alone, read, wanted, lines = to_text(pairs)
        said = [r.text for r in read]
        own = {'to_text': judge(said, wanted, sources=lines), 'to_text_network_alone': judge(alone, wanted), 'to_text_same_content': float(np.mean([same_content(a, b) for a, b in zip(said, wanted)]))}
        own |= {'to_text_without_scopes': judge([r.text for r in to_text(pairs, plain=True)[1]], wanted), 'to_gloss': judge(to_gloss(pairs), [g for g, _ in pairs])}
        own |= {'trivial_to_text': trivial_to_text(pairs, known), 'overlap': training_overlap([g for g, _ in pairs], wanted, ([g for g, _ in known], [contracted(t) for _, t in known]))}
        if split == 'dev': own['trust'] = trust(read, wanted)
        out[split] = own
    out['ceiling_to_text'] = first = ceiling_kept(quick)
    alone, read, wanted, _ = to_text(judged('test', first['sentences']))
    out['on_the_sentences_of_the_ceiling'] = judge([r.text for r in read], wanted)
    out['points_below_the_ceiling'] = {'to_gloss_exact': 100*(1 - out['test']['to_gloss']['exact']), 'to_gloss_bleu': 100 - out['test']['to_gloss']['older_bleu4'],
                                       'to_text_exact': 100*(first['exact'] - out['on_the_sentences_of_the_ceiling']['exact']),
                                       'to_text_bleu': first['best_answers']['older_bleu4'] - out['on_the_sentences_of_the_ceiling']['older_bleu4']}
    return out | {'latency': latency(judged('test', 105)), 'hand_written': accepted(), 'typed': typed()}


NAMED = {'seen': 'kinds that were trained on, other names and words', 'dev': 'kinds kept for settings', 'test': 'kinds kept for this measurement'}
ASKED = {'to_text': 'glosses to English', 'to_text_network_alone': 'the same, without reading back', 'to_text_without_scopes': 'the same, lines without scopes', 'to_gloss': 'English to glosses'}
START, END = '<!-- figures, written by benchmarks/asl.py -->', '<!-- until here -->'


def figures(r):
    "What the card of the model says of these results."
    def row(split, name, d): return f"| {NAMED[split]} | {name} | {100*d['exact']:.1f} % ({100*d['exact_95'][0]:.1f} to {100*d['exact_95'][1]:.1f}) | {d['older_bleu4']:.1f} ({d['older_bleu4_95'][0]:.1f} to {d['older_bleu4_95'][1]:.1f}) |"
    rows = [row(split, name, d) for split in NAMED for name, d in (*((text, r[split][key]) for key, text in ASKED.items()), ('nearest training pair, to English', r[split]['trivial_to_text']['nearest pair']))]
    sure = [f"| {x['confidence']:.1f} | {100*x['coverage']:.0f} % | {'–' if x['right'] is None else format(100*x['right'], '.0f') + ' %'} |" for x in r['dev']['trust']]
    c, o, h, fast = r['ceiling_to_text'], r['on_the_sentences_of_the_ceiling'], r['hand_written'], r['latency']
    return f"""| sentences | direction | exact | BLEU-4 |
|---|---|---|---|
{chr(10).join(rows)}

Glosses leave out tense, articles and number, so no answer can always be right. Drawing texts with the same line from the generator ({c['sentences']} sentences of the test kinds) gives a ceiling of {100*c['exact']:.1f} % exact and BLEU-4
{c['best_answers']['older_bleu4']:.1f} to English; the network has {100*o['exact']:.1f} % and {o['older_bleu4']:.1f} on the same sentences. To glosses the ceiling is 100 %: the rules are a function. Where a line's other texts were too rare to be drawn
({c['sentences'] - c['with_other_texts_or_drawn_again']} of {c['sentences']}), its own text counts as certain, so the ceiling is rather too high.

Same content words as the reference, whatever their order and endings: {100*r['test']['to_text_same_content']:.1f} % of test sentences. Hand-written English ({h['sentences']} sentences of `tests/gloss_sentences.tsv`): gloss lines
accepted {100*h['network']:.1f} %, those of the rules {100*h['rules']:.1f} % (the network's mistakes on these were looked at when it was settled which words are copied).

The threshold and what agreement earns were chosen on sentences that this table counts, so it is no measurement on new ones:

| confidence at least | it speaks (dev kinds) | same content words where it speaks |
|---|---|---|
{chr(10).join(sure)}

{fast['to_text']['p50_ms']:.0f} ms a sentence to English (95th percentile {fast['to_text']['p95_ms']:.0f} ms), {fast['to_gloss']['p50_ms']:.0f} ms to glosses, one thread, on a machine that did other work as well."""


def write_card(r):
    "Put the figures into the card."
    from signbook.core import assets, atomic_path
    card = assets('translation', 'ase_eng.md')
    before, _, rest = card.read_text(encoding='utf-8').partition(START)
    with atomic_path(card) as temporary: temporary.write_text(f'{before}{START}\n{figures(r)}\n{END}{rest.partition(END)[2]}', encoding='utf-8')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='few sentences, nothing written')
    parser.add_argument('--ceiling', action='store_true', help='draw the ceiling again, which depends on the grammar and the rules alone')
    args = parser.parse_args()
    if why := table.missing('torch', 'sacrebleu'): sys.exit(print(why))
    if args.ceiling:
        from signbook.translation.written import judged
        table.keep('asl', (json.loads(RESULT.read_text()) if RESULT.is_file() else {}) | {'ceiling_to_text': ceiling(judged('test', CEILING))}, hide=('typed',))
    else:
        found = measure(40 if args.quick else SENTENCES, args.quick)
        table.keep(None if args.quick else 'asl', found, hide=('typed',))
        if not args.quick: write_card(found)
