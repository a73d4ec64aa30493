"""Keypoints of every source as `Landmarks`: what is read, what is refused, and files that other people's tools wrote.

Miniature files are made here; recordings of others are used where SIGNBOOK_DATA has them.
"""
import importlib.util
import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signbook.cli import run
from signbook.core import SignbookError
from signbook.data.keypoints import POINTS, _columns, read, read_table
from signbook.data.landmarks import Landmarks, at, cut, load, pick, present, quality, resized, save
from signbook.motion.points import load_pose

many = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
RNG = np.random.default_rng(7)
PARTS = {'pose_keypoints_2d': 25, 'face_keypoints_2d': 70, 'hand_left_keypoints_2d': 21, 'hand_right_keypoints_2d': 21}


def person(score=.8, at=300., **counts):
    "A person as OpenPose writes one: every point near `at` pixels, all as sure as `score`."
    row = lambda n: np.c_[at + np.arange(n), 2*at + np.arange(n), np.full(n, score)].ravel().tolist()
    return {key: row(n) for key, n in {**PARTS, **counts}.items()}


def openpose(folder, frames, first=0):
    "A folder of OpenPose; a frame is a list of people, or None = no file."
    folder.mkdir()
    for t, people in enumerate(frames, first):
        if people is not None:
            (folder/f'clip_{t:012d}_keypoints.json').write_text(json.dumps(dict(version=1.3, people=people)))
    return folder


def dwpose_person(shift=0., **lengths):
    n = {**dict(body=18, face=68, left_hand=21, right_hand=21), **lengths}
    out = {}
    for role, count in n.items():
        out[f'{role}_keypoints'] = [[.3 + .01*i + shift, .4] for i in range(count)]
        out[f'{role}_scores'] = [float(i) for i in range(count)] if role == 'body' else [.9]*count
    return out


def dwpose(folder, frames, first=1):
    folder.mkdir()
    for t, people in enumerate(frames, first):
        frame = dict(num_persons=len(people), **{f'person_{i}': p for i, p in enumerate(people)})
        (folder/f'{t:08d}.json').write_text(json.dumps(frame))
    return folder


def npy(path, array, **options):
    np.save(path, array, **options)
    return path


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def any_landmarks(T=5, seed=0, deep=True, roles=('body', 'left_hand')):
    rng = np.random.default_rng(seed)
    names = [(r, list(POINTS[r].values())[0]) for r in roles]
    P = sum(len(p) for _, p in names)
    return Landmarks(names, rng.normal(300, 90, (T, P, 3 if deep else 2)), rng.random((T, P))*(rng.random((T, P)) > .2), 30,
                     (640, 480), meta=dict(source='a test', licence='Apache-2.0', synthetic=True))


# the type -------------------------------------------------------------------------------------------------------------

@many
@given(st.integers(1, 9), st.integers(0, 2**32 - 1), st.booleans(), st.floats(.5, 500), st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
       st.sets(st.sampled_from(list(POINTS)), min_size=1))
def test_pose_files_give_everything_back(tmp_path, T, seed, deep, fps, size, roles):
    lm = replace(any_landmarks(T, seed, deep, sorted(roles)), fps=fps, size=size)
    again = load(save(lm, tmp_path/'x.pose'))
    assert np.array_equal(again.points, lm.points) and np.array_equal(again.confidence, lm.confidence)
    assert (again.names, again.fps, again.size, again.depth) == (lm.names, lm.fps, lm.size, lm.depth)
    assert again.meta == lm.meta


@many
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_nothing_that_is_no_number_comes_out(seed, bad):
    rng, lm = np.random.default_rng(seed), any_landmarks()
    points, confidence = np.array(lm.points), np.array(lm.confidence)
    spoiled, unsure = rng.random(points.shape) < .1, rng.random(confidence.shape) < .1
    points[spoiled], confidence[unsure] = bad, np.nan
    out = replace(lm, points=points, confidence=confidence)
    missing = spoiled.any(-1) | unsure | (lm.confidence == 0)
    assert np.array_equal(out.confidence == 0, missing) and not out.points[missing].any()
    assert np.array_equal(out.points[~missing], lm.points[~missing])


def test_landmarks_cannot_be_changed():
    lm = any_landmarks()
    with pytest.raises(ValueError): lm.points[0, 0] = 1
    with pytest.raises(AttributeError): lm.fps = 3
    again = pickle.loads(pickle.dumps(lm))                  # a copy from another process
    assert np.array_equal(again.points, lm.points) and again.meta == lm.meta
    with pytest.raises(ValueError): again.points[0, 0] = 1


def test_a_part_of_a_part():
    lm = any_landmarks(9, roles=('body', 'left_hand', 'world'))
    assert np.array_equal(cut(pick(lm, 'left_hand'), 2, 5).points, lm.points[2:5, 33:54])
    assert pick(lm, 'body', 'left_hand', 'world').names == lm.names
    assert [n for n, _ in pick(lm, 'left_wrist').names] == ['body', 'left_hand']       # metres are not pixels
    assert quality(pick(lm, 'world')).keys() == {'world'}


def test_shares_become_pixels_and_back():
    lm = replace(any_landmarks(), points=any_landmarks().points/1000, size=(1, 1))
    big = resized(lm, (1280, 720))
    np.testing.assert_allclose(big.points, lm.points*[1280, 720, 1280], rtol=1e-5)
    np.testing.assert_allclose(resized(big, (1, 1)).points, lm.points, atol=1e-6)


# OpenPose -------------------------------------------------------------------------------------------------------------

def test_openpose_gaps_are_listed_and_stay_empty(tmp_path):
    lm = read(openpose(tmp_path/'a', [[person()], [], None, [person(at=500.)], None, [person()]], first=40), fps=24, size=(1280, 720))
    assert (len(lm), lm.fps, lm.size, lm.depth, lm.meta['gaps']) == (6, 24, (1280, 720), False, [1, 2, 4])
    assert np.array_equal(np.flatnonzero(present(lm, 'body')), [0, 3, 5])
    assert at(lm, 'left_wrist')[0][3].tolist() == [507, 1007]
    assert np.array_equal(load(save(lm, tmp_path/'a.pose')).points, lm.points) and load(tmp_path/'a.pose').meta['gaps'] == [1, 2, 4]


def test_openpose_people(tmp_path):
    folder = openpose(tmp_path/'a', [[person(.3, 100.), person(.9, 600.)], [person(.9, 600.)], [person(.9, 600.), person(.3, 100.)]])
    assert at(read(folder), 'nose')[0][:, 0].tolist() == [600, 600, 600]
    assert at(read(folder, person=0), 'nose')[0][:, 0].tolist() == [100, 600, 600]
    second = read(folder, person=1)
    assert second.meta['gaps'] == [1] and at(second, 'nose')[0][:, 0].tolist() == [600, 0, 100]


def test_the_same_person_is_followed(tmp_path):
    frames = [[person(.9, 100), person(.8, 900)], [person(.8, 105), person(.9, 900)], [person(.9, 905)], [person(.9, 900), person(.7, 110)]]
    x = [read(openpose(tmp_path/f'clip{n}', frames[:n])).points[:, 0, 0] for n in (2, 4)]
    np.testing.assert_allclose(x[0], [100, 105])
    assert x[1][1] == 105 and x[1][2] == 905          # there is nobody else


def test_a_frame_rate_that_was_assumed_can_be_given_later(tmp_path):
    clip = save(read(openpose(tmp_path/'clip', [[person()]]*3)), tmp_path/'clip.pose')
    assert read(clip).meta['assumed'] == ['fps']
    known = save(read(clip, fps=50), tmp_path/'known.pose')
    assert (read(known).fps, read(known).meta['assumed']) == (50, [])
    with pytest.raises(SignbookError, match='expected fps=50, which the file says, got 30'): read(known, fps=30)


def test_two_arrays_of_one_part_are_refused(tmp_path):
    path = npz(tmp_path/'two.npz', pose=np.full((2, 33, 3), .5), pose_extra=np.full((2, 33, 3), .1))
    with pytest.raises(SignbookError, match='expected one array for each part, got pose and pose_extra'): read(path)


def test_openpose_coco18_without_hands_and_face(tmp_path):
    some = person(pose_keypoints_2d=18, face_keypoints_2d=0, hand_left_keypoints_2d=0, hand_right_keypoints_2d=0)
    lm = read(openpose(tmp_path/'a', [[some]]*3))
    assert [(n, len(p)) for n, p in lm.names] == [('pose_keypoints_2d', 18)] and quality(lm) == {'body': 1}
    assert [at(lm, place)[0][0, 0] for place in ('nose', 'right_hip', 'left_ankle', 'left_ear')] == [300, 308, 313, 317]
    assert lm.meta['assumed'] == ['fps']


def test_hands_that_come_and_go(tmp_path):
    without = person(hand_left_keypoints_2d=0)
    lm = read(openpose(tmp_path/'a', [[person()], [without], [person()]]))
    assert lm.meta['gaps'] == [] and present(lm, 'left_hand').tolist() == [True, False, True]


# DWPose, COCO-WholeBody -----------------------------------------------------------------------------------------------

def test_dwpose(tmp_path):
    missed = dwpose_person()
    missed['body_scores'][4] = -1.
    lm = read(dwpose(tmp_path/'a', [[dwpose_person()], [missed], []]), size=(1000, 500))
    assert (lm.size, lm.meta['tool'], lm.meta['gaps']) == ((1000, 500), 'DWPose', [2])
    body = pick(lm, 'body')
    assert body.confidence[:, 4].tolist() == [1, 0, 0] and body.confidence[0].min() == 1
    np.testing.assert_allclose(body.points[0, 3], [330, 200], atol=1e-3)
    assert read(tmp_path/'a').size == (1, 1)


def test_wholebody_as_video_as_frames_and_as_array(tmp_path):
    xy = RNG.uniform(100, 700, (4, 133, 2)).round(3)
    instance = lambda t: dict(keypoints=xy[t].tolist(), keypoint_scores=[.7]*133)
    (tmp_path/'clip.json').write_text(json.dumps(dict(
        meta_info={}, instance_info=[dict(frame_id=t + 1, instances=[instance(t)]) for t in range(4)])))
    (tmp_path/'frames').mkdir()
    for t in range(4): (tmp_path/'frames'/f'{t:06d}.json').write_text(json.dumps(dict(instance_info=[instance(t)])))
    array = npy(tmp_path/'a.npy', np.concatenate([xy, np.full((4, 133, 1), .7)], -1))
    for source in (tmp_path/'clip.json', tmp_path/'frames', array):
        lm = read(source)
        np.testing.assert_allclose(lm.points, xy, atol=1e-3)
        assert [(n, len(p)) for n, p in lm.names] == [('body', 23), ('face', 68), ('left_hand', 21), ('right_hand', 21)]
        np.testing.assert_allclose(at(lm, 'right_index_tip')[0], xy[:, 112 + 8], atol=1e-3)
        assert abs(lm.confidence - .7).max() < 1e-6


# MediaPipe ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('count,parts', [(33, [33]), (75, [33, 21, 21]), (543, [33, 468, 21, 21]), (553, [33, 478, 21, 21]),
                                         (576, [33, 468, 21, 21, 33]), (586, [33, 478, 21, 21, 33])])
@pytest.mark.parametrize('width', [2, 3, 4])
def test_mediapipe_arrays(tmp_path, count, parts, width):
    array = RNG.uniform(.1, .9, (6, count, width)).astype(np.float32)
    array[2, 5], array[3, 6], array[4] = np.nan, 0, np.nan
    lm = read(npy(tmp_path/'a.npy', array), fps=50)
    assert ([len(p) for _, p in lm.names], lm.fps, lm.size, lm.depth) == (parts, 50, (1, 1), width > 2)
    assert np.argwhere(lm.confidence[:4] == 0).tolist() == [[2, 5], [3, 6]] and lm.meta['gaps'] == [4]
    seen = lm.confidence > 0
    assert np.array_equal(lm.points[seen], array[seen][:, :min(3, width)])
    assert np.array_equal(lm.confidence[seen], array[seen][:, 3] if width == 4 else np.ones(seen.sum()))


def test_mediapipe_npz_by_name(tmp_path):
    lm = read(npz(tmp_path/'a.npz', right_hand=RNG.random((4, 21, 3)), pose=RNG.random((4, 33, 4)), pose_world=RNG.normal(size=(4, 33, 3)),
                  face=np.full((4, 468, 3), np.nan), fps=np.float64(12.5)), size=(640, 480))
    assert lm.fps == 12.5 and lm.roles.count('world') == 33 and 'assumed' not in lm.meta
    assert quality(lm) == dict(body=np.float64(present(lm, 'body').mean()), face=0, right_hand=1, world=1)


def test_tables_without_pyarrow_name_the_extra(tmp_path):
    if importlib.util.find_spec('pyarrow'): pytest.skip('pyarrow is there')
    (tmp_path/'a.parquet').write_bytes(b'PAR1' + b'\0'*20 + b'PAR1')
    with pytest.raises(ImportError, match=r"signbook\[scale\]"): read(tmp_path/'a.parquet')


def test_tables_with_pyarrow(tmp_path):
    pa, parquet = pytest.importorskip('pyarrow'), pytest.importorskip('pyarrow.parquet')
    hand = RNG.random((5, 21, 3)).astype(np.float32)
    parquet.write_table(pa.table({f'{a}_right_hand_{i}': hand[:, i, k] for i in range(21) for k, a in enumerate('xyz')}), tmp_path/'a.parquet')
    assert np.array_equal(read(tmp_path/'a.parquet').points, hand)
    assert np.array_equal(read_table(tmp_path/'a.parquet', 30).points, hand)
    (tmp_path/'cut.parquet').write_bytes((tmp_path/'a.parquet').read_bytes()[:200])
    with pytest.raises(SignbookError, match='cut.parquet: expected a Parquet table'): read(tmp_path/'cut.parquet')


@pytest.mark.parametrize('table,words', [
    ({}, 'got none'),
    ({'a': [1], 'b': [2]}, 'got a, b'),
    ({'x_left_hand_999999999': [1.]}, 'expected 21 points'),
    ({'x_left_hand_20': ['no']}, 'expected columns of numbers'),
    (dict(frame=[0, 10**11], type=['pose']*2, landmark_index=[0, 32], x=[0, 0], y=[0, 0], z=[0, 0]), 'MiB at most'),
    (dict(frame=[0], type=['pose'], landmark_index=[-1], x=[0], y=[0], z=[0]), 'negative landmark_index'),
    (dict(frame=['a'], type=['pose'], landmark_index=[0], x=[0], y=[0], z=[0]), 'expected columns of numbers'),
    (dict(frame=[0], type=['pose'], landmark_index=[40], x=[0], y=[0], z=[0]), '33 points, got 41'),
])
def test_broken_tables(table, words):
    with pytest.raises(SignbookError, match=words): _columns('t.parquet', table)


# what is refused ------------------------------------------------------------------------------------------------------

def text(path, content):
    path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
    return path


def good_pose(path):
    return save(any_landmarks(), path)


def header(path, shape, dtype='<f4', body=b''):
    "An npy file whose header says `shape`, whatever follows."
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, dict(descr=dtype, fortran_order=False, shape=shape))
    return text(path, stream.getvalue() + body)


def zip_of(path, **members):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, content in members.items(): z.writestr(f'{name}.npy', content)
    return path


def bomb(path):
    "A small zip that would unpack to two gigabytes and a half."
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, dict(descr='<f4', fortran_order=False, shape=(6_500_000, 33, 3)))
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as z, z.open('pose.npy', 'w', force_zip64=True) as f:
        f.write(stream.getvalue())
        for _ in range(20): f.write(bytes(1 << 20))
    return path


def pose_of_frames(path, frames):
    "A `.pose` file whose header promises `frames` frames."
    raw = bytearray(good_pose(path).read_bytes())
    count = struct.pack('<I', 5) + struct.pack('<H', 1)
    at = raw.index(count)
    raw[at:at + 4] = struct.pack('<I', frames)
    return text(path, bytes(raw))


def sparse(path, start, size):
    "A file that says `start` and then is very long, but takes no room on disk."
    text(path, start)
    os.truncate(path, size)
    return path


def one(content): return lambda d: text(d/'0001.json', content)
def folder(*frames, **options): return lambda d: openpose(d/'clip', frames, **options)
def dw(person): return lambda d: dwpose(d/'clip', [[person]])


def whole(d, points, scores):
    return text(d/'0001.json', json.dumps(dict(instance_info=[dict(keypoints=[[1, 2]]*points, keypoint_scores=[1]*scores)])))


def extra(name, content='{}'):
    def make(d):
        openpose(d/'clip', [[person()]])
        text(d/'clip'/name, content)
        return d/'clip'
    return make


REFUSED = {
    'nothing there': (lambda d: d/'gone.pose', 'No such file'),
    'empty file': (lambda d: text(d/'x.json', ''), 'got an empty file'),
    'empty pose file': (lambda d: text(d/'x.pose', b''), 'expected a .pose file'),
    'a film': (lambda d: text(d/'x.mp4', b'\0\0\0\x20ftypisom'), 'video is not read here'),
    'words': (lambda d: text(d/'x.txt', 'hello'), 'got something else'),
    'empty folder': (lambda d: d, 'got no .json'),
    'json cut off': (one('{"people": [{"pose_keypoints_2d": [1, 2'), 'was it cut off'),
    'json not utf-8': (one(b'{"people": "\xff\xfe"}'), 'expected JSON'),
    'json too deep': (one('{"people":' + '['*200_000), 'expected JSON'),
    'json list': (one('[1, 2]'), 'expected a JSON object'),
    'json of another kind': (one('{"shapes": [], "version": 5}'), "got 'shapes', 'version'"),
    'json empty object': (one('{}'), 'got nothing'),
    'people is a number': (one('{"people": 3}'), 'broken one'),
    'people are numbers': (one('{"people": [3]}'), 'broken one'),
    'person without points': (one('{"people": [{}]}'), 'got none'),
    'words for numbers': (one('{"people": [{"pose_keypoints_2d": ["a", "b", "c"]}]}'), 'expected a list of numbers'),
    'two numbers a point': (one(json.dumps(dict(people=[person() | dict(pose_keypoints_2d=[1.]*50)]))), '3 numbers a point'),
    'a body of 24': (folder([person(pose_keypoints_2d=24)]), 'expected 17, 18, 23, 25, 33 points, got 24'),
    'a hand of 20': (folder([person(hand_left_keypoints_2d=20)]), 'left_hand: expected 21 points, got 20'),
    'a face of 69': (folder([person(face_keypoints_2d=69)]), 'face: expected 68, 70, 468, 478 points, got 69'),
    'bodies of 25 and 18': (folder([person()], [person(pose_keypoints_2d=18)]), 'as many points in every frame'),
    'nobody anywhere': (folder([], []), 'a person in at least one frame'),
    'two clips': (extra('other_000000000003_keypoints.json', json.dumps(dict(people=[person()]))), 'one clip in a folder'),
    'a frame twice': (extra('clip_0_keypoints.json', json.dumps(dict(people=[person()]))), 'got a number twice'),
    'a file without number': (extra('config.json'), 'got config.json'),
    'frame number of a madman': (extra('clip_999999999999_keypoints.json', json.dumps(dict(people=[person()]))), 'MiB at most'),
    'two trackers': (extra('clip_000000000001.json', json.dumps(dict(num_persons=1, person_0=dwpose_person()))), 'files of one tracker'),
    'dwpose without person': (one('{"num_persons": 2, "person_0": {}}'), "KeyError('person_1')"),
    'dwpose scores missing': (dw({**dwpose_person(), 'face_scores': [.5]}), 'a score for each of 68 points, got 1'),
    'dwpose body of 17': (dw(dwpose_person(body=16)), 'got 16'),
    'dwpose persons as text': (one('{"num_persons": "many"}'), 'broken one'),
    'wholebody of 17': (lambda d: whole(d, 17, 17), 'the 133 points'),
    'wholebody scores missing': (lambda d: whole(d, 133, 9), 'a score for each'),
    'array of 74 points': (lambda d: npy(d/'x.npy', np.ones((3, 74, 3))), 'got shape (3, 74, 3)'),
    'array that is flat': (lambda d: npy(d/'x.npy', np.ones((3, 225))), 'reshape it'),
    'array of one hand': (lambda d: npy(d/'x.npy', np.ones((3, 21, 3))), 'left_hand, right_hand or face'),
    'array without frames': (lambda d: npy(d/'x.npy', np.ones((0, 75, 3))), 'at least one frame'),
    'array of words': (lambda d: npy(d/'x.npy', np.full((2, 75, 3), 'a')), 'expected numbers'),
    'array of five numbers': (lambda d: npy(d/'x.npy', np.ones((2, 75, 5))), '(frames, points, 2 to 4)'),
    'pickle': (lambda d: npy(d/'x.npy', np.array([{}]), allow_pickle=True), 'objects are not unpacked'),
    'pickle by another name': (lambda d: text(d/'x.npy', pickle.dumps({})), 'got something else'),
    'npy cut off': (lambda d: text(d/'x.npy', npy(d/'y.npy', np.ones((9, 75, 3))).read_bytes()[:900]), 'was it cut off'),
    'npy without header': (lambda d: text(d/'x.npy', b'\x93NUMPY'), 'plain arrays'),
    'npy of a billion frames': (lambda d: header(d/'x.npy', (10**9, 33, 3)), 'MiB at most'),
    'npy of negative size': (lambda d: header(d/'x.npy', (-5, 33, 3)), 'plain arrays'),
    'npz of a billion frames': (lambda d: zip_of(d/'x.npz', pose=header(d/'h.npy', (10**9, 33, 3)).read_bytes()), 'MiB at most'),
    'npz bomb': (lambda d: bomb(d/'x.npz'), 'MiB at most'),
    'npz cut off': (lambda d: text(d/'x.npz', npz(d/'y.npz', pose=np.ones((9, 33, 3))).read_bytes()[:900]), 'plain arrays'),
    'npz of a pickle': (lambda d: npz(d/'x.npz', pose=np.array([{}])), 'objects are not unpacked'),
    'npz without points': (lambda d: npz(d/'x.npz', labels=np.arange(4)), 'got labels'),
    'npz with parts of two lengths': (lambda d: npz(d/'x.npz', pose=np.ones((4, 33, 3)), left_hand=np.ones((5, 21, 3))), 'as many frames'),
    'npz with a hand of 20': (lambda d: npz(d/'x.npz', left_hand=np.ones((4, 20, 3))), 'left_hand: expected 21'),
    'npz with metres beside pixels': (lambda d: npz(d/'x.npz', pose=np.full((4, 33, 3), 400.), world=np.ones((4, 33, 3))), 'as shares of it'),
    'npz fps of zero': (lambda d: npz(d/'x.npz', pose=np.ones((4, 33, 3)), fps=0), 'fps: expected'),
    'json of a gigabyte': (lambda d: sparse(d/'0001.json', '{"people": []}', 1 << 30), 'MiB at most'),
    'npy of two gigabytes': (lambda d: sparse(d/'x.npy', b'\x93NUMPY', 2 << 30), 'MiB at most'),
    'pose of two gigabytes': (lambda d: sparse(d/'x.pose', good_pose(d/'y.pose').read_bytes(), 2 << 30), 'MiB at most'),
    'a zip of other things': (lambda d: zip_of(d/'x.npz', pose=b'hello'), 'plain arrays'),
    'pose cut off': (lambda d: text(d/'x.pose', good_pose(d/'y.pose').read_bytes()[:700]), 'expected a .pose file'),
    'pose of four billion frames': (lambda d: pose_of_frames(d/'x.pose', 2**32 - 1), 'expected a .pose file'),
    'pose of noise': (lambda d: text(d/'x.pose', bytes(range(256))*40), 'expected a .pose file'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_one_clear_line_and_no_more_memory_than_the_file(tmp_path, case):
    make, words = REFUSED[case]
    path = make(tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(SignbookError) as e: read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally: tracemalloc.stop()
    line = str(e.value)
    assert words in line and '\n' not in line and '; ' in line, line
    assert str(tmp_path) in line.split(': ')[0], line
    assert peak < 32 << 20, f'{peak >> 20} MiB'


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                        ['pose_keypoints_2d', 'face_keypoints_2d', 'person_0', 'instances', 'keypoints', 'keypoint_scores',
                         'body_keypoints', 'body_scores', 'x']), inner, max_size=4), max_leaves=12)


@settings(many, max_examples=300)
@given(st.dictionaries(st.sampled_from(['people', 'num_persons', 'person_0', 'instance_info', 'instances']), JSON, min_size=1))
def test_any_json_is_read_or_refused_in_one_line(tmp_path, content):
    text(tmp_path/'0001.json', json.dumps(content))
    for path in (tmp_path/'0001.json', tmp_path):
        try: read(path)
        except SignbookError as e: assert '0001.json' in str(e) or tmp_path.name in str(e)


@pytest.mark.parametrize('name', ['x.npy', 'x.npz', 'x.pose', '0001.json'])
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path, name):
    make = {'x.npy': lambda p: npy(p, RNG.random((3, 75, 3)).astype('f4')), 'x.npz': lambda p: npz(p, pose=RNG.random((3, 33, 3))),
            'x.pose': good_pose, '0001.json': one(json.dumps(dict(people=[person()])))}
    good = make[name](tmp_path if name == '0001.json' else tmp_path/name).read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(150):
        raw = bytearray(good)
        near = min(len(raw), 400) if rng.random() < .7 else len(raw)     # most of what can go wrong stands at the beginning
        for i in rng.integers(0, near, rng.integers(1, 4)): raw[i] = rng.integers(256)
        if rng.random() < .2: del raw[rng.integers(len(raw)):]
        try: lm = read(text(tmp_path/name, bytes(raw)))
        except SignbookError as e: assert name in str(e)
        else: assert np.isfinite(lm.points).all() and 0 <= lm.confidence.min() and lm.confidence.max() <= 1


def test_all_nan_is_read_as_seen_never(tmp_path):
    lm = read(npy(tmp_path/'x.npy', np.full((4, 75, 3), np.nan)))
    assert not lm.confidence.any() and not lm.points.any() and quality(lm) == dict(body=0, left_hand=0, right_hand=0)


@pytest.mark.parametrize('name', ['x.pose', 'x.npy', '0001.json'])
def test_what_may_not_be_read(tmp_path, monkeypatch, name):
    "Root may read everything, so the refusal is made up; the line must name the file."
    path = text(tmp_path/name, b'{}')
    def refuse(file, *a, **k): raise PermissionError(13, 'Permission denied', str(file))
    monkeypatch.setattr('builtins.open', refuse)
    with pytest.raises(SignbookError, match=f'{name}: expected a file that can be read, got Permission denied'): read(path)


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(file): raise PermissionError(13, 'Permission denied', str(file))
    monkeypatch.setattr(Path, 'iterdir', refuse)
    with pytest.raises(SignbookError, match='expected a folder, got Permission denied'): read(tmp_path)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no pipes here')
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path/'x.json')
    with pytest.raises(SignbookError, match='x.json: expected a file or folder'): read(tmp_path/'x.json')


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path/'0001.json').mkdir()
    with pytest.raises(SignbookError, match='0001.json: expected a file that can be read, got Is a directory'): read(tmp_path)


# the command line -----------------------------------------------------------------------------------------------------

def test_command_says_what_is_there_and_converts(tmp_path, capsys):
    folder = openpose(tmp_path/'clip', [[person()], None, [person()]])
    assert run(['landmarks', str(folder)]) == 0
    out, err = capsys.readouterr()
    assert 'Landmarks(3 frames at 25 fps (assumed)' in out and 'body 67%' in out
    assert 'nobody in 1 of 3 frames: 1' in err and '--fps' in err and '--size' in err
    assert run(['landmarks', str(folder), '--fps', '24', '--size', '1280x720', '-o', str(tmp_path/'clip.pose')]) == 0
    out, err = capsys.readouterr()
    assert 'clip.pose: 0.1 s' in out and '--fps' not in err and '--size' not in err
    lm = load(tmp_path/'clip.pose')
    assert (lm.fps, lm.size, lm.meta['gaps'], lm.meta['tool']) == (24, (1280, 720), [1], 'OpenPose')


@pytest.mark.parametrize('words,said', [
    (['nowhere.pose'], 'nowhere.pose'), (['{clip}', '--size', 'large'], '1280x720'), (['{clip}', '-o', 'x.glb'], '.pose'),
    (['{clip}', '--fps', '0'], '--fps'), (['{clip}', '--person', '7'], 'person: expected 0 to 0, got 7'), ([], 'FILE')])
def test_command_refuses_in_one_line(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    openpose(tmp_path/'clip', [[person()]])
    assert run(['landmarks', *(w.format(clip='clip') for w in words)]) == 2
    out, err = capsys.readouterr()
    assert out == '' and said in err and len(err.strip().splitlines()) == 1 and list(tmp_path.iterdir()) == [tmp_path/'clip']


# other people's files -------------------------------------------------------------------------------------------------

def test_every_pose_file_at_hand_goes_there_and_back(shared_data, tmp_path):
    files = sorted([*(shared_data/'formats'/'pose').glob('*.pose'), *(shared_data/'metrics'/'same_sign').glob('*.pose'),
                    *(shared_data/'formats'/'lexicon_of_clips').rglob('*.pose')])
    assert len(files) >= 10
    for f in files:
        lm = read(f)
        again = read(save(lm, tmp_path/'x.pose'))
        assert np.array_equal(lm.points, again.points) and np.array_equal(lm.confidence, again.confidence), f.name
        assert (lm.names, lm.fps, lm.size, lm.depth, lm.meta) == (again.names, again.fps, again.size, again.depth, again.meta), f.name
        raw = load_pose(f)
        seen = lm.confidence > 0
        assert np.array_equal(lm.points[seen], raw.points[seen][:, :lm.points.shape[-1]]), f.name
        assert all(any(lm.places[i]) for i, r in enumerate(lm.roles) if r != 'other'), f.name   # every point has its place


def test_points_that_are_nan_and_sure_are_missing(shared_data):
    lm = read(shared_data/'metrics'/'same_sign'/'Ui9Nq58yYSgkJslO02za.pose')
    assert 0 < quality(lm)['left_hand'] < .5 and quality(lm)['body'] == 1


def test_real_openpose(shared_data):
    folders = sorted((shared_data/'formats'/'openpose').iterdir())
    assert folders
    for f in folders:
        lm = read(f, fps=24, size=(1280, 720))
        assert len(lm) == len(list(f.iterdir())) and lm.meta['gaps'] == [] and lm.meta['tool'] == 'OpenPose'
        assert min(quality(lm)[r] for r in ('body', 'face')) > .99 and min(quality(lm).values()) > .5
        assert_wrists_meet(lm, 'pose_keypoints_2d')


def test_real_dwpose(shared_data):
    lm = read(shared_data/'formats'/'dwpose'/'human_signer', fps=24, size=(1280, 720))
    assert (len(lm), lm.points.shape[1], lm.meta['gaps'], lm.size) == (135, 18 + 68 + 42, [], (1280, 720))
    assert min(quality(lm).values()) > .9
    assert_wrists_meet(lm, 'body')


def assert_wrists_meet(lm, body):
    "A hand begins where its own arm ends, not the other one; and the signer's left is on the picture's right."
    assert np.median(at(lm, 'left_shoulder')[0][:, 0] - at(lm, 'right_shoulder')[0][:, 0]) > 50
    for side, other in (('left', 'right'), ('right', 'left')):
        hand = pick(lm, f'{side}_hand')
        arms = {s: pick(pick(lm, body), f'{s}_wrist') for s in (side, other)}
        seen = (hand.confidence[:, 0] > .3) & (arms[side].confidence[:, 0] > .3)
        gap = lambda s: np.median(np.linalg.norm(hand.points[seen, 0] - arms[s].points[seen, 0], axis=-1))
        assert seen.sum() > 20 and gap(side) < 40 and gap(side) < gap(other), (side, gap(side), gap(other))


def test_a_clip_is_not_points(tmp_path):
    from signbook import pipeline
    pipeline.save(pipeline.text_to_motion('Hello').motion, tmp_path/'clip.npz')
    with pytest.raises(SignbookError, match='got the turns of joints of a clip'): read(tmp_path/'clip.npz')
