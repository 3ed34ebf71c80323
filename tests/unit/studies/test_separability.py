"""Probes and their areas, against values by hand."""

from __future__ import annotations

import numpy as np
import pytest

from deepem.errors import ConfigError
from deepem.studies.images.separability import (
    measure_auc,
    probe_linearly,
    probe_mean_difference,
    probe_single_value,
)


def test_area_counts_pairs() -> None:
    scores, is_particle = np.array([3.0, 1, 2, 2, 0]), np.array([True, True, False, True, False])
    # pairs: 3 > 2, 3 > 0, 1 < 2, 1 > 0, 2 = 2, 2 > 0
    assert measure_auc(scores, is_particle) == pytest.approx(4.5 / 6)
    assert measure_auc(-scores, is_particle) == pytest.approx(1.5 / 6)
    assert measure_auc(np.zeros(5), is_particle) == 0.5


def test_area_of_one_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="give some of each"):
        measure_auc(np.zeros(3), np.ones(3, dtype=bool))


def test_mean_difference_by_hand() -> None:
    features = np.array([[1.0, 0], [3, 2], [0, 4]])
    scores = probe_mean_difference(features, np.array([True, True, False]), np.array([[1.0, 1]]))
    np.testing.assert_allclose(scores, [2 - 3])


def test_linear_probe_is_ridge_regression_with_an_intercept() -> None:
    rng = np.random.default_rng(0)
    features, others = rng.standard_normal((20, 4)), rng.standard_normal((6, 4))
    is_particle = rng.random(20) < 0.4
    centred = features - features.mean(axis=0)
    target = np.where(is_particle, 1.0, -1.0)
    ridge = (centred**2).sum() / 20
    inner = centred.T @ centred + ridge * np.eye(4)
    weights = np.linalg.solve(inner, centred.T @ (target - target.mean()))
    expected = (others - features.mean(axis=0)) @ weights
    np.testing.assert_allclose(probe_linearly(features, is_particle, others), expected)


def test_features_that_never_change_tell_nothing() -> None:
    features, is_particle = np.full((4, 3), 2.0), np.array([True, False, True, False])
    scores = probe_linearly(features, is_particle, features)
    assert measure_auc(scores, is_particle) == 0.5


def test_the_one_value_that_tells_most_and_its_sign() -> None:
    # The first differs most, the second most in units of its deviation, the third never changes.
    features = np.array([[9.0, 1, 5], [1, 1.1, 5], [1, 2, 5], [-7, 2.1, 5]])
    is_particle = np.array([True, True, False, False])
    scores = probe_single_value(features, is_particle, np.array([[7.0, 3, 1], [0, 4, 2]]))
    np.testing.assert_array_equal(scores, [-3, -4])


@pytest.mark.parametrize("probe", [probe_linearly, probe_mean_difference, probe_single_value])
def test_probes_generalise(probe: object) -> None:
    rng = np.random.default_rng(1)
    is_particle = np.arange(200) % 2 == 0
    features = rng.standard_normal((200, 50))
    features[is_particle, 0] += 3
    scores = probe(features[:100], is_particle[:100], features[100:])  # type: ignore[operator]
    assert measure_auc(scores, is_particle[100:]) > 0.9
    shuffled = rng.permutation(is_particle[:100])
    scores = probe(features[:100], shuffled, features[100:])  # type: ignore[operator]
    assert measure_auc(scores, is_particle[100:]) < 0.85
