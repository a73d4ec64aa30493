"""Depth of 50 joints against the clips that they were seen in, beside the published script: python benchmarks/lift.py [--clips 10] [--only depth]"""
import argparse, time, warnings, zlib
from dataclasses import replace
import numpy as np
from table import DATA, keep, missing

PARTS = ('nose', 'elbows', 'wrists', 'fingers')
WORDS = 4   # signs in a clip


def signs(part):
    "Names of half of the lexicon: what was chosen in the chapter was chosen on 'tuned' ones, what is reported is of the others."
    from signbook.signing.lexicon import Lexicon
    names = sorted({e.gloss for e in Lexicon.load('ase').entries if e.hamnosys})
    return [n for n in names if zlib.crc32(n.encode()) % 4 == ('tuned', 'reported').index(part)]


def clips(number, bodies, part='reported'):
    "Motions of a few signs each, on bodies of several shapes."
    from signbook.signing.lexicon import Lexicon
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    words, names = Lexicon.load('ase'), signs(part)
    for i in range(number):
        betas = np.zeros(10); betas[:len(bodies[i % len(bodies)])] = bodies[i % len(bodies)]
        yield replace(synthesise([Item(n, words.get(n).hamnosys) for n in names[i*WORDS:(i + 1)*WORDS]]).motion, betas=betas)


def picture(truth, fps, noise, seed):
    "Joints (T,50,3) in shoulder widths as a tracker's points, with jitter in shoulder widths."
    from signbook.data.landmarks import Landmarks
    from signbook.data.lift import _NAMES
    draw = np.random.default_rng(seed)
    return Landmarks(_NAMES, (truth[..., :2] + draw.normal(0, noise, truth.shape[:2] + (2,)))*200 + 500, np.ones(truth.shape[:2]), fps, (1000, 1000))


def by_part(points):
    "Depth from the neck; of fingers from their wrist: part -> (T,n)."
    z = points[..., 2]
    return dict(nose=z[:, [0]] - z[:, [1]], elbows=z[:, [3, 6]] - z[:, [1]], wrists=z[:, [4, 7]] - z[:, [1]], fingers=np.concatenate([z[:, 9:29] - z[:, [8]], z[:, 30:] - z[:, [29]]], 1))


def compare(pairs):
    "Mean error of depth in mm, at 340 mm between the shoulders, and correlation; beside them the error of a flat figure."
    out = {}
    for part in PARTS:
        ours, true = (np.concatenate([by_part(p[k])[part].ravel() for p in pairs]) for k in (0, 1))
        good = np.isfinite(ours) & np.isfinite(true)
        ours, true = ours[good], true[good]
        out[part] = dict(mm=340*float(np.abs(ours - true).mean()), flat_mm=340*float(np.abs(true).mean()), correlation=float(np.corrcoef(ours, true)[0, 1]) if ours.std() > 1e-6 else 0.)
    return out


def published_guess(landmarks):
    "The published chain up to its first guess: median lengths, always forward, the root with a little noise."
    from signbook.data.lift import bone_lengths, first_guess, interpolate, joints_of, normalise, prune
    unit, offset, scale = normalise(joints_of(landmarks)[..., [0, 1, -1]])
    joints = interpolate(prune(unit))
    lengths = bone_lengths(joints, .5)
    points, ways = first_guess(joints[..., :2], lengths, np.ones((len(joints), 49)))
    points[..., 2] += .001*np.random.RandomState(1234).normal(size=(len(joints), 1))
    return joints, points, ways, lengths, scale


def plain_descent(joints, points, ways, lengths, steps=1000, rate=.1):
    "The published refinement: joints, loss and seconds."
    import torch
    from signbook.data.lift import objective
    tensor = lambda a: torch.tensor(np.ascontiguousarray(a, np.float32))
    free = [tensor(np.log(lengths)), tensor(points[:, 0].T), tensor(ways.transpose(2, 0, 1))]
    for f in free: f.requires_grad_()
    seen, begun = (tensor(joints[..., :2].transpose(2, 0, 1)), tensor(joints[..., 2])), time.perf_counter()
    descent = torch.optim.SGD(free, lr=rate)
    for _ in range(steps):
        descent.zero_grad(); objective(*free, *seen)[0].backward(); descent.step()
    seconds = time.perf_counter() - begun
    with torch.no_grad(): loss, found = objective(*free, *seen)
    return found.numpy().transpose(1, 2, 0).astype(float), loss.item(), seconds


def refinement(pictures):
    "The published refinement and ours: loss, seconds, and points of each clip in pixels."
    from signbook.data.lift import lift, lifted_points, refine
    theirs, ours, start, points = [], [], [], dict(published=[], ours=[])
    for seen in pictures:
        guess = published_guess(seen)
        found, loss, seconds = plain_descent(*guess[:4])
        theirs.append((loss, seconds)); points['published'].append(found*guess[4])
        begun = time.perf_counter()
        start.append((refine(*guess[:4])[2], time.perf_counter() - begun))
        begun, busy = time.perf_counter(), time.process_time()
        lifted = lift(seen)
        ours.append((lifted.meta['lifted']['loss'][1], time.perf_counter() - begun, time.process_time() - busy)); points['ours'].append(lifted_points(lifted))
    loss, seconds = (dict(published_1000_steps=float(np.mean([t[k] for t in theirs])), ours_from_their_start=float(np.mean([t[k] for t in start])), ours=float(np.mean([t[k] for t in ours]))) for k in (0, 1))
    frames = sum(map(len, pictures))
    return dict(frames=frames, loss=loss, clips_with_no_more_loss=float(np.mean([o[0] <= t[0] for o, t in zip(ours, theirs)])), seconds_a_clip=seconds,
                refinement_times_faster=seconds['published_1000_steps']/seconds['ours_from_their_start'], frames_per_s=frames/sum(o[1] for o in ours), frames_per_processor_s=frames/sum(o[2] for o in ours)), points


def depth(number):
    "Clips of our own, seen exactly and with jitter."
    from letters import BODIES
    from signbook.data.upper_body import motion_to_points
    motions = list(clips(number, BODIES))
    truths, out = [motion_to_points(m) for m in motions], {}
    for name, noise in (('exact', 0.), ('jitter', .01)):
        pictures = [picture(t, m.fps, noise, k) for k, (t, m) in enumerate(zip(truths, motions))]
        found, points = refinement(pictures)
        out[name] = found | dict(depth={who: compare([(p/200, t) for p, t in zip(points[who], truths)]) for who in points})
    return out | dict(jitter_shoulder_widths=.01, clips=number, signs=number*WORDS, bodies=len(BODIES))


def real():
    "Recordings with OpenPose points, and records that the published chain lifted."
    from signbook.data.keypoints import read
    from signbook.data.landmarks import Landmarks
    from signbook.data.lift import _NAMES, lift, lifted_points
    from signbook.data.prompt2sign import read_records, to_points
    folders = sorted((DATA / 'formats' / 'openpose').glob('*')) if (DATA / 'formats' / 'openpose').is_dir() else []
    if not folders: return dict(real='skipped: no recordings at hand')
    clips_ = [read(f, fps=24) for f in folders]
    found, points = refinement(clips_)
    pairs, stem = [], DATA / 'formats' / 'prompt2sign_skels' / 'dev'
    for r in read_records(stem, 'progressive'):
        theirs = to_points(r.values, 'progressive')
        seen = Landmarks(_NAMES, np.nan_to_num(theirs[..., :2])*200 + 500, np.isfinite(theirs).all(-1)*1., 25, (1000, 1000))
        pairs.append((lifted_points(lift(seen))/200, theirs))
    agreement = {k: dict(correlation=v['correlation'], differs_mm=v['mm'], flat_mm=v['flat_mm']) for k, v in compare(pairs).items()}
    return dict(openpose=found | dict(clips=len(folders)), records_of_phoenix=agreement)


def tracked(motion, size=512):
    "MediaPipe Holistic's points of a rendered clip."
    from mediapipe.python.solutions.holistic import Holistic
    from signbook.data.landmarks import Landmarks
    from signbook.motion.points import POSE_COMPONENTS
    from signbook.motion.skeleton import LAYOUTS
    from signbook.show.render import frames
    parts = dict(POSE_LANDMARKS='pose_landmarks', LEFT_HAND_LANDMARKS='left_hand_landmarks', RIGHT_HAND_LANDMARKS='right_hand_landmarks', POSE_WORLD_LANDMARKS='pose_world_landmarks')
    rows = []
    with Holistic(model_complexity=1) as tracker:
        for image in frames(motion, 'navy', size, 'front'):
            got = tracker.process(image)
            found = [getattr(got, field) for field in parts.values()]
            rows.append(np.concatenate([[(p.x*size, p.y*size, p.z*size) for p in f.landmark] if f else np.full((33 if 'POSE' in n else 21, 3), np.nan) for n, f in zip(parts, found)]))
    points = np.array(rows)
    return Landmarks([(n, tuple(LAYOUTS[POSE_COMPONENTS[n]])) for n in parts], points, np.isfinite(points).all(-1)*1., motion.fps, (size, size))


def tracker(number=5):
    "Rendered clips as MediaPipe sees them: depth by lengths alone, and with the sides that MediaPipe tells."
    gone = missing('mediapipe', 'panda3d')
    if gone: return dict(tracker=gone)
    from signbook.data.lift import lift, lifted_points
    from signbook.data.upper_body import motion_to_points, shoulder_width
    warnings.filterwarnings('ignore')
    found = {False: [], True: []}
    for motion in clips(number, [()]):
        seen = tracked(motion)
        for ask in found:
            points = lifted_points(lift(seen, tracker=ask))
            found[ask].append((points/shoulder_width(points[..., :2]), motion_to_points(motion)))
    return dict(mediapipe=dict(clips=number, frames=sum(len(t) for _, t in found[True]), lengths_alone=compare(found[False]), with_its_sides=compare(found[True])))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--only', nargs='*', choices=['depth', 'real', 'tracker'], help='print these only; the results file stays as it is')
    p.add_argument('--clips', type=int, default=10)
    args = p.parse_args()
    import torch
    torch.set_num_threads(1)
    parts = dict(depth=lambda: depth(args.clips), real=real, tracker=tracker)
    keep(None if args.only else 'lift', {k: v for part in args.only or parts for k, v in parts[part]().items()})


if __name__ == '__main__': main()
