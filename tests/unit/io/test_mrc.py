"""MRC files are read whatever wrote them, and bad ones are explained."""

import resource
import tracemalloc

import mrcfile
import numpy as np
import pytest

from deepem.errors import ConfigError, FileFormatError, OutputError
from deepem.io import open_micrograph, write_mrc

DTYPES = {0: np.int8, 1: np.int16, 2: np.float32, 6: np.uint16, 12: np.float16}


@pytest.fixture
def save(tmp_path):
    def save(data, name="mic.mrc"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return save


@pytest.mark.parametrize("extended", [b"", b"FEI1" * 256], ids=["plain", "extended"])
@pytest.mark.parametrize("has_map_stamp", [True, False], ids=["stamp", "old"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("mode", DTYPES)
def test_every_mode_order_and_age_is_read(
    mode, order, has_map_stamp, extended, picture, build_mrc, save
):
    pixels = picture.astype(DTYPES[mode])
    path = save(
        build_mrc(pixels, mode, order=order, has_map_stamp=has_map_stamp, extended=extended)
    )
    micrograph = open_micrograph(path)
    assert micrograph.name == "mic"
    assert micrograph.path == path
    assert micrograph.shape == (5, 7)
    assert micrograph.pixels().dtype == np.dtype(DTYPES[mode]).newbyteorder(order)
    np.testing.assert_array_equal(micrograph.pixels(), pixels)


def test_row_0_is_the_first_row_in_the_file(picture, build_mrc, save):
    pixels = open_micrograph(save(build_mrc(picture.view(np.int8), 0))).pixels()
    assert np.unravel_index(pixels.argmax(), pixels.shape) == (1, 4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_machine_stamp_that_lies_is_not_believed(order, picture, build_mrc, save):
    lie = b"\x11\x11\x00\x00" if order == "<" else b"\x44\x44\x00\x00"
    pixels = picture.astype(np.int16)
    path = save(build_mrc(pixels, 1, order=order, machine_stamp=lie))
    np.testing.assert_array_equal(open_micrograph(path).pixels(), pixels)


@pytest.mark.parametrize(
    ("greatest", "expected"), [(200.0, np.uint8), (127.0, np.int8), (0.0, np.int8)]
)
def test_unsigned_bytes_are_told_by_the_greatest_value(
    greatest, expected, picture, build_mrc, save
):
    micrograph = open_micrograph(save(build_mrc(picture + 100, 0, dmax=greatest)))
    np.testing.assert_array_equal(micrograph.pixels(), (picture + 100).view(expected))


@pytest.mark.parametrize(
    ("cell", "n_samples", "expected"),
    [
        ((7 * 1.5, 5 * 1.5, 1.5), (7, 5, 1), 1.5),
        ((14 * 1.5, 10 * 1.5, 1.5), (14, 10, 1), 1.5),  # the cell may be larger than the image
        ((0.0, 0.0, 0.0), (7, 5, 1), None),
        ((7.0, 5.0, 1.0), (7, 5, 1), None),  # exactly 1 Å: a placeholder
        ((7.0, 5.0, 1.0), (0, 0, 0), None),
        ((float("nan"), 5.0, 1.0), (7, 5, 1), None),
        ((-7.5, 5.0, 1.0), (7, 5, 1), None),
    ],
)
def test_pixel_size_is_that_of_the_header_or_not_known(
    cell, n_samples, expected, picture, build_mrc, save
):
    path = save(build_mrc(picture.view(np.int8), 0, cell=cell, n_samples=n_samples))
    assert open_micrograph(path).pixel_size_angstrom == expected
    assert open_micrograph(path, pixel_size_angstrom=2.5).pixel_size_angstrom == 2.5


@pytest.mark.parametrize("suffix", [".map", ".mrcs", ".MRC"])
def test_other_suffixes_of_one_image_are_read(suffix, picture, build_mrc, save):
    path = save(build_mrc(picture.view(np.int8), 0), "mic" + suffix)
    assert open_micrograph(path).shape == (5, 7)


def test_opening_a_large_file_reads_only_its_header(build_mrc, save):
    path = save(build_mrc(np.zeros((1, 1), np.float32), 2))
    with path.open("r+b") as file:
        file.write(np.array([8192, 8192], "<i4").tobytes())
        file.truncate(1024 + 4 * 8192**2)  # 268 MB, of which the disk holds one block
    tracemalloc.start()
    micrograph = open_micrograph(path)
    pixels = micrograph.pixels()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6
    assert pixels.shape == (8192, 8192)
    assert isinstance(pixels, np.memmap)


def test_bytes_after_the_pixels_are_ignored(picture, build_mrc, save):
    path = save(build_mrc(picture.view(np.int8), 0) + b"more")
    np.testing.assert_array_equal(open_micrograph(path).pixels(), picture)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"is empty \(0 bytes\); copy or transfer it again"),
        (b"x y\n1 2\n" * 300, "looks like a text file; check that the right file"),
        (b"a few words", "looks like a text file"),
        ("Å".encode() * 600, "looks like a text file"),
        (b"x" + "Å".encode() * 600, "looks like a text file"),  # cut inside a character
        (b"\n<!DOCTYPE html><html>404</html>" * 99, "web page.*download it again"),
        (b"\x1f\x8b\x08" + bytes(2000), "gunzip"),
        (b"II*\x00" + bytes(2000), "rename it to .tif"),
        (bytes(2000), "no MRC header.*copy or transfer it again"),
        (b"\xff\xfe" * 20, "truncated: an MRC header has 1024 bytes, file has 40; copy or transf"),
    ],
)
def test_what_is_not_mrc_is_explained(data, sentence, save):
    with pytest.raises(FileFormatError, match=sentence):
        open_micrograph(save(data))


@pytest.mark.parametrize("extended", [b"", bytes(500)])
def test_a_truncated_file_gives_both_sizes(extended, picture, build_mrc, save):
    data = build_mrc(picture.astype(np.float32), 2, extended=extended)
    n_bytes = 1024 + len(extended) + 140
    with pytest.raises(
        FileFormatError,
        match=f"truncated: header says {n_bytes} bytes, file has {n_bytes - 1}; copy or transfer",
    ):
        open_micrograph(save(data[:-1]))


@pytest.mark.parametrize("nz", [2, 40])
def test_a_stack_is_not_one_image(nz, picture, build_mrc, save):
    data = build_mrc(picture.view(np.int8), 0, nz=nz)
    with pytest.raises(FileFormatError, match=f"of {nz} slices.*average the frames first"):
        open_micrograph(save(data, "movie.mrcs"))


@pytest.mark.parametrize("mode", [3, 4, 7, 101])
def test_other_modes_are_named(mode, picture, build_mrc, save):
    with pytest.raises(FileFormatError, match=rf"MRC mode {mode}\b.*newstack -mode 2"):
        open_micrograph(save(build_mrc(picture.view(np.int8), mode)))


def test_a_file_that_shrinks_or_vanishes_after_opening_is_explained(picture, build_mrc, save):
    path = save(build_mrc(picture.astype(np.float32), 2))
    micrograph = open_micrograph(path)
    path.write_bytes(path.read_bytes()[:1100])
    with pytest.raises(FileFormatError, match="shorter since it was opened; open it again"):
        micrograph.pixels()
    path.unlink()
    with pytest.raises(FileFormatError, match="does not exist; check the name"):
        micrograph.pixels()


@pytest.mark.parametrize("dtype", DTYPES.values())
def test_what_is_written_is_read_back(dtype, picture, tmp_path):
    path = write_mrc(tmp_path / "new" / "mic.mrc", picture.astype(dtype), pixel_size_angstrom=1.25)
    micrograph = open_micrograph(path)
    assert micrograph.pixel_size_angstrom == 1.25
    assert micrograph.pixels().dtype == dtype
    np.testing.assert_array_equal(micrograph.pixels(), picture)


@pytest.mark.parametrize("pixel_size_angstrom", [None, 1.25])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_written_file_is_valid_and_has_statistics(order, pixel_size_angstrom, picture, tmp_path):
    pixels = picture.astype(order + "f4")
    path = write_mrc(tmp_path / "mic.mrc", pixels, pixel_size_angstrom=pixel_size_angstrom)
    with mrcfile.open(path) as mrc:
        np.testing.assert_array_equal(mrc.data, picture)
        assert mrc.voxel_size.y == (pixel_size_angstrom or 0)
        assert mrc.header.dmin == 0
        assert mrc.header.dmax == 100
        assert mrc.header.dmean == pytest.approx(pixels.mean())
        assert mrc.header.rms == pytest.approx(pixels.std())
        assert mrc.get_labels() == ["Written by DeepEM".ljust(80)]
    assert mrcfile.validate(path)


def test_equal_pixels_make_equal_files(picture, tmp_path):
    first, second = (
        write_mrc(tmp_path / name, picture.astype("f4")) for name in ("a.mrc", "b.mrc")
    )
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.zeros((3, 4)), "float64 of shape.*astype"),
        (np.zeros((2, 3, 4), np.float32), "a .y, x. array"),
        (np.full((3, 4), np.nan, np.float32), "nan_to_num"),
    ],
)
def test_what_cannot_be_an_mrc_image_is_refused(pixels, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        write_mrc(tmp_path / "mic.mrc", pixels)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unasked(picture, tmp_path):
    path = write_mrc(tmp_path / "mic.mrc", picture.astype(np.int16))
    before = path.read_bytes()
    with pytest.raises(OutputError, match="overwrite=True"):
        write_mrc(path, picture.astype(np.float32))
    assert path.read_bytes() == before
    write_mrc(path, picture.astype(np.float32), overwrite=True)
    assert open_micrograph(path).pixels().dtype == np.float32


def test_a_file_too_large_for_the_disk_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"largest file allowed here .see ulimit"):
            write_mrc(tmp_path / "mic.mrc", np.zeros((200, 200), np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())
