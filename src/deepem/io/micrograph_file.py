"""A micrograph on disk, not opened yet: where it is, and what a list says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepem.core import Listing
from deepem.io.naming import find_name


@dataclass(frozen=True)
class MicrographFile:
    """A file, or a slice of a stack, with what is known of it before it is opened.

    Works wherever a path does (``open(file)``, ``Path(file)``).

    Parameters
    ----------
    path
        The file.
    pixel_size_angstrom
        Size of a pixel in Å from a list's optics table, which counts more than the header; None
        where there is none.
    listing
        How RELION or cryoSPARC lists it; None where no list was given.
    slice_index
        Which slice of a stack, from 0; None for a file of one image.
    """

    path: Path
    pixel_size_angstrom: float | None = None
    listing: Listing | None = None
    slice_index: int | None = None

    @classmethod
    def of(cls, path: str | Path | MicrographFile) -> MicrographFile:
        """The file of a path; ``3@stack.mrcs`` is the third slice, as RELION writes it."""
        if isinstance(path, MicrographFile):
            return path
        number, _, rest = str(path).partition("@")
        if number.isdigit() and int(number) > 0 and rest and not Path(path).exists():
            return cls(Path(rest), slice_index=int(number) - 1)
        return cls(Path(path))

    @property
    def name(self) -> str:
        """Name without folder and extension, which coordinates are matched to."""
        if self.slice_index is None:
            return find_name(self.path.name)
        return find_name(f"{self.slice_index + 1}@{self.path.name}")

    @property
    def label(self) -> str:
        """How messages name it."""
        return str(self.path) if self.slice_index is None else f"{self.slice_index + 1}@{self.path}"

    def find_listing(self) -> Listing:
        """How programs list it: as a list said, or by its path, as RELION names a slice."""
        return self.listing or Listing(self.label)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return self.label
