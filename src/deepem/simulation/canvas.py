"""Projected density on and around a micrograph, drawn piece by piece and then imaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from deepem.simulation.optics import Optics, apply_ctf
from deepem.simulation.projectable import Projectable


class Canvas:
    """Empty ice with room for half a particle all round the micrograph.

    So particles on the edge are drawn whole, and what the CTF spreads over an edge fades before it
    comes back at the opposite one.

    Parameters
    ----------
    shape
        Shape ``(ny, nx)`` of the micrograph.
    specimen
        The particle, whose extent decides the room.
    pixel_size_angstrom
        Size of a pixel in Å.
    """

    def __init__(
        self, shape: tuple[int, int], specimen: Projectable, *, pixel_size_angstrom: float
    ) -> None:
        self.shape = shape
        self.specimen = specimen
        self.pixel_size_angstrom = pixel_size_angstrom
        self.rim_px = int(np.ceil(specimen.extent_angstrom / pixel_size_angstrom / 2)) + 1
        sides = [fft.next_fast_len(side + 2 * self.rim_px, real=True) for side in shape]
        self.density: NDArray[np.float32] = np.zeros(sides, dtype=np.float32)

    def project(
        self, rotation: NDArray[np.float64], *, shift_px: tuple[float, float] = (0.0, 0.0)
    ) -> NDArray[np.float32]:
        """Projection of the whole particle, its centre at ``shift_px`` from the middle pixel."""
        return self.specimen.project(
            rotation,
            pixel_size_angstrom=self.pixel_size_angstrom,
            box_size_px=2 * self.rim_px,
            shift_px=shift_px,
        )

    def add_particles(
        self,
        centres_px: NDArray[np.float64],
        rotations: NDArray[np.float64],
        *,
        damage: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
    ) -> None:
        """Draw particles.

        Parameters
        ----------
        centres_px
            Centres ``(x, y)``, shape ``(n, 2)``.
        rotations
            Rotation matrices, shape ``(n, 3, 3)``.
        damage
            What happens to each projection before it is drawn; None for whole particles.
        """
        for (x_px, y_px), rotation in zip(centres_px, rotations, strict=True):
            column, row = round(x_px), round(y_px)
            image = self.project(rotation, shift_px=(x_px - column, y_px - row))
            self.add(image if damage is None else damage(image), column, row)

    def add(self, image: NDArray[np.float32], column: int, row: int) -> None:
        """Add an image whose middle pixel (side // 2) is a pixel of the micrograph.

        What lies beyond the canvas is lost.
        """
        paste(self.density, image, (column + self.rim_px, row + self.rim_px))

    def crop(self, image: NDArray[Any]) -> NDArray[Any]:
        """The part of an image of the canvas that is the micrograph, as a copy."""
        # A copy, so that the canvas does not stay in memory behind a view.
        rows, columns = (slice(self.rim_px, self.rim_px + side) for side in self.shape)
        return image[rows, columns].copy()

    def image(self, optics: Optics) -> NDArray[np.float32]:
        """The contrast of the micrograph, without noise, shape ``(ny, nx)``."""
        return self.crop(
            apply_ctf(self.density, optics, pixel_size_angstrom=self.pixel_size_angstrom)
        )


def paste(image: NDArray[Any], piece: NDArray[Any], middle_px: tuple[int, int]) -> None:
    """Add a piece to an image, in place; what lies beyond the image is lost. Masks are united.

    Parameters
    ----------
    image, piece
        Arrays ``(ny, nx)`` of one type.
    middle_px
        Pixel ``(column, row)`` of the image on which the piece's middle pixel (side // 2) lies.
    """
    target, source = [], []
    for middle, length, side in zip(middle_px[::-1], piece.shape, image.shape, strict=True):
        start = middle - length // 2
        low = max(start, 0)
        high = max(min(start + length, side), low)
        target.append(slice(low, high))
        source.append(slice(low - start, high - start))
    image[tuple(target)] += piece[tuple(source)]
