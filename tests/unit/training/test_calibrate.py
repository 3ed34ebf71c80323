"""Calibrations are recovered, and stay sane where there is little to learn from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import expit

from deepem.errors import ConfigError, ConventionError
from deepem.networks.calibration import Calibration, calibration_terms
from deepem.training.calibrate import fit_calibration

labelled_scores = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)


def draw(calibration: Calibration, *, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw scores, most of them low, and what they are under a known calibration."""
    rng = np.random.default_rng(seed)
    score = expit(rng.normal(-1.5, 3, size=n)).round(5)
    return score, rng.random(n) < calibration(score)


@pytest.mark.parametrize(
    "truth", [Calibration(0.6, -1), Calibration(1.8, 2), Calibration(1, -2, skew=0.4)]
)
def test_a_known_calibration_is_recovered_within_its_errors(truth):
    fitted = fit_calibration(*draw(truth, n=20_000))
    errors = np.sqrt(np.diag(fitted.covariance))
    off = np.array(
        [fitted.slope - truth.slope, fitted.skew - truth.skew, fitted.offset - truth.offset]
    )
    assert (np.abs(off) < 4 * errors).all()
    assert (errors < 0.2).all()
    scores = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(fitted(scores), truth(scores), atol=0.03)


def test_errors_tell_the_spread_of_fits():
    truth = Calibration(1.2, -1)
    fits = [fit_calibration(*draw(truth, n=600, seed=seed)) for seed in range(60)]
    values = np.array([(one.slope, one.skew, one.offset) for one in fits])
    stated = np.sqrt(np.mean([np.diag(one.covariance) for one in fits], axis=0))
    np.testing.assert_allclose(values.std(axis=0), stated, rtol=0.4)


@settings(deadline=None)
@given(labelled_scores)
def test_any_candidates_give_a_rising_curve_at_the_maximum(labelled):
    score = np.array([s for s, _ in labelled])
    is_right = np.array([right for _, right in labelled], dtype=bool)
    fitted = fit_calibration(score, is_right)
    ends = np.array([fitted.slope + fitted.skew, fitted.slope - fitted.skew])
    assert (ends > 0.049).all()
    assert (ends < 15).all()
    assert abs(fitted.offset) < 60

    def cost(values: np.ndarray) -> float:
        slope_low, slope_high, offset = values
        weights = [(slope_low + slope_high) / 2, (slope_low - slope_high) / 2, offset]
        z = calibration_terms(score) @ weights
        prior = ((values[:2] - 1) ** 2).sum() / 2 + (offset / 3) ** 2 / 2
        return float(np.logaddexp(0, np.where(is_right, -z, z)).sum() + prior)

    # At the maximum nothing is gained in any direction that the bounds allow.
    gradient = approx_fprime(np.array([*ends, fitted.offset]), cost, 1e-6)
    gradient[:2][(ends < 0.0501) & (gradient[:2] > 0)] = 0
    np.testing.assert_allclose(gradient, 0, atol=2e-3)


def test_without_candidates_scores_stay_as_they_are():
    fitted = fit_calibration([], [])
    assert (fitted.slope, fitted.offset, fitted.skew) == (1, 0, 0)
    np.testing.assert_allclose(np.sqrt(fitted.covariance[2][2]), 3)


@pytest.mark.parametrize("smooth_targets", [False, True])
@pytest.mark.parametrize("is_right", [True, False])
def test_all_right_or_none_right_is_no_extreme(is_right, smooth_targets):
    scores = np.linspace(0.3, 0.95, 16)
    fitted = fit_calibration(scores, np.full(16, is_right), smooth_targets=smooth_targets)
    assert 0.05 <= fitted.slope < 3
    probability = fitted(scores)
    assert (probability > 0.5).all() if is_right else (probability < 0.5).all()
    assert ((probability > 1e-6) & (probability < 1 - 1e-6)).all()


def test_a_perfect_parting_gives_no_extreme_slope():
    scores = np.concatenate([np.linspace(0.8, 0.99, 16), np.linspace(0.0, 0.1, 3000)])
    is_right = np.arange(scores.size) < 16
    fitted = fit_calibration(scores, is_right)
    assert 0.5 < fitted.slope < 3
    assert fitted(scores[is_right]).min() > 0.5
    assert fitted(scores[~is_right]).max() < 0.5


def test_scores_that_tell_nothing_give_a_flat_curve():
    rng = np.random.default_rng(0)
    scores, is_right = rng.random(5000), rng.random(5000) < 0.2
    np.testing.assert_allclose(fit_calibration(scores, is_right)([0.1, 0.5, 0.9]), 0.2, atol=0.03)
    backwards = fit_calibration(scores, scores < 0.3)
    assert backwards.slope == pytest.approx(0.05, abs=1e-6)


def test_a_weight_is_a_number_of_candidates():
    scores, is_right = draw(Calibration(1, -1), n=50)
    n_times = np.arange(50) % 3
    weighted = fit_calibration(scores, is_right, weights=n_times)
    repeated = fit_calibration(np.repeat(scores, n_times), np.repeat(is_right, n_times))
    grid = np.linspace(0, 1, 20)
    np.testing.assert_allclose(weighted(grid), repeated(grid), atol=1e-4)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, atol=1e-3)


def test_micrographs_that_differ_widen_the_errors():
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(30), 300)
    scores = expit(rng.normal(-1.5, 3, size=groups.size))
    alike = rng.random(groups.size) < Calibration(1, -1)(scores)
    offsets = rng.normal(-1, 1, size=30)[groups]
    differing = rng.random(groups.size) < expit(np.log(scores / (1 - scores)) + offsets)

    def offset_error(is_right: np.ndarray, groups: np.ndarray | None) -> float:
        return fit_calibration(scores, is_right, groups=groups).covariance[2][2] ** 0.5

    assert offset_error(alike, groups) == pytest.approx(offset_error(alike, None), rel=0.4)
    # The mean of 30 offsets of deviation 1.
    assert offset_error(differing, groups) == pytest.approx(1 / np.sqrt(30), rel=0.4)
    assert offset_error(differing, None) < 0.11
    one = np.zeros(groups.size)
    assert offset_error(differing, one) == offset_error(differing, None)


@settings(deadline=None)
@given(labelled_scores, st.integers(1, 5))
def test_groups_never_narrow_the_errors_nor_move_the_curve(labelled, n_groups):
    score, is_right = [s for s, _ in labelled], [right for _, right in labelled]
    alone = fit_calibration(score, is_right)
    groups = [f"mic_{place % n_groups}" for place in range(len(score))]
    grouped = fit_calibration(score, is_right, groups=groups)
    assert (grouped.slope, grouped.skew, grouped.offset) == (alone.slope, alone.skew, alone.offset)
    wider = np.array(grouped.covariance) - np.array(alone.covariance)
    assert np.linalg.eigvalsh(wider).min() > -1e-6


def test_the_order_of_candidates_does_not_matter():
    scores, is_right = draw(Calibration(1.4, -1), n=300)
    order = np.random.default_rng(1).permutation(300)
    one, other = fit_calibration(scores, is_right), fit_calibration(scores[order], is_right[order])
    assert one.slope == pytest.approx(other.slope, abs=1e-4)
    assert one.offset == pytest.approx(other.offset, abs=1e-4)


def test_smooth_targets_flatten_the_curve():
    scores = np.concatenate([np.linspace(0.7, 0.99, 16), np.geomspace(1e-5, 0.3, 3000)])
    is_right = np.arange(scores.size) < 16
    smooth = fit_calibration(scores, is_right, smooth_targets=True)
    assert smooth.slope < fit_calibration(scores, is_right).slope


@pytest.mark.parametrize(
    ("arguments", "options", "error", "cure"),
    [
        (([0.1, 0.2], [True]), {}, ConventionError, "give one of each"),
        (([0.1], [True]), {"weights": [1, 2]}, ConventionError, "give one of each"),
        (([0.1], [True]), {"groups": ["a", "b"]}, ConventionError, "give one of each"),
        (([1.2], [True]), {}, ConventionError, "leave out candidates without a score"),
        (([np.nan], [True]), {}, ConventionError, "leave out candidates without a score"),
        (([0.1], [True]), {"weights": [-1]}, ConfigError, "leave them out for 1 each"),
        (([0.1], [True]), {"weights": [np.nan]}, ConfigError, "leave them out for 1 each"),
    ],
)
def test_what_cannot_be_fitted_is_refused(arguments, options, error, cure):
    with pytest.raises(error, match=cure):
        fit_calibration(*arguments, **options)
