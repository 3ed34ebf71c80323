"""Where the samples of an array lie on the micrograph: the only place that converts positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Position = TypeVar("Position", float, NDArray[np.float64])


@dataclass(frozen=True)
class Frame:
    """A regular grid of samples over a micrograph.

    The micrograph itself, its binned copy and a score map each have a frame. Sample ``(row,
    column)`` lies at the unbinned pixel ``y = origin_px[0] + row * step_px[0]``,
    ``x = origin_px[1] + column * step_px[1]``. Pixel centres are at integers, row 0 is the first
    row stored in the MRC file, and nothing is flipped (see ``docs/conventions.md``).

    Parameters
    ----------
    shape
        Number of samples ``(ny, nx)``.
    pixel_size_angstrom
        Size of one *unbinned* pixel in Å; None where it is not known.
    origin_px
        Position ``(y, x)`` of sample (0, 0) in unbinned pixels.
    step_px
        Distance ``(y, x)`` between samples in unbinned pixels.
    """

    shape: tuple[int, int]
    pixel_size_angstrom: float | None = None
    origin_px: tuple[float, float] = (0.0, 0.0)
    step_px: tuple[float, float] = (1.0, 1.0)

    def to_px(self, column: Position, row: Position) -> tuple[Position, Position]:
        """Positions ``(x, y)`` in unbinned pixels of fractional samples ``(column, row)``."""
        return (
            self.origin_px[1] + column * self.step_px[1],
            self.origin_px[0] + row * self.step_px[0],
        )

    def from_px(self, x_px: Position, y_px: Position) -> tuple[Position, Position]:
        """Fractional samples ``(column, row)`` at positions ``(x, y)`` in unbinned pixels."""
        return (
            (x_px - self.origin_px[1]) / self.step_px[1],
            (y_px - self.origin_px[0]) / self.step_px[0],
        )

    def subgrid(self, shape: tuple[int, int], *, origin: tuple[float, float], step: float) -> Frame:
        """A coarser frame: its ``(ny, nx)``, and its origin and step in samples of this one."""
        x_px, y_px = self.to_px(origin[1], origin[0])
        return Frame(
            shape=shape,
            pixel_size_angstrom=self.pixel_size_angstrom,
            origin_px=(y_px, x_px),
            step_px=(self.step_px[0] * step, self.step_px[1] * step),
        )
