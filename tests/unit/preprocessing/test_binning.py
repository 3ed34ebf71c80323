"""Binned pixels are the means of those that they stand for."""

import numpy as np
import pytest

from deepem.preprocessing.binning import bin_by_two


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "f2", "<f4", ">f4", ">i2", "f8"])
def test_means_of_two_by_two_pixels_of_any_type(kind):
    top = 120 if kind in ("i1", "u1") else 30_000
    pixels = np.array([[top, top, 1, 3], [top, top, 5, 7]]).astype(kind)
    binned = bin_by_two(pixels)
    assert binned.dtype == np.float32
    np.testing.assert_array_equal(binned, [[top, 4]])


@pytest.mark.parametrize("shape", [(6, 8), (7, 8), (6, 9), (7, 9), (1, 5), (5, 1), (1, 1)])
def test_odd_sides_end_with_means_of_what_is_there(shape):
    pixels = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    even = np.pad(pixels, [(0, n % 2) for n in shape], mode="edge").astype(np.float64)
    expected = sum(even[row::2, column::2] for row in (0, 1) for column in (0, 1)) / 4
    np.testing.assert_allclose(bin_by_two(pixels), expected, atol=1e-6)


def test_a_pixel_that_is_not_finite_spoils_its_mean_alone():
    pixels = np.ones((4, 4), dtype=np.float32)
    pixels[0, 0], pixels[3, 3] = np.nan, np.inf
    assert np.isfinite(bin_by_two(pixels)).tolist() == [[False, True], [True, False]]
