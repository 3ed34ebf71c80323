"""What every kind of particle must be able to do to be photographed."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Projectable(Protocol):
    """A particle that can be projected: `Specimen` of beads, or `DensityMap`.

    Its centre of mass is its origin, which is the point that the truth of a scene gives.
    """

    @property
    def name(self) -> str:
        """How messages and files call it."""
        ...

    @property
    def diameter_angstrom(self) -> float:
        """Physical diameter in Å: the longest dimension, without diagonals."""
        ...

    @property
    def extent_angstrom(self) -> float:
        """Diameter in Å of the sphere about the centre of mass that holds all density."""
        ...

    def box_size_px(self, pixel_size_angstrom: float) -> int:
        """Side of the particle's box in pixels: 1.5 diameters, rounded to an even number."""
        ...

    def project(
        self,
        rotation: NDArray[np.float64],
        *,
        pixel_size_angstrom: float,
        box_size_px: int,
        shift_px: tuple[float, float] = (0.0, 0.0),
    ) -> NDArray[np.float32]:
        """Project along z after a rotation, as `project_beads` does.

        Parameters
        ----------
        rotation
            Rotation matrix, shape ``(3, 3)``, of column vectors ``(x, y, z)``.
        pixel_size_angstrom
            Size of a pixel in Å.
        box_size_px
            Side of the image in pixels; what lies outside is lost.
        shift_px
            Position ``(x, y)`` of the centre of mass from pixel ``box_size_px // 2``, in pixels.

        Returns
        -------
        NDArray
            Projected density, shape ``(box_size_px, box_size_px)``, ``x`` along columns. A pixel
            holds the mean over its area.
        """
        ...


def find_box_size_px(diameter_angstrom: float, pixel_size_angstrom: float) -> int:
    """Side of a comfortable box in pixels: 1.5 diameters, rounded to an even number."""
    return 2 * round(0.75 * diameter_angstrom / pixel_size_angstrom)
