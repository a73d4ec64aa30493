"""Is the number of sentences right, is the text still fluent, and what does counting cost: python benchmarks/length.py [--show] [--models FOLDER]

Small translators are trained here, in minutes on a processor core: one on lines of one to four sentences of generated ASL, one on part of PHOENIX-2014T. Each writes freely, freely and then cut to the number of sentences in
the gloss line (as published), and counted. Fluency is the perplexity of a trigram model that learnt from other sentences than the translator; the lines asked are of the dev splits, and of
PHOENIX-2014T some texts of that split (5 %, see results/translation.json) are in the training set too."""
import argparse, json, math, re, statistics, tempfile, time
from collections import Counter, defaultdict
from hashlib import blake2s
from pathlib import Path
import numpy as np
from table import DATA, keep, missing

SENTENCES, LINES, ASKED = 3000, 3000, 400        # different sentences to learn from, lines made of them, lines asked
LM_SENTENCES = 3000
ASL = dict(direction='text', merges=0, merge_dropout=0., width=128, hidden=256, layers=1, dropout=.1, word_dropout=.02, agree=0., tokens=1200, rate=.003, warm_up=100, average=2, keep=100)
PHOENIX = ASL | dict(dropout=.2)
EPOCHS = {'asl': 12, 'phoenix': 15}


class Trigrams:
    "A trigram model with Witten-Bell smoothing, words in small letters."
    def __init__(self, sentences):
        self.after, self.words = defaultdict(Counter), Counter()
        for s in sentences:
            w = self.padded(s)
            self.words.update(w[2:])
            for k in range(2, len(w)): self.after[w[k-1],][w[k]] += 1; self.after[w[k-2], w[k-1]][w[k]] += 1
        self.total, self.size = sum(self.words.values()), len(self.words) + 1

    @staticmethod
    def padded(sentence): return ['<s>', '<s>', *sentence.lower().split(), '</s>']

    def p(self, word, before):
        "Probability of a word after up to two others."
        if not before: return (self.words[word] + 1)/(self.total + self.size)
        seen, shorter = self.after.get(before), self.p(word, before[1:])
        return shorter if seen is None else (seen[word] + len(seen)*shorter)/(seen.total() + len(seen))

    def nats(self, sentence): # surprise of a sentence, its words and its end
        w = self.padded(sentence)
        return -sum(math.log(self.p(w[k], (w[k-2], w[k-1]))) for k in range(2, len(w))), len(w) - 2

    def surprise(self, texts): # (N,2) nats and words of each text, cut into sentences; an empty one has neither
        from signbook.translation.length import sentences
        return np.array([[sum(x) for x in zip((0., 0), *map(self.nats, sentences(t)))] for t in texts])


def perplexity(rows): # (N,2) of `surprise`; None if nothing was said
    return round(float(np.exp(rows[:, 0].sum()/rows[:, 1].sum())), 2) if rows[:, 1].any() else None

def interval(ours, theirs, draws=1000):
    "Ours over theirs: perplexity as a ratio, and its 95 % interval by drawing lines again."
    picked = np.random.default_rng(0).integers(len(ours), size=(draws, len(ours)))
    rate = lambda rows: rows[picked].sum(1)[:, 0]/np.maximum(1, rows[picked].sum(1)[:, 1])
    return [round(perplexity(ours)/perplexity(theirs), 3), *np.exp(np.percentile(rate(ours) - rate(theirs), [2.5, 97.5])).round(3).tolist()]


def apart(text): return ' '.join(re.sub(r'([.,;:!?"])', r' \1 ', text).split())

def joined(pairs, number, rng):
    "Lines of one to four sentences."
    out = []
    for n in range(number):
        own = [pairs[k] for k in rng.integers(len(pairs), size=n % 4 + 1)]
        out.append((' '.join(g for g, _ in own), ' '.join(t for _, t in own)))
    return out

def asl():
    "Training lines, lines to ask, and other sentences, of the generated corpus."
    from signbook.data.corpus import Corpus
    pairs = lambda size, seed, split: [(i.gloss, apart(i.text)) for i in Corpus(size, seed, split=split)]
    training, dev, other = pairs(SENTENCES, 0, 'train'), pairs(ASKED*2, 1, 'dev'), pairs(LM_SENTENCES, 2, 'train')
    known, asked = {t for _, t in training}, joined(dev, ASKED, np.random.default_rng(1))
    return joined(training, LINES, np.random.default_rng(0)), asked, [t for _, t in other if t not in known]

def phoenix(data):
    "Three fifths of the training pairs for the translator, the others' texts for the trigrams, and the dev set."
    from signbook.evaluation.text import read_lines
    both = lambda s: list(zip(read_lines(data/'phoenix2014T'/f'{s}.gloss'), read_lines(data/'phoenix2014T'/f'{s}.de'), strict=True))
    first = lambda pair: blake2s(pair[1].encode(), digest_size=1).digest()[0] < 154
    training = both('train')
    return [p for p in training if first(p)], both('dev'), [p[1] for p in training if not first(p)]

def translator(pairs, settings, epochs, path):
    "A small one, and how long that took; one that is there is read."
    from signbook.translation.recipe import load_recipe
    from signbook.translation.seq2seq import Translator
    from signbook.translation.trainer import train
    recipe, about = load_recipe('tiny', **settings, epochs=epochs), path.with_suffix('.json')
    if path.is_file() and Translator.load(path).recipe == recipe: return Translator.load(path), json.loads(about.read_text())
    began, spent = time.time(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        run = train(recipe, pairs, folder, watch=lambda run, loss, seen: print(f"epoch {run.where['epoch']}: loss {loss:.3f}, {time.time() - began:.0f} s", flush=True))
    model = Translator.of(run, pairs)
    model.save(path)
    about.write_text(json.dumps({'processor_seconds': round(time.process_time() - spent), 'steps': run.where['step'], 'parameters': sum(p.numel() for p in run.model.parameters()), 'vocabulary': len(run.words)}))
    return model, json.loads(about.read_text())

def published(text, gloss):
    "As the published system cuts: as many sentences as the gloss line has end marks, so none if it has none."
    from signbook.translation.length import cut, read
    return cut(text, read(gloss).ended)

def compare(model, asked, lm):
    "Free, cut and counted: number of sentences, fluency, BLEU."
    from signbook.evaluation.ngrams import older_bleu
    from signbook.translation.length import Counted, Pieces, asked_for, cut, read
    from signbook.translation.seq2seq import candidates, translate
    glosses, references = map(list, zip(*asked))
    numbers = [asked_for(g) for g in glosses]
    rule = Counted(Pieces.of(model.words), numbers)
    free, counted = translate(model, glosses), translate(model, glosses, rule=rule)
    drawn, drawn_counted = ([own[-1].text for own in candidates(model, glosses, beam=1, samples=1, seed=5, rule=r)] for r in (None, rule))
    outputs = {'free': free, 'cut as published': [published(t, g) for t, g in zip(free, glosses)], 'cut, at least one': [cut(t, n) for t, n in zip(free, numbers)], 'counted': counted,
               'drawn': drawn, 'drawn and cut': [cut(t, n) for t, n in zip(drawn, numbers)], 'drawn, counted': drawn_counted, 'references': references}
    right = {name: np.array([read(t).count == n == read(t).ended for t, n in zip(said, numbers)]) for name, said in outputs.items()}
    rows = {name: lm.surprise(said) for name, said in outputs.items()}
    by_number = lambda ok: {str(k): round(float(ok[np.array(numbers) == k].mean()), 4) for k in sorted(set(numbers))}
    pairs = {'': ('counted', 'cut, at least one'), 'drawn_': ('drawn, counted', 'drawn and cut')}
    over = {f'{k}counted_over_cut': interval(rows[a], rows[b]) for k, (a, b) in pairs.items()}
    over |= {f'{k}counted_over_cut_where_both_are_right': interval(rows[a][right[b]], rows[b][right[b]]) for k, (a, b) in pairs.items()}
    return {'lines': len(asked), 'sentences_asked': dict(sorted(Counter(numbers).items())), **over,
            'systems': {name: {'number_right': round(float(right[name].mean()), 4), 'by_number': by_number(right[name]), 'perplexity': perplexity(rows[name]), 'bleu4': round(float(older_bleu(said, references)[3]), 2),
                               'words_a_line': round(statistics.mean(len(t.split()) for t in said), 2), 'empty': sum(not t for t in said)} for name, said in outputs.items()}}

def milliseconds(model, asked, lines=60):
    "Processor time of a line alone, by beam search, free and counted; the vocabulary is looked at once before."
    from signbook.translation.length import Counted, Pieces, asked_for
    from signbook.translation.seq2seq import translate
    pieces, out = Pieces.of(model.words), {}
    for name in ('free', 'counted', 'free', 'counted'):
        took = []
        for g, _ in asked[:lines]:
            began = time.process_time()
            translate(model, [g], rule=None if name == 'free' else Counted(pieces, [asked_for(g)]))
            took.append(1000*(time.process_time() - began))
        out[name] = round(statistics.median(took), 2)             # the second time, warm
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--data', type=Path, default=DATA/'text'); p.add_argument('--show', action='store_true', help='keep nothing'); p.add_argument('--epochs', type=int, help='instead of the usual ones'); p.add_argument('--models', type=Path, help='folder where the translators are kept; those that are there are not trained again')
    a = p.parse_args()
    if reason := missing('torch'): return print(reason)
    import torch
    torch.set_num_threads(1)
    out, jobs = {'fluency': 'perplexity of a trigram model of other sentences, lower is better; nothing is chosen on the lines asked'}, {'asl': (asl, ASL)}
    if a.data.is_dir(): jobs['phoenix'] = lambda: phoenix(a.data), PHOENIX
    folder = a.models or Path(tempfile.mkdtemp())
    for name, (load, settings) in jobs.items():
        training, asked, other = load()
        model, about = translator(training, settings, a.epochs or EPOCHS[name], folder/f'{name}.safetensors')
        out[name] = {'training_lines': len(training), 'sentences_of_the_trigrams': len(other), 'model': about, **compare(model, asked, Trigrams(other)), 'processor_ms_a_line': milliseconds(model, asked)}
    keep(None if a.show or 'phoenix' not in out else 'length', out)


if __name__ == '__main__': main()
