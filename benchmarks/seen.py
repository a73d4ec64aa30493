"""Signs and sentences as a tracker sees them, one that nobody here made (MediaPipe Holistic): python benchmarks/seen.py [--static] [--size 720] [--only HELLO]"""
import argparse, hashlib, json, multiprocessing, os, tempfile, time, warnings
from pathlib import Path
import numpy as np
from fidelity import entries
from table import code_mark, keep, missing

SENTENCES = ('Hello! My name is Anna.', 'Nice to meet you.', 'Where is the school?', 'I want coffee with milk, please.', 'Thank you very much!',
             'My mother and father live in a big house.', 'Do you understand sign language?', 'Yesterday my friend was sick.', 'We learn together at 10.',
             'I do not know why the dog is sad.')
BEFORE, AFTER = .4, .2    # seconds around the phases of a single sign that the tracker sees too
BARS = dict(face=.99, hand=.95, landmarks=.2)   # a clip below one of them is named
WRIST, KNUCKLE = 0, 9     # of the 21 points of a hand


def jobs(language, looks):
    "Everything to look at: (name, what, look, left_handed)."
    for name, item in entries(language): yield name, item, looks[0], False
    for i, text in enumerate(SENTENCES): yield f'sentence {i + 1}', text, looks[i % len(looks)], i % 3 == 2


def clip_of(what, left_handed):
    "A `Motion`, its phases and the frames to look at."
    if isinstance(what, str):
        from signbook.pipeline import text_to_motion
        made = text_to_motion(what, left_handed=left_handed)
        return made.motion, made.phases, range(len(made.motion))
    from signbook.signing.synthesis import synthesise
    made = synthesise([what])
    start, end = min(p.start for p in made.phases) - BEFORE, max(p.end for p in made.phases) + AFTER
    fps = made.motion.fps
    return made.motion, made.phases, range(max(0, int(start*fps)), min(len(made.motion), int(end*fps) + 1))


def pixels(motion, camera, size):
    "Where the 21 points of the right and left hand are in the picture (2,T,21,2), and how many pixels a palm would have if it faced the camera (2,T)."
    from signbook.motion import body
    from signbook.motion.points import track
    from signbook.show.render import projection
    free = body.load()
    eye, matrix = projection(camera, free.joints(motion.betas))
    seen = track(motion, ('right_hand', 'left_hand'))
    points = np.stack([seen[h][0] for h in ('right_hand', 'left_hand')])
    clip = np.concatenate([points, np.ones_like(points[..., :1])], -1) @ matrix.T
    a_metre = np.linalg.norm(matrix[1, :3])*size/2/clip[..., WRIST, 3]
    palm = np.linalg.norm(points[:, :, KNUCKLE] - points[:, :, WRIST], axis=-1)*a_metre
    return (clip[..., :2]/clip[..., 3:] + 1)/2*size, palm


def asked_hands(phases, fps, left_handed):
    "(frame, hand, phase) for every frame inside a phase; hand 0 is the signer's right."
    for p in phases:
        if p.kind == 'back': continue
        for t in range(int(np.ceil(p.start*fps)), int(p.end*fps) + 1): yield t, int(p.signer_left != left_handed), p


def is_fist(phase):
    "Do the fingertips hide in the palm?"
    return any(s and s.first.base == 'fist' for s in (phase.begin.shape, phase.finish.shape))


def fitted(seen, true):
    "`seen` (21,2) after the turn, size and shift that bring it closest to `true` (21,2)."
    a, b = ((p - p.mean(0)) @ [1, 1j] for p in (seen, true))
    moved = a*(np.vdot(a, b)/np.vdot(a, a).real)
    return np.stack([moved.real, moved.imag], -1) + true.mean(0)


def judge(found, true, palm, size):
    "Mean distance of the 21 points after a similarity, in palm lengths; None: not found, or found elsewhere."
    if found is None: return None
    seen = np.array([(p.x*size, p.y*size) for p in found.landmark])
    if np.linalg.norm(seen.mean(0) - true.mean(0)) > palm: return None
    return float(np.linalg.norm(fitted(seen, true) - true, axis=-1).mean()/palm)


def look_at(job):
    "What the tracker makes of one clip: faces found, frame by frame, and a row for every hand in every frame of a phase."
    (name, what, look, left_handed), args = job
    warnings.filterwarnings('ignore')
    from mediapipe.python.solutions.holistic import Holistic
    from signbook.show.render import frames
    motion, phases, pick = clip_of(what, left_handed)
    true, palm = pixels(motion, args.camera, args.size)
    todo = {}
    for t, hand, phase in asked_hands(phases, motion.fps, left_handed): todo.setdefault(t, {})[hand] = phase
    if args.static: pick = [t for t in pick if t in todo]
    pick, faces, rows = list(pick)[::args.every], [], []
    with Holistic(static_image_mode=args.static, model_complexity=1) as tracker:
        for t, image in zip(pick, frames(motion, look, args.size, args.camera, pick=pick)):
            got = tracker.process(image)
            faces.append(got.face_landmarks is not None)
            for hand, phase in todo.get(t, {}).items():
                error = judge((got.right_hand_landmarks, got.left_hand_landmarks)[hand], true[hand, t], palm[hand, t], args.size)
                facing = float(np.linalg.norm(true[hand, t, KNUCKLE] - true[hand, t, WRIST])/palm[hand, t])
                apart = float(np.linalg.norm(true[0, t].mean(0) - true[1, t].mean(0))/palm[hand, t])
                rows.append(dict(frame=int(t), gloss=phase.gloss, hand=hand, strong=hand == int(left_handed), kind=phase.kind, fist=is_fist(phase), error=error,
                                 facing=facing, apart=apart, palm=float(palm[hand, t])))
    return dict(name=name, look=look, sentence=isinstance(what, str), faces=faces, rows=rows)


def share(rows): return float(np.mean([r['error'] is not None for r in rows])) if rows else None

def middle(rows, q=.5):
    errors = [r['error'] for r in rows if r['error'] is not None]
    return float(np.quantile(errors, q)) if errors else None

def by(rows, key): return {str(k): dict(frames=len(g), found=share(g), landmarks=middle(g)) for k in sorted({key(r) for r in rows}, key=str) for g in [[r for r in rows if key(r) == k]]}


def summary(clips):
    "The figures, and who is to blame."
    rows, faces = [r for c in clips for r in c['rows']], [f for c in clips for f in c['faces']]
    open_, fists = [r for r in rows if not r['fist']], [r for r in rows if r['fist']]
    blame = {c['name']: (round(share(c['rows']), 3), len(c['rows'])) for c in clips if c['rows'] and share(c['rows']) < BARS['hand']}
    blind = {c['name']: round(float(np.mean(c['faces'])), 3) for c in clips if np.mean(c['faces']) < BARS['face']}
    far = {c['name']: round(middle(o), 3) for c in clips for o in [[r for r in c['rows'] if not r['fist']]] if o and (middle(o) or 0) > BARS['landmarks']}
    return dict(
        face=float(np.mean(faces)), hand=share(rows), landmarks=middle(open_), landmarks_p90=middle(open_, .9), landmarks_fists=middle(fists),
        landmarks_in_seen_palms=middle([dict(r, error=r['error'] and r['error']/max(r['facing'], 1e-3)) for r in open_]),
        frames=len(faces), hands=len(rows), hands_fists=len(fists), palm_pixels=float(np.median([r['palm'] for r in rows])),
        signs=share([r for c in clips if not c['sentence'] for r in c['rows']]), sentences=share([r for c in clips if c['sentence'] for r in c['rows']]),
        clips_with_every_bar=float(np.mean([c['name'] not in {*blame, *blind, *far} for c in clips])),
        by_hand=by(rows, lambda r: 'dominant' if r['strong'] else 'other'), by_kind=by(rows, lambda r: r['kind']), by_fist=by(rows, lambda r: 'fist' if r['fist'] else 'open'),
        by_palm_seen=by(rows, lambda r: f"{min(int(r['facing']*4), 3)/4:.2f} of its length or more"),
        by_hands_apart=by(rows, lambda r: next((f'below {b} palms' for b in (.5, 1, 1.5, 2, 3) if r['apart'] < b), '3 palms or more')),
        by_look=by([dict(r, look=c['look']) for c in clips for r in c['rows']], lambda r: r['look']),
        hands_missed=dict(sorted(blame.items(), key=lambda k: -(1 - k[1][0])*k[1][1])), faces_missed=blind, landmarks_far=far)


def hush():
    "What MediaPipe's C++ says about itself goes nowhere; errors still reach the parent as exceptions."
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def notes(jobs, args):
    "The file of what is done, one clip a line, and the clips in it."
    options = {k: v for k, v in vars(args).items() if k not in ('workers', 'minutes', 'rows', 'only')}
    mark = hashlib.sha256(repr((code_mark(__file__), options, jobs)).encode()).hexdigest()
    path = Path(tempfile.gettempdir()) / f'signbook_seen_{mark[:16]}.jsonl'
    lines = path.read_text(encoding='utf-8').split('\n')[:-1] if path.is_file() else []   # what follows the last line break was not finished
    path.write_text(''.join(line + '\n' for line in lines), encoding='utf-8')
    return path, {clip['name']: clip for clip in map(json.loads, lines)}


def look_at_all(jobs, args):
    "Clips by name: those of an earlier run that was stopped, and what this one adds in its time."
    path, done = notes(jobs, args)
    left, end = [(j, args) for j in jobs if j[0] not in done], time.monotonic() + 60*args.minutes
    with path.open('a', encoding='utf-8') as file, multiprocessing.get_context('spawn').Pool(args.workers, hush, maxtasksperchild=40) as pool:
        for clip in pool.imap_unordered(look_at, left, chunksize=1):
            done[clip['name']] = clip
            file.write(json.dumps(clip) + '\n'); file.flush()
            if time.monotonic() > end: break
    if len(done) == len(jobs): path.unlink()
    return done, len(jobs) - len(left)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--language', default='ase')
    p.add_argument('--size', type=int, default=512, help='pixels')
    p.add_argument('--camera', default='front')
    p.add_argument('--static', action='store_true', help='every frame by itself; without it the tracker follows the video, as people use it')
    p.add_argument('--every', type=int, default=1, help='every so many frames only')
    p.add_argument('--only', nargs='*', help='names of signs and sentences')
    p.add_argument('--workers', type=int, default=os.cpu_count())
    p.add_argument('--minutes', type=float, default=float('inf'), help='stop after so long; the same command goes on')
    p.add_argument('--rows', help='write every row to this file too')
    args = p.parse_args()
    if skip := missing('mediapipe', 'panda3d'): return print(skip)
    from signbook.show.looks import LOOKS
    todo = [j for j in jobs(args.language, list(LOOKS)) if not args.only or j[0] in args.only]
    start = time.monotonic()
    done, earlier = look_at_all(todo, args)
    if len(done) < len(todo): return print(f'{len(done)} of {len(todo)} clips are done; the same command goes on')
    clips = [done[j[0]] for j in todo]
    out = dict(tracker='MediaPipe Holistic 0.10.21, full pose model, ' + ('every picture by itself' if args.static else 'following the video'), size=args.size, camera=args.camera,
               every=args.every, clips=len(clips), **summary(clips), seconds=round(time.monotonic() - start), clips_of_an_earlier_run=earlier, load=os.getloadavg())
    if args.rows: Path(args.rows).write_text(json.dumps(clips))
    keep(None if args.only else 'seen' + '_static'*args.static + f'_{args.size}'*(args.size != 512) + f'_{args.camera}'*(args.camera != 'front'), out,
         hide=('hands_missed', 'faces_missed', 'landmarks_far') if not args.only else ())


if __name__ == '__main__':
    os.environ['OMP_NUM_THREADS'] = '1'   # one thread a worker
    main()
