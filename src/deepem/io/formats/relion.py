"""RELION STAR files of coordinates: of one micrograph, of many, and lists of such files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from deepem.core import Listing, Picks
from deepem.errors import FileFormatError, OutputError
from deepem.io.atomic import write_atomically
from deepem.io.formats.grouping import split_by_micrograph
from deepem.io.inputs import read_head
from deepem.io.naming import find_name, strip_extension, strip_relion_job
from deepem.io.project_paths import find_in_project
from deepem.io.star_file import find_star_tables, format_texts
from deepem.io.star_table import StarTable

_UNKNOWN = -999.0  # RELION's dummy for a score that nobody computed
_X, _Y, _SCORE = "rlnCoordinateX", "rlnCoordinateY", "rlnAutopickFigureOfMerit"
_MICROGRAPH, _COORDINATES = "rlnMicrographName", "rlnMicrographCoordinates"
_HEAD_BYTES = 8192  # the names of columns stand at the beginning
_VERSION = "\n# version 30001\n"


def read_star(path: Path) -> list[Picks]:
    """Read a STAR file of coordinates.

    RELION's coordinates are particle centres in pixels of the micrograph, counted from 0 at the
    centre of the first stored pixel, rows as stored: exactly ours, so nothing is converted. The
    STAR files of crYOLO, Gautomatch, Warp and Topaz follow RELION's.

    Parameters
    ----------
    path
        A file with one table, of any name, that has ``rlnCoordinateX`` and ``rlnCoordinateY``,
        and perhaps ``rlnAutopickFigureOfMerit`` (−999 means not known), of RELION 3.0 to 5: the
        coordinates of one micrograph, particles of many, or a list of coordinate files
        (``autopick.star``, ``manualpick.star``), which are then read.

    Returns
    -------
    list of Picks
        One for each ``rlnMicrographName`` in order of first appearance; without this column, one
        that has the name of the file.

    Raises
    ------
    FileFormatError
        The file is not STAR, has no or several tables of coordinates, a value is not a number, or
        two micrographs have the same name but for their folder.
    """
    tables = find_star_tables(path)
    if any(_COORDINATES in table for table in tables):
        return [
            replace(picks, micrograph=find_name(listing.path), listing=listing)
            for listing, file in _follow_list(path, tables)
            for picks in read_star(file)
        ]
    table = _choose_table(path, tables)
    columns = table.read(
        numbers=(_X, _Y),
        optional=(_SCORE,),
        texts=(_MICROGRAPH,) if _MICROGRAPH in table else (),
    )
    x_px, y_px = columns[_X].to_numpy(), columns[_Y].to_numpy()
    score = None
    if _SCORE in columns:
        score = columns[_SCORE].to_numpy()
        score = np.where(score == _UNKNOWN, np.nan, score)
    if _MICROGRAPH not in columns or not table.n_rows:
        return [Picks(path.stem, x_px, y_px, score=score)]
    return [
        Picks(
            find_name(name),
            x_px[rows],
            y_px[rows],
            score=None if score is None else score[rows],
            listing=Listing(name),
        )
        for name, rows in split_by_micrograph(path, columns[_MICROGRAPH])
    ]


def list_coordinate_files(path: Path) -> list[tuple[Listing, Path]] | None:
    """Micrographs and coordinate files in a list such as ``autopick.star``; None if it is none.

    Raises
    ------
    FileFormatError
        The file is not STAR.
    """
    if f"_{_COORDINATES}".encode() not in read_head(path, _HEAD_BYTES):
        return None
    return _follow_list(path, find_star_tables(path))


def _follow_list(path: Path, tables: Sequence[StarTable]) -> list[tuple[Listing, Path]]:
    table = next(table for table in tables if _COORDINATES in table)
    columns = table.read(texts=(_MICROGRAPH, _COORDINATES))
    return [
        (Listing(str(name)), find_in_project(str(file), path))
        for name, file in zip(columns[_MICROGRAPH], columns[_COORDINATES], strict=True)
    ]


def _choose_table(path: Path, tables: Sequence[StarTable]) -> StarTable:
    candidates = [table for table in tables if _X in table and _Y in table]
    if len(candidates) == 1:
        return candidates[0]
    found = "; ".join(
        f"data_{table.name} with {', '.join(table.columns) or 'no columns'}"
        for table in (candidates or tables)
    )
    problem = f"expected one table with {_X} and {_Y}, found {found}"
    if any(_MICROGRAPH in table for table in tables):
        problem += ". If this is a list of micrographs, give it as MICROGRAPHS"
    raise FileFormatError(path, problem)


def write_star(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as a RELION coordinate file.

    Centres with six decimals, the score (−999 where it is not known), class 0 and angle 0, as
    RELION's own pickers without references write them. No picks make a valid empty table.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    with write_atomically(path, overwrite=overwrite) as file:
        write_table(file, "", (_X, _Y, _SCORE, "rlnClassNumber", "rlnAnglePsi"))
        write_rows(file, "%13.6f %13.6f %13.6f        0      0.000000\n", _coordinates(single))


def write_particles(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of many micrographs as one particle STAR file.

    With optics groups, one for each pixel size, where all pixel sizes are known (RELION 3.1 and
    later); otherwise one table as RELION 3.0 writes it.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    sizes = [None if one.frame is None else one.frame.pixel_size_angstrom for one in picks]
    groups = {size: group for group, size in enumerate(dict.fromkeys(sizes), start=1)}
    columns = [_MICROGRAPH, _X, _Y, _SCORE]
    has_optics = bool(picks) and None not in groups
    with write_atomically(path, overwrite=overwrite) as file:
        if has_optics:
            write_table(
                file,
                "optics",
                ("rlnOpticsGroupName", "rlnOpticsGroup", "rlnMicrographPixelSize"),
            )
            for size, number in groups.items():
                file.write(f"opticsGroup{number} {number:8d} {size:13.6f}\n")
            columns.append("rlnOpticsGroup")
        write_table(file, "particles" if has_optics else "", columns)
        for one, size in zip(picks, sizes, strict=True):
            (name,) = format_texts([find_listed_path(one)])
            name = name.replace("%", "%%")
            group = f" {groups[size]:8d}" if has_optics else ""
            write_rows(file, f"{name} %13.6f %13.6f %13.6f{group}\n", _coordinates(one))


def write_coordinate_files(
    picks: Sequence[Picks], path: Path, *, overwrite: bool, project: Path | None = None
) -> None:
    """Write what a RELION picking job leaves: ``autopick.star`` and a file for each micrograph.

    The files lie beside the list in the folders of their micrographs, without the job that made
    these: ``movies/mic_1_autopick.star`` for ``MotionCorr/job002/movies/mic_1.mrc``. A micrograph
    without picks gets no file and no line, as in RELION.

    Parameters
    ----------
    picks
        The picks of each micrograph.
    path
        The list to write.
    overwrite
        Whether files may be replaced.
    project
        Folder of the RELION project, to which the list names files relative where they lie in it;
        by default the current folder.

    Raises
    ------
    OutputError
        A file exists already or cannot be written; the list is written last.
    """
    found = [one for one in picks if len(one)]
    list_path, *files = list_job_files(found, path)
    if not overwrite:
        for file in (list_path, *files):
            if file.exists():
                raise OutputError(
                    file, "exists already; pass overwrite=True (--overwrite) to replace it"
                )
    for one, file in zip(found, files, strict=True):
        write_star([one], file, overwrite=overwrite)
    with write_atomically(path, overwrite=overwrite) as list_file:
        write_table(list_file, "coordinate_files", (_MICROGRAPH, _COORDINATES))
        for one, file in zip(found, files, strict=True):
            names = format_texts([find_listed_path(one), _relate_to_project(file, project)])
            list_file.write(" ".join(names) + "\n")


def list_job_files(picks: Sequence[Picks], path: Path) -> list[Path]:
    """The files of `write_coordinate_files`: the list, and that of each micrograph."""
    ending = f"_{path.stem}.star"
    return [
        path,
        *(find_coordinate_file(path.parent, find_listed_path(one), ending) for one in picks),
    ]


def find_listed_path(picks: Picks) -> str:
    """The micrograph as RELION lists it, or its name with ``.mrc`` where that is not known."""
    return f"{picks.micrograph}.mrc" if picks.listing is None else picks.listing.path


def write_table(file: IO[str], name: str, columns: Iterable[str]) -> None:
    """Write the head of a STAR table; the rows follow it."""
    labels = "".join(f"_{column} #{number}\n" for number, column in enumerate(columns, start=1))
    file.write(f"{_VERSION}\ndata_{name}\n\nloop_\n{labels}")


def write_rows(file: IO[str], row_format: str, columns: Sequence[Any]) -> None:
    """Write a line for each row of equally long columns, in the printf format of a line."""
    rows = np.column_stack(columns).tolist()  # Python's floats are formatted faster than numpy's
    file.write("".join([row_format % tuple(row) for row in rows]))


def _coordinates(picks: Picks) -> tuple[Any, ...]:
    return picks.x_px, picks.y_px, np.where(np.isfinite(picks.score), picks.score, _UNKNOWN)


def find_coordinate_file(folder: Path, listed: str, ending: str) -> Path:
    """Where a picking job keeps the coordinates of a micrograph: without the job that made it.

    ``movies/mic_1_autopick.star`` for ``MotionCorr/job002/movies/mic_1.mrc``.
    """
    index, _, path = listed.rpartition("@")
    inside = strip_extension(strip_relion_job(path)).lstrip("/")
    parts = [part for part in inside.split("/") if part not in ("", ".", "..")]
    number = f"_{int(index):06d}" if index.isdigit() else ""
    return folder / ("/".join(parts) + number + ending)


def _relate_to_project(file: Path, project: Path | None) -> str:
    """A path as RELION keeps it: relative to the project, in which it and often we are run."""
    relative = os.path.relpath(file, project)
    return str(file) if relative.startswith("..") else relative
