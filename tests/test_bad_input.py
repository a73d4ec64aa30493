"""What people get wrong, one row each, and the one line they are told.

A row is: what is typed (or called), the code it ends with, and words that its line must hold. {name} is a file of FILES, made fresh for the row.
"""
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from signbook.cli import run
from signbook.core import SignbookError


def npz(path: Path, **arrays):
    np.savez(path, **arrays)
    return path


def clip(path: Path, **changes):
    "An AMASS-like file of ten frames, with the changes that spoil it."
    arrays = dict(poses=np.zeros((10, 165)), trans=np.zeros((10, 3)), betas=np.zeros(10), gender='neutral', mocap_frame_rate=30.0)
    return npz(path, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})


class Trap:
    "A pickle that would leave a mark if anything ever loaded it."
    def __reduce__(self):
        return os.system, (f'touch {Path.cwd()/"sprung"}',)


def hostile(path: Path):
    "An npz whose poses are a pickle."
    with zipfile.ZipFile(path, 'w') as z:
        head = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }"
        head += b' ' * (-(len(head) + 11) % 64) + b'\n'
        z.writestr('poses.npy', b'\x93NUMPY\x01\x00' + len(head).to_bytes(2, 'little') + head + pickle.dumps(Trap()))
    return path


FILES = {
    'empty.npz': lambda p: p.write_bytes(b''),
    'words.npz': lambda p: p.write_text('these are words, not arrays'),
    'cut.npz': lambda p: p.write_bytes(clip(p).read_bytes()[:200]),
    'other.npz': lambda p: npz(p, temperatures=np.arange(5)),
    'nan.npz': lambda p: clip(p, poses=np.full((10, 165), np.nan)),
    'narrow.npz': lambda p: clip(p, poses=np.zeros((10, 7))),
    'flat.npz': lambda p: clip(p, poses=np.zeros(165)),
    'none.npz': lambda p: clip(p, poses=np.zeros((0, 165)), trans=np.zeros((0, 3))),
    'still.npz': lambda p: clip(p, mocap_frame_rate=0.0),
    'norate.npz': lambda p: clip(p, mocap_frame_rate=None),
    'short.npz': lambda p: clip(p, trans=np.zeros((4, 3))),
    'text.npz': lambda p: clip(p, poses=np.array([['a'] * 165] * 10)),
    'hostile.npz': hostile,
    'empty.bvh': lambda p: p.write_text(''),
    'prose.bvh': lambda p: p.write_text('Once upon a time there was a skeleton.\n'),
    'cut.bvh': lambda p: p.write_text('HIERARCHY\nROOT pelvis\n{\n  OFFSET 0 0 0\n'),
    'binary.bvh': lambda p: p.write_bytes(bytes(range(256))),
    'empty.pose': lambda p: p.write_bytes(b''),
    'noise.pose': lambda p: p.write_bytes(np.random.default_rng(0).bytes(4000)),
    'broken.sigml': lambda p: p.write_text('<sigml><hns_sign gloss="X">'),
    'empty.sigml': lambda p: p.write_text('<sigml></sigml>'),
    'bomb.sigml': lambda p: p.write_text('<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><sigml><hns_sign gloss="&b;"/></sigml>'),
}

SIGN = ['sign', 'hello', '-o', 'x.npz']
FLAT = 'flathand extfingeru palmd'
SHELL = [
    # the words themselves
    (['dance'], 2, "No such command"),
    (['sign'], 2, "Missing argument"),
    (['sign', 'hello'], 2, "--output"),
    (['sign', '', '-o', 'x.npz'], 2, "nothing to sign"),
    (['sign', '   \n', '-o', 'x.npz'], 2, "nothing to sign"),
    (['sign', '🎉🎉', '-o', 'x.npz'], 2, "nothing"),
    (['sign', 'caf\udce9', '-o', 'x.npz'], 2, "UTF-8"),
    (['gloss', ''], 2, "nothing to sign"),
    (['gloss', 'hello', 'there'], 2, "unexpected extra argument"),
    # options
    ([*SIGN, '--speed', '9'], 2, "--speed"),
    ([*SIGN, '--speed', '0'], 2, "--speed"),
    ([*SIGN, '--speed', 'fast'], 2, "--speed"),
    ([*SIGN, '--speed', 'nan'], 2, "speed"),
    ([*SIGN, '--transition', '0'], 2, "--transition"),
    ([*SIGN, '--pause', '-1'], 2, "--pause"),
    ([*SIGN, '--seed', '-3'], 2, "--seed"),
    ([*SIGN, '--language', 'xxx'], 2, "xxx"),
    ([*SIGN, '--language', '../../etc/passwd'], 2, "passwd"),
    ([*SIGN, '--look', 'plaid'], 2, "plaid"),
    ([*SIGN, '--sped', '2'], 2, "--sped"),
    (['gloss', 'hello', '--language', 'xxx'], 2, "xxx"),
    # where to
    (['sign', 'hello', '-o', 'x.docx'], 2, ".docx"),
    (['sign', 'hello', '-o', 'x'], 2, "no suffix"),
    (['sign', 'hello', '-o', '.'], 2, "no suffix"),
    (['sign', 'hello', '-o', 'nowhere/x.npz'], 2, "create nowhere"),
    (['sign', 'hello', '-o', 'folder.npz'], 2, "got a folder"),
    (['sign', 'hello', '-o', 'x.npz', '-o', './x.npz'], 2, "twice"),
    (['sign', 'hello', '-o', 'x.npz', '-o', 'x.exe'], 2, ".exe"),
    # another body
    ([*SIGN, '--body', 'missing.npz'], 2, "missing.npz"),
    ([*SIGN, '--body', '{words.npz}'], 2, "words.npz"),
    ([*SIGN, '--body', '{other.npz}'], 2, "other.npz"),
    ([*SIGN, '--body', '{hostile.npz}'], 2, "hostile.npz"),
    # notation
    (['hamnosys', '', '-o', 'x.npz'], 2, "nothing"),
    (['hamnosys', 'flathand banana', '-o', 'x.npz'], 2, "banana"),
    (['hamnosys', 'hello world', '-o', 'x.npz'], 2, "hello"),
    (['hamnosys', 'parbegin moveu', '-o', 'x.npz'], 2, ""),
    (['hamnosys', 'moveu', '-o', 'x.npz'], 2, ""),
    (['hamnosys', FLAT, '-o', 'x.docx'], 2, ".docx"),
    (['hamnosys', 'missing.sigml', '-o', 'x.npz'], 2, "missing.sigml"),
    (['hamnosys', '{broken.sigml}', '-o', 'x.npz'], 2, "broken.sigml"),
    (['hamnosys', '{empty.sigml}', '-o', 'x.npz'], 2, "empty.sigml"),
    (['hamnosys', '{bomb.sigml}', '-o', 'x.npz'], 2, "bomb.sigml"),
    # files
    (['convert', 'missing.npz', 'x.bvh'], 2, "missing.npz"),
    (['convert', '{words.npz}'], 2, "Missing argument"),
    (['convert', '{words.npz}', 'x.docx'], 2, ".docx"),
    (['convert', 'folder.npz', 'x.bvh'], 2, "got a folder"),
    *[(['convert', f'{{{name}}}', 'x.npz'], 2, name) for name in FILES if not name.endswith('.sigml')],
    # the page
    (['demo', '--port', '0'], 2, "--port"),
    (['demo', '--port', '70000'], 2, "--port"),
    (['demo', '--port', 'http'], 2, "--port"),
]


@pytest.mark.parametrize('words, code, said', SHELL, ids=[' '.join(w).encode('ascii', 'replace').decode()[:60] for w, *_ in SHELL])
def test_shell(words, code, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path/'folder.npz').mkdir()
    for i, word in enumerate(words):
        if word[:1] == '{':
            FILES[word[1:-1]](tmp_path/word[1:-1])
            words = [*words[:i], word[1:-1], *words[i + 1:]]
    before = sorted(os.listdir(tmp_path))
    assert run(words) == code
    out, err = capsys.readouterr()
    assert out == '', 'nothing but the error is said'
    assert err.startswith('signbook: ') and err.count('\n') == 1 and len(err) < 400, err
    assert said in err, err
    assert 'unexpected' not in err or said == 'unexpected extra argument', err
    assert sorted(os.listdir(tmp_path)) == before, 'nothing is written'


def changed(place, choice):
    from signbook.demo import changed_line, text_to_line
    return changed_line(text_to_line('hello my friend'), place, choice)


def typed(text):
    from signbook.demo import text_to_line
    return text_to_line(text)


def edited(line):
    from signbook.demo import edited_line
    return edited_line(line, None)


def chosen(**settings):
    from signbook.demo import Settings
    return Settings(**settings)


def fetched(name, suffix):
    from signbook.clips import Clips, clip_file
    clips = Clips()
    try:
        return clip_file(clips, name, suffix)
    finally:
        clips.close()


PAGE = [
    # what is typed into the page
    (typed, [''], "no sentence yet"),
    (typed, [None], "no sentence yet"),
    (typed, [' \n\t '], "no sentence yet"),
    (typed, ['x' * 501], "501 characters"),
    (typed, ['🎉🎉'], "🎉🎉"),
    (typed, ['שלום'], "Latin alphabet"),
    (typed, ['!?...'], "signed or spelled"),
    (typed, ['\x00\x01'], "signed or spelled"),
    # the gloss line that is edited
    (edited, [''], "no gloss line yet"),
    (edited, ['BANANAPHONE'], "no sign 'BANANAPHONE'"),
    (edited, ['HELLO/9'], "HELLO/9"),
    (edited, ['fs-'], "nothing to spell"),
    (edited, ['fs-日本'], "日本"),
    (edited, [', .'], "signed or spelled"),
    (edited, ['A ' * 300], "characters"),
    (changed, [99, 'drop'], "token 99"),
    (changed, [-1, 'drop'], "token -1"),
    (changed, [0, 'sign:NOPE'], "NOPE"),
    # what is chosen, by the page or by somebody who talks to it directly
    (chosen, [dict(language='../..')], "language"),
    (chosen, [dict(hand='both')], "hand"),
    (chosen, [dict(speed=9)], "speed"),
    (chosen, [dict(speed=float('nan'))], "speed"),
    (chosen, [dict(speed='fast')], "speed"),
    (chosen, [dict(pause=-1)], "pause"),
    (chosen, [dict(look='<script>')], "unknown look"),
    # clips that are not there
    (fetched, ['../../etc/passwd', '.glb'], "no longer kept"),
    (fetched, ['0' * 32, '.glb'], "no longer kept"),
    (fetched, ['0' * 32, '.exe'], ".exe"),
]


@pytest.mark.parametrize('call, given, said', PAGE, ids=[f'{c.__name__} {g}'.encode('ascii', 'replace').decode()[:60] for c, g, _ in PAGE])
def test_page(call, given, said):
    with pytest.raises(SignbookError) as error:
        call(**given[0]) if isinstance(given[0], dict) else call(*given)
    line = str(error.value)
    assert said in line and '\n' not in line and len(line) < 300, line


def test_hostile_pickle_is_never_loaded(tmp_path, monkeypatch):
    "The trap works when it is sprung on purpose, so the rows above prove something."
    monkeypatch.chdir(tmp_path)
    hostile(tmp_path/'hostile.npz')
    assert run(['convert', 'hostile.npz', 'x.npz']) == 2
    assert not (tmp_path/'sprung').exists()
    np.load(tmp_path/'hostile.npz', allow_pickle=True)['poses']
    assert (tmp_path/'sprung').exists()


def test_forty_cases_at_least():
    assert len(SHELL) + len(PAGE) >= 40
