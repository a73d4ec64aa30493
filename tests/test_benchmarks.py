"""What the benchmarks measure with: the distance of a touch, fair candidates, caches that are really empty."""
import random
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent/'benchmarks'))
import animator
import contact
import corpus_fidelity
import sheets


def touch(site):
    "(body, posed skin, part of the hand, place) of an index finger that touches a site."
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    body = contact.body_of(0)
    made = synthesise([Item('X', f'finger2 extfingeril palmd {site} seqbegin touch indexfinger fingertip seqend')], body.rig)
    seconds, goal, partner = next(a for p in made.phases if (a := contact.asked_of(p)))
    frame = round(seconds*made.motion.fps)
    skin = body.body.skin(made.motion.poses[[frame]], None, None, made.motion.expression[[frame]])[0].astype(float)
    return body, skin, contact.touching_skin(body, made.motion, frame, goal, 0), contact.to_be_touched(body, goal, partner, 0, False)[0]


def pulled(body, skin, away):
    "The right hand somewhere else, the rest as it was."
    moved = skin.copy()
    moved[body.hands[0]] += away
    return moved


def test_a_touch_is_measured_in_metres():
    body, skin, part, chin = touch('chin')
    tip = body.body.landmarks['right_index_tip']
    assert tip in part and len(part) < len(body.hands[0])/10 and np.linalg.norm(body.rest[chin] - body.rest[body.body.landmarks['chin']], axis=-1).max() < .05
    assert contact.apart(body, skin, part, chin) < .005
    gaps = [contact.apart(body, pulled(body, skin, (0, 0, z)), part, chin) for z in (.02, .04, .08)]
    assert np.allclose(np.diff(gaps), (.02, .04), rtol=.15) and .01 < gaps[0] < .021, 'the chin is not quite straight ahead'
    nearest = min(np.linalg.norm(skin[part][:, None] - skin[chin], axis=-1).min(1))
    assert contact.apart(body, skin, part, chin) <= nearest, 'triangles are at least as near as their corners'


def test_a_hand_in_the_trunk_is_as_deep_as_it_was_pushed():
    body, skin, _, _ = touch('chest')
    assert contact.depth(body, pulled(body, skin, (0, 0, .06)), 0) == 0
    deep = [contact.depth(body, pulled(body, skin, (0, 0, -z)), 0) for z in (.005, .015, .025)]
    assert np.allclose(np.diff(deep), .01, atol=.0025)


def test_a_finger_is_not_its_neighbour():
    body = contact.body_of(0)
    index, ring = body.part(0, 'index:pad'), body.part(0, 'ring:pad')
    assert len(index) > 5 and len(ring) > 5 and not set(index) & set(ring)
    assert body.rest[index, 1].mean() < body.rest[body.part(0, 'index:nail'), 1].mean(), 'the pad is on the side of the palm'
    assert set(body.part(1, 'index+middle:tip')) == set(body.part(1, 'index:tip')) | set(body.part(1, 'middle:tip'))


def test_candidates_hold_the_right_one_and_nobody_who_signs_alike():
    signs = sheets.entries('ase')
    by_id = {e.id: e for e in signs}
    for e in signs[::40]:
        names = [n.split(' (')[0] for n in sheets.candidates(e, signs, random.Random(e.id))]
        assert e.id in names and len(set(names)) == len(names) == sheets.CANDIDATES
        others = [by_id[n] for n in names if n != e.id]
        assert not any(o.hamnosys == e.hamnosys or set(o.words) & set(e.words) for o in others)
        same = [o for o in signs if o.id != e.id and sheets.traits(o)[0] == sheets.traits(e)[0]]
        assert sum(o in same for o in others) >= min(sheets.ALIKE, len(same)) - 1
    assert sheets.candidates(signs[5], signs, random.Random(3)) == sheets.candidates(signs[5], signs, random.Random(3))


def test_answers_are_counted_as_people_write_them(tmp_path):
    (tmp_path/'key.tsv').write_text('number\tgloss\n1\tMOTHER\n2\tRIGHT/2\n3\tNO\n10\t7\n')
    (tmp_path/'answers.txt').write_text('My answers\n1. mother\n2: RIGHT (correct)\n10) 7 (sure)\n')
    got = sheets.score(*(sheets.read_answers(tmp_path/n) for n in ('answers.txt', 'key.tsv')))
    assert got['named'] == .5 and got['answered'] == 3 and got['missed'] == {'RIGHT/2': 'RIGHT', 'NO': 'nothing'}


def test_the_key_is_not_where_a_reader_looks(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['sheets.py', '--blind', '3', '--out', str(tmp_path/'out'), '--key', str(tmp_path/'out'/'key.tsv')])
    with pytest.raises(SystemExit, match='must not find the answers'): sheets.main()
    assert not (tmp_path/'out').exists()


def test_nothing_of_a_sign_is_remembered_after_forgetting():
    animator.warm_up()
    from signbook.signing.phases import left_out
    left_out('fist extfingeru palml moveo')
    caches = animator.caches()
    assert sum(f.cache_info().currsize for f in caches) > 10
    animator.forget()
    assert {animator.called(f): f.cache_info().currsize for f in caches if f.cache_info().currsize} == {}


def test_what_is_kept_is_there():
    for name in animator.KEPT:
        module, _, function = name.rpartition('.')
        assert hasattr(getattr(sys.modules.get(f'signbook.{module}'), function), 'cache_info'), name


def test_misses_are_counted_once_an_entry():
    miss = lambda item: dict(item=item, cause='limit')
    results = [dict(constructs=['arc', 'size'], misses=[miss('palm'), miss('palm')]), dict(constructs=['arc'], misses=[miss('place')]), dict(constructs=['wave'], misses=[])]
    assert corpus_fidelity.by_construct(results) == {'arc': {'palm: limit': 1, 'place: limit': 1}, 'size': {'palm: limit': 1}}
