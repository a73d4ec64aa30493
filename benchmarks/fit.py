"""Landmarks to a clip of our body: python benchmarks/fit.py [--dry-run]

exact   our avatar's own points with jitter of 1.5 % of the shoulders' width on every point and dropout (one point in twenty, hands for 2 to 7 frames), fitted as measured points
loop    our avatar rendered from three sides, seen by MediaPipe Holistic, fitted: the truth is the clip that was rendered
video   a recorded signer (`video/human_signer.mp4`): only the picture judges
beat2   a captured clip carried by our body, its points fitted
signs   four recorded signs as pose-format files have them: where the hands end up

Sentences: 'Hello! My name is Anna.', 'Where is the school?' and 'I want coffee with milk, please.' were looked at while the weights were chosen; those below were not, but for two seconds of the first, seen from
the front, by which it was chosen how little a body drifts. The five bodies, the video and the four signs were.
`upper` and `wrists` are distances of the 13 joints of PARTS['upper'] after the rotation, scale and shift of each frame that bring them closest (as PA-MPJPE). `hands`: 20 points of a hand from its wrist, nothing else
aligned; `hands_aligned`: the hand alone rotated, scaled and shifted. `label`: in frames in which a sign holds a handshape, is the nearest template that of the truth? Only hands that were seen count. Medians.
`depth_std_mm`: how much the body comes and goes (of one that stands still), `lean_std_deg`: the same of the chest's lean; means over clips. `inside`: share of frames in which a wrist or finger is more than 1 cm
inside or behind the trunk."""
import argparse, os, time, warnings
from dataclasses import replace
import numpy as np
from letters import BODIES
from table import DATA, keep, missing

SENTENCES = ('Nice to meet you.', 'Do you understand sign language?')
JITTER, DROPOUT, WIDTH, SIZE, CLIP = .015, .05, 1.4, 640, 50   # shares, metres, pixels, frames
YAWS = 0, 25, -25
BEAT2 = DATA/'formats'/'smplx'/'beat2_2_scott_0_1_1.npz'
SIGNS = DATA/'formats'/'lexicon_of_clips'/'sgg'
VIDEO = DATA/'video'/'human_signer.mp4'


def clip_of(text, betas):
    "A sentence on a body of this shape, and its phases."
    from signbook.pipeline import text_to_motion
    made = text_to_motion(text)
    return replace(made.motion, betas=np.pad(betas, (0, 10 - len(betas)))), made.phases


def points_of(motion, folder):
    "The clip's own points, as a file has them."
    from signbook.data.landmarks import load
    from signbook.motion.points import save_pose
    return load(save_pose(motion, folder/'clip.pose', width_m=WIDTH))


def spoilt(landmarks, motion, rng):
    "Jitter on every point, points that are missing, hands that disappear."
    from signbook.motion import body
    from signbook.motion.skeleton import joint
    rest, roles = body.load().joints(motion.betas), np.array(landmarks.roles)
    jitter = JITTER*np.linalg.norm(rest[joint('left_shoulder')] - rest[joint('right_shoulder')])*landmarks.size[0]
    points = landmarks.points + rng.normal(0, 1, landmarks.points.shape)*np.where(roles == 'world', jitter, jitter/WIDTH)[:, None]
    sure = landmarks.confidence*(rng.random(landmarks.confidence.shape) > DROPOUT)
    for hand in ('left_hand', 'right_hand'):
        for t in np.flatnonzero(rng.random(len(sure)) < DROPOUT/4): sure[t:t + rng.integers(2, 8), roles == hand] = 0
    return replace(landmarks, points=points, confidence=sure)


def aligned(a, b):
    "Distances (T,N) of points (T,N,3) after the rotation, scale and shift that bring `a` closest to `b` in each frame."
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    u, s, v = np.linalg.svd(np.einsum('tni,tnj->tij', a, b))
    mirror = np.sign(np.linalg.det(u @ v))
    u[:, :, 2] *= mirror[:, None]; s[:, 2] *= mirror
    scale = s.sum(1)/(a**2).sum((1, 2))
    return np.linalg.norm(scale[:, None, None]*(a @ u @ v) - b, axis=-1)


def yaw(degrees):
    a = np.radians(degrees)
    return np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])


def judge(found, true, seen, turned=0, holds=()):
    "Distances in mm by name: one number for each joint and frame; `seen` side -> (T,) the hand was seen; the truth was turned by so many degrees before the camera saw it."
    from signbook.motion import body
    from signbook.motion.points import track
    from signbook.motion.skeleton import PARTS
    from signbook.signing.handshape import nearest
    free, layouts = body.load(), ('left_hand', 'right_hand')
    joints = [free.fk(m.poses, m.trans, m.betas)[1][:, PARTS['upper']].astype(float) for m in (found, true)]
    upper, mine, theirs = 1000*aligned(*joints), track(found, layouts), track(true, layouts)
    out = dict(upper=upper.ravel(), wrists=upper[:, -2:].ravel(), hands=[], hands_aligned=[], label=[])
    for k, side in enumerate(layouts):
        a, b, ok = mine[side][0], theirs[side][0] @ yaw(turned).T, seen[side]
        if not ok.any(): continue
        out['hands'].append(1000*np.linalg.norm((a - a[:, :1]) - (b - b[:, :1]), axis=-1)[ok, 1:].ravel())
        out['hands_aligned'].append(1000*aligned(a[ok], b[ok]).ravel())
        rows = slice(25 + 15*k, 40 + 15*k)
        out['label'] += [nearest(found.poses[t, rows], k == 0) == nearest(true.poses[t, rows], k == 0) for t in holds[k] if ok[t]] if holds else []
    return {k: np.concatenate(v) if isinstance(v, list) and k != 'label' else np.array(v) for k, v in out.items()}


def standing(clips):
    "How still bodies stand, and whether hands are inside them."
    from signbook.data.fit_room import below, relief
    from signbook.motion import body
    from signbook.motion.skeleton import joint
    free, depth, lean, inside = body.load(), [], [], []
    arms = [joint(f'{s}_{n}') for s in ('left', 'right') for n in ('wrist', 'middle1', 'index3', 'middle3')]
    for m in clips:
        turns, at = free.fk(m.poses, m.trans, m.betas)
        depth.append(1000*m.trans[:, 2].std()); lean.append(np.degrees(np.arcsin(turns[:, joint('spine3'), 2, 1])).std())
        inside.append(below(replace(relief(free, m.betas), back=-np.inf), turns, at, at[:, arms])[0].max(1) > .01)
    return dict(depth_std_mm=round(float(np.mean(depth)), 2), lean_std_deg=round(float(np.mean(lean)), 2), inside=round(float(np.concatenate(inside).mean()), 4))


def seen_hands(landmarks):
    return {r: landmarks.confidence[:, np.array(landmarks.roles) == r].mean(1) > .5 for r in ('left_hand', 'right_hand')}


def summary(rows):
    "Medians over all clips, the share of labels that were kept, and the worst clip."
    both = {k: np.concatenate([r[k] for r in rows]) for k in rows[0]}
    out = {f'{k}_mm': round(float(np.median(v)), 2) for k, v in both.items() if k != 'label' and len(v)}
    if len(both['label']): out |= dict(label=round(float(both['label'].mean()), 4), hold_hands=len(both['label']))
    return out | dict(clips=len(rows), worst_clip_upper_mm=round(max(float(np.median(r['upper'])) for r in rows), 2))


def exact(folder):
    from signbook.data.fit import fit
    rows, frames, seconds = [], 0, 0.
    for i, betas in enumerate(BODIES):
        for j, text in enumerate(SENTENCES):
            clip, _ = clip_of(text, betas)
            landmarks = spoilt(points_of(clip, folder), clip, np.random.default_rng(100*i + j))
            start = time.perf_counter()
            found = fit(landmarks, measured=True)
            seconds += time.perf_counter() - start; frames += len(clip)
            rows.append(judge(found.motion, clip, seen_hands(landmarks)))
    return summary(rows) | dict(frames=frames, frames_a_second=round(frames/seconds, 1))


def tracked(images, fps, source):
    "Landmarks that MediaPipe Holistic sees in pictures that follow each other, as `extract` has it."
    from signbook.data.extract import NAMES, Tracker, rows_of
    from signbook.data.landmarks import Landmarks
    tracker, rows = Tracker(), []
    try:
        for k, image in enumerate(images):
            size = image.shape[1::-1]
            rows.append(rows_of(tracker(np.ascontiguousarray(image[..., :3]), k/fps), size))
    finally: tracker.close()
    rows = np.array(rows)
    return Landmarks(NAMES, rows[..., :3], rows[..., 3], fps, size, meta=dict(source=source, tool='MediaPipe Holistic 0.10.21', licence='not said', synthetic=None))


def camera_at(degrees):
    "The front camera, walked around the signer."
    from signbook.show.render import CAMERAS
    front = CAMERAS['front']
    target, eye = np.array(front['target']), np.array(front['eye'])
    return dict(front, eye=tuple(target + yaw(degrees) @ (eye - target)))


def hold_frames(phases, first, count, fps):
    "Frames of a piece in which the left and the right hand hold a shape."
    rows = [(int(t) - first, not p.signer_left) for p in phases if p.kind == 'hold' for t in np.arange(np.ceil(p.start*fps), int(p.end*fps) + 1)]
    return [[t for t, hand in rows if hand == k and 0 <= t < count] for k in (0, 1)]


def loop():
    from signbook.data.fit import fit
    from signbook.show.looks import LOOKS
    from signbook.show.render import frames
    rows, clips = [], []
    for i, betas in enumerate(BODIES):
        clip, phases = clip_of(SENTENCES[i % 2], betas)
        first = max(0, len(clip)//2 - CLIP//2)
        clip = clip.slice(first/clip.fps, (first + CLIP)/clip.fps)
        for degrees in YAWS:
            landmarks = tracked(frames(clip, list(LOOKS)[i % len(LOOKS)], SIZE, camera_at(degrees)), clip.fps, 'avatar')
            clips.append(fit(landmarks).motion)
            rows.append(judge(clips[-1], clip, seen_hands(landmarks), -degrees, hold_frames(phases, first, len(clip), clip.fps)))
    return summary(rows) | standing(clips)


def video():
    import av
    from signbook.data.fit import fit
    with av.open(str(VIDEO)) as film:
        fps = float(film.streams.video[0].average_rate)
        landmarks = tracked([f.to_ndarray(format='rgb24') for f in film.decode(video=0)], fps, VIDEO.name)
    start = time.perf_counter()
    found = fit(landmarks)
    report, seconds = found.report, time.perf_counter() - start
    return standing([found.motion]) | dict(frames=len(landmarks), frames_a_second=round(len(landmarks)/seconds, 1), pixels={k: round(v, 2) for k, v in report.pixels.items()},
                doubtful_frames={part: sum(b - a for p, a, b, _ in report.doubts if p == part) for part in report.pixels})


def beat2(folder, frames=300):
    "Captured turns of all joints on our body; mean distances, nothing aligned but the place of the whole."
    from signbook.data.fit import fit
    from signbook.motion import body
    from signbook.motion.formats import load
    from signbook.motion.points import on_free_body
    free, clip = body.load(), on_free_body(load(BEAT2))
    clip = clip.slice(0, frames/clip.fps)
    found = fit(points_of(replace(clip, meta={**clip.meta, 'source': BEAT2.name, 'licence': 'non-commercial', 'language': 'und', 'synthetic': False, 'generator': 'capture'}), folder), measured=True)
    a, b = (free.fk(m.poses, m.trans, m.betas)[1] for m in (found.motion, clip))
    away = 1000*np.linalg.norm((a - a[:, :55].mean(1, keepdims=True)) - (b - b[:, :55].mean(1, keepdims=True)), axis=-1)
    return dict(frames=len(clip), mean_mm=round(float(away.mean()), 2), body_mean_mm=round(float(away[:, :22].mean()), 2), hands_mean_mm=round(float(away[:, 25:].mean()), 2))


def signs():
    from signbook.data.fit import fit
    from signbook.data.keypoints import read
    found = [fit(read(path)) for path in sorted(SIGNS.glob('*.pose'))]
    return standing([f.motion for f in found]) | dict(clips=len(found), pixels={part: round(float(np.mean([f.report.pixels[part] for f in found if part in f.report.pixels])), 2) for part in found[0].report.pixels})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--dry-run', action='store_true', help='print only; results/fit.json stays as it is')
    p.add_argument('--only', nargs='*', default=('exact', 'loop', 'video', 'beat2', 'signs'))
    args = p.parse_args()
    if why := missing('mediapipe', 'panda3d', 'av'): return print(why)
    if not (VIDEO.is_file() and BEAT2.is_file() and SIGNS.is_dir()): return print(f'skipped: {VIDEO}, {BEAT2} and {SIGNS} are not here (set SIGNBOOK_DATA)')
    import tempfile
    from pathlib import Path
    warnings.filterwarnings('ignore')
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, run in dict(exact=lambda: exact(Path(folder)), loop=loop, video=video, beat2=lambda: beat2(Path(folder)), signs=signs).items():
            if name in args.only: out[name] = run()
    out |= dict(settings=dict(sentences=SENTENCES, bodies=[list(b) for b in BODIES], jitter=JITTER, dropout=DROPOUT, size=SIZE, yaws=YAWS), load=os.getloadavg())
    keep(None if args.dry_run or len(args.only) < 5 else 'fit', out)


if __name__ == '__main__': main()
