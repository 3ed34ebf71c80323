"""Picks get the frame of their micrograph, or an explanation."""

import logging

import numpy as np
import pytest

from deepem.core import Micrograph, Picks
from deepem.errors import ConventionError
from deepem.io import place_picks

NY, NX = 100, 200
MICROGRAPH = Micrograph.from_array(np.zeros((NY, NX)), name="mic", pixel_size_angstrom=1.5)


def test_picks_get_the_frame_and_keep_everything_else():
    picks = Picks("other", [0, 199], [99, 0], score=[0.5, 0.6], std=[1, 2], box_size_px=100)
    placed = place_picks(picks, MICROGRAPH)
    assert placed.micrograph == "mic"
    assert placed.frame == MICROGRAPH.frame
    assert placed.box_size_px == 100
    for column in ("x_px", "y_px", "score", "std"):
        np.testing.assert_array_equal(getattr(placed, column), getattr(picks, column))


def test_no_picks_are_no_problem():
    placed = place_picks(Picks("mic"), MICROGRAPH)
    assert len(placed) == 0
    assert placed.frame == MICROGRAPH.frame


def test_the_image_reaches_half_a_pixel_around_its_outer_pixel_centres():
    picks = Picks(
        "mic", [-0.5, -0.51, 199.5, 199.51, 9, 9, 9, 9], [9, 9, 9, 9, -0.5, -0.51, 99.5, 99.51]
    )
    placed = place_picks(picks, MICROGRAPH)
    assert placed.x_px.tolist() == [-0.5, 199.5, 9, 9]


def test_a_few_outside_are_dropped_and_reported(caplog):
    picks = Picks("mic", [10, 20, 250, 30], [10, 20, 30, np.nan])
    with caplog.at_level(logging.WARNING, logger="deepem.io"):
        placed = place_picks(picks, MICROGRAPH)
    assert placed.x_px.tolist() == [10, 20]
    assert caplog.messages == [
        "mic: 2 of 4 picks are outside the image of 200 x 100 px and are dropped"
    ]


def test_nothing_is_reported_when_all_are_inside(caplog):
    place_picks(Picks("mic", [10], [20]), MICROGRAPH)
    assert not caplog.messages


@pytest.mark.parametrize(
    ("x_px", "y_px", "sentence"),
    [
        (
            [50, 60, 70],
            [150, 180, 20],
            "They would fit with swapped axes: deepem convert --swap-xy exchanges",
        ),
        ([300, 390, 70], [150, 180, 20], r"200 x 100 px, coordinates reach 390, 180"),
        (
            [300, 390, 70],
            [150, 180, 20],
            r"about 1\.9 times.*or bring them to these with deepem convert --binned-by 0\.5",
        ),
        ([-300, -390, 70], [50, 80, 20], r"2 of 3 coordinates.*Use the micrographs they"),
    ],
)
def test_coordinates_of_another_image_are_explained(x_px, y_px, sentence):
    with pytest.raises(ConventionError, match=sentence):
        place_picks(Picks("mic", x_px, y_px), MICROGRAPH)


def test_a_box_larger_than_the_micrograph_is_refused():
    with pytest.raises(ConventionError, match=r"box of 101 px.*200 x 100 px; give the box size"):
        place_picks(Picks("mic", [50], [50], box_size_px=101), MICROGRAPH)
