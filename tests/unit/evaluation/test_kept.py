"""What is expected of some candidates is what is expected of a threshold where that decides."""

from dataclasses import astuple

import numpy as np
import pytest

from deepem.core import Picks
from deepem.evaluation.expectation import expect
from deepem.evaluation.kept import expect_kept
from deepem.networks import Calibration

GRID = np.arange(1001) / 1000
CALIBRATION = Calibration(
    slope=1.2, offset=-1, covariance=((0.04, 0.0, 0.01), (0.0, 0.02, 0.0), (0.01, 0.0, 0.09))
)
SCORES = np.round(np.random.default_rng(0).beta(0.4, 0.6, 300), 3)


def count(scores):
    return np.bincount(np.rint(scores * 1000).astype(int), minlength=GRID.size)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("calibration", [None, CALIBRATION])
def test_a_threshold_alone_gives_the_figures_of_the_whole(threshold, calibration):
    factor = None if calibration is None else calibration.logit_error_factor
    is_kept = threshold <= SCORES
    whole = expect(Picks("m", SCORES, SCORES, score=SCORES), logit_error_factor=factor)
    figures = expect_kept(
        GRID,
        count(SCORES[is_kept]),
        count(SCORES[~is_kept]),
        threshold=threshold,
        logit_error=None if factor is None else factor(GRID),
    )
    np.testing.assert_allclose(
        astuple(figures), astuple(whole.at(threshold)), rtol=1e-9, atol=1e-12
    )


def test_a_selection_that_loses_half_of_everything_has_the_same_precision_and_half_the_recall():
    n = count(SCORES)
    all_of_them = expect_kept(GRID, 2 * n, 0 * n, threshold=0.0)
    half = expect_kept(GRID, n, n, threshold=0.0)
    assert half.precision == pytest.approx(all_of_them.precision)
    assert (half.recall, all_of_them.recall) == (pytest.approx(0.5), 1.0)
    assert half.recall_error > all_of_them.recall_error == 0


@pytest.mark.parametrize("n_missed", [0, 5])
def test_of_nothing_kept_there_is_no_precision(n_missed):
    none = np.zeros(1, dtype=np.int64)
    figures = expect_kept(np.array([0.5]), none, none + n_missed, threshold=0.6)
    assert np.isnan([figures.precision, figures.precision_error]).all()
    np.testing.assert_equal(figures.recall, 0.0 if n_missed else np.nan)
    np.testing.assert_equal(figures.recall_error, 0.0 if n_missed else np.nan)
