"""A study on real micrographs, from the command to the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deepem.studies import STUDIES

pytestmark = pytest.mark.slow


def test_a_quick_study_on_real_micrographs(shared_data: Path, tmp_path: Path) -> None:
    """Twenty clicks on one micrograph, and hardly any training: it runs, and is resumed."""
    command = ["run", "few_labels", "--quick", "--data", shared_data, "--results", tmp_path]
    first = _study(*command)
    assert "labels=20" in first.stdout
    again = _study(*command)
    assert again.stdout == first.stdout
    assert "1 of them from before" in again.stderr
    _study("report", "few_labels", "--results", tmp_path)
    page = (tmp_path / "few_labels.md").read_text(encoding="utf-8")
    assert "## Quick run" in page
    assert "| apoferritin | 20 | 0 | 1 |" in page


@pytest.mark.parametrize(
    "name",
    [
        "accuracy",
        "crowding",
        "low_signal",
        "training_size",
        "selection",
        "learning_cycle",
        "variants",
        "paper_speed",
    ],
)
def test_the_papers_figures_run_in_short(
    name: str, shared_data: Path, shared_maps: Path, tmp_path: Path
) -> None:
    """Every measurement of the quick run succeeds, and the report shows it."""
    folders = ["--data", shared_data, "--maps", shared_maps]
    _study("run", name, "--quick", *folders, "--results", tmp_path)
    _study("report", name, "--results", tmp_path)
    page = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    n_cells = len(STUDIES[name].cells(quick=True))
    assert f" {n_cells} cells" in page


def _study(*arguments: object) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [Path(sys.executable).with_name("deepem"), "study", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended
