"""Micrographs are found from what a user names, and opened by suffix."""

import os

import numpy as np
import pytest

from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.io import find_micrographs, open_micrograph


def touch(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def paths(named):
    return [file.path for file in find_micrographs(named)]


def test_a_folder_means_its_micrographs_in_order(tmp_path):
    folder = touch(tmp_path / "mics", "b.mrc", "a.TIF", "c.png", "a.box", "notes.txt", "._b.mrc")
    touch(folder / "deeper", "d.mrc")
    assert paths([folder]) == [folder / name for name in ("a.TIF", "b.mrc", "c.png")]
    assert find_micrographs(str(folder)) == find_micrographs([folder])


def test_a_pattern_is_expanded_and_a_file_is_kept_once(tmp_path):
    folder = touch(tmp_path / "mics", "b1.mrc", "b2.mrc", "b2.box", "a.mrc")
    found = paths([folder / "b2.mrc", folder / "b*", folder])
    assert found == [folder / name for name in ("b2.mrc", "b1.mrc", "a.mrc")]


def test_a_name_that_the_system_refuses_is_explained():
    with pytest.raises(FileFormatError, match="cannot be read: File name too long"):
        find_micrographs(["x" * 300])


def test_a_file_whose_name_has_a_star_is_a_file(tmp_path):
    folder = touch(tmp_path / "mics", "a*.mrc", "ab.mrc")
    assert paths([folder / "a*.mrc"]) == [folder / "a*.mrc"]


def test_the_same_file_named_in_two_ways_is_kept_once(tmp_path, monkeypatch):
    touch(tmp_path / "mics", "a.mrc")
    monkeypatch.chdir(tmp_path)
    assert len(find_micrographs(["mics/a.mrc", tmp_path / "mics" / "a.mrc"])) == 1


def test_a_missing_file_is_kept_and_fails_on_its_own_later(tmp_path):
    missing = tmp_path / "gone.mrc"
    assert paths([missing]) == [missing]
    with pytest.raises(FileFormatError, match=r"gone.mrc: does not exist; check the name"):
        open_micrograph(missing)


@pytest.mark.parametrize("name", ["", "*.mrc"])
def test_a_folder_or_pattern_that_yields_nothing_is_an_error(name, tmp_path):
    touch(tmp_path, "notes.txt")
    with pytest.raises(FileFormatError, match=r"holds no micrographs; expected .mrc, .*.png files"):
        find_micrographs([tmp_path / name])


def test_naming_nothing_is_an_error():
    with pytest.raises(ConfigError, match="name files, a folder or a pattern"):
        find_micrographs([])


def test_two_micrographs_of_one_name_are_both_named(tmp_path):
    touch(tmp_path / "a", "mic.mrc")
    touch(tmp_path / "b", "mic.tif")
    with pytest.raises(ConventionError, match=r"a/mic.mrc and .*b/mic.tif. Give only one of them"):
        find_micrographs([tmp_path / "a", tmp_path / "b"])


def test_an_unknown_suffix_lists_what_is_read(tmp_path):
    touch(tmp_path, "mic.eer")
    (tmp_path / "mic.eer").write_bytes(b"II")
    with pytest.raises(FileFormatError, match=r"'.eer', expected one of .mrc, .map, .*.png"):
        open_micrograph(tmp_path / "mic.eer")


@pytest.mark.parametrize("name", ["gone.eer", "gone.mrc", "gone.tif", "gone.png"])
def test_a_missing_file_says_so_whatever_its_suffix(name, tmp_path):
    with pytest.raises(FileFormatError, match="does not exist"):
        open_micrograph(tmp_path / name)


def test_a_folder_called_mrc_is_not_a_micrograph(tmp_path):
    (tmp_path / "mic.mrc").mkdir()
    with pytest.raises(FileFormatError, match="is a folder; give the name of a file"):
        open_micrograph(tmp_path / "mic.mrc")


@pytest.mark.parametrize("pixel_size_angstrom", [0, -1.0, float("nan")])
def test_a_pixel_size_must_be_positive(pixel_size_angstrom, tmp_path):
    with pytest.raises(ConfigError, match=r"pixel_size_angstrom: .*above 0"):
        open_micrograph(tmp_path / "mic.mrc", pixel_size_angstrom=pixel_size_angstrom)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_explained(tmp_path):
    touch(tmp_path, "mic.mrc")
    (tmp_path / "mic.mrc").chmod(0)
    with pytest.raises(FileFormatError, match="no permission; ask its owner"):
        open_micrograph(tmp_path / "mic.mrc")


def test_an_opened_micrograph_is_lazy(build_mrc, picture, tmp_path):
    path = tmp_path / "mic.mrc"
    path.write_bytes(build_mrc(picture.view(np.int8), 0))
    micrograph = open_micrograph(path)
    path.write_bytes(build_mrc(picture.view(np.int8)[::-1], 0))
    np.testing.assert_array_equal(micrograph.pixels(), picture[::-1])
