"""Grammar on the rendered face, as a tracker sees it that nobody here made (MediaPipe Face Mesh): python benchmarks/nonmanual.py [--only yn] [--pictures FOLDER]

Every line below has one stretch in brackets. A signal counts as seen there if its middle value inside passes a threshold, and as absent elsewhere if at most a tenth of the
other frames do. The thresholds come from lines of their own, signed by a body with another look: half of what was measured there."""
import argparse, warnings
from dataclasses import replace
from pathlib import Path
import numpy as np
from table import keep, missing

CALIBRATION = dict(raise_='ME STAY HOME . [yn YOU WORK ? ]', furrow='ME STAY HOME . [wh YOU WORK WHERE ? ]', shake='ME LIVE HERE . [neg ME WORK ] .', mouth='ME WORK . MY [mouth HOUSE ] HERE .', lids='ME WORK . MY [lids HOUSE ] HERE .')
MARKED = dict(mouth='mouthgesture:L05', lids='eyelids:CB')   # stretches that signs ask for themselves
SIGNAL = dict(yn='raise_', topic='raise_', cond='raise_', rhet='raise_', wh='furrow', neg='shake', mouth='mouth')
LINES = (
    'MY FRIEND LIVE HERE . [yn YOU WANT COFFEE ? ]', 'ME LIKE BOOK . [yn YOU LIKE BOOK ? ]', 'MY MOTHER WORK . [yn YOUR MOTHER WORK SCHOOL ? ]', '[yn YOU SIGN ? ] ME LEARN .', 'TOMORROW ME STAY HOME . [yn YOU COME ? ]',
    'ME LIVE HERE . [wh YOU LIVE WHERE ? ]', 'MY NAME fs-ANNA . [wh YOUR NAME WHAT ? ]', 'ME WANT WATER . [wh YOU WANT WHAT ? ]', '[wh WHO COME ? ] MY FRIEND .', 'ME GO SCHOOL . [wh YOU GO WHEN ? ]',
    'MY BROTHER WORK . [neg ME WORK ] .', 'MY SISTER WANT COFFEE . [neg ME WANT COFFEE ] .', '[neg ME LIKE SCHOOL ] . ME LIKE BOOK .', 'MY FRIEND HAVE DOG . [neg ME HAVE DOG ] .', 'ME LEARN . [neg MY BROTHER LEARN ] .',
    '[topic COFFEE ] ME LIKE .', '[topic MY HOUSE ] MY BROTHER LIVE HERE .', '[topic BOOK ] ME HAVE .', '[topic SCHOOL ] MY SISTER LIKE .',
    '[cond TOMORROW RAIN ] , ME STAY HOME .', '[cond YOU WANT COFFEE ] , ME HELP YOU .', '[cond MY FRIEND COME ] , ME HAPPY .', '[cond YOU WORK ] , ME WORK .',
    'ME STAY HOME [rhet WHY ] RAIN .', 'ME WANT WATER [rhet WHY ] WORK FINISH .', 'MY BROTHER LIVE [rhet WHERE ] HERE .',
    'ME HAVE [mouth HOUSE ] HERE .', 'MY BROTHER [mouth WORK ] .', 'ME WANT [mouth COFFEE ] . YOU COME .', 'MY SISTER LIKE [mouth BOOK ] .')
CAMERA = dict(joint=15, target=(0, .03, .06), eye=(0, .04, 1.3), fov_deg=14.)
STABLE = (33, 133, 362, 263, 168, 6, 197, 195, 5, 127, 356, 234, 454)   # eye corners, bridge of the nose, temples: bone, not muscle
BROWS, INNER, LIDS, LIPS = (70, 63, 105, 66, 107, 300, 293, 334, 296, 336), (55, 285), ((159, 145), (386, 374)), (13, 14)
MARGIN = .45   # seconds around a scope that belong to neither: muscles are on their way


def read(line):
    "Items and gloss line of a line with one stretch in brackets, and which tokens that is."
    from signbook.pipeline import line_items, read_line
    from signbook.signing.gloss import Scope
    words, out, start = line.split(), [], None
    for w in words:
        if w.startswith('['): kind, start = w[1:], len(out)
        elif w == ']': end = len(out)
        else: out.append(w)
    glosses = read_line(' '.join(out))
    items = line_items(glosses)
    if kind in MARKED: items = [replace(i, marks=(MARKED[kind],)) if i.token and start <= i.token[0] < end else i for i in items]
    else: glosses = replace(glosses, scopes=(Scope(kind, start, end),))
    return items, glosses, kind, (start, end)


def clip(line):
    "A motion, the kind of its stretch, and from when to when that is."
    from signbook.pipeline import items_to_motion
    items, glosses, kind, (start, end) = read(line)
    made = items_to_motion(items, 'ase', glosses).motion
    numbers = list(dict.fromkeys(i.token[0] for i in items if i.token))
    inside = [s for n, s in zip(numbers, made.spans) if start <= n < end]
    return made, kind, (inside[0].start, inside[-1].end)


def landmarks(motion, look, size):
    "(T,468,3) points in picture widths; NaN where no face was found. And the pictures."
    from mediapipe.python.solutions.face_mesh import FaceMesh
    from signbook.show.render import frames
    points, images = [], []
    with FaceMesh(static_image_mode=False, max_num_faces=1) as tracker:
        for image in frames(motion, look, size, CAMERA):
            image = np.ascontiguousarray(image[..., :3])
            found = tracker.process(image).multi_face_landmarks
            points.append([(p.x, p.y, p.z) for p in found[0].landmark[:468]] if found else np.full((468, 3), np.nan))
            images.append(image)
    return np.array(points), images


def straightened(points):
    "Faces turned and scaled onto the first one by what no muscle moves; and how far each is turned to its left, degrees."
    def centred(p): return p - p[:, STABLE].mean(1, keepdims=True)
    points = centred(points)
    model = np.nanmedian(points[:6], 0)
    turned, yaw = np.empty_like(points), np.empty(len(points))
    for t, p in enumerate(points):
        if np.isnan(p).any(): turned[t], yaw[t] = np.nan, np.nan; continue
        u, s, v = np.linalg.svd(p[list(STABLE)].T @ model[list(STABLE)])
        turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v
        scale = np.linalg.norm(model[list(STABLE)])/np.linalg.norm(p[list(STABLE)])
        turned[t], yaw[t] = scale*p @ turn, np.degrees(np.arctan2(turn[2, 0], turn[0, 0]))
    return turned/np.linalg.norm(model[33] - model[263]), yaw


def signals(points, fps):
    "What the face does, frame by frame, in distances between the eyes (the shake in degrees)."
    from scipy.ndimage import uniform_filter1d
    face, yaw = straightened(points)
    eyes = face[:, [33, 133, 362, 263], 1].mean(1)
    brows = eyes - face[:, BROWS, 1].mean(1)
    yaw = np.interp(np.arange(len(yaw)), np.flatnonzero(~np.isnan(yaw)), yaw[~np.isnan(yaw)])
    window = int(.6*fps)
    swing = np.sqrt(2*uniform_filter1d((yaw - uniform_filter1d(yaw, window))**2, window))
    lids = np.mean([np.linalg.norm(face[:, a] - face[:, b], axis=-1) for a, b in LIDS], 0)
    return dict(raise_=brows, furrow=-brows - .5*np.linalg.norm(face[:, INNER[0]] - face[:, INNER[1]], axis=-1), shake=swing, mouth=face[:, LIPS[1], 1] - face[:, LIPS[0], 1], lids=lids)


def measured(line, look, size, folder=None):
    "What the tracker sees of one line, against the frames outside its stretch."
    motion, kind, (start, end) = clip(line)
    points, images = landmarks(motion, look, size)
    found, t = signals(points, motion.fps), np.arange(len(motion))/motion.fps
    inside, outside = (t >= start + .05) & (t <= end), (t < start - MARGIN) | (t > end + MARGIN)
    outside &= (t > motion.spans[0].start - .3) & (t < motion.spans[-1].end + .3)
    if folder:
        from PIL import Image
        Image.fromarray(np.concatenate(images[::max(len(images)//8, 1)][:8], 1)).save(Path(folder)/f"{kind}_{'_'.join(line.split()[:4]).strip('[')}.png")
    neutral = {k: np.nanmedian(v[outside]) for k, v in found.items()}
    return dict(line=line, kind=kind, values={k: v - neutral[k] if k != 'shake' else v for k, v in found.items()}, inside=inside, outside=outside,
                faces=float(np.mean(~np.isnan(points[:, 0, 0]))), seconds=motion.duration)


def judge(m, thresholds):
    "Is the signal there within its scope, and absent outside?"
    name = SIGNAL[m['kind']]
    v, bar = m['values'][name], thresholds[name]
    return dict(line=m['line'], kind=m['kind'], inside=round(float(np.nanmedian(v[m['inside']])), 4), there=bool(np.nanmedian(v[m['inside']]) > bar),
                outside_share=round(float(np.nanmean(v[m['outside']] > bar)), 4), absent=bool(np.nanmean(v[m['outside']] > bar) <= .1))


def shut(m, thresholds)->int:
    "How often the lids go down."
    return int(np.count_nonzero(np.diff((m['values']['lids'] < thresholds['lids']).astype(int)) == 1))


def jumps():
    "The largest step of any channel from frame to frame, over every feeling and all kinds of scopes, and blinks a minute on long texts."
    from prosody import TEXTS
    from signbook.pipeline import text_to_motion
    from signbook.signing.emotion import STYLES
    lines = [clip(line)[0] for line in LINES[::3]]
    texts = [text_to_motion(t, emotion=e).motion for t, e in zip(TEXTS, [*STYLES, *STYLES])]
    step = max(float(np.abs(np.diff(m.expression, axis=0)).max()) for m in lines + texts)
    from signbook.motion.skeleton import arkit
    down = [int(np.count_nonzero(np.diff((m.expression[:, arkit('eyeBlinkLeft')] > .7).astype(int)) == 1)) for m in texts]
    return dict(largest_step=step, blinks_a_minute_asked=60*sum(down)/sum(m.duration for m in texts))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--size', type=int, default=320, help='pixels')
    p.add_argument('--only', nargs='*', choices=sorted(SIGNAL), help='print these only; the results file stays as it is')
    p.add_argument('--pictures', help='write strips of what the tracker sees into this folder')
    args = p.parse_args()
    if skip := missing('mediapipe', 'panda3d'): return print(skip)
    warnings.filterwarnings('ignore')
    from signbook.show.looks import LOOKS
    looks = list(LOOKS)
    thresholds = {}
    for name, line in CALIBRATION.items():
        m = measured(line, looks[-1], args.size)
        thresholds[name] = float(np.nanmedian(m['values'][name][m['inside']]))/2
    todo = [m for k, line in enumerate(LINES) if not args.only or read(line)[2] in args.only for m in [measured(line, looks[k % (len(looks) - 1)], args.size, args.pictures)]]
    rows = [judge(m, thresholds) for m in todo]
    passed = lambda rows: float(np.mean([r['there'] and r['absent'] for r in rows]))
    out = dict(tracker='MediaPipe Face Mesh 0.10.21, following the video', size=args.size, scopes=len(rows), seen_and_absent=passed(rows), by_kind={k: passed([r for r in rows if r['kind'] == k]) for k in dict.fromkeys(r['kind'] for r in rows)},
               faces=float(np.mean([m['faces'] for m in todo])), blinks_a_minute=60*sum(shut(m, thresholds) for m in todo)/sum(m['seconds'] for m in todo), thresholds={k: round(v, 4) for k, v in thresholds.items()}, **jumps(),
               missed=[r for r in rows if not (r['there'] and r['absent'])], rows=rows)
    keep(None if args.only else 'nonmanual', out, hide=('rows',))


if __name__ == '__main__': main()
