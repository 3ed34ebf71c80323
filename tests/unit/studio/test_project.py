"""The folder that is opened: its settings, its micrographs, and what leads out of it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from deepem.errors import (
    ConfigError,
    ConventionError,
    DeepEMError,
    FileFormatError,
    NotFoundError,
    OutputError,
)
from deepem.studio.project import Project


def test_a_new_project_has_a_home_and_no_settings(folder: Path) -> None:
    project = Project(folder)
    assert project.home == folder / "DeepEM"
    assert project.home.is_dir()
    assert project.settings.diameter_px is None
    assert list(project.micrographs) == ["mic_0", "mic_1", "mic_2"]
    assert list(project.home.iterdir()) == []


def test_settings_are_there_after_a_restart(folder: Path) -> None:
    Project(folder).update(diameter_angstrom=120.0, current_picks="003")
    again = Project(folder).settings
    assert (again.diameter_angstrom, again.current_picks) == (120.0, "003")
    kept = json.loads((folder / "DeepEM" / "project.json").read_text())
    assert kept["format_version"] == 1


def test_a_diameter_in_one_unit_takes_the_place_of_the_other(project: Project) -> None:
    project.update(diameter_angstrom=100.0)
    assert project.diameter_px() == 40.0  # pixels of 2.5 Å, as the headers say
    project.update(diameter_px=30.0)
    assert project.settings.diameter_angstrom is None
    assert project.diameter_px(project.open("mic_0")) == 30.0


def test_a_pixel_size_that_is_said_counts_more_than_the_headers(project: Project) -> None:
    project.update(pixel_size_angstrom=5.0, diameter_angstrom=100.0)
    micrograph = project.open("mic_0")
    assert micrograph.frame.pixel_size_angstrom == 5.0
    assert project.diameter_px(micrograph) == 20.0
    project.update(pixel_size_angstrom=None)
    assert project.open("mic_0").frame.pixel_size_angstrom == 2.5


def test_a_diameter_in_angstrom_needs_a_pixel_size(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.update(diameter_angstrom=100.0)
    assert project.diameter_px() is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"diameter_px": 0.0}, "diameter_px"),
        ({"diameter_px": float("nan")}, "diameter_px"),
        ({"pixel_size_angstrom": float("inf")}, "pixel_size_angstrom"),
        ({"diameter_px": 10.0, "diameter_angstrom": 10.0}, "diameter"),
        ({"current_picks": "../../etc"}, "current_picks"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_be_change_nothing(
    project: Project, changes: dict[str, object], field: str
) -> None:
    project.update(diameter_px=55.0)
    with pytest.raises(ConfigError) as refused:
        project.update(**changes)
    assert refused.value.field == field
    assert project.settings.diameter_px == 55.0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": 2}', '{"diameter_px": "x"}'])
def test_damaged_settings_are_named(folder: Path, text: str) -> None:
    home = folder / "DeepEM"
    home.mkdir()
    (home / "project.json").write_text(text)
    with pytest.raises(FileFormatError, match=r"project\.json.*correct it, or delete it"):
        Project(folder)


def test_changes_at_the_same_time_are_all_kept(project: Project, folder: Path) -> None:
    fields = ("diameter_px", "pixel_size_angstrom")

    def change(field: str) -> None:
        for value in range(1, 20):
            project.update(**{field: float(value)})

    threads = [threading.Thread(target=change, args=(field,)) for field in fields]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = Project(folder).settings
    assert (again.diameter_px, again.pixel_size_angstrom) == (19.0, 19.0)


def test_an_unknown_micrograph_says_so(project: Project) -> None:
    for name in ("mic_9", "", "..", "../mic_0", "/etc/passwd", "mic_0.mrc", "a\0b"):
        with pytest.raises(NotFoundError, match="moved or renamed"):
            project.open(name)


def test_new_micrographs_are_found(project: Project, folder: Path) -> None:
    assert not project.rescan()
    (folder / "mic_3.mrc").write_bytes((folder / "mic_0.mrc").read_bytes())
    assert project.rescan()
    assert project.open("mic_3").frame.shape == (240, 320)
    assert not project.rescan()
    (folder / "notes.txt").write_text("of another kind")
    assert not project.rescan()


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder that exists"):
        Project(tmp_path / "missing")
    with pytest.raises(ConfigError, match="not a folder that exists"):
        Project(tmp_path, data_folders=[tmp_path / "missing"])


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "DeepEM").write_text("a file")
    with pytest.raises(OutputError, match="cannot be made"):
        Project(tmp_path)


def test_micrographs_may_be_links_within_the_folder(folder: Path) -> None:
    (folder / "same.mrc").symlink_to(folder / "mic_0.mrc")
    assert Project(folder).open("same").frame.shape == (240, 320)


def test_a_link_to_elsewhere_is_a_problem_unless_that_is_allowed(
    folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (folder / "mic_0.mrc").rename(data / "far.mrc")
    (folder / "far.mrc").symlink_to(data / "far.mrc")
    project = Project(folder)
    assert "far" not in project.micrographs
    assert f"--data '{data}'" in project.problems["far"]
    with pytest.raises(ConventionError, match="--data"):
        project.open("far")
    assert Project(folder, data_folders=[data]).open("far").frame.shape == (240, 320)


def test_a_micrograph_that_becomes_a_link_to_elsewhere_is_refused(
    project: Project, folder: Path, tmp_path: Path
) -> None:
    (folder / "mic_0.mrc").rename(tmp_path / "far.mrc")
    (folder / "mic_0.mrc").symlink_to(tmp_path / "far.mrc")
    with pytest.raises(ConfigError, match="leads to"):
        project.open("mic_0")


@pytest.mark.parametrize(
    "part", ["", "labels", "models", "picks", "jobs", "exports", "imported", "uploads", "cache"]
)
def test_a_home_that_is_a_link_to_elsewhere_is_refused(
    folder: Path, tmp_path: Path, part: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = folder / "DeepEM" / part
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="leads to"):
        Project(folder)
    assert Project(folder, data_folders=[elsewhere]).home.is_dir()


def test_a_path_in_the_folder_is_found(project: Project, folder: Path) -> None:
    (folder / "boxes").mkdir()
    (folder / "boxes" / "a b.box").write_text("")
    assert project.resolve("boxes") == folder / "boxes"
    assert project.resolve("boxes/a b.box") == folder / "boxes" / "a b.box"
    assert project.resolve("./boxes//") == folder / "boxes"


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "../micrographs/mic_0.mrc",
        "boxes/../../x",
        "/etc/passwd",
        "//etc/passwd",
        "~/x",
        "a\0b",
        "..\\..\\x",
        "C:\\x",
        "x" * 5000,
        "\ud800",
        "missing",
        "mic_0.mrc/x",
        "out",
        "out/secret.box",
        "loop",
    ],
)
def test_no_path_leads_out_of_the_folder(project: Project, folder: Path, path: str) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.box").write_text("")
    (folder / "out").symlink_to(outside)
    (folder / "loop").symlink_to(folder / "loop")
    with pytest.raises(DeepEMError):
        project.resolve(path)


def test_a_folder_whose_name_begins_alike_is_outside(project: Project, folder: Path) -> None:
    beside = folder.with_name(folder.name + "_2")
    beside.mkdir()
    (folder / "link").symlink_to(beside)
    with pytest.raises(ConfigError, match="outside of"):
        project.resolve("link")


def test_five_thousand_micrographs_are_listed_without_opening_one(tmp_path: Path) -> None:
    for index in range(5000):
        (tmp_path / f"mic_{index:05d}.mrc").touch()
    times = {path.name: path.stat().st_atime_ns for path in list(tmp_path.iterdir())[:5]}
    project = Project(tmp_path)
    assert len(project.micrographs) == 5000
    assert {name: os.stat(tmp_path / name).st_atime_ns for name in times} == times  # noqa: PTH116
    with pytest.raises(FileFormatError, match="is empty"):
        project.open("mic_00000")
