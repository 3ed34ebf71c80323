"""cryoSPARC particles: .cs tables and .csg result groups of locations and pick statistics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from deepem.core import Frame, Listing, Picks
from deepem.errors import FileFormatError, OutputError
from deepem.io.atomic import write_atomically
from deepem.io.cryosparc_dataset import CryosparcResult
from deepem.io.cryosparc_particles import (
    EXPOSURE_GROUP,
    MICROGRAPH_UID,
    PATH,
    PIXEL_SIZE,
    SCORE,
    SHAPE,
    X_FRACTION,
    Y_FRACTION,
    find_row_type,
    make_tables,
)
from deepem.io.cryosparc_table import decode_paths
from deepem.io.formats.grouping import check_names
from deepem.io.naming import find_name

_SLOTS = ("location", "pick_stats")
_CSG_VERSION = "v4.4.1"  # of the cryoSPARC whose result groups ours are like
_ROWS_AT_ONCE = 100_000


def read_cryosparc(path: Path) -> list[Picks]:
    """Read the particles in a table (.cs) or a result group (.csg) of cryoSPARC.

    ``location/micrograph_shape`` is ``[ny, nx]``, so x = x_frac · shape[1] and
    y = y_frac · shape[0]; rows are as stored in the MRC file, so nothing is flipped.

    Parameters
    ----------
    path
        Particles that know where they were picked: of a picker, Inspect Picks, Extract, or a
        selection of 2D classes.

    Returns
    -------
    list of Picks
        One for each micrograph in order of first appearance, with its frame and listing. The
        score is ``pick_stats/ncc_score``, and not known where all are 0, as after picking by
        hand. The size of the box is not known.

    Raises
    ------
    FileFormatError
        The file cannot be read, lacks locations, or two micrographs have the same name but for
        their folder.
    """
    columns = CryosparcResult(path).read(
        [PATH, SHAPE, X_FRACTION, Y_FRACTION], [MICROGRAPH_UID, EXPOSURE_GROUP, PIXEL_SIZE, SCORE]
    )
    shape = np.ascontiguousarray(columns[SHAPE])
    if shape.shape[1:] != (2,) or not shape.all():
        raise FileFormatError(
            path, f"has a {SHAPE} that is not two numbers above 0; extract or pick again"
        )
    x_px = columns[X_FRACTION].astype(np.float64) * shape[:, 1]
    y_px = columns[Y_FRACTION].astype(np.float64) * shape[:, 0]
    score = np.asarray(columns[SCORE]) if SCORE in columns else np.zeros(len(shape))
    if not score.any():
        score = np.full(len(shape), np.nan)
    paths, codes = _group_by_path(columns[PATH])
    check_names(path, paths)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(paths)))
    return [
        Picks(
            find_name(micrograph_path),
            x_px[rows],
            y_px[rows],
            score=score[rows],
            frame=_read_frame(columns, rows[0]),
            listing=_read_listing(columns, rows[0], micrograph_path),
        )
        for micrograph_path, rows in zip(paths, np.split(order, ends)[:-1], strict=True)
    ]


def write_cryosparc(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of many micrographs as ``<stem>.cs`` and ``<stem>.csg``.

    The second is a result group for cryoSPARC's job Import Result Group. What is in the columns
    is said by :func:`deepem.io.cryosparc_particles.to_cryosparc`. Micrographs without picks leave
    no trace.

    Raises
    ------
    ConventionError
        The shape of a micrograph is not known.
    ConfigError
        The pixel size of a micrograph is not known.
    OutputError
        A file exists already or cannot be written; the group is written last.
    """
    import yaml  # only groups need it

    table_path, group_path = list_result_files(picks, path)
    for target in (table_path, group_path):
        if target.exists() and not overwrite:
            raise OutputError(
                target, "exists already; pass overwrite=True (--overwrite) to replace it"
            )
    n_rows = sum(map(len, picks))
    dtype = find_row_type(picks)
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (n_rows,)}
    with write_atomically(table_path, overwrite=overwrite, mode="wb") as file:
        npy.write_array_header_1_0(file, header)
        for table in make_tables(picks, dtype):
            file.write(table.tobytes())
    with write_atomically(group_path, overwrite=overwrite) as file:
        yaml.safe_dump(_describe_group(table_path.name, n_rows), file, allow_unicode=True)


def list_result_files(picks: Sequence[Picks], path: Path) -> list[Path]:
    """The files of `write_cryosparc`: the table and the group."""
    return [path.with_suffix(".cs"), path.with_suffix(".csg")]


def _describe_group(table_name: str, n_rows: int) -> dict[str, Any]:
    result = {"metafile": f">{table_name}", "num_items": n_rows}  # > is the folder of the group
    return {
        "created": datetime.now(UTC).replace(tzinfo=None),
        "group": {
            "description": "Particles picked by DeepEM",
            "name": "particles",
            "title": "DeepEM picks",
            "type": "particle",
        },
        "results": {slot: {**result, "type": f"particle.{slot}"} for slot in _SLOTS},
        "version": _CSG_VERSION,
    }


def _read_frame(columns: dict[str, NDArray[Any]], row: int) -> Frame:
    ny, nx = columns[SHAPE][row].tolist()
    # The nearest float32 of 1.06 is 1.0599999; nobody measures a millionth of an Å.
    pixel_size = round(float(columns[PIXEL_SIZE][row]), 6) if PIXEL_SIZE in columns else 0.0
    return Frame((ny, nx), pixel_size if pixel_size > 0 else None)


def _read_listing(columns: dict[str, NDArray[Any]], row: int, path: str) -> Listing:
    uid, group = (
        int(columns[field][row]) if field in columns else None
        for field in (MICROGRAPH_UID, EXPOSURE_GROUP)
    )
    return Listing(path, uid=uid, exposure_group=group)


def _group_by_path(paths: NDArray[Any]) -> tuple[list[str], NDArray[np.intp]]:
    """Paths in order of first appearance, and for each row the number of its path."""
    starts = [np.zeros(min(len(paths), 1), dtype=np.intp)]  # rows with another path than before
    for start in range(1, len(paths), _ROWS_AT_ONCE):  # all paths at once may be gigabytes
        part = paths[start - 1 : start + _ROWS_AT_ONCE].copy()
        starts.append(start + np.flatnonzero(part[1:] != part[:-1]))
    run_starts = np.concatenate(starts)
    numbers: dict[str, int] = {}
    codes = np.empty(len(run_starts), dtype=np.intp)
    for start in range(0, len(run_starts), _ROWS_AT_ONCE):
        texts = decode_paths(paths[run_starts[start : start + _ROWS_AT_ONCE]])
        codes[start : start + len(texts)] = [numbers.setdefault(t, len(numbers)) for t in texts]
    return list(numbers), np.repeat(codes, np.diff(run_starts, append=len(paths)))
