"""Train the translator that ships, on generated pairs, and go on where it stopped: python scripts/train_asl.py FOLDER [--minutes 50]; then --ship writes the asset."""
import argparse, json, time
from dataclasses import replace
from pathlib import Path
import torch
from signbook.core import assets, atomic_path
from signbook.translation.recipe import examples, load_recipe
from signbook.translation.seq2seq import Translator, translate
from signbook.translation.subwords import learn
from signbook.translation.trainer import Run, dev_loss
from signbook.translation.written import contracted, gloss_tokens, judged, pairs_to_gloss, pairs_to_text, text_tokens

SHARDS, SIZE = 18, 5_000   # epochs until pairs come again, pairs of each direction in one
DEV = 300                   # sentences of the dev kinds that are looked at
NAME = 'ase_eng.safetensors'


def shard(folder, number):
    "Pairs of both directions, made once."
    path = folder / f'pairs-{number}.json'
    if not path.is_file():
        with atomic_path(path) as temporary: temporary.write_text(json.dumps([pairs_to_text(SIZE, number), pairs_to_gloss(SIZE, number)]))
    return json.loads(path.read_text())


class Both(Run):
    "A run whose two directions have pairs of their own."
    def _examples(self, pairs):
        return [row for side, own in zip(('text', 'gloss'), pairs) for row in examples(own, self.words, replace(self.recipe, direction=side), self.where['epoch'])]


def exact(model, pairs):
    "Share of dev sentences that come out word by word, to text and to gloss."
    sides = {'text': [(gloss_tokens(g), text_tokens(contracted(t))) for g, t in pairs], 'gloss': [(text_tokens(t), gloss_tokens(g)) for g, t in pairs]}
    return {to: sum(said == want for said, (_, want) in zip(translate(model, [s for s, _ in rows], to, beam=2), rows))/len(rows) for to, rows in sides.items()}


def train(folder, minutes, most=None):
    "Epochs until the time is up, or so many are done in all; a checkpoint after each, and the weights alone beside it."
    recipe, began = load_recipe('asl'), time.time()
    words = learn((line for side in shard(folder, 0) for pair in side for line in pair), recipe.merges)
    run, state = Both(recipe, words), folder / 'run.safetensors'
    if state.is_file(): run.restore(state)
    dev = judged('dev', DEV)
    rows = examples([(gloss_tokens(g), text_tokens(contracted(t))) for g, t in dev], words, recipe)
    while run.where['epoch'] < (most or recipe.epochs) and time.time() - began < 60*minutes:
        loss, epoch = run.epoch(shard(folder, run.where['epoch'] % SHARDS)), run.where['epoch']
        run.save(state)
        model = Translator.of(run, [])
        model.save(folder / f'weights-{epoch:03}.safetensors')
        said = {'epoch': epoch, 'step': run.where['step'], 'loss': round(loss, 4), 'dev_loss': round(dev_loss(run.model, rows, 2048), 4), 'minutes': round((time.time() - began)/60, 1)}
        if epoch % 10 == 0: said |= exact(model, dev)
        with open(folder / 'log.jsonl', 'a') as log: log.write(json.dumps(said) + '\n')
        print(json.dumps(said), flush=True)


def mean(paths):
    "A translator with the mean weights of several."
    first, *others = [Translator.load(p) for p in paths]
    with torch.no_grad():
        for name, p in first.models[0].named_parameters(): p.copy_(torch.stack([p, *(o.models[0].get_parameter(name) for o in others)]).mean(0))
    return first


def ship(folder):
    "The mean of the last epochs, of some or of many, or the last alone, whichever is best on dev."
    saved = sorted(folder.glob('weights-*.safetensors'))
    dev, recipe = judged('dev', DEV), load_recipe('asl')
    tried = {n: mean(saved[-n:]) for n in (1, recipe.average, 2*recipe.average) if n <= len(saved)}
    best = max(tried, key=lambda n: sum(exact(tried[n], dev).values()))
    target = assets('translation')
    target.mkdir(exist_ok=True)
    tried[best].save(target / NAME, half=True)
    print(f'{target / NAME}: mean of {best}, {exact(tried[best], dev)}, {(target / NAME).stat().st_size/1e6:.1f} MB')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--minutes', type=float, default=50)
    parser.add_argument('--epochs', type=int, help='stop after so many in all')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--ship', action='store_true')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.folder.mkdir(parents=True, exist_ok=True)
    ship(args.folder) if args.ship else train(args.folder, args.minutes, args.epochs)
