"""The coordinate formats, and reading and writing picks in any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.io.formats.box import read_box, write_box
from deepem.io.formats.cryolo import read_cbox, write_cbox
from deepem.io.formats.cryoppp import read_cryoppp, write_cryoppp
from deepem.io.formats.cryosparc import read_cryosparc, write_cryosparc
from deepem.io.formats.eman2 import find_base_name, has_boxes, read_eman2, write_eman2
from deepem.io.formats.relion import read_star, write_coordinate_files, write_particles, write_star
from deepem.io.formats.star_dialects import write_cryolo_star, write_gautomatch, write_warp
from deepem.io.formats.table import (
    has_coordinate_columns,
    read_table,
    write_csv,
    write_tsv,
)
from deepem.io.formats.topaz import read_topaz, write_topaz
from deepem.io.inputs import explain_read_error
from deepem.io.naming import strip_pick_name

_HEAD_BYTES = 8192


#: Returns the shape ``(ny, nx)`` of the micrograph that a name stands for; None if not known.
FindShape = Callable[[str], tuple[int, int] | None]


class _Writer(Protocol):
    def __call__(self, picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None: ...


@dataclass(frozen=True)
class PickFormat:
    """One way to keep coordinates in files.

    Parameters
    ----------
    name
        What users type, such as ``star``.
    file_name
        Name of its files below a folder, with ``{micrograph}`` for the micrograph's name where
        each micrograph has its own file.
    description
        One line for ``--help``.
    read
        Returns the picks in a file, one ``Picks`` for each micrograph. Where the file does not
        name its micrograph, ``Picks.micrograph`` is the file's own name without extension.
    write
        Writes picks to a file.
    also_reads
        Further suffixes of its files, lower case with the dot.
    recognises
        Tells from the beginning of a file whether it is this format, where several have the same
        suffix: the first that recognises a file reads it, or else the last of them.
    counts_rows_from_end
        Whether its y counts from the last stored row; see :func:`read_picks`.
    is_taken
        Whether a file holds what must not be replaced unasked; for most formats, whether it
        exists.
    to_base_name
        What its program makes of a micrograph's name when it looks for the file; for most, nothing.
    ending, is_common_suffix
        Where all kinds of files have its suffix: in folders only those are taken whose name ends
        in this, or that it recognises.
    """

    name: str
    file_name: str
    description: str
    read: Callable[[Path], list[Picks]]
    write: _Writer
    also_reads: tuple[str, ...] = ()
    recognises: Callable[[str], bool] | None = None
    counts_rows_from_end: bool = False
    is_taken: Callable[[Path], bool] = Path.exists
    to_base_name: Callable[[str], str] = str
    ending: str = ""
    is_common_suffix: bool = False

    @property
    def suffix(self) -> str:
        """Of its files, lower case with the dot."""
        return Path(self.file_name).suffix

    @property
    def suffixes(self) -> tuple[str, ...]:
        """All suffixes of files that it reads."""
        return (self.suffix, *self.also_reads)

    @property
    def one_file_for_all(self) -> bool:
        """Whether one file holds the picks of many micrographs; otherwise each has its own."""
        return "{micrograph}" not in self.file_name

    def load(self, path: Path, *, find_shape: FindShape | None = None) -> list[Picks]:
        """Read a file, its rows counted from the first one; names stay as the file has them.

        Raises
        ------
        FileFormatError
            The file is missing, damaged, or holds something else.
        ConventionError
            Rows are counted from the last one, and the shape of a micrograph is not known.
        """
        found = self.read(path)
        if self.counts_rows_from_end:
            return [_reverse_rows(path, self, picks, find_shape) for picks in found]
        return found

    def path_in(self, folder: str | Path, micrograph: str) -> Path:
        """The file in a folder that holds the picks of a micrograph."""
        return Path(folder) / self.file_name.format(micrograph=self.to_base_name(micrograph))


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


def read_picks(
    path: str | Path,
    *,
    format: str | None = None,
    find_shape: FindShape | None = None,
) -> list[Picks]:
    """Read the coordinates in a file.

    Parameters
    ----------
    path
        The coordinate file.
    format
        Name of its format, such as ``"star"``; None goes by the suffix and the content.
    find_shape
        Returns the shape ``(ny, nx)`` of the micrograph that a name in the file stands for; only
        formats that count rows from the last one (CryoPPP) need it.

    Returns
    -------
    list of Picks
        One for each micrograph in the file, centres in unbinned pixels. Where the file does not
        name the micrograph, its name is the file's, without what programs append to it
        (``_autopick``, ``_manualpick``, ``_topazpicks``, ``_info`` …).

    Raises
    ------
    ConfigError
        The format is not known.
    FileFormatError
        The file is missing, damaged, or holds something else.
    ConventionError
        The format counts rows from the last one, and the micrograph's shape is not known.
    """
    path = Path(path)
    found = find_format(path, format=format).load(path, find_shape=find_shape)
    return [replace(picks, micrograph=strip_pick_name(picks.micrograph)) for picks in found]


def _reverse_rows(
    path: Path, known: PickFormat, picks: Picks, find_shape: FindShape | None
) -> Picks:
    """Count rows from the first one instead of the last, or the other way round."""
    shape = picks.frame.shape if picks.frame is not None else None
    if find_shape is not None:
        shape = shape or find_shape(picks.micrograph)
    if shape is None:
        raise ConventionError(
            f"{path}: the format {known.name} counts rows from the last one, so the height of "
            f"{picks.micrograph} is needed; give the micrographs too (--micrographs)"
        )
    return replace(picks, y_px=shape[0] - 1 - picks.y_px)


def write_picks(
    picks: Picks | Sequence[Picks],
    path: str | Path,
    *,
    format: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write coordinates to a file, completely or not at all.

    Parameters
    ----------
    picks
        The picks of one micrograph; of several only in formats with ``one_file_for_all``.
    path
        The file to write; its folder is made where it is missing.
    format
        Name of the format, such as ``"star"``; None goes by the suffix.
    overwrite
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        The format is not known, or needs something that the picks lack.
    ConventionError
        A coordinate is not finite, or several micrographs are given to a format for one.
    OutputError
        The file exists already or cannot be written.
    """
    path = Path(path)
    picks = [picks] if isinstance(picks, Picks) else picks
    chosen = pick_format(format or path)
    if len(picks) != 1 and not chosen.one_file_for_all:
        raise ConventionError(
            f"{path}: a {chosen.suffix} file holds the picks of one micrograph, got those of "
            f"{len(picks)}; write one file for each"
        )
    for one in picks:
        if not (np.isfinite(one.x_px).all() and np.isfinite(one.y_px).all()):
            raise ConventionError(
                f"{path}: some coordinates of {one.micrograph} are NaN or infinite; drop them first"
            )
    if chosen.counts_rows_from_end:
        picks = [_reverse_rows(path, chosen, one, None) for one in picks]
    chosen.write(picks, path, overwrite=overwrite)
    return path
