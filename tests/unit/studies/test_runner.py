"""A run keeps every result at once, never measures twice, and does not end with one failure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.studies import Cell, Column, Figures, Need, Sources, Study, read_results, run_study
from deepem.studies.harness.results import result_path


class Measurement:
    """Counts what is measured; cells with a level in ``broken`` fail."""

    def __init__(self, broken: set[int] | None = None) -> None:
        self.measured: list[Cell] = []
        self.broken = broken or set()

    def __call__(self, cell: Cell, sources: Sources) -> Figures:
        """Measure, or fail."""
        self.measured.append(cell)
        if cell["level"] in self.broken:
            raise ConventionError("the lens is dirty; clean it")
        return {"score": 0.5 + float(cell["seed"]) / 10, "empty": float("nan")}


def make_cells(quick: bool, n_seeds: int) -> list[Cell]:
    levels = (1,) if quick else (1, 2)
    return [{"level": level, "seed": seed} for level in levels for seed in range(n_seeds)]


def make_study(measure: Measurement, **changes: object) -> Study:
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
        n_seeds=2,
    )
    return replace(study, **changes)  # type: ignore[arg-type]


def test_every_cell_is_measured_once(tmp_path: Path) -> None:
    measure = Measurement()
    study = make_study(measure)
    first = list(run_study(study, Sources(), tmp_path))
    second = list(run_study(study, Sources(), tmp_path))
    assert measure.measured == study.cells()
    assert [one.is_new for one in first] == [True] * 4
    assert [one.is_new for one in second] == [False] * 4
    assert [str(one.result) for one in second] == [str(one.result) for one in first]


def test_a_run_that_is_broken_off_goes_on(tmp_path: Path) -> None:
    measure = Measurement()
    study = make_study(measure)
    next(run_study(study, Sources(), tmp_path))
    assert len(read_results(study, tmp_path)) == 1
    list(run_study(study, Sources(), tmp_path))
    assert measure.measured == study.cells()


def test_more_seeds_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    measure = Measurement()
    study = make_study(measure)
    list(run_study(study, Sources(), tmp_path, n_seeds=1))
    list(run_study(study, Sources(), tmp_path, n_seeds=3))
    assert len(measure.measured) == 6
    assert len(read_results(study, tmp_path)) == 6


def test_quick_cells_are_kept_apart(tmp_path: Path) -> None:
    measure = Measurement()
    study = make_study(measure)
    list(run_study(study, Sources(), tmp_path, quick=True))
    assert measure.measured == [{"level": 1, "seed": 0, "quick": True}]
    assert all(one.is_new for one in run_study(study, Sources(), tmp_path))


def test_a_failing_cell_stops_no_other_and_is_tried_again(tmp_path: Path) -> None:
    measure = Measurement(broken={1})
    study = make_study(measure, n_seeds=1)
    failed, done = run_study(study, Sources(), tmp_path)
    assert failed.result is None
    assert failed.error is not None
    assert "clean it" in failed.error
    assert done.result is not None
    why = result_path(study, failed.cell, tmp_path).with_suffix(".error.txt")
    assert "Traceback" in why.read_text(encoding="utf-8")

    measure.broken.clear()
    mended, kept = run_study(study, Sources(), tmp_path)
    assert mended.is_new
    assert not kept.is_new
    assert not why.exists()


def test_a_new_version_is_measured_anew(tmp_path: Path) -> None:
    measure = Measurement()
    list(run_study(make_study(measure), Sources(), tmp_path))
    newer = make_study(measure, version=2)
    assert read_results(newer, tmp_path) == []
    list(run_study(newer, Sources(), tmp_path))
    assert len(measure.measured) == 8
    assert len(read_results(newer, tmp_path)) == 4


def test_a_result_says_where_it_comes_from(tmp_path: Path) -> None:
    list(run_study(make_study(Measurement(), n_seeds=1), Sources(), tmp_path))
    path = next((tmp_path / "made_up").glob("*.json"))
    fields = json.loads(path.read_text(encoding="utf-8"))
    assert fields["figures"] == {"score": 0.5, "empty": None}
    assert "cores" in fields["machine"]
    assert fields["threads"] >= 1
    assert len(fields["source"]) == 12


def test_missing_data_are_named_before_any_work(tmp_path: Path) -> None:
    measure = Measurement()
    study = make_study(measure, needs=(Need("data", "apoferritin/test"),))
    with pytest.raises(ConfigError, match="--data"):
        list(run_study(study, Sources(), tmp_path))
    with pytest.raises(ConfigError, match="has no apoferritin/test"):
        list(run_study(study, Sources(data=tmp_path), tmp_path))
    assert measure.measured == []


def test_finished_studies_need_no_data(tmp_path: Path) -> None:
    list(run_study(make_study(Measurement()), Sources(), tmp_path))
    study = make_study(Measurement(), needs=(Need("maps", "ribosome.mrc"),))
    assert not any(one.is_new for one in run_study(study, Sources(), tmp_path))


def test_a_damaged_result_says_what_to_do(tmp_path: Path) -> None:
    study = make_study(Measurement(), n_seeds=1)
    list(run_study(study, Sources(), tmp_path))
    next((tmp_path / "made_up").glob("*.json")).write_text('{"study": "made', encoding="utf-8")
    with pytest.raises(FileFormatError, match="delete it"):
        list(run_study(study, Sources(), tmp_path))


def test_the_order_of_settings_does_not_matter(tmp_path: Path) -> None:
    study = make_study(Measurement())
    one = result_path(study, {"level": 1, "seed": 0}, tmp_path)
    assert one == result_path(study, {"seed": 0, "level": 1}, tmp_path)
    assert one != result_path(study, {"level": 1, "seed": 1}, tmp_path)
