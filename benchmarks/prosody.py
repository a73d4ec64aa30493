"""Rhythm of signed texts: pauses, sliders that keep to their own part, the last signs of phrases, feelings: python benchmarks/prosody.py [--only pauses]"""
import argparse
from dataclasses import replace
import numpy as np
from table import keep

TEXTS = (   # several clauses each
    'If it rains tomorrow, I will stay at home. My brother wants to go to school, but he is sick.', 'Hello, my name is Anna. I live in a big house with my family. Do you want coffee?',
    'Yesterday my friend was sick, so I helped her. Now she is happy. Thank you very much!', 'My mother and father work. My sister goes to school, and I learn sign language. Where do you live?',
    'I like books. You like movies. We meet on Friday, and we eat together.', 'When you finish your work, come here. We drink tea, and then we go home.',
    'The doctor said that I must rest. I do not want to rest, because I want to play.', 'Good morning! How are you? I am tired, because I worked a lot yesterday.',
    'She bought a new car. It is red and very fast. Her husband does not like it.', 'I do not understand. Please sign again, slow. Now I understand, thank you!',
    'My dog is small, but my cat is big. They sleep together. Do you have a pet?', 'First we eat, then we study. If you need help, ask the teacher. Learning is fun.')
SIGNS = 12   # every so many-eth sign of the lexicon is signed with every feeling


def items_of(text):
    from signbook.pipeline import gloss_line, line_items
    line = gloss_line(text)
    return line_items(line), line.scopes


def clock(text, pace):
    "(start, end) of every item, in order, and the rhythm."
    from signbook.signing.prosody import rhythm
    from signbook.signing.targets import rig_of
    from signbook.signing.timing import plan, timetable
    items, scopes = items_of(text)
    times = timetable(plan(rig_of(), items), items, pace, scopes)[1]
    return np.array([times[k] for k in sorted(times)]), rhythm(items, scopes), sorted(times)


def long(times): return times[-1, 1] - times[0, 0]   # from the first sign to the last


def pauses():
    "Share of the time that goes when pauses are set to nothing, and the share in which both hands rest between phrases."
    from signbook.signing.timing import Pace
    usual, none = ([long(clock(t, Pace(pause=p))[0]) for t in TEXTS] for p in (1, 0))
    return dict(texts=len(TEXTS), seconds=round(sum(usual), 1), pause_share=1 - sum(none)/sum(usual), pause_share_of_a_text=[float(f(1 - np.array(none)/usual)) for f in (np.min, np.max)])


def sliders():
    "By how much each slider changes what is not its own, seconds at most; and what is its own, times."
    from signbook.signing.timing import Pace
    worst, own = dict(signs=0., ways=0., pauses=0.), dict(signs=[], ways=[], pauses=[])
    def parts(text, pace):
        "Seconds of the signs, of the ways without pauses, and of the pauses."
        times, waiting = clock(text, pace)[0], clock(text, replace(pace, pause=0))[0]
        ways = waiting[1:, 0] - waiting[:-1, 1]
        return dict(signs=times[:, 1] - times[:, 0], ways=ways, pauses=times[1:, 0] - times[:-1, 1] - ways)
    for text in TEXTS[:4]:
        usual = parts(text, Pace())
        for slider, pace, factor in (('signs', Pace(speed=.5), 2), ('ways', Pace(transition=2), 2), ('pauses', Pace(pause=2), 2)):
            changed = parts(text, pace)
            for name in worst:
                if name != slider: worst[name] = max(worst[name], float(np.abs(changed[name] - usual[name]).max()))
            own[slider].append(changed[slider].sum()/usual[slider].sum())
    return dict(slider_leaks_s=worst, slider_own_times={k: float(np.mean(v)) for k, v in own.items()})


def finals():
    "How much longer the same sign is at the end of a phrase than inside one."
    from signbook.signing.timing import Pace
    ratio = []
    for sign in ('HOUSE', 'MOTHER', 'SCHOOL', 'COFFEE', 'FRIEND', 'BOOK'):
        times = clock(f'{sign} good {sign}.', Pace())[0]
        ratio.append((times[2, 1] - times[2, 0])/(times[0, 1] - times[0, 0]))
    return dict(final_times=float(np.mean(ratio)))


def feelings(step):
    "Duration and size of movements against neutral, and phases as notated, sign by sign."
    from fidelity import entries
    from signbook.signing.emotion import STYLES
    from signbook.signing.fidelity import fidelity
    from signbook.signing.synthesis import synthesise
    items = [i for _, i in entries('ase')][::step]
    out = {}
    for name in STYLES:
        clips = [synthesise([i], emotion=name) for i in items]
        checks = [c for clip in clips for c in fidelity(clip).checks]
        out[name] = dict(phases=len(checks), as_notated=float(np.mean([not c.misses for c in checks])), seconds=float(np.mean([sum(s.end - s.start for s in c.motion.spans) for c in clips])),
                         size_misses=float(np.mean(['size' in c.misses for c in checks])))
    return dict(signs=len(items), feelings=out, least_as_notated=min(f['as_notated'] for f in out.values()))


PARTS = dict(pauses=pauses, sliders=sliders, finals=finals)

def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--only', nargs='*', choices=[*PARTS, 'feelings'], help='print these only; the results file stays as it is')
    p.add_argument('--step', type=int, default=SIGNS, help='every so many-eth sign with every feeling')
    args = p.parse_args()
    todo = args.only or [*PARTS, 'feelings']
    out = {k: v for part in todo for k, v in (PARTS[part]() if part in PARTS else feelings(args.step)).items()}
    keep(None if args.only else 'prosody', out)


if __name__ == '__main__': main()
