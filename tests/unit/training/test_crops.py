"""Crops are turned windows of the micrographs, half of them at particles."""

import numpy as np
import pytest

from deepem.training.crops import CropSampler
from deepem.training.heatmaps import HeatMap, draw_bumps


def make_map(shape=(50, 70), centres=(), offset=0):
    """Return a map in which every pixel, target and weight is a number of its own."""
    centres = np.array(centres, dtype=float).reshape(-1, 2)
    numbers = offset + 1 + np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    return HeatMap(numbers, numbers + 0.25, numbers + 0.5, centres)


def turned_windows(image, side):
    """All windows of an array in all eight orientations, by their bytes."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side)).reshape(-1, side, side)
    return {
        turned.tobytes()
        for window in windows
        for one in (window, window[:, ::-1])
        for turned in (np.rot90(one, k).copy() for k in range(4))
    }


@pytest.mark.parametrize("side", [8, 9])
def test_crops_are_turned_windows_of_the_mirrored_micrograph(side):
    heat_map = make_map((14, 11), centres=[(3, 4)])
    crops = CropSampler([heat_map], side=side).draw(60, np.random.default_rng(0))
    margin = side // 2
    for name, mode in (("pixels", "symmetric"), ("target", "constant"), ("weight", "constant")):
        drawn = getattr(crops, name)
        assert drawn.shape == (60, side, side)
        assert drawn.dtype == np.float32
        windows = turned_windows(np.pad(getattr(heat_map, name), margin, mode=mode), side)
        assert all(crop.tobytes() in windows for crop in drawn)


def test_image_target_and_weight_stay_together():
    crops = CropSampler([make_map(centres=[(20, 20)])], side=12).draw(40, np.random.default_rng(1))
    inside = crops.weight > 0
    np.testing.assert_array_equal(crops.target[inside], crops.pixels[inside] + 0.25)
    np.testing.assert_array_equal(crops.weight[inside], crops.pixels[inside] + 0.5)


def test_beyond_the_edges_nothing_is_asked():
    crops = CropSampler([make_map((20, 20))], side=16).draw(200, np.random.default_rng(2))
    outside = crops.weight == 0
    assert 0.1 < outside.mean() < 0.75
    assert (crops.target[outside] == 0).all()
    assert (crops.pixels[outside] > 0).all()  # mirrored


def test_every_orientation_is_drawn_alike():
    heat_map = make_map((9, 9))
    window = np.pad(heat_map.pixels, 4, mode="symmetric")
    orientations = {}
    crops = CropSampler([heat_map], side=9).draw(4000, np.random.default_rng(3)).pixels
    # Which way the numbers rise tells the orientation; those at the middle are not mirrored.
    for crop in crops:
        if sorted(crop.ravel()) != sorted(window[4:13, 4:13].ravel()):
            continue
        orientations[crop.tobytes()] = orientations.get(crop.tobytes(), 0) + 1
    assert len(orientations) == 8


def test_half_of_the_crops_hold_a_particle():
    centre = (500, 700)
    target = draw_bumps((1000, 1400), np.array([centre], float), sigma=3)
    heat_map = HeatMap(target, target, np.ones_like(target), np.array([centre], float))
    crops = CropSampler([heat_map], side=30).draw(400, np.random.default_rng(4))
    tops = crops.target.reshape(400, -1).max(axis=1)
    assert np.mean(tops > 0.9) == pytest.approx(0.5, abs=0.08)
    # It lies in the middle two thirds of its crop, and is spread over them.
    rows, columns = np.array(
        [np.unravel_index(crop.argmax(), crop.shape) for crop in crops.target[tops > 0.9]]
    ).T
    for place in (rows, columns):
        assert place.min() >= 15 - 30 / 3 - 1.5
        assert place.max() <= 15 + 30 / 3 + 1.5
        assert np.ptp(place) > 15


def test_without_particles_crops_come_from_everywhere():
    crops = CropSampler([make_map((40, 40))], side=2).draw(2000, np.random.default_rng(5))
    rows, columns = np.divmod(crops.pixels[:, 0, 0] - 1, 40)
    counts, _, _ = np.histogram2d(rows, columns, bins=4, range=[[0, 40], [0, 40]])
    assert counts.min() > 2000 / 16 / 2


def test_micrographs_are_drawn_by_their_area():
    maps = [make_map((20, 20)), make_map((40, 40), offset=10**5)]
    crops = CropSampler(maps, side=4).draw(1000, np.random.default_rng(6))
    assert np.mean(crops.pixels[:, 2, 2] > 10**5) == pytest.approx(0.8, abs=0.05)


def test_a_micrograph_smaller_than_a_crop_is_mirrored_once():
    crops = CropSampler([make_map((20, 24), centres=[(3, 3)])], side=40).draw(
        20, np.random.default_rng(7)
    )
    assert np.isfinite(crops.pixels).all()
    assert (crops.weight > 0).any(axis=(1, 2)).all()


def test_the_same_generator_gives_the_same_crops():
    sampler = CropSampler([make_map(centres=[(20, 20)]), make_map((30, 30))], side=10)
    one, same, other = (sampler.draw(6, np.random.default_rng(seed)) for seed in (0, 0, 1))
    for name in ("pixels", "target", "weight"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.pixels, other.pixels)
