"G-SiGML: what real signs become, what comes back, and what is refused or listed."
import csv
import random

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from signbook.signing.gsigml import copy_element, elements_to_sign, sign_to_elements
from signbook.signing.hamnosys import parse
from signbook.signing.sigml import Mark, from_sigml, to_sigml
from signbook.signing.symbols import HamNoSysError, SYMBOLS
from test_hamnosys_grammar import RULES, written


@pytest.fixture(scope='module')
def signs(shared_data):
    path = shared_data/'hamnosys'/'dev.tsv'
    if not path.exists():
        pytest.skip(f'{path} is not here')
    found = []
    with path.open(encoding='utf-8', newline='') as f:
        for row in csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE):
            try:
                found.append((row['id'], parse(row['hamnosys'])))
            except HamNoSysError:
                pass
    return found


def back(elements, lenient=False): return elements_to_sign([copy_element(e) for e in elements], lenient)


def test_published_signs_there_and_back_are_stable(signs):
    lossless = 0
    for name, sign in signs:
        gestures, lost = sign_to_elements(sign, lenient=True)
        again = back(gestures)
        gestures2, lost2 = sign_to_elements(again)
        assert gestures2 == gestures and lost2 == (), name                # G -> H -> G
        assert back(gestures2) == again, name                             # H -> G -> H
        lossless += lost == ()
    assert lossless >= 0.985*len(signs), f'{lossless} of {len(signs)}'


def test_published_signs_through_files(signs):
    some = [(name, sign, {}) for name, sign in signs[::7]]
    gestures = to_sigml(some, gestural=True, lenient=True)
    notation = to_sigml(from_sigml(gestures))
    assert to_sigml(from_sigml(notation), gestural=True) == gestures
    assert to_sigml(from_sigml(to_sigml(from_sigml(notation), gestural=True))) == notation


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**62))
@example(1)
@example(40)
@example(232)
@example(242)
@example(413)
def test_grammatical_signs_settle(seed):
    "Whatever the grammar generates becomes gestures; after a few rounds nothing changes any more."
    names = written(RULES['notation'], random.Random(seed))
    if len(names) > 300:
        return
    sign, rounds = parse(names), [None]
    while rounds[-1] != sign and len(rounds) < 6:
        rounds.append(sign)
        sign = back(sign_to_elements(sign, lenient=True)[0], lenient=True)
    assert rounds[-1] == sign


@pytest.mark.parametrize('text', [
    'fist extfingero palml parbegin seqbegin interlock elbowinside seqend plus nomotion parend',
    'fist extfingero palml moved seqbegin brushing seqbegin touch thumbside seqend seqend'])
def test_a_contact_of_one_hand_alone_stays_with_it(text):
    sign = parse(text)
    assert back(sign_to_elements(sign)[0]) == sign


def gesture(hands, face=''):
    return f'<sigml>\n<hamgestural_sign gloss="X">\n{face}<sign_manual>\n{hands}\n</sign_manual></hamgestural_sign></sigml>'


FLAT = '<handconfig handshape="flat"/><handconfig extfidir="o"/><handconfig palmor="d"/>'


@pytest.mark.parametrize('hands, names', [
    (FLAT + '<directedmotion direction="u" size="big" curve="r"/>', 'flathand extfingero palmd moveu largemod arcr'),
    ('<handconfig handshape="flat" thumbpos="out" extfidir="uol" palmor="l"/>', 'flathand thumboutmod extfingeruo extfingerol palml'),
    ('<handconfig handshape="cee12" ceeopening="tight"/><handconfig extfidir="o" palmor="l"/>', 'cee12 thumbacrossmod extfingero palml'),
    ('<handconfig handshape="finger2" second_handshape="finger2" second_mainbend="bent"/><handconfig extfidir="u" second_extfidir="uo"/>',
     'finger2 between finger2 fingerstraightmod extfingeru between extfingeruo'),
    ('<split_handconfig><handconfig handshape="fist"/><handconfig handshape="flat"/></split_handconfig><handconfig extfidir="o"/>'
     '<split_handconfig><handconfig palmor="d"/><handconfig palmor="u"/></split_handconfig>',
     'parbegin fist plus flathand parend extfingero parbegin palmd plus palmu parend'),
    (FLAT + '<location_bodyarm location="upperlip" side="left_beside" contact="touch"><location_hand location="tip" digits="2"/></location_bodyarm>',
     'flathand extfingero palmd lrbeside lips doublebent seqbegin touch indexfinger fingertip seqend'),
    (FLAT + '<handconstellation contact="touch"><location_hand location="palm"/><location_hand location="handback"/>'
     '<location_bodyarm location="chest" contact="close"/></handconstellation>',
     'flathand extfingero palmd parbegin palm plus handback parend touch chest close'),
    (FLAT + '<rpt_motion repetition="fromstart_several" repetition_baseshift="r" baseshift_size="small" fast="true"><seq_motion fused="true">'
     '<directedmotion direction="u"/><directedmotion direction="d"/></seq_motion></rpt_motion>',
     'flathand extfingero palmd fusionbegin moveu moved fusionend seqbegin repeatfromstartseveral mover smallmod seqend fast'),
    (FLAT + '<split_motion><circularmotion axis="l" size="small" start="u" clockplus="true" end="d"/><nomotion/></split_motion>',
     'flathand extfingero palmd parbegin circlel smallmod clocku clockfull clockd plus nomotion parend'),
    (FLAT + '<nonman_motion><handconfig bodypart="shoulders" side="left_at"/><directedmotion direction="u"/></nonman_motion>',
     'flathand extfingero palmd seqbegin lrat shoulders moveu seqend'),
    (FLAT + '<tgt_motion><changeposture/><handconfig handshape="fist" successivefingers="towards_pinky"/></tgt_motion><crossmotion cross="x"/>'
     '<fingerplay digits="23"/><wristmotion motion="stircw" size="big"/>',
     'flathand extfingero palmd replace increasing fist moveX fingerplay indexfinger middlefinger stircw largemod')])
def test_what_gestures_mean(hands, names):
    sign = from_sigml(gesture(hands))[0].sign
    assert ' '.join(sign.names) == names
    assert from_sigml(to_sigml([('X', sign, {})], gestural=True))[0].sign == sign


@pytest.mark.parametrize('attributes, names', [
    ('both_hands="true" lr_symm="true" oi_symm="true" ud_symm="true" outofphase="true"', 'symmlr fingerstraightmod largemod alternatingmotion'),
    ('both_hands="true"', 'symmpar'), ('nondominant="true"', 'nondominant'), ('both_hands="true" realspace="true"', 'symmpar nonipsi')])
def test_symmetry(attributes, names):
    text = gesture(FLAT).replace('<sign_manual>', f'<sign_manual {attributes}>')
    sign = from_sigml(text)[0].sign
    assert ' '.join(sign.names) == f'{names} flathand extfingero palmd'


def test_several_signs_in_one():
    text = gesture(f'<sign_manual>{FLAT}</sign_manual><sign_manual both_hands="true">{FLAT}</sign_manual>')
    assert ' '.join(from_sigml(text)[0].sign.names) == 'flathand extfingero palmd plus symmpar flathand extfingero palmd'


@pytest.mark.parametrize('hands, told, names', [
    (FLAT.replace('"flat"', '"flat" mainbend="410"'), "mainbend='410' has no symbol; the nearest is bent", 'flathand fingerstraightmod extfingero palmd'),
    (FLAT.replace('"flat"', '"flat" bend2="0.50.50.5"'), 'the nearest is straight', 'flathand extfingero palmd'),
    (FLAT.replace('"d"', '"il"'), "palmor='il' has no symbol; the nearest is palml", 'flathand extfingero palml'),
    (FLAT + '<directedmotion direction="uol"/>', 'read as moveuo between moveol', 'flathand extfingero palmd moveuo between moveol'),
    (FLAT + '<rpt_motion repetition="tofroto"><directedmotion direction="u"/></rpt_motion>', 'nearest is repeatreverse', 'flathand extfingero palmd moveu repeatreverse'),
    (FLAT + '<location_bodyarm location="chest" side="front"/>', 'side=', 'flathand extfingero palmd chest'),
    (FLAT + '<spin/>', '<spin>: is not known here', 'flathand extfingero palmd'),
    (FLAT + '<directedmotion direction="u" colour="red"/>', "attribute colour='red' is not known here", 'flathand extfingero palmd moveu')])
def test_what_hamnosys_cannot_say(hands, told, names):
    with pytest.raises(ValueError, match='line 4: ') as caught:
        from_sigml(gesture(hands))
    assert told in str(caught.value)
    sign = from_sigml(gesture(hands), lenient=True)[0].sign
    assert ' '.join(sign.names) == names and any(told in p for p in sign.problems)


FACE = ('<sign_nonmanual><head_tier><head_par><head_movement movement="SH" speed="2"/><head_movement movement="NF" amount="0.5"/></head_par></head_tier>'
        '<eyegaze_tier><eye_gaze direction="AD"/><eye_gaze direction="UP"/></eyegaze_tier><shoulder_tier><shoulder_movement movement="HB"/></shoulder_tier>'
        '<body_tier><body_movement movement="TF" duration="0.3"/></body_tier><facialexpr_tier><eye_brows movement="FU"/><nose movement="WR"/></facialexpr_tier>'
        '<mouthing_tier><mouthing_par><mouth_picture picture="tvInt@x"/><mouth_gesture movement="L06"/></mouthing_par></mouthing_tier></sign_nonmanual>')


def test_non_manuals_of_both_kinds():
    read = from_sigml(gesture(FLAT, FACE))
    face = read[0].nonmanual
    assert face['head'] == ('SH', 'NF') and face['mouthpicture'] == ('tvInt@x',) and face['eyebrows'] == ('FU',)
    assert face['head'][0].attributes == (('speed', '2'),) and face['head'][0].together == face['head'][1].together > 0
    assert [m.together for m in face['eyegaze']] == [0, 0] and face['body'][0].attributes == (('duration', '0.3'),)
    gestures = to_sigml(read, gestural=True)
    assert to_sigml(from_sigml(gestures), gestural=True) == gestures and gestures.count('_par>') == 4
    assert from_sigml(to_sigml(read))[0].nonmanual == face                # codes and their attributes survive in H-SiGML
    assert from_sigml(to_sigml(read))[0].nonmanual['head'][0].attributes == (('speed', '2'),)


def test_odd_non_manuals_are_listed():
    odd = FACE.replace('eye_gaze direction="AD"', 'eye_gaze movement="AD"').replace('"SH"', '"XX"').replace('<body_tier>', '<ear_tier/><body_tier>')
    with pytest.raises(ValueError, match="line 3: <head_movement>: movement='XX' is no code of the tier head"):
        from_sigml(gesture(FLAT, odd))
    sign = from_sigml(gesture(FLAT, odd), lenient=True)[0]
    assert sign.nonmanual['eyegaze'] == ('AD', 'UP') and len(sign.problems) == 3


def test_marks_are_strings_with_more():
    mark = Mark('NO', [('speed', '2')], 1)
    assert mark == 'NO' and f'head:{mark}' == 'head:NO' and mark.attributes == (('speed', '2'),)


def test_what_gestures_cannot_say():
    sign = parse('altbegin fist metaalt flathand altend extfingero palmd moveu space')
    with pytest.raises(ValueError, match='cannot carry altbegin.*space'):
        to_sigml([('X', sign, {})], gestural=True)
    assert ' '.join(from_sigml(to_sigml([('X', sign, {})], gestural=True, lenient=True))[0].sign.names) == 'fist extfingero palmd moveu'


tags = st.sampled_from('handconfig split_handconfig location_bodyarm location_hand handconstellation split_location directedmotion circularmotion tgt_motion '
                       'rpt_motion par_motion seq_motion split_motion changeposture nonman_motion fingerplay sign_manual head_tier hamfist'.split())
values = st.sampled_from(['u', 'uol', 'true', 'flat', 'chest', '12', '410', 'touch', 'fromstart', 'small', 'left_at', 'fast', *sorted(SYMBOLS)[:20]]) | st.text(max_size=8)
keys = st.sampled_from('handshape extfidir palmor mainbend location side contact digits direction axis size repetition manner bouncing fast second_handshape '
                       'second_location bodypart specialfingers contactpair contactkind curve start'.split())
trees = st.recursive(st.tuples(tags, st.dictionaries(keys, values, max_size=4), st.just([])),
                     lambda inner: st.tuples(tags, st.dictionaries(keys, values, max_size=3), st.lists(inner, max_size=4)), max_leaves=25)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(trees, max_size=5))
def test_any_gestures_are_read_or_refused(found):
    from signbook.signing.gesture import Element
    from signbook.signing.sigml import _xml
    def element(tree): return Element(tree[0], tree[1], [element(c) for c in tree[2]])
    text = gesture(FLAT + ''.join(_xml(element(t), 1) for t in found))
    for lenient in (False, True):
        try:
            for s in from_sigml(text, lenient):
                assert s.sign is None or parse(s.sign.names) == s.sign or s.sign.problems
        except ValueError as error:
            assert '\n' not in str(error)
