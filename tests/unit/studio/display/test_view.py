"""Parts of a view join without seams; filters and contrast are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from deepem.core import Micrograph
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import Pyramid, find_level_shape
from deepem.studio.display.view import view


def view_whole(pyramid, level, look):
    ny, nx = find_level_shape(pyramid.shape, level)
    return view(pyramid, level, slice(0, ny), slice(0, nx), look).astype(float)


def view_in_parts(pyramid, level, look, side):
    ny, nx = find_level_shape(pyramid.shape, level)
    return np.vstack(
        [
            np.hstack(
                [
                    view(
                        pyramid,
                        level,
                        slice(top, min(top + side, ny)),
                        slice(left, min(left + side, nx)),
                        look,
                    )
                    for left in range(0, nx, side)
                ]
            )
            for top in range(0, ny, side)
        ]
    ).astype(float)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(lowpass_px=3),
        Look(lowpass_px=40),
        Look(lowpass_px=500),
        Look(denoise=True),
        Look(lowpass_px=5, denoise=True),
    ],
    ids=str,
)
def test_parts_join_without_seams(write_micrograph, make_scene, level, look):
    pyramid = Pyramid(write_micrograph(make_scene((1101, 700))))
    whole = view_whole(pyramid, level, look)
    parts = view_in_parts(pyramid, level, look, side=96)
    assert whole.std() > 10
    np.testing.assert_allclose(parts, whole, atol=1)  # of 255, by rounding
    assert np.mean(parts != whole) < 0.01


@pytest.mark.parametrize("lowpass_px", [4, 11, 30, 90])
def test_the_lowpass_filter_is_a_gaussian_of_that_width(make_scene, lowpass_px):
    pixels = make_scene((900, 1000))
    expected = gaussian_filter(pixels.astype(float), lowpass_px / 2.3548)
    grey = view_whole(Pyramid(Micrograph.from_array(pixels)), 0, Look(0, 100, lowpass_px))
    inside = slice(3 * lowpass_px, -3 * lowpass_px), slice(3 * lowpass_px, -3 * lowpass_px)
    difference = grey[inside] - np.polyval(
        np.polyfit(expected[inside].ravel(), grey[inside].ravel(), 1), expected[inside]
    )
    assert difference.std() < 0.02 * grey[inside].std()


def test_a_lowpass_filter_means_the_same_at_every_level(make_scene):
    pyramid = Pyramid(Micrograph.from_array(make_scene((1024, 1024))))
    look = Look(lowpass_px=60)
    fine, coarse = view_whole(pyramid, 0, look), view_whole(pyramid, 1, look)
    means = fine.reshape(512, 2, 512, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse, means, atol=3)


def test_black_and_white_are_percentiles_of_the_level(make_scene):
    pixels = make_scene((600, 640))
    for level in (0, 1):
        grey = view_whole(Pyramid(Micrograph.from_array(pixels)), level, Look(20, 70))
        assert np.mean(grey == 0) == pytest.approx(0.2, abs=0.02)
        assert np.mean(grey == 255) == pytest.approx(0.3, abs=0.02)


def test_a_hot_pixel_leaves_the_contrast_and_stays_small_after_the_filter(make_scene):
    pixels = make_scene((600, 600))
    calm = view_whole(Pyramid(Micrograph.from_array(pixels)), 0, Look(lowpass_px=10))
    hot = pixels.copy()
    hot[300, 300] = 1e9
    grey = view_whole(Pyramid(Micrograph.from_array(hot)), 0, Look(lowpass_px=10))
    np.testing.assert_allclose(grey[:250], calm[:250], atol=2)


def test_denoising_calms_the_noise_and_keeps_an_edge():
    rng = np.random.default_rng(0)
    step = np.where(np.arange(600) < 300, -5.0, 5.0) + rng.normal(size=(600, 600))
    pyramid = Pyramid(Micrograph.from_array(step.astype(np.float32)))
    plain, smooth = (view_whole(pyramid, 0, Look(denoise=one)) for one in (False, True))
    assert smooth[:, 20:280].std() < 0.3 * plain[:, 20:280].std()
    assert (smooth[:, 301] - smooth[:, 298]).min() > 100


@pytest.mark.parametrize("look", [Look(), Look(lowpass_px=9), Look(denoise=True)], ids=str)
def test_constant_micrographs_are_mid_grey(look):
    pyramid = Pyramid(Micrograph.from_array(np.full((600, 300), 7, dtype=np.int8)))
    for level in (0, 1):
        assert (view_whole(pyramid, level, look) == 128).all()


def test_a_few_pixels_on_a_constant_are_seen():
    pixels = np.zeros((500, 500), dtype=np.uint8)
    pixels[300, 300:303] = 9
    grey = view_whole(Pyramid(Micrograph.from_array(pixels)), 0, Look())
    assert grey[300, 301] > grey[0, 0] + 200


def test_no_banding_in_a_narrow_range_of_grey():
    slope = np.broadcast_to(np.linspace(0, 1, 1024, dtype=np.float32), (1024, 1024)) + 1000
    pyramid = Pyramid(Micrograph.from_array(slope))
    for level in (0, 1):
        steps = np.diff(view_whole(pyramid, level, Look(40, 60))[0])
        assert steps.min() >= 0
        assert steps.max() <= 3
