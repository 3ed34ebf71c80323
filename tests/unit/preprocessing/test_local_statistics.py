"""Running mean and deviation agree with those of every box."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from deepem.preprocessing import local_mean_std


@pytest.mark.parametrize("box_size", [1, 2, 3, 8, 15, 17])
@pytest.mark.parametrize("shape", [(17, 31), (40, 17)])
def test_every_box_as_by_itself(box_size, shape):
    image = np.random.default_rng(0).normal(0.5, 1, shape)
    mean, std = local_mean_std(image, box_size)
    boxes = sliding_window_view(image, (box_size, box_size))
    assert mean.shape == std.shape == boxes.shape[:2]
    assert mean.dtype == std.dtype == np.float32
    np.testing.assert_allclose(mean, boxes.mean(axis=(2, 3)), atol=1e-5)
    np.testing.assert_allclose(std, boxes.std(axis=(2, 3)), atol=1e-3 if box_size == 1 else 1e-5)


def test_running_sums_do_not_drift_over_a_large_image():
    image = np.random.default_rng(0).normal(0, 1, (40, 20000)).astype(np.float32)
    image[:, 100] = 1000  # what it adds must leave again
    _, std = local_mean_std(image, 40)
    last = image[:, -40:].astype(float)
    assert std[0, -1] == pytest.approx(last.std(), abs=1e-4)


def test_a_flat_box_has_no_deviation():
    image = np.zeros((20, 30), np.float32)
    image[:, 20:] = 5
    _, std = local_mean_std(image, 10)
    assert np.isfinite(std).all()
    assert std[0, 20] == std[0, 0] == 0
    assert std[0, 15] == pytest.approx(2.5)


@pytest.mark.parametrize("box_size", [0, 18, 31])
def test_a_box_that_does_not_fit_is_refused(box_size):
    with pytest.raises(ValueError, match=r"does not fit into an image \(17, 31\)"):
        local_mean_std(np.zeros((17, 31)), box_size)
