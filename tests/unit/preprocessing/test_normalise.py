"""Grey values are limited robustly, whatever the type of the pixels."""

import numpy as np
import pytest

from deepem.errors import MicrographError
from deepem.preprocessing import clip_outliers, standardise


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(100, 10, (70, 90)).astype(np.float32)


def test_hot_and_dead_pixels_are_limited(image):
    damaged = image.copy()
    damaged[3, 4], damaged[50, 60], damaged[8, 80] = 1e6, -1e6, 151
    clipped = clip_outliers(damaged)
    median = np.median(damaged)
    sigma = 1.4826 * np.median(np.abs(damaged - median))
    assert clipped[3, 4] == clipped[8, 80] == pytest.approx(median + 5 * sigma)
    assert clipped[50, 60] == pytest.approx(median - 5 * sigma)
    is_good = np.abs(damaged - median) < 4.9 * sigma
    assert is_good.sum() == image.size - 3
    np.testing.assert_array_equal(clipped[is_good], image[is_good])


def test_width_is_what_is_asked(image):
    clipped = clip_outliers(image, n_sigma=1)
    assert clipped.min() == pytest.approx(90, abs=0.6)
    assert clipped.max() == pytest.approx(110, abs=0.6)


def test_a_few_pixels_that_are_not_finite_get_the_median(image):
    damaged = image.copy()
    damaged[0, 0], damaged[1, 1], damaged[2, 2] = np.nan, np.inf, -np.inf
    median = np.median(damaged[np.isfinite(damaged)])
    np.testing.assert_allclose(np.diag(clip_outliers(damaged))[:3], median)


def test_many_pixels_that_are_not_finite_are_an_error(image):
    image[:7] = np.nan  # a tenth
    with pytest.raises(MicrographError, match=r"mic\.mrc: 10 % of the pixels .* leave it out"):
        clip_outliers(image, label="mic.mrc")
    image[:] = np.nan
    with pytest.raises(MicrographError, match="100 % of the pixels"):
        clip_outliers(image)


def test_up_to_a_twentieth_may_be_not_finite(image):
    image.ravel()[: image.size // 20] = np.nan
    assert np.isfinite(clip_outliers(image)).all()
    image.ravel()[: image.size // 20 + 1] = np.nan
    with pytest.raises(MicrographError, match="5 % of the pixels"):
        clip_outliers(image)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16, np.float32])
def test_a_constant_image_is_an_error(dtype):
    with pytest.raises(MicrographError, match=r"mic\.mrc: every pixel has the value 3.* leave it"):
        clip_outliers(np.full((50, 60), 3, dtype), label="mic.mrc")


def test_a_constant_image_with_bad_pixels_is_an_error():
    image = np.full((50, 60), 3, np.float32)
    image[1, 2], image[3, 4] = np.nan, np.inf
    with pytest.raises(MicrographError, match="every pixel has the value 3"):
        clip_outliers(image)


def test_an_image_of_mostly_equal_counts_keeps_its_contrast():
    # More than half of the counts are 0, so the median absolute deviation is 0, too.
    counts = np.random.default_rng(0).poisson(0.2, (80, 90)).astype(np.uint8)
    clipped = clip_outliers(counts)
    deviation = counts.std()
    np.testing.assert_allclose(clipped, np.minimum(counts, 5 * deviation), rtol=1e-6)
    assert clipped.std() > 0.9 * deviation


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "<f2", ">f4", ">i2", ">u2", "f8"])
def test_the_type_of_the_pixels_does_not_matter(image, dtype):
    whole = np.rint(image)
    pixels = whole.astype(dtype)
    pixels.flags.writeable = False
    clipped = clip_outliers(pixels)
    assert clipped.dtype == np.float32
    assert clipped.dtype.isnative
    np.testing.assert_array_equal(clipped, clip_outliers(whole))


def test_half_precision_does_not_overflow():
    pixels = np.random.default_rng(0).normal(60000, 1000, (300, 300)).clip(0, 65000)
    half = pixels.astype(np.float16)
    standard = standardise(clip_outliers(half))
    assert np.corrcoef(standard.ravel(), pixels.ravel())[0, 1] > 0.999


def test_the_pixels_are_left_alone(image):
    image[3, 4], image[5, 6] = 1e6, np.nan
    before = image.copy()
    clipped = clip_outliers(image)
    np.testing.assert_array_equal(image, before)
    assert not np.shares_memory(clipped, image)


def test_grey_values_of_a_large_image_are_sampled_evenly():
    # Bright in one half: a sample from one corner would clip the other half away.
    pixels = np.random.default_rng(0).normal(0, 1, (1500, 3000)).astype(np.float32)
    pixels[:, 1500:] += 8
    assert np.abs(clip_outliers(pixels) - pixels).max() == 0


def test_standardised_is_mean_0_and_deviation_1(image):
    standard = standardise(image)
    assert standard.dtype == np.float32
    assert standard.mean() == pytest.approx(0, abs=1e-5)
    assert standard.std() == pytest.approx(1, abs=1e-5)
    expected = (image - image.mean(dtype=float)) / image.std(dtype=float)
    np.testing.assert_allclose(standard, expected, atol=1e-5)
