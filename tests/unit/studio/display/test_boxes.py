"""Boxes are cut where they are asked for, at their size, with the contrast of their micrograph."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from deepem.core import Micrograph
from deepem.errors import FileFormatError, NotFoundError
from deepem.studio.display.boxes import Box, Sprite, cut_box, render_boxes
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import Pyramid


def make_dot(*, x_px, y_px, sigma_px=6.0):
    """A bright dot of height 1 on 0, and at the right end a strip of 1, which is white then."""
    rows, columns = np.indices((800, 900))
    squares = (rows - y_px) ** 2 + (columns - x_px) ** 2
    dot = np.exp(-squares / (2 * sigma_px**2))
    return np.where(columns < 850, dot, 1.0).astype(np.float32)


def find_centre(grey):
    """Centre of what is brighter than half, in pixels of the box from its own centre."""
    weights = np.where(grey > 20, grey, 0.0)
    rows, columns = np.indices(grey.shape)
    middle = (len(grey) - 1) / 2
    return [float((weights * one).sum() / weights.sum() - middle) for one in (columns, rows)]


@pytest.mark.parametrize("lowpass_px", [0, 10])
@pytest.mark.parametrize("box_px", [48, 96, 101, 400])
@pytest.mark.parametrize("side", [64, 97])
def test_a_box_is_around_its_place_and_has_its_size(box_px, side, lowpass_px):
    sigma_px = box_px / 16
    pyramid = Pyramid(Micrograph.from_array(make_dot(x_px=310.25, y_px=420.5, sigma_px=sigma_px)))
    sprite = Sprite(box_px=box_px, side=side, look=Look(0, 100, lowpass_px=lowpass_px))
    grey = cut_box(pyramid, Box("mic", 310.25, 420.5), sprite).astype(float)
    assert grey.shape == (side, side)
    np.testing.assert_allclose(find_centre(grey), [0, 0], atol=0.4)

    aside = cut_box(pyramid, Box("mic", 310.25 - box_px / 4, 420.5), sprite).astype(float)
    np.testing.assert_allclose(find_centre(aside), [side / 4, 0], atol=0.6)


def test_outside_the_micrograph_is_mid_grey():
    pixels = make_dot(x_px=0, y_px=0) + 10
    box = cut_box(Pyramid(Micrograph.from_array(pixels)), Box("mic", 0, 0), Sprite(64, side=64))
    assert (box[:32] == 128).all()
    assert (box[:, :32] == 128).all()
    assert (box[32:34, 32:34] > 200).all()


@pytest.mark.parametrize(("x_px", "y_px"), [(-1e6, 0), (1e6, 1e6), (-100, 400)])
def test_a_box_far_outside_is_all_mid_grey(x_px, y_px):
    pyramid = Pyramid(Micrograph.from_array(make_dot(x_px=5, y_px=5)))
    assert (cut_box(pyramid, Box("mic", x_px, y_px), Sprite(64)) == 128).all()


@pytest.mark.parametrize("box_px", [1, 1e5])
def test_boxes_of_extreme_sizes_are_pictures(box_px):
    pyramid = Pyramid(Micrograph.from_array(make_dot(x_px=50, y_px=50)))
    box = cut_box(pyramid, Box("mic", 50, 50), Sprite(box_px, side=16))
    assert box.shape == (16, 16)


def test_the_contrast_is_that_of_the_whole_micrograph():
    pyramid = Pyramid(Micrograph.from_array(make_dot(x_px=200, y_px=200, sigma_px=60)))
    sprite = Sprite(80)
    at_the_dot, beside_it = (
        cut_box(pyramid, Box("mic", x, x), sprite).mean() for x in (200.0, 650.0)
    )
    assert at_the_dot > 200
    assert beside_it < 60


def test_the_same_box_whether_levels_are_made_or_not(write_micrograph, make_scene):
    micrograph = write_micrograph(make_scene((1100, 1100)))
    fresh, used = Pyramid(micrograph), Pyramid(micrograph)
    used.read(1, slice(0, 1), slice(0, 1))
    sprite = Sprite(500, side=40, look=Look(lowpass_px=40))
    boxes = [cut_box(one, Box("mic", 600, 500), sprite).astype(float) for one in (fresh, used)]
    assert fresh.n_bytes == 0
    np.testing.assert_allclose(*boxes, atol=2)


def test_boxes_are_side_by_side_in_the_order_asked_for(decode):
    levels = {"dark": 0, "bright": 40}
    pyramids = {
        name: Pyramid(
            Micrograph.from_array(
                np.where(np.arange(400) < 200, level, 40 - level) * np.ones((400, 1))
            )
        )
        for name, level in levels.items()
    }
    # At x = 100 the first is dark and the second bright; at x = 300 the other way round.
    asked = [("dark", 100), ("bright", 100), ("bright", 300), ("dark", 300), ("bright", 100)]
    boxes = [Box(name, x, 200) for name, x in asked]
    picture = decode(render_boxes(boxes, Sprite(50, side=32, n_columns=3), pyramids.__getitem__))
    assert picture.shape == (64, 96)
    means = picture.reshape(2, 32, 3, 32).mean(axis=(1, 3)).ravel()
    np.testing.assert_allclose(means, [0, 255, 0, 255, 255, 128], atol=3)


def test_a_file_that_cannot_be_read_leaves_the_others(decode, caplog):
    good = Pyramid(Micrograph.from_array(make_dot(x_px=100, y_px=100)))

    def find(name):
        if name == "broken":
            raise FileFormatError("broken.mrc", "is truncated")
        return good

    boxes = [Box("broken", 100, 100), Box("good", 100, 100)]
    with caplog.at_level(logging.WARNING):
        picture = decode(render_boxes(boxes, Sprite(64, side=32, n_columns=2), find))
    np.testing.assert_allclose(picture[:, :24], 128, atol=3)
    assert picture[14:18, 46:50].mean() > 200
    assert "broken.mrc: is truncated" in caplog.text


def test_an_unknown_micrograph_is_an_error():
    def find(name):
        raise NotFoundError(f"there is no micrograph named {name}")

    with pytest.raises(NotFoundError, match="named nobody"):
        render_boxes([Box("nobody", 1, 1)], Sprite(64), find)
