"""``deepem study``: what it prints, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import deepem.studies
from deepem.cli.app import app
from deepem.errors import ConventionError
from deepem.studies import Cell, Column, Figures, Sources, Study


def make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    return [{"level": level} for level in ((1,) if quick else (1, 2))]


def measure(cell: Cell, sources: Sources) -> Figures:
    if cell["level"] == 2:
        raise ConventionError("the lens is dirty; clean it")
    return {"score": 0.75}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(
        name="made_up",
        title="Made up",
        about="Nothing.",
        version=1,
        needs=(),
        make_cells=make_cells,
        measure=measure,
        group_by=("level",),
        columns=(Column("score", "score"),),
    )
    monkeypatch.setitem(deepem.studies.STUDIES, "made_up", study)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["study", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_list_names_every_study_and_what_it_needs() -> None:
    code, stdout, _ = run("list")
    lines = {line.split("\t")[0]: line for line in stdout.splitlines()}
    assert code == 0
    assert set(lines) == set(deepem.studies.STUDIES)
    assert "--maps" in lines["low_signal"]
    assert "--data" in lines["accuracy"]


@pytest.mark.usefixtures("made_up")
def test_a_failed_measurement_is_named_and_the_others_are_printed(tmp_path: Path) -> None:
    code, stdout, stderr = run("run", "made_up", "--results", tmp_path)
    assert code == 3
    assert stdout == "level=1\tscore=0.75\n"
    assert "level=2: the lens is dirty; clean it" in stderr
    assert "1 failed" in stderr


@pytest.mark.usefixtures("made_up")
def test_a_report_is_written_beside_the_results(tmp_path: Path) -> None:
    assert run("run", "made_up", "--quick", "--results", tmp_path)[0] == 0
    code, _, stderr = run("report", "made_up", "--results", tmp_path)
    assert code == 0
    assert "made_up.md" in stderr
    assert "0.750" in (tmp_path / "made_up.md").read_text(encoding="utf-8")
    assert (tmp_path / "made_up.csv").exists()


def test_an_unknown_study_is_answered_with_those_that_are_known(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["study", "run", "spead", "--results", str(tmp_path)])
    assert result.exit_code == 1
    assert "few_labels" in str(result.exception)


@pytest.mark.parametrize("command", ["list", "run", "report"])
def test_every_part_shows_an_example_of_itself(command: str) -> None:
    code, stdout, _ = run(command, "--help")
    assert code == 0
    assert f"Example: deepem study {command}" in stdout
