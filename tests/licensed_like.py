"""A made-up body in the layout of the licensed SMPL-X model: same sizes and keys, other rest pose, nothing taken from it."""
import numpy as np
from scipy.spatial import cKDTree

from signbook.motion import body
from signbook.motion.expression import normals
from signbook.motion.licensed import SMPLX_PLACES
from signbook.motion.skeleton import PARENTS, joint

V, EXPRESSIONS = 10475, 100


def rest_pose():
    "How this body stands when its own poses are zero: arms lower, elbows and fingers a little bent, legs apart; axis-angle (1,55,3)."
    pose = np.zeros((1, 55, 3))
    for side, sign in (('left', 1), ('right', -1)):
        pose[0, joint(f'{side}_shoulder')] = [.05*sign, .1*sign, -.15*sign]
        pose[0, joint(f'{side}_elbow')] = [0, -.12*sign, 0]
        pose[0, joint(f'{side}_wrist')] = [.08, .05*sign, -.1*sign]
        pose[0, joint(f'{side}_hip')] = [0, 0, .07*sign]
        pose[0, joint(f'{side}_knee')] = [.05, 0, 0]
        for finger, bend in (('index', .1), ('middle', .15), ('ring', .2), ('pinky', .25), ('thumb', .1)):
            for k in (1, 2, 3): pose[0, joint(f'{side}_{finger}{k}')] = [0, .04*sign, -bend*sign]
    return pose


def make(rng):
    "Arrays of the file, and the (52,100) mixture that its expressions are of the free body's facial actions."
    free = body.load()
    dense = areas(free)
    for region, factor in (('head', 10), ('left_hand', 3), ('right_hand', 3)): dense[free.regions[region]] *= factor
    picks = rng.choice(len(free.faces), V, p=dense/dense.sum())
    corners, shares = free.faces[picks].copy(), rng.dirichlet([1, 1, 1], V)
    for name in SMPLX_PLACES:
        v = free.landmarks[name]
        corners[v], shares[v] = v, [1, 0, 0]
    mix = lambda a: np.einsum('vk,vk...->v...', shares, a[corners])
    pose = rest_pose()
    carry = free.transforms(pose)[0].astype(float)                      # (55,3,4): what bends the free body into this one's rest pose
    weights = mix(free.weights.toarray()).astype(float)
    weights /= weights.sum(1, keepdims=True)
    blend = np.einsum('vj,jik->vik', weights, carry)
    turn = lambda d: np.einsum('vij,vj...->vi...', blend[..., :3], mix(d))
    template = turn(free.v_template) + blend[..., 3]
    shape = np.zeros((V, 3, 400))
    shape[..., :10] = turn(free.shape_dirs)
    mixture = rng.normal(0, .3, (52, EXPRESSIONS))*(rng.uniform(size=(52, EXPRESSIONS)) < .15)
    shape[..., -EXPRESSIONS:] = turn(free.expression_dirs) @ mixture
    targets = np.stack([free.fk(pose, betas=b)[1][0] for b in (None, *np.eye(10))], -1).astype(float)
    targets[..., 1:] -= targets[..., :1]
    still = np.abs(shape[..., -EXPRESSIONS:]).max((1, 2)) == 0
    posedirs = np.zeros((V, 3, 486))
    rows = rng.choice(V, 500, replace=False)
    posedirs[rows] = rng.normal(0, 1e-4, (500, 3, 486))
    tree = np.stack([np.where(PARENTS < 0, 2**32 - 1, PARENTS), np.arange(55)]).astype(np.uint32)
    faces = triangles(template, turn(normals(free.v_template, free.faces)))
    return dict(v_template=template, f=faces, shapedirs=shape, posedirs=posedirs, kintree_table=tree, weights=weights,
                J_regressor=regressor(np.concatenate([template[..., None], shape[..., :10]], -1), targets, still)), mixture


def areas(b):
    corner = b.v_template[b.faces]
    return np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)


def triangles(points, facing):
    "A triangle at every point, facing as the surface does there: enough of a mesh to have normals."
    _, near = cKDTree(points).query(points, 3)
    a, b, c = points[near].swapaxes(0, 1)
    away = (np.cross(b - a, c - a)*facing).sum(1) < 0
    near[away] = near[away][:, ::-1]
    return near


def regressor(columns, targets, still):
    "Rows that read the joints off the nearest points that no expression moves."
    rows, usable = np.zeros((55, V)), np.flatnonzero(still)
    for j in range(55):
        away = np.linalg.norm(columns[usable, :, 0] - targets[j, :, 0], axis=1)
        near = np.argsort(away)[:600]
        pick, welcome = usable[near], 1/(1 + (away[near]/.1)**2)
        a = np.concatenate([columns[pick].reshape(len(pick), -1).T, np.ones((1, len(pick)))])
        rows[j, pick] = welcome*np.linalg.lstsq(a*welcome, np.r_[targets[j].ravel(), 1], rcond=1e-10)[0]
    return rows
