"Landmarks to a clip of our body: layouts of several trackers, what was not seen, what cannot be fitted."
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data import landmarks as lm
from signbook.data.fit import fit
from signbook.data.keypoints import read
from signbook.motion.body import load
from signbook.motion.motion import CHANNELS, STATES, check_provenance
from signbook.motion.points import save_pose, track
from signbook.motion.skeleton import LAYOUTS, PARTS
from signbook.signing.lexicon import Lexicon
from signbook.signing.synthesis import synthesise
from signbook.signing.timing import Item

DATA = Path(os.environ.get('SIGNBOOK_DATA', '/nonexistent'))


@pytest.fixture(scope='module')
def clip():
    return synthesise([Item('BOOK', Lexicon.load('ase').get('BOOK').hamnosys)]).motion.slice(.3, 1.)


@pytest.fixture(scope='module')
def seen(clip, tmp_path_factory):
    return lm.load(save_pose(clip, tmp_path_factory.mktemp('fit')/'clip.pose'))


def picture(clip, layouts):
    "Points of a clip in a picture of 400 pixels a metre, without depth."
    parts = track(clip, layouts.values())
    middle = load().joints()[9]
    points = [(parts[layout][0] - middle)[..., :2]*[400, -400] + 256 for layout in layouts.values()]
    known = np.concatenate([parts[layout][1] for layout in layouts.values()])
    names = [(n, tuple(LAYOUTS[layout])) for n, layout in layouts.items()]
    return lm.Landmarks(names, np.concatenate(points, 1), np.broadcast_to(known, (len(clip), len(known))).astype(float), clip.fps, (512, 512),
                        meta=dict(source='a picture', licence='CC0', synthetic=True, tool='nobody'))


def upper(motion):
    points = load().fk(motion.poses, motion.trans, motion.betas)[1][:, PARTS['upper']]
    return points - points.mean(1, keepdims=True)


def away(found, clip): return 1000*np.median(np.linalg.norm(upper(found.motion) - upper(clip), axis=-1))


def test_true_points_give_the_clip_back_on_a_body_of_another_shape(clip, tmp_path):
    tall = replace(clip, betas=np.array([1.] + [0.]*9))
    found = fit(lm.load(save_pose(tall, tmp_path/'tall.pose')), measured=True)
    assert away(found, tall) < 5
    assert abs(found.motion.betas[0] - 1) < .1
    assert max(found.report.pixels.values()) < 2


def test_the_same_landmarks_give_the_same_clip(seen):
    first, second = (fit(seen, measured=True).motion for _ in range(2))
    assert np.array_equal(first.poses, second.poses) and np.array_equal(first.betas, second.betas)


def test_a_picture_without_depth_is_matched(clip):
    flat = picture(clip, dict(pose_keypoints_2d='openpose_body', hand_left_keypoints_2d='left_hand', hand_right_keypoints_2d='right_hand'))
    found = fit(flat, distance=np.inf)
    assert found.report.pixels['body'] < 8 and found.report.pixels['left_hand'] < 6 and found.report.pixels['right_hand'] < 6
    assert away(found, clip) < 120                            # depth is a guess, but no arm is behind the back


def test_what_is_not_seen_is_filled_and_said(seen, clip):
    roles = np.array(seen.roles)
    sure = seen.confidence.copy()
    sure[10:15, roles == 'right_hand'] = 0
    found = fit(replace(seen, confidence=sure), measured=True)
    right = found.motion.flags[:, CHANNELS.index('right_hand')]
    assert [STATES[s] for s in right[[5, 12, 18]]] == ['fitted', 'filled', 'fitted']
    assert ('right_hand', 10, 15, 'not seen: filled from before and after') in found.report.doubts
    assert (found.motion.flags[:, CHANNELS.index('face')] == STATES.index('filled')).all()
    assert np.isnan(found.report.frames['right_hand'][12]) and away(found, clip) < 5


def test_a_point_that_lies_far_away_lets_go(seen, clip):
    points = seen.points.copy()
    points[::3, list(seen.places).index(('left_elbow',))] += 150
    assert away(fit(replace(seen, points=points), measured=True), clip) < 10


def test_the_clip_says_where_it_came_from(seen):
    motion = fit(lm.cut(seen, 0, 5), measured=True).motion
    check_provenance(motion)
    assert motion.meta['synthetic'] is True and motion.meta['licence'] == seen.meta['licence'] and 'fit' in motion.meta['generator']
    assert motion.meta['source'] == seen.meta['source']


def test_a_shape_that_is_given_stays(seen):
    assert np.allclose(fit(lm.cut(seen, 0, 5), betas=np.array([.5]), measured=True).motion.betas, [.5] + [0]*9)


@pytest.mark.parametrize('count', [1, 2, 3])
def test_few_frames(seen, count):
    assert len(fit(lm.cut(seen, 0, count)).motion) == count


def test_a_body_without_hands(seen):
    found = fit(lm.pick(seen, 'body'), measured=True)
    hands = [CHANNELS.index(c) for c in ('left_hand', 'right_hand')]
    assert (found.motion.flags[:, hands] == STATES.index('filled')).all()


@pytest.mark.parametrize('spoil, says', [
    (lambda x: lm.pick(x, 'left_hand'), 'both shoulders'),
    (lambda x: replace(x, confidence=np.zeros_like(x.confidence)), 'all points missing'),
    (lambda x: replace(x, size=(1, 1)), 'resized'),
    (lambda x: replace(x, points=np.ones_like(x.points)), 'one place'),
    (lambda x: replace(x, names=[('dots', tuple(map(str, range(len(x.roles)))))]), 'name the components'),
    (lambda x: x.points, 'data.keypoints.read')])
def test_what_cannot_be_fitted_is_refused_with_a_way_out(seen, spoil, says):
    with pytest.raises(SignbookError, match=says): fit(spoil(seen))


def test_a_file_of_dwpose():
    folder = DATA/'formats'/'dwpose'/'human_signer'
    if not folder.is_dir(): pytest.skip('set SIGNBOOK_DATA')
    found = fit(read(folder, fps=24, size=(1280, 720)))
    assert found.report.pixels['body'] < 15 and found.report.pixels['right_hand'] < 10
    assert found.motion.meta['synthetic'] is False
