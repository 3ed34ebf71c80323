"""Fourier cropping keeps waves, mean and place, whatever the factor and the sides."""

import numpy as np
import pytest
from scipy.fft import dctn

from deepem.preprocessing import clip_outliers, fourier_crop
from deepem.preprocessing.normalise import find_grey_limits
from deepem.preprocessing.resample import _choose_lengths

FACTORS = [2, 3, 5, 1.5, 1.7, 2.3, 0.5, 0.8]


def cosine(positions, n, mode):
    """Mode of the cosine transform of ``n`` samples, at any positions."""
    return np.cos(np.pi * mode * (np.asarray(positions) + 0.5) / n)


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def blob(shape, x, y, sigma):
    rows, columns = np.indices(shape)
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)).astype(np.float32)


@pytest.mark.parametrize(("shape", "factor"), [((60, 90), 3), ((60, 90), 2.5), ((48, 72), 0.75)])
def test_a_wave_is_the_same_wave_at_the_new_samples(shape, factor):
    ny, nx = shape
    image = np.outer(cosine(range(ny), ny, 4), cosine(range(nx), nx, 7))
    cropped, (step_y, step_x) = fourier_crop(image.astype(np.float32) + 3, factor)
    assert (step_y, step_x) == (factor, factor)
    assert cropped.shape == (ny / factor, nx / factor)
    y = (step_y - 1) / 2 + step_y * np.arange(cropped.shape[0])
    x = (step_x - 1) / 2 + step_x * np.arange(cropped.shape[1])
    expected = 3 + np.outer(cosine(y, ny, 4), cosine(x, nx, 7))
    np.testing.assert_allclose(cropped, expected, atol=1e-5)


def test_a_frequency_that_the_new_pixels_cannot_hold_vanishes():
    # 60 samples become 20, which hold the modes 0 to 19.
    for mode, is_kept in [(19, True), (20, False), (21, False), (35, False), (59, False)]:
        for image in (
            np.outer(cosine(range(60), 60, mode), np.ones(90)),
            np.outer(np.ones(90), cosine(range(60), 60, mode)),
        ):
            cropped, _ = fourier_crop(image.astype(np.float32), 3)
            assert (np.abs(cropped).max() > 0.5) == is_kept
            assert is_kept or np.abs(cropped).max() < 1e-5


def test_crop_is_a_truncated_cosine_transform():
    image = noise((40, 60))
    cropped, _ = fourier_crop(image, 4)
    np.testing.assert_allclose(
        dctn(cropped.astype(float), norm="forward"),
        dctn(image.astype(float), norm="forward")[:10, :15],
        atol=1e-6,
    )


@pytest.mark.parametrize("factor", [2, 3, 6])
@pytest.mark.parametrize(
    "turn",
    [np.flipud, np.fliplr, np.transpose, np.rot90, lambda image: np.rot90(image, 2)],
    ids=["flipud", "fliplr", "transpose", "rot90", "rot180"],
)
@pytest.mark.parametrize("shape", [(60, 90), (6 * 11, 6 * 23)])  # 11, 23: no fast transform
def test_a_turned_image_gives_the_turned_result(factor, turn, shape):
    image = noise(shape)
    turned, _ = fourier_crop(np.ascontiguousarray(turn(image)), factor)
    np.testing.assert_allclose(turned, turn(fourier_crop(image, factor)[0]), atol=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 5, 0.5])
def test_the_mean_is_kept_where_the_factor_divides(factor):
    image = noise((60, 90)) + 100
    assert fourier_crop(image, factor)[0].mean() == pytest.approx(image.mean(), abs=1e-4)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("shape", [(61, 89), (64, 97), (53, 53)])
def test_a_blob_stays_where_it_is(factor, shape):
    x, y = 30.3, 22.6
    cropped, (step_y, step_x) = fourier_crop(blob(shape, x, y, sigma=4), factor)
    assert cropped.shape == tuple(int(np.ceil(n / factor)) for n in shape)
    assert (step_y, step_x) == pytest.approx((factor, factor), rel=0.02)
    rows, columns = np.indices(cropped.shape)
    weight = cropped / cropped.sum()
    found_x = (step_x - 1) / 2 + step_x * (weight * columns).sum()
    found_y = (step_y - 1) / 2 + step_y * (weight * rows).sum()
    assert (found_x, found_y) == pytest.approx((x, y), abs=0.02)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_constant_stays_constant(factor):
    cropped, _ = fourier_crop(np.full((61, 89), 7, np.float32), factor)
    np.testing.assert_allclose(cropped, 7, rtol=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_whole_factors_are_exact_even_for_prime_sides(factor):
    assert fourier_crop(noise((101, 211)), factor)[1] == (factor, factor)


@pytest.mark.parametrize("factor", [1.0371, 1.7, 2.33, 3.9, 0.6])
def test_the_step_of_a_micrograph_is_the_factor_to_a_thousandth(factor):
    _, step_px = fourier_crop(noise((1031, 601)), factor)
    assert step_px == pytest.approx((factor, factor), rel=1e-3)


def test_factor_one_changes_nothing():
    image = noise((31, 42))
    cropped, step_px = fourier_crop(image, 1)
    np.testing.assert_array_equal(cropped, image)
    assert step_px == (1, 1)


def test_enlarging_and_cropping_gives_the_image_back():
    image = noise((40, 50))
    enlarged, (step_y, step_x) = fourier_crop(image, 0.5)
    assert enlarged.shape == (80, 100)
    assert (step_y, step_x) == (0.5, 0.5)
    np.testing.assert_allclose(fourier_crop(enlarged, 2)[0], image, atol=1e-5)


def test_the_number_of_threads_changes_nothing():
    image = noise((300, 257))
    one, two = (fourier_crop(image, 1.7, workers=n)[0] for n in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("shape", [(256, 40), (257, 40), (40, 600), (515, 300)])
@pytest.mark.parametrize("factor", [2, 1.7])
def test_rows_and_columns_are_cropped_each_for_itself_however_many(shape, factor):
    def crop_line(line):
        return fourier_crop(np.tile(line, (5, 1)), factor)[0][0]

    rng = np.random.default_rng(0)
    lines = [[rng.standard_normal(n).astype(np.float32) for n in shape] for _ in range(4)]
    cropped, _ = fourier_crop(sum(np.outer(down, across) for down, across in lines), factor)
    expected = sum(np.outer(crop_line(down), crop_line(across)) for down, across in lines)
    np.testing.assert_allclose(cropped, expected, atol=1e-5)


def test_sides_that_the_factor_does_not_divide_are_continued_by_their_mirror_image():
    image = noise((61, 95))
    continued = np.pad(image, ((0, 3), (0, 1)), mode="symmetric")  # to 2 x 32 and 2 x 48
    cropped, step_px = fourier_crop(image, 2)
    assert step_px == (2, 2)
    np.testing.assert_allclose(cropped, fourier_crop(continued, 2)[0][:31, :48], atol=1e-6)


def test_the_image_is_left_alone():
    image = noise((31, 42))
    before = image.copy()
    fourier_crop(image, 2)
    fourier_crop(image, 0.7)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("factor", [0, -1, float("nan")])
def test_a_factor_that_is_not_positive_is_refused(factor):
    with pytest.raises(ValueError, match="must be positive"):
        fourier_crop(noise((10, 10)), factor)


@pytest.mark.parametrize("factor", [1, 2, 1.7])
@pytest.mark.parametrize("dtype", ["f4", ">f4", "f2", "u2", "i1"])
def test_limits_on_the_way_are_limits_before(factor, dtype):
    image = (20 * noise((70, 90)) + 50).astype(dtype)
    image[3, 4] = 120
    if np.issubdtype(image.dtype, np.floating):
        image[5, 6], image[40, 41], image[69, 89] = np.nan, np.inf, -np.inf
    limits = find_grey_limits(image)
    cropped, step_px = fourier_crop(image, factor, limits=limits)
    expected, expected_step_px = fourier_crop(clip_outliers(image), factor)
    np.testing.assert_array_equal(cropped, expected)
    assert step_px == expected_step_px


@pytest.mark.parametrize("factor", [200 / 13, 10.3, 9.7, 3.9, 1.37])
@pytest.mark.parametrize("n", [3710, 3838, 4092, 4096, 5760, 8184, 11520])
def test_lengths_have_small_prime_factors_and_the_ratio_of_the_factor(n, factor):
    n_kept = int(np.ceil(n / factor))
    n_old, n_new = _choose_lengths(n, n_kept, factor)
    assert n <= n_old < 1.3 * n
    assert n_new >= n_kept
    assert abs(n_old - n_new * factor) <= 0.5
    for prime in (2, 3, 5, 7, 11, 13):
        while n_old % prime == 0:
            n_old //= prime
    assert n_old < 100
