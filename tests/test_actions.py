"Plain actions worn out: every action on bodies of several shapes, physics of jumps, captions that say what is done, items that can be made again."
import itertools
import re

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data import moves
from signbook.data.actions import ACTIONS, ARMS, LEGS, SHAPES, Actions, Done, Plan, act, phrases, random_plan
from signbook.data.corpus import SPLITS
from signbook.data.footing import LIMITS_DEG, judge, leg_angles, off_balance, skate_frames
from signbook.data.locomotion import G, Step, foot_track, gait_of, headings, leg_of
from signbook.data.staging import Script, cast, combine, perform
from signbook.motion.body import load
from signbook.motion.npz import load_npz
from signbook.motion.skeleton import joint
from signbook.pipeline import text_to_motion


def first(name):
    "An action with the first words of every parameter."
    return Plan(((Done(name, tuple((gap, next(iter(words))) for gap, words in ACTIONS[name].says.items())),),))


def joints(motion):
    return load().fk(motion.poses, motion.trans, motion.betas)[1]


@pytest.mark.parametrize('name', ACTIONS)
def test_every_action_keeps_its_feet(name):
    betas = SHAPES[sorted(ACTIONS).index(name) % len(SHAPES)]
    motion = act(first(name), betas, 1)
    j = judge(motion)
    assert j['skate'] <= .01 and j['depth_m'] <= .01 and j['over_rad'] == 0, j
    assert j['drift_m_s'] < .05 and j['acceleration_m_s2'] < 300
    assert [s.gloss for s in motion.spans] == [name] and motion.meta['synthetic'] and motion.meta['licence']


@pytest.mark.parametrize('name', ['squat', 'bow', 'kneel', 'lunge', 'balance', 'pick_up', 'stretch', 'push', 'carry'])
def test_who_stands_still_would_not_fall(name):
    assert off_balance(act(first(name), SHAPES[1])).max() < 0


@pytest.mark.parametrize('name', ['walk', 'walk_back', 'high_knees', 'run', 'kneel', 'sit'])
def test_legs_are_limited_on_a_long_thin_and_on_a_short_wide_body(name):
    for betas in ((0., 1., 0., .6), (-1., .5)):
        for limit, angles in leg_angles(act(first(name), betas)).items():
            assert LIMITS_DEG[limit][0] <= angles.min() and angles.max() <= LIMITS_DEG[limit][1], limit


@pytest.mark.parametrize('height', [.1, .25, .4])
def test_a_jump_falls_freely(height):
    s = Script(cast())
    moves.jump(s, height, .3)
    motion = perform(s, 120)
    leave, land = next((x.start, x.end) for x in s.steps)
    air = np.flatnonzero((np.arange(len(motion))/120 > leave) & (np.arange(len(motion))/120 < land))
    pelvis = joints(motion)[:, 0, 1]
    assert -2*np.polyfit(air/120, pelvis[air], 2)[0] == pytest.approx(G, rel=.01)
    assert land - leave == pytest.approx(2*np.sqrt(2*height/G), rel=1e-6)
    assert pelvis[air].max() - np.interp(leave, np.arange(len(motion))/120, pelvis) == pytest.approx(height, abs=.01)


def test_steps_grow_with_the_square_root_of_speed_and_the_size_of_the_body():
    small, tall = sorted((leg_of(load(), np.array(b)) for b in ((1.,), (-1.,))), key=lambda leg: leg.length)
    assert gait_of(small, 1.2).step < gait_of(tall, 1.2).step < gait_of(tall, 1.6).step
    assert not gait_of(tall, 1.5).running and gait_of(tall, 3.).running and gait_of(tall, 3.).flight > .05
    with pytest.raises(SignbookError, match='m/s for this body'):
        gait_of(tall, 40.)


@pytest.mark.parametrize('turn,direction', list(itertools.product((0, 1., -2.), (0, np.pi, np.pi/2))))
def test_a_way_ends_where_it_should(turn, direction):
    s = Script(cast())
    moves.go(s, 1.5, .9, turn, direction)
    motion = perform(s)
    x, z, heading = headings(1.5, 9., turn, direction, 9.)[-1] if not turn else headings(1.5, .01, turn, direction)[-1]
    at = joints(motion)[-1, 0, [0, 2]] - joints(motion)[0, 0, [0, 2]]
    assert at == pytest.approx([x, z], abs=.06)
    ahead = load().fk(motion.poses[-1:], None)[0][0, 0, :, 2]
    assert np.arctan2(ahead[0], ahead[2]) == pytest.approx(heading, abs=.06)
    assert not skate_frames(motion).any()


def test_a_circle_comes_back():
    at = joints(act(Plan(((Done('circle', (('way', 'clockwise'), ('size', ''))),),))))[:, 0]
    assert np.linalg.norm((at[-1] - at[0])[[0, 2]]) < .15 and np.ptp(at[:, 0]) > 1.6 and np.ptp(at[:, 2]) > 1.6


def test_left_is_left_and_right_is_right():
    left, right = (joints(act(Plan(((Done('turn', (('angle', way),)),),))))[-1] for way in ('left', 'right'))
    for at, sign in ((left, 1), (right, -1)):        # after a turn to the left the right hip is in front
        assert sign*(at[joint('right_hip'), 2] - at[joint('left_hip'), 2]) > .1
    at = joints(act(Plan(((Done('wave', (('side', 'left'), ('count', ''))),),))))
    assert at[:, joint('left_wrist'), 1].max() > at[:, joint('head'), 1].min() - .15 > at[:, joint('right_wrist'), 1].max()
    assert joints(act(first('sidestep')))[-1, 0, 0] > .2


def test_everything_can_be_said():
    for name, ways in phrases().items():
        assert len(ways) >= 2, name
        for words in itertools.product(*ACTIONS[name].says.values()):
            for k, doing in itertools.product(range(len(ways)), (False, True)):
                said = Done(name, tuple(zip(ACTIONS[name].says, words))).say(k, doing)
                assert said and not re.search(r'[{}]|\s\s|\s,|^\s|\s$', said), said
    assert set(phrases()) == set(ACTIONS) and len(ACTIONS) >= 30


def test_a_caption_says_what_differs():
    "Plans that differ in a parameter are told apart by every paraphrase that has its gap, in all captions of one seed."
    one, two = (Plan(((Done('wave', (('side', side), ('count', 'twice'))),), (Done('turn', (('angle', 'left'),)),))) for side in ('left', 'right'))
    for seed in range(20):
        assert one.caption(seed) != two.caption(seed) and one.caption(seed).replace('left hand', 'right hand') == two.caption(seed)
    assert len({one.caption(seed) for seed in range(40)}) > 15


def test_a_table_with_mistakes_is_refused(tmp_path):
    for text, message in (('fly\tflies\tflying', 'expected one of walk'), ('wave\twaves {speed}\twaving', 'expected gaps'), ('wave\twaves\twaving', 'no phrase for')):
        (tmp_path/'xx.tsv').write_text(f'action\tphrase\tdoing\n{text}\n')
        with pytest.raises(SignbookError, match=message):
            phrases(str(tmp_path/'xx.tsv'))
        phrases.cache_clear()


def test_items_depend_on_seed_and_number_alone(tmp_path):
    some, more = Actions(50, seed=3), Actions('large', seed=3)
    assert len(some) == 50 and len(more) == 1_000_000 and some[-1].id == some[49].id
    for i in (0, 17, 49):
        assert (some[i].text, some[i].plan, some[i].split, some[i].betas) == (more[i].text, more[i].plan, more[i].split, more[i].betas)
    a, b = some[7].row(), more[7].row()
    assert a == b and {'id', 'split', 'kind', 'language', 'text', 'motion', 'licence', 'synthetic'} <= set(a)
    (tmp_path/'a.npz').write_bytes(a['motion'])
    assert np.array_equal(load_npz(tmp_path/'a.npz').poses, some[7].motion.poses)
    assert any(some[i].text != Actions(50, seed=4)[i].text for i in range(5))
    with pytest.raises(IndexError):
        some[50]
    with pytest.raises(SignbookError, match='size'):
        Actions(0)


def test_nothing_is_shared_between_splits():
    items = [Actions(4000, seed=5)[i] for i in range(4000)]
    by = {s: {x.text for x in items if x.split == s} for s in SPLITS}, {s: {x.plan.key for x in items if x.split == s} for s in SPLITS}
    for group in by:
        assert not group['train'] & group['test'] and not group['train'] & group['dev'] and not group['dev'] & group['test']
        assert min(map(len, group.values())) > 20
    about = Actions(300, seed=5).describe()
    assert about['looked_at'] == 300 == sum(about['splits'].values()) and set(about['actions']) > set(LEGS) - {'stand_up'} - set(ARMS)


@pytest.mark.parametrize('i', range(8))
def test_random_plans_are_sound(i):
    plan, betas = random_plan(np.random.default_rng(100 + i)), SHAPES[i]
    motion = act(plan, betas, i)
    j = judge(motion)
    assert j['skate'] <= .01 and j['depth_m'] <= .01 and j['over_rad'] < np.radians(1), (plan.key, j)
    assert {s.gloss for s in motion.spans} == {d.name for beat in plan.beats for d in beat}
    assert all(0 <= s.start < s.end <= motion.duration + 1e-6 for s in motion.spans)


def test_a_signer_can_walk():
    signed = text_to_motion('my name is anna').motion
    walk = act(Plan(((Done('walk', (('distance', 'several steps'), ('speed', ''))),),)))
    both = combine(walk, signed)
    assert len(both) == max(len(walk), len(signed)) and not skate_frames(both).any()
    body, n = load(), len(signed)
    seen = [np.einsum('tji,tkj->tki', turns[:n, 9], (at[:n] - at[:n, [9]])[:, [20, 21, 27, 42]]) for turns, at in (body.fk(m.poses, m.trans) for m in (both, signed))]
    assert np.abs(seen[0] - seen[1]).max() < 1e-3            # the hands sign at the same places of the trunk
    assert np.array_equal(both.expression[:n], signed.expression) and both.meta['language'] == 'ase'
    assert {s.kind for s in both.spans} >= {'action', 'sign'}
    with pytest.raises(SignbookError, match='one shape'):
        combine(act(first('walk'), (1.,)), signed)


def test_feet_must_land_before_they_leave():
    with pytest.raises(SignbookError, match='land before it leaves'):
        foot_track(True, [Step(True, 0., 1., (0, 1), 0), Step(True, .5, 1.5, (0, 2), 0)], (0, 0, 0), np.arange(60)/30)


def test_one_sits_down_before_one_stands_up():
    with pytest.raises(SignbookError, match='put sit before it'):
        moves.stand_up(Script(cast()))
    motion = act(Plan(((Done('stand_up'),),)))
    height = joints(motion)[:, 0, 1]
    assert height[-1] - height[0] > .3 and motion.spans[0].gloss == 'stand_up'
