"""The table says mean, spread and worst seed, and what was reached of what was wanted."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from deepem.errors import ConventionError
from deepem.studies import Cell, Column, Result, Study, Target, write_report
from deepem.studies.harness.report import render_csv, render_markdown
from deepem.studies.harness.results import result_path, write_result
from deepem.studies.harness.summary import summarise

METHODS = ("network", "template")


def make_study(targets: Sequence[Target] = ()) -> Study:
    return Study(
        name="made_up",
        title="Made up",
        about="Nothing was measured.",
        version=1,
        needs=(),
        make_cells=lambda quick, n: [{"method": m, "seed": s} for m in METHODS for s in range(n)],
        measure=lambda cell, sources: {},
        group_by=("method",),
        columns=(
            Column("f1", "F1"),
            Column("seconds", "training, s", decimals=0, better="lower"),
            Column("neutral", "neutral", better=None),
        ),
        targets=tuple(targets),
    )


def make_result(cell: Cell, *, source: str = "0123456789ab", **figures: float) -> Result:
    return Result(
        study="made_up",
        version=1,
        cell=cell,
        figures=figures,
        seconds=30,
        machine="2 cores of an abacus",
        threads=2,
        deepem="0.1.0",
        source=source,
        date="2026-01-02",
    )


def make_seeds(method: str, *f1: float) -> list[Result]:
    return [
        make_result({"method": method, "seed": seed}, f1=value, seconds=10 * (seed + 1), neutral=1)
        for seed, value in enumerate(f1)
    ]


def test_mean_spread_and_worst_follow_the_direction_of_a_figure() -> None:
    (row,) = summarise(make_study(), make_seeds("network", 0.9, 0.8, 0.7))
    assert row.group == {"method": "network"}
    assert row.n_seeds == 3
    f1, seconds = row.summaries["f1"], row.summaries["seconds"]
    assert (f1.mean, f1.std, f1.worst) == pytest.approx((0.8, 0.1, 0.7))
    assert (seconds.mean, seconds.std, seconds.worst) == pytest.approx((20, 10, 30))
    assert math.isnan(row.summaries["neutral"].worst)


def test_a_seed_without_a_figure_is_not_hidden_in_the_mean() -> None:
    (row,) = summarise(
        make_study([Target("f1", at_least=0.5)]), make_seeds("network", 0.9, math.nan)
    )
    assert math.isnan(row.summaries["f1"].mean)
    assert math.isnan(row.summaries["f1"].worst)
    assert row.verdicts[0].reached == "no"


@pytest.mark.parametrize(
    ("at_least", "reached"), [(0.7, "yes"), (0.75, "in the mean only"), (0.85, "no")]
)
def test_a_target_is_reached_by_the_worst_seed(at_least: float, reached: str) -> None:
    study = make_study([Target("f1", at_least=at_least)])
    (row,) = summarise(study, make_seeds("network", 0.9, 0.8, 0.7))
    assert [one.reached for one in row.verdicts] == [reached]


@pytest.mark.parametrize(
    ("at_most", "reached"), [(30, "yes"), (25, "in the mean only"), (15, "no")]
)
def test_times_have_an_upper_bound(at_most: float, reached: str) -> None:
    study = make_study([Target("seconds", at_most=at_most)])
    (row,) = summarise(study, make_seeds("network", 0.9, 0.8, 0.7))
    assert [one.reached for one in row.verdicts] == [reached]


def test_a_target_can_be_another_row() -> None:
    better = Target("f1", {"method": "network"}, better_than=[{"method": "template"}])
    study = make_study([better])
    network = make_seeds("network", 0.9, 0.7)
    rows = summarise(study, [*network, *make_seeds("template", 0.75)])
    assert rows[0].verdicts[0].bound == pytest.approx(0.75)
    assert rows[0].verdicts[0].reached == "in the mean only"
    assert rows[1].verdicts == ()
    assert "> template 0.750" in render_markdown(study, network, rows)
    (alone,) = summarise(study, network)
    assert alone.verdicts[0].reached == "no"


def test_the_best_of_several_rows_is_to_be_surpassed_in_the_direction_of_the_figure() -> None:
    rivals = [{"method": "template"}, {"method": "unknown"}]
    targets = [
        Target(name, {"method": "network"}, better_than=rivals) for name in ("f1", "seconds")
    ]
    study = make_study(targets)
    network, template = make_seeds("network", 0.9), make_seeds("template", 0.5, 0.75)
    rows = summarise(study, [*network, *template])
    f1, seconds = rows[0].verdicts
    assert (f1.bound, f1.rival, f1.reached) == (pytest.approx(0.625), "template", "yes")
    assert (seconds.bound, seconds.reached) == (15, "yes")
    assert "training, s < template 15" in render_markdown(study, network, rows)


def test_rows_stand_in_the_order_of_the_cells() -> None:
    results = [*make_seeds("template", 0.5), *make_seeds("network", 0.9)]
    assert [row.group["method"] for row in summarise(make_study(), results)] == list(METHODS)


def test_the_page_has_a_row_a_setting_and_says_what_is_missing() -> None:
    study = make_study([Target("f1", {"method": "network"}, at_least=0.75)])
    results = make_seeds("network", 0.9, 0.8, 0.7)
    page = render_markdown(study, results, summarise(study, results))
    assert "| network | 3 | 0.800 ± 0.100 (0.700) | 20 ± 10 (30) |" in page
    assert "| F1 ≥ 0.75 | in the mean only |" in page
    assert "2 cores of an abacus; threads: 2" in page
    assert "3 of 6 cells are missing" in page
    assert "different sources" not in page


def test_mixed_sources_are_said() -> None:
    results = make_seeds("network", 0.9)
    results.append(make_result({"method": "network", "seed": 1}, source="ba9876543210", f1=0.8))
    page = render_markdown(make_study(), results, summarise(make_study(), results))
    assert "different sources of DeepEM" in page


def test_the_csv_has_a_line_for_each_figure() -> None:
    study = make_study([Target("f1", at_least=0.75)])
    text = render_csv(study, summarise(study, make_seeds("network", 0.9, 0.8, 0.7)))
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["figure"] for line in lines] == ["f1", "seconds", "neutral"]
    assert lines[0]["method"] == "network"
    assert (float(lines[0]["mean"]), float(lines[0]["worst"])) == (0.8, 0.7)
    assert (lines[0]["target"], lines[0]["reached"]) == ("≥ 0.75", "in the mean only")
    assert lines[2]["worst"] == lines[2]["target"] == ""


def test_quick_figures_are_marked_and_never_compared(tmp_path: Path) -> None:
    study = make_study([Target("f1", at_least=0.5)])
    result = make_result({"method": "network", "seed": 0, "quick": True}, f1=0.1, seconds=1)
    write_result(result, result_path(study, result.cell, tmp_path))
    written = write_report(study, tmp_path, tmp_path / "out")
    page = written.markdown.read_text(encoding="utf-8")
    assert "## Quick run" in page
    assert "reached" not in page
    assert "≥" not in page
    assert ",yes,f1,1,0.1,,0.1,," in written.table.read_text(encoding="utf-8")


def test_nothing_measured_says_how_to_measure(tmp_path: Path) -> None:
    with pytest.raises(ConventionError, match="deepem study run made_up"):
        write_report(make_study(), tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())
