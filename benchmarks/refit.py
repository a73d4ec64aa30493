"""Recorded finger alphabets on our body, read again: python benchmarks/refit.py [--only gsg asq] [--pictures FOLDER] [--dry-run]

A letter is the moments at which the judge of alphabets.py looks at a recording (five between its beginning and its end, so letters that move are judged on shape and way,
still ones on shape alone). They are fitted, one clip an alphabet, and read as the nearest recorded letter of the same language:

reread   the clip rendered with the camera of the fit and seen by MediaPipe Holistic, which follows it as a video: the bar
fitted   the points of the fitted hands, as that camera sees them: what is lost here is the fit's loss, the rest is the tracker's
flat     the same from landmarks without depth

The recordings have z as shares of a picture whose width they do not say: `depth_unit` finds it. The ceiling has no second recording of a letter to go by: `halves` reads the first half of a still letter among
the second halves of all still letters, and the other way round; `alternate` reads every other frame of a letter among the frames between. With depth, nothing in the fit was chosen with
these figures in view. The guess of depth for `flat` was chosen on every other language (`LOOKED_AT`); `flat_kept` are the others."""
import argparse, multiprocessing, os, resource, warnings
from pathlib import Path
import numpy as np
from alphabets import read, recording, share, wrong
from seen import hush
from table import keep, missing
from signbook.signing.alphabets import LAYOUTS, MOMENTS, moments, recorded_letters, seen_hands, sight

SIZE, RATE = 500, 6.             # pixels of the recordings' picture; moments a second, slow enough that the fit does not blend a letter with the next
BODY, HANDS = slice(0, 33), slice(33, 75)
SHARES = np.geomspace(20, 3000, 40)   # pixels that a unit of z may be worth
ARMS = np.array([(11, 13), (13, 15), (12, 14), (14, 16), (11, 12)])
LOOKED_AT = 'asq cse eso gss jos mfs sgg svk tsm'.split()
MOVES = .5                       # palm lengths that the wrist of a moving letter covers


def depth_unit(points, limbs):
    "Pixels that a unit of z is worth: with it limbs keep their length from frame to frame."
    bones = points[:, limbs[:, 1]] - points[:, limbs[:, 0]]
    bones = bones[np.isfinite(bones).all((1, 2))]
    def uneven(unit):
        long = np.linalg.norm(bones*[1, 1, unit], axis=-1)
        long = long/np.median(long, 1, keepdims=True)
        return np.median(long.std(0)/long.mean(0))
    return min(SHARES, key=uneven)


def in_pixels(points):
    "Landmarks (T,75,3) with z in pixels, of the body and of each hand."
    from signbook.motion.points import HAND_LIMBS
    hand = max((points[:, 33:54], points[:, 54:75]), key=lambda h: np.isfinite(h).sum())
    points = points.copy()
    points[:, BODY, 2] *= depth_unit(points[:, BODY], ARMS)
    points[:, HANDS, 2] *= depth_unit(hand, np.array(HAND_LIMBS))
    return points


def as_landmarks(points, seen, flat):
    "Points and confidence of an alphabet as one clip."
    from signbook.data.extract import NAMES
    from signbook.data.landmarks import Landmarks
    order = dict(POSE_LANDMARKS=BODY, LEFT_HAND_LANDMARKS=slice(33, 54), RIGHT_HAND_LANDMARKS=slice(54, 75))
    names = sorted(((n, p) for n, p in NAMES if n in order), key=lambda n: list(order).index(n[0]))
    return Landmarks(names, points[..., :2] if flat else in_pixels(points), seen, RATE, (SIZE, SIZE), meta=dict(source='recorded finger alphabet', licence='not said', synthetic=False))


def apart(points, letters):
    "What belongs to each letter, of a clip that has their moments one after the other."
    return dict(zip(letters, np.split(points, len(letters))))


def as_read(points, seen):
    "What the judge sees of a letter at its moments; None: it lacks the signing hand. The judge looks at some frames only: each stands twice, so that it takes every moment once."
    hands = seen_hands(points, seen)
    return sight(np.repeat(hands, 2, 0)) if np.isfinite(hands[:, 0]).all() else None


def projected(fitted, points):
    "Recorded landmarks (T,75,2), the hands replaced by those of the fitted body as its camera sees them."
    from signbook.motion.points import track
    tracks, points = track(fitted.motion, LAYOUTS), points[..., :2].copy()
    for rows, name in ((slice(33, 54), 'left_hand'), (slice(54, 75), 'right_hand')): points[:, rows] = fitted.report.camera.pixels(tracks[name][0])
    return points


def tracked(images):
    "Landmarks (T,75,3) that MediaPipe Holistic sees in pictures that follow each other, and confidence (T,75)."
    from signbook.data.extract import NAMES, SLICES, Tracker, rows_of
    at = {n: s for (n, _), s in zip(NAMES, SLICES)}
    tracker = Tracker()
    try: rows = np.stack([rows_of(tracker(image, i/RATE), (SIZE, SIZE)) for i, image in enumerate(images)])
    finally: tracker.close()
    rows = np.concatenate([rows[:, at[f'{n}_LANDMARKS']] for n in ('POSE', 'LEFT_HAND', 'RIGHT_HAND')], 1)
    return rows[..., :3], rows[..., 3]


def answers(sights, library):
    "Rows of `alphabets.read`; a letter that was not seen is read as nothing."
    lost = [k for k, s in sights.items() if s is None]
    return read({k: s for k, s in sights.items() if s}, library) + [(k, 'nothing', len(library)) for k in lost]


def ceiling(letters, moving):
    "Rows of halves of still letters, and of every other frame of all, read among the rest."
    def among(kept, test): return read({k: sight(h) for k, h in test.items()}, {k: sight(h) for k, h in kept.items()})
    still = {k: np.split(h, [len(h)//2]) for k, h in letters.items() if k not in moving}
    first, second = ({k: h[i] for k, h in still.items()} for i in (0, 1))
    even, odd = ({k: h[i::2] for k, h in letters.items()} for i in (0, 1))
    return among(first, second) + among(second, first), among(even, odd) + among(odd, even)


def judged(job):
    "Rows of one alphabet by way of reading, and its moving letters."
    language, look, pictures = job
    warnings.filterwarnings('ignore')
    from signbook.data.fit import fit
    from signbook.show.render import frames
    clips = recorded_letters(recording(language))
    hands = {k: seen_hands(*clip) for k, clip in clips.items()}
    library = {k: sight(h) for k, h in hands.items()}
    moving = [k for k, s in library.items() if np.ptp(s.way, axis=0).max() > MOVES]
    points, seen = (np.concatenate([clip[i][moments(len(clip[i]))] for clip in clips.values()]) for i in (0, 1))
    sure, rows = apart(seen, clips), {}
    for name in ('flat', 'fitted'):
        found = fit(as_landmarks(points, seen, name == 'flat'))
        mine = apart(projected(found, points), clips)
        rows[name] = answers({k: as_read(mine[k], sure[k]) for k in clips}, library)
    images = [np.ascontiguousarray(i[..., :3]) for i in frames(found.motion, look, SIZE, found.report.camera.view(SIZE))]
    again = [apart(x, clips) for x in tracked(images)]
    rows['reread'] = answers({k: as_read(again[0][k], again[1][k]) for k in clips}, library)
    rows['halves'], rows['alternate'] = ceiling(hands, moving)
    if pictures: sheet(Path(pictures)/f'refit_{language}.png', as_landmarks(points, seen, True), images, list(clips))
    return rows, moving


def sheet(path, landmarks, images, letters, columns=10):
    "The recorded points in the middle of each letter, and our body in the same picture."
    from matplotlib import pyplot as plt
    from signbook.data.landmarks import draw
    lines = -(-len(letters)//columns)
    figure, axes = plt.subplots(2*lines, columns, figsize=(2*columns, 4*lines), dpi=80)
    for a in axes.flat: a.axis('off')
    for i, letter in enumerate(letters):
        t, (up, down) = i*MOMENTS + MOMENTS//2, axes[2*(i//columns):2*(i//columns) + 2, i % columns]
        draw(landmarks, t, up).set_title(letter)
        down.imshow(images[t])
    figure.tight_layout(pad=.1)
    figure.savefig(path)
    plt.close(figure)


WAYS = ('reread', 'fitted', 'flat', 'halves', 'alternate')


def figures(rows, moving):
    "Shares by way of reading, still and moving letters apart."
    out = {name: share(rows[name]) for name in WAYS}
    for kind, mine in (('still', lambda r: r[0] not in moving), ('moving', lambda r: r[0] in moving)):
        some = [r for r in rows['reread'] if mine(r)]
        out[f'reread_{kind}'] = share(some) if some else None
    return dict(letters=len(rows['reread']), **out, moving=sorted(moving), taken_for={name: wrong(rows[name]) for name in WAYS})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--only', nargs='*', help='languages')
    p.add_argument('--pictures', help='write recorded and fitted letters side by side into this folder')
    p.add_argument('--workers', type=int, default=os.cpu_count())
    p.add_argument('--dry-run', action='store_true', help='print only; results/refit.json stays as it is')
    args = p.parse_args()
    languages = args.only or sorted(f.stem for f in recording('x').parent.glob('???.npz'))
    gone = [str(f) for f in map(recording, languages) if not f.is_file()]
    why = missing('mediapipe', 'panda3d') or ('' if languages and not gone else f"skipped: {gone[0] if gone else recording('*')} is not here (set SIGNBOOK_DATA)")
    if why: return print(why)
    from scipy.stats import binomtest
    from signbook.show.looks import LOOKS
    done, jobs = {}, [(language, list(LOOKS)[i % len(LOOKS)], args.pictures) for i, language in enumerate(languages)]
    with multiprocessing.get_context('spawn').Pool(args.workers, hush) as pool:
        for language, found in zip(languages, pool.imap(judged, jobs)):
            done[language] = found
            print(language, {k: v for k, v in figures(*found).items() if k in WAYS}, flush=True)
        pool.close(); pool.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    both = {name: [r for rows, _ in done.values() for r in rows[name]] for name in WAYS}
    alphabets = {k: figures(*v) for k, v in done.items()}
    kept = [r for k, (rows, _) in done.items() if k not in LOOKED_AT for r in rows['flat']]
    right, letters = sum(n == 0 for *_, n in both['reread']), len(both['reread'])
    interval = binomtest(right, letters).proportion_ci(method='wilson')
    keep(None if args.dry_run or args.only else 'refit', dict(
        letters=letters, right=right, interval_95=[round(x, 4) for x in interval], **{name: share(rows) for name, rows in both.items()}, flat_kept=share(kept) if kept else None,
        moving_letters=sum(len(m) for _, m in done.values()), alphabets=alphabets, processor_s=round(used.ru_utime + used.ru_stime)), hide=('alphabets',))


if __name__ == '__main__':
    os.environ['OMP_NUM_THREADS'] = '1'   # one thread a worker
    main()
