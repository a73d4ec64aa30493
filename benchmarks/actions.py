"""Do feet stay where they are, and joints within their limits, in plain actions? python benchmarks/actions.py [--every N] [--bodies 5]

Every action of the catalogue with every combination of its parameters, on bodies of five shapes, and as many random plans of several actions (seed 13; numbers of the
library were set while looking at seeds 0 to 12). Sliding is counted as in GMD (Karunratanakul and others 2023): the ball of a foot lower than 5 cm and faster than 0.5 m/s. Penetration is that
of the soles' skin. Limits of legs are those of `data.footing`; wrists must keep off head and trunk. Jumps are timed in the finished clip against free fall.
Co-speech: synthetic voices of which every onset and stress is known, with noise 30 dB below them, go the whole way from sound to clip; strokes are found in the clip and held
against the true onsets.
"""
import argparse, collections, itertools, time
import numpy as np
from letters import BODIES
from table import keep
from signbook.data.actions import ACTIONS, Actions, Done, Plan, act
from signbook.data.footing import ball_of, judge, off_balance
from signbook.data.locomotion import G
from signbook.data.staging import cast
from signbook.motion.skeleton import joint

SEED = 13
SEATED = {'sit', 'stand_up'}   # a chair carries them


def plans():
    "Every action with all combinations of its words."
    for name, a in ACTIONS.items():
        for words in itertools.product(*a.says.values()): yield Plan(((Done(name, tuple(zip(a.says, words))),),))


def wrist_gap(motion, rig):
    "Metres between wrists and the skin of head and trunk, at least."
    turns, at = rig.body.fk(motion.poses, motion.trans, motion.betas)
    rest, chest = rig.body.joints(motion.betas), joint('spine3')
    seen = np.einsum('tji,tkj->tki', turns[:, chest], at[:, [joint('left_wrist'), joint('right_wrist')]] - at[:, [chest]]) + rest[chest]
    return float(rig.grid(seen.reshape(-1, 3)).min())


def measured(plan, betas):
    "One clip in numbers."
    start = time.process_time()
    motion = act(plan, betas, SEED)
    made = time.process_time() - start
    names = {d.name for beat in plan.beats for d in beat}
    balance = off_balance(motion) if not names & SEATED else []
    return judge(motion) | dict(wrist_gap_m=wrist_gap(motion, cast(betas).rig), off_balance_m=float(max(balance)) if len(balance) else -1., frames=len(motion), seconds=made, plan=plan.key)


def jumps(betas):
    "g as the height of the pelvis says while both feet are in the air, and how long that is, beside 2 √(2h/g)."
    from signbook.data.moves import jump
    from signbook.data.staging import Script, perform
    out = []
    for height in (.1, .2, .3, .4):
        s = Script(cast(betas)); jump(s, height); m = perform(s, 120)
        pelvis, flying = cast(betas).rig.body.fk(m.poses, m.trans, m.betas)[1][:, 0, 1], [x for x in s.steps if x.flight][0]
        air = np.flatnonzero((np.arange(len(m))/m.fps > flying.start + .02) & (np.arange(len(m))/m.fps < flying.end - .02))
        free = ball_of(m)[air, :, 1].min(1) > .03
        out.append(dict(height_m=height, g=float(-2*np.polyfit(air/m.fps, pelvis[air], 2)[0]), flight_s=flying.end - flying.start, fall_s=2*np.sqrt(2*height/G), feet_free=float(free.mean())))
    return out


def voice(seed, n=16):
    "Sound, true onsets, and which of them are stressed."
    from signbook.data.speech import babble
    rng = np.random.default_rng(seed)
    strong = np.zeros(n, bool)
    strong[[k for k in np.cumsum(rng.integers(2, 5, n)) if k < n]] = True
    onsets = .6 + np.cumsum(rng.uniform(.18, .34, n) + .4*(rng.random(n) < .1))
    hz, loud = rng.uniform(85, 230)*np.where(strong, rng.uniform(1.15, 1.4, n), rng.uniform(.93, 1.07, n)), np.where(strong, rng.uniform(.7, 1., n), rng.uniform(.25, .45, n))
    return babble(onsets, hz, loud, noise=.03, seed=seed), onsets, strong


def on_time(voices=40):
    "Stress that is heard, and strokes that fall on it."
    from signbook.data.cospeech import cospeech, gestures_for, stroke_peaks
    from signbook.data.speech import RATE, listen
    hit = heard = true = 0
    off = []
    for seed in range(1000, 1000 + voices):
        sound, onsets, strong = voice(seed)
        speech = listen(sound, RATE, 'la '*len(onsets))
        found = np.array([s.start for s in speech.stressed])
        hit += sum(np.abs(onsets[strong] - f).min() <= .05 for f in found); heard += len(found); true += strong.sum()
        clip = cospeech(speech, 'neutral', seed)
        for g in (g for g in gestures_for(speech, 'neutral', seed) if g.kind == 'beat'):
            for left in g.hands:
                peaks = stroke_peaks(clip, left)
                off.append(np.abs(onsets[strong] - peaks[np.abs(peaks - g.at).argmin()]).min() if len(peaks) else 9.)
    return dict(voices=voices, stress_precision=float(hit/heard), stress_recall=float(hit/true), strokes=len(off), within_80_ms=float(np.mean(np.array(off) <= .08)), median_ms=float(1000*np.median(off)))


def summary(rows):
    "What all clips of a kind have in common."
    frames = np.array([r['frames'] for r in rows])
    at_most = lambda key: max(r[key] for r in rows)
    return dict(clips=len(rows), skate=float(sum(r['skate']*r['frames'] for r in rows)/frames.sum()), drift_m_s=at_most('drift_m_s'), depth_m=at_most('depth_m'), over_deg=float(np.degrees(at_most('over_rad'))),
                within_limits=float(np.mean([r['over_rad'] == 0 for r in rows])), wrist_gap_m=min(r['wrist_gap_m'] for r in rows), off_balance_m=at_most('off_balance_m'),
                acceleration_m_s2=at_most('acceleration_m_s2'), times_real_time=float(frames.sum()/30/sum(r['seconds'] for r in rows)),
                worst={k: max(rows, key=lambda r: r[k])['plan'] for k in ('skate', 'drift_m_s', 'depth_m', 'over_rad', 'off_balance_m', 'acceleration_m_s2')})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--every', type=int, default=1, help='only every Nth action; the figures are then printed, not kept')
    p.add_argument('--bodies', type=int, default=len(BODIES))
    args = p.parse_args()
    bodies, all_ = BODIES[:args.bodies], list(plans())[::args.every]
    alone = [measured(plan, betas) for betas in bodies for plan in all_]
    random = [measured(x.plan, bodies[i % len(bodies)]) for i, x in ((i, Actions(10_000, SEED)[i]) for i in range(2*len(all_)))]
    falls = [j for betas in bodies for j in jumps(betas)]
    out = dict(bodies=[list(b) for b in bodies], actions=len(ACTIONS), alone=summary(alone), plans=summary(random), skate=max(summary(alone)['skate'], summary(random)['skate']),
               depth_m=max(summary(alone)['depth_m'], summary(random)['depth_m']), within_limits=min(summary(alone)['within_limits'], summary(random)['within_limits']),
               jump_g=[min(j['g'] for j in falls), max(j['g'] for j in falls)], jump_feet_free=min(j['feet_free'] for j in falls), jumps=falls[:4], cospeech=on_time())
    keep('actions' if args.every == 1 and args.bodies == len(BODIES) else None, out)


if __name__ == '__main__': main()
