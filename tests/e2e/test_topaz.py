"""Topaz reads what is written for it, and what it writes is read: the program itself is asked.

Set ``DEEPEM_TOPAZ_PYTHON`` to a Python that has the package topaz-em, and run with -m programs.
"""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Picks
from deepem.io import read_picks, write_picks

pytestmark = pytest.mark.programs

# ``topaz convert`` without the other commands of Topaz, some of which need torchvision.
_CONVERT = """
import argparse, topaz.commands.convert as convert
convert.main(convert.add_arguments(argparse.ArgumentParser()).parse_args())
"""
# Off the centre of a micrograph that is not square, and negative scores as Topaz has them.
_PICKS = [
    Picks("mic.0001", [30.25, 200.5], [40, 100.75], score=[0.9, -2.5], box_size_px=20),
    Picks("mic_2", [7], [150], score=[0.125], box_size_px=20),
]
_WHOLE = [("mic.0001", 30, 40), ("mic.0001", 201, 101), ("mic_2", 7, 150)]
# From STAR files, Topaz takes coordinates with their decimals cut off.
_CUT = [("mic.0001", 30, 40), ("mic.0001", 200, 100), ("mic_2", 7, 150)]


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., list[dict[str, str]]]:
    """Run ``topaz convert`` in a folder; returns the rows that it prints."""
    python = os.environ.get("DEEPEM_TOPAZ_PYTHON")
    if not python:
        pytest.skip("set DEEPEM_TOPAZ_PYTHON to a Python that has topaz-em")

    def run(*arguments: object) -> list[dict[str, str]]:
        ended = subprocess.run(
            [python, "-c", _CONVERT, *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            check=False,
            cwd=tmp_path,
        )
        assert ended.returncode == 0, ended.stderr
        return list(csv.DictReader(ended.stdout.splitlines(), delimiter="\t"))

    return run


def _places(rows: list[dict[str, str]]) -> list[tuple[str, int, int]]:
    return [(row["image_name"], int(row["x_coord"]), int(row["y_coord"])) for row in rows]


def test_topaz_reads_our_table(convert: Callable[..., list], tmp_path: Path) -> None:
    write_picks(_PICKS, tmp_path / "topaz.txt")
    rows = convert("topaz.txt", "--to", "coord")
    assert _places(rows) == _WHOLE
    assert [float(row["score"]) for row in rows] == [0.9, -2.5, 0.125]


def test_topaz_reads_our_table_without_scores(convert: Callable[..., list], tmp_path: Path) -> None:
    write_picks(Picks("mic", [3], [4]), tmp_path / "topaz.txt")
    assert convert("topaz.txt", "--to", "coord") == [
        {"image_name": "mic", "x_coord": "3", "y_coord": "4"}
    ]


def test_topaz_reads_our_boxes(convert: Callable[..., list], tmp_path: Path) -> None:
    for picks in _PICKS:
        write_picks(picks, tmp_path / f"{picks.micrograph}.box")
    assert _places(convert("mic.0001.box", "mic_2.box", "--to", "coord")) == _WHOLE


@pytest.mark.parametrize("format", ["particles", "warp"])
def test_topaz_reads_our_star_files_that_name_micrographs(
    format: str, convert: Callable[..., list], tmp_path: Path
) -> None:
    files = ["all.star"]
    if format == "warp":
        files = [f"{picks.micrograph}.star" for picks in _PICKS]
        for picks, file in zip(_PICKS, files, strict=True):
            write_picks(picks, tmp_path / file, format=format)
    else:
        write_picks(_PICKS, tmp_path / files[0], format=format)
    rows = convert(*files, "--to", "coord")
    assert _places(rows) == _CUT
    assert [float(row["score"]) for row in rows] == [0.9, -2.5, 0.125]


@pytest.mark.parametrize("output", ["converted.txt", "converted.star"])
def test_files_of_topaz_are_read(output: str, convert: Callable[..., list], tmp_path: Path) -> None:
    write_picks(_PICKS, tmp_path / "topaz.txt")
    convert("topaz.txt", "-o", output)
    first, second = read_picks(tmp_path / output)
    _assert_same(first, second)
    assert first.score.tolist() == [0.9, -2.5]
    assert second.score.tolist() == [0.125]


@pytest.mark.parametrize("format", ["box", "json"])
def test_folders_of_topaz_are_read(
    format: str, convert: Callable[..., list], tmp_path: Path
) -> None:
    write_picks(_PICKS, tmp_path / "topaz.txt")
    (tmp_path / "out").mkdir()
    convert("topaz.txt", "-o", "out/", "--to", format, "--boxsize", 20)
    files = sorted((tmp_path / "out").iterdir())
    first, second = (picks for file in files for picks in read_picks(file))
    _assert_same(first, second)
    assert first.box_size_px == (20 if format == "box" else None)


def _assert_same(first: Picks, second: Picks) -> None:
    assert (first.micrograph, second.micrograph) == ("mic.0001", "mic_2")
    np.testing.assert_array_equal(first.x_px, [30, 201])
    np.testing.assert_array_equal(first.y_px, [40, 101])
    np.testing.assert_array_equal((second.x_px[0], second.y_px[0]), (7, 150))
