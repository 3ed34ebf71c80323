"""The table of candidates that were left out, each with its reason."""

from __future__ import annotations

import csv
from pathlib import Path

from deepem.errors import OutputError
from deepem.io.atomic import write_atomically
from deepem.io.formats.table import to_texts
from deepem.picking.selection import Verdict

# A folder of its own: what reads a folder of picks does not look into folders in it.
REJECTED_FOLDER = "rejected"
_COLUMNS = ("micrograph", "x_px", "y_px", "score", "std", "reason")


def write_rejected(verdict: Verdict, path: str | Path, *, overwrite: bool = False) -> None:
    """Write what was left out as a table separated by commas, best score first.

    Columns ``micrograph``, ``x_px`` and ``y_px`` (centres in unbinned pixels counted from 0),
    ``score``, ``std`` (in units of the micrograph's) and ``reason``.

    Parameters
    ----------
    verdict
        The picks that were left out of one micrograph.
    path
        The file, usually ``rejected/NAME.csv`` beside the coordinates.
    overwrite
        Replace the file where it exists.

    Raises
    ------
    deepem.errors.OutputError
        The file exists already or cannot be written.
    """
    rejected = verdict.rejected
    numbers = (rejected.x_px, rejected.y_px, rejected.score, rejected.std)
    with write_atomically(path, overwrite=overwrite) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for *texts, reason in zip(*map(to_texts, numbers), verdict.reasons, strict=True):
            writer.writerow([rejected.micrograph, *texts, reason])


def rejected_path(out: str | Path, name: str) -> Path:
    """Where the table of a micrograph of this name stands in a folder of coordinates.

    Raises
    ------
    deepem.errors.OutputError
        The folder for such tables cannot be made, for a file has its name.
    """
    folder = Path(out) / REJECTED_FOLDER
    if folder.exists() and not folder.is_dir():
        raise OutputError(folder, "is a file where a folder is needed; choose another")
    return folder / f"{name}.csv"
