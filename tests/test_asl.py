"The translator that ships: what it was trained on and judged by, what it copies, and what it does with odd input."
import json
import random
import sys
from pathlib import Path

import pytest

pytest.importorskip('torch')

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = str(ROOT/'benchmarks'), str(ROOT/'scripts')

import asl as benchmark  # noqa: E402
from signbook.core import SignbookError, assets
from signbook.data.everyday import TEMPLATES, contracted, everyday, parts, skeleton, templates
from signbook.evaluation.text import training_overlap
from signbook.pipeline import gloss_line, gloss_to_text, text_to_motion
from signbook.signing.gloss import SCOPES, parse_line
from signbook.signing.lexicon import Alphabet, Lexicon
from signbook.translation import asl
from signbook.translation.length import asked_for, sentences
from signbook.translation.written import gloss_tokens, judged, pairs_to_gloss, pairs_to_text, text_tokens, tokens_gloss, tokens_text

LEXICON, ALPHABET = Lexicon.load('ase'), Alphabet.load('ase')


# ---- what it was trained on

def test_no_kind_of_sentence_is_in_two_splits():
    kinds = {split: {skeleton(p.text) for p in templates(split)} for split in TEMPLATES}
    assert all(len(k) >= 15 for k in kinds.values())
    assert not kinds['train'] & kinds['dev'] and not kinds['train'] & kinds['test'] and not kinds['dev'] & kinds['test']
    assert not {skeleton(p.text) for rows in parts().values() for p in rows} & (kinds['dev'] | kinds['test'])


def test_nothing_that_is_judged_by_comes_in_training():
    to_text, to_gloss = pairs_to_text(120, seed=5), pairs_to_gloss(120, seed=5)
    known = [g for g, _ in to_text + to_gloss], [t for _, t in to_text + to_gloss]
    for split in ('dev', 'test'):
        pairs = judged(split, 80)
        found = training_overlap([gloss_tokens(g) for g, _ in pairs], [text_tokens(contracted(t)) for _, t in pairs], known)
        assert found['pair'] == 0 and found['answer'] == 0, (split, found)


def test_writing_and_reading_tokens_loses_nothing():
    for k in range(120):
        text = contracted(everyday(random.Random(k)))
        assert tokens_text(text_tokens(text)).lower().replace(';', '.') == text.lower().replace(';', '.'), text
    for line, _ in judged('seen', 80): assert tokens_gloss(gloss_tokens(line)) == line


def test_a_run_goes_on_as_if_it_had_not_stopped(tmp_path, monkeypatch):
    import torch
    import train_asl as script
    from dataclasses import replace
    from signbook.translation.recipe import load_recipe
    monkeypatch.setattr(script, 'SIZE', 20); monkeypatch.setattr(script, 'SHARDS', 2); monkeypatch.setattr(script, 'DEV', 4)
    small = replace(load_recipe('asl'), width=32, hidden=32, layers=1, merges=100)
    monkeypatch.setattr(script, 'load_recipe', lambda name: small)
    whole, halves = tmp_path/'whole', tmp_path/'halves'
    for folder, stops in ((whole, (2,)), (halves, (1, 2))):
        folder.mkdir()
        for stop in stops: script.train(folder, 10, stop)
    one, two = (script.Translator.load(f/'weights-002.safetensors').models[0] for f in (whole, halves))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters()))
    assert [json.loads(l)['epoch'] for l in (halves/'log.jsonl').read_text().splitlines()] == [1, 2]


# ---- what ships

def test_file_and_card():
    path = assets('translation', 'ase_eng.safetensors')
    assert path.stat().st_size <= 15e6
    card = path.with_suffix('.md').read_text(encoding='utf-8')
    for word in ('Apache-2.0', 'synthetic', 'not reviewed by signers', 'seed', 'steps', 'scripts/train_asl.py', 'Limits'): assert word in card, word
    assert benchmark.figures(json.loads((ROOT/'benchmarks'/'results'/'asl.json').read_text())) in card


@pytest.mark.parametrize('line', ['YOU WANT GO DRINK AFTER DINNER?', 'MY NAME fs-ANNA', 'ME HUNGRY . YOU WANT EAT ?', 'wh{ YOUR NAME WHAT } ?', 'TOMORROW RAIN'])
def test_as_many_sentences_as_the_line_has(line):
    reading, = gloss_to_text(line, least=0)
    assert len(sentences(reading.text)) == asked_for(line) and reading.text[0].isupper() and reading.text[-1] in '.?!'
    assert 0 <= reading.confidence <= 1 and reading.logp < 0


def test_no_sentences_cannot_be_asked_for():
    with pytest.raises(SignbookError, match='at least one sentence'): gloss_to_text('ME GO', sentences=0)


def test_readings_are_different_and_ranked():
    found = gloss_to_text('HE-SHE-IT FINISH EAT APPLE .', best=4, least=0)
    assert 1 < len(found) <= 4 and len({r.text for r in found}) == len(found)


def test_what_is_not_sure_is_withheld_and_said():
    reading, = gloss_to_text('YOU HAPPY ?', least=1)
    assert reading.text == '' and reading.guess and 'least=0' in reading.note


def test_the_measured_confidence_decides_if_nothing_is_said(monkeypatch):
    for least in (0., 1.1):
        monkeypatch.setattr(asl, 'LEAST', least)
        assert bool(gloss_to_text('YOU HAPPY ?')[0].text) == (least == 0)


@pytest.mark.parametrize('bad', ['', ' ', '?!', 'I am going to the store with my friend.', 'Я ИДУ ДОМОЙ'])
def test_no_gloss_line_is_refused(bad):
    with pytest.raises(SignbookError, match='expected a gloss line'): gloss_to_text(bad)


def test_names_and_numbers_are_copied():
    rng, right = random.Random(4), 0
    for n in range(20):
        name, age = ''.join(rng.choice('BDFGKLMNPRST') + rng.choice('AEIOU') for _ in range(rng.choice((2, 3)))), str(rng.randrange(12, 90))
        said = gloss_to_text(f'fs-{name} HE-SHE-IT {age} YEAR OLD .', least=0)[0].text
        line = asl.text_to_line(f'My name is {name.capitalize()}.')
        right += name.capitalize() in said and age in said and f'fs-{name}' in line.line
    assert right >= 16, right


def test_every_text_gives_a_line_that_can_be_read():
    odd = ['Hello', 'a', '12', 'What?! No... yes', '🙂 fine', 'x'*60, 'one\ntwo', '"I know," she said.', "rock 'n' roll", 'MY NAME IS ANNA']
    for text in odd:
        line = asl.text_to_line(text)
        assert parse_line(line.line, LEXICON, ALPHABET).tokens is not None
        assert all(0 <= k < len(line.words) for t in line.tokens for k in t.words)
    for text in ('…', 'Жук'):
        with pytest.raises(SignbookError, match='expected words'): asl.text_to_line(text)
    for text in ('Ich gehe morgen nach Hause.', 'je ne comprends pas'):
        with pytest.raises(SignbookError, match='expected English'): asl.text_to_line(text)


def test_any_soup_of_tokens_becomes_a_line():
    rng = random.Random(0)
    words = [*(s + '{' for s in SCOPES), *['}']*5, *rng.sample(sorted(LEXICON.by_id), 20), 'ZZZ', 'fs-ANNA', 'fs-', '12', '.', '?', ',', 'É']
    for _ in range(300):
        line = asl.readable(' '.join(rng.choices(words, k=rng.randrange(1, 15))), LEXICON, ALPHABET)
        assert parse_line(line, LEXICON, ALPHABET).line.replace(' ', '') == line.replace(' ', '')


def test_pipeline_by_rules_or_by_the_model():
    text = 'My mother is happy.'
    assert gloss_line(text).line == gloss_line(text, by='rules').line
    made = text_to_motion(text, by='model')
    assert made.line.line == gloss_line(text, by='model').line and 'MOTHER' in made.line.line and len(made.motion) > 30
    for wrong in (lambda: gloss_line(text, by='hand'), lambda: gloss_line(text, 'gsg', by='model'), lambda: gloss_to_text('HAUS', 'gsg')):
        with pytest.raises(SignbookError): wrong()


def test_without_torch_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch', None)
    for ask in (lambda: gloss_to_text('YOU HAPPY ?'), lambda: gloss_line('You are happy.', by='model')):
        with pytest.raises(ImportError, match=r"pip install 'signbook\[torch\]'"): ask()
    assert gloss_line('You are happy.').tokens
