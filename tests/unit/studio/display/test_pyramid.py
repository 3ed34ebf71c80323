"""Levels of a pyramid are means of 2 x 2 pixels, whatever the file holds."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from deepem.core import Micrograph
from deepem.errors import FileFormatError
from deepem.io import MicrographFile, write_mrc
from deepem.io.micrographs import open_micrograph
from deepem.preprocessing.binning import bin_by_two
from deepem.studio.display.pyramid import Pyramid, describe_pyramid, find_level_shape


def read_whole(pyramid, level, *, how="read"):
    ny, nx = find_level_shape(pyramid.shape, level)
    return getattr(pyramid, how)(level, slice(0, ny), slice(0, nx))


def fit_unit(pixels, scaled):
    """Offset and size that turn grey values into those of a pyramid, from its level 0."""
    size, offset = np.polyfit(scaled.ravel(), pixels.ravel().astype(float), 1)
    return offset, size


@pytest.mark.parametrize(
    ("shape", "n_levels"),
    [((512, 512), 1), ((1, 1), 1), ((513, 10), 2), ((8192, 8192), 5), ((8193, 5), 6)],
)
def test_the_last_level_fits_one_tile(shape, n_levels):
    assert describe_pyramid(shape) == n_levels
    assert max(find_level_shape(shape, n_levels - 1)) <= 512


def test_a_level_has_as_many_pixels_as_the_page_expects():
    assert find_level_shape((8193, 5), 1) == (4097, 3)
    assert find_level_shape((8193, 5), 4) == (513, 1)


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "f2", "f4"])
def test_levels_are_means_of_two_by_two_pixels(tmp_path, make_scene, kind):
    pixels = make_scene((700, 1111))
    if kind == "u1":  # unsigned bytes are told from signed ones by the greatest value
        path = write_mrc(tmp_path / "mic.mrc", (pixels - 60).astype("i1"))
        content = bytearray(path.read_bytes())
        content[80:84] = np.float32(200).tobytes()
        path.write_bytes(content)
    else:
        write_mrc(tmp_path / "mic.mrc", (pixels if kind != "i1" else pixels - 60).astype(kind))
    micrograph = open_micrograph(tmp_path / "mic.mrc")
    stored = np.asarray(micrograph.pixels()).astype(np.float64)
    assert micrograph.pixels().dtype.str[1:] == kind

    pyramid = Pyramid(micrograph)
    assert pyramid.n_levels == 3
    unbinned = read_whole(pyramid, 0)
    offset, size = fit_unit(stored, unbinned)
    np.testing.assert_allclose(offset + size * unbinned, stored, atol=1e-3)
    expected = stored
    for level in (1, 2):
        expected = bin_by_two(expected)
        found = read_whole(pyramid, level)
        np.testing.assert_allclose(offset + size * found, expected, atol=0.002 * expected.std())


def test_a_part_is_that_of_the_whole(write_micrograph, make_scene):
    pyramid = Pyramid(write_micrograph(make_scene((1100, 900))))
    for level in range(pyramid.n_levels):
        part = pyramid.read(level, slice(20, 50), slice(7, 90))
        np.testing.assert_array_equal(part, read_whole(pyramid, level)[20:50, 7:90])


def test_cutting_a_part_makes_no_levels_and_gives_the_same(write_micrograph, make_scene):
    micrograph = write_micrograph(make_scene((1101, 903)))
    cutting, reading = Pyramid(micrograph), Pyramid(micrograph)
    for level in range(3):
        cut = read_whole(cutting, level, how="cut")
        assert cutting.n_bytes == 0
        np.testing.assert_allclose(cut, read_whole(reading, level), atol=2e-3)


def test_cutting_a_large_part_makes_the_levels(write_micrograph):
    pyramid = Pyramid(write_micrograph(np.zeros((2100, 2100), dtype="i1")))
    read_whole(pyramid, 1, how="cut")
    assert pyramid.n_bytes > 0


def test_pixels_of_mrc_files_are_not_kept(write_micrograph, make_scene):
    pyramid = Pyramid(write_micrograph(make_scene((1024, 1024))))
    read_whole(pyramid, 0)
    assert pyramid.n_bytes == 0
    read_whole(pyramid, 1)
    n_binned = sum((1024 >> level) ** 2 for level in range(1, 6))  # down to 32 x 32
    assert pyramid.n_bytes == 2 * n_binned


@pytest.mark.parametrize("kind", ["u1", "u2", "f4", "f8", "i4"])
def test_a_tiff_is_decoded_once_and_kept_compactly(tmp_path, make_scene, kind):
    pixels = make_scene((300, 700)).astype(kind)
    path = tmp_path / "mic.tif"
    tifffile.imwrite(path, pixels[::-1], compression="lzw")
    micrograph = open_micrograph(path)
    reads = []
    counted = replace(micrograph, read=lambda: reads.append(1) or micrograph.read())
    pyramid = Pyramid(counted)
    for level in (0, 1, 0):
        read_whole(pyramid, level)
    assert len(reads) == 1
    bytes_a_pixel = 1 if kind == "u1" else 2
    n_unbinned = 300 * 700
    n_binned = pyramid.n_bytes - n_unbinned * bytes_a_pixel
    assert 0.25 * n_unbinned < n_binned / 2 < 0.35 * n_unbinned
    scaled = read_whole(pyramid, 0)
    offset, size = fit_unit(pixels, scaled)
    np.testing.assert_allclose(offset + size * scaled, pixels, atol=0.01 * pixels.std())


def test_a_png_has_its_first_row_at_the_end(tmp_path):
    picture = np.zeros((40, 30), dtype=np.uint8)
    picture[0] = 255
    Image.fromarray(picture).save(tmp_path / "mic.png")
    unbinned = read_whole(Pyramid(open_micrograph(tmp_path / "mic.png")), 0)
    assert (unbinned[-1] > unbinned[0]).all()


def test_a_slice_of_a_stack_is_a_micrograph(tmp_path, make_scene):
    slices = [make_scene((600, 520), seed) for seed in range(3)]
    one = write_mrc(tmp_path / "one.mrc", slices[0]).read_bytes()
    header = bytearray(one[:1024])
    header[8:12] = np.int32(3).tobytes()
    (tmp_path / "stack.mrcs").write_bytes(bytes(header) + b"".join(s.tobytes() for s in slices))
    file = MicrographFile(tmp_path / "stack.mrcs", slice_index=2)
    pyramid = Pyramid(open_micrograph(file))
    for level in (0, 1):
        expected = slices[2] if level == 0 else bin_by_two(slices[2])
        correlation = np.corrcoef(read_whole(pyramid, level).ravel(), expected.ravel())[0, 1]
        assert correlation > 0.99999


@pytest.mark.parametrize("shape", [(1, 1), (1, 1500), (1500, 1), (3, 513)])
def test_narrow_micrographs_have_all_levels(write_micrograph, make_scene, shape):
    pyramid = Pyramid(write_micrograph(make_scene(shape)))
    for level in range(pyramid.n_levels):
        assert read_whole(pyramid, level).shape == find_level_shape(shape, level)


@pytest.mark.parametrize("value", [0.0, -3e30, 65504.0])
def test_constant_micrographs_are_zero(write_micrograph, value):
    pyramid = Pyramid(write_micrograph(np.full((600, 600), value, dtype=np.float32)))
    for level in (0, 1):
        assert not read_whole(pyramid, level).any()


def test_pixels_that_are_not_finite_become_the_median_at_every_level(make_scene):
    pixels = make_scene((1030, 600))
    pixels[100:140, 200:240] = np.nan
    pixels[500, 500] = np.inf
    pixels[0, 0] = -3e38
    pyramid = Pyramid(Micrograph.from_array(pixels))
    for level in range(3):
        levelled = read_whole(pyramid, level)
        assert np.isfinite(levelled).all()
        rows, columns = slice(100 >> level, 140 >> level), slice(200 >> level, 240 >> level)
        np.testing.assert_array_equal(levelled[rows, columns], 0)


def test_a_micrograph_without_a_finite_pixel_is_zero():
    pyramid = Pyramid(Micrograph.from_array(np.full((600, 600), np.nan, dtype=np.float32)))
    assert not read_whole(pyramid, 1).any()


def test_many_that_ask_at_once_wait_for_the_same_levels(write_micrograph, make_scene):
    micrograph = write_micrograph(make_scene((1200, 1200)))
    reads = []
    pyramid = Pyramid(replace(micrograph, read=lambda: reads.append(1) or micrograph.read()))
    read_whole(pyramid, 1)
    n_reads = len(reads)

    again = Pyramid(replace(micrograph, read=lambda: reads.append(1) or micrograph.read()))
    reads.clear()
    start = threading.Barrier(8)

    def ask(number):
        start.wait()
        return read_whole(again, 1 + number % 2)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(ask, range(8)))
    assert len(reads) == n_reads
    for number, pixels in enumerate(seen):
        np.testing.assert_array_equal(pixels, read_whole(pyramid, 1 + number % 2))


def test_what_is_remembered_is_made_once(write_micrograph, make_scene):
    pyramid = Pyramid(write_micrograph(make_scene((9, 9))))
    made = [pyramid.remember("key", lambda number=number: number) for number in range(3)]
    assert made == [0, 0, 0]
    # Sliders that move have many keys: the first ones are forgotten.
    for key in range(1000):
        assert pyramid.remember(key, lambda key=key: key) == key
    assert pyramid.remember("key", lambda: "again") == "again"


def test_a_file_that_became_shorter_is_an_error_with_its_name(write_micrograph, make_scene):
    micrograph = write_micrograph(make_scene((600, 600)))
    pyramid = Pyramid(micrograph)
    read_whole(pyramid, 0)
    with micrograph.path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(FileFormatError, match=r"mic\.mrc.*shorter"):
        read_whole(pyramid, 1)


def test_a_damaged_tiff_is_an_error_with_its_name(tmp_path, make_scene):
    path = tmp_path / "mic.tif"
    tifffile.imwrite(path, make_scene((300, 300)), compression="lzw")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"mic\.tif.*damaged"):
        read_whole(Pyramid(open_micrograph(path)), 0)
