"Coding of finished motions in the words of ASL-LEX: notated templates are coded as what they were written to be, on any body, either hand."
import csv
import time

import numpy as np
import pytest

from signbook.signing.handnames import NAMES
from signbook.signing.phonology import codes
from signbook.signing.stretch import PAIRS, SITES, body_place
from signbook.signing.synthesis import synthesise
from signbook.signing.targets import rig_of
from signbook.signing.timing import Item

BODIES = {'free': (), 'large': (2., -1.5, 1.), 'small': (-2., 1., .5)}
FIELDS = ('Handshape', 'SelectedFingers', 'Flexion', 'SignType', 'MajorLocation', 'MinorLocation', 'SecondMinorLocation', 'Movement', 'RepeatedMovement', 'Contact',
          'NonDominantHandshape')
INDEX = 'finger2 thumbacrossmod'


def clip(notation, body='free'):
    return synthesise([Item('X', notation)], rig_of(betas=BODIES[body])).motion


def coded(notation, body='free'):
    (_, coding), = codes(clip(notation, body), rig_of(betas=BODIES[body]))
    return coding


# one handshape in several signs: held up, sideways, moving, at the face, on other bodies
HANDS = ['{} extfingeru palmd shoulders lrat', '{} extfingerol palml chest', '{} extfingero palmd chest lrat mover', '{} extfingerul palmd chin seqbegin touch thumb fingertip seqend moveo']


@pytest.mark.parametrize('name', NAMES)
def test_handshape(name):
    for shape in NAMES[name][2]:
        for sign, body in zip(HANDS, ('large', 'free', 'small', 'free')): assert coded(sign.format(shape), body).Handshape == name, (shape, sign, body)
        mirrored = clip(HANDS[2].format(shape)).mirror()
        assert codes(mirrored, left_handed=True)[0][1].Handshape == name, shape
        both = coded(f'symmlr {shape} extfingeru palmd chest lrat moveo')
        assert (both.Handshape, both.NonDominantHandshape, both.SignType) == (name, name, 'SymmetricalOrAlternating'), shape


@pytest.mark.parametrize('name', NAMES)
def test_handshape_at_the_onset(name):
    shape = NAMES[name][2][0]
    assert coded(f'{shape} extfingeru palmd shoulders lrat replace finger2345 thumboutmod').Handshape == name


TOUCHING = {   # site, fingers and palm of a pointing hand -> minor location
    'headtop': ('extfingerl palmd', 'HeadTop'), 'forehead': ('extfingerul palmd', 'Forehead'), 'eyes lrat': ('extfingerul palmd', 'Eye'),
    'nose': ('extfingerul palmd', 'CheekNose'), 'cheek lrat': ('extfingerul palmd', 'CheekNose'), 
    'lips': ('extfingerul palmd', 'Mouth'), 'chin': ('extfingerul palmd', 'Chin'), 'ear lrat': ('extfingerl palmd', 'Other'), 'earlobe lrat': ('extfingerl palmd', 'Other'),
    'neck': ('extfingeril palmd', 'Neck'), 'shoulders': ('extfingeril palmr', 'Clavicle'), 'lrat shoulders': ('extfingeril palmd', 'Shoulder'), 'chest': ('extfingeril palmr', 'TorsoTop'),
    'stomach': ('extfingeril palmr', 'TorsoMid')}


@pytest.mark.parametrize('body', ('free', 'small'))
@pytest.mark.parametrize('site', TOUCHING)
def test_place_on_the_body(site, body):
    "A finger that points at a site (on the large body two of them miss it by 15 mm: see the next test)."
    way, minor = TOUCHING[site]
    got = coded(f'{INDEX} {way} {site} seqbegin touch indexfinger fingertip seqend moveo smallmod', body)
    assert (got.MinorLocation, got.Contact) == (minor, '1')
    assert got.MajorLocation == ('Body' if minor in ('Neck', 'Clavicle', 'Shoulder', 'TorsoTop', 'TorsoMid') else 'Head')


@pytest.mark.parametrize('body', BODIES)
def test_place_of_a_point(body):
    "On every body a site is the place it stands for, and so is what lies 5 mm from it."
    rig, rng = rig_of(betas=BODIES[body]), np.random.default_rng(0)
    for site, minor in SITES.items():
        for side in (-1, 1) if site in PAIRS else (0,):   # the middle, where there is one
            point = rig.skin.anchor(site, side).point
            for off in rng.normal(size=(20, 3)): assert body_place(rig, point + .005*off/np.linalg.norm(off)) == minor, site
    lip = (rig.skin.anchor('lips').point + rig.skin.anchor('nostrils').point)/2
    assert body_place(rig, lip) == 'UpperLip'
    assert body_place(rig, rig.skin.anchor('shoulders').point) == 'Clavicle'


@pytest.mark.parametrize('sign, major, minor', [
    ('flathand extfingerl palmu belowstomach seqbegin touch pinkyside seqend moveo smallmod', 'Body', 'TorsoBottom'),
    (f'{INDEX} extfingeru palmd shoulders lrbeside', 'Neutral', 'Neutral'), (f'{INDEX} extfingero palmd chest lrat mover', 'Neutral', 'Neutral'),
    (f'{INDEX} extfingeru palmd forehead lrbeside mover', 'Head', 'HeadAway'), (f'{INDEX} extfingerul palmd nose moveo', 'Head', 'HeadAway'),
    ('flathand extfingerl palmr stomach armextended moved', 'Neutral', 'Neutral')])
def test_place_without_a_finger(sign, major, minor):
    got = coded(sign)
    assert (got.MajorLocation, got.MinorLocation, got.Contact) == (major, minor, '0' if minor in ('Neutral', 'HeadAway') else '1')


ON_HAND = [   # part of the other hand, ways of both hands, major, minor
    ('palm', 'extfingerol palmd', 'extfingeror palmu', 'Hand', 'Palm'), ('handback', 'extfingerol palmd', 'extfingeror palmd', 'Hand', 'PalmBack'),
    ('middlefinger fingerpad', 'extfingerol palmd', 'extfingeror palmu', 'Hand', 'FingerFront'), ('middlefinger fingernail', 'extfingerol palmd', 'extfingeror palmd', 'Hand', 'FingerBack'),
    ('thumbside', 'extfingerl palml', 'extfingeror palmr', 'Hand', 'FingerRadial'), ('thumbball', 'extfingerol palmd', 'extfingeror palmu', 'Hand', 'Palm'),
    ('wristback', 'extfingerol palmd', 'extfingeror palmd', 'Arm', 'WristBack'), ('lowerarm', 'extfingerol palmd', 'extfingeror palmd', 'Arm', 'ForearmBack'),
    ('upperarm', 'extfingerl palmd', 'extfingeror palmd', 'Arm', 'UpperArm'), ('elbow', 'extfingerl palmd', 'extfingeru palmr', 'Arm', 'ElbowBack')]


@pytest.mark.parametrize('part, mine, theirs, major, minor', ON_HAND)
def test_place_on_the_other_hand_and_arm(part, mine, theirs, major, minor):
    sign = f'parbegin {INDEX} {mine} plus flathand {theirs} parend parbegin indexfinger fingertip plus {part} parend touch moveu smallmod'   # away from the hand, not along it
    for made, left in ((clip(sign), False), (clip(sign).mirror(), True)):
        got = codes(made, left_handed=left)[0][1]
        assert (got.MajorLocation, got.MinorLocation, got.Contact) == (major, minor, '1')
        assert got.SignType == ('OneHanded' if major == 'Arm' else 'AsymmetricalDifferentHandshape'), 'an arm as the place is no second hand'


BASE = 'parbegin {} extfingerol palmd plus {} extfingeror palmu parend parbegin palm plus palm parend touch seqbegin moveu moved seqend'


@pytest.mark.parametrize('sign, kind, other', [
    (f'{INDEX} extfingeru palmd shoulders lrat moveo', 'OneHanded', 'NA'), (f'symmlr {INDEX} extfingeru palmd chest lrat moveo', 'SymmetricalOrAlternating', '1'),
    ('symmlr alternatingmotion fist extfingero palmd chest lrat moveu', 'SymmetricalOrAlternating', 'a'), (f'symmlr {INDEX} extfingeru palmd chest lrat', 'SymmetricalOrAlternating', '1'),
    ('symmlr finger2345 thumboutmod extfingeru palmd chest lrat replace fist', 'SymmetricalOrAlternating', '5'),
    (BASE.format('flathand', 'flathand'), 'AsymmetricalSameHandshape', 'open_b'), (BASE.format('fist', 'flathand'), 'AsymmetricalDifferentHandshape', 'B'),
    (BASE.format('flathand', 'fist thumbacrossmod'), 'AsymmetricalDifferentHandshape', 'S'), (BASE.format('flathand', INDEX), 'AsymmetricalDifferentHandshape', '1'),
    (BASE.format('flathand', 'finger2345 thumboutmod'), 'AsymmetricalDifferentHandshape', '5'), (BASE.format('flathand', 'ceeall'), 'AsymmetricalDifferentHandshape', 'C'),
    (BASE.format('flathand', 'pinchall'), 'AsymmetricalDifferentHandshape', 'O'), (BASE.format('flathand', 'fist'), 'AsymmetricalDifferentHandshape', 'A'),
    (BASE.format('flathand', 'finger2 thumboutmod pinky'), 'DominanceViolation', 'DominanceViolation'),
    (BASE.format('finger23 thumbacrossmod', 'finger23 thumbacrossmod'), 'DominanceViolation', 'DominanceViolation'),
    ('parbegin fist extfingero palmd plus flathand extfingero palmd parend chest parbegin moveu plus moved parend', 'SymmetryViolation', 'SymmetryViolation')])
def test_sign_type(sign, kind, other):
    for body in BODIES:
        got = coded(sign, body)
        assert (got.SignType, got.NonDominantHandshape) == (kind, other), body
        if kind != 'SymmetryViolation': assert got.MajorLocation == ('Hand' if kind.startswith(('Asym', 'Dom')) else 'Neutral'), body


@pytest.mark.parametrize('near, contact', [('touch', '1'), ('close', '0'), ('', '0')])
@pytest.mark.parametrize('site, way', [('chin', 'extfingerul palmd'), ('chest', 'extfingeril palmr'), ('forehead', 'extfingerul palmd')])
def test_contact(site, way, near, contact):
    touching = f'seqbegin {near} indexfinger fingertip seqend' if near else ''
    for body in BODIES: assert coded(f'{INDEX} {way} {site} {touching}', body).Contact == contact, body


@pytest.mark.parametrize('near, contact', [('touch', '1'), ('close', '0'), ('', '0')])
def test_contact_of_hands(near, contact):
    assert coded(f'symmlr flathand extfingeruo palml parbegin palm plus palm parend {near} chest moveo').Contact == contact
    assert coded(f'parbegin fist extfingerol palmd plus flathand extfingeror palmu parend parbegin palm plus palm parend {near} mover smallmod').Contact == contact


MOVES = {'moveo': 'Straight', 'movel': 'Straight', 'moveur': 'Straight', 'mover arcu': 'Curved', 'moved arcr largemod': 'Curved', 'circleo': 'Circular', 'circleu largemod': 'Circular',
         'twisting': 'None', 'nodding': 'None', 'fingerplay': 'None', '': 'None', 'replace fist': 'None', 'seqbegin mover movedl mover seqend': 'Z-shaped',
         'seqbegin moveo movei seqend': 'BackAndForth'}
AGAIN = dict(MOVES, twisting=None, nodding=None, fingerplay=None)   # wrist and finger movements come in repetitions as they are
AGAIN = [m for m in AGAIN if AGAIN[m] in ('Straight', 'Curved', 'Circular')] + ['replace fist']
HELD = 'finger2345 thumboutmod extfingeruo palmd chest lrat'


@pytest.mark.parametrize('move', MOVES)
def test_movement(move):
    for body in BODIES: assert coded(f'{HELD} {move}', body).Movement == MOVES[move], body
    assert codes(clip(f'{HELD} {move}').mirror(), left_handed=True)[0][1].Movement == MOVES[move]


@pytest.mark.parametrize('move', AGAIN)
def test_repetition(move):
    for body in BODIES:
        once, twice, often = (coded(f'{HELD} {move} {r}', body).RepeatedMovement for r in ('', 'repeatfromstart', 'repeatfromstartseveral'))
        assert (once, twice, often) == ('0', '1', '1'), body


@pytest.mark.parametrize('move', ['twisting', 'nodding', 'swinging', 'fingerplay'])
def test_wrist_and_finger_movements_repeat(move):
    assert coded(f'{HELD} {move}').RepeatedMovement == '1'


def test_what_moves_is_selected():
    assert coded('finger2 thumboutmod extfingeru palmd shoulders lrat replace finger2 thumboutmod fingerhookmod').SelectedFingers == 'i'
    assert coded('fist thumbacrossmod extfingeru palmd shoulders lrat replace finger23spread thumbacrossmod').SelectedFingers == 'im'


def test_compounds_are_coded_by_their_first_part():
    "Forehead with one hand, then two hands before the chest."
    sign = (f'parbegin fist thumboutmod extfingerul palmd plus fist thumboutmod extfingeror palmr parend parbegin forehead seqbegin touch thumb fingerpad seqend plus nomotion parend '
            f'parbegin moved replace extfingerol palmd parend parbegin thumb fingerpad plus thumb fingertip parend touch')
    got = coded(sign)
    assert (got.SignType, got.MinorLocation, got.NonDominantHandshape) == ('OneHanded', 'Forehead', 'NA')


def test_frame_rate_and_place_in_a_line_do_not_matter():
    items = [Item('A', HANDS[3].format('flathand')), Item('B', BASE.format('fist', 'flathand')), Item('C', f'{HELD} mover')]
    alone = [coded(i.notation) for i in items]
    for fps in (24, 30, 60):
        line = [c for _, c in codes(synthesise(items, fps=fps).motion)]
        assert [c.Handshape for c in line] == [c.Handshape for c in alone] and [c.MinorLocation for c in line] == [c.MinorLocation for c in alone]


def test_values_are_those_of_the_database(shared_data):
    with open(shared_data/'asl_lex'/'phonology.csv', encoding='utf-8') as file: rows = list(csv.DictReader(file))
    known = {f: {r[f'{f}.2.0'] for r in rows} for f in FIELDS}
    assert set(NAMES) >= known['Handshape'], 'every handshape that occurs has a template'
    for sign in (*(f'{INDEX} {w} {s} touch' for s, (w, _) in TOUCHING.items()), *(f'{HELD} {m}' for m in MOVES), *(BASE.format('fist', n[2][0]) for n in NAMES.values())):
        got = vars(coded(sign))
        assert all(got[f] in known[f] for f in FIELDS), (sign, {f: got[f] for f in FIELDS if got[f] not in known[f]})


def test_coding_takes_less_than_50_ms():
    made = [clip(s) for s in (HANDS[3].format('flathand'), BASE.format('fist', 'flathand'), f'symmlr {HELD} circleo repeatfromstartseveral')]
    for m in made: codes(m)
    times = []
    for m in made*5:
        start = time.perf_counter()
        codes(m)
        times.append(time.perf_counter() - start)
    assert np.median(times) < .05
