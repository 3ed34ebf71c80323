"""Classes are judged by the truth, and the control has none."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from deepem.core import Frame, Picks
from deepem.studies.images.class_judgement import judge_classes
from deepem.studies.images.image_rows import ImageRow, draw_image_rows
from deepem.studies.sets.empty_places import draw_empty_places

X, Y, Z = np.eye(3)


def test_classes_are_judged_by_hand() -> None:
    figures = judge_classes(
        np.array([0, 0, 0, 1, 1]),
        np.array([0.95, 0.4]),
        np.stack([Z, X]),
        is_false=np.array([False, False, True, False, True]),
        directions=np.stack([Z, Y, np.full(3, np.nan), -X, np.full(3, np.nan)]),
    )
    assert figures["classes"] == 2
    assert figures["correlation"] == pytest.approx((3 * 0.95 + 2 * 0.4) / 5)
    assert figures["shown_share"] == pytest.approx(3 / 5)
    assert figures["shown_false_share"] == pytest.approx(1 / 3)
    assert figures["view_error_deg"] == pytest.approx(90)  # of 0, 90 and 180
    # a cap of 30 degrees about one direction
    assert figures["views_covered"] == pytest.approx((1 - np.cos(np.pi / 6)) / 2, abs=0.01)


def test_classes_of_nothing_show_nothing() -> None:
    figures = judge_classes(
        np.array([0, 1]),
        np.array([0.5, 0.6]),
        np.stack([Z, X]),
        is_false=np.ones(2, dtype=bool),
        directions=np.full((2, 3), np.nan),
    )
    assert figures["shown_share"] == figures["views_covered"] == 0
    assert np.isnan([figures["shown_false_share"], figures["view_error_deg"]]).all()


def test_empty_places_are_empty_and_depend_on_the_seed_alone() -> None:
    rng = np.random.default_rng(0)
    frame = Frame(shape=(300, 400))
    truth = Picks("m", rng.uniform(0, 399, 30), rng.uniform(0, 299, 30), frame=frame)
    places = draw_empty_places(truth, 50, diameter_px=30, seed=1)
    assert len(places) == 50
    assert places.edge_distance_px().min() >= 15
    distance = np.hypot(places.x_px[:, None] - truth.x_px, places.y_px[:, None] - truth.y_px)
    assert distance.min() >= 21
    same, other = (draw_empty_places(truth, 50, diameter_px=30, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(places.x_px, same.x_px)
    assert not np.array_equal(places.x_px, other.x_px)
    assert len(draw_empty_places(truth, 0, diameter_px=30, seed=1)) == 0


def test_rows_of_images() -> None:
    figure = Figure()
    first = np.arange(48.0).reshape(3, 4, 4)
    rows = [
        ImageRow("first", first, captions=("a", "b", "c")),
        ImageRow("second", np.full((1, 2, 2), np.nan), limits=(0.0, 1.0)),
    ]
    draw_image_rows(figure, rows, n_columns=2)
    shown = [axes for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(shown[1].images[0].get_array(), first[1])
    assert [axes.get_title() for axes in shown] == ["a", "b", ""]
    assert shown[2].images[0].get_clim() == (0, 1)
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["first", "second"]


def test_without_rows_the_figure_stays_empty() -> None:
    figure = Figure()
    draw_image_rows(figure, [], n_columns=2)
    assert figure.axes == []
