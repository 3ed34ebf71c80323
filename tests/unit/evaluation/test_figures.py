"""Figures are valid images that show the data."""

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from deepem.core import Frame, Picks
from deepem.evaluation import Matching, PrecisionRecall, evaluate, match_picks
from deepem.evaluation.figures import (
    draw_f_beta,
    draw_picks,
    draw_precision_recall,
    draw_score_histogram,
)

FRAME = Frame((80, 120))
PIXELS = np.random.default_rng(0).normal(size=FRAME.shape)
SKY_BLUE = (86, 180, 233)
DRAWINGS = [draw_precision_recall, draw_f_beta, draw_score_histogram]


def curve_of(scores: list[float]) -> PrecisionRecall:
    """Make a curve: two picks are right, then come wrong ones, and one particle is missed."""
    x = np.arange(len(scores)) * 20.0
    truth = Picks("m", [0, 20, -50], [0, 0, 0])
    return evaluate(Picks("m", x, x * 0, score=scores), truth, max_distance_px=5).curve


def lines_of(svg: str) -> list[str]:
    """List the paths and marker positions drawn, without identifiers, which are random."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own text
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return [
        element.get(key, "")
        for element in root.iter()
        for key in ("d", "x", "y")
        if key in element.attrib
    ]


def colours_of(png: bytes) -> np.ndarray:
    image = Image.open(BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def places_of(png: bytes, colour: tuple[int, int, int]) -> np.ndarray:
    return np.argwhere((colours_of(png) == colour).all(axis=-1))


def matching_at(x: float, y: float) -> Matching:
    return match_picks(Picks("m", [x], [y]), Picks("m", [x], [y]), max_distance_px=8)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_curves_show_their_data(draw):
    one, other = curve_of([0.9, 0.5, 0.3]), curve_of([0.9, 0.2, 0.7])
    assert lines_of(draw(one)) == lines_of(draw(one))
    assert lines_of(draw(one)) != lines_of(draw(other))


@pytest.mark.parametrize("draw", DRAWINGS)
def test_the_threshold_is_marked(draw):
    curve = curve_of([0.9, 0.5, 0.3])
    marked = lines_of(draw(curve, threshold=0.6))
    assert marked != lines_of(draw(curve))
    assert marked != lines_of(draw(curve, threshold=0.4))


def test_a_threshold_above_all_scores_has_no_point_on_the_curve():
    curve = curve_of([0.9, 0.5, 0.3])
    assert lines_of(draw_precision_recall(curve, threshold=0.95)) == lines_of(
        draw_precision_recall(curve)
    )


def test_the_histogram_shows_right_and_wrong_picks():
    usual = lines_of(draw_score_histogram(curve_of([0.9, 0.5, 0.7, 0.3])))
    right_moved = lines_of(draw_score_histogram(curve_of([0.9, 0.6, 0.7, 0.3])))
    wrong_moved = lines_of(draw_score_histogram(curve_of([0.9, 0.5, 0.8, 0.3])))
    assert usual != right_moved
    assert usual != wrong_moved


def test_the_histogram_leaves_out_unknown_scores():
    known, some = curve_of([0.9, 0.5, 0.3]), curve_of([0.9, 0.5, 0.3, np.nan])
    assert lines_of(draw_score_histogram(some)) == lines_of(draw_score_histogram(known))


def test_row_0_is_at_the_top():
    top_left = places_of(draw_picks(PIXELS, frame=FRAME, matching=matching_at(25, 15)), SKY_BLUE)
    right = places_of(draw_picks(PIXELS, frame=FRAME, matching=matching_at(95, 15)), SKY_BLUE)
    lower = places_of(draw_picks(PIXELS, frame=FRAME, matching=matching_at(25, 60)), SKY_BLUE)
    # The legend holds the same marker in all three, so compare the topmost one.
    assert right[0, 1] > top_left[0, 1] + 300
    assert lower[0, 0] > top_left[0, 0] + 150


def test_the_frame_places_picks_on_a_binned_picture():
    full = places_of(draw_picks(PIXELS, frame=FRAME, matching=matching_at(25, 15)), SKY_BLUE)
    binned_frame = Frame(FRAME.shape, origin_px=(1.5, 1.5), step_px=(4.0, 4.0))
    matching = match_picks(
        Picks("m", [101.5], [61.5]), Picks("m", [101.5], [61.5]), max_distance_px=32
    )
    binned = places_of(draw_picks(PIXELS, frame=binned_frame, matching=matching), SKY_BLUE)
    np.testing.assert_array_equal(binned, full)


def test_every_kind_of_pick_has_its_colour():
    picks = Picks("m", [20, 60, 90], [20, 20, 20], score=[0.9, 0.8, 0.7])
    truth = Picks("m", [20, 60], [20, 60])
    ignore = Picks("m", [90], [20])
    matching = match_picks(picks, truth, max_distance_px=8, ignore=ignore)
    png = draw_picks(PIXELS, frame=FRAME, matching=matching)
    n_rows = len(colours_of(png))
    for colour in (SKY_BLUE, (213, 94, 0), (240, 228, 66)):
        rows = places_of(png, colour)[:, 0]
        assert rows.min() < 0.8 * n_rows  # on the picture, not only in the legend


def test_pixels_that_are_not_finite_do_not_matter():
    pixels = PIXELS.copy()
    pixels[40:, 60:] = np.nan
    pixels[0, 0] = np.inf
    png = draw_picks(pixels, frame=FRAME, matching=matching_at(25, 15))
    assert colours_of(png)[:300, :400].std() > 10
    nothing = draw_picks(PIXELS * np.nan, frame=FRAME, matching=matching_at(25, 15))
    assert len(places_of(nothing, SKY_BLUE)) > 0
