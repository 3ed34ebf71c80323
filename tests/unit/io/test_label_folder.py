"""Folders of labels: coordinate files that have the names of micrographs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deepem.core import Picks
from deepem.errors import ConventionError, FileFormatError
from deepem.io import write_picks
from deepem.io.label_folder import list_label_files, may_hold_labels, read_label_files

SHAPES = {"mic_0": (100, 200), "mic_1": (100, 200)}


def test_files_are_found_by_name_in_any_format(tmp_path: Path) -> None:
    write_picks(Picks("mic_0", [7], [9]), tmp_path / "mic_0_autopick.star")
    write_picks(Picks("mic_1", [50], [60], box_size_px=10), tmp_path / "mic_1.box")
    labels = read_label_files(tmp_path, SHAPES)
    assert {name: picks.x_px.tolist() for name, picks in labels.by_name.items()} == {
        "mic_0": [7],
        "mic_1": [50],
    }
    assert labels.sources["mic_1"] == [tmp_path / "mic_1.box"]
    assert not labels.strangers
    assert not labels.failures


def test_what_is_no_label_file_is_left_out(tmp_path: Path) -> None:
    write_picks(Picks("mic_0", [7], [9]), tmp_path / "mic_0.star")
    for name in ("mic_1.star.replaced", ".mic_1.star", "notes.md"):
        (tmp_path / name).write_text("not coordinates\n")
        assert not may_hold_labels(name)
    (tmp_path / "mic_1.txt").write_text("not coordinates\n")
    (tmp_path / "mic_1.star").mkdir()
    assert list_label_files(tmp_path) == [tmp_path / "mic_0.star"]


def test_a_stranger_is_named_with_the_reason(tmp_path: Path) -> None:
    write_picks(Picks("mic_7", [7], [9]), tmp_path / "mic_7.star")
    labels = read_label_files(tmp_path, SHAPES)
    assert labels.strangers == {tmp_path / "mic_7.star": "no micrograph has this name"}
    assert not labels.by_name


def test_failures_are_of_their_micrograph_alone(tmp_path: Path) -> None:
    write_picks(Picks("mic_0", [7], [9]), tmp_path / "mic_0.star")
    write_picks(Picks("mic_0", [70], [9], box_size_px=10), tmp_path / "mic_0.box")
    (tmp_path / "mic_1.star").write_text(
        "data_\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n"
        "mic_0.mrc 1 2\n"
    )
    failures = read_label_files(tmp_path, SHAPES).failures
    with pytest.raises(ConventionError, match=r"Delete the older of .*mic_0\.box and"):
        raise failures["mic_0"]
    with pytest.raises(FileFormatError, match="coordinates of mic_0, and its name says mic_1"):
        raise failures["mic_1"]


def test_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert not read_label_files(tmp_path / "none", SHAPES).sources


def test_label_folders_need_no_torch() -> None:
    code = "import sys, deepem.io.label_folder; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
