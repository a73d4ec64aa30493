"Bodies: the free one keeps its promises, a licensed-like file drops in, a hostile one is refused, and `smplx` agrees with numpy."
import dataclasses
import io
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import licensed_like
from signbook.core import SignbookError
from signbook.motion import body
from signbook.motion.expression import correspond, head_frame
from signbook.motion.licensed import ALIGNED, SMPLX_PLACES, smplx_arrays
from signbook.motion.motion import Motion
from signbook.motion.skeleton import ARKIT, JOINTS, MIRROR, joint


@pytest.fixture(scope='module')
def free():
    return body.load()


@pytest.fixture(scope='module')
def arrays():
    return licensed_like.make(np.random.default_rng(0))[0]


@pytest.fixture(scope='module')
def licensed(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp('licensed')/'SMPLX_NEUTRAL.npz'
    np.savez(path, **arrays)
    return body.load(path)


def clip(rng, frames=12, size=.35, basis=52):
    poses = rng.normal(0, size, (frames, 55, 3))
    poses[:, 22:25] *= .3
    return Motion(poses, rng.normal(0, 1, (frames, 3)), rng.uniform(0, 1, (frames, basis))*(rng.uniform(size=(frames, basis)) < .2),
                  expression_basis='arkit52' if basis == 52 else 'smplx100', betas=rng.normal(0, 1, 10), body='free' if basis == 52 else 'smplx-neutral',
                  meta=dict(synthetic=True))


# the free body ---------------------------------------------------------------------------------------------------------------------------

def test_light(free):
    "Neither importing nor loading a body pulls in what only baking and training need."
    code = "import sys; from signbook.motion import body; body.load(); print([m for m in ('torch', 'anny', 'smplx', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.strip() == '[]'


def test_left_is_right_mirrored(free):
    "A mirrored clip on the symmetric body is the mirrored picture: what left-handed signing rests on."
    m = clip(np.random.default_rng(1))
    flip, other = [-1, 1, 1], m.mirror()
    ours = free.skin(m.poses, m.trans, m.betas, m.expression)
    theirs = free.skin(other.poses, other.trans, other.betas, other.expression)
    assert np.abs(theirs[:, free.mirror]*flip - ours).max() < 2e-5
    assert np.array_equal(free.mirror[free.mirror], np.arange(len(free.mirror)))
    assert np.abs(free.fk(other.poses, other.trans, m.betas)[1][:, MIRROR]*flip - free.fk(m.poses, m.trans, m.betas)[1]).max() < 1e-5


@pytest.mark.parametrize('action', ARKIT)
def test_every_action_moves_the_face_and_no_joint(free, action):
    e = np.zeros((1, 52), np.float32)
    e[0, ARKIT.index(action)] = 1
    moved = np.linalg.norm(free.skin(np.zeros((1, 55, 3)), expression=e)[0] - free.v_template, axis=1)
    assert .0015 < moved.max() < .06
    assert moved[free.v_template[:, 1] < .4].max() < 1e-6
    assert np.abs(free.joint_regressor @ free.expression_dirs[..., ARKIT.index(action)]).max() == 0


def test_the_jaw_opens_once(free):
    "The chin drops as far as the facial action alone would move it, about four centimetres, not twice that."
    e = np.zeros((1, 52))
    e[0, ARKIT.index('jawOpen')] = 1
    chin = free.landmarks['face_8']
    drop = np.linalg.norm(free.skin(np.zeros((1, 55, 3)), expression=e)[0, chin] - free.v_template[chin])
    assert .03 < drop < .045
    joint_alone = free.skin(free.with_face(np.zeros((1, 55, 3)), e))[0, chin]
    assert np.linalg.norm(joint_alone - free.skin(np.zeros((1, 55, 3)), expression=e)[0, chin]) < .004


def test_shapes_stay_sound(free):
    "No shape within two standard deviations turns the skin inside out, bends the arms or moves the pelvis."
    rng = np.random.default_rng(2)
    for betas in rng.uniform(-2, 2, (12, 10)):
        v, j = free.shaped(betas), free.joints(betas)
        corner = v[free.faces]
        volume = np.einsum('fi,fi->f', corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum()/6
        assert .03 < volume < .16
        assert np.abs(j[0]).max() < 1e-5
        arm = j[[joint(f'left_{n}') for n in ('shoulder', 'elbow', 'wrist')]]
        assert np.abs(arm[:, 1:] - arm[0, 1:]).max() < .004


def test_the_eyelids_close(free):
    e = np.zeros((1, 52))
    e[0, [ARKIT.index('eyeBlinkLeft'), ARKIT.index('eyeBlinkRight')]] = 1
    v = free.skin(np.zeros((1, 55, 3)), expression=e)[0]
    at = lambda n: v[free.landmarks[n]]
    rest = lambda n: free.v_template[free.landmarks[n]]
    for upper, lower in (('face_43', 'face_47'), ('face_44', 'face_46'), ('face_38', 'face_40')):
        assert np.linalg.norm(at(upper) - at(lower)) < .3*np.linalg.norm(rest(upper) - rest(lower))


@pytest.mark.parametrize('bad, says', [
    (dict(poses=np.zeros((2, 54, 3))), 'poses: expected shape'), (dict(betas=np.zeros(11)), 'betas: expected at most 10'),
    (dict(betas=np.zeros((1, 10))), 'betas: expected at most 10'), (dict(expression=np.ones((2, 100))), "expression in 'arkit52': expected shape (2, 52)"),
    (dict(expression=np.ones((3, 52))), "expression in 'arkit52': expected shape (2, 52)")])
def test_mistakes_are_named(free, bad, says):
    with pytest.raises(SignbookError) as e:
        free.skin(**(dict(poses=np.zeros((2, 55, 3))) | bad))
    assert says in str(e.value) and '\n' not in str(e.value)


# a file in the licensed model's layout ---------------------------------------------------------------------------------------------------

def test_drops_in(licensed):
    assert (len(licensed.v_template), licensed.shape_dirs.shape[-1], licensed.expression_dirs.shape[-1]) == (10475, 300, 100)
    assert licensed.id == 'smplx-neutral' and licensed.expression_basis == 'smplx100' and set(SMPLX_PLACES) <= set(licensed.landmarks)
    m = clip(np.random.default_rng(3), basis=100)
    assert np.isfinite(licensed.skin(m.poses, m.trans, m.betas, m.expression)).all()


def directions(b, poses, betas=None):
    places = {**{n: b.fk(poses, betas=betas)[1][:, i] for i, n in enumerate(JOINTS)}}
    tips = [n for n in SMPLX_PLACES if n.endswith('_tip')]
    places |= dict(zip(tips, b.skin(poses, betas=betas, rows=[b.landmarks[n] for n in tips]).swapaxes(0, 1)))
    bones = np.stack([places[end] - places[start] for start, end in ALIGNED], 1)
    return bones/np.linalg.norm(bones, axis=-1, keepdims=True)


def test_same_pose_same_picture(free, licensed):
    "Its rest pose differs by up to 20 degrees; bones of arms, hands and legs still point where the free body's do."
    poses = np.random.default_rng(4).normal(0, .4, (40, 55, 3))
    apart = lambda b: np.rad2deg(np.arccos(np.clip((directions(free, poses)*directions(b, poses)).sum(-1), -1, 1)))
    inner = [i for i, (_, end) in enumerate(ALIGNED) if not end.endswith('_tip')]
    assert apart(licensed)[:, inner].max() < .05
    assert apart(licensed).max() < 2                      # fingertips are skin: correctives and blended weights move them a little
    assert apart(dataclasses.replace(licensed, align=None)).max() > 15


def test_native_poses_return(licensed):
    poses = np.random.default_rng(5).normal(0, .4, (5, 55, 3))
    assert np.abs(licensed.from_native(licensed.to_native(poses)) - poses).max() < 2e-6
    lying = licensed_like.rest_pose()                     # the free pose that this body rests in
    assert np.abs(licensed.to_native(lying)[0, [joint('left_shoulder'), joint('right_index2')]]).max() < .2


def face_moves(b, m, rows):
    return np.tensordot(m.expression, b.expression_dirs[rows], axes=([1], [-1]))


def test_faces_carry_over(free, licensed):
    alone = Motion(np.zeros((52, 55, 3)), expression=np.eye(52), meta=dict(synthetic=True))
    there = body.convert_expression(alone, free, licensed)
    assert (there.expression_basis, there.body, there.expression.shape) == ('smplx100', 'smplx-neutral', (52, 100))
    rows, partner, share = correspond(free, licensed)
    want = np.einsum('nk,tnkc->tnc', share, face_moves(free, alone, partner))*head_frame(licensed)[1]/head_frame(free)[1]
    left = np.sqrt(((face_moves(licensed, there, rows) - want)**2).sum((1, 2))/np.maximum((want**2).sum((1, 2)), 1e-12))
    seen = (want**2).sum((1, 2)) > 1e-6
    assert np.median(left[seen]) < .2                     # the stand-in samples the surface at other points
    back = body.convert_expression(there, licensed, free)
    assert back.expression.min() >= 0 and back.expression.max() <= 1
    found = np.diag(back.expression)[np.arange(52) != ARKIT.index('tongueOut')]
    assert (found > .6).mean() > .75
    assert np.abs(free.with_face(back.poses, back.expression) - free.with_face(alone.poses, alone.expression))[:, 22:25].max() < 1e-4


def test_a_face_is_never_converted_silently(free, licensed):
    m = clip(np.random.default_rng(6))
    with pytest.raises(SignbookError, match='smplx100'):
        licensed.skin(m.poses, expression=m.expression)
    with pytest.raises(SignbookError, match='name the body it was made for'):
        body.convert_expression(m, licensed, free)


# agreement with the unmodified package ---------------------------------------------------------------------------------------------------

def run_smplx(b, m):
    torch = pytest.importorskip('torch')
    pytest.importorskip('smplx')
    module = b.to_smplx(batch_size=len(m))
    own = torch.tensor(b.to_native(b.with_face(m.poses, m.expression)).astype(np.float32))
    betas = torch.zeros(len(m), module.num_betas)
    betas[:, :len(m.betas)] = torch.tensor(m.betas)
    with torch.no_grad():
        return module(betas=betas, expression=torch.tensor(m.expression), transl=torch.tensor(m.trans), global_orient=own[:, 0],
                      body_pose=own[:, 1:22].flatten(1), jaw_pose=own[:, 22], leye_pose=own[:, 23], reye_pose=own[:, 24],
                      left_hand_pose=own[:, 25:40].flatten(1), right_hand_pose=own[:, 40:].flatten(1))


@pytest.mark.parametrize('which', ['free', 'licensed'])
def test_smplx_agrees(which, request):
    b = request.getfixturevalue(which)
    m = clip(np.random.default_rng(7), basis=b.expression_dirs.shape[-1])
    theirs, ours = run_smplx(b, m), b.skin(m.poses, m.trans, m.betas, m.expression)
    assert np.abs(theirs.vertices.numpy() - ours).max() < 1e-5
    joints = b.fk(b.with_face(m.poses, m.expression), m.trans, m.betas)[1]
    assert np.abs(theirs.joints[:, :55].numpy() - joints).max() < 1e-5
    named = ('nose', 'right_eye_front', 'left_eye_front', 'right_ear', 'left_ear', 'left_big_toe', 'left_small_toe', 'left_heel', 'right_big_toe',
             'right_small_toe', 'right_heel', *(f'{s}_{f}_tip' for s in ('left', 'right') for f in ('thumb', 'index', 'middle', 'ring', 'pinky')))
    for i, name in enumerate(named):                      # the order in which the package appends them
        assert np.abs(theirs.joints[:, 55 + i].numpy() - ours[:, b.landmarks[name]]).max() < 1e-5, name


def test_smplx_sees_our_face_points(free):
    "Points 17 to 67 of the face come out of the package where our landmarks are."
    m = clip(np.random.default_rng(8), frames=2)
    theirs, ours = run_smplx(free, m), free.skin(m.poses, m.trans, m.betas, m.expression)
    for i in range(51):
        assert np.abs(theirs.joints[:, 76 + i].numpy() - ours[:, free.landmarks[f'face_{17 + i}']]).max() < 1e-5


# files that are not what they say --------------------------------------------------------------------------------------------------------

class Hostile:
    "Unpickling this would create a file."
    def __init__(self, path): self.path = path
    def __reduce__(self): return open, (str(self.path), 'w')


def broken(arrays, **changes):
    return {k: v for k, v in (arrays | changes).items() if v is not None}


BROKEN = {
    'object array': lambda a, p: broken(a, v_template=np.array([Hostile(p)], dtype=object)),
    'object array in a small key': lambda a, p: broken(a, kintree_table=np.array([Hostile(p), 0], dtype=object)),
    'key missing': lambda a, p: broken(a, weights=None),
    'nan': lambda a, p: broken(a, v_template=a['v_template']*np.nan),
    'text for numbers': lambda a, p: broken(a, f=a['f'].astype('U5')),
    'faces outside the mesh': lambda a, p: broken(a, f=a['f'] + 10000),
    'negative faces': lambda a, p: broken(a, f=a['f'].astype(int) - 20000),
    'another tree': lambda a, p: broken(a, kintree_table=np.roll(a['kintree_table'], 1, 1)),
    'another number of joints': lambda a, p: broken(a, weights=a['weights'][:, :24]),
    'vertices that disagree': lambda a, p: broken(a, v_template=a['v_template'][:100]),
    'pose correctives of another model': lambda a, p: broken(a, posedirs=a['posedirs'][..., :207])}


@pytest.mark.parametrize('case', BROKEN)
def test_refused(case, arrays, tmp_path):
    path, trap = tmp_path/'SMPLX_NEUTRAL.npz', tmp_path/'pwned'
    small = arrays | dict(shapedirs=arrays['shapedirs'][..., :20])
    np.savez(path, **BROKEN[case](small, trap))
    with pytest.raises(SignbookError) as e:
        body.load(path)
    assert str(path) in str(e.value) and '\n' not in str(e.value) and not trap.exists()


@pytest.mark.parametrize('what', ['pickle', 'text', 'empty', 'cut off', 'folder', 'missing', 'pickle member'])
def test_not_even_an_npz(what, arrays, tmp_path):
    path, trap = tmp_path/'SMPLX_NEUTRAL.npz', tmp_path/'pwned'
    if what == 'pickle': path.write_bytes(pickle.dumps(Hostile(trap)))
    if what == 'text': path.write_text('not a body')
    if what == 'empty': path.write_bytes(b'')
    if what == 'folder': path.mkdir()
    if what == 'cut off':
        whole = io.BytesIO()
        np.savez(whole, v_template=arrays['v_template'])
        path.write_bytes(whole.getvalue()[:2000])
    if what == 'pickle member':
        with zipfile.ZipFile(path, 'w') as z: z.writestr('v_template.npy', pickle.dumps(Hostile(trap)))
    with pytest.raises(SignbookError) as e:
        body.load(path)
    assert str(path) in str(e.value) and '\n' not in str(e.value) and not trap.exists()


def test_unknown_keys_are_never_opened(arrays, tmp_path):
    "Real files carry object arrays beside the numbers; they are left alone."
    path, trap = tmp_path/'SMPLX_MALE.npz', tmp_path/'pwned'
    np.savez(path, part2num=np.array([Hostile(trap)], dtype=object), **arrays)
    assert body.load(path).id == 'smplx-male' and not trap.exists()


def test_short_files(arrays, tmp_path):
    "Old files hold ten shape numbers and ten expressions."
    path = tmp_path/'SMPLX_NEUTRAL.npz'
    np.savez(path, **(arrays | dict(shapedirs=arrays['shapedirs'][..., :20])))
    b = body.load(path)
    assert b.shape_dirs.shape[-1] == 10 and b.expression_dirs.shape[-1] == 100
    assert np.allclose(b.expression_dirs[..., :10], arrays['shapedirs'][..., 10:20], atol=1e-6) and not b.expression_dirs[..., 10:].any()


def test_our_own_file_comes_back(free, tmp_path):
    "What we hand to other tools is a body file too."
    path = tmp_path/'SMPLX_NEUTRAL.npz'
    np.savez(path, **smplx_arrays(free))
    again, m = body.load(path), clip(np.random.default_rng(9), frames=3)
    assert np.abs(again.align - np.eye(3)).max() < 1e-3
    assert np.abs(again.skin(m.poses, m.trans, m.betas) - free.skin(m.poses, m.trans, m.betas)).max() < 1e-4
