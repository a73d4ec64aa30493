"""Rotation, Motion and every file format, over random cases, damaged files, other people's files and their readers.

The chapters show how each thing works; here it is worn out. Files under the shared data are of other projects and not
in the repository: tests that need them skip where they are absent.
"""
import io
import json
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from signbook.motion import rotation as rot
from signbook.motion.bvh import load_bvh, save_bvh
from signbook.motion.formats import (LOADERS, SAVERS, convert, load, load_pose, load_vtt, save, save_npz, save_pose,
                                     save_vtt)
from signbook.motion.motion import CHANNELS, STATES, Motion, Span, cut, notice
from signbook.motion.npz import load_npz
from signbook.motion.points import HAND_LIMBS, POSE_COMPONENTS, track
from signbook.motion.skeleton import JOINTS, LAYOUTS, MIRROR, joint

many = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

META = dict(source='a test', licence='Apache-2.0', language='ase', synthetic=True, generator='test_formats')
WORDS = st.text(st.characters(codec='utf-8', exclude_categories=['Cs', 'Cc']), max_size=12)


def turns(shape, most=np.pi):
    "Axis-angle arrays whose angles stay below `most`."
    return hnp.arrays(np.float64, shape, elements=st.floats(-most/np.sqrt(3), most/np.sqrt(3)))


@st.composite
def spans(draw, duration):
    ends = sorted(draw(st.lists(st.floats(0, duration), min_size=2, max_size=8)))
    return tuple(Span(draw(WORDS), draw(WORDS), draw(st.sampled_from(['sign', 'spell', 'pause'])), a, b) for a,
                 b in zip(ends, ends[1:]))


@st.composite
def motions(draw, most=12):
    "Clips of all sorts: turns from a random seed (to draw 2,000 floats one by one takes all day), spans, flags, rates."
    T, fps = draw(st.integers(1, most)), draw(st.sampled_from([23.976, 24., 25., 29.97, 30., 50., 60., 120.]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([0, 1e-6, .1, 1, 1.7]))
    return Motion(rng.uniform(-size, size, (T, 55, 3)), rng.normal(size=(T, 3)), rng.random((T, 52)),
                  betas=rng.normal(size=draw(st.integers(0, 16))), fps=fps,
                  spans=draw(spans(T/fps)), flags=rng.integers(0, 4, (T, 5)), meta=META)


def same(a, b, *names):
    for n in names or ('poses', 'trans', 'expression', 'betas', 'flags', 'spans', 'meta', 'fps', 'body',
                       'expression_basis'):
        x, y = getattr(a, n), getattr(b, n)
        assert np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y, n


def apart(a, b):
    "Degrees between two sets of axis-angle turns."
    return np.degrees(np.linalg.norm(rot.mat_to_aa(np.swapaxes(rot.aa_to_mat(a.astype(float)), -1,
                                                               -2) @ rot.aa_to_mat(b.astype(float))), axis=-1))


# rotation ------------------------------------------------------------------------------------------------------------

@many
@given(turns((20, 3), 6))
def test_matrices_agree_with_scipy(aa):
    mat = rot.aa_to_mat(aa)
    np.testing.assert_allclose(mat, Rotation.from_rotvec(aa).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(rot.aa_to_mat(rot.mat_to_aa(mat)), mat, atol=1e-12)
    np.testing.assert_allclose(rot.r6_to_mat(rot.mat_to_r6(mat)), mat, atol=1e-12)
    assert (np.linalg.norm(rot.mat_to_aa(mat), axis=-1) <= np.pi + 1e-12).all()


@many
@given(turns((20, 3)), st.sampled_from(['XYZ', 'XZY', 'YXZ', 'YZX', 'ZXY', 'ZYX']))
def test_euler_angles_give_the_matrix_back(aa, order):
    mat = rot.aa_to_mat(aa)
    np.testing.assert_allclose(rot.euler_to_mat(rot.mat_to_euler(mat, order), order), mat, atol=2e-6)


@many
@given(turns((5, 3)), turns((5, 3)), st.floats(0, 1))
def test_slerp_shares_out_the_shortest_arc(a, b, t):
    mix, whole = rot.slerp_aa(a, b, t), apart(a, b)
    np.testing.assert_allclose(apart(a, mix), whole*t, atol=2e-5)
    np.testing.assert_allclose(apart(mix, b), whole*(1-t), atol=2e-5)


@many
@given(turns((9, 3)), hnp.arrays(float, 3, elements=st.floats(-1, 1)).filter(lambda v: np.linalg.norm(v) > .1))
def test_swing_and_twist_multiply_back(aa, axis):
    mat, axis = rot.aa_to_mat(aa), axis/np.linalg.norm(axis)
    swing, angle = rot.swing_twist(mat, axis)
    np.testing.assert_allclose(swing @ rot.aa_to_mat(axis*angle[:, None]), mat, atol=1e-9)
    np.testing.assert_allclose(swing @ axis, mat @ axis, atol=1e-9)
    assert (abs(angle) <= np.pi + 1e-9).all()


@many
@given(hnp.arrays(float, (2, 3), elements=st.floats(-1, 1)).filter(lambda v: np.linalg.norm(v, axis=1).min() > .01))
def test_rotation_between_is_a_rotation_that_arrives(ab):
    a, b = ab/np.linalg.norm(ab, axis=1, keepdims=True)
    mat = rot.rotation_between(a, b)
    np.testing.assert_allclose(mat @ a, b, atol=1e-5)
    np.testing.assert_allclose(mat @ mat.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(mat) > 0


# Motion --------------------------------------------------------------------------------------------------------------

@many
@given(motions())
def test_mirror_twice_is_nothing(m):
    same(m.mirror().mirror(), m)


@many
@given(motions(), st.sampled_from([2, 3, 4]))
def test_resample_up_and_down_is_nothing(m, k):
    same(m.resample(m.fps*k).resample(m.fps), m, 'poses', 'trans', 'expression', 'flags', 'spans')


@many
@given(motions(), st.floats(5, 240))
def test_resample_keeps_duration_and_stays_between(m, fps):
    r = m.resample(fps)
    assert abs(r.duration - m.duration) <= max(.5/fps, 1/fps if m.duration*fps < 1 else 0) + 1e-9
    assert r.trans.min() >= m.trans.min() - 1e-5 and r.trans.max() <= m.trans.max() + 1e-5


@many
@given(motions(), st.floats(0, 1), st.floats(0, 1))
def test_slice_keeps_frames_and_spans_inside(m, a, b):
    a, b = sorted((a*m.duration, b*m.duration))
    if not a < min(b, m.duration): return
    s = m.slice(a, b)
    first = min(round(a*m.fps), len(m)-1)
    assert np.array_equal(s.poses, m.poses[first:first+len(s)])
    assert all(0 <= x.start <= x.end <= s.duration + 1e-9 for x in s.spans)


@many
@given(motions(), st.data())
def test_cut_in_two_and_joined_is_whole(m, data):
    if len(m) < 2: return
    k = data.draw(st.integers(1, len(m)-1))
    halves = [cut(m, 0, k/m.fps), cut(m, k/m.fps)]
    whole = Motion.concat(halves, blend_s=0)
    same(whole, m, 'poses', 'trans', 'expression', 'fps')
    assert np.isclose(sum(s.end-s.start for s in whole.spans), sum(s.end-s.start for s in m.spans), atol=1e-6)


@many
@given(motions(20), motions(20), st.floats(0, .5))
def test_concat_overlaps_and_leaves_the_rest_alone(a, b, blend):
    b = replace(b, fps=a.fps, betas=a.betas, spans=())
    n = min(round(blend*a.fps), len(a), len(b))
    c = Motion.concat([a, b], blend)
    assert len(c) == len(a) + len(b) - n
    assert np.array_equal(c.poses[:len(a)-n], a.poses[:len(a)-n]) and np.array_equal(c.poses[len(a):], b.poses[n:])
    assert np.all(c.flags[len(a)-n:len(a)] >= STATES.index('filled'))
    assert np.isfinite(c.poses).all()


def test_a_motion_travels_between_processes():
    m = Motion(np.zeros((3, 55, 3)), meta=META)
    again = pickle.loads(pickle.dumps(m))
    same(again, m)
    with pytest.raises(ValueError): again.poses[0] = 1


# npz -----------------------------------------------------------------------------------------------------------------

@many
@given(motions())
def test_npz_keeps_every_bit(tmp_path, m):
    same(load_npz(save_npz(m, tmp_path/'m.npz')), m)


@many
@given(motions(4))
def test_npz_is_safe_for_other_readers(tmp_path, m):
    with np.load(save_npz(m, tmp_path/'m.npz'), allow_pickle=False) as z:
        assert z['poses'].shape == (len(m), 165) and z['trans'].shape == (len(m),
                                                                          3) and float(z['mocap_frame_rate']) == m.fps
        assert str(z['gender']) == 'neutral' and str(z['surface_model_type']) == 'smplx'
        # the free body's numbers never pose as SMPL-X's
        assert not {'betas', 'expressions'} & set(z.files)
        assert 'Not reviewed by signers' in json.loads(str(z['signbook']))['notice']
    licensed = replace(m, body='smplx-female', expression=np.ones((len(m), 100)), expression_basis='smplx100')
    with np.load(save_npz(licensed, tmp_path/'m.npz'), allow_pickle=False) as z:
        assert {'betas', 'expressions'} <= set(z.files) and str(z['gender']) == 'female'
        assert not {'signbook_betas', 'signbook_arkit52'} & set(z.files)
    same(load_npz(tmp_path/'m.npz'), licensed)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    m = Motion(np.zeros((3, 55, 3)), meta=META)
    before = save_npz(m, tmp_path/'m.npz').read_bytes()
    def broken(path, **arrays): Path(path).write_bytes(b'half'); raise OSError('disk full')
    monkeypatch.setattr(np, 'savez_compressed', broken)
    with pytest.raises(OSError): save_npz(m, tmp_path/'m.npz')
    assert (tmp_path/'m.npz').read_bytes() == before and os.listdir(tmp_path) == ['m.npz']


class Trap:
    def __reduce__(self): return os.system, (f'touch {os.environ["SIGNBOOK_TRAP"]}',)


@pytest.mark.parametrize('where', ['poses', 'trans', 'betas', 'expressions', 'signbook', 'mocap_frame_rate', 'gender',
                                   'hands_meanl', 'markers'])
def test_no_pickle_is_ever_opened(tmp_path, monkeypatch, where):
    monkeypatch.setenv('SIGNBOOK_TRAP', str(tmp_path/'sprung'))
    arrays = dict(poses=np.zeros((4, 165)), trans=np.zeros((4, 3)), mocap_frame_rate=30, model='smplx2020')
    np.savez(tmp_path/'m.npz', **{**arrays, where: np.array([Trap()], object)})
    np.savez(tmp_path/'mean.npz', hands_meanl=np.array([Trap()], object), hands_meanr=np.zeros(45))
    if where in ('markers', 'hands_meanl'): assert f'{where} (not used)' in load_npz(tmp_path/'m.npz').meta['unread']
    else:
        with pytest.raises(ValueError, match='plain arrays'): load_npz(tmp_path/'m.npz')
    np.savez(tmp_path/'good.npz', **arrays)
    with pytest.raises(ValueError, match='plain arrays'): load_npz(tmp_path/'good.npz', mean_hand=tmp_path/'mean.npz')
    assert not (tmp_path/'sprung').exists()


def test_an_array_that_claims_to_be_huge_is_refused(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, dict(descr='<f8', fortran_order=False, shape=(10**9, 165)))
    with zipfile.ZipFile(tmp_path/'m.npz', 'w') as z: z.writestr('poses.npy', head.getvalue())
    with pytest.raises(ValueError, match='plain arrays'): load_npz(tmp_path/'m.npz')


# damaged files -------------------------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    "One good file of every format, as bytes, and a folder to spoil them in."
    folder = tmp_path_factory.mktemp('whole')
    m = Motion(np.random.default_rng(0).normal(size=(5, 55, 3))*.3, spans=[Span('HOUSE', 'house', 'sign', 0, .1)],
               meta=META)
    return {s: save(m, folder/f'm{s}').read_bytes() for s in SAVERS}, folder


READERS = {'.npz': load_npz, '.bvh': load_bvh, '.pose': load_pose, '.vtt': load_vtt}


@pytest.mark.parametrize('suffix', READERS)
@settings(many, max_examples=250)
@given(data=st.data())
def test_damage_is_one_line_or_no_harm(whole, suffix, data):
    files, folder = whole
    raw = bytearray(files[suffix])
    how = data.draw(st.sampled_from(['cut', 'flip', 'drop', 'noise', 'double']))
    at = data.draw(st.integers(0, len(raw)-1))
    if how == 'cut': raw = raw[:at]
    elif how == 'flip':
        for i in data.draw(st.lists(st.integers(0, min(len(raw)-1, 4000)), min_size=1, max_size=8)):
            raw[i] ^= data.draw(st.integers(1, 255))
    elif how == 'drop': del raw[at:at+data.draw(st.integers(1, 400))]
    elif how == 'double': raw = raw[:at] + raw
    else: raw = bytearray(data.draw(st.binary(max_size=400)))
    (folder/f'bad{suffix}').write_bytes(raw)
    try: READERS[suffix](folder/f'bad{suffix}')
    except ValueError as e: assert len(str(e).splitlines()) == 1, e


@many
@given(st.text(max_size=200), st.sampled_from(['.bvh', '.vtt']))
def test_text_of_any_kind_is_one_line_or_no_harm(whole, text, suffix):
    start = {'.bvh': 'HIERARCHY\n', '.vtt': 'WEBVTT\n\n'}[suffix]
    path = whole[1]/f'text{suffix}'
    path.write_text(start + text, encoding='utf-8', errors='ignore')
    try: READERS[suffix](path)
    except ValueError as e: assert len(str(e).splitlines()) == 1, e


@pytest.mark.parametrize('suffix', READERS)
def test_missing_files_and_folders_are_one_line(tmp_path, suffix):
    (tmp_path/f'folder{suffix}').mkdir()
    for name in (f'none{suffix}', f'folder{suffix}'):
        with pytest.raises(ValueError, match='check the path'): READERS[suffix](tmp_path/name)


# BVH -----------------------------------------------------------------------------------------------------------------

@many
@given(motions())
def test_bvh_gives_turns_back_to_a_hundredth_of_a_degree(tmp_path, m):
    back = load_bvh(save_bvh(m if len(m.betas) == 10 else replace(m, betas=None), tmp_path/'m.bvh'))
    assert apart(m.poses, back.poses).max() < .01
    assert abs(back.trans - m.trans).max() < 2e-5 and abs(back.fps/m.fps - 1) < 1e-4
    assert back.meta['synthetic'] and back.meta['notice'] == notice(m) and back.meta['unread'] == []


def test_bvh_bones_are_the_body_and_blender_agrees(tmp_path):
    "Blender's importer puts every joint where our forward kinematics does."
    bpy = pytest.importorskip('bpy', reason='Blender as a module is not installed (pip install bpy)')
    from signbook.motion.body import load as load_body
    rng = np.random.default_rng(0)
    m = Motion(np.cumsum(rng.normal(size=(20, 55, 3))*.05, 0) + rng.normal(size=(55, 3))*.4, rng.normal(size=(20, 3)),
               meta=META)
    save_bvh(m, tmp_path/'m.bvh')
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_anim.bvh(filepath=str(tmp_path/'m.bvh'), axis_forward='-Z', axis_up='Y', update_scene_fps=True)
    rig = next(o for o in bpy.data.objects if o.type == 'ARMATURE')
    assert bpy.context.scene.render.fps == 30 and any(b.name.startswith('NOTICE:Synthetic_signing')
                                                      for b in rig.data.bones)
    _, joints = load_body().fk(m.poses, m.trans, m.betas)
    for frame in (1, 7, 20):
        bpy.context.scene.frame_set(frame)
        x, y, z = np.array([rig.matrix_world @ rig.pose.bones[n].head for n in JOINTS]).T     # Blender's up is Z
        np.testing.assert_allclose(np.stack([x, z, -y], 1), joints[frame-1], atol=2e-5)


# .pose ---------------------------------------------------------------------------------------------------------------

@many
@given(motions(4))
def test_pose_files_follow_the_contract(tmp_path, m):
    from pose_format import Pose
    m = m if len(m.betas) == 10 else replace(m, betas=None)
    pose = Pose.read(save_pose(m, tmp_path/'m.pose', size=(640, 360)).read_bytes())
    assert [(c.name, len(c.points), c.format) for c in pose.header.components] == [
        ('POSE_LANDMARKS', 33, 'XYZC'), ('FACE_LANDMARKS', 478, 'XYZC'), ('LEFT_HAND_LANDMARKS', 21, 'XYZC'),
        ('RIGHT_HAND_LANDMARKS', 21, 'XYZC'), ('POSE_WORLD_LANDMARKS', 33, 'XYZC')]
    assert abs(pose.header.version - .2) < 1e-6 and (pose.header.dimensions.width,
                                                     pose.header.dimensions.height) == (640, 360)
    assert pose.body.data.shape == (len(m), 1, 586, 3) and abs(pose.body.fps - m.fps) < 1e-4
    assert np.isfinite(pose.body.data.data).all() and set(np.unique(pose.body.confidence)) <= {0, 1}
    assert np.array_equal(pose.body.data.mask[..., 0], pose.body.confidence == 0)              # undefined is masked
    assert not pose.body.data.data[pose.body.confidence == 0].any()


@many
@given(motions(3))
def test_pixels_are_an_orthographic_picture(tmp_path, m):
    m = m if len(m.betas) == 10 else replace(m, betas=None)
    p = load_pose(save_pose(m, tmp_path/'m.pose', size=(1000, 800), width_m=2))
    assert p.spans == m.spans and p.meta == m.meta
    for name, layout in POSE_COMPONENTS.items():
        points, sure = p.part(name)
        metres, defined = track(m, [layout])[layout]
        assert np.array_equal(sure[0] > 0, defined)
        scale = np.array([500, -500, -500]) if 'WORLD' not in name else np.array([1000, -800, -1000])
        # pixels = metres times scale, plus one shift a frame and part
        moved = points[:, defined] - metres[:, defined]*scale
        tolerance = 1e-2 + 1e-4*np.abs(points).max()
        assert np.ptp(moved[..., :2], axis=1).max() < tolerance and np.ptp(moved[..., 2], axis=1).max() < tolerance
    for side, wrist in (('LEFT', 15), ('RIGHT', 16)):
        hand, body = p.part(f'{side}_HAND_LANDMARKS')[0], p.part('POSE_LANDMARKS')[0]
        np.testing.assert_allclose(hand[:, 0, :2], body[:, wrist, :2], atol=.05)       # one wrist in both parts
        assert not hand[:, 0, 2].any()


def test_pose_format_s_own_tools_work_on_our_files(tmp_path):
    from pose_format import Pose
    from pose_format.utils.generic import (correct_wrists, detect_known_pose_format, pose_hide_legs,
                                           pose_normalization_info)
    m = Motion(np.random.default_rng(1).normal(size=(6, 55, 3))*.2, spans=[Span('HOUSE', 'house', 'sign', 0, .1)],
               meta=META)
    raw = save_pose(m, tmp_path/'m.pose').read_bytes()
    pose = Pose.read(raw)
    assert detect_known_pose_format(pose) == 'holistic'
    part = Pose.read(io.BytesIO(raw), start_frame=2, end_frame=5)
    assert len(part.body.data) == 3 and np.allclose(part.body.data[0], pose.body.data[2])
    for tool in (correct_wrists, pose_hide_legs): assert tool(Pose.read(raw)).body.data.shape[0] == 6
    pose.normalize(pose_normalization_info(pose.header))
    assert pose.get_components(['LEFT_HAND_LANDMARKS']).body.data.shape == (6, 1, 21, 3)
    out = io.BytesIO(); Pose.read(raw).write(out)
    (tmp_path/'again.pose').write_bytes(out.getvalue())
    assert np.array_equal(load_pose(tmp_path/'again.pose').points, load_pose(tmp_path/'m.pose').points)


def test_limbs_are_those_of_recordings(shared_data):
    from pose_format import Pose
    pose = Pose.read(next((shared_data/'formats'/'pose').glob('gsg*.pose')).read_bytes())
    theirs = {c.name: {frozenset(l) for l in c.limbs} for c in pose.header.components}
    assert {frozenset(l) for l in HAND_LIMBS} == theirs['LEFT_HAND_LANDMARKS']
    assert [list(LAYOUTS[l]) for n, l in POSE_COMPONENTS.items()] == [list(c.points) for c in pose.header.components]


# WebVTT --------------------------------------------------------------------------------------------------------------

@many
@given(st.data())
def test_vtt_gives_spans_back(tmp_path, data):
    m = Motion(np.zeros((300, 55, 3)), spans=data.draw(spans(10)), meta=META)
    wanted = [s for s in m.spans if (s.word.strip() or s.gloss.strip()) and s.end > s.start]
    path = save_vtt(m, tmp_path/'m.vtt')
    text = path.read_text(encoding='utf-8')
    assert text.startswith('WEBVTT\n\nNOTE\nSynthetic signing') and '\n\n\n' not in text
    back = load_vtt(path)
    if any('-->' in s.word + s.gloss for s in wanted): return       # an arrow is written ->, not to end the cue
    tidy = lambda t: ' '.join(t.split())
    assert [(s.gloss, s.word, s.kind) for s in back] == [(tidy(s.gloss), tidy(s.word), s.kind) for s in wanted]
    assert all(abs(a.start-b.start) < 1e-3 and abs(a.end-b.end) < 2e-3 for a, b in zip(back, wanted))


def test_a_browser_shows_the_captions(tmp_path):
    from browser import browsing
    words = ['house', 'Al & "Bo" <i>', 'naïve -->', '家', '']
    m = Motion(np.zeros((150, 55, 3)), spans=[Span(f'G{i}', w, 'sign', i*.8, i*.8+.7) for i, w in enumerate(words)],
               meta=META)
    text = save_vtt(m, tmp_path/'m.vtt').read_text(encoding='utf-8')
    with browsing() as page:
        cues = page.evaluate("""vtt => new Promise((done, fail) => {
            const video = document.createElement('video'), track = document.createElement('track')
            track.kind = 'captions'; track.default = true
            track.src = URL.createObjectURL(new Blob([vtt], {type: 'text/vtt'}))
            track.onload = () => done([...track.track.cues].map(
                c => [c.id, c.startTime, c.endTime, c.getCueAsHTML().textContent]))
            track.onerror = fail; video.append(track); document.body.append(video); track.track.mode = 'showing' })""",
            text)
    assert [c[3] for c in cues] == ['house (G0)', 'Al & "Bo" <i> (G1)', 'naïve -> (G2)', '家 (G3)', '(G4)']
    assert [round(c[1], 3) for c in cues] == [0, .8, 1.6, 2.4, 3.2] and all(c[0] == 'sign' for c in cues)


# every export says what it is ----------------------------------------------------------------------------------------

@pytest.mark.parametrize('suffix', SAVERS)
def test_the_notice_is_in_the_file(whole, suffix):
    raw = whole[0][suffix]
    if suffix == '.npz':
        with np.load(io.BytesIO(raw), allow_pickle=False) as z: raw = str(z['signbook']).encode()
    text = raw.decode('utf-8', 'ignore').replace('_', ' ')
    for words in ('Synthetic signing', 'American Sign Language', 'Not reviewed by signers',
                  'Not for medical, legal or emergency use'):
        assert words in text


@pytest.mark.parametrize('suffix', SAVERS)
def test_so_are_notes(tmp_path, suffix):
    save(Motion(np.zeros((2, 55, 3)), meta={**META, 'notes': ['finger alphabet unverified']}), tmp_path/f'm{suffix}')
    raw = (tmp_path/f'm{suffix}').read_bytes()
    if suffix == '.npz':
        with np.load(io.BytesIO(raw), allow_pickle=False) as z: raw = str(z['signbook']).encode()
    assert 'Note: finger alphabet unverified.' in raw.decode('utf-8', 'ignore').replace('_', ' ')


@pytest.mark.parametrize('suffix', SAVERS)
@pytest.mark.parametrize('left_out', ['source', 'licence', 'language', 'synthetic', 'generator'])
def test_a_clip_without_provenance_is_not_saved(tmp_path, suffix, left_out):
    m = Motion(np.zeros((2, 55, 3)), meta={k: v for k, v in META.items() if k != left_out})
    with pytest.raises(ValueError, match=f'missing {left_out}'): save(m, tmp_path/f'm{suffix}')
    assert not os.listdir(tmp_path)


# other people's files ------------------------------------------------------------------------------------------------

def test_amass(shared_data, tmp_path):
    path = shared_data/'formats'/'smplx'/'amass_sample.npz'
    m = load_npz(path)
    assert (len(m), m.fps, m.body, m.betas.shape) == (500, 120, 'smplh-female', (16,))
    assert [u.split()[0] for u in m.meta['unread']] == ['dmpls', 'labels', 'markers', 'vids', 'rest', "pelvis'"]
    assert m.meta['synthetic'] is False and m.meta['source'].startswith('amass_sample.npz')
    up = rot.aa_to_mat(m.poses[:, 0].astype(float)) @ [0, 1, 0]
    # it stands, and it stands along Y
    assert up.mean(0)[1] > .9
    assert [STATES[s] for s in m.flags[0]] == ['fitted', 'fitted', 'filled', 'filled', 'filled']
    # fingers hold one curled hand, mirrored:
    left, right = m.poses[0, 25:40], m.poses[0, 40:55]
    # the mean hand is *in* these numbers, so they are absolute
    np.testing.assert_allclose(left*[1, -1, -1], right, atol=1e-6)
    assert np.degrees(np.linalg.norm(left[:9], axis=-1)).min() > 10
    r = m.resample(30)
    assert (len(r), r.fps) == (125, 30) and np.array_equal(r.poses, m.poses[::4])
    same(load_npz(save_npz(r, tmp_path/'m.npz')), r)
    with np.load(tmp_path/'m.npz') as z: assert 'betas' not in z.files
    for target in ('m.bvh', 'm.pose'): convert(path, tmp_path/target)
    assert apart(m.poses, load_bvh(tmp_path/'m.bvh').poses).max() < .01


def test_beat2(shared_data, tmp_path):
    path = shared_data/'formats'/'smplx'/'beat2_2_scott_0_1_1.npz'
    m = load_npz(path)
    assert (len(m), m.fps, m.body, m.expression_basis, m.expression.shape,
            m.betas.shape) == (1906, 30, 'smplx-neutral', 'smplx100', (1906, 100), (300,))
    assert [u[:9] for u in m.meta['unread']] == ['mean hand', 'rest pose'] and m.meta['converted'] == []
    with np.load(path) as z:
        np.testing.assert_array_equal(m.poses.reshape(-1, 165), z['poses'])
        np.testing.assert_allclose(m.trans, z['trans'], atol=1e-6)
    assert m.poses[:, joint('jaw')].std() > 0 and all(STATES[s] == 'fitted' for s in m.flags[0])
    mean = np.random.default_rng(0).normal(size=(30, 3))*.1
    np.testing.assert_allclose(load_npz(path, mean_hand=mean).poses[:, 25:], m.poses[:, 25:] + mean, atol=1e-5)
    same(load_npz(save_npz(m, tmp_path/'m.npz')), m)
    with np.load(tmp_path/'m.npz') as z:
        assert np.array_equal(z['expressions'], m.expression) and np.array_equal(z['betas'], m.betas)
    piece = m.slice(10, 14)
    assert len(piece) == 120 and np.array_equal(piece.resample(60).poses[::2], piece.poses)
    assert apart(piece.poses, load_bvh(save_bvh(replace(piece, body='free', betas=None),
                                                tmp_path/'m.bvh')).poses).max() < .01


def test_beat2_fingers_bend_as_if_zero_were_straight(shared_data):
    "What chapter npz says of the stored fingers: the middle joints of three fingers never bend backwards."
    m = load_npz(shared_data/'formats'/'smplx'/'beat2_2_scott_0_1_1.npz')
    for side, sign in (('left', -1), ('right', 1)):
        for finger in ('index', 'middle', 'ring'):
            bend = np.degrees(sign*m.poses[:, joint(f'{side}_{finger}2'), 2])
            assert -2 < bend.min() and np.percentile(bend, 1) < 10 and 35 < bend.max() < 65, (side, finger)


def test_every_pose_file_at_hand_is_read(shared_data):
    files = sorted([*(shared_data/'formats'/'pose').glob('*.pose'),
                    *(shared_data/'metrics'/'same_sign').glob('*.pose'),
                    *(shared_data/'formats'/'lexicon_of_clips').rglob('*.pose')])
    assert len(files) >= 10
    for f in files:
        p = load_pose(f)
        assert len(p) > 5 and p.fps > 0 and p.points.shape == p.confidence.shape + (3,), f.name
        assert np.isfinite(p.points).all(), f.name
        assert 0 <= p.confidence.min() and p.confidence.max() <= 1.001 and p.spans == () and p.meta == {}, f.name
        for name, points in p.names: assert p.part(name)[0].shape[1] == len(points)


def test_our_points_lie_as_recorded_ones_do(shared_data):
    "The picture's conventions in a recording: x to the signer's left, y down, a hand's depth from its wrist."
    p = load_pose(next((shared_data/'formats'/'pose').glob('04_*.pose')))
    body, _ = p.part('POSE_LANDMARKS')
    assert (body[:, 11, 0] > body[:, 12, 0]).all() and (body[:, 0, 1] < body[:, 11, 1]).all()
    hand, sure = p.part('RIGHT_HAND_LANDMARKS')
    assert abs(hand[sure[:, 0] > 0, 0, 2]).max() < 1e-5


def test_face_points_lie_on_the_mesh_as_on_recorded_faces(shared_data):
    "Our face, seen from the front, against MediaPipe's mesh on recorded faces, after a similarity."
    here, defined = track(Motion(np.zeros((1, 55, 3)), meta=META), ['mediapipe_face'])['mediapipe_face']
    assert defined.sum() >= 70
    ours = here[0, :468, :2][defined[:468]]*[1, -1]
    files = sorted(p for g in ('gsg*', '04_*', '06_*') for p in (shared_data/'formats'/'pose').glob(f'{g}.pose'))
    assert len(files) >= 5
    for f in files:
        face, sure = load_pose(f).part('FACE_LANDMARKS')
        face = face[sure[:, 0] > 0]
        theirs = face[len(face)//2, :468, :2][defined[:468]]
        a, b = ours - ours.mean(0), theirs - theirs.mean(0)
        u, s, vt = np.linalg.svd(a.T @ b)
        error = np.linalg.norm(a @ u @ vt*s.sum()/(a**2).sum() - b,
                               axis=1)/np.linalg.norm(face[len(face)//2, 33, :2] - face[len(face)//2, 263, :2])
        assert np.linalg.det(u @ vt) > 0 and error.mean() < .09, (f.name, error.mean())


def test_suffixes_name_each_other(tmp_path):
    assert set(LOADERS) < set(SAVERS)
    for bad in ('m', 'm.txt', 'm.npz.gz'):
        with pytest.raises(ValueError, match='ends in'): save(Motion(np.zeros((1, 55, 3)), meta=META), tmp_path/bad)
        with pytest.raises(ValueError, match='ends in'): load(tmp_path/bad)


def test_left_and_right_are_swapped_everywhere():
    assert all(('left' in a) == ('right' in JOINTS[MIRROR[i]]) for i, a in enumerate(JOINTS)) and len(CHANNELS) == 5
