"Generated data: the same everywhere, split so that nothing leaks, sound tables; and the noise and the constructed languages around it."
import hashlib
import pickle
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data.constructed import change_of, changed, constructed
from signbook.data.corpus import SPLITS, Corpus, content, kept_pairs, leaks, motion_of, names_of, tables_of
from signbook.data.landmarks import Landmarks
from signbook.data.noise import MODELS, noisy
from signbook.data.sentences import Phrase, agreeing
from signbook.data.words import grammar, inflected
from signbook.data.signers import signers
from signbook.motion.motion import check_provenance, notice
from signbook.motion.skeleton import LAYOUTS
from signbook.signing.hamnosys import parse
from signbook.signing.lexicon import Alphabet, Lexicon

ROOT = Path(__file__).resolve().parent.parent
SPELLED = ('aed', 'gsg', 'kvk', 'sgg', 'slf', 'ssr', 'tsm')


@pytest.fixture(scope='module')
def texts():
    return [Corpus(1000, seed=11)[k] for k in range(1000)]


def test_nothing_leaks(texts):
    assert leaks(texts) == []
    shares = {s: n/len(texts) for s, n in Counter(i.split for i in texts).items()}
    assert shares.keys() == SPLITS.keys() and min(shares.values()) > .04 and shares['train'] > .6


def test_the_leak_check_finds_what_it_is_for(texts):
    item = next(i for i in texts if i.split == 'train' and 'spelled' in i.tags)
    found = leaks([item, replace(item, split='dev')])
    assert {what for what, *_ in found} == {'text', 'gloss line', 'content signs', 'name'}
    pair = next(i for i in texts if kept_pairs(content(i.line)))
    assert 'pair' in {what for what, *_ in leaks([replace(pair, split='train')])}


def test_texts_are_english(texts):
    for i in texts:
        assert i.text[0].isupper() or i.text[0].isdigit(), i.text
        assert i.text[-1] in '.?!' and not re.search(r'[{}|]|  | [,.?!]', i.text), i.text
        assert not re.search(r'\ba [aeio]|\ban [^aeiouh8 1]|\b(I|we|they) (is|has|does)\b|\b(we|they) was\b|\b(he|she) are\b', i.text), i.text


def test_everything_but_names_is_signed(texts):
    known = {n for some in names_of('ase').values() for n in some}
    spelled = {t.text for i in texts for t in i.line.tokens if t.kind == 'spell'}
    assert {s.removesuffix("'s") for s in spelled} <= known
    ids = {t.id for i in texts for t in i.line.tokens if t.kind == 'sign'}
    assert len(ids) > .7*len(Lexicon.load('ase').entries)


def test_tags_tell_the_truth(texts):
    for i in texts:
        assert ('question' in i.tags) == i.text.endswith('?'), i.text
        kinds = {s.kind for s in i.line.scopes}
        if 'conditional' in i.tags: assert 'cond' in kinds, i.text
        if 'unseen signer' in i.tags or 'unseen pair' in i.tags: assert i.split == 'test'
        assert ('spelled' in i.tags) == any(t.kind == 'spell' for t in i.line.tokens)


def test_an_item_depends_on_seed_and_number_alone():
    a, b = Corpus('tiny', 3), pickle.loads(pickle.dumps(Corpus('large', 3)))
    numbers = [400, 3, 77, 0, 499]
    assert [a[k] for k in numbers] == [b[k] for k in numbers[::-1]][::-1]
    assert len({a[k].text for k in range(50)}) > 40 and a[-1] == a[499]
    with pytest.raises(IndexError): a[500]


def digest(rows):
    return hashlib.sha256(b''.join(v.tobytes() if isinstance(v, np.ndarray) else repr((k, v)).encode() for row in rows for k, v in row.items())).hexdigest()


def test_another_process_makes_the_same_bytes():
    here = digest([Corpus('tiny', 4)[k].row() for k in (5, 2)])
    code = f'''import sys; sys.path.insert(0, {str(ROOT/'tests')!r})
from test_corpus import Corpus, digest
rows = {{k: Corpus('tiny', 4)[k].row() for k in (2, 5)}}
print(digest([rows[5], rows[2]]))'''
    there = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT)
    assert there.stdout.strip() == here, there.stderr


def test_a_row_holds_the_motion_exactly():
    item = Corpus('tiny', 4)[2]
    row = item.row()
    assert all(isinstance(v, (str, int, float, bool, bytes, list, np.ndarray)) for v in row.values())
    back = motion_of(row | {k: v.tobytes() for k, v in row.items() if isinstance(v, np.ndarray)})
    for name in ('poses', 'trans', 'expression', 'betas', 'flags'): assert np.array_equal(getattr(back, name), getattr(item.motion, name)), name
    assert (back.spans, back.meta, back.fps, back.body) == (item.motion.spans, item.motion.meta, item.motion.fps, item.motion.body)
    check_provenance(back)
    assert row['frames'] == len(back) and [s.gloss for s in back.spans] == [t.id for t in item.line.tokens if t.kind != 'pause']


@pytest.mark.parametrize('language', SPELLED)
def test_other_languages_spell_in_their_own_script(language):
    items = list(Corpus(100, 1, language))
    assert leaks(items) == [] and len({i.split for i in items}) == 3
    own = Alphabet.load(language).letters
    for i in items:
        assert i.text in i.prompt and {t.kind for t in i.line.tokens} <= {'spell', 'number', 'pause'}
        assert all(letter in own for t in i.line.tokens for letter in t.letters)
    if language == 'kvk': assert any('가' <= c <= '힣' for i in items for c in i.text)


def test_every_name_can_be_spelled():
    for language in ('ase', *SPELLED):
        for name in (n for some in names_of(language).values() for n in some):
            letters, missing = Alphabet.load(language).spell(name)
            assert letters and not missing, (language, name)


@pytest.mark.parametrize('split', SPLITS)
def test_a_split_can_be_had_alone(split):
    items = list(Corpus(60, 2, split=split))
    assert {i.split for i in items} == {split}
    assert leaks([*items, *(Corpus(200, 2)[k] for k in range(200))]) == []


def test_the_grammar_is_sound():
    g = grammar()
    assert len(g.patterns) > 120 and all(p.share > 0 and p.tags for p in g.patterns)
    for v in g.verbs: assert all(inflected(v.base, f) for f in ('s', 'past', 'ing', 'pp'))
    assert [inflected('put', f) for f in ('s', 'past', 'ing')] == ['puts', 'put', 'putting']
    they, she = Phrase('they', 3, True, frozenset(), ''), Phrase('she', 3, False, frozenset(), '')
    assert [agreeing(v, w) for w in (they, she) for v in ('be', 'was', 'have', 'want')] == ['are', 'were', 'have', 'want', 'is', 'was', 'has', 'wants']


def test_a_bad_grammar_is_refused(tmp_path):
    for name, text in {'words.tsv': 'class\tis\twords\nkin\tperson\tmother\n', 'adjectives.tsv': 'of\tadjectives\n', 'sentences.tsv': 'share\ttags\tsentence\n',
                       'verbs.tsv': 'verb\tsubject\tobject\textra\tmarks\neat\tperson\tfruit\t\t\n'}.items(): (tmp_path/name).write_text(text)
    with pytest.raises(SignbookError, match='got fruit'): grammar(str(tmp_path))


def test_signers_are_many_and_on_few_bodies():
    some = signers().values()
    assert len(some) == 24 and len({s.betas for s in some}) <= 6 and 1 < sum(s.left_handed for s in some) < 8 and 1 < sum(s.kept for s in some) < 8


@pytest.mark.parametrize('name', ('x-a', 'x-oak', 'x-fir2'))
def test_constructed_languages_parse_and_differ(name):
    language, real = constructed(name), Lexicon.load('ase')
    assert len(language.kept) <= .01*len(language.lexicon.entries) and language.lexicon.language == name
    assert len({e.hamnosys for e in language.lexicon}) == len({e.hamnosys for e in real})
    assert sum(a.hamnosys != b.hamnosys for a, b in zip(language.lexicon, real)) > .95*len(real.entries)
    for e in language.lexicon.entries[::9]: parse(e.hamnosys)
    assert not any(e.reviewed_by for e in language.lexicon)


def test_a_mirrored_movement_comes_back():
    change = replace(change_of('x-oak'), symbols={})
    moves = 'moveu moveul mover moveol movedi circleo circleul arcl'
    assert changed(changed(moves, change), change) == moves and changed(moves, change) != moves


def test_a_constructed_language_never_passes_for_a_real_one():
    item = Corpus(3, language='x-oak')[0]
    assert 'constructed language' in notice(item.motion) and item.motion.meta['constructed'] and Corpus(3, language='x-oak').describe()['constructed']
    assert 'constructed' in tables_of('x-oak').note and item.line.language == 'x-oak'
    for bad in ('oak', 'x-', 'X-oak', 'x-o-k'):
        with pytest.raises(SignbookError): Corpus(3, language=bad)


def test_describe_says_what_it_is():
    said = Corpus('small', 7).describe()
    assert said['synthetic'] is True and said['licence'] == 'Apache-2.0' and said['size'] == 5000 and said['seed'] == 7 and said['kind'] == 'corpus'


def tracked(frames=400):
    names = (('POSE_LANDMARKS', tuple(LAYOUTS['mediapipe_pose'])), ('LEFT_HAND_LANDMARKS', tuple(LAYOUTS['left_hand'])), ('RIGHT_HAND_LANDMARKS', tuple(LAYOUTS['right_hand'])))
    still = np.random.default_rng(0).random((1, 75, 3))*100 + 200
    return Landmarks(names, np.repeat(still, frames, 0), np.ones((frames, 75)), 25, (500, 500), meta=dict(source='made here', synthetic=True))


def test_noise_is_as_asked():
    clean = tracked()
    lm, model = noisy(clean, 'holistic', seed=1), MODELS['holistic']
    assert np.array_equal(lm.points, noisy(clean, 'holistic', seed=1).points) and not np.array_equal(lm.points, noisy(clean, 'holistic', seed=2).points)
    still = noisy(clean, replace(model, gap=0., swap=0.), seed=3)
    off = still.points[:, :33, :2] - clean.points[:, :33, :2]
    shoulders = np.linalg.norm(clean.points[0, 11, :2] - clean.points[0, 12, :2])
    assert .8*model.body.size < off.std()/shoulders < 1.2*model.body.size
    gone = (lm.confidence[:, 33:54] == 0).all(1).mean()
    assert 0 < gone < .2 and (lm.confidence[:, :33] > 0).all() and lm.meta['noise'] == dict(model='holistic', seed=1)
    swapped = noisy(clean, replace(MODELS['none'], swap=.05, swap_frames=3.), seed=1)
    assert np.array_equal(np.unique((swapped.points[:, 33] == clean.points[:, 54]).all(-1)), [False, True])
