"""TIFF and PNG give the same coordinates as MRC, and bad files are explained."""

import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from deepem.errors import FileFormatError
from deepem.io import open_micrograph


def save(path, pixels, **options):
    """Write a picture whose first row is at the top, as these formats have it."""
    if path.suffix == ".png":
        Image.fromarray(pixels).save(path, **options)
    else:
        tifffile.imwrite(path, pixels, **options)
    return path


@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".png"])
def test_the_same_picture_has_the_same_coordinates_as_in_mrc(suffix, picture, build_mrc, tmp_path):
    mrc = tmp_path / "mic.mrc"
    mrc.write_bytes(build_mrc(picture.view(np.int8), 0))
    # MRC has its origin at the lower left, so the top row of the picture is the last one stored.
    raster = save(tmp_path / f"mic{suffix}", picture[::-1])
    micrograph = open_micrograph(raster)
    assert micrograph.shape == open_micrograph(mrc).shape == (5, 7)
    np.testing.assert_array_equal(micrograph.pixels(), open_micrograph(mrc).pixels())
    assert micrograph.name == "mic"
    assert micrograph.pixel_size_angstrom is None
    assert micrograph.pixels().flags.c_contiguous


@pytest.mark.parametrize("dtype", ["u1", "i2", ">u2", "u2", "f4", ">f4"])
def test_tiff_types_are_kept(dtype, picture, tmp_path):
    path = tmp_path / "mic.tif"
    tifffile.imwrite(
        path, picture.astype(dtype), byteorder=np.dtype(dtype).str[0].replace("|", "<")
    )
    pixels = open_micrograph(path).pixels()
    assert pixels.dtype.kind == np.dtype(dtype).kind
    assert pixels.dtype.itemsize == np.dtype(dtype).itemsize
    np.testing.assert_array_equal(pixels, picture[::-1])


def test_16_bit_png_is_not_reduced(picture, tmp_path):
    deep = picture.astype(np.uint16) * 500
    pixels = open_micrograph(save(tmp_path / "mic.png", deep)).pixels()
    np.testing.assert_array_equal(pixels, deep[::-1])


@pytest.mark.parametrize("compression", ["lzw", "zlib"])
def test_compressed_tiff_is_read(compression, picture, tmp_path):
    path = save(tmp_path / "mic.tif", picture, compression=compression, predictor=True)
    np.testing.assert_array_equal(open_micrograph(path).pixels(), picture[::-1])


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("n_channels", [3, 4])
def test_colours_become_their_mean_without_transparency(suffix, n_channels, picture, tmp_path):
    channels = [picture, picture + 3, picture + 6, np.full_like(picture, 255)]
    options = {} if suffix == ".png" else {"photometric": "rgb"}
    colour = np.dstack(channels[:n_channels])
    pixels = open_micrograph(save(tmp_path / f"mic{suffix}", colour, **options)).pixels()
    np.testing.assert_array_equal(pixels, (picture + 3)[::-1])


def test_planar_colours_are_read(picture, tmp_path):
    planes = np.stack([picture, picture + 3, picture + 6])
    path = save(tmp_path / "mic.tif", planes, photometric="rgb", planarconfig="separate")
    assert open_micrograph(path).shape == (5, 7)
    np.testing.assert_array_equal(open_micrograph(path).pixels(), (picture + 3)[::-1])


@pytest.mark.parametrize("mode", ["LA", "P", "1"])
def test_other_kinds_of_png_become_grey(mode, picture, tmp_path):
    path = tmp_path / "mic.png"
    source = Image.fromarray(np.where(picture > 20, 255, 0).astype(np.uint8))
    source.convert(mode).save(path)
    pixels = open_micrograph(path).pixels()
    np.testing.assert_array_equal(pixels, np.where(picture > 20, 255, 0)[::-1])


@pytest.mark.parametrize("imagej", [True, False])
def test_a_tiff_stack_is_not_one_image(imagej, picture, tmp_path):
    path = save(tmp_path / "movie.tif", np.stack([picture] * 6), imagej=imagej)
    with pytest.raises(FileFormatError, match=r"has 6 pages.*average the frames first"):
        open_micrograph(path)


def test_lzw_without_imagecodecs_names_the_extra(picture, tmp_path):
    path = save(tmp_path / "mic.tif", picture, compression="lzw")
    script = (
        "import sys; sys.modules['imagecodecs'] = None; from deepem.io import open_micrograph; "
        "open_micrograph(sys.argv[1]).pixels()"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
    assert "MissingExtraError: the compression of" in run.stderr
    assert "pip install 'deepem[tiff]'" in run.stderr


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"is empty \(0 bytes\); copy or transfer it again"),
        (b"<html>404</html>", "web page.*download it again"),
        (b"1 2 3\n" * 300, "looks like a text file; check that"),
        (bytes(3000), "is not a (TIFF|PNG) file"),
    ],
)
def test_what_is_not_a_picture_is_explained(suffix, data, sentence, tmp_path):
    path = tmp_path / f"mic{suffix}"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=sentence):
        open_micrograph(path)


def test_a_png_called_tiff_and_a_tiff_called_png_say_so(picture, tmp_path):
    tiff, png = tmp_path / "a.tif", tmp_path / "b.png"
    save(tmp_path / "a.png", picture).rename(tiff)
    save(tmp_path / "b.tif", picture).rename(png)
    with pytest.raises(FileFormatError, match=r"rename it to .png"):
        open_micrograph(tiff)
    with pytest.raises(FileFormatError, match=r"rename it to .tif"):
        open_micrograph(png)


@pytest.mark.parametrize("n_bytes", [3, 6, 20, 200, 800])
def test_a_truncated_tiff_is_refused_on_opening(n_bytes, tmp_path):
    path = save(tmp_path / "mic.tif", np.zeros((40, 60), np.uint16))
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(FileFormatError, match="copy or transfer it again"):
        open_micrograph(path)


def test_a_damaged_compressed_tiff_is_refused_on_reading(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)
    path = save(tmp_path / "mic.tif", noise, compression="zlib")
    with path.open("r+b") as file:
        file.seek(-300, 2)
        file.write(bytes(300))
    with pytest.raises(FileFormatError, match=r"damaged TIFF.*copy or transfer it again"):
        open_micrograph(path).pixels()


def test_a_truncated_png_is_refused_on_reading(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)
    path = save(tmp_path / "mic.png", noise)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FileFormatError, match=r"damaged PNG.*copy or transfer it again"):
        open_micrograph(path).pixels()


def test_opening_a_large_png_does_not_decode_it(tmp_path):
    # A valid header of 8192 x 8192 pixels without any pixels behind it.
    header = struct.pack(">2I5B", 8192, 8192, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    path = tmp_path / "mic.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )  # fmt: skip
    micrograph = open_micrograph(path)
    assert micrograph.shape == (8192, 8192)
    with pytest.raises(FileFormatError, match="damaged PNG"):
        micrograph.pixels()


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_file_that_vanishes_after_opening_is_explained(suffix, picture, tmp_path):
    path = save(tmp_path / f"mic{suffix}", picture)
    micrograph = open_micrograph(path)
    path.unlink()
    with pytest.raises(FileFormatError, match="does not exist; check the name"):
        micrograph.pixels()


@pytest.mark.parametrize("ny", [1, 2, 127, 128, 129, 401])
def test_rows_are_reversed_whatever_their_number(ny, tmp_path):
    picture = np.random.default_rng(ny).normal(size=(ny, 3)).astype(np.float32)
    path = save(tmp_path / "mic.tif", picture)
    np.testing.assert_array_equal(open_micrograph(path).pixels(), picture[::-1])


def test_a_large_picture_is_in_memory_once(tmp_path):
    path = save(tmp_path / "mic.tif", np.ones((2000, 2000), dtype=np.float32))
    micrograph = open_micrograph(path)
    tracemalloc.start()
    try:
        n_bytes = micrograph.pixels().nbytes
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.2 * n_bytes
