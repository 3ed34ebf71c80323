"""Eigenimages are the principal components, and capture what varies."""

from __future__ import annotations

import numpy as np
import pytest

from deepem.errors import ConfigError
from deepem.studies.images.eigenimages import find_eigenimages


def test_planted_components_come_back() -> None:
    rng = np.random.default_rng(0)
    planted = np.linalg.qr(rng.standard_normal((36, 2)))[0].T
    mean = rng.standard_normal(36)
    weights = rng.standard_normal((300, 2)) * [5, 2]
    boxes = (mean + weights @ planted + 0.01 * rng.standard_normal((300, 36))).reshape(-1, 6, 6)
    found = find_eigenimages(boxes, n_images=2)
    np.testing.assert_allclose(found.mean.ravel(), boxes.reshape(300, -1).mean(axis=0))
    overlap = np.abs(found.images.reshape(2, -1) @ planted.T)
    np.testing.assert_allclose(overlap, np.eye(2), atol=0.1)
    # the eigenvalues of the covariance, by another road
    values = np.linalg.eigvalsh(np.cov(boxes.reshape(300, -1).T))[::-1]
    np.testing.assert_allclose(found.variance_fraction, values[:2] / values.sum())
    assert found.measure_captured(boxes) == pytest.approx(found.variance_fraction.sum())


def test_what_has_nothing_to_do_with_the_boxes_is_captured_by_chance() -> None:
    rng = np.random.default_rng(0)
    found = find_eigenimages(rng.standard_normal((50, 10, 10)), n_images=5)
    captured = found.measure_captured(rng.standard_normal((400, 10, 10)))
    assert captured == pytest.approx(5 / 100, rel=0.1)


def test_too_few_boxes() -> None:
    with pytest.raises(ConfigError, match="1 to 3 for 4 boxes"):
        find_eigenimages(np.zeros((4, 2, 2)), n_images=4)
