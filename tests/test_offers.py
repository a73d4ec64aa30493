"What the source offers: tables that travel with the model, words never seen in training, one side's pieces alone."
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from signbook.data.phoenix_gloss import clean_signs  # noqa: E402
from signbook.translation.alignment import offered  # noqa: E402
from signbook.translation.channel import Channel, second_opinion  # noqa: E402
from signbook.translation.recipe import examples, load_recipe, vocabulary  # noqa: E402
from signbook.translation.seq2seq import Said, Translator, candidates, translate  # noqa: E402
from signbook.translation.subwords import MARKS  # noqa: E402
from signbook.translation.trainer import train  # noqa: E402

WHO = ('boy', 'girl', 'dog', 'cat', 'teacher', 'doctor')
WHAT = ('sleeps', 'runs', 'eats', 'sings')
PAIRS = [(f'{what[:-1]} {who}'.upper(), f'the {who} {what}') for who in WHO for what in WHAT]
RECIPE = load_recipe('tiny', direction='gloss', offers=4, merges=0, merge_dropout=0., epochs=30, width=32, hidden=32, keep=10)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    torch.set_num_threads(1)
    return train(RECIPE, PAIRS, tmp_path_factory.mktemp('run'))


def test_the_table_travels_with_the_model(run, tmp_path):
    model, texts = Translator.of(run, PAIRS), [t for _, t in PAIRS]
    assert not torch.equal(run.model.offers.pieces[:, 0], torch.arange(len(run.words)))
    model.save(tmp_path/'m.safetensors')
    again = Translator.load(tmp_path/'m.safetensors')
    assert torch.equal(again.models[0].offers.pieces, run.model.offers.pieces) and torch.equal(again.models[0].offers.chances, run.model.offers.chances)
    said = translate(model, texts, 'gloss')
    assert translate(again, texts, 'gloss') == said and np.mean([a == g for a, (g, _) in zip(said, PAIRS)]) > .8


def test_a_run_goes_on_with_its_table(run, tmp_path):
    def stop(run, loss, seen):
        return run.where['epoch'] == 15
    train(RECIPE, PAIRS, tmp_path, watch=stop)
    again = train(RECIPE, PAIRS, tmp_path)
    assert all(torch.equal(w, again.weights()[n]) for n, w in run.weights().items()) and torch.equal(again.model.offers.chances, run.model.offers.chances)


def test_nothing_but_the_written_side_is_written(run):
    words = run.words
    assert words.first == len(MARKS) + len(WHO) + len(WHAT)
    said = candidates(Translator.of(run, PAIRS), ['the boy sleeps', 'the the the'], 'gloss', beam=12)
    assert {w for own in said for c in own for w in c.text.split()} <= {w for g, _ in PAIRS for w in g.split()}


def test_words_never_seen_are_copied(tmp_path):
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    name = lambda: ''.join(rng.choice(list('abcdefghij'), 6))
    pairs = [(f'ix {n}', f'there is {n} .') for n in (name() for _ in range(150))]
    recipe = dict(direction='text', merges=20, merge_dropout=0., dropout=0., epochs=20, width=48, hidden=64, agree=0., word_dropout=0., tokens=400, average=2)
    new = [f'ix {name()}' for _ in range(20)]
    right = lambda offers: np.mean([n.split()[1] in s.split() for n, s in zip(new, translate(Translator.of(train(load_recipe('tiny', offers=offers, **recipe), pairs, tmp_path/str(offers)), pairs), new))])
    assert right(1) >= right(0) + .3


def test_what_is_offered_is_a_distribution_and_finds_a_dictionary():
    rng = np.random.default_rng(1)
    code = {w: w.upper()[::-1] for w in WHO + WHAT}
    made = [rng.choice(WHO + WHAT, rng.integers(2, 6), replace=False) for _ in range(80)]
    pairs = [(' '.join(rng.permutation([code[w] for w in ws])), ' '.join(ws)) for ws in made]
    recipe = load_recipe('tiny', direction='gloss', merges=0)
    words = vocabulary(pairs, recipe)
    pieces, chances = offered(examples(pairs, words, recipe), len(words), 4)
    assert np.allclose(chances.sum(1), 1) and (chances >= 0).all() and chances.dtype == np.float32
    assert all(words.pieces[pieces[words.encode(w)[0], 0]] == '▁' + code[w].lower() for w in code)


def test_glosses_are_cleaned_to_the_convention_of_the_dev_set(shared_data):
    home = shared_data/'text'/'phoenix2014T'
    training, dev = ((home/f'{s}.gloss').read_text(encoding='utf-8').strip().splitlines() for s in ('train', 'dev'))
    cleaned, mean = list(map(clean_signs, training)), lambda lines: np.mean([len(l.split()) for l in lines])
    assert sum(clean_signs(l) != l for l in dev) <= 1 and all(cleaned)
    assert mean(training) > mean(dev) + 2 and abs(mean(cleaned) - mean(dev)) < .6
    assert not any('__' in l or 'loc-' in l or 'PLUSPLUS' in l for l in cleaned)


def test_a_second_opinion_finds_what_was_left_out():
    pairs = [(f'{what[:-1]} {who}'.upper(), f'the {who} {what}') for who in WHO for what in WHAT]
    channel = Channel.learn(pairs, vocabulary(pairs, RECIPE), 'gloss')
    said = [[Said('SLEEP', -.5, 1), Said('BOY SLEEP', -1., 2), Said('SLEEP BOY', -1.1, 2), Said('SLEEP BOY BOY', -1., 3)]]
    judged = second_opinion(channel, ['the boy sleeps'], said)[0]
    assert judged[0].text == 'SLEEP BOY' and {c.text for c in judged} == {c.text for c in said[0]} and [c.logp for c in judged] == sorted((c.logp for c in judged), reverse=True)
    with pytest.raises(ValueError):
        second_opinion(channel, ['the boy sleeps', 'the cat eats'], said)
