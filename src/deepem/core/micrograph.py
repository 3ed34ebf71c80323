"""One micrograph: its name, frame and pixels, which are read when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core.frame import Frame
from deepem.core.listing import Listing


@dataclass(frozen=True, eq=False)
class Micrograph:
    """A micrograph that knows its size without reading its pixels.

    Parameters
    ----------
    name
        File name without folder and extension; coordinates are matched to it.
    frame
        Shape ``(ny, nx)`` and pixel size in Å.
    read
        Returns the pixels, shape ``(ny, nx)``, any real type, rows in stored MRC order.
    path
        The file it came from; None for an array in memory.
    listing
        How RELION or cryoSPARC lists it; None where not known.
    """

    name: str
    frame: Frame
    read: Callable[[], NDArray[Any]]
    path: Path | None = None
    listing: Listing | None = None

    @classmethod
    def from_array(
        cls, pixels: NDArray[Any], *, name: str = "array", pixel_size_angstrom: float | None = None
    ) -> Micrograph:
        """Wrap an array ``(ny, nx)``, for example in a notebook or a test.

        Raises
        ------
        ValueError
            The array has not two dimensions.
        """
        pixels = np.asarray(pixels)
        if pixels.ndim != 2:
            raise ValueError(f"a micrograph is a (y, x) array, got shape {pixels.shape}")
        frame = Frame(shape=pixels.shape, pixel_size_angstrom=pixel_size_angstrom)
        return cls(name=name, frame=frame, read=lambda: pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of pixels ``(ny, nx)``."""
        return self.frame.shape

    @property
    def pixel_size_angstrom(self) -> float | None:
        """Size of a pixel in Å; None where it is not known."""
        return self.frame.pixel_size_angstrom

    @property
    def label(self) -> str:
        """How messages name it: its path, with its name where that differs (a slice of a stack)."""
        if self.path is None:
            return self.name
        return str(self.path) if self.path.stem == self.name else f"{self.path} ({self.name})"

    def find_listing(self, known: Listing | None = None) -> Listing | None:
        """How programs list it: as a list said, as is ``known`` of its picks, or by its path."""
        if self.listing is not None or known is not None or self.path is None:
            return self.listing or known
        return Listing(str(self.path))

    def with_pixel_size(self, pixel_size_angstrom: float) -> Micrograph:
        """The same micrograph with another pixel size in Å, for headers that lie."""
        frame = replace(self.frame, pixel_size_angstrom=pixel_size_angstrom)
        return replace(self, frame=frame)

    def pixels(self) -> NDArray[Any]:
        """The pixels, shape ``(ny, nx)``, as stored (often a memory map); treat as read-only.

        Raises
        ------
        deepem.errors.FileFormatError
            The file is truncated or has changed since it was opened.
        """
        return self.read()
