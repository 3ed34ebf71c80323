"""What is kept of a measured cell: a JSON file, its arrays beside it, found by its settings."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from deepem.errors import FileFormatError
from deepem.io import write_atomically
from deepem.studies.harness.study import Arrays, Cell, Figures, Study


@dataclass(frozen=True)
class Result:
    """A measured cell.

    Parameters
    ----------
    study, version
        Name and version of the study.
    cell
        Settings.
    figures
        What was measured; NaN where a figure does not exist.
    seconds
        How long it took, all included.
    machine, threads
        On what.
    deepem, source
        Version of DeepEM, and the fingerprint of its files.
    date
        Day, as YYYY-MM-DD.
    cpu_seconds
        Processor time of all threads, which depends less on who else uses the machine; None where
        it was not measured.
    arrays
        Curves or images for the plots.
    """

    study: str
    version: int
    cell: Cell
    figures: Figures
    seconds: float
    machine: str
    threads: int
    deepem: str
    source: str
    date: str
    cpu_seconds: float | None = None
    arrays: Arrays = field(default_factory=dict, repr=False, compare=False)


def result_path(study: Study, cell: Cell, folder: Path) -> Path:
    """File of a cell: named by a hash of study, version and settings, in any order."""
    mark = json.dumps([study.name, study.version, cell], sort_keys=True, allow_nan=False)
    key = hashlib.sha256(mark.encode()).hexdigest()[:16]
    return folder / study.name / f"{key}.json"


def write_result(result: Result, path: Path) -> None:
    """Keep a result, its arrays as ``KEY.npz`` beside it.

    Raises
    ------
    deepem.errors.OutputError
        A file cannot be written.
    """
    # First, so that a result that is there is whole.
    if result.arrays:
        with write_atomically(path.with_suffix(".npz"), overwrite=True, mode="wb") as file:
            np.savez_compressed(file, **result.arrays)  # type: ignore[arg-type]
    kept = {one.name: getattr(result, one.name) for one in fields(result) if one.name != "arrays"}
    kept["figures"] = {
        name: float(value) if math.isfinite(value) else None
        for name, value in result.figures.items()
    }
    with write_atomically(path, overwrite=True) as file:
        json.dump(kept, file, indent=1, allow_nan=False)
        file.write("\n")


def read_result(path: Path) -> Result:
    """Read a result that was kept.

    Raises
    ------
    deepem.errors.FileFormatError
        A file is damaged.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["figures"] = {
            name: math.nan if value is None else float(value)
            for name, value in kept["figures"].items()
        }
        result = Result(**kept)
        arrays_path = path.with_suffix(".npz")
        if not arrays_path.exists():
            return result
        with arrays_path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return replace(result, arrays=dict(arrays))
    except (ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        problem = f"is no result of a study ({error}); delete it, and run the study again"
        raise FileFormatError(path, problem) from error


def read_results(study: Study, folder: str | Path) -> list[Result]:
    """All results of a study's present version in a folder of results, in no special order.

    Raises
    ------
    deepem.errors.FileFormatError
        A file is damaged.
    """
    paths = sorted((Path(folder) / study.name).glob("*.json"))
    results = [read_result(path) for path in paths]
    return [one for one in results if (one.study, one.version) == (study.name, study.version)]
