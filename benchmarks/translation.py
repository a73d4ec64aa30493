"""Gloss to text and back on four corpora, beside the published recipe: python benchmarks/translation.py --train FOLDER (a GPU, five minutes), then --score FOLDER

Without a GPU: --train FOLDER --device cpu [--only NAME ...] trains the jobs of HERE one after the other to the end of their recipes, and goes on where it was stopped; --score FOLDER --device cpu keeps their figures beside those of the GPU.

Training writes what each model might say about the dev set; scoring chooses the reward for length on that same dev set, for every system alike, as published tables do, and says so. Networks of one process train at the same
time on streams of their own: small ones leave most of a large card idle."""
import argparse, gc, gzip, json, re, subprocess, sys, time
from collections import deque
from contextlib import nullcontext
from itertools import product
from pathlib import Path
import numpy as np
from table import DATA, RESULTS, keep, missing

KEPT, BEAM, SAMPLES = 10, 12, 16          # epochs averaged at most; sentences kept of the beam; sentences drawn
STRONG = dict(epochs=100_000, keep=100_000)   # until the time is up
JOBS = {                                  # name: corpus, recipe, what is changed, steps a round
    **{f'phoenix text {s}': ('phoenix', 'strong', dict(direction='text', seed=s), 1) for s in range(3)},
    **{f'phoenix gloss {s}': ('phoenix', 'strong', dict(direction='gloss', seed=s), 1) for s in range(3)},
    'phoenix text published': ('phoenix', 'published', {}, 1), 'phoenix gloss published': ('phoenix', 'published', dict(direction='gloss'), 1),
    'csl text': ('csl', 'strong', dict(direction='text', merges=3000, merge_dropout=.1), 2), 'csl text published': ('csl', 'published', dict(look=2), 1),
    'dgs text': ('dgs', 'strong', dict(direction='text', merges=4000, dropout=.2, agree=1.), 3), 'dgs text published': ('dgs', 'published', dict(look=1), 1),
    'aslg text': ('aslg', 'strong', dict(direction='text', merges=2000, merge_dropout=.1), 1), 'aslg text published': ('aslg', 'published', dict(look=7), 1)}
HERE = {                                  # the same for a processor
    **{f'phoenix gloss {s}': ('phoenix', 'small', dict(direction='gloss', seed=s), 1) for s in range(3)},
    'aslg text': ('aslg', 'small', dict(direction='text', merges=2000, merge_dropout=.1, epochs=40), 1)}
GROUPS = [n for n in JOBS if n.startswith('phoenix') and 'published' not in n], [n for n in JOBS if not n.startswith('phoenix') or 'published' in n]
FOLDERS = {'phoenix': 'phoenix2014T', 'csl': 'csl_daily', 'dgs': 'dgs_corpus', 'aslg': 'aslg_pc12'}
LANGUAGE = {'phoenix': 'deu', 'csl': 'zho', 'dgs': 'deu', 'aslg': 'eng'}


def corpus(name, data):
    "Pairs (glosses, text) as every system gets them."
    from signbook.data.pairs import Pairs
    return Pairs(data/FOLDERS[name])


class Job:
    "A run, its corpus, and the weights of its last epochs."
    def __init__(self, name, data, device, plain):
        import torch
        from signbook.translation.recipe import examples, load_recipe, vocabulary
        from signbook.translation.trainer import Run
        kind, recipe, changes, self.each = JOBS[name]
        found = corpus(kind, data)
        self.name, self.pairs, self.dev, self.began = name, found['train'], found['dev'], time.time()
        self.recipe = load_recipe(recipe, **changes, **(STRONG if recipe == 'strong' else {}))
        self.run = Run(self.recipe, vocabulary(self.pairs, self.recipe), device).know(self.pairs)
        self.rows = examples(self.dev, self.run.words, self.recipe)
        self.stream = torch.cuda.Stream() if device == 'cuda' and not plain else None
        self.recent, self.done, self.left, self.losses, self.seconds = deque(maxlen=KEPT), False, None, [], 0.

    def go(self):
        "Some steps."
        import torch
        with torch.cuda.stream(self.stream) if self.stream else nullcontext():
            for _ in range(self.each):
                if self.done: return
                self.left = self.left or self.run.steps(self.pairs)
                loss = next(self.left, None)
                if loss is None: self.ended()
                else: self.losses.append(loss)

    def ended(self):
        "What is done after an epoch."
        import torch
        from signbook.translation.trainer import dev_loss
        loss, epoch = float(torch.stack(self.losses).mean()), self.run.where['epoch']
        if not np.isfinite(loss): raise FloatingPointError(f'{self.name}: loss is {loss} in epoch {epoch}')
        self.left, self.losses, self.seconds = None, [], time.time() - self.began
        if self.recipe.patience:
            if epoch % self.recipe.look == 0: self.done = self.run.look(dev_loss(self.run.model, self.rows, self.recipe.tokens))
        else: self.recent.append({n: p.detach().clone() for n, p in self.run.model.named_parameters()})
        if epoch % 10 == 1: print(f"{self.name}: epoch {epoch}, step {self.run.where['step']}, loss {loss:.3f}, best dev loss {self.run.where['best_loss']}, {self.seconds:.0f} s", flush=True)

    def translator(self):
        "The best weights of a run that looked for them; else the mean of the last ten epochs, of the last quarter at most."
        from signbook.translation.seq2seq import Translator
        if self.recent:
            last = list(self.recent)[-max(1, min(KEPT, self.run.where['epoch']//4)):]
            self.run.sums, self.run.where['summed'] = {n: sum(w[n] for w in last) for n in last[0]}, len(last)
        return Translator.of(self.run, self.pairs)


def told(job):
    "What is kept about a run."
    return dict(job.run.where, parameters=sum(p.numel() for p in job.run.model.parameters()), vocabulary=len(job.run.words), seconds=round(job.seconds), averaged=len(job.recent) and job.run.where['summed'])

def ask(model, dev, about, out, name):
    "What a model might say about the dev set, written down."
    from signbook.translation.seq2seq import candidates
    to = 'gloss' if model.recipe.direction == 'gloss' else 'text'
    began, many = time.time(), len(dev) > 2000
    found = candidates(model, [p[to == 'gloss'] for p in dev], to, beam=4 if many else BEAM, reward=.3 if to == 'gloss' else .8, samples=SAMPLES if name.startswith('phoenix') else 0, rows=8000)
    (out/f"{name.replace(' ', '_')}.json").write_text(json.dumps({'name': name, 'about': about, 'beam': 4 if many else BEAM, 'said': found}, ensure_ascii=False))
    print(f'{name}: asked in {time.time() - began:.0f} s', flush=True)

def train_group(group, out, data, device, until, plain):
    "Train some jobs at the same time until the time is up, then ask each, and the three seeds of PHOENIX together."
    import torch
    from signbook.translation.seq2seq import Translator
    torch.set_num_threads(1)
    jobs = [Job(name, data, device, plain) for name in group]
    gc.freeze()                           # recording a step collects garbage each time; the corpora are none
    while time.time() < until and not all(j.done for j in jobs):
        for job in jobs: job.go()
    if device == 'cuda': torch.cuda.synchronize()
    for job in jobs: job.run.replay = None
    models = {j.name: (j.translator(), j) for j in jobs}
    for kind in ('phoenix text', 'phoenix gloss'):
        own = [m for n, m in models.items() if re.fullmatch(kind + r' \d', n)]
        if own: ask(Translator([m.models[0] for m, _ in own], own[0][0].words, own[0][1].recipe, own[0][0].cases), own[0][1].dev, told(own[0][1]), out, f'{kind} together')
    for name, (model, job) in models.items(): ask(model, job.dev, told(job), out, name)

def train_here(out, data, only):
    "One job after the other on a processor, each to the end of its recipe; then PHOENIX's seeds together, if all are there."
    import torch
    from signbook.translation import recipe, seq2seq, trainer
    torch.set_num_threads(1)
    for name in only or HERE:
        kind, base, changes, _ = HERE[name]
        found = corpus(kind, data)
        pairs, dev = found['train'], found['dev']
        began, file = time.time(), out/name.replace(' ', '_')
        run = trainer.train(recipe.load_recipe(base, **changes), pairs, file, dev, watch=lambda run, loss, seen: print(f"{name}: epoch {run.where['epoch']}, loss {loss:.3f}, {time.time() - began:.0f} s", flush=True))
        model = seq2seq.Translator.of(run, pairs)
        model.save(file.with_suffix('.safetensors'))
        ask(model, dev, dict(run.where, recipe=base, parameters=sum(p.numel() for p in run.model.parameters()), vocabulary=len(run.words)), out, name)
    own = [out/f'phoenix_gloss_{n}.safetensors' for n in range(3)]
    if all(p.is_file() for p in own): ask(seq2seq.Translator.load(*own), corpus('phoenix', data)['dev'], {}, out, 'phoenix gloss together')
    pack(out, 'processor', None)

def pack(out, card, seconds):
    "Everything that was said, in one file."
    made = [json.loads(p.read_text()) for p in sorted(out.glob('*.json'))]
    with gzip.open(out/'said.json.gz', 'wt') as f: f.write(json.dumps({'card': card, 'seconds': seconds, 'systems': made}, ensure_ascii=False))

def train(out, data, device, seconds):
    "Both groups at once; a group that fails is begun again without streams."
    began = time.time()
    out.mkdir(parents=True, exist_ok=True)
    start = lambda n, *more: subprocess.Popen([sys.executable, __file__, '--group', str(n), '--train', str(out), '--data', str(data), '--device', device, '--until', str(began + seconds), *more])
    running = {n: start(n) for n in range(len(GROUPS))}
    for n, process in running.items():
        if process.wait() and time.time() < began + seconds/2: print('begun again without streams', n); start(n, '--plain').wait()
    import torch
    pack(out, torch.cuda.get_device_name(), round(time.time() - began))
    for p in out.glob('*.json'): p.unlink()


def second(family, every, references):
    "For systems that share settings: the weights of a second opinion with the best mean BLEU-4, what each says with them, and its BLEU-4 where each half of the sentences uses the weights of the other."
    from signbook.evaluation.ngrams import bleu_counts, bleu_of
    from signbook.translation.channel import choose_weights, weighed
    half = lambda n: choose_weights([(said[n::2], felt[n::2]) for said, felt in zip(family, every)], references[n::2])
    weights, others = choose_weights(list(zip(family, every)), references), (half(1), half(0))
    out = [weighed(said, felt, weights) for said, felt in zip(family, every)]
    crossed = [sum((bleu_counts(weighed(said[n::2], felt[n::2], others[n]), references[n::2]).sum(0) for n in (0, 1)), 0) for said, felt in zip(family, every)]
    return dict(zip(('reward', 'back', 'fluent'), weights)), out, [bleu_of(c)[3] for c in crossed]

def compare(kind, to, systems, data):
    "All systems of a corpus in one direction, scored on its dev set."
    from signbook.evaluation import text as scores
    from signbook.translation.channel import opinions
    from signbook.translation.scoring import agreed, best, choose_reward, counted
    from signbook.translation.seq2seq import Said
    pairs = corpus(kind, data)
    training, dev = pairs['train'], pairs['dev']
    side = int(to == 'text')
    sources, references = [p[1 - side] for p in dev], [p[side] for p in dev]
    language = LANGUAGE[kind] if to == 'text' else 'zxx'
    channel = counted(pairs, to) if kind == 'phoenix' else None
    families, outputs, rewards, about = {}, {}, {}, {}
    for s in systems: families.setdefault('seeds' if s['name'][-1].isdigit() else s['name'], []).append(s)
    for family in families.values():
        every = [[[Said(*c) for c in own] for own in s['said']] for s in family]
        if channel and 'published' not in family[0]['name']:
            weights, said, crossed = second(every, [opinions(channel, sources, e) for e in every], references)
            for s, out, other in zip(family, said, crossed):
                name = f"{s['name'].removeprefix(f'{kind} {to}').strip()}, second opinion"
                outputs[name], rewards[name], about[name] = out, weights, {'older_bleu4_with_the_weights_of_the_other_half': other}
        beams = [[own[:s['beam']] for own in e] for s, e in zip(family, every)]
        reward = choose_reward(beams, references)
        for s, said, drawn in zip(family, beams, every):
            short = s['name'].removeprefix(f'{kind} {to}').strip() or s['about'].get('recipe', 'strong')
            outputs[short], rewards[short], about[short] = best(said, reward), reward, s['about']
            if kind == 'phoenix' and short != 'published': outputs[f'{short}, most agreed'] = agreed(drawn, reward)
    sides = [p[1 - side] for p in training], [p[side] for p in training]
    outputs |= scores.trivial(sources, sides)
    made = {name: scores.Texts(out, references, language) for name, out in outputs.items()}
    rows = {name: scores.older_rows(t) for name, t in made.items()}
    table = {name: dict(scores.score(t), interval_95=[round(x, 2) for x in (lambda i: (i.low, i.high))(scores.interval(rows[name]))], reward=rewards.get(name), run=about.get(name)) for name, t in made.items()}
    out = {'dev_sentences': len(dev), 'training_pairs': len(training), 'dev_seen_in_training': scores.training_overlap(sources, references, sides), 'systems': table}
    if 'published' in rows:
        ours = 'together' if 'together' in rows else next(n for n in outputs if n in about and n != 'published')
        ahead = scores.paired(rows[ours], rows['published'])
        out['ahead_of_published'] = {'system': ours, 'bleu4': ahead['difference'].score, 'interval_95': [ahead['difference'].low, ahead['difference'].high], 'p': ahead['p']}
        out['published_was_cut_by_the_time'] = about['published']['since'] < JOBS[f'{kind} {to} published'][2].get('patience', 3)      # before its early stop
    if kind == 'phoenix' and {'0', '1', '2'} <= table.keys():
        out['mean_of_seeds'], out['mean_of_seeds_second_opinion'] = (float(np.mean([table[f'{n}{more}']['older_bleu4'] for n in range(3)])) for more in ('', ', second opinion'))
    return out

SAID = {'settings_chosen_on': 'the dev sets that are scored, for every system alike (the reward for length); the recipes on PHOENIX-2014T dev',
        'metric': 'older_bleu4 is corpus BLEU of NLTK: lower-case, tokens at blanks (characters for Chinese), no smoothing'}

def score(folder, data, more, here):
    "Score what was trained, and keep the figures: those of a processor as `..._small`, beside those of a GPU."
    made = json.load(gzip.open(folder/'said.json.gz', 'rt'))
    old = json.loads((RESULTS/'translation.json').read_text()) if (RESULTS/'translation.json').is_file() else {}
    out = {}
    for kind, to in product(LANGUAGE, ('text', 'gloss')):
        own = [s for s in made['systems'] if s['name'].startswith(f'{kind} {to}')]
        if own: out[f'{kind}_to_{to}' + '_small'*here] = dict(compare(kind, to, own, data), card=made['card'])
    about = {} if here else {'card': made['card'], 'seconds_with_decoding': made['seconds'], **SAID}
    kept = old if here else {k: v for k, v in old.items() if k.endswith('_small')}
    keep('translation', kept | about | out | (json.loads(more.read_text()) if more else {}), hide=list(kept | out))
    for key, found in out.items(): print(key, {n: (round(s['older_bleu4'], 2), s['interval_95'], round(s['bleu4'], 2)) for n, s in found['systems'].items()}, {k: v for k, v in found.items() if k != 'systems'})


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--train', type=Path, help='folder for what the models say'); p.add_argument('--score', type=Path, help='that folder, to be scored')
    p.add_argument('--more', type=Path, help='JSON with figures of other runs, to be kept beside these')
    p.add_argument('--data', type=Path, default=DATA/'text'); p.add_argument('--device', default='cuda'); p.add_argument('--only', nargs='*', choices=list(HERE), help='of the jobs for a processor'); p.add_argument('--seconds', type=float, default=200, help='of training')
    p.add_argument('--group', type=int, help=argparse.SUPPRESS); p.add_argument('--until', type=float, help=argparse.SUPPRESS); p.add_argument('--plain', action='store_true', help=argparse.SUPPRESS)
    a = p.parse_args()
    if not a.train and not a.score: return print('skipped: training takes a GPU or hours; --train FOLDER, then --score FOLDER')
    if reason := missing('torch', 'sacrebleu') or ('' if a.data.is_dir() else f'skipped: no corpora at {a.data} (set SIGNBOOK_DATA)'): return print(reason)
    if a.group is not None: train_group(GROUPS[a.group], a.train, a.data, a.device, a.until, a.plain)
    elif a.train: train_here(a.train, a.data, a.only) if a.device == 'cpu' else train(a.train, a.data, a.device, a.seconds)
    else: score(a.score, a.data, a.more, a.device == 'cpu')


if __name__ == '__main__': main()
