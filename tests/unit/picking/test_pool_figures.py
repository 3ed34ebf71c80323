"""Figures of a pool are those of its candidates taken together."""

from dataclasses import astuple

import numpy as np
import pytest

from deepem.core import Frame, Picks
from deepem.evaluation.expectation import expect
from deepem.networks import Calibration
from deepem.picking import Selection, select
from deepem.picking.candidate_pool import CandidatePool, PooledCandidates
from deepem.picking.pool_expectation import expect_of_pool
from deepem.picking.pool_histograms import Histogram, draw_histograms

CALIBRATION = Calibration(
    slope=1.2, offset=-1, covariance=((0.04, 0.0, 0.01), (0.0, 0.02, 0.0), (0.01, 0.0, 0.09))
)
RANGE = (0.6, 1.4)
MARGIN_PX = 8.0


def make_candidates(name, seed, n=400):
    rng = np.random.default_rng(seed)
    return Picks(
        name,
        rng.uniform(0, 99, n),
        rng.uniform(0, 99, n),
        score=np.round(rng.beta(0.4, 0.6, n), 5),
        std=rng.normal(1, 0.3, n).astype(np.float32),
        junk=rng.random(n) < 0.1,
        frame=Frame((100, 100)),
    )


CANDIDATES = [make_candidates(name, seed) for seed, name in enumerate("ab")]
POOL = CandidatePool(
    PooledCandidates.of(picks, diameter_px=20, edge_margin_px=MARGIN_PX) for picks in CANDIDATES
)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.99])
def test_the_expectation_is_that_of_deepem_pick(threshold):
    """As `deepem pick` does it: all that only the threshold would leave out."""
    any_score = Selection(std_range=RANGE, edge_margin_px=MARGIN_PX)
    whole = expect(
        [select(picks, any_score) for picks in CANDIDATES],
        logit_error_factor=CALIBRATION.logit_error_factor,
    )
    figures = expect_of_pool(
        POOL, calibration=CALIBRATION, calibrated_range=RANGE, threshold=threshold, std_range=RANGE
    )
    np.testing.assert_allclose(astuple(figures), astuple(whole.at(threshold)), rtol=1e-6)


@pytest.mark.parametrize(
    ("std_range", "calibrated_range", "is_known"),
    [
        (RANGE, RANGE, True),
        ((0.7, 1.3), RANGE, True),
        ((0.5, 1.3), RANGE, False),
        ((0.7, np.inf), RANGE, False),
        (None, RANGE, False),
        (None, None, True),
        (RANGE, None, True),
    ],
)
def test_outside_of_the_calibrated_range_nothing_is_expected(std_range, calibrated_range, is_known):
    figures = expect_of_pool(
        POOL,
        calibration=CALIBRATION,
        calibrated_range=calibrated_range,
        threshold=0.3,
        std_range=std_range,
    )
    assert (figures is not None) == is_known


def test_a_narrower_range_finds_less():
    wide, narrow = (
        expect_of_pool(
            POOL, calibration=CALIBRATION, calibrated_range=RANGE, threshold=0.3, std_range=chosen
        )
        for chosen in (RANGE, (0.9, 1.1))
    )
    assert narrow.n_picks < wide.n_picks
    assert narrow.recall < wide.recall


def test_a_histogram_counts_every_value_once():
    values = np.array([0, 0.1, 0.199999, 0.2, 0.99, 1.0])
    histogram = Histogram.of(values, 0, 1)
    assert histogram.counts.sum() == values.size
    assert histogram.edges[[0, 10, 50]].tolist() == [0, 0.2, 1]
    assert histogram.counts[[0, 5, 9, 10, 49]].tolist() == [1, 1, 1, 1, 2]


def test_values_that_are_as_far_apart_as_numbers_can_be_have_a_histogram():
    values = np.array([-1e308, 0.0, 1e308])
    histogram = Histogram.of(values, values.min(), values.max())
    assert histogram.counts[[0, 25, 49]].tolist() == [1, 1, 1]
    assert np.isfinite(histogram.edges).all()


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_equal_values_have_a_histogram_too(value):
    histogram = Histogram.of(np.full(3, value), value, value)
    assert histogram.counts.sum() == 3
    assert (np.diff(histogram.edges) > 0).all()


def test_outliers_do_not_stretch_the_deviations():
    picks = make_candidates("m", 0)
    std = picks.std.copy()
    std[0] = 1e6
    wild = Picks("m", picks.x_px, picks.y_px, score=np.ones(len(picks)), std=std)
    pool = CandidatePool([PooledCandidates.of(wild, diameter_px=None, edge_margin_px=0)])
    _, stds = draw_histograms(pool, threshold=0.5, score_range=(0, 1), std_range=(0.1, 2.5))
    assert stds.edges[0] <= 0.1
    assert 2.5 <= stds.edges[-1] < 5
    assert stds.counts.sum() == len(picks)


def test_only_usable_candidates_are_drawn():
    scores, stds = draw_histograms(POOL, threshold=0.4, score_range=(0, 1), std_range=None)
    usable = [select(picks, Selection(edge_margin_px=MARGIN_PX)) for picks in CANDIDATES]
    assert scores.counts.sum() == sum(map(len, usable))
    assert stds.counts.sum() == sum((picks.score >= 0.2).sum() for picks in usable)


def test_of_nothing_there_are_empty_histograms():
    for histogram in draw_histograms(
        CandidatePool(), threshold=0.5, score_range=(0, 1), std_range=None
    ):
        assert histogram.counts.tolist() == [0] * 50
