"""Measures a study cell by cell, keeps each result at once, and never measures one twice."""

from __future__ import annotations

import time
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch

from deepem import __version__
from deepem.errors import DeepEMError
from deepem.io import write_atomically
from deepem.studies.harness.machine import describe_machine, fingerprint_source
from deepem.studies.harness.results import Result, read_result, result_path, write_result
from deepem.studies.harness.study import Cell, Measured, Study
from deepem.studies.sets.data import Sources


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Parameters
    ----------
    cell
        Its settings.
    result
        What was measured, now or before; None where it failed.
    error
        Why it failed; None where it did not.
    is_new
        Whether it was measured now.
    """

    cell: Cell
    result: Result | None = None
    error: str | None = None
    is_new: bool = True


def run_study(
    study: Study,
    sources: Sources,
    results: str | Path,
    *,
    quick: bool = False,
    n_seeds: int | None = None,
) -> Generator[Outcome]:
    """Measure the cells of a study that have no result yet.

    Parameters
    ----------
    study
        The study.
    sources
        Where its data are.
    results
        Folder of results; each cell is a file ``STUDY/KEY.json`` in it, written when it is
        measured.
    quick, n_seeds
        Which cells, see `Study.cells`.

    Yields
    ------
    outcome
        Of every cell, in order. One that fails does not stop the others; why it failed stands in
        ``STUDY/KEY.error.txt`` too, and the next run tries it again.

    Raises
    ------
    deepem.errors.ConfigError
        Data are missing that a cell without a result needs.
    deepem.errors.FileFormatError
        A result that was kept is damaged.
    deepem.errors.OutputError
        A result cannot be kept.
    """
    folder = Path(results)
    cells = study.cells(quick=quick, n_seeds=n_seeds)
    if not all(result_path(study, cell, folder).exists() for cell in cells):
        sources.require(study.needs)
    for cell in cells:
        path = result_path(study, cell, folder)
        # Looked at only now: another run may have measured it in the meantime.
        if path.exists():
            yield Outcome(cell, read_result(path), is_new=False)
        else:
            yield _run_cell(study, cell, sources, path)


def _run_cell(study: Study, cell: Cell, sources: Sources, path: Path) -> Outcome:
    why_path = path.with_suffix(".error.txt")
    start, cpu_start = time.perf_counter(), time.process_time()
    try:
        measured = study.measure(cell, sources)
    except Exception as error:  # a night's work must not end with one cell, whatever the reason
        reason = str(error) if isinstance(error, DeepEMError) else repr(error)
        with write_atomically(why_path, overwrite=True) as file:
            file.write(f"{cell}\n{traceback.format_exc()}")
        return Outcome(cell, error=f"{reason} (details: {why_path})")
    if not isinstance(measured, Measured):
        measured = Measured(measured, {})
    result = Result(
        study=study.name,
        version=study.version,
        cell=cell,
        figures=measured.figures,
        seconds=round(time.perf_counter() - start, 2),
        machine=describe_machine(),
        threads=torch.get_num_threads(),
        deepem=__version__,
        source=fingerprint_source(),
        date=f"{date.today():%Y-%m-%d}",
        cpu_seconds=round(time.process_time() - cpu_start, 2),
        arrays=measured.arrays,
    )
    write_result(result, path)
    why_path.unlink(missing_ok=True)
    return Outcome(cell, result)
