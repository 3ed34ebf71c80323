"""A prepared micrograph has the model's scale, and every sample knows where it lies."""

import numpy as np
import pytest

from deepem.core import Micrograph
from deepem.errors import MicrographError
from deepem.preprocessing import make_preview, prepare


def make_micrograph(shape=(190, 310), *, x=71.3, y=118.8, sigma=60, noise=0.0, **options):
    rows, columns = np.indices(shape)
    image = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    image += noise * np.random.default_rng(0).standard_normal(shape)
    return Micrograph.from_array(1000 + 50 * image, **options)


def find_top(image):
    """Position of the maximum in unbinned pixels, by a parabola through it."""
    pixels = image.pixels.astype(float)
    top = np.unravel_index(np.argmax(pixels), pixels.shape)
    fine = []
    for axis in (0, 1):
        line = np.moveaxis(pixels, axis, 0)[:, top[1 - axis]]
        left, middle, right = line[top[axis] - 1 : top[axis] + 2]
        fine.append(top[axis] + (left - right) / (2 * (left - 2 * middle + right)))
    return image.frame.to_px(fine[1], fine[0])


@pytest.mark.parametrize("factor", [1, 2, 3, 1.7, 0.7])
@pytest.mark.parametrize("box_size", [26, 27])
def test_a_blob_is_found_where_it_is(factor, box_size):
    # The blob is so wide that it is no outlier, which would be clipped.
    image = prepare(make_micrograph(sigma=60), factor=factor, box_size=box_size)
    assert find_top(image) == pytest.approx((71.3, 118.8), abs=0.1 * factor)


@pytest.mark.parametrize("factor", [1, 2, 3, 1.7, 0.7])
@pytest.mark.parametrize("box_size", [26, 27])
def test_inside_has_mean_0_and_deviation_1_and_the_margin_is_its_mirror_image(factor, box_size):
    image = prepare(make_micrograph(noise=1), factor=factor, box_size=box_size)
    margin = box_size // 2
    inside = image.pixels[margin:-margin, margin:-margin]
    assert inside.shape == (np.ceil(190 / factor), np.ceil(310 / factor))
    assert image.pixels.dtype == np.float32
    assert inside.mean() == pytest.approx(0, abs=1e-5)
    assert inside.std() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(image.pixels[:margin, margin:-margin], inside[:margin][::-1])
    np.testing.assert_array_equal(
        image.pixels[margin:-margin, -margin:], inside[:, -margin:][:, ::-1]
    )


def test_frame_reaches_half_a_box_over_the_edges():
    image = prepare(make_micrograph(noise=1, pixel_size_angstrom=1.5), factor=2, box_size=20)
    assert image.frame.shape == image.pixels.shape == (95 + 20, 155 + 20)
    assert image.frame.pixel_size_angstrom == 1.5
    assert image.frame.step_px == (2, 2)
    # Sample 10 is the first inside; it covers the pixels 0 and 1.
    assert image.frame.to_px(10, 10) == (0.5, 0.5)


def test_grey_values_are_only_relative():
    micrograph = make_micrograph(noise=1)
    brighter = Micrograph.from_array(7 * micrograph.pixels() - 300)
    one, other = (prepare(m, factor=2, box_size=20).pixels for m in (micrograph, brighter))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_hot_pixel_changes_little():
    micrograph = make_micrograph(noise=1)
    damaged = micrograph.pixels().copy()
    damaged[5, 300] = 1e7
    one = prepare(micrograph, factor=2, box_size=20).pixels
    other = prepare(Micrograph.from_array(damaged), factor=2, box_size=20).pixels
    assert np.abs(one - other)[:, :130].max() < 0.05


def test_the_number_of_threads_changes_nothing():
    one, two = (
        prepare(make_micrograph(noise=1), factor=1.7, box_size=20, workers=n).pixels for n in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_the_micrograph_is_left_alone():
    micrograph = make_micrograph(noise=1)
    before = micrograph.pixels().copy()
    prepare(micrograph, factor=1, box_size=20).pixels[:] = 0
    np.testing.assert_array_equal(micrograph.pixels(), before)


def test_a_micrograph_smaller_than_the_box_is_refused_with_the_cure():
    with pytest.raises(
        MicrographError,
        match=r"mic: 310 x 190 px is smaller than the box of 200 px\. Use a smaller",
    ):
        prepare(make_micrograph(name="mic", noise=1), factor=10, box_size=20)
    assert prepare(make_micrograph(noise=1), factor=9.5, box_size=20).pixels.shape == (40, 53)


def test_a_micrograph_without_image_is_refused_by_name():
    flat = Micrograph.from_array(np.zeros((100, 100)), name="flat")
    with pytest.raises(MicrographError, match="flat: every pixel has the value 0"):
        prepare(flat, factor=1, box_size=20)


@pytest.mark.parametrize("longest_side", [310, 155, 100, 90])
def test_preview_fits_and_keeps_places(longest_side):
    preview = make_preview(make_micrograph(sigma=60), longest_side=longest_side)
    assert max(preview.pixels.shape) == longest_side
    assert preview.frame.shape == preview.pixels.shape
    assert find_top(preview) == pytest.approx((71.3, 118.8), abs=0.3)
    assert preview.pixels.mean() == pytest.approx(0, abs=1e-5)
    assert preview.pixels.std() == pytest.approx(1, abs=1e-5)


def test_preview_of_a_small_micrograph_is_not_enlarged():
    preview = make_preview(make_micrograph(noise=1, pixel_size_angstrom=1.5))
    assert preview.pixels.shape == (190, 310)
    assert preview.frame == make_micrograph(pixel_size_angstrom=1.5).frame
