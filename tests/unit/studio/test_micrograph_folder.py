"""Which files of a folder are taken for micrographs, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from deepem.errors import FileFormatError
from deepem.studio.containment import Containment
from deepem.studio.micrograph_folder import MicrographFolder, look_for_micrographs


def _look(folder: Path) -> MicrographFolder:
    return look_for_micrographs(folder, Containment(folder), leave_out=folder / "DeepEM")


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_directly_in_the_folder_are_taken(tmp_path: Path) -> None:
    _touch(tmp_path, "b.mrc", "a.TIF", "c.png", "notes.txt", ".hidden.mrc", "below/d.mrc")
    assert list(_look(tmp_path).files) == ["a", "b", "c"]


def test_where_there_is_none_those_below_are_taken(tmp_path: Path) -> None:
    _touch(tmp_path, "x/a.mrc", "x/y/b.mrc", "DeepEM/c.mrc", ".cache/d.mrc", "notes.txt")
    found = _look(tmp_path)
    assert {name: file.path for name, file in found.files.items()} == {
        "a": tmp_path / "x" / "a.mrc",
        "b": tmp_path / "x" / "y" / "b.mrc",
    }


def test_an_empty_folder_has_none_and_gets_some(tmp_path: Path) -> None:
    found = _look(tmp_path)
    assert not found.files
    assert not found.has_changed()
    _touch(tmp_path, "a.mrc")
    assert found.has_changed()


def test_a_new_file_below_is_noticed(tmp_path: Path) -> None:
    _touch(tmp_path, "x/y/b.mrc")
    found = _look(tmp_path)
    os.utime(tmp_path / "x" / "y", ns=(1, 1))
    assert found.has_changed()


def test_two_of_one_name_are_a_problem_of_both(tmp_path: Path) -> None:
    _touch(tmp_path, "a.mrc", "a.tif", "a.png", "b.mrc")
    found = _look(tmp_path)
    assert list(found.files) == ["b"]
    assert "rename one" in found.problems["a"]


@pytest.mark.parametrize("name", ["a\nb.mrc", "a\x1b[2J.mrc", "a\\...mrc", "a\\..mrc", "a\\.mrc"])
def test_a_name_that_cannot_be_is_a_problem(tmp_path: Path, name: str) -> None:
    _touch(tmp_path, name, "good.mrc")
    found = _look(tmp_path)
    assert list(found.files) == ["good"]
    (problem,) = found.problems.values()
    assert "rename" in problem
    assert all(shown.isprintable() for shown in found.problems)


def test_a_name_that_is_no_unicode_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.mrc")).touch()
    (problem,) = _look(tmp_path).problems.items()
    "".join(problem).encode("utf-8")
    assert "rename" in problem[1]


def test_a_stack_stands_for_its_slices(tmp_path: Path) -> None:
    import mrcfile

    with mrcfile.new(tmp_path / "stack.mrcs") as file:
        file.set_data(np.zeros((3, 8, 8), dtype=np.float32))
    _touch(tmp_path, "broken.mrcs")
    found = _look(tmp_path)
    assert list(found.files) == ["stack_000001", "stack_000002", "stack_000003"]
    assert "is empty" in found.problems["broken"]


def test_a_link_that_leads_nowhere_is_listed_and_fails_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.mrc").symlink_to(tmp_path / "missing.mrc")
    assert list(_look(tmp_path).files) == ["a"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    _touch(tmp_path, "x/a.mrc")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    assert list(_look(tmp_path).files) == ["a"]


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    containment = Containment(folder)
    folder.rmdir()
    with pytest.raises(FileFormatError, match="does not exist"):
        look_for_micrographs(folder, containment, leave_out=folder)
