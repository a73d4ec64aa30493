"The command line as a shell sees it: what it writes, what it says, and how long it makes people wait."
import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from signbook.cli import SUFFIXES, extras, run
from signbook.motion.skeleton import arkit

PROGRAM = [sys.executable, '-c', 'from signbook.cli import main; main()']
MAGIC = {'.npz': b'PK', '.glb': b'glTF', '.mp4': b'ftyp', '.webm': b'\x1aE\xdf\xa3', '.gif': b'GIF8', '.png': b'\x89PNG', '.bvh': b'HIERARCHY',
         '.vtt': b'WEBVTT'}


def shell(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, timeout=120, **options)


def seconds(*words: str, **options) -> float:
    "Processor time of a fresh process, the best of three: what the clock would say if nothing else ran on this machine."
    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = shell(*words, **options)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return min(once() for _ in range(3))


def test_sign_writes_every_output(tmp_path, capsys):
    names = [tmp_path/f'hello{suffix}' for suffix in SUFFIXES]
    options = [word for name in names for word in ('-o', str(name))]
    assert run(['sign', 'hello', *options]) == 0
    out, err = capsys.readouterr()
    for path in names:
        assert MAGIC.get(path.suffix, b'') in path.read_bytes()[:64], path.name
        assert str(path) in out
    assert 'not reviewed' in err.lower(), 'the notice goes with every result'
    assert sorted(os.listdir(tmp_path)) == sorted(p.name for p in names), 'nothing temporary is left behind'


def test_options_reach_the_motion(tmp_path):
    def length(*options):
        path = tmp_path/'x.npz'
        assert run(['sign', 'hello, thank you', '-o', str(path), *options]) == 0
        return len(np.load(path, allow_pickle=False)['poses'])
    usual = length()
    assert length('--speed', '0.5') > usual > length('--speed', '2')
    assert length('--transition', '2') > usual
    assert length('--pause', '3') > usual > length('--pause', '0.25')
    assert length('--emotion', 'sad') > usual > length('--emotion', 'angry')


def test_feelings_and_mouthing_reach_the_face(tmp_path, capsys):
    def face(*options):
        assert run(['sign', 'mother', '-o', str(tmp_path/'x.npz'), *options]) == 0
        return np.load(tmp_path/'x.npz', allow_pickle=False)['signbook_arkit52']
    mouth = lambda x: x[:, arkit('jawOpen')].max()
    assert mouth(face('--mouthing', '0')) < .01 < mouth(face()) < mouth(face('--mouthing', '1'))
    assert face('--emotion', 'angry')[:, arkit('browDownLeft')].max() > .9
    assert run(['sign', 'mother', '-o', str(tmp_path/'x.npz'), '--emotion', 'hungry']) == 2 and 'expected one of neutral' in capsys.readouterr().err


def test_same_seed_same_bytes(tmp_path):
    paths = [tmp_path/f'{name}.npz' for name in 'abc']
    for path, seed in zip(paths, '778'):
        assert run(['sign', 'hello', '-o', str(path), '--seed', seed]) == 0
    clips = [np.load(p, allow_pickle=False)['poses'] for p in paths]
    assert np.array_equal(clips[0], clips[1])
    assert not np.array_equal(clips[0], clips[2])


def test_left_handed_moves_the_other_hand(tmp_path):
    travel = {}
    for hand, options in (('right', []), ('left', ['--left-handed'])):
        path = tmp_path/f'{hand}.npz'
        assert run(['sign', 'A B C', '-o', str(path), *options]) == 0
        poses = np.load(path, allow_pickle=False)['poses'].reshape(-1, 55, 3)
        travel[hand] = [np.abs(np.diff(poses[:, part], axis=0)).sum() for part in (slice(25, 40), slice(40, 55))]
    assert travel['right'][1] > 3*travel['right'][0]
    assert travel['left'][0] > 3*travel['left'][1]


def test_gloss_prints_json(capsys):
    assert run(['gloss', 'Hello Zyxwv']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['language'] == 'ase'
    assert 'HELLO' in report['line']
    assert 'Zyxwv' in str(report['coverage']['spelled'])


def test_text_from_a_pipe():
    done = shell('gloss', '-', input='thank you')
    assert done.returncode == 0 and 'THANK' in json.loads(done.stdout)['line']


def test_reader_that_goes_away_is_no_error():
    done = subprocess.run(f'{" ".join(map(repr, PROGRAM))} gloss hello | head -c 1', shell=True, capture_output=True, text=True)
    assert done.stderr == ''


def test_hamnosys_by_names_and_by_characters(tmp_path):
    from signbook.signing.hamnosys import parse
    names = 'hamflathand hamextfingeru hampalmd hamchest hamclose hammoveo'
    for i, notation in enumerate((names, str(parse(names)))):
        assert run(['hamnosys', notation, '-o', str(tmp_path/f'{i}.npz')]) == 0
    a, b = (np.load(tmp_path/f'{i}.npz', allow_pickle=False)['poses'] for i in (0, 1))
    assert np.array_equal(a, b)


def test_what_is_mended_or_not_shown_is_said(tmp_path, capsys):
    out = str(tmp_path/'a.npz')
    assert run(['hamnosys', 'hamfist hamextfingeru hampalmd hampalmd', '-o', out, '--lenient']) == 0
    assert 'mended: ' in capsys.readouterr().err
    sign = '<hns_sign gloss="{}"{}><hamnosys_manual><hamfist/><hamextfingeru/><hampalmd/>{}</hamnosys_manual></hns_sign>'
    unread = '<hns_sign gloss="C"><hamnosys_manual><hamnothing/></hamnosys_manual></hns_sign><hns_sign gloss="D"/>'
    (tmp_path/'s.sigml').write_text('<sigml>' + sign.format('A', ' speed="2"', '') + sign.format('B', '', '<hampalmd/>') + unread + '</sigml>')
    assert run(['hamnosys', str(tmp_path/'s.sigml'), '-o', out]) == 2
    capsys.readouterr()
    assert run(['hamnosys', str(tmp_path/'s.sigml'), '-o', out, '--lenient']) == 0
    err = capsys.readouterr().err
    assert 'A: not shown: speed 2\n' in err and 'B: mended: ' in err and "left out: line 1: sign 'C'" in err and 'only face or mouth: D' in err


COLUMNS = 'gloss\twords\tpos\tsense\thamnosys\tnonmanual\tsource\treviewed_by'
WAVE = 'WAVE\thello\tinterjection\t\tflathand extfingeru palmd shoulders lrat mover\t\tme\t'


def lexicon(path, *lines):
    path.write_text('\n'.join([COLUMNS, *lines]) + '\n')
    return str(path)


def test_a_table_is_measured(tmp_path, capsys):
    table, out = lexicon(tmp_path/'t.tsv', WAVE, WAVE.replace('palmd', 'palmx').replace('WAVE', 'BAD')), tmp_path/'o.json'
    assert run(['hamnosys', '--check', table, '--json', str(out), '--workers', '1']) == 0
    said, err = capsys.readouterr()
    assert err.startswith(f'{table}:BAD: ') and err.count('\n') == 1
    found = json.loads(out.read_text())
    assert '2 entries' in said and '50.0 %' in said and found['summary']['parsed'] == .5 and found['summary']['faults'] == {'HamNoSysError': 1}
    assert [(e['id'], e['parsed']) for e in found['entries']] == [('WAVE', True), ('BAD', False)] and 'palmx' in found['entries'][1]['error']
    assert sorted(os.listdir(tmp_path)) == ['o.json', 't.tsv']


@pytest.mark.parametrize('words', [('hamnosys',), ('hamnosys', 'hamfist'), ('hamnosys', 'hamfist', '--check', 'x.tsv'), ('hamnosys', 'hamfist', '-o', 'x.npz', '--json', 'x.json'),
                                   ('hamnosys', 'hamfist', '-o', 'x.npz', '--workers', '2'), ('lexicon', 'check', __file__), ('hamnosys', '--check', 'none.tsv'),
                                   ('hamnosys', '--check', __file__), ('lexicon', 'check', 'none.tsv'), ('lexicon', 'import', 'none', '-o', 'x.tsv'),
                                   ('lexicon', 'import', __file__, '-o', 'x.tsv'), ('sign', 'hello', '-o', 'x.npz', '--lexicon', 'none.tsv'),
                                   ('gloss', 'hello', '--language', 'xyz'), ('gloss', 'hello', '--language', 'english', '--lexicon', 'none.tsv')])
def test_one_line_about_what_cannot_be_used(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == '' and err.startswith('signbook: ') and err.count('\n') == 1 and os.listdir(tmp_path) == []


def test_own_signs_from_import_to_movement(tmp_path, capsys):
    assert run(['hamnosys', 'hamflathand hamextfingeru hampalmd hamchest hamclose hammoveo', '-o', str(tmp_path/'clip.npz')]) == 0
    (tmp_path/'index.csv').write_text('path,spoken_language,signed_language,start,end,words,glosses,priority\nclip.npz,en,ase,600,1400,friendo,Friendo,0\n')
    wave, mine = lexicon(tmp_path/'wave.tsv', WAVE), str(tmp_path/'mine.tsv')
    assert run(['lexicon', 'import', wave, str(tmp_path/'index.csv'), '-o', mine]) == 0
    assert run(['lexicon', 'check', mine]) == 0
    assert run(['sign', 'hello friendo, mother', '--lexicon', mine, '-o', str(tmp_path/'a.npz')]) == 0
    said = json.loads(str(np.load(tmp_path/'a.npz')['signbook']))
    assert [s[0] for s in said['spans']] == ['WAVE', 'FRIENDO', 'MOTHER'] and said['meta']['recorded'][0]['gloss'] == 'FRIENDO'
    capsys.readouterr()
    assert run(['gloss', 'hello Bob', '--language', 'xyz', '--lexicon', mine]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line['line'] == 'WAVE' and line['language'] == 'xyz' and 'no finger alphabet for xyz' in line['dropped' if 'dropped' in line else 'coverage']['dropped'][0]['reason']
    assert run(['lexicon', 'check', lexicon(tmp_path/'bad.tsv', WAVE, 'nope')]) == 1
    assert capsys.readouterr().out.startswith('bad.tsv:3: ')


@pytest.mark.parametrize('suffix', ['.bvh', '.pose', '.npz'])
def test_convert(tmp_path, suffix):
    source, target = tmp_path/'a.npz', tmp_path/f'b{suffix}'
    assert run(['sign', 'hello', '-o', str(source)]) == 0
    assert run(['convert', str(source), str(target)]) == 0
    assert target.stat().st_size > 1000


def test_doctor_knows_every_extra(capsys):
    assert run(['doctor']) == 0
    out = capsys.readouterr().out
    assert all(extra in out for extra in extras())
    assert 'vertices' in out


def test_help_of_every_command(capsys):
    assert run(['--help']) == 0
    commands = [line.split()[0] for line in capsys.readouterr().out.partition('Commands:')[2].splitlines() if line.strip()]
    assert {'sign', 'gloss', 'hamnosys', 'lexicon', 'convert', 'demo', 'doctor'} <= set(commands)
    for command in commands:
        assert run([command, '--help']) == 0
        assert 'Usage: signbook' in capsys.readouterr().out


def test_version_and_bare_call(capsys):
    import signbook
    assert run(['--version']) == 0
    assert capsys.readouterr().out.strip() == signbook.__version__
    assert run([]) == 0
    assert 'Commands' in capsys.readouterr().out


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    import signbook.pipeline as pipeline
    path = tmp_path/'hello.npz'
    path.write_bytes(b'precious')

    def broken(motion, path, **options):
        from signbook.core import atomic_path
        with atomic_path(path) as temporary:
            temporary.write_bytes(b'half')
            raise OSError(28, 'No space left on device', str(path))

    monkeypatch.setattr(pipeline, 'save', broken)
    assert run(['sign', 'hello', '-o', str(path)]) == 1
    assert path.read_bytes() == b'precious'
    assert os.listdir(tmp_path) == ['hello.npz']


def test_cold_start(tmp_path):
    "Bars of a short command, Python's own start included."
    assert seconds('gloss', 'hello') <= 1.0
    assert seconds('sign', 'hello', '-o', 'x.npz', cwd=tmp_path) <= 2.0
