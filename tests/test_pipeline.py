"""Text to motion to file, end to end, where a notebook cell would be too long."""
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from signbook.motion import body as bodies, licensed
from signbook.motion.skeleton import PARTS, joint
from signbook.pipeline import notation_to_motion, save, text_to_motion
from signbook.signing.fidelity import fidelity
from signbook.signing.lexicon import Alphabet, Lexicon
from signbook.signing.phases import beats
from signbook.signing.targets import rig_of

TEXT = 'Hello mother, thank you.'
HELD = [k for k in range(55) if k not in PARTS['eyes'] and k != joint('jaw')]   # in a licensed body jaw and eyes are moved by their joints, in ours by actions


@pytest.fixture(scope='module')
def licensed_path(tmp_path_factory):
    "The free body in the layout of a licensed file."
    path = tmp_path_factory.mktemp('body')/'SMPLX_NEUTRAL.npz'
    np.savez(path, **licensed.smplx_arrays(bodies.load()))
    return str(path)


def test_a_licensed_body_signs_the_same(licensed_path, tmp_path):
    ours, theirs = text_to_motion(TEXT), text_to_motion(TEXT, body=licensed_path)
    assert theirs.motion.body.startswith('smplx') and theirs.motion.expression_basis == 'smplx100'
    assert np.abs(ours.motion.poses - theirs.motion.poses)[:, HELD].max() < 1e-3
    report = fidelity(theirs, rig_of(licensed_path))
    assert report.share == 1, report
    for name in ('a.glb', 'a.png', 'a.npz'):
        save(theirs.motion, tmp_path/name, body=licensed_path)
        assert (tmp_path/name).stat().st_size > 1000


def test_a_left_handed_clip_is_the_mirror_image():
    left = text_to_motion(TEXT, left_handed=True)
    assert fidelity(left, left_handed=True).share == 1
    assert fidelity(left).share < .5


@pytest.mark.parametrize('betas', [[-1.5], [1.5], [0, 1., -1.]])
def test_other_bodies_sign_it_too(betas):
    result = text_to_motion(TEXT, betas=betas)
    assert fidelity(result).share >= .8      # measured on the body of the motion
    assert (result.motion.betas[:len(betas)] == np.float32(betas)).all()


def test_many_at_once_get_their_own():
    texts = [f'my {w}' for w in ('mother', 'father', 'book', 'house', 'friend', 'name', 'school', 'dog')]
    alone = [text_to_motion(t).motion.poses for t in texts]
    with ThreadPoolExecutor(8) as pool: together = list(pool.map(lambda t: text_to_motion(t).motion.poses, texts))
    assert all((a == b).all() for a, b in zip(alone, together))


def test_time_grows_with_the_text_and_long_texts_work():
    motion = text_to_motion('water ' * 100).motion
    assert len(motion.spans) == 100 and motion.duration > 60


def jumps(notation):
    "Strokes that do not begin where the one before them ended."
    lanes = [[s for b in segment if (s := getattr(b, name))] for segment in beats(notation) for name in ('strong', 'weak')]
    return [s for lane in lanes for a, s in zip(lane, lane[1:]) if a.finish != s.begin]


@pytest.mark.parametrize('name, notation', [(e.id, e.hamnosys) for e in Lexicon.load('ase')] +
                         [(k, x.hamnosys) for k, x in Alphabet.load('ase').letters.items()])
def test_no_hand_jumps_inside_a_sign(name, notation):
    assert not jumps(notation)


def test_every_real_entry_is_either_signed_or_refused(shared_data):
    "Dictionary entries of other sign languages: none may crash or give numbers that are not finite."
    import csv
    rows = list(csv.DictReader((shared_data/'hamnosys'/'dev.tsv').open(encoding='utf8'), delimiter='\t', quoting=csv.QUOTE_NONE))
    for row in rows[::70]:
        try: motion = notation_to_motion(row['hamnosys']).motion
        except ValueError as e: assert str(e); continue
        assert np.isfinite(motion.poses).all()


def test_entries_of_another_language_and_clips_that_are_gone(tmp_path):
    from signbook.core import SignbookError
    head = 'gloss\twords\tsense\thamnosys\tnonmanual\tsource\treviewed_by\tclip\n'
    (tmp_path/'xyz.tsv').write_text(head + 'A\ta\t\tfist extfingeru palmd\t\tme\t\t\nB\tb\t\t\t\tme\t\tgone.npz\n')
    (tmp_path/'letters.tsv').write_text('letter\thamnosys\tnote\nO\tceeall extfingeru palml\t\n')
    made = text_to_motion('a oo', 'xyz', tmp_path/'xyz.tsv', tmp_path/'letters.tsv')
    assert made.motion.meta['language'] == 'xyz' and [s.gloss for s in made.motion.spans] == ['A', 'fs-OO']
    with pytest.raises(SignbookError, match=r'xyz.tsv:3 \(B\): .*gone.npz'): text_to_motion('b', 'xyz', [tmp_path/'xyz.tsv'])


def test_a_recording_between_letters_and_a_left_handed_signer(tmp_path):
    clip = notation_to_motion('flathand extfingeru palmd shoulders lrat moveor').motion
    save(clip, tmp_path/'wave.npz')
    (tmp_path/'mine.tsv').write_text('gloss\twords\tsense\thamnosys\tnonmanual\tsource\treviewed_by\tclip\nWAVE\twaves\t\t\t\tme\t\twave.npz#0.5-1.3\n')
    right, left = (text_to_motion('Zoe waves, mother.', lexicon=tmp_path/'mine.tsv', order='english', left_handed=side, speed=1.5) for side in (False, True))
    assert [s.gloss for s in right.motion.spans] == ['fs-ZOE', 'WAVE', 'MOTHER'] and right.coverage.share == 2/3
    assert np.allclose(left.motion.mirror().poses, right.motion.poses, atol=1e-6)
    assert fidelity(right).share == fidelity(left, left_handed=True).share == 1
    wave = right.motion.spans[1]
    assert abs(wave.end - wave.start - .8/1.5) < .05 and fidelity(right).clip['turn_deg'] < 45


CLIP_HEAD = 'gloss\twords\tsense\thamnosys\tnonmanual\tsource\treviewed_by\tclip\n'


def test_a_recording_on_a_licensed_body(licensed_path, tmp_path):
    save(notation_to_motion('flathand extfingeru palmd shoulders lrat moveor').motion, tmp_path/'wave.npz')
    (tmp_path/'mine.tsv').write_text(CLIP_HEAD + 'WAVE\twaves\t\t\t\tme\t\twave.npz#0.5-1.3\n')
    made = [text_to_motion('mother waves', lexicon=tmp_path/'mine.tsv', body=path).motion for path in (None, licensed_path)]
    assert made[1].body.startswith('smplx') and made[1].expression_basis == 'smplx100' and np.abs(made[0].poses - made[1].poses)[:, HELD].max() < 1e-2


@pytest.mark.parametrize('name', ['amass_sample.npz', 'beat2_2_scott_0_1_1.npz'])
def test_real_recordings_join_without_a_jump(shared_data, tmp_path, name):
    (tmp_path/'mine.tsv').write_text(CLIP_HEAD + f'SAMPLE\tsample\t\t\t\tme\t\t{shared_data}/formats/smplx/{name}#1-2.5\n')
    made = text_to_motion('hello sample mother', lexicon=tmp_path/'mine.tsv')
    report = fidelity(made)
    assert report.share == 1 and report.clip['turn_deg'] < 45 and made.motion.meta['recorded'][0]['source'].startswith(name)
    assert 'strictest' in made.motion.meta['licence'] and [s.gloss for s in made.motion.spans] == ['HELLO', 'SAMPLE', 'MOTHER']


def test_two_clips_of_points_with_one_name_stay_apart(tmp_path):
    from signbook.pipeline import clip_of_points, save, text_to_motion
    points = [tmp_path/signer/'clips'/'hello.pose' for signer in ('anna', 'ben')]
    for path, word in zip(points, ('hello', 'you')):
        path.parent.mkdir(parents=True)
        save(text_to_motion(word).motion.slice(0, .3), path)
    clips = [clip_of_points(p, tmp_path/'made') for p in (*points, points[0])]
    assert clips[0] == clips[2] != clips[1] and len(list((tmp_path/'made').iterdir())) == 2
