"""A calibration keeps the order of scores, and its file form keeps the calibration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from scipy.special import expit, logit

from deepem.errors import ConfigError
from deepem.networks.calibration import Calibration

FIVE_DECIMALS = np.arange(100_001) / 100_000
COVARIANCE = ((0.09, 0.01, 0.02), (0.01, 0.04, 0.0), (0.02, 0.0, 0.25))

curves = st.tuples(st.floats(0.05, 3), st.floats(-8, 3), st.floats(-0.95, 0.95)).map(
    lambda v: Calibration(slope=v[0], offset=v[1], skew=v[0] * v[2])
)


@settings(deadline=None, max_examples=30)
@given(curves)
def test_probabilities_rise_with_the_score(calibration):
    probability = calibration(FIVE_DECIMALS)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert (np.diff(probability) >= 0).all()
    assert (np.diff(calibration(FIVE_DECIMALS[FIVE_DECIMALS < 0.9])) > 0).all()


@pytest.mark.parametrize(
    "calibration", [Calibration(0.3, -6), Calibration(1.5, 2), Calibration(1.2, -3, skew=-0.5)]
)
def test_neighbouring_scores_keep_their_order(calibration):
    assert (np.diff(calibration(FIVE_DECIMALS)) > 0).all()
    below_1 = np.float32(1) - np.arange(20, -1, -1, dtype=np.float32) * np.float32(2.0**-24)
    assert (np.diff(below_1) > 0).all()
    assert (np.diff(calibration(below_1)) > 0).all()


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_slope_1_and_offset_0_change_nothing(scores):
    np.testing.assert_array_equal(Calibration(1, 0)(scores), scores)


@settings(deadline=None)
@given(st.floats(1e-5, 1 - 1e-5), st.floats(0.1, 3), st.floats(-5, 5))
def test_without_skew_it_is_logistic_in_the_logit(score, slope, offset):
    expected = expit(slope * logit(score) + offset)
    assert Calibration(slope, offset)(score) == pytest.approx(expected, rel=1e-9)


def test_the_skew_parts_the_slopes_at_both_ends():
    calibration = Calibration(1.0, -2.0, skew=0.4)
    low, high = np.array([1e-5, 2e-5]), 1 - np.array([2e-5, 1e-5])
    for ends, slope in ((low, 1.4), (high, 0.6)):
        rise = np.diff(logit(calibration(ends))) / np.diff(logit(ends))
        np.testing.assert_allclose(rise, slope, rtol=1e-4)


def test_unknown_scores_stay_unknown_and_shapes_stay():
    scores = np.array([[0.2, np.nan], [1.0, 0.0]])
    probability = Calibration(2, -1)(scores)
    assert probability.shape == (2, 2)
    np.testing.assert_array_equal(np.isnan(probability), np.isnan(scores))
    assert np.isnan(Calibration(1, 0)(scores)).sum() == 1


def test_errors_of_logits_are_those_of_the_values():
    # Oracle: draw slope, skew and offset and look at the spread of the logits.
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal([1.2, 0.3, -2], COVARIANCE, size=4000)
    scores = np.array([0.001, 0.3, 0.8, 0.9999])
    terms = np.column_stack(
        [logit(scores), np.log(scores) + np.log1p(-scores), np.ones(scores.size)]
    )
    calibration = Calibration(1.2, -2, skew=0.3, covariance=COVARIANCE)
    factor = calibration.logit_error_factor(calibration(scores))
    np.testing.assert_allclose(factor @ factor.T, np.cov(terms @ drawn.T), rtol=0.1, atol=0.02)
    assert np.isfinite(calibration.logit_error_factor([0.0, 1.0])).all()


def test_an_unknown_covariance_gives_no_errors():
    assert not Calibration(2, 1).logit_error_factor([0.1, 0.9]).any()


@pytest.mark.parametrize(
    "calibration",
    [Calibration(1.25, -2.5), Calibration(0.7, -3.1, skew=0.1, covariance=COVARIANCE)],
)
def test_it_lives_in_a_header(calibration):
    class Header(BaseModel):
        calibration: Calibration | None = None

    text = Header(calibration=calibration).model_dump_json()
    assert Header.model_validate_json(text).calibration == calibration


@pytest.mark.parametrize(
    ("values", "cure"),
    [
        ({"slope": 0, "offset": 0}, "slope must be above 0.* slope 1 leaves scores as they are"),
        ({"slope": -1, "offset": 0}, "slope must be above 0"),
        ({"slope": 1, "offset": 0, "skew": -1}, "slope must be above 1"),
        ({"slope": np.nan, "offset": 0}, "finite numbers.*slope 1 and offset 0 leave scores"),
        ({"slope": 1, "offset": np.inf}, "finite numbers"),
        (
            {"slope": 1, "offset": 0, "covariance": ((1, 2, 0), (0, 1, 0), (0, 0, 1))},
            "symmetric 3 x 3 .* None says",
        ),
        (
            {"slope": 1, "offset": 0, "covariance": ((-1, 0, 0), (0, 1, 0), (0, 0, 1))},
            "without negative variances",
        ),
    ],
)
def test_impossible_curves_are_refused(values, cure):
    with pytest.raises(ConfigError, match=cure):
        Calibration(**values)
