"""From the picture into space: the published chain step by step, its loss in fewer steps, depth of clips that we know, points of real trackers."""
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip('torch')
torch.set_num_threads(1)

from signbook.core import SignbookError
from signbook.data.keypoints import read
from signbook.data.landmarks import Landmarks, cut, load, save
from signbook.data.lift import (_NAMES, BONES, ENOUGH, KIND, bone_lengths, first_guess, interpolate, joints_of, lift, lifted_points, normalise, objective, prune, refine, sides,
                                tracked_sides)
from signbook.data.prompt2sign import LEFT, RIGHT, to_points, to_values
from signbook.data.upper_body import motion_to_points
from signbook.motion.formats import save as save_clip
from signbook.signing.lexicon import Lexicon
from signbook.signing.synthesis import synthesise
from signbook.signing.timing import Item


@pytest.fixture(scope='module')
def clip():
    words = Lexicon.load('ase')
    return synthesise([Item(w, words.get(w).hamnosys) for w in ('MOTHER', 'WORK')]).motion


@pytest.fixture(scope='module')
def truth(clip): return motion_to_points(clip)


def picture(truth, **also): return replace(Landmarks(_NAMES, truth[..., :2]*200 + 500, np.ones(truth.shape[:2]), 30, (1000, 1000), meta=dict(source='a clip', licence='CC0')), **also)


def noisy(seed=0, T=24):
    "A tracker's joints with gaps."
    draw = np.random.default_rng(seed)
    joints = np.concatenate([draw.normal(size=(T, 50, 2)), draw.random((T, 50, 1))], -1)
    joints[draw.random((T, 50)) < .3] = 0
    joints[:, 40] = 0
    return joints


def test_normalising_keeps_the_shape_of_the_picture():
    joints = noisy()
    unit, offset, scale = normalise(joints)
    seen = joints[..., 2] > 0
    np.testing.assert_allclose(unit[seen][:, :2].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(unit[seen][:, :2].std(), 1)
    np.testing.assert_allclose(unit[seen][:, :2]*scale + offset, joints[seen][:, :2])
    assert (unit[~seen] == 0).all()


def test_unsure_frames_are_dropped_whole():
    joints = np.ones((4, 50, 3)); joints[1, :8, 2] = .29; joints[2, :8, 2] = .3
    assert prune(joints)[..., 2].any(1).tolist() == [True, False, True, True]


def test_interpolation_is_what_a_plain_loop_says():
    joints, found = noisy(), interpolate(noisy())
    for j in range(50):
        for t in range(len(joints)):
            for r in range(len(joints)):
                near = joints[max(t - r, 0):t + r + 1, j]
                if near[:, 2].sum() >= ENOUGH: break
            total = near[:, 2].sum()
            want = [*(near[:, :2]*near[:, 2:]).sum(0)/total, min(total/(2*r + 1), 1)] if total else [0, 0, 0]
            np.testing.assert_allclose(found[t, j], want, atol=1e-9)


def test_the_first_guess_keeps_lengths_and_sides(truth):
    lengths = bone_lengths(np.concatenate([truth[..., :2], np.ones_like(truth[..., :1])], -1))
    for side in (np.ones((len(truth), 49)), sides(truth[..., :2])):
        points, ways = first_guess(truth[..., :2], lengths, side)
        for k, (a, b) in enumerate(BONES):
            bone = points[:, b] - points[:, a]
            np.testing.assert_allclose(np.linalg.norm(bone, axis=-1), lengths[KIND[k]], rtol=1e-9)
            sure = np.abs(side[:, k]) == 1
            assert (bone[sure, 2]*side[sure, k] >= -.0011).all()
    assert (lengths[KIND[[2, 3]]] == lengths[KIND[[5, 6]]]).all()         # arms are as long as each other


def test_the_loss_is_the_published_one():
    draw = np.random.default_rng(3)
    logs, nose, ways, xy, sure = draw.normal(size=25), draw.normal(size=(3, 6)), draw.normal(size=(3, 6, 49)), draw.normal(size=(2, 6, 50)), draw.random((6, 50))
    points = np.zeros((6, 50, 3)); points[:, 0] = nose.T
    for k, (a, b) in enumerate(BONES): points[:, b] = points[:, a] + (ways[..., k]/np.linalg.norm(ways[..., k], axis=0)).T*np.exp(logs[KIND[k]])
    want = (sure*((points[..., :2] - xy.transpose(1, 2, 0))**2).sum(-1)).sum()/300 + .001*np.exp(logs).sum() + .1*((points[1:] - points[:-1])**2).sum(-1).mean()
    loss, found = objective(*(torch.tensor(a, dtype=torch.float64) for a in (logs, nose, ways, xy, sure)))
    np.testing.assert_allclose(loss.item(), want)
    np.testing.assert_allclose(found.numpy().transpose(1, 2, 0), points, atol=1e-6)


def test_twenty_steps_reach_what_a_thousand_did(truth):
    truth = truth[30:70]
    unit, _, _ = normalise(joints_of(picture(truth)))
    joints = interpolate(prune(unit))
    lengths = bone_lengths(joints, .5)
    points, ways = first_guess(joints[..., :2], lengths, np.ones((len(joints), 49)))
    tensor = lambda a: torch.tensor(np.ascontiguousarray(a, np.float32))
    free = [tensor(np.log(lengths)).requires_grad_(), tensor(points[:, 0].T).requires_grad_(), tensor(ways.transpose(2, 0, 1)).requires_grad_()]
    seen, descent = (tensor(joints[..., :2].transpose(2, 0, 1)), tensor(joints[..., 2])), torch.optim.SGD(free, lr=.1)
    for _ in range(1000):
        descent.zero_grad(); loss = objective(*free, *seen)[0]; loss.backward(); descent.step()
    _, before, after = refine(joints, points, ways, lengths)
    assert after < before and after <= loss.item()


def depth(points):
    z = points[..., 2]
    return dict(elbows=z[:, [3, 6]] - z[:, [1]], wrists=z[:, [4, 7]] - z[:, [1]], fingers=np.concatenate([z[:, 9:29] - z[:, [8]], z[:, 30:] - z[:, [29]]], 1))


@pytest.mark.parametrize('jitter', [0., .01])
def test_depth_is_far_better_than_none(truth, jitter):
    seen = picture(truth + np.random.default_rng(0).normal(0, jitter, truth.shape))
    found, true = depth(lifted_points(lift(seen))/200), depth(truth)
    for part in true: assert np.abs(found[part] - true[part]).mean() < .65*np.abs(true[part]).mean(), part
    assert np.abs(lifted_points(lift(seen))[..., :2]/200 - truth[..., :2]).mean() < .03


def test_the_same_points_give_the_same_depth(truth):
    seen = picture(truth)
    assert (lift(seen).points == lift(seen).points).all()
    larger = lift(replace(seen, points=seen.points*3 + 11, size=(3100, 3100)))
    np.testing.assert_allclose(lifted_points(larger), lifted_points(lift(seen))*3, atol=6)          # in any picture, to a hundredth of the shoulders


def test_a_tracker_with_depth_tells_sides(clip, truth, tmp_path):
    save_clip(clip, tmp_path/'clip.pose')                       # what MediaPipe would see, with true depth
    seen = load(tmp_path/'clip.pose')
    told, true = tracked_sides(seen), truth[:, [b for _, b in BONES], 2] - truth[:, [a for a, _ in BONES], 2]
    sure = np.abs(true) > .05
    sure &= np.isfinite(told)
    assert sure.sum() > 1000 and (np.sign(told[sure]) == np.sign(true[sure])).mean() > .99
    width = np.median(np.linalg.norm(joints_of(seen)[:, RIGHT[0], :2] - joints_of(seen)[:, LEFT[0], :2], axis=-1))
    error = {ask: {k: np.abs(v - depth(truth)[k]).mean() for k, v in depth(lifted_points(lift(seen, tracker=ask))/width).items()} for ask in (None, False)}
    assert all(error[None][k] <= 1.05*error[False][k] for k in error[None]) and error[None]['fingers'] < .9*error[False]['fingers']


def test_what_was_never_seen_stays_missing(truth, tmp_path):
    confidence = np.ones(truth.shape[:2]); confidence[:, 29:] = 0; confidence[5:8] = 0; confidence[20, :8] = .2
    lifted = lift(picture(truth, confidence=confidence))
    points = lifted_points(lifted)
    assert np.isnan(points[:, 29:]).all() and np.isfinite(points[:, :29]).all() and 0 < lifted.meta['lifted']['filled'] < .1
    assert (lifted.confidence[6, :8] < .5).all() and (lifted.confidence[0, :29] == 1).all()
    assert load(save(lifted, tmp_path/'l.pose')).meta['lifted'] == lifted.meta['lifted']
    np.testing.assert_allclose(to_points(to_values(points/200))[:, 2:29], points[:, 2:29]/200, atol=1e-4)


@pytest.mark.parametrize('T', [1, 2, 3])
def test_very_short_clips(truth, T): assert np.isfinite(lifted_points(lift(cut(picture(truth), 0, T)))).all()


def test_points_that_cannot_be_lifted(truth):
    seen, ones = picture(truth), np.ones(truth.shape[:2])
    for broken, says in ((replace(seen, confidence=ones*(np.arange(50) != 5)), 'none of LShoulder'), (replace(seen, confidence=.2*ones), 'a likelihood of 0.3 or more'),
                         (replace(seen, points=0*seen.points + 5), 'at different places')):
        with pytest.raises(SignbookError, match=says): lift(broken)
    with pytest.raises(SignbookError, match='with depth'): lift(seen, tracker=True)
    with pytest.raises(SignbookError, match='shape'): lifted_points(load_like(seen))


def load_like(seen): return Landmarks((('body', ('Nose',)),), seen.points[:, :1], seen.confidence[:, :1], 30)


@pytest.mark.parametrize('path', ['openpose/_2FBDaOPYig_3-3-rgb_front', 'dwpose/human_signer', 'pose/gsg_fs-sts0258e172d448614da0a939f3f6e57508.pose'])
def test_points_of_real_trackers(shared_data, path):
    seen = read(shared_data/'formats'/path)
    seen = cut(seen, 0, min(len(seen), 120))
    lifted = lift(seen)
    points, before = lifted_points(lifted), joints_of(seen)
    ever = before[..., -1].any(0)                              # some are one-handed, and the other wrist is outside the picture
    assert (np.isfinite(points).all((0, 2)) == ever).all() and ever[:8].sum() >= 7 and lifted.meta['lifted']['loss'][1] < lifted.meta['lifted']['loss'][0]
    width = np.median(np.linalg.norm(before[:, RIGHT[0], :2] - before[:, LEFT[0], :2], axis=-1))
    sure = before[:, :8, -1] > .5
    assert np.median(np.linalg.norm(lifted.points[:, :8, :2] - before[:, :8, :2], axis=-1)[sure]) < .05*width
    assert np.nanmedian(points[:, RIGHT[2], 2]) > 0 and np.nanmax(np.abs(points[..., 2])) < 5*width         # hands are in front
