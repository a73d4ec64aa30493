"""What benchmarks/refit.py measures with, and that a recorded letter survives the fit, with depth and without."""
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).resolve().parent.parent/'benchmarks'))
import refit
from signbook.motion.points import HAND_LIMBS
from signbook.signing.alphabets import MOMENTS, flat_shape, recorded_letters, seen_hands, sight


def test_the_unit_of_depth_is_found():
    rng = np.random.default_rng(0)
    hands = np.einsum('tij,pj->tpi', Rotation.random(60, random_state=0).as_matrix(), rng.normal(0, 30, (21, 3)))
    hands[..., 2] /= 640
    unit = refit.depth_unit(hands, np.array(HAND_LIMBS))
    assert 1/1.15 < unit/640 < 1.15


def letter(rng):
    points, seen = rng.normal(250, 40, (MOMENTS, 75, 3)), np.ones((MOMENTS, 75))
    seen[:, 33:54] = 0
    return points, seen


def test_every_moment_is_judged_once():
    points, seen = letter(np.random.default_rng(1))
    shapes = refit.as_read(points, seen).shapes[:, 0]
    np.testing.assert_allclose(shapes, flat_shape(seen_hands(points, seen)[:, 0]))


def test_a_letter_that_was_not_seen_is_read_as_nothing():
    rng = np.random.default_rng(2)
    points, seen = letter(rng)
    library = dict(A=refit.as_read(points, seen), B=refit.as_read(*letter(rng)))
    seen = np.zeros_like(seen)
    assert refit.as_read(points, seen) is None
    assert refit.answers(dict(A=library['A'], B=None), library) == [('A', 'A', 0), ('B', 'nothing', 2)]


@pytest.mark.parametrize('flat', (False, True))
def test_fitted_letters_look_like_their_recordings(shared_data, flat):
    from signbook.data.fit import fit
    from signbook.signing.alphabets import moments
    file = shared_data/'fingerspelling'/'lls.npz'
    if not file.is_file(): pytest.skip(f'{file} is not here')
    clips = dict(list(recorded_letters(file).items())[:12])
    points, seen = (np.concatenate([clip[i][moments(len(clip[i]))] for clip in clips.values()]) for i in (0, 1))
    found = fit(refit.as_landmarks(points, seen, flat))
    mine, sure = refit.apart(refit.projected(found, points), clips), refit.apart(seen, clips)
    rows = refit.answers({k: refit.as_read(mine[k], sure[k]) for k in clips}, {k: sight(seen_hands(*clip)) for k, clip in clips.items()})
    assert sum(nearer == 0 for *_, nearer in rows) >= 11
