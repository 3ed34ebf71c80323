"""The report of a study: Markdown for people with pictures, CSV for programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deepem.errors import ConventionError
from deepem.io import write_atomically
from deepem.studies.harness.drawing import render_svg
from deepem.studies.harness.results import Result, read_results
from deepem.studies.harness.study import Column, Plot, Study, is_quick
from deepem.studies.harness.summary import Row, Summary, Verdict, summarise

_HOW_TO_READ = (
    "Each figure is the mean over the seeds ± their standard deviation; in brackets is the worst "
    "seed. A target is reached if the worst seed reaches it; where only the mean does, it says so."
)


@dataclass(frozen=True)
class WrittenReport:
    """The files of a report.

    Parameters
    ----------
    markdown, table
        The page, and the table as CSV.
    rows
        What they show, without quick runs.
    """

    markdown: Path
    table: Path
    rows: list[Row]


def write_report(study: Study, results: str | Path, out: str | Path) -> WrittenReport:
    """Write ``STUDY.md``, ``STUDY.csv`` and the plots from the results that are there.

    Parameters
    ----------
    study
        The study.
    results
        Folder of results that `run_study` was given.
    out
        Folder for the report; older reports there are replaced.

    Returns
    -------
    written

    Raises
    ------
    deepem.errors.ConventionError
        There are no results.
    deepem.errors.FileFormatError
        A result is damaged.
    deepem.errors.OutputError
        A file cannot be written.
    """
    found = read_results(study, results)
    if not found:
        raise ConventionError(
            f"{results} has no results of {study.name} (version {study.version}). Measure them "
            f"with: deepem study run {study.name} --results {results}"
        )
    quick = [one for one in found if is_quick(one.cell)]
    full = _sort(study, [one for one in found if not is_quick(one.cell)])
    rows, quick_rows = summarise(study, full), summarise(study, quick, quick=True)
    if full:
        for plot in study.plots:
            svg = _draw(plot, full)
            with write_atomically(Path(out) / _plot_path(study, plot), overwrite=True) as file:
                file.write(svg)
    page, table = Path(out) / f"{study.name}.md", Path(out) / f"{study.name}.csv"
    with write_atomically(page, overwrite=True) as file:
        file.write(render_markdown(study, full, rows, quick, quick_rows))
    with write_atomically(table, overwrite=True) as file:
        file.write(render_csv(study, rows, quick_rows))
    return WrittenReport(page, table, rows)


def render_markdown(
    study: Study,
    full: Sequence[Result],
    rows: Sequence[Row],
    quick: Sequence[Result] = (),
    quick_rows: Sequence[Row] = (),
) -> str:
    """The page: what was measured, on what, and the table, a row a setting."""
    parts = [f"# {study.title}", f"Measured with `deepem study run {study.name}`.", study.about]
    if full:
        table = _render_table(study, rows, with_targets=bool(study.targets))
        parts += [_say_where(study, full), _HOW_TO_READ, table]
        parts += [f"![{one.caption}]({_plot_path(study, one)})" for one in study.plots]
    if quick:
        parts += [
            "## Quick run",
            "Shows only that the study runs: little training and few levels. These figures are "
            "not compared with the targets.",
            _say_where(study, quick, is_quick_run=True),
            _render_table(study, quick_rows, with_targets=False),
        ]
    return "\n\n".join(parts) + "\n"


def render_csv(study: Study, rows: Sequence[Row], quick_rows: Sequence[Row] = ()) -> str:
    """A line for each figure of each row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [*study.group_by, "quick", "figure", "seeds", "mean", "std", "worst", "target", "reached"]
    )
    for row, of_quick in [*((row, "no") for row in rows), *((row, "yes") for row in quick_rows)]:
        group = [row.group.get(name, "") for name in study.group_by]
        for column in study.columns:
            summary = row.summaries.get(column.figure)
            if summary is None:
                continue
            verdicts = [v for v in row.verdicts if v.target.figure == column.figure]
            numbers = [_plain(value) for value in (summary.mean, summary.std, summary.worst)]
            wanted = "; ".join(_say_bound(v, column) for v in verdicts)
            reached = "; ".join(v.reached for v in verdicts)
            writer.writerow(
                [*group, of_quick, column.figure, row.n_seeds, *numbers, wanted, reached]
            )
    return text.getvalue()


def _sort(study: Study, results: Sequence[Result]) -> list[Result]:
    """In the order of the study's cells; what an older run measured beyond them is last."""
    planned = study.cells()
    return sorted(
        results,
        key=lambda one: planned.index(one.cell) if one.cell in planned else len(planned),
    )


def _draw(plot: Plot, results: Sequence[Result]) -> str:
    return render_svg(lambda figure: plot.draw(figure, results))


def _plot_path(study: Study, plot: Plot) -> str:
    return f"figures/{study.name}-{plot.name}.svg"


def _say_where(study: Study, results: Sequence[Result], *, is_quick_run: bool = False) -> str:
    """Machines, threads, versions, dates, and how much of the study is there."""
    machines = sorted({f"{one.machine}; threads: {one.threads}" for one in results})
    versions = sorted({f"{one.deepem} (source {one.source})" for one in results})
    dates = sorted({one.date for one in results})
    days = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    minutes = sum(one.seconds for one in results) / 60
    timed = [one for one in results if one.cpu_seconds is not None]
    share = sum(one.cpu_seconds or 0 for one in timed) / max(
        sum(one.seconds for one in timed), 1e-9
    )
    lines = [f"Machine: {' / '.join(machines)}. DeepEM {', '.join(versions)}, {days}."]
    measured = [one.cell for one in results]
    planned = study.cells(quick=is_quick_run)
    n_missing = sum(cell not in measured for cell in planned)
    lines.append(f"{len(results)} cells, {minutes:.1f} minutes in all.")
    if timed:
        lines.append(f"{share:.2f} processors were at work on average.")
    if n_missing:
        lines.append(f"**Not complete: {n_missing} of {len(planned)} cells are missing.**")
    if len(versions) > 1:
        lines.append("**The cells were measured with different sources of DeepEM.**")
    return " ".join(lines)


def _render_table(study: Study, rows: Sequence[Row], *, with_targets: bool) -> str:
    shown = [c for c in study.columns if any(c.figure in row.summaries for row in rows)]
    head = [*(name.replace("_", " ") for name in study.group_by), "seeds"]
    head += [column.title for column in shown]
    if with_targets:
        head += ["target", "reached"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        cells = [str(row.group.get(name, "")) for name in study.group_by]
        cells.append(str(row.n_seeds))
        cells += [_show(row.summaries.get(column.figure), column) for column in shown]
        if with_targets:
            titles = {column.figure: column for column in study.columns}
            wanted = [
                f"{titles[v.target.figure].title} {_say_bound(v, titles[v.target.figure])}"
                for v in row.verdicts
            ]
            cells += ["; ".join(wanted), "; ".join(v.reached for v in row.verdicts)]
        lines.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _show(summary: Summary | None, column: Column) -> str:
    """``0.985 ± 0.002 (0.981)``."""
    if summary is None:
        return ""
    if math.isnan(summary.mean):
        return "none"
    text = f"{summary.mean:.{column.decimals}f}"
    if math.isnan(summary.std):
        return text
    text += f" ± {summary.std:.{column.decimals}f}"
    return text if math.isnan(summary.worst) else f"{text} ({summary.worst:.{column.decimals}f})"


def _say_bound(verdict: Verdict, column: Column) -> str:
    target = verdict.target
    if target.better_than:
        sign = "<" if column.better == "lower" else ">"
        bound = "" if math.isnan(verdict.bound) else f" {verdict.bound:.{column.decimals}f}"
        return f"{sign} {verdict.rival}{bound}"
    return f"{'≥' if target.at_most is None else '≤'} {verdict.bound:g}"


def _plain(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
