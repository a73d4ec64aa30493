"""Records of text and skeletons worn out: damaged sets, random ones, those of Progressive Transformers, whole sentences there and back.

Files under the shared data are of other projects and not in the repository: tests that need them skip where they are absent.
"""
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signbook.core import SignbookError
from signbook.data import prompt2sign as p2s
from signbook.data.prompt2sign import (COUNTERS, STYLES, Record, format_line, parse_line, read_records, read_skels, read_tracked,
                                       save_records, save_tracked, to_points, to_values)
from signbook.data.prompts import prompt_for, templates
from signbook.data.upper_body import motion_to_points, points_to_metres, points_to_motion
from signbook.motion.body import load
from signbook.motion.motion import CHANNELS, STATES
from signbook.motion.npz import load_npz, save_npz
from signbook.pipeline import text_to_motion

META = dict(source='a test', licence='Apache-2.0', language='gsg', synthetic=False, generator='test_prompt2sign')


def records(n, style='prompt2sign', gloss=True, seed=0):
    rng, wide = np.random.default_rng(seed), STYLES[style].values
    return [Record(f'dev/{i}', f'Sätze {i} \u2028 ok', rng.normal(size=(i % 4 + 1, wide)), 'WORT' if gloss else None) for i in range(n)]


@pytest.mark.parametrize('style', STYLES)
@pytest.mark.parametrize('gloss', [True, False])
def test_round_trip(tmp_path, style, gloss):
    made = records(7, style, gloss)
    assert save_records(made, tmp_path/'dev', style) == 7
    assert {p.name for p in tmp_path.iterdir()} == {'dev.skels', 'dev.text', 'dev.files', *(['dev.gloss'] if gloss else [])}
    for a, b in zip(made, read_records(tmp_path/'dev', style), strict=True):
        assert (a.id, a.text, a.gloss) == (b.id, b.text, b.gloss)
        np.testing.assert_array_equal(a.values.round(5), b.values)
        np.testing.assert_array_equal(COUNTERS[STYLES[style].counter](len(a.values)).round(5), b.counter)
    again = tmp_path/'again'; again.mkdir()
    save_records(read_records(tmp_path/'dev', style), again/'dev', style)
    assert all(p.read_bytes() == (again/p.name).read_bytes() for p in tmp_path.glob('dev.*')), 'the second time byte by byte'


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e4, 1e4), min_size=150, max_size=150))
def test_five_decimals_of_any_number(values):
    read, _ = parse_line(format_line([values]))
    np.testing.assert_allclose(read[0], values, atol=5.1e-6, rtol=1e-12)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode('latin-1')))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(SignbookError):
        parse_line(text)


def damaged(tmp_path):
    "A good set of three, to be spoiled."
    save_records(records(3), tmp_path/'dev')
    return tmp_path/'dev', (tmp_path/'dev.skels').read_text().splitlines()


@pytest.mark.parametrize('spoil, line, says', [
    (lambda l: l[:len(l)//2].rsplit(' ', 1)[0], 2, 'expected a multiple of 151 numbers'),
    (lambda l: '', 2, 'got 0'),
    (lambda l: l + ' 0.5', 3, 'multiple of 151'),
    (lambda l: ' '.join(l.split()[:148] + l.split()[150:151]), 1, 'got 149'),
    (lambda l: l.replace(l.split()[7], 'nan', 1), 2, 'nan or infinite'),
    (lambda l: l.replace(l.split()[7], 'inf', 1), 3, 'nan or infinite'),
    (lambda l: l.replace(l.split()[7], 'seven', 1), 2, 'expected numbers'),
    (lambda l: l.replace(l.split()[7], '0,7', 1), 2, 'expected numbers'),
    (lambda l: l.replace(' ', '\t\x00', 1), 2, 'expected numbers'),
    (lambda l: ' '.join(l.split()[1:] + l.split()[:1]), 3, 'counter: expected to rise'),
])
def test_a_damaged_line_is_named(tmp_path, spoil, line, says):
    stem, lines = damaged(tmp_path)
    lines[line - 1] = spoil(lines[line - 1])
    (tmp_path/'dev.skels').write_text('\n'.join(lines) + '\n')
    with pytest.raises(SignbookError, match=rf'dev\.skels, line {line}: .*{says}') as caught:
        list(read_records(stem))
    assert '\n' not in str(caught.value)
    with pytest.raises(SignbookError, match=f'line {line}'):
        list(read_skels(tmp_path/'dev.skels'))


@pytest.mark.parametrize('kind', ['skels', 'files', 'text', 'gloss'])
def test_files_of_a_set_agree(tmp_path, kind):
    stem, _ = damaged(tmp_path)
    path = tmp_path/f'dev.{kind}'
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b''.join(lines[:2]))
    reader, got = read_records(stem), []
    with pytest.raises(SignbookError, match=rf'dev\.{kind}: expected as many lines as .* got 2 \(line 3 is missing\)'):
        for record in reader: got.append(record)
    assert len(got) == 2
    path.write_bytes(b''.join(lines + lines[-1:]))
    with pytest.raises(SignbookError, match='line 4 is missing'):
        list(read_records(stem))
    path.write_bytes(b'')
    with pytest.raises(SignbookError, match=f'dev.{kind}: .*line 1 is missing'):
        list(read_records(stem))


def test_files_that_are_not_there_or_not_text(tmp_path):
    stem, _ = damaged(tmp_path)
    (tmp_path/'dev.text').write_bytes(b'fine\n\xff\xfe\n\n')
    with pytest.raises(SignbookError, match=r'dev\.text, line 2: expected UTF-8'):
        list(read_records(stem))
    (tmp_path/'dev.text').unlink()
    with pytest.raises(SignbookError, match=r'dev\.text: .*check the path'):
        list(read_records(stem))
    for kind in ('skels', 'files', 'text', 'gloss'): (tmp_path/f'dev.{kind}').write_bytes(b'')
    with pytest.raises(SignbookError, match='empty file'):
        list(read_records(stem))
    with pytest.raises(SignbookError, match='empty file'):
        list(read_skels(tmp_path/'dev.skels'))
    with pytest.raises(SignbookError, match='check the path'):
        list(read_skels(tmp_path))


def test_line_ends_and_marks_of_other_systems(tmp_path):
    stem, _ = damaged(tmp_path)
    for kind in ('skels', 'text', 'files', 'gloss'):
        path = tmp_path/f'dev.{kind}'
        path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes().replace(b'\n', b'\r\n').removesuffix(b'\r\n'))
    for a, b in zip(records(3), read_records(stem), strict=True):
        assert (a.id, a.text, a.gloss) == (b.id, b.text, b.gloss)
        np.testing.assert_array_equal(a.values.round(5), b.values)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(p2s, 'LIMIT', 1 << 20)
    (tmp_path/'zeros.skels').write_bytes(b'0 '*(1 << 20))
    with pytest.raises(SignbookError, match='zeros.skels, line 1: expected at most 1 MiB'):
        list(read_skels(tmp_path/'zeros.skels'))
    with pytest.raises(SignbookError, match='cut the clip'):
        save_records([Record('a', 'b', np.zeros((1000, 150)))], tmp_path/'long')


def test_a_failed_writer_leaves_what_was_there(tmp_path):
    stem, _ = damaged(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    good = records(3)
    for bad, says in [(Record('x', 'y', np.full((2, 150), np.nan), ''), r'record 4 \(x\): values'), (Record('x', 'y', np.zeros((2, 149)), ''), 'shape'),
                      (Record('x', 'y', np.zeros((0, 150)), ''), 'at least one frame'), (Record('x', 'y', np.zeros((2, 150))), 'gloss: expected all'),
                      (Record('x\r', 'y', np.zeros((2, 150)), ''), 'files: expected one line'),
                      (Record('x', 'y', np.zeros((2, 150)), '', np.array([1., 0])), 'counter: expected to rise')]:
        with pytest.raises(SignbookError, match=says):
            save_records(iter([*good, bad]), stem)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before

    def dies():
        yield good[0]
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        save_records(dies(), stem)
    with pytest.raises(SignbookError, match='at least one'):
        save_records([], stem)
    with pytest.raises(SignbookError, match='existing folder'):
        save_records(good, tmp_path/'nowhere'/'dev')
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    save_records(records(2, gloss=False), stem)
    assert not (tmp_path/'dev.gloss').exists(), 'glosses of the set that was replaced would not fit the new one'
    assert [r.gloss for r in read_records(stem)] == [None, None]


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(n):
        values = np.zeros((20, 150))
        tracemalloc.start()
        save_records((Record(str(i), 'a', values) for i in range(n)), tmp_path/'big')
        for record in read_records(tmp_path/'big'): assert len(record.values) == 20
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used
    assert peak(200) < 1.3*peak(20)


@pytest.mark.parametrize('style', ['prompt2sign', 'progressive'])
def test_joints_come_back_from_both_scalings(style):
    points = np.random.default_rng(1).normal(size=(9, 50, 3))
    points[:, 2, 0], points[:, 5, 0], points[:, 1] = -.5, .5, 0
    points[3:5, 29:] = np.nan
    again = to_points(parse_line(format_line(to_values(points, style), style=style), style)[0], style)
    np.testing.assert_allclose(again, points, atol=5.1e-6*STYLES[style].divide)
    other = 'progressive' if style == 'prompt2sign' else 'prompt2sign'
    ratio = STYLES[other].divide/STYLES[style].divide
    np.testing.assert_allclose(to_points(to_values(points, style), other)[:3, 2:], ratio*points[:3, 2:], err_msg='a wrong style is a wrong size')


def test_tracked_points(tmp_path):
    h5py = pytest.importorskip('h5py')
    rng = np.random.default_rng(2)
    clips = {name: rng.normal(size=(T, 50, 3)).astype(np.float32) for name, T in (('a', 3), ('dev/b-1', 1), ('dev/c', 40))}
    save_tracked(clips.items(), tmp_path/'clips.h5')
    read = dict(read_tracked(tmp_path/'clips.h5'))
    assert list(read) == sorted(clips) and all(np.array_equal(read[n], clips[n]) for n in clips)
    before = (tmp_path/'clips.h5').read_bytes()
    with pytest.raises(SignbookError, match='a name of its own'):
        save_tracked([('a', clips['a']), ('a', clips['a'])], tmp_path/'clips.h5')
    for name in ('', '/', '/a'):
        with pytest.raises(SignbookError, match='name: expected'): save_tracked([(name, clips['a'])], tmp_path/'clips.h5')
    with pytest.raises(SignbookError, match='shape'):
        save_tracked([('a', np.zeros((3, 49, 3)))], tmp_path/'clips.h5')
    assert (tmp_path/'clips.h5').read_bytes() == before
    (tmp_path/'noise.h5').write_bytes(b'no such thing')
    with h5py.File(tmp_path/'other.h5', 'w') as f: f['x'] = np.zeros((3, 149), np.float32)
    for name, says in (('noise', 'expected an HDF5 file'), ('nowhere', 'expected an HDF5 file'), ('other', 'numbers of shape')):
        with pytest.raises(SignbookError, match=says): list(read_tracked(tmp_path/f'{name}.h5'))


SENTENCES = ['My name is Anna.', 'Where is the library?', 'I do not like coffee.', 'Can you help me please?']


@pytest.fixture(scope='module')
def sentences():
    return [text_to_motion(text).motion for text in SENTENCES]


def test_sentences_come_back(sentences):
    "Joint error in millimetres from the middle of the shoulders, over whole sentences with their pauses."
    wide = np.linalg.norm(np.subtract(*load().joints()[[16, 17]]))
    off = []
    for clip in sentences:
        points = motion_to_points(clip)
        again = motion_to_points(points_to_motion(points, clip.fps, clip.meta))
        off.append(1000*np.linalg.norm(points_to_metres(again, wide) - points_to_metres(points, wide), axis=-1))
    off = np.concatenate(off)
    assert off.mean() < 1 and off[:, 2:].max() < 4, 'arms and hands'
    assert np.median(off[:, 0]) < 8 and off[:, 0].max() < 25, 'the nose: a lean and a roll are not in the joints'


def test_sentences_come_back_through_a_file(sentences, tmp_path):
    wide = np.linalg.norm(np.subtract(*load().joints()[[16, 17]]))
    for style in ('prompt2sign', 'progressive'):
        save_records((Record(t, t, to_values(motion_to_points(m), style)) for t, m in zip(SENTENCES, sentences)), tmp_path/'dev', style)
        for clip, record in zip(sentences, read_records(tmp_path/'dev', style), strict=True):
            points = to_points(record.values, style)
            off = np.linalg.norm(points_to_metres(points, wide) - points_to_metres(motion_to_points(clip), wide), axis=-1)
            assert np.nanmax(off) < 1e-4 and np.isfinite(points).all(), 'five decimals are a twentieth of a millimetre'
            made = points_to_motion(points, clip.fps, META)
            assert len(load_npz(save_npz(made, tmp_path/'clip.npz'))) == len(clip)


def test_a_trembling_tracker_makes_no_jumps(sentences):
    "Noise of a millimetre or two turns no limb round: neighbours stay neighbours."
    points = motion_to_points(sentences[0])
    noisy = points + np.random.default_rng(0).normal(size=points.shape)*.005
    calm, shaken = (load().fk(points_to_motion(p, 30, META).poses)[1] for p in (points, noisy))
    assert np.linalg.norm(calm - shaken, axis=-1)[:, :22].max() < .03


@pytest.mark.parametrize('spoil', [lambda p: p[:, 8:], lambda p: p[:, 29:40], lambda p: p[:1, 5:7], lambda p: p[:, 3:5], lambda p: p[2:, [2, 5]]])
def test_joints_that_fell_together_still_make_a_clip(spoil):
    "Trackers and models put points of a lost hand, or a whole arm, into one place."
    points = np.random.default_rng(4).normal(size=(5, 50, 3))
    spoil(points)[:] = .25
    made = points_to_motion(points, 25, META)
    assert len(made) == 5 and np.isfinite(motion_to_points(made)).all()
    assert len(points_to_motion(points[:1], 25, META)) == 1


def test_the_files_of_progressive_transformers(shared_data):
    "Ten sentences of PHOENIX: what the chapter says of them holds, and each moves the avatar."
    folder = shared_data/'formats'/'prompt2sign_skels'
    if not folder.is_dir(): pytest.skip('no .skels among the data')
    made = [r for split in ('train', 'dev') for r in read_records(folder/split, 'progressive')]
    assert len(made) == 10 and all(r.gloss and r.text for r in made)
    for r in made:
        raw = r.values.reshape(-1, 50, 3)*3
        np.testing.assert_allclose(r.counter, COUNTERS['from zero'](len(raw)), atol=1e-4)
        assert not raw[:, 1].any() and abs(np.median(np.linalg.norm(raw[:, 2] - raw[:, 5], axis=-1)) - 1) < .01
        assert np.median(raw[:, 7, 1]) < np.median(raw[:, 4, 1]) and np.median(raw[:, 7, 0]) < 0, 'the busy hand is at the left of the picture'
        points = to_points(r.values, 'progressive')
        assert np.nanmedian(points[:, 2, 0]) < 0 < np.nanmedian(points[:, 5, 0])
        np.testing.assert_array_equal(to_values(points, 'progressive').round(5), r.values)
        clip = points_to_motion(points, 25, META, level=True)
        again = motion_to_points(clip)
        bone = lambda p, a, b: (p[:, b] - p[:, a])/np.linalg.norm(p[:, b] - p[:, a], axis=-1, keepdims=True)
        for a, b in ((2, 3), (3, 4), (5, 6), (6, 7), (13, 14), (34, 35)):
            assert (bone(points, a, b)*bone(again, a, b)).sum(-1).min() > .99, 'every limb points where the joints say'
        assert (clip.flags[:, CHANNELS.index('right_hand')] == STATES.index('fitted')).all()


def test_a_list_without_a_last_line_end(shared_data):
    folder = shared_data/'formats'/'prompt2sign_text'
    if not folder.is_dir(): pytest.skip('no Prompt2Sign texts among the data')
    ids, texts = (list(p2s._lines(folder/f'dev.{kind}')) for kind in ('files', 'text'))
    assert len(ids) == len(texts) == 1739 and ids[0] == '-d5dN54tH2E_0-1-rgb_front'


ASKED = ['Give me the signs for “Hello”.', 'How do I say “Hello” in sign language?', 'What does “Hello” look like in sign language?']


def test_prompts_stay_the_same_everywhere():
    "A data set that was made with a seed must come out again in another process, another order, another year."
    asked = [prompt_for('Hello', 'en', f'dev/{n}', seed=3) for n in range(3)]
    code = ("from signbook.data.prompts import prompt_for\n"
            "for n in (2, 1, 0): print(prompt_for('Hello', 'en', f'dev/{n}', seed=3))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, encoding='utf-8', check=True)
    assert done.stdout.splitlines()[::-1] == asked == ASKED


@pytest.mark.parametrize('table, says', [
    ('kind\ttemplate\n', 'at least one template'), ('', 'first line must be'), ('kind\ttemplate\nwish\tSign {}.\n', 'own.tsv:2: kind: expected one of'),
    ('kind\ttemplate\nrequest\tSign.\n', 'one gap'), ('kind\ttemplate\nrequest\tSign {}\t.\n', 'expected 2 columns')])
def test_a_table_of_prompts_that_is_wrong(tmp_path, table, says):
    (tmp_path/'own.tsv').write_text(table)
    with pytest.raises(SignbookError, match=says): templates(tmp_path/'own.tsv')
