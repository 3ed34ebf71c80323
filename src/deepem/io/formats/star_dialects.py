"""The STAR files that Gautomatch, crYOLO and Warp write; RELION's reader reads them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from deepem.core import Picks
from deepem.io.atomic import write_atomically
from deepem.io.formats.relion import write_rows
from deepem.io.star_file import format_texts

_X, _Y, _SCORE = "rlnCoordinateX", "rlnCoordinateY", "rlnAutopickFigureOfMerit"
_UNKNOWN = -999.0  # RELION's dummy for a score that nobody computed


def write_gautomatch(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as Gautomatch does.

    Centres, angle 0, class 0 (Gautomatch counts its templates from 0, RELION from 1) and the
    score, −999 where it is not known.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    score = np.where(np.isfinite(single.score), single.score, _UNKNOWN)
    with write_atomically(path, overwrite=overwrite) as file:
        _write_header(file, (_X, _Y, "rlnAnglePsi", "rlnClassNumber", _SCORE))
        write_rows(file, "%13.6f %13.6f 0.000 0 %13.6f\n", (single.x_px, single.y_px, score))


def write_cryolo_star(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as crYOLO's STAR file: centres only, without scores.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    with write_atomically(path, overwrite=overwrite) as file:
        _write_header(file, (_X, _Y))
        write_rows(file, "%13.6f %13.6f\n", (single.x_px, single.y_px))


def write_warp(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph as Warp does: centres, name and score.

    Warp means pixels of its own averages: pick on those, or convert to their binning.

    Raises
    ------
    OutputError
        The file exists already or cannot be written.
    """
    (single,) = picks
    (name,) = format_texts([f"{single.micrograph}.mrc"])
    name = name.replace("%", "%%")
    score = np.where(np.isfinite(single.score), single.score, _UNKNOWN)
    with write_atomically(path, overwrite=overwrite) as file:
        _write_header(file, (_X, _Y, "rlnMicrographName", _SCORE))
        write_rows(file, f"%13.6f %13.6f {name} %13.6f\n", (single.x_px, single.y_px, score))


def _write_header(file: IO[str], columns: Sequence[str]) -> None:
    """Write the head of a table without a version comment, which these programs do not know."""
    labels = "".join(f"_{column} #{number}\n" for number, column in enumerate(columns, start=1))
    file.write(f"\ndata_\n\nloop_\n{labels}")
