"Handshapes: every shape of the dictionaries, the shipped answers, other bodies, flesh on the real mesh, speed."
import csv
import json
import time

import numpy as np
import pytest
from scipy.spatial import ConvexHull, QhullError

from signbook.core import assets
from signbook.motion import body as bodies
from signbook.motion.skeleton import joint
from signbook.signing.hamnosys import parse
from signbook.signing.hand import FINGER_PAIRS, HandPose, MCP, Spot, chain, depth, rig_of, spot_at
from signbook.signing.handshape import TEMPLATES, angles, distance, hand_pose, handshape, nearest, shapes_in, solve

FREE = bodies.load()
RIG = rig_of(FREE)


def rows(folder, language='*'):
    for path in sorted(assets(folder).glob(f'{language}.tsv')):
        lines = [line for line in path.read_text(encoding='utf-8').splitlines() if not line.startswith('#')]
        yield from csv.DictReader(lines, delimiter='\t')


def shipped_shapes():
    signs = [parse(r['hamnosys'], lenient=True) for folder in ('alphabet', 'lexicon') for r in rows(folder)]
    return sorted({s for part in (*signs, *map(handshape, TEMPLATES.values())) for s in shapes_in(part)}, key=lambda s: s.names)


def test_shipped_answers_are_what_the_rules_say():
    table = json.loads(assets('hand', 'free.json').read_text())
    assert table['mark'] == RIG.mark, 'the hand of the body has changed: run nbs/31_signing.handshape.ipynb'
    for shape in shipped_shapes()[::7]:
        known = table['shapes'].get(' '.join(shape.names))
        if known is not None: assert np.abs(solve(shape, RIG) - known).max() < 1, f'{shape.names}: run nbs/31_signing.handshape.ipynb'


def test_most_shipped_shapes_need_no_solving():
    known = json.loads(assets('hand', 'free.json').read_text())['shapes']
    new = [' '.join(s.names) for s in shipped_shapes() if ' '.join(s.names) not in known]
    assert len(new) <= .1*len(known), f'run nbs/31_signing.handshape.ipynb for {new}'


@pytest.mark.parametrize('name', TEMPLATES)
def test_template_is_a_hand(name):
    pose = angles(handshape(TEMPLATES[name]))
    assert pose.over == ()
    assert depth(pose.angles[None], RIG).max() < .0055, 'fingers keep out of each other'
    assert nearest(hand_pose(handshape(TEMPLATES[name]), signer_left=True), signer_left=True) == name


def test_every_dictionary_shape_is_a_hand(shared_data):
    "Every third of the shapes that 3,491 real entries hold: none fails, none leaves its limits, none goes through itself."
    with open(shared_data/'hamnosys'/'dev.tsv', encoding='utf-8') as file:
        signs = [parse(r['hamnosys'], lenient=True) for r in csv.DictReader(file, delimiter='\t')]
    shapes = sorted({s for sign in signs for s in shapes_in(sign)}, key=lambda s: s.names)
    assert len(shapes) > 150
    for shape in shapes[::3]:
        q = solve(shape, RIG)
        assert np.isfinite(q).all() and HandPose(q).over == (), shape.names
        assert depth(q[None], RIG).max() < .0065, shape.names


def test_no_finger_bends_backwards():
    for tokens in TEMPLATES.values():
        pose = angles(handshape(tokens))
        assert (pose.fingers[:, 2:] >= -.5).all() and (pose.angles[MCP] >= -15).all(), tokens


def mesh_depth(shape):
    "Deepest that skin of one digit is inside a phalanx (convex hull of its skin) of another one, metres, on the skinned body."
    poses = np.zeros((1, 55, 3)); poses[0, 40:55] = hand_pose(shape)
    skin = FREE.skin(poses)[0].astype(float)
    share = np.asarray(FREE.weights[:, 40:55].todense())
    carrier = np.where(share.max(1) > .5, share.argmax(1), -1)
    skins = [skin[carrier == k] for k in range(15)]
    worst = 0.
    for b in range(15):
        try: planes = ConvexHull(skins[b]).equations
        except QhullError: continue
        for a in range(15):
            if a//3 == b//3 or min(a % 3, b % 3) == 0: continue      # the webs between first phalanges always touch
            worst = max(worst, float(-(skins[a] @ planes[:, :3].T + planes[:, 3]).max(1).min()))
    return worst


@pytest.mark.parametrize('name', ['s', 't', 'n', 'm', 'r', 'e', 'o', 'k', 'v', 'x', 'flat_b', 'curved_5'])
def test_skin_keeps_out_of_skin(name):
    assert mesh_depth(handshape(TEMPLATES[name])) < .005


@pytest.mark.parametrize('tokens, finger', [('pinch12open', 1), ('pinch12open middlefinger', 2), ('pinch12open ringfinger', 3), ('pinch12open pinky', 4),
                                            ('pinch12', 1), ('pinch12 fingerstraightmod', 1)])
def test_pinching_pads_meet(tokens, finger):
    turns, points = chain(angles(handshape(tokens)).angles[None], RIG)
    a, b = (spot_at(Spot(d, 2, .55), turns, points, RIG)[0] for d in (0, finger))
    assert np.linalg.norm(a - b) < .01


def test_left_is_the_mirror_of_right():
    for tokens in ('fist', 'pinch12open', 'finger2 thumboutmod pinky'):
        shape, poses = handshape(tokens), np.zeros((1, 55, 3))
        poses[0, 40:55], poses[0, 25:40] = hand_pose(shape), hand_pose(shape, signer_left=True)
        skin = FREE.skin(poses)[0]
        assert np.abs(skin[FREE.mirror]*[-1, 1, 1] - skin).max() < 2e-4


def test_bodies_of_other_shapes_still_pinch():
    pads = [FREE.landmarks[f'right_{d}_tip'] for d in ('thumb', 'index')]
    poses = np.zeros((1, 55, 3)); poses[0, 40:55] = hand_pose(handshape('pinch12open'))
    for betas in ([], [2.], [-2.], [0, 2.], [0, -2.], [0, 0, 2.]):
        a, b = FREE.skin(poses, betas=np.array(betas, np.float32), rows=np.array(pads))[0]
        assert np.linalg.norm(a - b) < .035, betas          # the tips; the pads, 1 cm further back, touch


def test_a_body_with_another_rest_pose(tmp_path):
    "The same shape on a body whose fingers are bent at rest: the hand looks the same."
    from licensed_like import make
    arrays, _ = make(np.random.default_rng(0))
    np.savez(tmp_path/'SMPLX_NEUTRAL.npz', **arrays)
    other = bodies.load(tmp_path/'SMPLX_NEUTRAL.npz')
    for name in ('v', 'f', 's', 'y'):
        pose = hand_pose(handshape(TEMPLATES[name]), body=other)
        assert nearest(pose, body=other) == name
        ours, theirs = (depth(angles(handshape(TEMPLATES[name]), b).angles[None], rig_of(b), FINGER_PAIRS).max() for b in (FREE, other))
        assert theirs < .009 and ours < .0055


def test_distance_has_a_unit():
    flat, fist = hand_pose(handshape('flathand')), hand_pose(handshape('fist'))
    assert .4 < distance(flat, fist) < 1.2 and distance(flat, flat) == 0
    assert distance(np.stack([flat, fist]), flat).shape == (2,)
    with pytest.raises(ValueError, match='15, 3'): distance(flat[:14], flat[:14])


def test_ready_shapes_are_quick():
    shapes = [handshape(t) for t in TEMPLATES.values()]
    for s in shapes: hand_pose(s)
    begin = time.perf_counter()
    for s in shapes: hand_pose(s)
    assert (time.perf_counter() - begin)/len(shapes) < 1e-3


def test_letters_are_told_apart():
    "No two still letters that differ in shape lie close together."
    letters = {r['letter']: parse(r['hamnosys']).posture.config.shape for r in rows('alphabet', 'ase') if r['letter'] in set('ABCDEFIKLMNORSTUVWXY')}
    assert len(letters) == 20
    poses = np.array([hand_pose(s) for s in letters.values()])
    apart = distance(poses[:, None], poses[None]) + 9*np.eye(len(poses))
    assert apart.min() > .1, [list(letters)[k] for k in divmod(int(apart.argmin()), len(poses))]
