"""Do hands touch what they are to touch, on bodies of five shapes? python benchmarks/contact.py [--every N] [--only HELLO] [--bodies 5]

Every contact that the lexicon asks for (where a hand is held, and where a movement ends) is measured on the whole skin, as posed for that frame with
head, face and all: metres between the part of the hand that is to touch and the place that it is to touch, from vertices to triangles both ways.
Which skin a part or a place is, is settled once in the rest pose, so nothing here knows how fidelity measures. A sample is compared with it.
"""
import argparse, collections, multiprocessing, os, time
from functools import lru_cache
import numpy as np
import trimesh
from scipy.spatial import cKDTree
from letters import BODIES
from table import keep, missing

BAR_MEDIAN, BAR_P95, BAR_DEPTH = .01, .02, .01   # metres
FINGER, PALM, FACE, TRUNK, ARM = .012, .025, .02, .05, .04   # metres around the point of a part or place that belong to it
NEAREST = 24                                     # triangles looked at for each vertex that may be inside something
BODIES_NAMED = [', '.join(f'{b:g}' for b in betas) or 'neutral' for betas in BODIES]   # by their shape numbers
ALONG = dict(lowerarm=.5, elbow=0., elbowinside=.05, upperarm=-.5, wristback=.95)   # share of the way from elbow to wrist (below zero: to the shoulder)


class Body:
    "The free body in one shape, and which skin every part and place is."
    def __init__(self, number):
        from signbook.motion.skeleton import joint
        from signbook.signing.targets import rig_of
        self.rig = rig_of(betas=BODIES[number])
        self.body, self.betas = self.rig.body, np.array(BODIES[number]) if BODIES[number] else None
        zero = np.zeros((1, 55, 3))
        self.rest, self.joints = self.body.skin(zero, None, self.betas)[0].astype(float), self.body.fk(zero, None, self.betas)[1][0].astype(float)
        self.normals = trimesh.Trimesh(self.rest, self.body.faces, process=False).vertex_normals
        bones = np.asarray(self.body.weights.todense())
        self.bone = bones.argmax(1)
        self.wrists, elbows = ([joint(f'{s}_{n}') for s in ('right', 'left')] for n in ('wrist', 'elbow'))
        first = [40, 25]
        self.hands = [np.flatnonzero(np.isin(self.bone, [w, *range(f, f + 15)])) for w, f in zip(self.wrists, first)]
        self.arms = [np.flatnonzero(np.isin(self.bone, [e, e - 2, w])) for e, w in zip(elbows, self.wrists)]   # forearm, upper arm
        limb = [np.isin(self.bone, [e, w, *range(f, f + 15)]) for e, w, f in zip(elbows, self.wrists, first)]
        self.others = [self.body.faces[~m[self.body.faces].all(1)] for m in limb]    # all that a hand can be inside of
        limbs = np.isin(self.bone, [*range(16, 22), *range(25, 55), 1, 2, 4, 5, 7, 8, 10, 11])
        inner = np.zeros(len(limbs), bool)
        for name, faces in self.body.regions.items():
            if 'cavity' in name or 'back' in name or name == 'tongue': inner[np.unique(self.body.faces[faces])] = True
        self.core = np.flatnonzero(~limbs & ~inner)

    @lru_cache(None)
    def part(self, side, name):
        "Vertices of a named part of a hand."
        if '+' in name:
            digits, _, what = name.partition(':')
            return np.unique(np.concatenate([self.part(side, f'{d}:{what}') for d in digits.split('+')]))
        hand = self.rig.hands[side]
        p, own = hand.parts[name if name in hand.parts else 'center'], self.hands[side]
        away = np.linalg.norm(self.rest[own] - (self.joints[self.wrists[side]] + hand.joints[p.bone] + p.offset), axis=-1)
        if name in ('center', 'wrist'): return own
        near = (away < max(FINGER if ':' in name else PALM, away.min() + 1e-6)) & (self.normals[own] @ p.normal > 0)
        if ':' in name:
            k, first = (p.bone - 1)//3, 25 if side else 40
            near &= np.isin(self.bone[own], [first + 3*k, first + 3*k + 1, first + 3*k + 2, self.wrists[side]])
        return own[near] if near.any() else own[[away.argmin()]]

    @lru_cache(None)
    def limb(self, side, names):
        "Vertices of a place on a hand or an arm, or of what lies halfway between two."
        from signbook.signing.targets import ARM_SPOTS
        if all(n in ARM_SPOTS for n in names):
            wrist = self.joints[self.wrists[side]]
            elbow, shoulder = self.joints[self.wrists[side] - 2], self.joints[self.wrists[side] - 4]
            at = np.mean([elbow + ALONG[n]*(wrist - elbow) if ALONG[n] >= 0 else elbow - ALONG[n]*(shoulder - elbow) for n in names], 0)
            mine = np.union1d(self.arms[side], self.hands[side])
            return mine[np.abs(self.rest[mine, 0] - at[0]) < ARM]
        patches = [self.part(side, n) if n not in ARM_SPOTS else self.limb(side, (n,)) for n in names]
        if len(patches) == 1: return patches[0]
        middle = np.mean([self.rest[p].mean(0) for p in patches], 0)
        mine = np.union1d(self.arms[side], self.hands[side])
        away = np.linalg.norm(self.rest[mine] - middle, axis=-1)
        return mine[away < max(PALM, away.min() + 1e-6)]

    def site(self, place, side, two_handed):
        "Vertices of a place on head or trunk, moved as far as the notation moves it."
        from signbook.signing.contact import HEAD_SITES
        from signbook.signing.targets import body_spot
        point = body_spot(self.rig, place, (-1., 1.)[side], two_handed).point + place.shift
        point = self.rest[self.core[np.linalg.norm(self.rest[self.core] - point, axis=-1).argmin()]]
        return self.core[np.linalg.norm(self.rest[self.core] - point, axis=-1) < (FACE if place.sites[0][0] in HEAD_SITES else TRUNK)]


@lru_cache(5)
def body_of(number): return Body(number)


def faces_of(body, vertices):
    "Triangles that touch a set of vertices."
    inside = np.zeros(len(body.rest), bool); inside[vertices] = True
    return body.body.faces[inside[body.body.faces].any(1)]


def apart(body, skin, a, b):
    "Metres between two patches of posed skin."
    def to_surface(points, faces): return trimesh.proximity.closest_point(trimesh.Trimesh(skin, faces, process=False), points)[1].min()
    if len(a) > 400: a = a[cKDTree(skin[b]).query(skin[a])[0].argsort()[:100]]   # of a whole hand, what is nearest
    if len(b) > 400: b = b[cKDTree(skin[a]).query(skin[b])[0].argsort()[:100]]
    return float(min(to_surface(skin[a], faces_of(body, b)), to_surface(skin[b], faces_of(body, a))))


def depth(body, skin, side):
    "How deep a hand is inside body, other arm or other hand, metres: the sign of the distance is that of the angle-weighted normal (Baerentzen and Aanaes 2005)."
    faces, mine = body.others[side], skin[body.hands[side]]
    used = np.unique(faces)
    near = cKDTree(skin[used]).query(mine, distance_upper_bound=.05)[0] < .05
    if not near.any(): return 0.
    mesh, points = trimesh.Trimesh(skin, faces, process=False), mine[near]
    corners = mesh.triangles
    ask = cKDTree(corners.mean(1)).query(points, k=NEAREST)[1]
    close = trimesh.triangles.closest_point(corners[ask.ravel()], np.repeat(points, NEAREST, 0)).reshape(*ask.shape, 3)
    far = np.linalg.norm(close - points[:, None], axis=-1)
    best = far.argmin(1)
    face, close, far = (x[np.arange(len(points)), best] for x in (ask, close, far))
    weight = trimesh.triangles.points_to_barycentric(corners[face], close)
    normal = (mesh.vertex_normals[mesh.faces[face]]*weight[..., None]).sum(1)
    inside = ((points - close)*normal).sum(-1) < 0
    return float(far[inside].max(initial=0.))


def asked_of(phase):
    "(seconds, goal, what the other hand is to be) of a phase that a contact may belong to, else None."
    moves = phase.kind == 'move'
    if phase.kind == 'back' or moves and phase.begin == phase.finish and not phase.path.moves: return None
    goal = phase.finish if moves else phase.begin
    partner = phase.partner and (phase.partner.finish if moves else phase.partner.begin)
    return (phase.end if moves else (phase.start + phase.end)/2, goal, partner) if goal.place.touching else None


def touching_skin(body, motion, frame, goal, side):
    "Vertices of the part of the hand that is to touch: any of it where the notation does not say."
    from signbook.motion.rotation import aa_to_mat
    from signbook.signing.contact import pose_hand
    from signbook.signing.targets import facets, outermost
    if goal.part in ('auto', 'center'): return body.hands[side]
    fingers = aa_to_mat(motion.poses[frame:frame + 1, 40 - 15*side:55 - 15*side].astype(float))
    names = [outermost(pose_hand(body.rig.hands[side], fingers), n) for n in facets(goal.part)]
    return np.unique(np.concatenate([body.part(side, n) for n in names]))


def to_be_touched(body, goal, partner, side, two_handed):
    "(vertices of the very place, vertices of everything of its kind, 'hand', 'head' or 'trunk')."
    from signbook.signing.contact import HEAD_SITES
    place, other = goal.place, 1 - side
    if place.meet:
        theirs = partner.part if partner and partner.place.meet else 'auto'
        return body.limb(other, (theirs,)) if theirs not in ('auto', 'center') else body.hands[other], body.hands[other], 'hand'
    if place.on_hand: return body.limb(other, tuple(n for n, _ in place.sites)), np.union1d(body.hands[other], body.arms[other]), 'hand'
    return body.site(place, side, two_handed), body.core, 'head' if place.sites[0][0] in HEAD_SITES else 'trunk'


def look_at(job):
    "All contacts of one sign on one body."
    from signbook.signing.fidelity import fidelity
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    number, name, notation, marks, beside = job
    body = body_of(number)
    clip, rows = synthesise([Item(name, notation, marks=marks)], body.rig), []
    for n, phase in enumerate(clip.phases):
        if (asked := asked_of(phase)) is None: continue
        seconds, goal, partner = asked
        frame, side = int(np.clip(round(seconds*clip.motion.fps), 0, len(clip.motion) - 1)), int(phase.signer_left)
        skin = body.body.skin(clip.motion.poses[frame:frame + 1], None, body.betas, clip.motion.expression[frame:frame + 1])[0].astype(float)
        mine = touching_skin(body, clip.motion, frame, goal, side)
        there, kin, kind = to_be_touched(body, goal, partner, side, phase.two_handed)
        rows.append(dict(body=number, sign=name, phase=n, kind=kind, part=goal.part, place='other hand' if goal.place.meet else '+'.join(s for s, _ in goal.place.sites),
                         place_m=apart(body, skin, mine, there), skin_m=apart(body, skin, mine, kin), depth_m=depth(body, skin, side)))
    if beside and rows:
        found = {id(c.phase): c.values.get('contact') for c in fidelity(clip, body.rig).checks}
        for r in rows: r['fidelity_m'] = found.get(id(clip.phases[r['phase']]))
    return rows


def spread(values):
    v = np.array(values)
    return dict(median=round(float(np.median(v)), 5), p95=round(float(np.quantile(v, .95)), 5), max=round(float(v.max()), 5))


def figures(rows):
    return dict(contacts=len(rows), **{k: spread([r[k] for r in rows]) for k in ('place_m', 'skin_m', 'depth_m')},
                within_1_cm=round(float(np.mean([r['place_m'] <= BAR_MEDIAN for r in rows])), 4), depth_within_1_cm=round(float(np.mean([r['depth_m'] <= BAR_DEPTH for r in rows])), 4))


def agreement(rows):
    "Our distance to skin of the right kind beside that of fidelity, which asks a distance grid and vertices."
    both = [(r['skin_m'], r['fidelity_m'], r['sign']) for r in rows if r.get('fidelity_m') is not None]
    if not both: return {}
    ours, theirs = (np.array([b[k] for b in both]) for k in (0, 1))
    off = np.abs(ours - theirs)
    return dict(contacts=len(both), difference_m=spread(off), said_touching_by_fidelity_only=sorted({s for a, b, s in both if b <= .015 < a}),
                said_touching_here_only=sorted({s for a, b, s in both if a <= .015 < b}))


def summary(rows, args):
    by = lambda key: {str(k): figures([r for r in rows if r[key] == k]) for k in dict.fromkeys(r[key] for r in rows)}
    worst = collections.defaultdict(list)
    for r in rows: worst[r['sign']].append(r)
    far = {s: max(g, key=lambda r: r['place_m']) for s, g in worst.items()}
    deep = {s: max(r['depth_m'] for r in g) for s, g in worst.items()}
    missed = sorted((s for s in far if far[s]['place_m'] > BAR_P95), key=lambda s: -far[s]['place_m'])
    return dict(signs=len(worst), **figures(rows), by_body={BODIES_NAMED[int(k)]: v for k, v in by('body').items()}, by_kind=by('kind'),
                beside_fidelity=agreement(rows),
                beyond_2_cm={s: dict(m=round(far[s]['place_m'], 4), part=far[s]['part'], place=far[s]['place'],
                                     bodies=sorted({r['body'] for r in worst[s] if r['place_m'] > BAR_P95})) for s in missed},
                deeper_than_1_cm={s: round(d, 4) for s, d in sorted(deep.items(), key=lambda x: -x[1]) if d > BAR_DEPTH},
                settings=dict(betas=[list(b) for b in BODIES[:args.bodies]], finger_m=FINGER, palm_m=PALM, face_m=FACE, trunk_m=TRUNK, arm_m=ARM))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--language', default='ase')
    p.add_argument('--bodies', type=int, default=len(BODIES))
    p.add_argument('--every', type=int, default=1, help='only every Nth sign; the figures are then printed, not kept')
    p.add_argument('--only', nargs='*', help='names of signs; printed, not kept')
    p.add_argument('--beside', type=int, default=5, help='every Nth sign is compared with fidelity too')
    p.add_argument('--workers', type=int, default=os.cpu_count())
    p.add_argument('--verbose', action='store_true', help='print every contact')
    args = p.parse_args()
    if skip := missing('rtree'): return print(skip)
    from signbook.signing.lexicon import Lexicon
    signs = [e for e in Lexicon.load(args.language) if e.hamnosys and (not args.only or e.id in args.only)][::args.every]
    todo = [(b, e.id, e.hamnosys, e.nonmanual, args.beside and n % args.beside == 0) for b in range(args.bodies) for n, e in enumerate(signs)]
    start = time.monotonic()
    with multiprocessing.get_context('spawn').Pool(args.workers) as pool: rows = [r for found in pool.imap(look_at, todo, chunksize=8) for r in found]
    if args.verbose:
        for r in sorted(rows, key=lambda r: -r['place_m']): print(' '.join(f'{v:.4f}' if isinstance(v, float) else str(v) for v in r.values()))
    if not rows: return print('no contact is asked for')
    whole = not args.only and args.every == 1 and args.bodies == len(BODIES)
    keep('contact' if whole else None, summary(rows, args) | dict(seconds=round(time.monotonic() - start)), hide=('beyond_2_cm', 'deeper_than_1_cm') if whole else ())


if __name__ == '__main__':
    os.environ['OPENBLAS_NUM_THREADS'] = '1'   # one thread a worker
    main()
