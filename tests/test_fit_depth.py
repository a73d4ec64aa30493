"Landmarks whose depth is wrong: a body that stays does not drift, one that walks is followed, hands are before the trunk unless they were measured behind it."
from dataclasses import replace

import numpy as np
import pytest

from signbook.data import landmarks as lm
from signbook.data.fit import GOES, fit
from signbook.data.fit_room import below, relief
from signbook.motion.body import load
from signbook.motion.points import save_pose
from signbook.motion.skeleton import joint
from signbook.signing.lexicon import Lexicon
from signbook.signing.synthesis import synthesise
from signbook.signing.timing import Item

ARMS = [joint(f'{s}_{n}') for s in ('left', 'right') for n in ('wrist', 'middle1', 'middle3')]


@pytest.fixture(scope='module')
def clip():
    return synthesise([Item('BOOK', Lexicon.load('ase').get('BOOK').hamnosys)]).motion.slice(.3, 1.3)


@pytest.fixture(scope='module')
def seen(clip, tmp_path_factory):
    return lm.load(save_pose(clip, tmp_path_factory.mktemp('depth')/'clip.pose'))


def larger(landmarks, times):
    "The picture of every frame enlarged about its middle so many times."
    middle, points = np.array(landmarks.size)/2, landmarks.points.copy()
    flat = np.array(landmarks.roles) != 'world'
    points[:, flat, :2] = middle + (points[:, flat, :2] - middle)*np.asarray(times)[:, None, None]
    return replace(landmarks, points=points)


def moved(landmarks, role, names, by):
    "World points or points of a component moved by (x, y, z) in the landmarks' own numbers."
    rows = [i for i, (r, p) in enumerate(zip(landmarks.roles, landmarks.places)) if r == role and p and any(n in p[0] for n in names)]
    points = landmarks.points.copy()
    points[:, rows] += by
    return replace(landmarks, points=points)


def inside(motion):
    "Metres by which wrists and hands lie inside or behind the trunk, (T,6)."
    turns, at = load().fk(motion.poses, motion.trans, motion.betas)
    return below(replace(relief(load(), motion.betas), back=-np.inf), turns, at, at[:, ARMS])[0]


def test_a_size_that_wavers_moves_nobody(seen, clip):
    wavering = larger(seen, 1 + .02*np.sin(np.linspace(0, 2*np.pi, len(seen))))
    found = fit(wavering)
    assert found.motion.trans[:, 2].std() < .003 and clip.trans.std() < 1e-3
    picture = lm.pick(wavering, 'body', 'left_hand', 'right_hand')
    assert fit(replace(picture, points=picture.points[..., :2])).motion.trans[:, 2].std() < .003
    turns, _ = load().fk(found.motion.poses, found.motion.trans, found.motion.betas)
    assert np.degrees(turns[:, joint('spine3'), 2, 1].std()) < 1.5


def test_somebody_who_comes_nearer_is_followed(seen):
    near = np.linspace(0, .5, len(seen))
    found = fit(larger(seen, 1/(1 - near/2.5)))
    assert np.ptp(found.motion.trans[:, 2]) > .6*near[-1] > GOES


def test_somebody_who_steps_aside_and_up_is_followed(seen):
    pixels, share = fit(seen).report.camera.scale, np.linspace(0, 1, len(seen))[:, None]
    flat = np.array(seen.roles) != 'world'
    points = seen.points.copy()
    points[:, flat, :2] += (share*[.3*pixels, -.2*pixels])[:, None]
    went = np.ptp(fit(replace(seen, points=points)).motion.trans, axis=0)
    assert abs(went[0] - .3) < .05 and abs(went[1] - .2) < .05 and went[2] < .03


def test_hands_that_were_guessed_inside_the_trunk_come_before_it(seen, clip):
    w = seen.size[0]
    guessed = moved(seen, 'world', ('wrist', 'index', 'pinky', 'thumb'), [0, 0, .3*w])
    assert inside(clip).max() < .01
    found = fit(guessed)
    assert inside(found.motion).max() < .015
    assert found.report.pixels['right_hand'] < 6


def test_hands_that_were_measured_behind_the_back_stay(clip, tmp_path):
    poses = clip.poses[:10].copy()
    for side, sign in (('left', 1.), ('right', -1.)):
        poses[:, joint(f'{side}_shoulder')], poses[:, joint(f'{side}_elbow')] = [-.2, sign, -1.37*sign], [0, -.2*sign, 0]
    back = replace(clip.slice(0, 10/clip.fps), poses=poses)
    true = inside(back).max()
    assert true > .05
    points = lm.load(save_pose(back, tmp_path/'back.pose'))
    assert abs(inside(fit(points, measured=True).motion).max() - true) < .02
    assert inside(fit(points).motion).max() < .015


def test_depth_in_widths_of_the_picture_is_depth(seen):
    body = lm.pick(seen, 'body', 'left_hand', 'right_hand')
    shares = replace(body, points=body.points/[1, 1, body.size[0]])
    a, b = (fit(x).motion.poses for x in (body, shares))
    assert np.allclose(a, b, atol=1e-6)


def test_depth_of_a_body_that_is_exaggerated_is_brought_to_size(seen, clip):
    body = lm.pick(seen, 'body', 'left_hand', 'right_hand')
    points = body.points.copy()
    points[:, np.array(body.roles) == 'body', 2] *= 3.6
    hands = [joint('left_wrist'), joint('right_wrist')]
    at = lambda m: (p := load().fk(m.poses, m.trans, m.betas)[1])[:, hands] - p[:, [joint('left_shoulder'), joint('right_shoulder')]].mean(1, keepdims=True)
    off = [np.median(np.linalg.norm(at(fit(replace(body, points=p)).motion) - at(clip), axis=-1)) for p in (body.points, points)]
    assert off[1] < .12 and off[1] < off[0] + .03
