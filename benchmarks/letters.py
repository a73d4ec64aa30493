"""Our letters read by a classifier that has seen real hands only: python benchmarks/letters.py [--yaw 20] [--bodies 5] [--pictures FOLDER]

The real hands are one signer's (`fingerspelling/asl_hand_samples.npz`, MediaPipe landmarks of 24 still letters). The ceiling is what the
same classifier reads of blocks of that recording which it was not trained on. Ours: MediaPipe on rendered frames. The angles of our letters
were adjusted with this score in view, so it is no test on unseen signers."""
import argparse, collections, warnings
from pathlib import Path
import numpy as np
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation
from table import DATA, keep, missing

SAMPLES = DATA/'fingerspelling'/'asl_hand_samples.npz'
LETTERS = 'ABCDEFGHIKLMNOPQRSTUVWXY'
ASPECT = 16/9           # of the recording: with it the bones keep their length from one letter to the next
BLOCKS, COPIES, NOISE = 5, 6, .06
TURNS = 40, 25, 20      # degrees of yaw, pitch and roll by which training hands are turned, at most
BODIES = ((), (1.,), (-1.,), (0., 1., 0., .6), (0., -1., .8, -.6))
LOOKS = ('navy', 'wine', 'black', 'forest', 'sand')
BONES = np.array([(0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (0, 9), (9, 10), (10, 11), (11, 12), (0, 13), (13, 14), (14, 15),
                  (15, 16), (0, 17), (17, 18), (18, 19), (19, 20), (5, 17)])
FAR = np.array([4, 8, 12, 16, 20, 3, 6, 10, 14, 18, 5, 9, 13, 17])   # tips, middle joints, knuckles


def real_hands():
    "Landmarks (N,21,3) of a right hand, letters (N,), blocks (N,). The file is in the order of file names (0, 1, 10, 100, ...): put back into time."
    with np.load(SAMPLES, allow_pickle=False) as data: points, letters = data['landmarks']*[-ASPECT, 1, ASPECT], data['letter']
    order, blocks = [], []
    for letter in LETTERS:
        own = np.flatnonzero(letters == letter)
        frames = np.argsort([int(s) for s in sorted(map(str, range(max(256, len(own)))))[:len(own)]])
        order.append(own[frames]); blocks.append(np.arange(len(own))*BLOCKS//len(own))
    order = np.concatenate(order)
    return points[order], letters[order], np.concatenate(blocks)


def normal(points):
    "Hands (N,21,3) about their middle, all of one size."
    points = points - points.mean(1, keepdims=True)
    return points/np.sqrt((points[..., :2]**2).sum(-1).mean(-1))[:, None, None]


def features(points):
    "What the classifier sees, (N,D): places, bone directions, distances between far points, and the thumb tip from everywhere. The picture only, no depth."
    flat = normal(points)[..., :2]
    bones = flat[:, BONES[:, 1]] - flat[:, BONES[:, 0]]
    bones = bones/np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-3)
    i, j = np.tril_indices(len(FAR), -1)
    apart = np.linalg.norm(flat[:, FAR[i]] - flat[:, FAR[j]], axis=-1)
    return np.concatenate([x.reshape(len(flat), -1) for x in (flat, bones, apart, flat[:, 4:5] - flat[:, 5:])], 1)


def turned(points, copies, rng):
    "More hands: each turned in space by what a camera elsewhere would do, and a little noise."
    many = normal(np.repeat(points, copies, 0))
    turns = Rotation.from_euler('yxz', rng.uniform(-1, 1, (len(many), 3))*TURNS, degrees=True).as_matrix()
    return many @ turns.transpose(0, 2, 1) + rng.normal(0, NOISE, many.shape)*[1, 1, 2]


class Reader:
    "Multinomial logistic regression on standardised features."
    def __init__(self, points, letters, penalty=20., seed=0):
        rng, few = np.random.default_rng(seed), slice(None, None, 2)                # neighbouring frames are nearly the same
        x, self.names = features(turned(points[few], COPIES, rng)), np.unique(letters)
        y = np.eye(len(self.names))[np.searchsorted(self.names, np.repeat(letters[few], COPIES))]
        self.mean, self.scale = x.mean(0), x.std(0) + 1e-6
        x = self._scaled(x)
        def loss(w):
            w = w.reshape(x.shape[1], -1)
            z = x @ w; z -= z.max(1, keepdims=True)
            p = np.exp(z); p /= p.sum(1, keepdims=True)
            return -(y*np.log(p + 1e-12)).sum() + penalty/2*(w**2).sum(), (x.T @ (p - y) + penalty*w).ravel()
        self.w = minimize(loss, np.zeros(x.shape[1]*y.shape[1]), jac=True, method='L-BFGS-B', options=dict(maxiter=150)).x.reshape(x.shape[1], -1)

    def _scaled(self, x): return np.concatenate([(x - self.mean)/self.scale, np.ones((len(x), 1))], 1)

    def __call__(self, points): return self.names[(self._scaled(features(points)) @ self.w).argmax(1)]


class Nearest:
    "The nearest real hand, nothing turned: a second opinion."
    def __init__(self, points, letters): self.x, self.letters = features(points), letters

    def __call__(self, points):
        x = features(points)
        return self.letters[((x**2).sum(1)[:, None] - 2*x @ self.x.T + (self.x**2).sum(1)).argmin(1)]


def ceiling(kind, points, letters, blocks):
    "Share of real hands read rightly, each block by a reader trained on the others."
    right = [kind(points[blocks != b], letters[blocks != b])(points[blocks == b]) == letters[blocks == b] for b in range(BLOCKS)]
    return [float(r.mean()) for r in right]


def our_letters(betas, language):
    "A clip that holds every letter once, and the frame in the middle of each hold."
    from signbook.signing.lexicon import Alphabet
    from signbook.signing.synthesis import synthesise
    from signbook.signing.targets import rig_of
    from signbook.signing.timing import Item
    letters = Alphabet.load(language).letters
    made = synthesise([Item(k, letters[k].hamnosys, kind='letter') for k in LETTERS], rig_of(betas=betas))
    holds = [p for p in made.phases if p.kind == 'hold']
    if [p.gloss for p in holds] != list(LETTERS): raise SystemExit(f'letters: expected one hold a letter, got {[p.gloss for p in holds]}')
    return made.motion, [int(round((p.start + p.end)/2*made.motion.fps)) for p in holds]


def pictures(motion, frames, yaw, look, size, distance):
    "The letters as a camera sees them that looks at the middle of where the signing hand was, as a webcam would."
    from signbook.motion import body
    from signbook.motion.skeleton import joint
    from signbook.show import render
    _, at = body.load().fk(motion.poses[frames], motion.trans[frames], motion.betas)
    hand, angle = at[:, joint('right_middle1')].mean(0).astype(float), np.radians(yaw)
    camera = dict(target=tuple(hand), eye=tuple(hand + distance*np.array([np.sin(angle), 0, np.cos(angle)])), fov_deg=27.)
    return [image[..., :3] for image in render.frames(motion, look, size, camera, pick=frames)]


def landmarks(tracker, image, looks=3):
    """The signing hand (21,3), x and y in picture heights, or None. The tracker follows a video: it first sees an empty picture, so that it forgets the last letter,
    then the same letter for a tenth of a second. A hand that is not found is looked for again in a wider frame."""
    for share in (0, .25, .5):
        n = int(share*len(image))
        padded = np.ascontiguousarray(np.pad(image, ((n, n), (n, n), (0, 0)), mode='edge'))
        tracker.process(np.zeros_like(padded))
        for _ in range(looks): found = tracker.process(padded).multi_hand_landmarks or []
        hands = [np.array([(p.x, p.y, p.z) for p in h.landmark])*len(padded) - (n, n, 0) for h in found]
        if hands: return min(hands, key=lambda h: h[:, 0].mean())/len(image)
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--language', default='ase')
    p.add_argument('--yaw', type=float, default=20, help='degrees to the side of the two other cameras')
    p.add_argument('--bodies', type=int, default=len(BODIES))
    p.add_argument('--size', type=int, default=512, help='pixels')
    p.add_argument('--distance', type=float, default=1., help='metres from the camera to the hand')
    p.add_argument('--pictures', help='write what the tracker sees into this folder')
    p.add_argument('--dry-run', action='store_true', help='print only; results/letters.json stays as it is')
    args = p.parse_args()
    why = missing('mediapipe', 'panda3d') or ('' if SAMPLES.is_file() else f'skipped: {SAMPLES} is not here (set SIGNBOOK_DATA)')
    if why: print(why); return
    warnings.filterwarnings('ignore')
    from mediapipe.python.solutions.hands import Hands
    points, letters, blocks = real_hands()
    kinds = dict(reader=Reader, nearest=Nearest)
    readers = {name: kind(points, letters) for name, kind in kinds.items()}
    rows = []
    with Hands(max_num_hands=2, min_detection_confidence=.3) as tracker:
        for number, (betas, look) in enumerate(zip(BODIES[:args.bodies], LOOKS)):
            motion, frames = our_letters(betas, args.language)
            for yaw in (-args.yaw, 0, args.yaw):
                images = pictures(motion, frames, yaw, look, args.size, args.distance)
                for letter, image in zip(LETTERS, images):
                    hand = landmarks(tracker, image)
                    read = {n: '' if hand is None else str(r(hand[None])[0]) for n, r in readers.items()}
                    rows.append(dict(letter=letter, body=number, yaw=yaw, found=hand is not None, **read))
                if args.pictures:
                    from PIL import Image
                    sheet = np.concatenate([np.concatenate(images[i:i + 8], 1) for i in (0, 8, 16)])
                    Image.fromarray(sheet).resize((1600, 600)).save(Path(args.pictures)/f'letters_{number}_{yaw:+.0f}.png')
    keep(None if args.dry_run else 'letters', summary(rows, {n: ceiling(k, points, letters, blocks) for n, k in kinds.items()}, args))


def share(rows, name): return round(float(np.mean([r[name] == r['letter'] for r in rows])), 4)


def by(rows, key, name): return {str(k): share([r for r in rows if r[key] == k], name) for k in dict.fromkeys(r[key] for r in rows)}


def summary(rows, ceilings, args):
    "The figures: the ceiling beside ours, and what was taken for what."
    ours = {n: share(rows, n) for n in ceilings}
    wrong = collections.Counter(f"{r['letter']} as {r['reader'] or 'nothing'}" for r in rows if r['reader'] != r['letter'])
    return dict(
        letters=len(LETTERS), pictures=len(rows), found=round(float(np.mean([r['found'] for r in rows])), 4),
        ceiling=round(float(np.mean(ceilings['reader'])), 4), ceiling_blocks=[round(c, 4) for c in ceilings['reader']], ours=ours['reader'],
        behind_points=round(100*(np.mean(ceilings['reader']) - ours['reader']), 2), within_5_points=bool(np.mean(ceilings['reader']) - ours['reader'] <= .05),
        by_camera=by(rows, 'yaw', 'reader'), by_body=by(rows, 'body', 'reader'), by_letter=by(rows, 'letter', 'reader'), taken_for=dict(wrong.most_common()),
        nearest_hand=dict(ceiling=round(float(np.mean(ceilings['nearest'])), 4), ours=ours['nearest'], by_camera=by(rows, 'yaw', 'nearest')),
        settings=dict(cameras=[-args.yaw, 0, args.yaw], size=args.size, distance=args.distance, betas=[list(b) for b in BODIES[:args.bodies]]))


if __name__ == '__main__': main()
