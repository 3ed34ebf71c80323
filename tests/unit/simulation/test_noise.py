"""Signal is measured in boxes, noise is white and of the asked size."""

import numpy as np
import pytest

from deepem.core import Picks
from deepem.simulation import add_noise, measure_signal_variance


def test_variance_is_that_of_the_boxes_averaged():
    image = np.random.default_rng(0).normal(size=(40, 70)).astype(np.float32)
    boxes = Picks("image", [49.6, 14.0], [10.6, 20.4], box_size_px=8)

    expected = np.mean([image[7:15, 46:54].var(), image[16:24, 10:18].var()])
    assert measure_signal_variance(image, boxes) == pytest.approx(expected, rel=1e-5)


def test_only_the_part_of_a_box_on_the_micrograph_counts():
    image = np.random.default_rng(1).normal(size=(40, 70)).astype(np.float32)

    for x, y, part in [(1, 2, image[:6, :5]), (69, 39, image[35:, 65:])]:
        boxes = Picks("image", [x], [y], box_size_px=8)
        assert measure_signal_variance(image, boxes) == pytest.approx(part.var(), rel=1e-5)


@pytest.mark.parametrize("boxes", [Picks("a", [3], [3]), Picks("a", box_size_px=4)])
def test_without_boxes_there_is_no_signal_to_measure(boxes):
    with pytest.raises(ValueError, match="inside boxes"):
        measure_signal_variance(np.zeros((8, 8), np.float32), boxes)


def test_noise_is_white_gaussian_and_has_the_asked_variance():
    clean = np.full((400, 500), 3, np.float32)
    options = {"signal_variance": 0.2, "snr": 0.05}
    noisy = add_noise(clean, **options, rng=np.random.default_rng(2))
    noise = noisy - clean

    assert noisy.dtype == np.float32
    assert noise.var() == pytest.approx(4.0, rel=0.02)
    assert abs(noise.mean()) < 0.02
    assert (np.abs(noise) < 2).mean() == pytest.approx(0.6827, abs=0.01)
    assert abs((noise[1:] * noise[:-1]).mean()) < 0.05
    assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 0.05
    np.testing.assert_array_equal(add_noise(clean, **options, rng=np.random.default_rng(2)), noisy)
