"""What a coordinate format is: its files, its reader and its writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from deepem.core import Picks
from deepem.errors import ConventionError

#: Returns the shape ``(ny, nx)`` of the micrograph that a name stands for; None if not known.
FindShape = Callable[[str], tuple[int, int] | None]


class _Writer(Protocol):
    def __call__(self, picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None: ...


def _list_one(picks: Sequence[Picks], path: Path) -> list[Path]:
    return [path]


def _require_nothing(picks: Picks) -> None:
    pass


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
        Whether its y counts from the last stored row; see :meth:`load`.
    is_taken
        Whether a file holds what must not be replaced unasked; for most formats, whether it
        exists.
    list_files
        All files that writing picks to a path makes; for most formats, that path alone.
    require
        Raises where picks lack what the format needs, so that it is known before any work.
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
    list_files: Callable[[Sequence[Picks], Path], list[Path]] = _list_one
    require: Callable[[Picks], object] = _require_nothing
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
        return self.count_from_first_row(path, self.read(path), find_shape=find_shape)

    def count_from_first_row(
        self, path: Path, found: list[Picks], *, find_shape: FindShape | None
    ) -> list[Picks]:
        """The second half of `load`, for files that another process has read."""
        if self.counts_rows_from_end:
            return [_reverse_rows(path, self, picks, find_shape) for picks in found]
        return found

    def save(self, picks: Sequence[Picks], path: Path, *, overwrite: bool) -> None:
        """Write a file, its rows counted as the format counts them.

        Raises
        ------
        ConfigError, ConventionError
            The format needs something that the picks lack.
        OutputError
            The file exists already or cannot be written.
        """
        if self.counts_rows_from_end:
            picks = [_reverse_rows(path, self, one, None) for one in picks]
        self.write(picks, path, overwrite=overwrite)

    def find_taken(self, picks: Sequence[Picks], path: Path) -> list[Path]:
        """Files that writing would make, and that hold what must not be replaced unasked.

        Raises
        ------
        FileFormatError
            A file that would be updated is damaged.
        """
        return [file for file in self.list_files(picks, path) if self.is_taken(file)]

    def path_in(self, folder: str | Path, micrograph: str) -> Path:
        """The file in a folder that holds the picks of a micrograph."""
        return Path(folder) / self.file_name.format(micrograph=self.to_base_name(micrograph))


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
