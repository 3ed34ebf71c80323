"""The coordinate formats that are known, and which of them a file is."""

from __future__ import annotations

from pathlib import Path

from deepem.errors import ConfigError, FileFormatError
from deepem.io.cryosparc_particles import require_frame
from deepem.io.formats.box import read_box, write_box
from deepem.io.formats.cryolo import read_cbox, write_cbox
from deepem.io.formats.cryoppp import read_cryoppp, write_cryoppp
from deepem.io.formats.cryosparc import list_result_files, read_cryosparc, write_cryosparc
from deepem.io.formats.eman2 import find_base_name, has_boxes, read_eman2, write_eman2
from deepem.io.formats.relion import (
    list_job_files,
    read_star,
    write_coordinate_files,
    write_particles,
    write_star,
)
from deepem.io.formats.star_dialects import write_cryolo_star, write_gautomatch, write_warp
from deepem.io.formats.table import (
    has_coordinate_columns,
    read_table,
    write_csv,
    write_tsv,
)
from deepem.io.formats.topaz import read_topaz, write_topaz
from deepem.io.inputs import explain_read_error
from deepem.io.pick_format import PickFormat

_HEAD_BYTES = 8192

PICK_FORMATS = (
    PickFormat(
        "box",
        "{micrograph}.box",
        "EMAN boxes: corner and size, whole pixels",
        read_box,
        write_box,
    ),
    PickFormat(
        "eman2",
        "info/{micrograph}_info.json",
        "EMAN2 info files of e2boxer: centres; other keys are kept",
        read_eman2,
        write_eman2,
        is_taken=has_boxes,
        ending="_info.json",
        to_base_name=find_base_name,
    ),
    PickFormat(
        "cbox",
        "{micrograph}.cbox",
        "crYOLO .cbox: corner, size and confidence",
        read_cbox,
        write_cbox,
    ),
    PickFormat(
        "topaz",
        "topaz.txt",
        "Topaz table of all micrographs: centres and scores, whole pixels",
        read_topaz,
        write_topaz,
        also_reads=(".tab",),
        recognises=lambda head: "image_name" in head,
        is_common_suffix=True,
    ),
    PickFormat(
        "cryoppp",
        "{micrograph}.csv",
        "CryoPPP table: centres and diameter, rows counted from the last",
        read_cryoppp,
        write_cryoppp,
        recognises=lambda head: "X-Coordinate" in head,
        counts_rows_from_end=True,
        is_common_suffix=True,
    ),
    PickFormat(
        "csv",
        "picks.csv",
        "table of all micrographs, separated by commas",
        read_table,
        write_csv,
        recognises=has_coordinate_columns,
        is_common_suffix=True,
    ),
    PickFormat(
        "tsv",
        "picks.tsv",
        "table of all micrographs, separated by tabs",
        read_table,
        write_tsv,
        recognises=has_coordinate_columns,
        is_common_suffix=True,
    ),
    PickFormat(
        "gautomatch",
        "{micrograph}_automatch.star",
        "Gautomatch coordinates of one micrograph: centres and scores",
        read_star,
        write_gautomatch,
    ),
    PickFormat(
        "cryolo",
        "STAR/{micrograph}.star",
        "crYOLO coordinates of one micrograph: centres only",
        read_star,
        write_cryolo_star,
    ),
    PickFormat(
        "warp",
        "matching/{micrograph}_deepem.star",
        "Warp coordinates of one micrograph: centres, name and scores",
        read_star,
        write_warp,
    ),
    PickFormat(
        "relion",
        "autopick.star",
        "RELION picking job: autopick.star and a STAR file for each micrograph",
        read_star,
        write_coordinate_files,
        list_files=list_job_files,
        recognises=lambda head: "_rlnMicrographCoordinates" in head,
    ),
    PickFormat(
        "particles",
        "particles.star",
        "RELION particles of all micrographs in one STAR file",
        read_star,
        write_particles,
        recognises=lambda head: "_rlnMicrographName" in head,
    ),
    PickFormat(
        "star",
        "{micrograph}.star",
        "RELION coordinates of one micrograph: centres and scores",
        read_star,
        write_star,
    ),
    PickFormat(
        "cryosparc",
        "picks.cs",
        "cryoSPARC particles: picks.cs, and picks.csg for Import Result Group",
        read_cryosparc,
        write_cryosparc,
        also_reads=(".csg",),
        list_files=list_result_files,
        require=require_frame,
    ),
)


def pick_format(name_or_path: str | Path) -> PickFormat:
    """Look up a format by its name, or that of a file to write by its suffix.

    Raises
    ------
    ConfigError
        There is none.
    """
    for known in PICK_FORMATS:
        if name_or_path == known.name:
            return known
    candidates = _find_candidates(Path(name_or_path))
    if candidates:
        return candidates[-1]
    choices = ", ".join(f"{known.name} ({known.suffix})" for known in PICK_FORMATS)
    raise ConfigError(
        "format",
        f"'{name_or_path}' is not a coordinate format that is known; choose from {choices}",
    )


def find_format(path: str | Path, *, format: str | None = None) -> PickFormat:
    """Find the format of a file to read: as named, or by its suffix and content.

    Raises
    ------
    ConfigError
        The named format is not known.
    FileFormatError
        The file is missing, cannot be read, or no format has its suffix.
    """
    path = Path(path)
    if format is not None:
        return pick_format(format)
    candidates = _find_candidates(path)
    head = _read_head(path)
    if not candidates:
        suffixes = ", ".join(dict.fromkeys(s for known in PICK_FORMATS for s in known.suffixes))
        raise FileFormatError(
            path,
            f"is not a coordinate file that can be read: its suffix is '{path.suffix}', expected "
            f"one of {suffixes}; or say its format with --picks-format (format=)",
        )
    for known in candidates:
        if known.recognises is not None and known.recognises(head):
            return known
    return candidates[-1]


def looks_like_picks(path: Path) -> bool:
    """Whether a file in a folder is taken for coordinates, by its name or its first lines."""
    candidates = _find_candidates(path)
    if any(path.name.endswith(known.ending) for known in candidates if not known.is_common_suffix):
        return True
    try:
        head = _read_head(path)
    except FileFormatError:
        return True  # it will be named as one that cannot be read
    common = [known.recognises for known in candidates if known.is_common_suffix]
    return any(recognises is not None and recognises(head) for recognises in common)


def _read_head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        raise explain_read_error(path, error) from error


def _find_candidates(path: Path) -> list[PickFormat]:
    name = path.name.lower()
    return [known for known in PICK_FORMATS if name.endswith(known.suffixes)]
