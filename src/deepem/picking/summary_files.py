"""The summary of a run in files: a STAR and a CSV table of all micrographs, and a page."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from deepem.io import write_atomically
from deepem.io.formats.relion import write_table
from deepem.io.star_file import format_texts
from deepem.picking.selection import REASONS
from deepem.picking.summary import MicrographRow, RunSummary
from deepem.picking.summary_page import render_summary

# In a folder of its own: a table beside the coordinates could be taken for some.
STAR_NAME, CSV_NAME, PAGE_NAME = "micrographs.star", "micrographs.csv", "summary.html"

# RELION's names where it has one; it keeps columns that it does not know.
_STAR_COLUMNS = (
    "rlnMicrographName",
    "rlnParticleNumber",
    "rlnAutopickFigureOfMerit",
    *(f"deepemLeftOut{reason.title().replace(' ', '')}" for reason in REASONS),
    "deepemStatus",
    "deepemOutlier",
    "deepemFailure",
)
_CSV_COLUMNS = (
    "micrograph",
    "path",
    "picks",
    "mean_score",
    *(reason.replace(" ", "_") for reason in REASONS),
    "status",
    "outlier",
    "failure",
)
_UNKNOWN = "-999.0000"  # RELION's dummy for a score that nobody computed
_NOTHING = "none"  # a STAR value cannot be empty


def write_summary(
    summary: RunSummary, folder: str | Path, *, settings: Mapping[str, str] | None = None
) -> Path:
    """Write what came of a run, in place of an earlier summary.

    ``micrographs.star`` (RELION's columns and some of our own) and ``micrographs.csv`` have a row
    for each micrograph: name, number of picks, their mean score, number left out by reason,
    status (``picked`` or ``failed``), in what it stands out from the others, and why it failed.
    ``summary.html`` shows the run. They hold no times: the same picks make the same bytes.

    Parameters
    ----------
    summary
        What came of it.
    folder
        Folder for the files; made where it is missing.
    settings
        Name and value of each setting, to be printed.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    deepem.errors.OutputError
        A file cannot be written.
    """
    folder = Path(folder)
    with write_atomically(folder / STAR_NAME, overwrite=True) as file:
        write_table(file, "micrographs", _STAR_COLUMNS)
        file.writelines(_star_line(row, summary) for row in summary.rows)
    with write_atomically(folder / CSV_NAME, overwrite=True) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_CSV_COLUMNS)
        writer.writerows(_csv_row(row, summary) for row in summary.rows)
    page = folder / PAGE_NAME
    with write_atomically(page, overwrite=True) as file:
        file.write(render_summary(summary, settings=settings))
    return page


def _star_line(row: MicrographRow, summary: RunSummary) -> str:
    outlier = ", ".join(summary.judge(row)) or _NOTHING
    failure = _on_one_line(row.error or _NOTHING)
    path, outlier, failure = format_texts([row.listed_path, outlier, failure])
    cells = [f"{row.n_picks:8d}", f"{_format_score(row) or _UNKNOWN:>10}"]
    cells += [f"{row.left_out.get(reason, 0):6d}" for reason in REASONS]
    return " ".join([path, *cells, _name_status(row), outlier, failure]) + "\n"


def _csv_row(row: MicrographRow, summary: RunSummary) -> list[str]:
    cells = [row.name, row.listed_path]
    if row.has_failed:
        cells += [""] * (2 + len(REASONS))
    else:
        cells += [str(row.n_picks), _format_score(row)]
        cells += [str(row.left_out.get(reason, 0)) for reason in REASONS]
    return [*cells, _name_status(row), ", ".join(summary.judge(row)), row.error or ""]


def _format_score(row: MicrographRow) -> str:
    return "" if math.isnan(row.mean_score) else f"{row.mean_score:.4f}"


def _name_status(row: MicrographRow) -> str:
    return "failed" if row.has_failed else "picked"


def _on_one_line(text: str) -> str:
    """A text as a STAR value can hold it, which has no way to write its own quotation mark."""
    return " ".join(text.replace('"', "'").split())
