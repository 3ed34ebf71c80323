"""Adaptive smoothing takes noise and leaves edges, and parts are as the whole."""

import numpy as np
import pytest
from scipy.signal import wiener

from deepem.preprocessing.adaptive_smoothing import find_noise_variance, smooth_adaptively


@pytest.fixture
def noisy_step():
    """Noise of deviation 0.1 on the left half at 0 and the right half at 2."""
    rng = np.random.default_rng(0)
    return np.where(np.arange(80) < 40, 0.0, 2.0) + rng.normal(0, 0.1, (64, 80))


def test_noise_goes_and_the_step_stays(noisy_step):
    smooth = smooth_adaptively(noisy_step, noise_variance=0.015)
    assert smooth[:, 5:30].std() < 0.3 * noisy_step[:, 5:30].std()
    np.testing.assert_allclose(smooth[:, 41] - smooth[:, 38], 2.0, atol=0.6)


def test_inside_it_agrees_with_scipy(noisy_step):
    expected = wiener(noisy_step, 5, noise=0.01)
    smooth = smooth_adaptively(noisy_step, noise_variance=0.01)
    np.testing.assert_allclose(smooth[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-4)


def test_parts_with_a_margin_are_the_same_as_the_whole(noisy_step):
    whole = smooth_adaptively(noisy_step, noise_variance=0.01, box_size=7)
    part = smooth_adaptively(noisy_step[17:43], noise_variance=0.01, box_size=7)
    np.testing.assert_allclose(part[3:-3], whole[20:40], atol=1e-5)


def test_the_variance_of_noise_is_found_beside_structure(noisy_step):
    assert find_noise_variance(noisy_step, box_size=5) == pytest.approx(0.01, rel=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_narrow_and_constant_images_stay(shape):
    flat = np.full(shape, 1.5, dtype=np.float32)
    np.testing.assert_allclose(smooth_adaptively(flat, noise_variance=1.0), flat)
    assert find_noise_variance(flat) == 0


@pytest.mark.parametrize(("box_size", "noise_variance"), [(4, 1.0), (5, -1.0), (5, np.nan)])
def test_impossible_options_are_refused(box_size, noise_variance):
    with pytest.raises(ValueError, match="odd"):
        smooth_adaptively(np.ones((9, 9)), noise_variance=noise_variance, box_size=box_size)
