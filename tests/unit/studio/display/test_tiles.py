"""Tiles cover each level once, with row 0 at the top."""

from __future__ import annotations

import numpy as np
import pytest

from deepem.core import Micrograph
from deepem.errors import NotFoundError
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import Pyramid
from deepem.studio.display.tiles import render_tile


@pytest.fixture
def pyramid(make_scene):
    return Pyramid(Micrograph.from_array(make_scene((1100, 700))))


def test_the_last_tiles_are_smaller(pyramid, decode):
    shapes = {
        (level, column, row): decode(render_tile(pyramid, level, column, row, Look())).shape
        for level, column, row in [(0, 0, 0), (0, 1, 0), (0, 1, 2), (1, 0, 0), (1, 0, 1), (2, 0, 0)]
    }
    assert shapes == {
        (0, 0, 0): (512, 512),
        (0, 1, 0): (512, 188),
        (0, 1, 2): (76, 188),
        (1, 0, 0): (512, 350),
        (1, 0, 1): (38, 350),
        (2, 0, 0): (275, 175),
    }


def test_the_first_row_is_at_the_top_and_the_first_column_at_the_left(pyramid, decode):
    whole = decode(render_tile(pyramid, 2, 0, 0, Look()))
    assert whole[:90].mean() > whole[-90:].mean() + 50
    assert whole[:, -60:].mean() > whole[:, :60].mean() + 25


def test_a_tile_shows_its_pixels(pyramid, make_scene, decode):
    tile = decode(render_tile(pyramid, 0, 1, 1, Look(0, 100)))
    expected = make_scene((1100, 700))[512:1024, 512:]
    assert np.corrcoef(tile.ravel(), expected.ravel())[0, 1] > 0.97


@pytest.mark.parametrize(
    ("level", "column", "row"),
    [(3, 0, 0), (-1, 0, 0), (0, 2, 0), (0, 0, 3), (0, -1, 0), (2, 1, 0), (2, 0, 1), (10**30, 0, 0)],
)
def test_a_tile_that_is_not_there_is_an_error(pyramid, level, column, row):
    with pytest.raises(NotFoundError, match=r"there is no(ne| level)|so there is none"):
        render_tile(pyramid, level, column, row, Look())
