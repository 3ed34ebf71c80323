"""Cells, windows and neighbours are what a plain loop or filter makes of them."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, uniform_filter

from deepem.preprocessing.junk_measures import average_cells, is_filled, odd, usual_height, widen


@pytest.fixture
def image():
    return np.random.default_rng(0).standard_normal((23, 38)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_cells_are_averaged_and_incomplete_ones_dropped(image, n):
    expected = [
        [image[y : y + n, x : x + n].mean() for x in range(0, 38 - n + 1, n)]
        for y in range(0, 23 - n + 1, n)
    ]
    np.testing.assert_allclose(average_cells(image, n), expected, atol=1e-6)


def test_the_usual_height_is_a_percentile_of_the_highest_of_each_cell(image):
    highest = [image[y : y + 5, x : x + 5].max() for y in range(0, 20, 5) for x in range(0, 35, 5)]
    assert usual_height(image, 5.2, 90) == pytest.approx(np.percentile(highest, 90))


def test_an_image_smaller_than_a_cell_is_one_cell(image):
    assert usual_height(image[:3], 50, 90) == image[:3].max()


@pytest.mark.parametrize("n_true", [1, 3, 7, 8, 12, 30, 200])
@pytest.mark.parametrize("place", ["corner", "anywhere"])
@pytest.mark.parametrize("share", [0.62, 0.9, 0.98])
def test_windows_are_filled_as_a_filter_says(n_true, place, share):
    rng = np.random.default_rng(n_true)
    image = np.zeros((20, 30), bool)
    if place == "corner":
        rows, columns = np.indices(image.shape)
        image.ravel()[np.argsort(np.maximum(rows, columns).ravel(), kind="stable")[:n_true]] = True
    else:
        image.ravel()[rng.permutation(image.size)[:n_true]] = True
    expected = uniform_filter(image.astype(np.float64), odd(5)) > share
    np.testing.assert_array_equal(is_filled(image, 5, share), expected)


@pytest.mark.parametrize("shape", [(20, 30), (1, 9), (9, 1), (1, 1)])
def test_widening_reaches_the_eight_neighbours(shape):
    image = np.random.default_rng(0).random(shape) > 0.9
    np.testing.assert_array_equal(widen(image), binary_dilation(image, np.ones((3, 3))))
