"""Boxes are cut where the picks are, white, on a background of mean 0 and deviation 1."""

from __future__ import annotations

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import ConfigError
from deepem.studies.images.white_boxes import cut_white_boxes


def test_boxes_are_inverted_and_their_background_is_normal() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(500, 7, size=(60, 80))
    pixels[30, 41] -= 300  # a dark particle of one pixel
    (box,) = cut_white_boxes(pixels, Picks("m", [41.2], [29.8]), box_size_px=16, diameter_px=10)
    assert np.unravel_index(box.argmax(), box.shape) == (8, 8)
    span = np.arange(16) - 8
    background = box[np.hypot(span, span[:, None]) > 5]
    assert background.mean() == pytest.approx(0, abs=1e-5)
    assert background.std() == pytest.approx(1, abs=1e-5)
    cut = pixels[22:38, 33:49]
    np.testing.assert_allclose(np.corrcoef(box.ravel(), cut.ravel())[0, 1], -1, atol=1e-6)


def test_edge_pixels_are_repeated_and_flat_boxes_stay_finite() -> None:
    pixels = np.zeros((20, 20), dtype=np.uint8)
    boxes = cut_white_boxes(pixels, Picks("m", [0, 19], [0, 10]), box_size_px=8, diameter_px=6)
    np.testing.assert_array_equal(boxes, np.zeros((2, 8, 8)))


def test_a_circle_that_leaves_no_background_is_refused() -> None:
    with pytest.raises(ConfigError, match="make the box larger"):
        cut_white_boxes(np.zeros((20, 20)), Picks("m", [9], [9]), box_size_px=8, diameter_px=8)


def test_no_picks_no_boxes() -> None:
    boxes = cut_white_boxes(np.zeros((20, 20)), Picks("m"), box_size_px=8, diameter_px=6)
    assert boxes.shape == (0, 8, 8)


def test_boxes_that_are_not_normalised_keep_their_grey_values() -> None:
    pixels = np.arange(400.0).reshape(20, 20)
    (box,) = cut_white_boxes(
        pixels, Picks("m", [9], [10]), box_size_px=4, diameter_px=3, normalise=False
    )
    np.testing.assert_array_equal(box, -pixels[8:12, 7:11])
