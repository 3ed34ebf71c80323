"""Thumbnails look like their micrograph, and are kept until it changes."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from deepem.core import Micrograph
from deepem.errors import FileFormatError
from deepem.io.micrographs import open_micrograph
from deepem.studio.display.thumbnails import Thumbnails, make_thumbnail


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((160, 160), (160, 160)),
        ((320, 320), (160, 160)),
        ((1000, 500), (160, 80)),
        ((777, 2345), (53, 160)),
        ((40, 30), (40, 30)),
        ((3000, 1), (160, 1)),
        ((1, 1), (1, 1)),
    ],
)
def test_the_longest_side_has_160_pixels(write_micrograph, make_scene, shape, expected):
    assert make_thumbnail(write_micrograph(make_scene(shape))).shape == expected


@pytest.mark.parametrize("kind", ["i1", "i2", "u2", "f2", "f4"])
def test_it_looks_like_the_micrograph(write_micrograph, kind):
    n = 640
    rows, columns = np.indices((n, n)) / n
    waves = 50 * np.sin(20 * rows) + 50 * np.cos(9 * columns) + 20 * rows
    noise = np.random.default_rng(0).normal(0, 1, (n, n))
    least = 200 if kind == "u2" else 0
    thumbnail = make_thumbnail(write_micrograph((waves + noise + least).astype(kind)))
    expected = waves.reshape(160, 4, 160, 4).mean(axis=(1, 3))
    assert np.corrcoef(thumbnail.ravel(), expected.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_micrographs_without_an_image_are_mid_grey(value):
    thumbnail = make_thumbnail(Micrograph.from_array(np.full((400, 400), value)))
    assert (thumbnail == 128).all()


def test_pixels_that_are_not_finite_spoil_nothing(write_micrograph, make_scene):
    pixels = make_scene((640, 640))
    expected = make_thumbnail(write_micrograph(pixels)).astype(float)
    pixels[100:104, 100:104] = np.nan
    pixels[300, 300] = np.inf
    seen = make_thumbnail(Micrograph.from_array(pixels)).astype(float)
    rows, columns = np.indices(seen.shape)
    elsewhere = (abs(rows - 25) > 2) | (abs(columns - 25) > 2)
    elsewhere &= (abs(rows - 75) > 2) | (abs(columns - 75) > 2)
    np.testing.assert_allclose(seen[elsewhere], expected[elsewhere], atol=3)


def test_it_is_kept_on_disk_and_made_once(write_micrograph, make_scene, tmp_path, decode):
    micrograph = write_micrograph(make_scene((400, 300)))
    folder = tmp_path / "cache" / "thumbnails"
    first = Thumbnails(folder).get(micrograph)
    assert decode(first).shape == (160, 120)
    kept = folder / "mic.jpg"
    assert kept.read_bytes() == first
    written_at = kept.stat().st_mtime_ns
    assert Thumbnails(folder).get(micrograph) == first
    assert kept.stat().st_mtime_ns == written_at


def test_it_is_made_again_when_the_file_changes(write_micrograph, make_scene, tmp_path):
    thumbnails = Thumbnails(tmp_path / "kept")
    micrograph = write_micrograph(make_scene((400, 300)))
    first = thumbnails.get(micrograph)
    status = micrograph.path.stat()
    changed = write_micrograph(make_scene((400, 300))[::-1])
    os.utime(changed.path, ns=(status.st_mtime_ns + 1, status.st_mtime_ns + 1))
    second = thumbnails.get(changed)
    assert second != first
    assert thumbnails.get(changed) == second


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_what_is_no_thumbnail_is_replaced(write_micrograph, make_scene, tmp_path, decode, content):
    micrograph = write_micrograph(make_scene((400, 300)))
    (tmp_path / "mic.jpg").write_bytes(content)
    thumbnail = Thumbnails(tmp_path).get(micrograph)
    assert decode(thumbnail).shape == (160, 120)
    assert (tmp_path / "mic.jpg").read_bytes() == thumbnail


def test_a_picture_of_somebody_else_is_replaced(write_micrograph, make_scene, tmp_path, decode):
    micrograph = write_micrograph(make_scene((400, 300)))
    Image.new("L", (5, 5)).save(tmp_path / "mic.jpg")
    assert decode(Thumbnails(tmp_path).get(micrograph)).shape == (160, 120)


def test_where_nothing_can_be_written_it_is_made_each_time(
    write_micrograph, make_scene, tmp_path, decode
):
    (tmp_path / "file").write_text("a file where the folder would be")
    thumbnails = Thumbnails(tmp_path / "file")
    micrograph = write_micrograph(make_scene((400, 300)))
    assert decode(thumbnails.get(micrograph)).shape == (160, 120)


def test_a_damaged_file_is_an_error_and_keeps_nothing(tmp_path, make_scene):
    path = tmp_path / "mic.tif"
    tifffile.imwrite(path, make_scene((300, 300)), compression="lzw")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"mic\.tif.*damaged"):
        Thumbnails(tmp_path / "kept").get(open_micrograph(path))
    assert not (tmp_path / "kept").exists()
