"""The shipped lexicon and alphabet line by line, and the files that people write by hand, good and bad."""
import csv
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from signbook.core import SignbookError, assets
from signbook.motion.formats import save
from signbook.motion.motion import Motion
from signbook.signing.lexicon import COLUMNS, Alphabet, Lexicon, check, read_table, reviewed
from signbook.signing.nonmanual import SHOWN

LEXICON, ALPHABET = Lexicon.load('ase'), Alphabet.load('ase')
HEADER = '\t'.join(COLUMNS)
GOOD = 'BOOK\tbook\tnoun\t\tflathand extfingero palmu\t\tme\t'


# ---- what ships

def test_the_shipped_lexicon_has_no_problem():
    assert check(assets('lexicon', 'ase.tsv')) == []


@pytest.mark.parametrize('entry', LEXICON, ids=lambda e: e.id)
def test_notation_prints_back_as_written(entry):
    assert ' '.join(entry.sign.names) == entry.hamnosys


@pytest.mark.parametrize('letter', ALPHABET.letters.values(), ids=lambda x: x.letter)
def test_letters_print_back_as_written(letter):
    assert ' '.join(letter.sign.names) == letter.hamnosys


def test_the_alphabet_is_complete():
    assert set(ALPHABET.letters) == set('ABCDEFGHIJKLMNOPQRSTUVWXYZ') | {str(n) for n in range(101)}


def test_every_word_leads_to_its_sign():
    for entry in LEXICON:
        for word in entry.words: assert entry in LEXICON.lookup(word)


def test_every_entry_has_a_part_of_speech():
    assert [e.id for e in LEXICON if not e.pos] == []


def test_few_words_are_ambiguous():
    "A word that leads to several signs is a choice left to the user, so there should be a reason for each. Pointing has a second place for everybody."
    here = {w: [e for e in entries if 'other side' not in e.sense] for w, entries in LEXICON.by_word.items()}
    assert {w for w, entries in here.items() if len(entries) > 1} == {
        'charge', 'cool', 'each other', 'free', 'her', 'lamp', 'light', 'like', 'no', 'out', 'right', 'save', 'sign', 'store', 'yet'}


def test_no_two_signs_look_the_same():
    same = Counter((e.hamnosys, e.nonmanual) for e in LEXICON)
    assert [e.id for e in LEXICON if same[e.hamnosys, e.nonmanual] > 1] == []


def test_there_are_enough_signs():
    assert len(LEXICON) >= 400


def test_face_and_head_can_be_shown():
    tags = {t for e in LEXICON for t in e.nonmanual}
    assert tags <= SHOWN and {'head:SH', 'head:NO', 'eyebrows:FU'} <= tags


def test_nothing_is_called_reviewed():
    "This test goes the day a signer reviews a line, and the claim with it."
    assert reviewed(LEXICON) == 0


def test_questions_furrow_the_brows():
    for gloss in ('WHAT', 'WHERE', 'WHO', 'WHEN', 'WHY', 'HOW', 'WHICH'): assert 'eyebrows:FU' in LEXICON.get(gloss).nonmanual


# ---- facts of well-known signs, checked through the parsed notation

@pytest.mark.parametrize('gloss,site,part', [
    ('MOTHER', 'chin', 'thumb'), ('FATHER', 'forehead', 'thumb'), ('DEAF', 'ear', 'indexfinger'), ('THINK', 'forehead', 'indexfinger'),
    ('WATER', 'chin', 'indexfinger'), ('SEE', 'cheek', 'middlefinger'), ('RED', 'lips', 'indexfinger'), ('NOT', 'underchin', 'thumb')])
def test_where_a_sign_touches(gloss, site, part):
    names = LEXICON.get(gloss).hamnosys.split()
    assert site in names and part in names[names.index(site):]


@pytest.mark.parametrize('glosses,hands', [('MOTHER YOU SEE WHERE DRINK', 1), ('SCHOOL HELP FAMILY WANT BOOK', 2)])
def test_one_hand_or_two(glosses, hands):
    for gloss in glosses.split():
        segment = LEXICON.get(gloss).sign.segments[0]
        assert (2 if segment.symmetry or segment.posture.other else 1) == hands, gloss


# ---- against the published coding of ASL-LEX 2.0 (facts only, never shipped)

def test_sides_agree_with_asl_lex(shared_data):
    "One hand or two: at least 85 % of the signs that both have agree (variants differ)."
    with open(shared_data/'asl_lex'/'phonology.csv', encoding='utf-8') as f: rows = list(csv.DictReader(f))
    types = {}
    for r in rows: types.setdefault(r['EntryID'].rstrip('_0123456789').lower(), set()).add(r['SignType.2.0'] == 'OneHanded')
    agree = []
    for e in LEXICON:
        coded = types.get(e.gloss.lower().replace('-', '_').replace("'", ''))
        segment = e.sign.segments[0]
        if coded: agree.append((not segment.symmetry and segment.posture.other is None) in coded)
    assert len(agree) > 100 and sum(agree) / len(agree) >= .85


# ---- files that people write

def write(path, *lines, encoding='utf-8', end='\n'):
    path.write_bytes(end.join(lines).encode(encoding))
    return path


@pytest.mark.parametrize('line,says', [
    ('BOOK\tbook\tnoun\t\tflathand extfingero palmu\t\tme', '8 columns'),
    (GOOD + '\textra', '8 columns'),
    (GOOD.replace('BOOK', 'book'), 'capitals'),
    (GOOD.replace('BOOK', 'MY BOOK'), 'capitals'),
    (GOOD.replace('BOOK', '12'), 'number'),
    (GOOD.replace('\tbook\t', '\t | \t'), 'no words'),
    (GOOD.replace('noun', 'noun|thing'), "part of speech 'thing'"),
    (GOOD.replace('palmu\t\t', 'palmu\tsmile\t'), 'SiGML tag'),
    (GOOD.replace('\tme\t', '\t\t'), 'source is empty'),
    (GOOD.replace('flathand extfingero palmu', ''), 'hamnosys is empty'),
    (GOOD.replace('palmu', 'palmx'), 'palmx'),
    (GOOD.replace('extfingero palmu', 'parbegin palmu'), 'expected plus'),
    (GOOD.replace('BOOK', 'BÜCHER'), 'capitals'),
])
def test_check_names_the_line_and_the_problem(tmp_path, line, says):
    problems = check(write(tmp_path/'xxx.tsv', HEADER, '# a comment', line))
    assert [p.line for p in problems] == [3] and says in str(problems[0]) and str(problems[0]).startswith('xxx.tsv:3: ')


def test_a_second_entry_needs_another_sense(tmp_path):
    assert 'another sense' in str(check(write(tmp_path/'xxx.tsv', HEADER, GOOD, GOOD))[0])
    two = check(write(tmp_path/'xxx.tsv', HEADER, GOOD, GOOD.replace('noun\t\t', 'verb\tto book a room\t')))
    assert two == []


def test_every_problem_is_listed_and_the_rest_is_read(tmp_path):
    path = write(tmp_path/'xxx.tsv', HEADER, 'nope', GOOD, GOOD.replace('BOOK', 'pen'), '', GOOD.replace('BOOK', 'PEN'))
    assert [p.line for p in check(path)] == [2, 4]
    with pytest.raises(SignbookError, match=r'xxx.tsv:2: .*and 1 more'): Lexicon.load(path)


@pytest.mark.parametrize('content,says', [
    (b'', 'first line must be'),
    (b'gloss,words\nBOOK,book\n', 'first line must be'),
    (HEADER.encode() + b'\nB\xd6\xd6K\tbook\t\tflathand\t\tme\t\n', 'UTF-8'),
])
def test_files_that_are_no_lexicon(tmp_path, content, says):
    (tmp_path/'xxx.tsv').write_bytes(content)
    with pytest.raises(SignbookError, match=says): Lexicon.load(tmp_path/'xxx.tsv')


def test_paths_that_are_no_file(tmp_path):
    with pytest.raises(SignbookError, match='found none'): Lexicon.load(tmp_path/'none.tsv')
    (tmp_path/'folder.tsv').mkdir()
    with pytest.raises(SignbookError, match='cannot be read'): Lexicon.load(tmp_path/'folder.tsv')
    with pytest.raises(SignbookError, match='signbook ships ase'): Lexicon.load('xyz')
    with pytest.raises(SignbookError, match='signbook ships'): Lexicon.load('../lexicon/ase')


@pytest.mark.parametrize('kind', ['bom', 'crlf', 'spaces'])
def test_what_editors_do_to_files_is_no_problem(tmp_path, kind):
    good = GOOD.replace('\tbook\t', '\t book | books \t') if kind == 'spaces' else GOOD
    path = write(tmp_path/'xxx.tsv', ('\ufeff' if kind == 'bom' else '') + HEADER, good, end='\r\n' if kind == 'crlf' else '\n')
    assert check(path) == [] and [e.gloss for e in Lexicon.load(path).lookup('Book')] == ['BOOK']


def test_a_file_without_parts_of_speech_is_read(tmp_path):
    head, good = ('\t'.join(c for i, c in enumerate(x.split('\t')) if i != 2) for x in (HEADER, GOOD))
    path = write(tmp_path/'xxx.tsv', head, good)
    assert check(path) == [] and Lexicon.load(path).get('BOOK').pos == ()


def test_columns_may_come_in_any_order(tmp_path):
    path = write(tmp_path/'xxx.tsv', '\t'.join(COLUMNS[::-1]), '\t'.join(GOOD.split('\t')[::-1]))
    assert check(path) == [] and Lexicon.load(path).get('BOOK').pos == ('noun',)
    assert 'first line must be' in str(check(write(tmp_path/'yyy.tsv', HEADER + '\tgloss', GOOD + '\tBOOK'))[0])


@pytest.mark.parametrize('hamnosys,clip,says', [
    ('flathand', 'a.npz', 'both hamnosys and clip'), ('', '', 'hamnosys is empty'), ('', 'none.npz', 'none.npz'), ('', 'a.pose', 'holds points'),
    ('', 'a.npz#2-1', 'expected a piece within its 1.00 s'), ('', 'a.npz#0-7', 'expected a piece within its 1.00 s'), ('', 'a.npz#0.2-', ''), ('', 'a.npz#0-1', '')])
def test_a_sign_may_be_a_clip(tmp_path, hamnosys, clip, says):
    meta = dict(source='me', licence='CC0', language='ase', synthetic=False, generator='none')
    save(Motion(poses=np.zeros((30, 55, 3)), meta=meta), tmp_path/'a.npz')
    path = write(tmp_path/'xxx.tsv', HEADER + '\tclip', GOOD.replace('flathand extfingero palmu', hamnosys) + '\t' + clip)
    problems = check(path)
    assert (len(problems) == 1 and problems[0].line == 2 and says in problems[0].text) if says else problems == []
    if not problems:
        entry = Lexicon.load(path).get('BOOK')
        assert len(entry.clip.load()) in (24, 30)
        with pytest.raises(SignbookError, match='no notation'): entry.sign


def test_own_signs_come_first_and_replace(tmp_path):
    own = write(tmp_path/'own.tsv', HEADER, GOOD.replace('\tme\t', '\tmine\t'), GOOD.replace('BOOK\tbook', 'TOME\tbook|tome'))
    both = Lexicon.load('ase', [own])
    assert [e.id for e in both.lookup('book')] == ['BOOK', 'TOME'] and both.get('BOOK').source == 'mine' and len(both) == len(LEXICON) + 1
    assert both.language == 'ase' and Lexicon.load('qaa', [own]).language == 'qaa' and len(Lexicon.load('qaa', [own])) == 2
    for code in ('xyz', 'english', '../ase'):
        with pytest.raises(SignbookError, match='signbook ships'): Lexicon.load(code, [own] if code != 'xyz' else [])


def test_notation_is_parsed_only_when_asked(tmp_path):
    "A bad notation stops nobody from glossing; it is named when the sign is needed."
    lexicon = Lexicon.load(write(tmp_path/'xxx.tsv', HEADER, GOOD.replace('palmu', 'palmx')))
    with pytest.raises(SignbookError, match=r'xxx.tsv:2 \(BOOK\): .*palmx'): lexicon.get('BOOK').sign


def test_a_language_of_your_own(tmp_path):
    path = write(tmp_path/'qaa.tsv', HEADER, GOOD.replace('book', 'libro|libreto'))
    lexicon = Lexicon.load(path)
    assert lexicon.language == 'qaa' and lexicon.lookup('LIBRETO')[0].gloss == 'BOOK'
    alphabet = Alphabet.load(write(tmp_path/'qaa_letters.tsv', 'letter\thamnosys\tnote', 'ch\tfist extfingeru palmd\t', 'A\tfist extfingeru palmd\t'))
    assert alphabet.spell('cha') == (('CH', 'A'), '')
    with pytest.raises(SignbookError, match='first line must be letter'): Alphabet.load(path)


def test_reading_is_quick_and_light():
    "Looking a word up loads neither the parser nor anything heavier than numpy."
    code = ("import sys, time; from signbook.signing.lexicon import Lexicon; t = time.process_time(); Lexicon.load('ase').lookup('book'); "
            "print(time.process_time() - t, *(m for m in ('torch', 'scipy', 'lemminflect', 'signbook.signing.hamnosys') if m in sys.modules))")
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.split()
    assert float(out[0]) < .2 and out[1:] == []


def test_tables_keep_line_numbers(tmp_path):
    rows, problems = read_table(write(tmp_path/'t.tsv', 'a\tb', '', '# note', '1\t2', '3'), ('a', 'b'))
    assert rows == [(4, dict(a='1', b='2'))] and [p.line for p in problems] == [5]
