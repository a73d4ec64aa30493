"""What signs do, read by hand from their symbols and measured on the finished motion: joints and skin, nothing of the planner."""
import random
from functools import lru_cache

import numpy as np
import pytest

from signbook.motion.rotation import mat_to_aa
from signbook.signing.synthesis import synthesise
from signbook.signing.targets import rig_of
from signbook.signing.timing import Item, Pace
from test_hamnosys_grammar import RULES, written

WAY = dict(u=(0, 1, 0), d=(0, -1, 0), l=(1, 0, 0), r=(-1, 0, 0), o=(0, 0, 1), i=(0, 0, -1))
WRIST, KNUCKLE, FIRST = dict(R=21, L=20), dict(R=43, L=28), dict(R=40, L=25)
DIGIT = dict(index=0, middle=3, pinky=6, ring=9, thumb=12)
TIPS = ('thumb', 'index', 'middle', 'ring', 'pinky')


def way(letters): v = np.sum([WAY[c] for c in letters], 0); return v/np.linalg.norm(v)


class Seen:
    "A signed notation: joints, turns and skin in the chest's frame, from the first held posture to the end of the sign."
    def __init__(self, notation, pace=Pace()):
        self.rig = rig_of()
        motion = synthesise([Item('SIGN', notation)], self.rig, pace).motion
        a, b = (int(round(x*motion.fps)) for x in (motion.spans[0].start, motion.spans[0].end))
        self.poses, self.fps = motion.poses[a:b + 1].astype(float), motion.fps
        turns, joints = self.rig.body.fk(self.poses)
        back, rest = np.swapaxes(turns[:, 9], -1, -2), self.rig.body.joints(None)[9]
        self.joints = np.einsum('tij,tkj->tki', back, joints - joints[:, 9:10]) + rest
        self.turns, self._back, self._chest, self._rest = back[:, None] @ turns, back, joints[:, 9], rest

    def at(self, hand): return self.joints[:, KNUCKLE[hand]]
    def wrist(self, hand): return self.joints[:, WRIST[hand]]
    def fingers(self, hand): return self.turns[:, WRIST[hand]] @ np.array([1. if hand == 'L' else -1., 0, 0])
    def palm(self, hand): return self.turns[:, WRIST[hand]] @ np.array([0, -1., 0])
    def bend(self, hand, digit):
        k = FIRST[hand] + DIGIT[digit]
        return np.linalg.norm(self.poses[:, k:k + 3] - self.poses[:1, k:k + 3], axis=-1).sum(-1)

    @lru_cache(None)
    def skin(self, t):
        v = self.rig.body.skin(self.poses[t:t + 1])[0]
        return (v - self._chest[t]) @ self._back[t].T + self._rest

    def part(self, hand, t):
        first, body = FIRST[hand], self.rig.body
        return self.skin(t)[np.asarray(body.weights[:, [WRIST[hand], *range(first, first + 15)]].sum(1)).ravel() > .5]

    def gap(self, hand, t, site=None, side=0):
        "From the skin of a hand to a site, or to the other hand, metres."
        other = self.rig.skin.anchor(site, side).point[None] if site else self.part('L' if hand == 'R' else 'R', t)
        mine = self.part(hand, t)
        return min(np.linalg.norm(mine[:, None] - other[k:k + 200], axis=-1).min() for k in range(0, len(other), 200))


@lru_cache(None)
def seen(notation): return Seen(notation)


# What can be looked for. Each returns a function of a Seen that is true where it is there.

def goes(hand, letters, least=.02):
    "The hand ends up further on in this direction, and mainly there."
    def look(s):
        v = s.at(hand)[-1] - s.at(hand)[0]
        return v @ way(letters) > max(least, .8*np.linalg.norm(v))
    return look


def still(hand, most=.025):
    return lambda s: np.ptp(s.at(hand), axis=0).max() < most


def rests(hand):
    "The hand hangs beside the thigh."
    return lambda s: s.wrist(hand)[:, 1].max() < s.joints[:, 0, 1].mean() + .12


def times(hand, letters, n, least=.02):
    "The hand is carried n times in this direction."
    def look(s):
        x = s.at(hand) @ way(letters)
        up, low, count = x[0], x[0], 0
        rising = False
        for v in x:
            if not rising and v > low + least: rising, up, count = True, v, count + 1
            if rising: up = max(up, v)
            else: low = min(low, v)
            if rising and v < up - least: rising, low = False, v
        return count == n
    return look


def reaches(hand, letters, least=.02):
    "Some time during the sign the hand is further on in this direction than at its start."
    return lambda s: ((s.at(hand) - s.at(hand)[0]) @ way(letters)).max() > least


def _area(p, axis): d = p - p.mean(0); return .5*np.sum(np.cross(d[:-1], np.diff(d, axis=0)) @ way(axis))


def circles(hand, axis, radius, turns=1, loose=.45):
    "Clockwise as seen along the axis: the swept area is that of so many turns."
    return lambda s: abs(_area(s.at(hand), axis)/(np.pi*radius**2*turns) - 1) < loose


def longer(hand, a, b, factor=1.5):
    return lambda s: np.ptp(s.at(hand) @ way(a)) > factor*np.ptp(s.at(hand) @ way(b))


def swept_as(hand, axis, sign):
    return lambda s: _area(s.at(hand), axis)*sign > 0


def stirs(hand, axis, sign):
    "Sense in which the finger tips go round, seen along an axis."
    return lambda s: _area(s.fingers(hand), axis)*sign > .02


def apart(letters, most=-.7):
    "The hands move against each other along an axis: half a cycle apart."
    return lambda s: np.corrcoef(s.at('R') @ way(letters), s.at('L') @ way(letters))[0, 1] < most


def alike(letters, least=.8):
    return lambda s: np.corrcoef(s.at('R') @ way(letters), s.at('L') @ way(letters))[0, 1] > least


def points(hand, letters, t=-1, within=30): return lambda s: s.fingers(hand)[t] @ way(letters) > np.cos(np.radians(within))
def faces(hand, letters, t=-1, within=30): return lambda s: s.palm(hand)[t] @ way(letters) > np.cos(np.radians(within))
def touches(hand, site=None, side=0, t=-1, most=.015): return lambda s: s.gap(hand, t % len(s.poses), site, side) < most
def free(hand, site=None, side=0, t=-1, least=.03): return lambda s: s.gap(hand, t % len(s.poses), site, side) > least
def brushes(hand, site, side=0, most=.02): return lambda s: min(s.gap(hand, t, site, side) for t in range(len(s.poses))) < most


def first(a, b):
    "One hand has gone half its way before the other has begun."
    def look(s):
        x, y = (np.linalg.norm(s.at(h) - s.at(h)[0], axis=-1) for h in (a, b))
        return np.argmax(x > .5*x.max()) < np.argmax(y > .1*y.max())
    return look


def in_order(hand, digits):
    "Fingers are half way one after another."
    def look(s):
        half = [np.argmax(s.bend(hand, d) > .5*s.bend(hand, d)[-1]) for d in digits]
        return all(a < b for a, b in zip(half, half[1:]))
    return look


def wiggles(hand, digits, others=()):
    def span(s, d): return np.degrees(np.ptp(s.bend(hand, d)))
    return lambda s: min(span(s, d) for d in digits) > 12 and all(span(s, d) < 6 for d in others)


def turns_about(hand, which, degrees):
    "The hand turns to both sides about an axis of its own: 'nod' side to side, 'swing' out of the palm, 'twist' along the fingers."
    def look(s):
        r = s.turns[:, WRIST[hand]]
        rel = np.swapaxes(r[:1], -1, -2) @ r
        axis = dict(nod=2, swing=1, twist=0)[which]
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        a = np.degrees(np.arctan2(rel[:, j, i] - rel[:, i, j], rel[:, i, i] + rel[:, j, j]))
        return a.max() > degrees and a.min() < -degrees
    return look


def waves(hand, letters, n, width):
    "So many times to and fro across the way, so wide in all."
    def look(s):
        p = s.at(hand)
        v = p[-1] - p[0]
        x = (p - p[0]) @ way(letters) - (p - p[0]) @ v/(v @ v)*(v @ way(letters))
        signs = np.sign(x[np.abs(x) > .2*np.abs(x).max()])
        return 1 + np.count_nonzero(np.diff(signs)) == 2*n and abs(np.ptp(x)/width - 1) < .4
    return look


def grows(hand, letters, sign):
    "Later swings are wider (1) or narrower (-1)."
    def look(s):
        x = s.at(hand) @ way(letters)
        x = x - np.linspace(x[0], x[-1], len(x))
        h = len(x)//2
        return (np.ptp(x[h:]) - np.ptp(x[:h]))*sign > .1*np.ptp(x)
    return look


def speed(s, hand): return np.linalg.norm(np.diff(s.at(hand), axis=0), axis=-1)*s.fps


def stops(hand, n):
    "How often the hand stands still inside the sign, after it first moved and before it last did."
    def look(s):
        v = speed(s, hand)
        on = np.flatnonzero(v > .3*v.max())
        slow = v[on[0]:on[-1]] < .12*v.max()
        return np.count_nonzero(np.diff(np.concatenate([[0], slow.astype(int)])) == 1) == n
    return look


def late_peak(hand):
    def look(s):
        v = speed(s, hand)
        on = np.flatnonzero(v > .05*v.max())
        return np.argmax(v) - on[0] > .55*(on[-1] - on[0])
    return look


def springs(hand, letters):
    def look(s):
        x = (s.at(hand) - s.at(hand)[0]) @ way(letters)/((s.at(hand)[-1] - s.at(hand)[0]) @ way(letters))
        k = np.argmax(x > .93)
        return x[k:].min() < .92
    return look


def even(hand):
    def look(s):
        v = speed(s, hand)
        v = v[v > .1*v.max()]
        return v.max() < 1.5*v.mean()
    return look


def leads_away(hand, site, most=.09):
    "Begins at a site, leaves it and comes back."
    return lambda s: s.gap(hand, 0, site) < .02 < .03 < max(s.gap(hand, t, site) for t in range(len(s.poses))) and s.gap(hand, len(s.poses) - 1, site) < .02


F = 'finger2 extfingero palmd '
FLAT = 'flathand extfingero palmd '
BOTH = 'symmlr flathand extfingero palmd '
TABLE = {
    # the worked examples of the notation's description
    'measure': ('symmlr flathand extfingero palml', [points('R', 'o'), points('L', 'o'), faces('R', 'l'), faces('L', 'r'), still('R'), still('L')]),
    'good': ('fist thumboutmod extfingeruo extfingerol palml shoulders moveo smallmod halt', [goes('R', 'o'), late_peak('R'), rests('L')]),
    'school': ('symmlr flathand extfingero palmd movel touch repeatfromstart', [goes('R', 'l'), goes('L', 'r'), touches('R'), times('R', 'l', 2), free('R', t=0)]),
    'to eat': ('pinchall fingerstraightmod extfingeruo palmu lips movei smallmod close repeatfromstart', [times('R', 'i', 2, .01), faces('R', 'ui', within=45), rests('L')]),
    'to drink': ('ceeall extfingerol palml chin close replace extfingerul palmd', [points('R', 'ul'), points('R', 'ol', 0), rests('L')]),
    'name': ('finger2 extfingerul palmd cheek lrat close replace finger2 fingerstraightmod seqbegin brushing cheek lrat touch seqend repeatfromstart',
             [brushes('R', 'cheek', -1)]),
    'service': ('fist thumboutmod extfingerl palml lrat chest touch mover arcr chest lrat touch',
                [goes('R', 'r'), touches('R', 'chest', 1, 0, .03), touches('R', 'chest', -1, most=.03), reaches('R', 'o', .02)]),
    'father': ('flathand between flathand fingerstraightmod extfingerul palmd forehead touch parbegin moved arcu replace extfingerl parend chin touch',
               [goes('R', 'd', .05), touches('R', 'forehead', t=0, most=.03), touches('R', 'chin', most=.03), points('R', 'l'), reaches('R', 'o', .01)]),
    'family': ('symmlr fingerstraightmod largemod pinchall fingerstraightmod extfingerol parbegin palmd plus palmu parend palm close circleu',
               [circles('R', 'u', .05), circles('L', 'u', .05), apart('o'), faces('R', 'd', 0, 40), faces('L', 'u', 0, 40)]),
    'pardon': ('parbegin flathand thumboutmod extfingerol palmd plus flathand thumboutmod extfingeror palmu parend parbegin palm plus palm parend touch circleu smallmod repeatfromstart',
               [circles('R', 'u', .025, 2), still('L'), touches('R', t=0)]),
    'hard': ('parbegin finger2 fingerbendmod thumboutmod extfingerol palml plus nondominant etc extfingeror palmdr parend thumbside moved touch',
             [touches('R'), still('L')]),
    'skate': ('symmlr alternatingmotion finger2 thumboutmod pinky extfingero palml close parbegin parbegin moveor replace extfingeruo extfingeror parend plus parbegin moveol '
              'replace extfingeruo extfingerol parend repeatreverse parend repeatfromstart', [reaches('R', 'r', .04), reaches('L', 'l', .04)]),
    # straight, sizes, sequences
    'out': (F + 'moveo', [goes('R', 'o', .08), rests('L')]),
    'down left': (F + 'movedl', [goes('R', 'dl', .08)]),
    'between': (F + 'moveo between movel', [goes('R', 'ol', .08)]),
    'there and on': (F + 'moveu smallmod movel smallmod', [reaches('R', 'u', .04), goes('R', 'ul')]),
    'other hand': ('nondominant flathand extfingero palmd moveu', [goes('L', 'u', .08), rests('R')]),
    # symmetry and its marks
    'mirrored': (BOTH + 'mover', [goes('R', 'r'), goes('L', 'l')]),
    'parallel': ('symmpar flathand extfingero palmd movel', [goes('R', 'l'), goes('L', 'l')]),
    'pistons': ('symmlr largemod fist extfingero palml moved', [goes('R', 'd'), goes('L', 'u'), points('L', 'o', within=40)]),
    'saw': ('symmlr fingerstraightmod flathand extfingero palml moveo', [goes('R', 'o'), goes('L', 'i')]),
    'antlers': ('symmlr largemod finger23spread extfingeru palml forehead lrat', [points('R', 'u', within=40), points('L', 'u', within=40), still('L')]),
    'order': ('symmpar finger2 extfingero palmd moveol', [goes('R', 'ol'), goes('L', 'ol')]),
    'in turn': ('symmlr alternatingmotion fist extfingero palml moveu repeatreverse', [apart('u'), alike('r', -1.1)]),
    'rolling': ('symmlr alternatingmotion fist extfingerl palml circlel repeatfromstart', [circles('R', 'l', .05, 2), circles('L', 'l', .05, 2), apart('u')]),
    'parallel in turn': ('symmpar alternatingmotion fist extfingero palml moveu moved repeatfromstart', [apart('u')]),
    'opening in turn': ('symmlr alternatingmotion fist extfingeru palmd replace finger2345 repeatfromstart', [
        lambda s: np.corrcoef(s.bend('R', 'index'), s.bend('L', 'index'))[0, 1] > .6]),   # both measured from their own start, which differ
    'shaking in turn': ('symmlr alternatingmotion fist extfingeru palmd nodding', [turns_about('R', 'nod', 8), turns_about('L', 'nod', 8)]),
    'taking turns': ('symmlr fist extfingero palmd moved smallmod repeatfromstart alternatingmotion', [first('R', 'L'), times('R', 'd', 2), times('L', 'd', 2)]),
    # who touches whom
    'press': ('symmpar parbegin fist extfingerol palmd plus flathand extfingeror palmu parend palm touch moved smallmod', [touches('R', t=0), goes('R', 'd'), goes('L', 'd')]),
    'index on palm': ('parbegin finger2 extfingerl palmd plus flathand extfingeruo palmr parend palm seqbegin touch fingertip seqend', [touches('R'), still('L')]),
    'tips meet': ('symmlr flathand extfingero palml fingertip touch', [touches('R')]),
    'shake hands': ('symmpar flathand fingerhookmod parbegin extfingerul palmd plus extfingeror palmur parend interlock movedo smallmod', [touches('R', t=0), goes('R', 'do'), goes('L', 'do')]),
    'on the arm': ('finger2 extfingerl palmd lowerarm touch', [lambda s: np.linalg.norm(s.part('R', 0).mean(0) - (s.joints[0, 18] + s.joints[0, 20])/2) < .16]),
    # rings
    'hour': (F + 'circleo', [circles('R', 'o', .05), swept_as('R', 'o', 1)]),
    'backwards': (F + 'circlei', [swept_as('R', 'o', -1)]),
    'train': (BOTH + 'circlel', [circles('R', 'l', .05), circles('L', 'l', .05)]),
    'seen from above': (BOTH + 'circleu', [circles('R', 'u', .05), circles('L', 'd', .05)]),
    'two turns': (F + 'circleo clockfull', [circles('R', 'o', .05, 2)]),
    'quarter': (F + 'circleo clocku clockr', [goes('R', 'dr', .05)]),
    'from six': (F + 'circleo clockd', [lambda s: ((s.at('R') - s.at('R')[0]) @ way('u')).max() > .08]),
    'lying ellipse': (F + 'circleo ellipseh', [longer('R', 'l', 'u'), swept_as('R', 'o', 1)]),
    'standing ellipse': (F + 'circleo ellipsev', [longer('R', 'u', 'l')]),
    'slanting ellipse': (F + 'circleo ellipseur', [longer('R', 'ur', 'ul')]),
    'spiral': (F + 'circleo clockfull clockfull increasing', [grows('R', 'l', 1), swept_as('R', 'o', 1)]),
    'inward spiral': (F + 'circleo clockfull clockfull decreasing', [grows('R', 'l', -1)]),
    'ring on the chest': ('pinch12open extfingerl palml chest touch circler', [leads_away('R', 'chest')]),
    # waves, wrist, fingers
    'fish': ('flathand extfingerol palml movel wavy ellipseh', [waves('R', 'o', 3, .044), goes('R', 'l')]),
    'zigzag': (F + 'moved largemod zigzag', [waves('R', 'l', 3, .044), goes('R', 'd')]),
    'small zigzag': (F + 'moved largemod zigzag smallmod', [waves('R', 'l', 3, .024)]),
    'growing waves': (F + 'movel largemod wavy ellipsev increasing', [grows('R', 'u', 1)]),
    'nod': (F + 'nodding', [turns_about('R', 'nod', 8), still('R', .06)]),
    'swing': (F + 'swinging', [turns_about('R', 'swing', 8)]),
    'twist': ('fist extfingeru palmd twisting', [turns_about('R', 'twist', 8)]),
    'stir': (F + 'stircw', [stirs('R', 'o', 1)]),
    'stir back': (F + 'stirccw', [stirs('R', 'o', -1)]),
    'stir, mirrored': ('symmlr finger2 extfingero palmd stircw', [stirs('R', 'o', 1), stirs('L', 'o', -1)]),
    'play': ('finger2345 extfingero palmd fingerplay', [wiggles('R', ('index', 'middle', 'ring', 'pinky'))]),
    'two fingers play': ('finger23 extfingero palmd fingerplay', [wiggles('R', ('index', 'middle'), ('ring', 'pinky'))]),
    'thumb plays': ('finger2345 extfingero palmd seqbegin thumb fingerplay seqend', [wiggles('R', ('thumb',), ('index', 'ring'))]),
    'towards the little finger': ('fist extfingeru palmd replace increasing finger2345', [in_order('R', ('index', 'middle', 'ring', 'pinky'))]),
    'towards the thumb': ('fist extfingeru palmd replace decreasing finger2345', [in_order('R', ('pinky', 'ring', 'middle', 'index'))]),
    # again
    'once more': (F + 'moveo repeatfromstart', [times('R', 'o', 2)]),
    'at least twice more': (F + 'moveo repeatfromstartseveral', [times('R', 'o', 3)]),
    'on and on': (F + 'moveo smallmod repeatcontinue', [times('R', 'o', 1), goes('R', 'o', .09)]),
    'back': (F + 'moveo repeatreverse', [times('R', 'o', 1), lambda s: np.linalg.norm(s.at('R')[-1] - s.at('R')[0]) < .03]),
    'drift': (F + 'moved smallmod seqbegin repeatfromstartseveral mover seqend', [times('R', 'd', 3), goes('R', 'rrrd', .15)]),
    'smaller each time': (F + 'moveo arcr repeatcontinueseveral decreasing', [lambda s: .2 < (s.at('R')[-1] - s.at('R')[0])[2] < .27]),
    'one repeats': (BOTH + 'moveo smallmod repeatfromstartseveral repeatfromstart', [times('R', 'o', 3), times('L', 'o', 2)]),
    # how
    'fused': (F + 'fusionbegin mover moved fusionend', [goes('R', 'dr', .1), stops('R', 0)]),
    'in sequence': (F + 'mover moved', [goes('R', 'dr', .1), stops('R', 1)]),
    'halt': (F + 'moveo halt', [late_peak('R')]),
    'bounce': (F + 'moveu halt largemod', [springs('R', 'u'), goes('R', 'u')]),
    'tense': (F + 'moveo tense', [even('R'), goes('R', 'o')]),
    'brush': ('flathand extfingerl palml chest lrat close parbegin movel largemod seqbegin brushing chest touch seqend parend', [brushes('R', 'chest', most=.03), goes('R', 'l')]),
    'brush in a ring': ('pinch12open extfingerl palml chest close circler seqbegin brushing chest touch seqend', [brushes('R', 'chest'), free('R', 'chest', least=.02)]),
    'with its path': ('finger2 extfingerr orirelative palmd mover largemod arcu', [points('R', 'rd', within=40), reaches('R', 'u', .02)]),
    'spread over two': (F + 'parbegin seqbegin movel mover seqend moved parend', [goes('R', 'd'), reaches('R', 'l', .08)]),
    'nothing': (F + 'nomotion', [still('R')]),
    'a cross': (F + 'movecross', [lambda s: np.ptp(s.at('R') @ way('u')) > .1 and np.ptp(s.at('R') @ way('l')) > .1]),
}


@pytest.mark.parametrize('name', TABLE)
def test_the_motion_does_what_the_symbols_say(name):
    notation, looks = TABLE[name]
    s = seen(notation)
    missing = [k for k, look in enumerate(looks) if not look(s)]
    assert not missing, f'{notation}: looks {missing} of {len(looks)}'


@pytest.mark.parametrize('manner, longer_than_plain', [('fast', False), ('slow', True), ('tense', True), ('rest', True)])
def test_manners_change_the_time(manner, longer_than_plain):
    plain, other = (len(seen(F + 'moveo' + m).poses) for m in ('', ' ' + manner))
    assert (other > plain) == longer_than_plain and other != plain


@pytest.mark.parametrize('a, b', [('out', 'other hand'), ('hour', 'backwards'), ('fused', 'in sequence'), ('in turn', 'mirrored'), ('press', 'measure'), ('stir', 'stir back'),
                                  ('lying ellipse', 'standing ellipse'), ('towards the thumb', 'towards the little finger'), ('spiral', 'inward spiral'), ('bounce', 'halt')])
def test_the_looks_can_fail(a, b):
    "Held against the motion of another sign, something is always missing."
    assert not all(look(seen(TABLE[b][0])) for look in TABLE[a][1])


# --- face, head and body of SiGML files -------------------------------------------------------------------------------------------

SIGML = ('<sigml><hns_sign gloss="O"><hamnosys_nonmanual><hnm_body tag="TF"/><hnm_head tag="SH"/><hnm_eyebrows tag="FU"/><hnm_mouthgesture tag="L05"/>'
         '<hnm_mouthpicture picture="oU"/></hamnosys_nonmanual><hamnosys_manual><hamfist/><hamextfingeru/><hampalml/></hamnosys_manual></hns_sign></sigml>')


def test_the_tiers_of_a_sigml_file_are_seen(tmp_path, capsys):
    from signbook.cli import read_sigml
    from signbook.motion.skeleton import ARKIT, joint
    (tmp_path/'o.sigml').write_text(SIGML)
    item, = read_sigml(tmp_path/'o.sigml', False)
    assert item.marks == ('body:TF', 'head:SH', 'eyebrows:FU', 'mouthgesture:L05', 'mouthpicture:oU') and not capsys.readouterr().err
    motion, plain = (synthesise([i]).motion for i in (item, Item('O', item.notation)))
    more = lambda x, y: np.abs(x - y).max()
    for action in ('jawOpen', 'mouthFunnel', 'browDownLeft', 'mouthPucker'):
        assert more(motion.expression[:, ARKIT.index(action)], plain.expression[:, ARKIT.index(action)]) > .2
    for name in ('head', 'spine2'): assert more(motion.poses[:, joint(name)], plain.poses[:, joint(name)]) > .08


# --- whatever can be read can be signed -------------------------------------------------------------------------------------------

@lru_cache(None)
def generated(seed):
    "A notation that the grammar allows, not too long."
    rng = random.Random(seed)
    return next(' '.join(names) for _ in range(1000) if len(names := written(RULES['notation'], rng)) <= 50)


@pytest.mark.parametrize('notation', [
    'nondominant flathand extfingeru palmd parbegin upperarm plus elbow parend', 'nondominant fist extfingeru palmd parbegin pinky fingertip plus palm parend touch',
    'fist pinky between pinky extfingeru palmd', 'flathand fingerbendmod indexfinger fingermidjoint pinky pinky extfingeru palmd',
    'fist extfingeru palmd wristtopulse', 'symmlr alternatingmotion finger2 extfingeruo palmul wristtoback close circlel repeatfromstart',
    *map(generated, range(40))])
def test_all_that_can_be_read_is_signed(notation):
    clip = synthesise([Item('SIGN', notation)])
    assert np.isfinite(clip.motion.poses).all() and np.isfinite(clip.motion.expression).all() and clip.phases


@pytest.mark.parametrize('mark, hand, axis, sign', [(m, h, a, s) for h in 'RL' for m, a, s in (
    ('wristtopulse', 2, 1), ('wristtoback', 2, -1), ('wristtothumb', 1, 1), ('wristtopinky', 1, -1))])
def test_an_obsolete_wrist_goes_to_its_side_and_back(mark, hand, axis, sign):
    s = seen(f'symmlr flathand extfingero palml {mark}')
    turns = s.turns[:, WRIST[hand]]
    about = np.degrees(mat_to_aa(np.swapaxes(turns[:1], -1, -2) @ turns)[:, axis])*(sign if hand == 'R' else -sign)   # rest axes: thumb side +y or palm side +z of a right hand
    assert about.max() > 10 and about.min() > -4 and abs(about[-1]) < 5


# --- what else is written is shown, or named as left out --------------------------------------------------------------------------

@pytest.mark.parametrize('notation, look', [
    ('fist extfingero palml chest moveo chest touch slow', lambda s: len(s.poses) > 1.2*len(seen('fist extfingero palml chest moveo chest touch').poses)),   # a manner after the target
    ('flathand extfingerl palmd chest touch repeatfromstart', lambda s: touches('R', 'chest')(s) and touches('R', 'chest', t=0)(s) and max(s.gap('R', t, 'chest') for t in range(len(s.poses))) > .03),
    ('finger2 extfingero palmd replace chest touch', touches('R', 'chest', most=.02)),   # only a place to change to
    ('nonipsi fist extfingeru palml moveu', lambda s: goes('R', 'u')(s) and still('L')(s)),
    ('symmlr fist extfingero palmd parbegin moved moveu plus moveu moved parend', lambda s: times('R', 'd', 1)(s) and times('L', 'u', 1)(s) and reaches('R', 'd')(s) and reaches('L', 'u')(s))])
def test_what_the_parser_tells_is_shown(notation, look):
    assert look(seen(notation))


@pytest.mark.parametrize('notation, name', [
    ('flathand extfingero palmd movei corefref touch', 'a place remembered from before'), ('symmlr nonipsi flathand extfingero palmd moveo', 'hands whose directions stay as they are in space'),
    ('flathand extfingero palmd chest tense', 'a manner in which a posture is held'), ('flathand extfingerl palmd lowerarm handback touch', 'a side of an arm or a finger'),
    ('symmlr finger2345 extfingeruo palml interlock', 'hands that interlock (they touch instead)'), ('symmlr flathand extfingeruo palml cross', 'hands that cross (they touch instead)'),
    ('flathand extfingerl palml chest between lowerarm touch', 'a place halfway between body and limb (the first one is taken)'),
    ('flathand extfingerl palmd wristback palm touch', ''), ('flathand extfingerl palmd chest touch repeatfromstart', '')])
def test_what_is_not_shown_is_named(notation, name):
    from signbook.signing.phases import left_out
    assert left_out(notation) == ((name,) if name else ())


def test_a_place_behind_for_both_hands():
    from signbook.signing.phases import beats
    beat = beats('symmlr fist extfingero palmd parbegin shouldertop lrat plus lrat shouldertop parend touch behind')[0][0]
    assert beat.strong.begin.place.behind and beat.weak.begin.place.behind


@pytest.mark.parametrize('notation', [
    'fist thumbacrossmod extfingeruo palmu swinging', 'finger23spread thumboutmod fingerbendmod extfingeru palmu nostrils swinging',
    'finger2 thumbacrossmod extfingeruo extfingerol palml chest lrat swinging', 'finger2345 thumboutmod extfingerl palml shoulders between chest lrat swinging'])
def test_a_swing_near_a_limit_of_the_wrist_is_nearly_whole(notation):
    turns = seen(notation).turns[:, WRIST['R']]
    about = np.degrees(mat_to_aa(np.swapaxes(turns[:1], -1, -2) @ turns)[:, 1])
    assert np.ptp(about) > 29 and np.abs(about[[0, -1]]).max() < 3
