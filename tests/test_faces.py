"Faces from tracked points: over builds, sides, noise, gaps and layouts, with truth that our own body gives."
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signbook.core import SignbookError, assets
from signbook.data.face_model import FACE_FILE, GAZE, HIDDEN, actions_told, exact_model, mesh_vertices, tracker_model
from signbook.data.faces import Face, face_actions, model_for, skin_landmarks, with_face
from signbook.data.landmarks import Landmarks, load, save
from signbook.motion.body import load as load_body
from signbook.motion.motion import CHANNELS, STATES, Motion
from signbook.motion.rotation import aa_to_mat, mat_to_aa
from signbook.motion.skeleton import ARKIT, LAYOUTS, arkit, joint

DATA = Path(os.environ.get('SIGNBOOK_DATA', Path(__file__).resolve().parents[2]/'shared'/'data'))
META = dict(source='test', licence='CC0-1.0', language='und', synthetic=True, generator='signbook')
FLAT = {p: v for p, v in load_body().landmarks.items() if p.startswith('face_')}
GROUPS = dict(brows=('browInnerUp', 'browOuterUpLeft', 'browOuterUpRight'), frown=('browDownLeft', 'browDownRight'), jaw=('jawOpen',),
              lids=('eyeBlinkLeft', 'eyeBlinkRight'), smile=('mouthSmileLeft', 'mouthSmileRight'))


def group(weights, name): return np.asarray(weights)[:, [arkit(n) for n in GROUPS[name]]].mean(1)


def acting(seed, T=160):
    "Every group in turn, on a turning head of some build."
    rng, values, poses = np.random.default_rng(seed), np.zeros((T, 52)), np.zeros((T, 55, 3))
    for k, names in enumerate(GROUPS.values()):
        values[:, [arkit(n) for n in names]] = (rng.uniform(.5, 1)*np.sin(np.pi*np.clip((np.arange(T) - 10 - 28*k)/20, 0, 1))**2)[:, None]
    for axis in range(3): poses[:, joint('head'), axis] = np.radians(8)*np.sin(np.arange(T)/rng.uniform(8, 25))
    return Motion(poses, expression=values, betas=np.clip(rng.normal(0, 1, 10), -1.8, 1.8), meta=META)


@pytest.mark.parametrize('seed, yaw', [(0, 0), (1, 20), (2, -20), (3, 0)])
@pytest.mark.parametrize('kind', ['mesh', 'flat'])
def test_actions_come_back(seed, yaw, kind):
    clip = acting(seed)
    if kind == 'mesh': face = face_actions(skin_landmarks(clip, mesh_vertices(), yaw, noise_m=.001, seed=seed), model=exact_model(mesh_vertices()))
    else: face = face_actions(skin_landmarks(clip, FLAT, yaw, noise_m=.001, depth=False, seed=seed))
    for name in ('brows', 'jaw', 'lids', 'smile'):
        assert np.corrcoef(group(face.weights, name), group(clip.expression, name))[0, 1] > .9, name
    truth = aa_to_mat(np.array([0, -np.radians(yaw), 0])) @ load_body().fk(clip.poses, betas=clip.betas)[0][:, joint('head')]
    off = np.degrees(np.linalg.norm(mat_to_aa(np.swapaxes(truth, -1, -2) @ aa_to_mat(face.head)), axis=-1))
    assert np.median(off) < 5


def test_a_still_face_stays_still():
    still = skin_landmarks(Motion(np.zeros((60, 55, 3)), betas=acting(5).betas), mesh_vertices(), noise_m=.0012, seed=1)
    face = face_actions(still, model=exact_model(mesh_vertices()))
    assert face.weights.max() < .1 and not face.filled.any()


def test_the_same_twice_and_in_another_unit():
    lm = skin_landmarks(acting(1), FLAT, noise_m=.001, depth=False)
    a, b = face_actions(lm), face_actions(lm)
    assert np.abs(a.weights - b.weights).max() < 1e-9 and np.abs(a.head - b.head).max() < 1e-9
    c = face_actions(replace(lm, points=lm.points*.5 + 90))
    assert np.abs(a.weights - c.weights).max() < .01


def test_one_rest_for_two_clips():
    clip = acting(2)
    rest = face_actions(skin_landmarks(clip, FLAT)).rest
    raised = np.zeros((30, 52)); raised[:, [arkit(n) for n in GROUPS['brows']]] = .8
    always = skin_landmarks(replace(clip, poses=clip.poses[:30], expression=raised, trans=None, flags=None), FLAT)
    assert group(face_actions(always).weights, 'brows').max() < .1          # nobody can know
    assert group(face_actions(always, rest=rest).weights, 'brows').min() > .5


def test_gaps_are_filled_and_said():
    lm = skin_landmarks(acting(0), FLAT)
    sure = lm.confidence.copy(); sure[16:20] = 0; sure[100:] = 0; sure[30:40, 3] = 0
    face = face_actions(replace(lm, confidence=sure))
    assert np.flatnonzero(face.filled).tolist() == [*range(16, 20), *range(100, 160)] and face.trust[17] == 0
    assert face.weights[150:].max() == 0 and np.isfinite(face.weights).all()


def test_layouts(tmp_path):
    lm = skin_landmarks(acting(0), FLAT, depth=False)
    numbers = [int(n[5:]) for n in lm.names[0][1]]
    points = np.zeros((len(lm), 70, 2)); points[:, numbers] = lm.points
    openpose = Landmarks((('face_keypoints_2d', tuple(LAYOUTS['openpose_face'])),), points, np.isin(np.arange(70), numbers)*np.ones((len(lm), 1)), lm.fps, lm.size, (), META)
    assert np.abs(face_actions(openpose).weights - face_actions(lm).weights).max() < .02
    mesh = skin_landmarks(acting(0), mesh_vertices())
    assert len(model_for(mesh).points) == 468 and set(GAZE) <= set(face_actions(mesh).hidden)
    back = load(save(mesh, tmp_path/'a.pose'))
    assert np.abs(face_actions(back).weights - face_actions(mesh).weights).max() < .01


def test_depth_in_picture_widths_and_none():
    lm = skin_landmarks(acting(0), mesh_vertices())
    as_pixels = face_actions(lm)
    shares = face_actions(replace(lm, points=lm.points/[1, 1, lm.size[0]]))
    assert np.abs(shares.weights - as_pixels.weights).max() < 1e-3 and np.abs(shares.head - as_pixels.head).max() < 1e-3
    for flat in (replace(lm, points=lm.points[..., :2]), replace(lm, points=lm.points*[1, 1, 0])):
        face = face_actions(flat)
        assert not face.filled.any() and np.corrcoef(group(face.weights, 'jaw'), group(acting(0).expression, 'jaw'))[0, 1] > .9


def test_files_of_other_people():
    files = [f for f in sorted((DATA/'formats'/'pose').glob('*.pose')) if 'hand_normalized' not in f.name]
    if not files: pytest.skip('SIGNBOOK_DATA has no .pose files')
    for file in files:
        face = face_actions(load(file))
        assert face.filled.mean() < .2 and np.isfinite(face.head).all() and face.weights.max() > .2, file.name


@pytest.mark.parametrize('change, words', [
    (lambda lm: replace(lm, size=(1, 1)), 'resized'),
    (lambda lm: replace(lm, confidence=np.zeros_like(lm.confidence)), 'expected points of a face'),
    (lambda lm: Landmarks((('POSE_LANDMARKS', tuple(LAYOUTS['mediapipe_pose'])),), np.ones((4, 33, 3)), np.ones((4, 33)), 30), 'expected points of a face'),
    (lambda lm: replace(lm, points=np.random.default_rng(0).uniform(0, 500, lm.points.shape)), 'in some frame, got none'),
    (lambda lm: replace(lm, points=np.full_like(lm.points, 7)), 'in some frame, got none')])
def test_what_is_no_face_is_refused(change, words):
    with pytest.raises(SignbookError, match=words): face_actions(change(skin_landmarks(acting(0), FLAT)))
    lm = skin_landmarks(acting(0), FLAT)
    with pytest.raises(SignbookError, match='leave model out'): face_actions(lm, model=tracker_model(False))
    with pytest.raises(SignbookError, match='rest'): face_actions(lm, rest=np.zeros((3, 3)))


@pytest.mark.parametrize('frames', [1, 2, 5])
def test_few_frames(frames):
    lm = skin_landmarks(acting(0), FLAT)
    face = face_actions(replace(lm, points=lm.points[:frames], confidence=lm.confidence[:frames]))
    assert len(face) == frames and np.isfinite(face.head).all()


def test_into_a_clip():
    clip = acting(3)
    face = face_actions(skin_landmarks(clip, FLAT))
    made = with_face(replace(clip, expression=None), face)
    assert np.allclose(made.expression, face.weights, atol=1e-6) and made.meta['face']['source'] == 'test'
    assert (made.flags[:, CHANNELS.index('face')] == STATES.index('fitted')).all()
    assert np.array_equal(with_face(clip, face, head=False).poses, clip.poses)
    seen = load_body().fk(made.poses)[0][:, joint('head')]
    assert np.degrees(np.linalg.norm(mat_to_aa(np.swapaxes(aa_to_mat(face.head), -1, -2) @ seen), axis=-1)).max() < .1
    with pytest.raises(SignbookError, match='expected 160 frames'): with_face(clip, replace(face, weights=face.weights[:5]))


def test_gaze_and_jaw():
    weights = np.zeros((2, 52)); weights[1, [arkit('eyeLookOutLeft'), arkit('eyeLookInRight'), arkit('jawOpen')]] = 1
    face = Face(weights, np.zeros((2, 3)), np.ones(2), np.zeros(2, bool), 30., np.zeros((1, 3)))
    assert (face.gaze[1, :, 0] > .4).all() and face.gaze[1, :, 1].max() == 0 and face.jaw[1] > .1 and face.jaw[0] == 0


def test_the_file():
    about = json.loads((assets(*FACE_FILE).parent/'provenance.json').read_text())
    assert about[FACE_FILE[-1]]['licence'] == 'Apache-2.0'
    for iris, points in ((True, 478), (False, 468)):
        m = tracker_model(iris)
        assert m.rest.shape == (points, 3) and m.pull.shape == (3*points, len(actions_told(iris))) and np.linalg.eigvalsh(m.gram).min() > 0
        assert not {ARKIT[a] for a in m.actions} & set(HIDDEN)
    assert len(mesh_vertices()) == 468


def test_a_person_seen_by_dwpose():
    folder = DATA/'formats'/'dwpose'/'human_signer'
    if not folder.exists(): pytest.skip('SIGNBOOK_DATA has no DWPose files')
    from signbook.data.keypoints import read
    face = face_actions(read(folder, fps=24, size=(1280, 720)))
    assert face.filled.mean() < .05 and .2 < group(face.weights, 'brows').max() and np.degrees(np.abs(face.head)).max() < 45
