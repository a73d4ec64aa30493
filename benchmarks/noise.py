"""How real extractors err, measured on recorded finger alphabets (SIGNBOOK_DATA): python benchmarks/noise.py

Half of the alphabets gives the numbers that `signbook.data.noise` carries; on the other half, not looked at for that, its noise is put onto the same
recordings smoothed, and measured again: what comes out should be what the recordings themselves show.
"""
import argparse
import numpy as np
from table import DATA, keep

WINDOW, ORDER = 7, 2          # of the local fit, frames and degree
STILL = .02                   # units a frame: a part of which no point is faster holds still
PARTS = dict(body=slice(0, 25), left_hand=slice(33, 54), right_hand=slice(54, 75))   # of the 75 points; legs are not in the picture
WRISTS = dict(left_hand=15, right_hand=16)


def clips(path):
    "Points (T,75,3) pixels and confidence (T,75) of every letter."
    with np.load(path) as file:
        ends = np.cumsum(file['frames'])[:-1]
        return list(zip(np.split(file['landmarks'].astype(float), ends), np.split(file['confidence'].astype(float), ends)))


def runs(mask):
    "Start and end of every run of True."
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return list(zip(edges[::2], edges[1::2]))


def unit(points, part):
    "Shoulder width, or that of the palm, pixels: of the whole clip."
    a, b = (11, 12) if part == 'body' else (PARTS[part].start + 5, PARTS[part].start + 17)
    return np.linalg.norm(points[:, a, :2] - points[:, b, :2], axis=-1)


def residuals(points, confidence, part):
    "What a local smooth fit leaves of x and y (T,P,2), in units of the part, nan where it moves; a piece for each run of frames in which the part was seen."
    from scipy.signal import savgol_filter
    rows, seen = PARTS[part], (confidence[:, PARTS[part]] > .5).all(1) if part != 'body' else np.ones(len(points), bool)
    out = []
    for a, b in runs(seen):
        if b - a < WINDOW + 2: continue
        xy = points[a:b, rows, :2][:, (confidence[a:b, rows] > .5).all(0)]/np.median(unit(points[a:b], part))
        speed = np.linalg.norm(savgol_filter(xy, WINDOW, ORDER, deriv=1, axis=0), axis=-1).max(1)   # of the fastest point
        left = np.where((speed < STILL)[:, None, None], xy - savgol_filter(xy, WINDOW, ORDER, axis=0), np.nan)
        out.append(left[WINDOW//2:-(WINDOW//2)])
    return out


def spread(pieces):
    "Robust standard deviation of residuals, and how alike neighbouring frames are (lag 1); how many there are."
    flat = np.concatenate([p.reshape(-1) for p in pieces])
    size = 1.4826*np.nanmedian(np.abs(flat))
    pieces = [np.clip(p, -4*size, 4*size) for p in pieces]
    alike = sum(np.nansum(p[1:]*p[:-1]) for p in pieces)/sum(np.nansum(np.where(np.isnan(p[1:]), np.nan, p[:-1]**2)) for p in pieces)
    return dict(left=float(size), alike=float(alike), numbers=int(np.isfinite(flat).sum()))


def gaps(hands):
    "Frames and gaps of hands (two rows (T,) of bool a clip), between the first and the last frame in which each was seen."
    frames, lengths, both = 0, [], 0
    for clip in hands:
        for mine, other in (clip, clip[::-1]):
            if not mine.any(): continue
            a, b = np.flatnonzero(mine)[[0, -1]]
            found = runs(~mine[a:b + 1])
            frames += int(mine.sum()); lengths += [j - i for i, j in found]
            both += sum((~other[a + i:a + j]).any() and other[:a + i].any() and other[a + j:].any() for i, j in found)
    return dict(frames=frames, gaps=len(lengths), rate=len(lengths)/frames, mean_frames=float(np.mean(lengths)), longest=int(max(lengths)), in_both_hands=both/len(lengths))


def swapped(some):
    "Frames in which a hand lies at the other hand's wrist, and the runs of them."
    frames, lengths = 0, []
    for points, confidence in some:
        for part, wrist in WRISTS.items():
            other = WRISTS['right_hand' if part == 'left_hand' else 'left_hand']
            there = (confidence[:, PARTS[part]] > .5).all(1)
            at = points[:, PARTS[part].start, :2]
            far = lambda k: np.linalg.norm(at - points[:, k, :2], axis=-1)
            wrong = there & (far(other) < .5*far(wrist))
            frames += int(there.sum()); lengths += [b - a for a, b in runs(wrong)]
    return dict(frames=frames, runs=len(lengths), run_frames=float(np.mean(lengths)) if lengths else 0.)


def measured(some):
    "Size and likeness of the jitter, and swaps."
    out = {}
    for part, names in (('body', ('body',)), ('hand', tuple(WRISTS))):
        left = [r for p, c in some for name in names for r in residuals(p, c, name) if r.size]
        out[part] = spread(left)
    return out | dict(swaps=swapped(some))


def jitter(left, alike):
    "Size and memory of the noise that leaves as much, as alike: noise that keeps a share of itself from frame to frame."
    from scipy.signal import lfilter, savgol_filter
    white, best = np.random.default_rng(0).standard_normal(200_000), []
    for share in np.linspace(-.5, .9, 57):
        x = lfilter([np.sqrt(1 - share**2)], [1, -share], white)
        rest = x - savgol_filter(x, WINDOW, ORDER)
        best.append((abs((rest[1:]*rest[:-1]).mean()/(rest**2).mean() - alike), float(share), float(left/rest.std())))
    return dict(zip(('memory', 'size'), min(best)[1:]))


def signing():
    "Whether each hand is seen, (2,T) a clip: recorded signs tracked by MediaPipe Holistic."
    from signbook.data.landmarks import load, present
    files = sorted([*(DATA/'metrics'/'same_sign').glob('*.pose'), *(DATA/'formats'/'lexicon_of_clips').rglob('*.pose')])
    return [[present(lm, role) for role in WRISTS] for lm in map(load, files)]


def as_landmarks(points, confidence):
    "A clip as `Landmarks` of pose and hands."
    from signbook.data.landmarks import Landmarks
    from signbook.motion.skeleton import LAYOUTS
    names = (('POSE_LANDMARKS', tuple(LAYOUTS['mediapipe_pose'])), ('LEFT_HAND_LANDMARKS', tuple(LAYOUTS['left_hand'])), ('RIGHT_HAND_LANDMARKS', tuple(LAYOUTS['right_hand'])))
    return Landmarks(names, points, confidence, 25, (500, 500), meta=dict(source='fingerspelling', synthetic=False))


def smoothed(points, confidence):
    "The clip without what a local fit calls noise; clips that are too short stay out."
    from scipy.signal import savgol_filter
    return (savgol_filter(np.nan_to_num(points), WINDOW + 4, ORDER, axis=0), confidence) if len(points) > WINDOW + 4 else None


def again(some, model):
    "The noise of a model put onto smoothed recordings, and measured as they were."
    from signbook.data.noise import noisy
    smooth = [s for s in (smoothed(*clip) for clip in some) if s]
    bare, loud = measured(smooth), [noisy(as_landmarks(p, c), model, seed=n) for n, (p, c) in enumerate(smooth)]
    return dict(smoothed=bare, with_noise=measured([(l.points.astype(float), l.confidence.astype(float)) for l in loud]))


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    files, hands = sorted((DATA/'fingerspelling').glob('???.npz')), signing()
    if not files: return print('skipped: set SIGNBOOK_DATA to a folder with fingerspelling/*.npz')
    tune, test = ([c for p in half for c in clips(p)] for half in (files[::2], files[1::2]))
    from signbook.data.noise import MODELS
    got = measured(tune)
    for part in ('body', 'hand'): got[part] |= jitter(got[part]['left'], got[part]['alike'])
    keep('noise', dict(tuned_on=[p.stem for p in files[::2]], reported_on=[p.stem for p in files[1::2]], tune=got, gaps_tune=gaps(hands[::2]), gaps_report=gaps(hands[1::2]),
                       report=measured(test), again=again(test, MODELS['holistic']),
                       settings=dict(window=WINDOW, order=ORDER, still=STILL)))


if __name__ == '__main__': main()
