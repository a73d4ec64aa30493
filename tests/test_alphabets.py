"""The finger alphabets that ship: what is in them, how words of their languages are spelled, and how spelled words move."""
import numpy as np
import pytest

from signbook.motion.body import load
from signbook.motion.skeleton import joint
from signbook.pipeline import text_to_motion
from signbook.signing.alphabets import letter_hands
from signbook.signing.fidelity import fidelity
from signbook.signing.lexicon import Alphabet, shipped
from signbook.signing.phases import left_out

LATIN = set('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
OWN = dict(ase=LATIN, gsg=LATIN | {'Ä', 'Ö', 'Ü', 'ẞ', 'SCH'}, sgg=LATIN | {'Ä', 'Ö', 'Ü', 'CH', 'SCH'}, ssr=LATIN, slf=LATIN, aed=LATIN | {'CH', 'LL', 'Ñ', 'RR'},
           tsm=LATIN - set('QWX') | set('ÇĞİÖŞÜ'), kvk=set('ㄱㄴㄷㄹㅁㅂㅅㅆㅇㅈㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅚㅛㅜㅟㅠㅡㅢㅣ'))
MOVING = dict(gsg='JZÄÖÜẞ', sgg='JZÄÖÜ', ssr='JZ', slf='JZ', aed=['J', 'Z', 'CH', 'LL', 'Ñ', 'RR'], tsm='ÇJÖÜİĞŞ', kvk='ㅆ')
LETTERS = [(name, k) for name in OWN for k in Alphabet.load(name).letters]


def test_eight_languages_ship():
    assert set(shipped('alphabet')) == set(OWN)


@pytest.mark.parametrize('name', OWN)
def test_an_alphabet_is_complete_and_says_how_sure_it_is(name):
    alphabet = Alphabet.load(name)
    assert {k for k in alphabet.letters if not k.isdigit()} == OWN[name]
    assert alphabet.status.startswith(('checked', 'unverified')) and alphabet.unverified == (name in ('ssr', 'slf', 'aed', 'kvk'))


@pytest.mark.parametrize('name, letter', LETTERS)
def test_a_letter_is_read_and_shown_whole(name, letter):
    entry = Alphabet.load(name).letters[letter]
    assert ' '.join(entry.sign.names) == entry.hamnosys and left_out(entry.hamnosys) == ()


@pytest.mark.parametrize('name', OWN)
def test_no_two_letters_are_written_the_same(name):
    written = [x.hamnosys for k, x in Alphabet.load(name).letters.items() if not k.isdigit()]
    assert len(set(written)) == len(written)


@pytest.mark.parametrize('name, letter', [(name, k) for name, ks in MOVING.items() for k in ks])
def test_letters_that_move_do(name, letter):
    hands = letter_hands(Alphabet.load(name).letters[letter].hamnosys)
    assert max(np.nanmax(np.ptp(hands[:, side], axis=0)) for side in (0, 1) if np.isfinite(hands[:, side]).all()) > .01


@pytest.mark.parametrize('name, text, letters', [
    ('gsg', 'Tschüß', 'T SCH Ü ẞ'), ('gsg', 'STRASSE', 'S T R A S S E'), ('gsg', 'Zoë', 'Z O E'), ('sgg', 'Straße', 'S T R A S S E'), ('sgg', 'Bächli', 'B Ä CH L I'),
    ('ssr', 'Genève', 'G E N E V E'), ('slf', 'perché', 'P E R C H E'), ('aed', 'niño', 'N I Ñ O'), ('aed', 'Carrillo', 'C A RR I LL O'), ('aed', 'Córdoba', 'C O R D O B A'),
    ('tsm', 'ışık', 'I Ş I K'), ('tsm', 'İzmir', 'İ Z M İ R'), ('tsm', 'iğne', 'İ Ğ N E'), ('kvk', '한글', 'ㅎ ㅏ ㄴ ㄱ ㅡ ㄹ'), ('kvk', '까치', 'ㄱ ㄱ ㅏ ㅊ ㅣ'),
    ('kvk', '쌀', 'ㅆ ㅏ ㄹ'), ('kvk', '과일', 'ㄱ ㅗ ㅏ ㅇ ㅣ ㄹ'), ('kvk', '없다', 'ㅇ ㅓ ㅂ ㅅ ㄷ ㅏ')])
def test_words_are_spelled_as_their_language_writes_them(name, text, letters):
    assert Alphabet.load(name).spell(text) == (tuple(letters.split()), '')


def test_what_an_alphabet_lacks_is_said():
    assert Alphabet.load('tsm').spell('taxi') == (('T', 'A', 'İ'), 'x') and Alphabet.load('kvk').spell('한A') == (('ㅎ', 'ㅏ', 'ㄴ'), 'A')
    assert Alphabet.load('tsm').number('7') == () and Alphabet.load('gsg').number('10') == ('10',)


def spelled(word, name='ase', **how):
    made = text_to_motion(word, name, **how)
    return made, [p for p in made.phases if not p.signer_left and p.kind == 'hold']


def wrist(made, times):
    "Where the right wrist is, metres."
    _, joints = load().fk(made.motion.poses, made.motion.trans, made.motion.betas)
    return joints[[round(t*made.motion.fps) for t in times], joint('right_wrist')]


@pytest.mark.parametrize('name, word', [('ase', 'Bell'), ('gsg', 'Ott'), ('kvk', '끈')])
def test_a_double_letter_slides_to_the_side_and_no_other_does(name, word):
    made, holds = spelled(word, name)
    twice = next(n for n in range(1, len(holds)) if holds[n].gloss == holds[n-1].gloss)
    middle = [(p.start + p.end)/2 for p in holds]
    step = wrist(made, middle)[twice] - wrist(made, middle)[twice - 1]
    assert -.06 < step[0] < -.03 and np.abs(step[1:]).max() < .015


def test_the_hand_does_not_bounce_from_letter_to_letter():
    made, holds = spelled('Ivy')
    first, last = holds[0], holds[-1]
    heights = wrist(made, np.linspace(first.start, last.end, 40))[:, 1]
    assert np.ptp(heights) < .03


def test_a_word_has_a_shape_in_time():
    _, holds = spelled('Washington')
    length = [p.end - p.start for p in holds]
    assert length[-1] == max(length) and length[0] > max(length[1:-1]) and np.ptp(length[1:-1]) < .02
    short = [p.end - p.start for p in spelled('Bob')[1]]
    assert short[1] > length[1]


def test_spelling_has_a_speed_of_its_own():
    usual, quick, slow = (text_to_motion('my name Bob', spelling=x).motion.spans for x in (1., 2., .5))
    lengths = [[s.end - s.start for s in spans] for spans in (usual, quick, slow)]
    assert np.allclose(lengths[0][:2], lengths[1][:2]) and lengths[1][2] < .75*lengths[0][2] and lengths[2][2] > 1.5*lengths[0][2]


@pytest.mark.parametrize('name, word', [('gsg', 'Schöße'), ('sgg', 'Zürich'), ('tsm', 'Iğdır'), ('tsm', 'Anne'), ('aed', 'Ñandú'), ('kvk', '서울')])
def test_spelled_words_keep_the_limits_of_a_body(name, word):
    seen = fidelity(text_to_motion(word, name)).clip
    assert seen['speed'] <= 4 and seen['turn_deg'] < 45


def test_an_unverified_alphabet_says_so_wherever_it_is_used():
    made = text_to_motion('Rosario', 'aed')
    assert 'unverified' in made.notes[0] and made.motion.meta['notes'] == list(made.notes)
    assert text_to_motion('Ulm', 'gsg').notes == () and 'notes' not in text_to_motion('Ulm', 'gsg').motion.meta
