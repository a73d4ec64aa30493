"The grammar of HamNoSys 4: all it generates is read, worked examples mean what they mean, odd writings and errors."
import random
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from signbook.signing.hamnosys import LONGEST, parse
from signbook.signing.symbols import KIND, SYMBOLS, HamNoSysError

# Optional [ ], repeated { }, one of ( | ); a word in capitals is any symbol of that class. Left out of the published rules is only
# what says nothing or says one thing twice: empty brackets, a palm direction after another one, a bare `between` before a new shape.
GRAMMAR = """
notation = [ version40 ] sign { [ plus ] sign } { punct } ;
punct = space | fullstop | comma | query | exclaim ;
sign = [ symm | nondominant ] initial { action } ;
symm = ( symmpar | symmlr ) { fingerstraightmod | largemod } [ alternatingmotion ] [ nonipsi ] | alternatingmotion ;
initial = config [ location ] ;
config = shapes [ efd2 ] [ palm2 ] | shapes ori2 | whole ;
shapes = shape | parbegin shape plus ( shape | nondominant [ etc ] ) parend ;
whole = parbegin hand plus hand parend ;
hand = ( shape | nondominant [ etc ] ) ( [ efd ] [ palmo ] | [ palmo ] efd | altori ) ;
efd2 = efd | parbegin efd plus ( efd | nomotion ) parend | parbegin nomotion plus efd parend | altbegin efd metaalt efd altend ;
ori2 = parbegin oricfg plus oricfg parend | altori ;
oricfg = efd [ palmo ] | palmo ;
altori = altbegin oricfg metaalt oricfg altend ;
palm2 = palmo | parbegin palmo plus ( palmo | nomotion ) parend | parbegin nomotion plus palmo parend ;
shape = oneshape [ between oneshape ] [ etc ] | fist between thumbacrossmod | altbegin oneshape metaalt oneshape altend ;
oneshape = BASE { shapemod } ;
shapemod = THUMB | BEND | DIGIT [ BEND | largemod ] | DIGIT FPART DIGIT | FPART | DIGIT between DIGIT | etc THUMB ;
efd = efd1 [ between efd1 ] [ orirelative ] [ etc ] ;
efd1 = EFD [ EFD ] ;
palmo = PALM [ between PALM ] [ orirelative ] [ etc ] ;
location = loc { loc } ;
loc = loc1 | parbegin loc1 { loc1 } plus { loc1 | nomotion } parend [ contact ] ;
loc1 = bodyloc | handloc | contact ;
bodyloc = ( bodysite [ between bodysite ] | SIDE | neutralspace ) [ etc ] [ behind ] [ etc ] [ contact ] ;
bodysite = { SIDE } ( BODY [ BEND ] | ARM [ dp ] ) { SIDE } ;
dp = palm | handback ;
contact = ( CONTACT | armextended | seqbegin CONTACT ( handloc1 | ARM [ dp ] [ SIDE ] ) seqend ) [ largemod ] ;
handloc = handloc1 [ contact ] ;
handloc1 = handsite | edge between edge ;
edge = thumbball | thumbside | pinkyside ;
handsite = { SIDE } ( HPART | FPART { DIGIT } | DIGIT { DIGIT } { FPART } | ARM ) [ dp ] { SIDE } ;
action = act [ target ] { repeat } ;
target = loc { loc } ;
act = simple
    | parbegin moving { action } [ plus action { action } ] parend
    | seqbegin moving { action } [ plus action { action } ] seqend
    | fusionbegin action { action } fusionend
    | nonman | seqbegin ( THUMB | DIGIT ) seqend ;
moving = straight [ target ] { repeat } ;
nonman = seqbegin bodysite moving seqend | bodysite simple ;
simple = ( straight | circle | WRIST [ SIZE ] [ INCR ] | CROSSMOVE [ SIZE ] | replacement | fingerplay2 | nomotion ) [ brush ] { MANNER [ largemod ] } ;
straight = MOVE [ SIZE ] [ between MOVE [ SIZE ] ] { ARC [ SIZE ] } [ WAVE [ SIZE ] [ ELL ] [ INCR ] ] [ ELL ] [ INCR ] ;
circle = CIRC [ SIZE ] [ between CIRC [ SIZE ] ] [ SIZE ] { CLOCK | clockfull } [ ELL [ SIZE ] ] [ WAVE ] [ INCR ] ;
replacement = replace [ INCR ] hconf ;
hconf = config | efd2 [ palm2 ] | palm2 | ori2 ;
fingerplay2 = fingerplay { DIGIT } [ SIZE ] | seqbegin { DIGIT } fingerplay { DIGIT } seqend ;
brush = seqbegin brushing loc1 seqend ;
repeat = ( REPEAT { REPEAT } | seqbegin REPEAT { straight } seqend ) [ INCR [ SIZE ] ] { alternatingmotion } [ ELL ] | alternatingmotion ;
"""
CLASSES = dict(BASE='handshape', BEND='bend', DIGIT='finger', FPART='finger part', EFD='finger direction', PALM='palm direction', BODY='body site',
               ARM='arm site', HPART='hand site', MOVE='straight movement', CIRC='circular movement', WRIST='wrist movement', ELL='ellipse',
               CROSSMOVE='cross movement', INCR='increase', CLOCK='clock position', REPEAT='repetition')


def _alternatives(tokens):
    "Consume tokens up to the bracket that closes: a list of alternatives, each a list of (sort, what)."
    found = [[]]
    while tokens and tokens[0] not in ')]}':
        token = tokens.pop(0)
        if token == '|':
            found.append([])
        elif token in '([{':
            found[-1].append((token, _alternatives(tokens)))
            tokens.pop(0)
        else:
            found[-1].append(('word', token))
    return found


def _rules():
    for rule in GRAMMAR.split(';'):
        if rule.strip():
            name, right = rule.split('=')
            yield name.strip(), _alternatives(re.findall(r'\w+|[^\w\s]', right))


RULES = dict(_rules())
BY_KIND = {kind: sorted(n for n in KIND if KIND[n] == kind) for kind in set(KIND.values())}


def written(alternatives, rng, depth=0):
    "One random notation that the rules allow; deep down the first alternative and no options."
    names, deep = [], depth > 25
    for sort, what in (alternatives[0] if deep else rng.choice(alternatives)):
        if sort == 'word':
            if what in RULES:
                names += written(RULES[what], rng, depth + 1)
            else:
                names.append(what if what in SYMBOLS else rng.choice(BY_KIND[CLASSES.get(what, what.lower())]))
        else:
            times = 1 if sort == '(' else 0 if deep else rng.random() < .45 if sort == '[' else rng.choice((0, 0, 1, 1, 2))
            for _ in range(times):
                names += written(what, rng, depth + 1)
    return names


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**62))
def test_all_that_the_grammar_generates_is_read(seed):
    names = written(RULES['notation'], random.Random(seed))
    if len(names) <= LONGEST:
        sign = parse(names)
        assert sign.names == tuple(names)
        assert parse(str(sign)) == sign


def test_the_grammar_uses_nearly_all_symbols():
    rng, seen = random.Random(0), Counter()
    for _ in range(3000):
        seen.update(written(RULES['notation'], rng))
    assert set(SYMBOLS) - set(seen) == {'coreftag', 'corefref', 'mime', 'wristtopulse', 'wristtoback', 'wristtothumb', 'wristtopinky'}


FIST, FLAT = 'fist extfingeru palmd', 'flathand extfingero palmd'


@pytest.mark.parametrize('text', [
    f'{FLAT} chest coreftag moveo corefref', f'{FLAT} moveo coreftag', f'{FLAT} movei corefref touch', f'{FLAT} moveu mime',
    *(f'{FIST} {wrist} repeatfromstart' for wrist in ('wristtopulse', 'wristtoback', 'wristtothumb', 'wristtopinky'))])
def test_symbols_that_no_lexicon_uses_have_a_place(text):
    assert ' '.join(parse(text).names) == text


# --- what people write and the rules do not foresee --------------------------------------------------------------------

def only(text):
    sign = parse(text)
    assert ' '.join(sign.names) == text and parse(str(sign)) == sign
    return sign


def test_a_posture_is_held_in_a_manner_or_taken_again():
    assert only(f'{FLAT} tense').posture.manners == ('tense',)
    posture = only(f'{FIST} shouldertop lrat behind touch repeatfromstart').posture
    assert posture.repeats[0].tokens == ('repeatfromstart',) and posture.places[0].behind
    with pytest.raises(HamNoSysError):
        parse(f'{FLAT} repeatfromstart')                      # nothing is done that could be done again


@pytest.mark.parametrize('text, manners, late', [
    (f'{FLAT} movei fast halt chest touch', ('fast', 'halt'), ()), (f'{FLAT} movei chest touch fast', (), ('fast',)),
    (f'{FLAT} parbegin movei replace fist parend tense', ('tense',), ())])
def test_manner_before_and_after_the_target(text, manners, late):
    action = only(text).actions[0]
    assert (action.manners, action.late) == (manners, late)


def test_manner_after_the_repetition():
    assert only(f'{FLAT} movei repeatfromstart fast').actions[0].repeats[0].marks == ('fast',)


@pytest.mark.parametrize('text', [f'{FLAT} head touch behind', f'{FLAT} head behind touch', f'{FLAT} behind head touch'])
def test_behind_before_and_after(text):
    place = only(text).posture.places[0]
    assert place.behind and (place.site.name, place.contact.kind) == ('head', 'touch')


@pytest.mark.parametrize('text', [f'{FLAT} seqbegin lowerarm handback seqend moveu', f'{FLAT} seqbegin behind lowerarm seqend',
                                  f'parbegin {FLAT} plus {FIST} parend parbegin palm plus lowerarm behind parend',
                                  f'symmlr {FLAT} parbegin handback plus palm parend behind'])
def test_arm_sites_and_behind_in_brackets_without_contact(text):
    assert only(text)


def test_a_direction_where_a_movement_should_stand():
    while_moving = only(f'{FLAT} parbegin moved extfingerd parend').actions[0].body
    assert while_moving.kind == 'parallel' and while_moving.members[1].body.implied
    assert while_moving.members[1].body.config.fingers.letters == ('d',)
    after = only(f'{FLAT} moveu palmu').actions
    assert len(after) == 2 and after[1].body.config.palm.letters == ('u',)
    with pytest.raises(HamNoSysError, match='the order is'):
        parse('flathand palmd extfingero moveu')              # a posture in the wrong order is no movement


def test_replace_with_a_place_moves_there():
    action = only(f'{FLAT} wristpulse close parbegin moved replace thumbball touch parend').actions[0].body.members[1]
    assert action.body.parts == () and action.target[0].site.name == 'thumbball'


def test_hands_split_in_sequence_brackets():
    config = only(f'symmpar {FLAT} replace seqbegin extfingerl plus extfingero seqend').actions[0].body
    assert (config.config.fingers.letters, config.other.fingers.letters) == (('l',), ('o',))


def test_alternatives_of_shapes_places_and_movements():
    text = 'altbegin fist metaalt flathand altend extfingero palmd altbegin chest metaalt stomach altend altbegin moveu metaalt moved altend'
    sign = only(text)
    place, action = sign.posture.places[0], sign.actions[0]
    assert sign.posture.config.shape.first.base == 'fist' and place.site.name == 'chest' and place.otherwise[0].site.name == 'stomach'
    assert action.body.members[0].body.move.name == 'moveu' and action.body.otherwise[0].body.move.name == 'moved'


def test_a_size_twice_adds_nothing_and_two_sizes_contradict():
    assert only(f'{FLAT} moveu smallmod smallmod').actions[0].body.move.size == 'smallmod'
    with pytest.raises(HamNoSysError, match='got largemod'):
        parse(f'{FLAT} moveu smallmod largemod')


@pytest.mark.parametrize('text, segments', [
    (f'{FLAT} moveu plus {FIST} moved', 2), (f'{FLAT} moveu symmlr {FIST} moved', 2), (f'{FLAT} moveu {FIST} moved space', 2),
    (f'{FLAT} moveu space comma {FIST}', 2), (f'{FLAT} moveu parbegin fist plus flathand parend extfingero', 2),
    (f'{FLAT} moveu plus nondominant {FIST}', 2), (f'space {FLAT} moveu space space fullstop', 1)])
def test_where_signs_begin(text, segments):
    assert len(only(text).segments) == segments


@pytest.mark.parametrize('text', [
    f'{FLAT} moveu repeatfromstart repeatfromstart repeatfromstart', f'{FLAT} moveu repeatcontinueseveral repeatcontinue alternatingmotion',
    f'{FLAT} moveu seqbegin repeatcontinueseveral mover smallmod seqend increasing', f'{FLAT} chest touch fingerpad indexfinger middlefinger',
    f'{FLAT} chest seqbegin touch fingerpad indexfinger middlefinger seqend', f'{FLAT} replace parbegin palmu plus nomotion parend',
    f'parbegin {FLAT} plus nondominant etc extfingero palmu parend moveu', f'{FLAT} circleo smallmod clocku clockfull clockdr ellipseul smallmod wavy increasing',
    f'{FLAT} movecross largemod', f'{FLAT} moveX', f'{FLAT} lrat chest lrat close', f'symmlr largemod fingerstraightmod alternatingmotion nonipsi {FLAT}',
    f'nonipsi {FLAT} moveu', f'version40 {FLAT} exclaim query'])
def test_other_writings(text):
    assert only(text)


# --- worked examples: what the notation says, written down by hand from the description of each sign ------------------------

def facts(text):
    "The sign, its one posture, its actions."
    sign = only(text)
    return sign, sign.posture, sign.actions


def letters(direction): return direction.letters + (('to', *direction.second_letters) if direction.second else ())


def test_measure():
    sign, posture, actions = facts('symmlr flathand extfingero palml')
    assert sign.symmetry.left_right and not sign.symmetry.up_down and not sign.symmetry.in_out and not sign.symmetry.alternating
    assert posture.config.shape.first.base == 'flathand' and letters(posture.config.fingers) == ('o',) and letters(posture.config.palm) == ('l',)
    assert (posture.places, actions) == ((), ())


def test_good():
    sign, posture, (push,) = facts('fist thumboutmod extfingeruo extfingerol palml shoulders moveo smallmod halt')
    assert sign.symmetry is None and posture.other is None
    assert posture.config.shape.first.thumb == 'out' and letters(posture.config.fingers) == ('uo', 'ol')
    assert posture.places[0].site.name == 'shoulders' and posture.places[0].contact is None
    assert (push.body.move.letters, push.body.move.size, push.manners, push.target) == ('o', 'smallmod', ('halt',), ())


def test_school():
    sign, posture, (clap,) = facts('symmlr flathand extfingero palmd movel touch repeatfromstart')
    assert posture.places == () and clap.body.move.letters == 'l'
    assert clap.target[0].contact.kind == 'touch' and clap.target[0].site is None            # until they touch
    assert [r.tokens for r in clap.repeats] == [('repeatfromstart',)] and not clap.repeats[0].several


def test_to_eat():
    _, posture, (bite,) = facts('pinchall fingerstraightmod extfingeruo palmu lips movei smallmod close repeatfromstart')
    assert posture.config.shape.first.bend == 'fingerstraightmod' and posture.places[0].site.name == 'lips'
    assert (bite.body.move.letters, bite.target[0].contact.kind, len(bite.repeats)) == ('i', 'close', 1)


def test_to_drink():
    _, posture, (tip,) = facts('ceeall extfingerol palml chin close replace extfingerul palmd')
    assert (posture.places[0].site.name, posture.places[0].contact.kind) == ('chin', 'close')
    assert tip.body.config.shape is None and letters(tip.body.config.fingers) == ('ul',) and letters(tip.body.config.palm) == ('d',)


def test_name():
    _, posture, (bend,) = facts('finger2 extfingerul palmd cheek lrat close replace finger2 fingerstraightmod '
                                'seqbegin brushing cheek lrat touch seqend repeatfromstart')
    assert posture.places[0].site.side_after == ('lrat',) and posture.places[0].site.side_before == ()      # the right cheek
    assert bend.body.config.shape.first.bend == 'fingerstraightmod' and bend.target == ()
    assert (bend.brushing.site.name, bend.brushing.site.side_after, bend.brushing.contact.kind) == ('cheek', ('lrat',), 'touch')


def test_service():
    _, posture, (over,) = facts('fist thumboutmod extfingerl palml lrat chest touch mover arcr chest lrat touch')
    assert posture.places[0].site.side_before == ('lrat',) and posture.places[0].contact.kind == 'touch'    # left chest
    assert (over.body.move.letters, [a.letters for a in over.body.arcs]) == ('r', ['r'])
    assert over.target[0].site.side_after == ('lrat',) and over.target[0].contact.kind == 'touch'           # right chest


def test_father():
    _, posture, (down,) = facts('flathand between flathand fingerstraightmod extfingerul palmd forehead touch '
                                'parbegin moved arcu replace extfingerl parend chin touch')
    assert posture.config.shape.second.bend == 'fingerstraightmod' and posture.config.shape.first.bend is None
    move, turn = down.body.members
    assert (move.body.move.letters, move.body.arcs[0].letters, letters(turn.body.config.fingers)) == ('d', 'u', ('l',))
    assert move.target == turn.target == () and down.target[0].site.name == 'chin'


def test_family():
    sign, posture, (circle,) = facts('symmlr fingerstraightmod largemod pinchall fingerstraightmod extfingerol '
                                     'parbegin palmd plus palmu parend palm close circleu')
    assert sign.symmetry.left_right and sign.symmetry.up_down and sign.symmetry.in_out
    assert letters(posture.config.palm) == ('d',) and letters(posture.other.palm) == ('u',)
    assert posture.places[0].site.name == 'palm' and posture.places[0].contact.kind == 'close'
    assert circle.body.axis.letters == 'u' and circle.body.full_turns == 0


def test_sorry():
    sign, posture, (circle,) = facts('parbegin flathand thumboutmod extfingerol palmd plus flathand thumboutmod extfingeror palmu parend '
                                     'parbegin palm plus palm parend touch circleu smallmod repeatfromstart')
    assert sign.symmetry is None and letters(posture.config.palm) == ('d',) and letters(posture.other.palm) == ('u',)
    pair, = posture.places
    assert [s.name for s in pair.constellation] == ['palm', 'palm'] and pair.contact.kind == 'touch'
    assert circle.body.size == 'smallmod' and circle.repeats


def test_hard():
    _, posture, (down,) = facts('parbegin finger2 fingerbendmod thumboutmod extfingerol palml plus nondominant etc extfingeror palmdr parend '
                                'thumbside moved touch')
    assert posture.config.shape.first.marks == ('fingerbendmod', 'thumboutmod') and posture.other.shape is None
    assert letters(posture.other.fingers) == ('or',) and letters(posture.other.palm) == ('dr',)
    assert posture.places[0].site.name == 'thumbside' and down.target[0].contact.kind == 'touch'


def test_to_ice_skate():
    sign, posture, (skate,) = facts(
        'symmlr alternatingmotion finger2 thumboutmod pinky extfingero palml close parbegin parbegin moveor replace extfingeruo extfingeror parend '
        'plus parbegin moveol replace extfingeruo extfingerol parend repeatreverse parend repeatfromstart')
    assert sign.symmetry.alternating and posture.places[0].contact.kind == 'close'
    assert skate.body.split and len(skate.body.members) == len(skate.body.other) == 1
    right, left = skate.body.members[0], skate.body.other[0]
    assert right.body.members[0].body.move.letters == 'or' and not right.repeats
    assert left.body.members[0].body.move.letters == 'ol' and left.repeats[0].tokens == ('repeatreverse',)
    assert letters(right.body.members[1].body.config.fingers) == ('uo', 'or') and skate.repeats[0].tokens == ('repeatfromstart',)


# --- ambiguities: one reading each --------------------------------------------------------------------------------------------

def test_a_place_after_an_action_is_its_target():
    first, second = only(f'{FLAT} moveu chest touch moved').actions
    assert first.target[0].site.name == 'chest' and second.target == ()


def test_fingers_after_replace_belong_to_the_shape_unless_a_contact_follows():
    shape = only(f'{FLAT} replace fist indexfinger').actions[0]
    assert shape.body.config.shape.first.marks == ('indexfinger',) and shape.target == ()
    place = only(f'{FLAT} replace fist indexfinger fingertip touch').actions[0]
    assert place.body.config.shape.first.marks == () and place.target[0].site.digits == ('indexfinger',)


@pytest.mark.parametrize('text, split', [('parbegin moveu plus moved parend', True), ('parbegin moveu replace fist parend', False)])
def test_a_bracket_with_plus_splits_the_hands_and_without_is_parallel(text, split):
    group = only(f'{FLAT} {text}').actions[0].body
    assert group.split == split and group.kind == 'parallel'


def test_a_bracket_with_plus_right_after_the_posture():
    assert letters(only('symmlr flathand extfingero parbegin palmd plus palmu parend').posture.other.palm) == ('u',)
    assert only(f'symmlr {FLAT} parbegin palm plus handback parend touch').posture.places[0].constellation


def test_plus_outside_brackets_starts_a_new_sign():
    sign = only(f'{FLAT} moveu plus symmlr {FIST} moved')
    assert [s.plus for s in sign.segments] == [False, True] and sign.segments[1].symmetry.left_right and sign.symmetry is None


# --- errors and repairs ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('text, position, expected', [
    ('flathand extfingero palmd palmu', 3, 'the order is'), ('flathand extfingero palmd chest palmu', 4, 'a movement'), ('flathand extfingero palmd moveu smallmod largemod', 5, 'a movement, a place'),
    ('flathand extfingero palmd parbegin moveu', 5, 'parend to close parbegin'), ('flathand extfingero between palmd', 3, 'a finger direction'),
    ('extfingero palmd moveu', 2, 'a handshape'), ('flathand extfingero palmd chest seqbegin touch seqend', 6, 'the part of the hand'),
    ('flathand extfingero palmd replace moveu', 4, 'to change to'), ('flathand extfingeru between moveu', 3, 'a finger direction'),
    ('flathand extfingero palmd moveu between chest', 5, 'a straight movement after between'), ('', 0, 'a handshape'),
    ('flathand extfingero palmd moveu parend', 4, 'a new sign or the end'), ('flathand extfingero palmd altbegin chest altend', 5, 'metaalt'),
    ('flathand extfingero palmd parbegin chest plus moveu', 5, 'a movement'), ('flathand banana', 1, 'a symbol of HamNoSys 4')])
def test_an_error_points_and_says_what_was_expected(text, position, expected):
    with pytest.raises(HamNoSysError) as caught:
        parse(text)
    error = caught.value
    assert error.position == position and expected in error.expected and '\n' not in str(error)
    assert ('the end' if position == len(text.split()) else text.split()[position]) in str(error)


def test_lenient_lists_every_change():
    slips = 'flathand hamfoo extfingero palmd parbegin moveu smallmod largemod seqend parend'
    sign = parse(slips, lenient=True)
    kept, changes = ' '.join(sign.names), ' / '.join(sign.problems)
    assert kept == 'flathand extfingero palmd parbegin moveu smallmod parend'
    assert all(word in changes for word in ('hamfoo', 'largemod', 'seqend', 'parend')) and parse(kept).problems == ()
