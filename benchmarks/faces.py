"""Faces from tracked points, against known truth and against another tracker: python benchmarks/faces.py

Bodies, drills and sentences differ from those that data.face_tracker measured (seed 7) and from those that constants were chosen on (seeds 0 and 100; lines 0, 8, 16 and 24 of nonmanual.py).
Drills move one action of the brows, of the lids and of the mouth at a time, each on its own clock, while the head turns; sentences are lines of nonmanual.py and texts with a feeling.
A rendered face is seen from the front or from 20 degrees beside it, 512 pixels, by MediaPipe's face mesh (478 points, and 468); the truth is what was rendered."""
import argparse, time, warnings
from dataclasses import replace
import numpy as np
from table import DATA, keep, missing

SEED, DRILLS, FRAMES, SIZE = 200, 4, 300, 512
VIEWS = (0, 20, -20)
LINES_AT, TEXTS_AT = (1, 9, 17), ((1, 'happy'), (3, 'angry'))
def both(*names): return [n + side for n in names for side in ('Left', 'Right')]
GROUPS = dict(brows_up=['browInnerUp', *both('browOuterUp')], brows_down=both('browDown'), eyes_closed=both('eyeBlink'), mouth_open=['jawOpen'], smile=both('mouthSmile'), pucker=['mouthPucker'])
TRACKS = ((GROUPS['brows_up'], GROUPS['brows_down']), (GROUPS['eyes_closed'], both('eyeWide')), (GROUPS['mouth_open'], GROUPS['smile'], GROUPS['pucker'], both('mouthFrown')))
AIMS = ('brows_up', 'mouth_open', 'eyes_closed')


def drill(rng):
    "A face that does one thing after the other in each of its parts, on a turning head."
    from signbook.motion.motion import Motion
    from signbook.motion.skeleton import arkit, joint
    values, poses, t = np.zeros((FRAMES, 52)), np.zeros((FRAMES, 55, 3)), np.arange(FRAMES)
    for acts in TRACKS:
        at = rng.uniform(10, 40)
        while at < FRAMES - 10:
            names = acts[rng.integers(len(acts))]
            quick = names is GROUPS['eyes_closed']
            long, most = (rng.uniform(5, 9), 1.) if quick else (rng.uniform(15, 40), rng.uniform(.3, 1))
            values[:, [arkit(n) for n in names]] += (most*np.sin(np.pi*np.clip((t - at)/long, 0, 1))**2)[:, None]
            at += long + rng.uniform(8, 40)
    for axis, degrees in enumerate((8, 12, 8)):
        poses[:, joint('head'), axis] = np.radians(degrees)*np.sin(2*np.pi*t/rng.uniform(60, 150) + rng.uniform(0, 6))*np.minimum(t/20, 1)
    return Motion(poses, expression=np.clip(values, 0, 1))


def sentences():
    from nonmanual import LINES, clip
    from prosody import TEXTS
    from signbook.pipeline import text_to_motion
    return [clip(LINES[i])[0] for i in LINES_AT] + [text_to_motion(TEXTS[i][:40], emotion=e).motion for i, e in TEXTS_AT]


def see(motion, look, yaw):
    "What both trackers see: with iris, without."
    from signbook.data.face_tracker import face_camera, tracked_face
    from signbook.show.render import frames
    pictures = list(frames(motion, look, SIZE, face_camera(yaw)))
    return {iris: tracked_face(pictures, motion.fps, iris, source='rendered', synthetic=True) for iris in (True, False)}


def head_of(motion, yaw):
    "(T,3,3) the head as a camera sees it that stands to the signer's left."
    from signbook.motion.body import load
    from signbook.motion.rotation import aa_to_mat
    from signbook.motion.skeleton import joint
    return aa_to_mat(np.array([0, -np.radians(yaw), 0])) @ load().fk(motion.poses, betas=motion.betas)[0][:, joint('head')]


def grouped(weights, names):
    from signbook.motion.skeleton import arkit
    return np.asarray(weights)[:, [arkit(n) for n in names]].mean(1)


def agreement(truth, found):
    "Correlation (0 where nothing was found at all) and mean absolute error of each group, over all frames of all clips; groups that do nothing are left out."
    out = {}
    for name, columns in GROUPS.items():
        a, b = (np.concatenate([grouped(w, columns) for w in many]) for many in (truth, found))
        if a.std() > .02: out[name] = dict(correlation=round(float(np.nan_to_num(np.corrcoef(a, b)[0, 1])), 3), error=round(float(np.abs(a - b).mean()), 3), deviation=round(float(a.std()), 3))
    return out


def head_errors(cases, faces):
    "Degrees about each axis, and in all."
    from signbook.motion.rotation import aa_to_mat, mat_to_aa
    off = np.degrees(np.concatenate([mat_to_aa(np.swapaxes(head_of(c['motion'], c['yaw']), -1, -2) @ aa_to_mat(f.head)) for c, f in zip(cases, faces)]))
    whole = np.linalg.norm(off, axis=-1)
    return dict(zip(('pitch', 'yaw', 'roll'), np.median(np.abs(off), 0).round(2).tolist()), median=round(float(np.median(whole)), 2), p95=round(float(np.percentile(whole, 95)), 2))


def closed_loop(cases, iris):
    "What comes back of rendered clips, each with the face at rest that it found itself, and with one from another clip."
    from signbook.data.faces import face_actions
    began = time.process_time()
    faces = [face_actions(c['seen'][iris]) for c in cases]
    rate = sum(map(len, faces))/(time.process_time() - began)
    still = [face_actions(c['still'][iris]) for c in cases]
    given = [face_actions(c['seen'][iris], rest=s.rest) for c, s in zip(cases, still)]
    truth = [c['motion'].expression for c in cases]
    out = dict(own_rest=agreement(truth, [f.weights for f in faces]), given_rest=agreement(truth, [f.weights for f in given]), head_deg=head_errors(cases, faces),
               still_most=round(max(float(s.weights.max()) for s in still), 3), filled=round(float(np.mean(np.concatenate([f.filled for f in faces]))), 4))
    return out, rate


def on_skin(motions):
    "Points on the skin themselves, a millimetre off: 468 with depth, 68 without."
    from signbook.data.face_model import exact_model, mesh_vertices
    from signbook.data.faces import face_actions, skin_landmarks
    from signbook.motion.body import load
    flat, mesh = {p: v for p, v in load().landmarks.items() if p.startswith('face_')}, exact_model(mesh_vertices())
    out = {}
    for name, work in dict(mesh_468=lambda m, s, yaw: face_actions(skin_landmarks(m, mesh_vertices(), yaw, noise_m=.001, seed=s), model=mesh),
                           flat_68=lambda m, s, yaw: face_actions(skin_landmarks(m, flat, yaw, noise_m=.001, depth=False, seed=s))).items():
        cases = [dict(motion=m, yaw=VIEWS[i % 3]) for i, m in enumerate(motions)]
        faces = [work(c['motion'], i, c['yaw']) for i, c in enumerate(cases)]
        out[name] = dict(own_rest=agreement([m.expression for m in motions], [f.weights for f in faces]), head_deg=head_errors(cases, faces))
    return out


def person():
    "A person signing, seen by two trackers: how alike the faces are that come out."
    import av
    from signbook.data.faces import face_actions
    from signbook.data.face_tracker import tracked_face
    from signbook.data.keypoints import read
    video, other = DATA/'video'/'human_signer.mp4', DATA/'formats'/'dwpose'/'human_signer'
    if not (video.exists() and other.exists()): return None
    with av.open(str(video)) as film: pictures = [f.to_ndarray(format='rgb24') for f in film.decode(video=0)]
    a, b = face_actions(tracked_face(pictures, 24., True)), face_actions(read(other, fps=24., size=pictures[0].shape[1::-1]))
    return dict(frames=len(a), filled=float(a.filled.mean()), largest_step=round(float(np.abs(np.diff(a.weights, axis=0)).max()), 3),
                with_dwpose={k: v['correlation'] for k, v in agreement([a.weights], [b.weights]).items()}, head_apart_deg=np.degrees(np.median(np.abs(a.head - b.head), 0)).round(1).tolist())


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if skip := missing('mediapipe', 'panda3d', 'av'): return print(skip)
    warnings.filterwarnings('ignore')
    from signbook.motion.motion import Motion
    from signbook.show.looks import LOOKS
    rng, looks = np.random.default_rng(SEED), list(LOOKS)
    def case(i, motion):
        betas = np.clip(rng.normal(0, 1, 10), -1.8, 1.8)
        look, yaw, clip, still = looks[(i + 1) % len(looks)], VIEWS[i % 3], replace(motion, betas=betas), Motion(head_turning(), betas=betas)
        return dict(motion=clip, yaw=yaw, seen=see(clip, look, yaw), still=see(still, look, yaw))
    drills, spoken = [case(i, drill(rng)) for i in range(DRILLS)], [case(i, m) for i, m in enumerate(sentences())]
    out = dict(seed=SEED, tracker='MediaPipe Face Mesh 0.10.21, following the video', size=SIZE, bodies=len(drills) + len(spoken), frames=sum(len(c['motion']) for c in drills + spoken))
    for name, iris in (('mesh_478', True), ('mesh_468', False)):
        (drilled, rate), (said, _) = closed_loop(drills, iris), closed_loop(spoken, iris)
        out[name] = dict(drills=drilled, sentences=said, frames_a_second=round(rate))
    out['on_skin'] = on_skin([c['motion'] for c in drills])
    out['person'] = person()
    best = out['mesh_478']
    out['aims'] = dict(correlation=min(best['drills']['own_rest'][g]['correlation'] for g in AIMS), head_deg=max(best[k]['head_deg']['median'] for k in ('drills', 'sentences')),
                       still_most=max(best[k]['still_most'] for k in ('drills', 'sentences')), frames_a_second=min(out[k]['frames_a_second'] for k in ('mesh_478', 'mesh_468')))
    keep('faces', out)


def head_turning():
    "(60,55,3) a face that does nothing, on a head that moves."
    from signbook.motion.skeleton import joint
    poses, t = np.zeros((60, 55, 3)), np.arange(60)
    for axis, (degrees, frames_) in enumerate(((6, 37), (10, 53), (5, 31))): poses[:, joint('head'), axis] = np.radians(degrees)*np.sin(2*np.pi*t/frames_)
    return poses


if __name__ == '__main__': main()
