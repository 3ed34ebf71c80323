"""CryoSegNet's protocol: discs compared pixel by pixel."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import evaluate_pixelwise

TRUTH = [
    Picks("a", [10, 30], [10, 10]),
    Picks("b", [10], [10]),
]
PICKS = [
    # A disc of radius 1 is a cross of 5 pixels. One particle of two, exactly.
    Picks("a", [10], [10]),
    # The cross moved by one pixel shares 2 of 5 with the particle's; another shares none.
    Picks("b", [11, 20], [10, 20]),
]


def test_worked_by_hand():
    result = evaluate_pixelwise(PICKS, TRUTH, diameter_px=2, shape=(24, 40))
    counts = [(row.n_picked_px, row.n_truth_px, row.n_common_px) for row in result.per_micrograph]
    assert counts == [(5, 10, 5), (10, 5, 2)]
    assert result.precision == pytest.approx((5 / 5 + 2 / 10) / 2, abs=1e-3)
    assert result.recall == pytest.approx((5 / 10 + 2 / 5) / 2, abs=1e-3)
    assert result.dice == pytest.approx((10 / 15 + 4 / 15) / 2, abs=1e-3)
    # What CryoSegNet's code prints: the best of each, and F1 from them.
    assert result.highest_precision == 1
    assert result.highest_recall == pytest.approx(0.5, abs=1e-3)
    assert result.highest_f1 == pytest.approx(2 * 1 * 0.5 / 1.5, abs=1e-3)
    assert result.highest_dice == pytest.approx(10 / 15, abs=1e-3)


def test_the_highest_can_be_of_different_micrographs():
    picks = [Picks("a", [10], [10]), Picks("b", [10, 20], [10, 20])]
    result = evaluate_pixelwise(picks, TRUTH, diameter_px=2, shape=(24, 40))
    assert (result.highest_precision, result.highest_recall, result.highest_f1) == (1, 1, 1)
    assert result.highest_dice == pytest.approx(2 / 3, abs=1e-3)


def test_overlapping_discs_count_a_pixel_once():
    picks = Picks("b", [10, 11, 10], [10, 10, 10])
    (row,) = evaluate_pixelwise(picks, TRUTH[1], diameter_px=2, shape=(24, 40)).per_micrograph
    assert (row.n_picked_px, row.n_common_px) == (8, 5)


def test_nothing_picked_is_precise_as_in_their_code():
    result = evaluate_pixelwise([], TRUTH[1], diameter_px=2, shape=(24, 40))
    assert result.precision == 1
    assert result.recall == pytest.approx(0, abs=1e-3)
    assert result.unpicked == ("b",)


coordinates = st.lists(
    st.tuples(st.floats(-8, 28, width=32), st.floats(-8, 20, width=32)), max_size=4
)


@given(coordinates, coordinates.filter(bool), st.floats(0.5, 15))
def test_counts_are_those_of_a_plain_loop(pick_xy, truth_xy, diameter):
    def draw(centres):
        return {
            (row, column)
            for row in range(12)
            for column in range(20)
            for x, y in centres
            if (row - y) ** 2 + (column - x) ** 2 <= (diameter / 2) ** 2
        }

    picks = Picks("m", [x for x, _ in pick_xy], [y for _, y in pick_xy])
    truth = Picks("m", [x for x, _ in truth_xy], [y for _, y in truth_xy])
    result = evaluate_pixelwise(picks, truth, diameter_px=diameter, shape=(12, 20))
    (row,) = result.per_micrograph
    picked, particles = draw(pick_xy), draw(truth_xy)
    assert (row.n_picked_px, row.n_truth_px) == (len(picked), len(particles))
    assert row.n_common_px == len(picked & particles)


def test_the_size_comes_from_the_frame():
    truth = Picks("m", [0], [0], frame=Frame((30, 20)))
    (row,) = evaluate_pixelwise(Picks("m", [19], [29]), truth, diameter_px=4).per_micrograph
    # A quarter of the disc of 13 pixels lies inside: 3 + 2 + 1.
    assert (row.n_picked_px, row.n_truth_px, row.n_common_px) == (6, 6, 0)
    with pytest.raises(ConventionError, match="the command line, give --micrographs"):
        evaluate_pixelwise(PICKS, TRUTH, diameter_px=2)


def test_micrographs_without_known_particles_are_left_out_and_named():
    picks, truth = [*PICKS, Picks("c", [1], [1])], [*TRUTH, Picks("d")]
    result = evaluate_pixelwise(picks, truth, diameter_px=2, shape=(24, 40))
    assert result.left_out == ("d", "c")
    assert result.n_left_out == 2
    assert len(result.per_micrograph) == 2


def test_dictionary_is_plain_json():
    written = evaluate_pixelwise(PICKS, TRUTH, diameter_px=2, shape=(24, 40)).to_dict()
    read = json.loads(json.dumps(written, allow_nan=False))
    assert read == written
    assert read["protocol"] == "pixelwise"
    assert read["per_micrograph"][0]["n_common_px"] == 5


def test_what_cannot_be_drawn_is_explained():
    with pytest.raises(ConfigError, match="diameter_px: must be above 0 px, got 0"):
        evaluate_pixelwise(PICKS, TRUTH, diameter_px=0, shape=(24, 40))
    with pytest.raises(ConfigError, match=r"shape: must be 1 px or more along both axes \(y, x\)"):
        evaluate_pixelwise(PICKS, TRUTH, diameter_px=2, shape=(0, 40))
    with pytest.raises(ConventionError, match="remove them first"):
        evaluate_pixelwise(
            Picks("m", [np.inf], [1]), Picks("m", [1], [1]), diameter_px=2, shape=(9, 9)
        )
