"The translator trained from scratch: killed and gone on with, read from files nobody should trust, and what does not fit in a chapter."
import os
import signal
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip('torch')
from safetensors.torch import load_file  # noqa: E402

from signbook.core import SignbookError  # noqa: E402
from signbook.translation import subwords  # noqa: E402
from signbook.translation.decode import beam_search, most_agreed  # noqa: E402
from signbook.translation.recipe import load_recipe  # noqa: E402
from signbook.translation.seq2seq import Translator, candidates, translate  # noqa: E402
from signbook.translation.trainer import train  # noqa: E402

PAIRS = [(f'{who} {what}', f'the {who.lower()} {what.lower()}s') for who in ('BOY', 'GIRL', 'DOG', 'CAT') for what in ('SLEEP', 'RUN', 'EAT', 'SING')]
SHORT = dict(epochs=8, keep=3, average=4, width=32, hidden=32)
KILLED = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from signbook.translation.recipe import load_recipe
from signbook.translation.trainer import train
def watch(run, loss, seen):
    if run.where['epoch'] == 5: os.kill(os.getpid(), signal.SIGKILL)
train(load_recipe('tiny', **eval(sys.argv[2])), eval(sys.argv[1]), sys.argv[3], watch=watch)
"""


def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path):
    torch.set_num_threads(1)
    train(load_recipe('tiny', **SHORT), PAIRS, tmp_path/'whole')
    gone = subprocess.run([sys.executable, '-c', KILLED, repr(PAIRS), repr(SHORT), str(tmp_path/'killed')], capture_output=True, text=True)
    assert gone.returncode == -signal.SIGKILL, gone.stderr
    train(load_recipe('tiny', **SHORT), PAIRS, tmp_path/'killed')
    whole, killed = (load_file(tmp_path/name/'run.safetensors') for name in ('whole', 'killed'))
    assert whole.keys() == killed.keys() and all(torch.equal(whole[k], killed[k]) for k in whole)
    assert os.listdir(tmp_path/'killed') == ['run.safetensors']


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    torch.set_num_threads(1)
    recipe = load_recipe('tiny', epochs=50, width=32, hidden=64, tokens=72, dropout=0.)
    return Translator.of(train(recipe, PAIRS, tmp_path_factory.mktemp('run')), PAIRS)


def test_it_learns_both_ways(model):
    glosses, texts = zip(*PAIRS)
    assert np.mean([a == b for a, b in zip(translate(model, glosses), texts)]) > .8
    assert np.mean([a == b for a, b in zip(translate(model, texts, 'gloss'), glosses)]) > .8


def test_order_and_company_change_nothing(model):
    lines = [g for g, _ in PAIRS]
    together, alone = translate(model, lines), [translate(model, [g])[0] for g in lines]
    assert together == alone and translate(model, lines[::-1]) == together[::-1] == translate(model, lines[::-1], rows=10)


def test_more_reward_is_longer(model):
    lengths = [sum(c[0].pieces for c in candidates(model, [g for g, _ in PAIRS], reward=r)) for r in (-3., 0., 3.)]
    assert lengths[0] <= lengths[1] <= lengths[2] and lengths[0] < lengths[2]


def test_an_ensemble_of_one_is_that_one(model):
    source = torch.tensor([[subwords.TO_TEXT, 10, 11, subwords.END]])
    alone, doubled = beam_search(model.models, source, 4), beam_search(model.models*2, source, 4)
    assert [c.pieces for c in alone[0]] == [c.pieces for c in doubled[0]]
    assert [c.logp for c in alone[0]] == pytest.approx([c.logp for c in doubled[0]], abs=1e-4)


def test_files_that_are_cut_short_are_refused(model, tmp_path):
    model.save(tmp_path/'m.safetensors')
    whole = (tmp_path/'m.safetensors').read_bytes()
    for size in (0, 7, 200, len(whole) - 1):
        (tmp_path/'cut.safetensors').write_bytes(whole[:size])
        with pytest.raises(SignbookError, match='expected safetensors'):
            Translator.load(tmp_path/'cut.safetensors')
    (tmp_path/'pickle.safetensors').write_bytes(b'\x80\x04cos\nsystem\n(S"true"\ntR.')
    with pytest.raises(SignbookError, match='expected safetensors'):
        Translator.load(tmp_path/'pickle.safetensors')


def test_models_of_different_vocabularies_make_no_ensemble(model, tmp_path):
    model.save(tmp_path/'a.safetensors')
    other = [(g.replace('BOY', 'MAN'), t.replace('boy', 'man')) for g, t in PAIRS]
    Translator.of(train(load_recipe('tiny', epochs=1, width=32), other, tmp_path/'run'), other).save(tmp_path/'b.safetensors')
    with pytest.raises(SignbookError, match='vocabulary of'):
        Translator.load(tmp_path/'a.safetensors', tmp_path/'b.safetensors')


def test_merges_are_those_of_counting_afresh():
    def slowly(counts, number):
        words, merges = {w: subwords.letters(w) for w in counts}, []
        for _ in range(number):
            pairs = Counter()
            for w, c in counts.items():
                for p in zip(words[w], words[w][1:]):
                    pairs[p] += c
            best = min(pairs, key=lambda p: (-pairs[p], p), default=None)
            if best is None or pairs[best] < 2:
                break
            merges.append(best)
            words = {w: subwords._merged(p, best) for w, p in words.items()}
        return merges
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = Counter(''.join(rng.choice(list('aab'), rng.integers(1, 9))) for _ in range(60))   # runs of one letter overlap with themselves
        assert subwords.learn_merges(counts, 40) == slowly(counts, 40)


def test_every_cut_reads_the_same():
    words = subwords.learn([side for p in PAIRS for side in p], 60)
    rng = np.random.default_rng(0)
    for _ in range(30):
        for g, t in PAIRS:
            assert words.decode(words.encode(g + ' ' + t, .4, rng)) == (g + ' ' + t).lower()


def test_published_and_strong_recipes_train_a_step(tmp_path):
    for name, more in (('published', dict(look=1, patience=1)), ('strong', dict(agree_from=0))):
        recipe = load_recipe(name, epochs=1, width=32, hidden=32, heads=2, **more)
        done = train(recipe, PAIRS, tmp_path/name, dev=PAIRS[:3] if recipe.look else ())
        assert done.where['step'] >= 1 and all(torch.isfinite(w).all() for w in done.weights().values())


def test_agreement_begins_when_the_recipe_says(tmp_path):
    recipe = load_recipe('tiny', epochs=4, agree_from=2, width=32, merges=0, merge_dropout=0.)
    seen = []
    train(recipe, PAIRS, tmp_path, watch=lambda run, loss, dev: seen.append((run.where['step'], run.agrees())))
    assert [agrees for step, agrees in seen] == [step >= 2 for step, _ in seen] and {a for _, a in seen} >= {True}


def test_most_agreed_is_the_middle_of_a_crowd():
    crowd = ['rain in the north tonight', 'rain in the north', 'tonight rain in the north', 'sun']
    assert most_agreed(crowd) != 'sun' and most_agreed(['sun', *crowd], [9, 1, 1, 1, 9]) == 'sun'
