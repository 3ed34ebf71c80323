"""Curves and thresholds, worked by hand and by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import (
    Matching,
    PrecisionRecall,
    average_precision,
    best_threshold,
    f_beta,
    match_picks,
    precision_recall,
)

scored_picks = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.8, 1.0]), st.booleans()), max_size=12
)


def matching_of(scored: list[tuple[float, bool]], *, n_missed: int = 0) -> Matching:
    """Make a matching with these scores, right or wrong, and particles that nothing found."""
    score = [s for s, _ in scored]
    is_right = [right for _, right in scored]
    x = np.arange(len(scored)) * 10.0
    truth_x = np.concatenate(
        [x[np.array(is_right, dtype=bool)], -10.0 * np.arange(1, n_missed + 1)]
    )
    picks, truth = Picks("m", x, x * 0, score=score), Picks("m", truth_x, truth_x * 0)
    return match_picks(picks, truth, max_distance_px=1)


def curve_of(scored: list[tuple[float, bool]], *, n_missed: int = 0) -> PrecisionRecall:
    return precision_recall([matching_of(scored, n_missed=n_missed)])


def test_curve_worked_by_hand():
    # Four particles; of equal scores one is right and one is wrong.
    curve = curve_of(
        [(0.9, True), (0.7, True), (0.7, False), (0.4, False), (0.2, True)], n_missed=1
    )
    assert curve.threshold.tolist() == [0.9, 0.7, 0.4, 0.2]
    assert curve.n_picks.tolist() == [1, 3, 4, 5]
    assert curve.n_true_positive.tolist() == [1, 2, 2, 3]
    assert curve.n_truth == 4
    assert curve.precision.tolist() == [1, 2 / 3, 2 / 4, 3 / 5]
    assert curve.recall.tolist() == [1 / 4, 2 / 4, 2 / 4, 3 / 4]
    # F2 = 5 TP / (TP + FP + 4 x particles), the same thing said in counts.
    np.testing.assert_allclose(curve.f_beta(2), [5 / 17, 10 / 19, 10 / 20, 15 / 21])
    assert average_precision(curve) == pytest.approx(0.25 * 1 + 0.25 * 2 / 3 + 0.25 * 3 / 5)


def test_micrographs_are_pooled_by_score():
    curve = precision_recall(
        [matching_of([(0.9, True)]), matching_of([(0.95, False), (0.9, False)])]
    )
    assert curve.threshold.tolist() == [0.95, 0.9]
    assert curve.n_picks.tolist() == [1, 3]
    assert curve.n_true_positive.tolist() == [0, 1]
    assert curve.n_truth == 1


def test_picks_that_do_not_count_are_not_in_the_curve():
    picks = Picks("m", [10, 50], [0, 0], score=[0.9, 0.8])
    matching = match_picks(
        picks, Picks("m", [50], [0]), max_distance_px=5, ignore=Picks("m", [10], [0])
    )
    curve = precision_recall([matching])
    assert curve.threshold.tolist() == [0.8]
    assert curve.precision.tolist() == [1]


def test_unknown_scores_are_one_last_point():
    curve = curve_of([(np.nan, True), (0.5, True), (np.nan, False)])
    np.testing.assert_array_equal(curve.threshold, [0.5, np.nan])
    assert curve.n_picks.tolist() == [1, 3]
    assert best_threshold(curve) == 0.5


@settings(deadline=None)
@given(scored_picks, st.integers(0, 3))
def test_average_precision_is_the_sum_over_right_picks(scored, n_missed):
    n_truth = sum(right for _, right in scored) + n_missed
    expected = float("nan")
    if n_truth:
        # Every right pick adds 1 / n_truth of recall at the precision of its threshold.
        kept = [[right for other, right in scored if other >= score] for score, _ in scored]
        expected = sum(
            sum(above) / len(above) / n_truth
            for above, (_, right) in zip(kept, scored, strict=True)
            if right
        )
    assert average_precision(curve_of(scored, n_missed=n_missed)) == pytest.approx(
        expected, nan_ok=True
    )


@settings(deadline=None)
@given(scored_picks.filter(lambda scored: any(right for _, right in scored)), st.integers(0, 3))
def test_best_threshold_is_the_best_of_all(scored, n_missed):
    n_truth = sum(right for _, right in scored) + n_missed

    def f2(threshold: float) -> float:
        kept = [right for score, right in scored if score >= threshold]
        return 5 * sum(kept) / (len(kept) + 4 * n_truth)

    chosen = best_threshold(curve_of(scored, n_missed=n_missed))
    scores = sorted({score for score, _ in scored}, reverse=True)
    best = max(scores, key=lambda score: round(f2(score), 12))  # the first, highest, of equals
    lower = [score for score in scores if score < best]
    assert chosen == pytest.approx((best + lower[0]) / 2 if lower else best)
    assert f2(chosen) == pytest.approx(f2(best))


def test_equal_but_for_rounding_is_equal():
    # Two of two right and three of nine right, of three particles: F2 = 10/14 = 15/21.
    scored = [(0.9, True), (0.9, True), (0.5, True), *[(0.5, False)] * 6]
    assert best_threshold(curve_of(scored)) == pytest.approx(0.7)


def test_best_threshold_depends_on_beta():
    curve = curve_of([(0.9, True), (0.5, False), (0.4, False), (0.3, True)])
    assert best_threshold(curve, beta=0.5) == pytest.approx(0.7)
    assert best_threshold(curve, beta=2) == 0.3


def test_there_is_no_middle_between_neighbouring_numbers():
    lower = np.nextafter(0.5, 0)
    assert best_threshold(curve_of([(0.5, True), (lower, False)])) == 0.5
    above = np.nextafter(0.5, 1)
    assert best_threshold(curve_of([(above, True), (0.5, False)])) == above


@pytest.mark.parametrize("scored", [[], [(0.5, False)], [(np.nan, True)]])
def test_no_threshold_without_scored_right_picks(scored):
    with pytest.raises(ConventionError, match="Give picks with scores"):
        best_threshold(curve_of(scored, n_missed=1))


def test_f_beta_worked_by_hand():
    assert f_beta(0.5, 1.0, beta=1) == pytest.approx(2 / 3)
    assert f_beta(0.5, 1.0, beta=2) == pytest.approx(5 / 6)
    assert f_beta(1.0, 0.5, beta=2) == pytest.approx(5 / 9)
    np.testing.assert_array_equal(
        f_beta([0.0, np.nan, 0.0, np.nan], [0.0, 0.0, np.nan, np.nan], beta=2), [0, 0, 0, np.nan]
    )


@pytest.mark.parametrize("beta", [0, -1, np.nan])
def test_beta_out_of_range_is_refused(beta):
    with pytest.raises(ConfigError, match="2 favours recall"):
        f_beta(0.5, 0.5, beta=beta)


def test_empty_curves():
    nothing_picked = curve_of([], n_missed=2)
    assert nothing_picked.threshold.size == 0
    assert average_precision(nothing_picked) == 0
    nothing_there = curve_of([(0.5, False)])
    assert nothing_there.precision.tolist() == [0]
    assert np.isnan(nothing_there.recall).all()
    assert np.isnan(average_precision(nothing_there))
    assert precision_recall([]).n_truth == 0
