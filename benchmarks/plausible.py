"""Which lines are refused as no glosses, of real gloss lines and of sentences: python benchmarks/plausible.py [--part tune]

Lines are halved by a hash of their text. Weights and little words were chosen on the half `tune`; the figures kept are those of the other one."""
import argparse, re, statistics, time
from hashlib import blake2s
from table import DATA, keep

GENERATED, CORPUS_SEED = 2000, 77


def part_of(line):
    "'tune' or 'report', always the same for a line, in capitals or not."
    return ('tune', 'report')[blake2s(line.upper().encode(), digest_size=1).digest()[0] & 1]

def column(path, n):
    from signbook.evaluation.text import read_lines
    return [l.split('\t')[n] for l in read_lines(path)[1:]]

def lines_of(data):
    "Gloss lines, by corpus: (language, lines); and sentences that are none: (what the reader takes them for, lines)."
    from signbook.data.corpus import Corpus
    from signbook.data.prompts import templates
    from signbook.evaluation.text import read_lines
    corpus = Corpus(GENERATED, seed=CORPUS_SEED)
    items = [(i.gloss, i.text) for i in corpus]
    plain = [re.sub(r'[a-z]+\{ | \}', '', g) for g, _ in items]
    glosses = {'generated ASL': ('ase', [g for g, _ in items]), 'generated ASL without scopes': ('ase', plain)}
    sentences = {'English, generated': ('ase', [t for _, t in items])}
    for spoken in ('fr', 'es', 'de', 'it'): sentences[f'{spoken}, prompts'] = ('ase', [re.sub('["“”«»„]', '', t.text.format('')) for t in templates(spoken)])
    if data.is_dir():
        phoenix, dgs, csl, aslg = (data/n for n in ('phoenix2014T', 'dgs_corpus', 'csl_daily', 'aslg_pc12'))
        glosses |= {'ASLG-PC12': ('ase', read_lines(aslg/'train.gloss.asl')), 'PHOENIX-2014T dev': ('gsg', read_lines(phoenix/'dev.gloss')), 'PHOENIX-2014T dev, small letters': ('gsg', [l.lower() for l in read_lines(phoenix/'dev.gloss')]),
                    'DGS Corpus dev': ('gsg', read_lines(dgs/'dgs_glosses_dev_upper_all_cleaned.txt')), 'DGS Corpus dev as annotated': ('gsg', read_lines(dgs/'dgs_glosses_dev_upper.txt')), 'CSL-Daily dev': ('csl', column(csl/'dev.tsv', 1))}
        english, german, dgs_german, chinese = read_lines(aslg/'train.en'), read_lines(phoenix/'dev.de'), read_lines(dgs/'german_dev.txt'), column(csl/'dev.tsv', 2)
        sentences |= {'English, ASLG-PC12': ('ase', english), 'English, OpenASL dev': ('ase', column(data/'openasl'/'dev.tsv', 2)), 'German, PHOENIX-2014T, as ASL': ('ase', german), 'German, PHOENIX-2014T': ('gsg', german), 'German, DGS Corpus': ('gsg', dgs_german),
                      'Chinese, CSL-Daily': ('csl', chinese), 'Chinese, CSL-Daily, characters apart, no marks': ('csl', [' '.join(re.findall(r'\w', l)) for l in chinese]), 'Chinese, CSL-Daily, as ASL': ('ase', chinese), 'English, ASLG-PC12, as DGS': ('gsg', english),
                      'PHOENIX glosses, as ASL': ('ase', read_lines(phoenix/'dev.gloss')), 'CSL glosses, as DGS': ('gsg', column(csl/'dev.tsv', 1))}
    return glosses, sentences

def rates(groups, part, refused, known=None):
    "Share of lines that are refused (or that are not), and some of them."
    from signbook.signing.lexicon import Lexicon
    from signbook.translation.plausible import why_no_gloss, words_of
    out, signs = {}, {e.gloss.lower() for e in Lexicon.load('ase')}
    for name, (language, lines) in groups.items():
        own = list(dict.fromkeys(l for l in lines if l.strip() and part_of(l) == part))
        wrong = [l for l in own if bool(why_no_gloss(l, language, known)) == refused]
        out[name] = {'lines': len(own), 'wrong': round(len(wrong)/max(1, len(own)), 4), 'such_as': wrong[:3]}
        if not refused and language == 'ase': out[name]['wrong_but_every_word_is_a_sign_of_the_lexicon'] = round(sum(set(words_of(l).plain) <= signs for l in wrong)/max(1, len(own)), 4)
    return out

def with_a_model(data, part):
    "The same for German, when the glosses of the training set are known."
    from signbook.evaluation.text import read_lines
    from signbook.translation.seq2seq import usual_case
    out = {}
    for name, folder, train, dev, text in (('PHOENIX-2014T dev', 'phoenix2014T', 'train.gloss', 'dev.gloss', 'dev.de'), ('DGS Corpus dev', 'dgs_corpus', 'dgs_glosses_train_upper_all_cleaned.txt', 'dgs_glosses_dev_upper_all_cleaned.txt', 'german_dev.txt')):
        known, sentences = usual_case(read_lines(data/folder/train)), read_lines(data/folder/text)
        out[name] = {'gloss_lines_refused': rates({'glosses': ('gsg', read_lines(data/folder/dev))}, part, True, known)['glosses']['wrong'],
                     'sentences_accepted': rates({'text': ('gsg', sentences)}, part, False, known)['text']['wrong'], 'sentences_in_capitals_accepted': rates({'text': ('gsg', [l.upper() for l in sentences])}, part, False, known)['text']['wrong']}
    return out

def shouted(groups):
    "The same in capitals."
    return {f'{name}, in capitals': (language, [l.upper() for l in lines]) for name, (language, lines) in groups.items() if 'glosses' not in name and 'Chinese' not in name}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--data', type=type(DATA), default=DATA/'text'); p.add_argument('--part', choices=('tune', 'report'), default='report'); p.add_argument('--show', action='store_true', help='print wrong lines, keep nothing')
    a = p.parse_args()
    glosses, sentences = lines_of(a.data)
    began = time.perf_counter()
    falsely_refused, accepted, accepted_in_capitals = rates(glosses, a.part, True), rates(sentences, a.part, False), rates(shouted(sentences), a.part, False)
    seconds = time.perf_counter() - began
    mean = lambda found: round(statistics.mean(f['wrong'] for f in found.values()), 4)
    out = {'part': a.part, 'tuned_on': 'the other half of the same corpora, by a hash of the line', 'ms_a_line': round(1000*seconds/sum(f['lines'] for found in (falsely_refused, accepted, accepted_in_capitals) for f in found.values()), 3),
           'gloss_lines_refused_mean': mean(falsely_refused), 'sentences_accepted_mean': mean(accepted), 'sentences_in_capitals_accepted_mean': mean(accepted_in_capitals),
           'with_the_glosses_of_a_model': with_a_model(a.data, a.part) if a.data.is_dir() else {},
           'gloss_lines_refused': falsely_refused, 'sentences_accepted': accepted, 'sentences_in_capitals_accepted': accepted_in_capitals,
           'note': 'some sentences in capitals are gloss lines: PLEASE CLOSE THIS NEW DOOR'}
    keep(None if a.show or a.part == 'tune' or not a.data.is_dir() else 'plausible', out)


if __name__ == '__main__': main()
