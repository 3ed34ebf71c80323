"""Reliability worked by hand, of probabilities that hold, and its picture."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import match_picks
from deepem.evaluation.reliability import bin_probabilities, measure_reliability
from deepem.evaluation.reliability_figure import draw_reliability

answered = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30)


def test_worked_by_hand():
    measured = bin_probabilities([0.1, 0.3, 0.8, 0.8, 1.0], [0, 1, 1, 0, 1], n_bins=2)
    assert measured.edges.tolist() == [0, 0.5, 1]
    assert measured.n.tolist() == [2, 3]
    assert measured.n_right.tolist() == [1, 2]
    np.testing.assert_allclose(measured.predicted, [0.2, 2.6 / 3])
    np.testing.assert_allclose(measured.observed, [0.5, 2 / 3])
    assert measured.expected_calibration_error == pytest.approx(0.4 * 0.3 + 0.6 * 0.2)
    assert measured.brier_score == pytest.approx((0.01 + 0.49 + 0.04 + 0.64 + 0) / 5)


@settings(deadline=None)
@given(answered, st.integers(1, 12))
def test_bins_hold_what_lies_between_their_edges(candidates, n_bins):
    probability = np.array([p for p, _ in candidates])
    is_right = np.array([right for _, right in candidates])
    measured = bin_probabilities(probability, is_right, n_bins=n_bins)
    for place in range(n_bins):
        low, high = measured.edges[place : place + 2]
        inside = (low <= probability) & ((probability < high) | (place == n_bins - 1))
        assert measured.n[place] == inside.sum()
        assert measured.n_right[place] == is_right[inside].sum()
        if inside.any():
            assert measured.predicted[place] == pytest.approx(probability[inside].mean())
            low, high = measured.observed_interval[:, place]
            assert 0 <= low <= measured.observed[place] <= high <= 1
    assert 0 <= measured.expected_calibration_error <= 1
    assert 0 <= measured.brier_score <= 1


def test_edges_are_the_decimal_numbers_that_they_seem():
    measured = bin_probabilities(np.arange(11) / 10, np.zeros(11), n_bins=10)
    assert measured.n.tolist() == [1] * 9 + [2]


def test_probabilities_that_hold_lie_on_the_diagonal():
    rng = np.random.default_rng(0)
    probability = rng.random(50_000)
    is_right = rng.random(50_000) < probability
    measured = bin_probabilities(probability, is_right)
    assert measured.expected_calibration_error < 0.01
    assert measured.brier_score == pytest.approx(1 / 6, abs=0.005)  # the mean of p (1 - p)
    low, high = measured.observed_interval
    n_within = np.sum((low <= measured.predicted) & (measured.predicted <= high))
    assert 4 <= n_within <= 10  # of 10, two thirds on average
    assert bin_probabilities(probability**2, is_right).expected_calibration_error > 0.1


def test_only_candidates_that_count_are_measured():
    picks = Picks("m", [10, 50, 90], [0, 0, 0], score=[0.9, 0.8, 0.7])
    truth, ignore = Picks("m", [50], [0]), Picks("m", [10], [0])
    matching = match_picks(picks, truth, max_distance_px=5, ignore=ignore)
    measured = measure_reliability([matching, matching], n_bins=1)
    assert measured.n.tolist() == [4]
    assert measured.n_right.tolist() == [2]
    np.testing.assert_allclose(measured.predicted, [0.75])


def test_without_candidates_nothing_is_said():
    measured = measure_reliability([])
    assert measured.n.tolist() == [0] * 10
    assert np.isnan(measured.observed).all()
    assert np.isnan(measured.predicted).all()
    assert np.isnan(measured.observed_interval).all()
    assert np.isnan(measured.expected_calibration_error)
    assert np.isnan(measured.brier_score)


@pytest.mark.parametrize("score", [np.nan, -0.1, 1.5])
def test_what_is_no_probability_is_refused(score):
    with pytest.raises(ConventionError, match="model with a calibration"):
        bin_probabilities([0.5, score], [True, False])


def test_no_bins_are_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        bin_probabilities([0.5], [True], n_bins=0)


def test_the_picture_shows_its_data():
    def paths(*candidates: tuple[float, bool]) -> list[str]:
        probability, is_right = zip(*candidates, strict=True)
        svg = draw_reliability(bin_probabilities(probability, is_right))
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own text
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        return [element.get(key, "") for element in root.iter() for key in ("d", "x", "y")]

    some = paths((0.1, False), (0.72, True))
    assert some == paths((0.1, False), (0.72, True))
    assert some != paths((0.1, True), (0.72, True))
    assert some != paths((0.1, False), (0.78, True))
