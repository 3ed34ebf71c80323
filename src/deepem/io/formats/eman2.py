"""EMAN2's info files: boxes as centres, beside what else EMAN2 knows of a micrograph."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepem.core import Picks
from deepem.errors import FileFormatError, OutputError
from deepem.io.atomic import write_atomically
from deepem.io.inputs import normalise_path, read_text

_BOXES, _BOX_SIZE, _PIXEL_SIZE = "boxes", "global.boxsize", "global.apix"
_PROJECT = "project.json"
# What a user of e2boxer marks as an example of no particle: contamination, and background.
_NO_PARTICLES = ("refbad", "refbg")
# What e2boxer's neural network calls its own boxes: drawn in a colour of their own.
_TAG = "auto_convnet"


def find_base_name(micrograph: str) -> str:
    """Name of a micrograph as EMAN2 makes it for its info file.

    For files in ``micrographs`` and EMAN2's other folders: what follows two underscores marks a
    processed copy there, and ``_ptcls`` and ``_info`` are left out.
    """
    return micrograph.split("__")[0].replace("_ptcls", "").replace("_info", "")


def read_eman2(path: Path) -> list[Picks]:
    """Read the boxes in an EMAN2 info file.

    Parameters
    ----------
    path
        ``info/<micrograph>_info.json``, whose ``boxes`` are lists ``[x, y, tag]`` of centres in
        pixels, perhaps with a score behind. Those with the tags ``refbad`` and ``refbg`` are not
        particles, so they are left out; tilted ones (``boxes_rct``) are not read.

    Returns
    -------
    list of Picks
        One, that has the name of the file, and the box size of ``project.json`` beside it. None
        where the file has no ``boxes``: the micrograph was not looked at.

    Raises
    ------
    FileFormatError
        The file, or ``project.json``, is not JSON, or a box is not one.
    """
    content = _read_object(path)
    if _BOXES not in content:
        if path.name == _PROJECT or path.stem.endswith("_info"):
            return []
        raise FileFormatError(
            path,
            f"has no '{_BOXES}', so it is not an info file of EMAN2; expected "
            "info/<micrograph>_info.json",
        )
    boxes = [_parse_box(path, number, box) for number, box in enumerate(_get_boxes(path, content))]
    rows = [(x, y, score) for x, y, tag, score in boxes if tag not in _NO_PARTICLES]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3)
    box_size_px = _find_box_size(path.with_name(_PROJECT))
    return [
        Picks(path.stem, columns[:, 0], columns[:, 1], score=columns[:, 2], box_size_px=box_size_px)
    ]


def has_boxes(path: Path) -> bool:
    """Whether an info file has boxes that must not be replaced unasked.

    Raises
    ------
    FileFormatError
        The file is there, but is not JSON.
    """
    return path.exists() and bool(_get_boxes(path, _read_object(path)))


def write_eman2(picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
    """Write the picks of one micrograph into its EMAN2 info file, keeping what else is in it.

    Whole pixels, halves rounded up, because EMAN2 cuts decimals off when it takes boxes out; read
    back, a centre is at most half a pixel away. The score follows the tag, where EMAN2 does not
    look. In a folder ``info``, ``project.json`` gets the box size and the pixel size where it has
    none, as e2boxer would draw boxes of 128 pixels without the first, and not start without the
    second.

    Raises
    ------
    FileFormatError
        The file, or ``project.json``, is there, but is not JSON.
    OutputError
        The file has boxes already and ``overwrite`` is False, or it cannot be written.
    """
    (single,) = picks
    if has_boxes(path) and not overwrite:
        raise OutputError(
            path, "has boxes already; pass overwrite=True (--overwrite) to replace them"
        )
    content = _read_object(path) if path.exists() else {}
    project_path = path.with_name(_PROJECT)
    # Read before anything is written: if it is damaged, nothing changes.
    project = _complete_project(project_path, single)
    x, y = (np.floor(centre + 0.5).astype(int).tolist() for centre in (single.x_px, single.y_px))
    content[_BOXES] = [
        [column, row, _TAG, score] if math.isfinite(score) else [column, row, _TAG]
        for column, row, score in zip(x, y, single.score.tolist(), strict=True)
    ]
    _write_object(path, content)
    if project is not None:
        _write_object(project_path, project)


def _complete_project(path: Path, picks: Picks) -> dict[str, Any] | None:
    """The project file with the values that it lacks; None where there is nothing to write."""
    if Path(normalise_path(path)).parent.name != "info":
        return None  # not an EMAN2 project
    project = _read_object(path) if path.exists() else {}
    known: dict[str, Any] = {_BOX_SIZE: picks.box_size_px}
    if picks.frame is not None:
        known[_PIXEL_SIZE] = picks.frame.pixel_size_angstrom
    missing = {key: value for key, value in known.items() if value and key not in project}
    return project | missing if missing else None


def _find_box_size(path: Path) -> int | None:
    if not path.exists():
        return None
    size = _read_object(path).get(_BOX_SIZE)
    if isinstance(size, int | float) and math.isfinite(size) and size >= 1 and size % 1 == 0:
        return int(size)
    return None


def _read_object(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileFormatError(
            path,
            f"line {error.lineno}, column {error.colno}: is not JSON ({error.msg}); correct it "
            "there, or restore the file",
        ) from error
    if not isinstance(content, dict):
        raise FileFormatError(
            path, "is not an info file of EMAN2; expected an object in braces, such as {'boxes': …}"
        )
    return content


def _write_object(path: Path, content: dict[str, Any]) -> None:
    """One line for each key: readable, and small where EMAN2 keeps long curves."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    # Read and changed, not replaced: whether boxes may be lost was asked before.
    with write_atomically(path, overwrite=True) as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def _get_boxes(path: Path, content: dict[str, Any]) -> list[Any]:
    boxes = content.get(_BOXES, [])
    if not isinstance(boxes, list):
        raise FileFormatError(
            path, f"has '{_BOXES}' that are no list; expected [[x, y, tag], …], centres in pixels"
        )
    return boxes


def _parse_box(path: Path, number: int, box: Any) -> tuple[float, float, str, float]:
    """Centre x and y, tag and score of one box."""
    is_box = isinstance(box, list) and len(box) >= 2 and all(map(_is_number, box[:2]))
    if not is_box:
        raise FileFormatError(
            path,
            f"box {number} (counted from 0) is {json.dumps(box)[:80]}; expected [x, y, tag], the "
            "centre in pixels",
        )
    tag = box[2] if len(box) > 2 else ""
    score = float(box[3]) if len(box) > 3 and _is_number(box[3]) else math.nan
    return float(box[0]), float(box[1]), str(tag), score


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
