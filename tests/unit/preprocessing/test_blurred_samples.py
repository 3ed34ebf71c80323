"""Blurred samples are those of a Gaussian filter, and parts are as the whole."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from deepem.preprocessing.blurred_samples import sample_blurred


@pytest.fixture
def pixels():
    return np.random.default_rng(0).normal(size=(60, 80)).astype(np.float32)


def test_at_the_pixels_it_is_a_gaussian_filter(pixels):
    samples = sample_blurred(pixels, np.arange(60.0), np.arange(80.0), sigma=2.0)
    expected = gaussian_filter(pixels.astype(float), 2.0, truncate=4.0)
    np.testing.assert_allclose(samples[8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-6)


def test_parts_are_the_same_as_the_whole(pixels):
    rows, columns = np.arange(60.0), np.arange(80.0)
    whole = sample_blurred(pixels, rows, columns, sigma=1.7)
    reach = 7  # 4 x 1.7, rounded up
    part = sample_blurred(
        pixels[20 - reach : 40 + reach], rows[20:40] - (20 - reach), columns, sigma=1.7
    )
    np.testing.assert_allclose(part, whole[20:40], atol=1e-6)


def test_between_pixels_it_follows_a_slope():
    slope = np.add.outer(2.0 * np.arange(40), 3.0 * np.arange(50)).astype(np.float32)
    rows, columns = np.array([15.25, 20.5]), np.array([11.75, 30.125, 33.0])
    samples = sample_blurred(slope, rows, columns, sigma=1.0)
    np.testing.assert_allclose(samples, np.add.outer(2 * rows, 3 * columns), rtol=1e-4)


def test_a_constant_stays_up_to_the_edge_and_is_0_out_of_reach():
    flat = np.full((10, 10), 3.0, dtype=np.float32)
    places = np.array([-100.0, -1.0, 0.0, 9.0, 10.0])
    samples = sample_blurred(flat, places, places, sigma=1.0)
    np.testing.assert_allclose(samples[1:, 1:], 3.0, rtol=1e-6)
    assert not samples[0].any()
    assert not samples[:, 0].any()


@pytest.mark.parametrize("sigma", [0.0, 0.39, np.nan])
def test_a_gaussian_that_would_fall_between_pixels_is_refused(pixels, sigma):
    with pytest.raises(ValueError, match=r"at least 0\.4 pixels"):
        sample_blurred(pixels, np.arange(3.0), np.arange(3.0), sigma=sigma)
