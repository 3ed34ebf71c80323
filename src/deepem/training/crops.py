"""Batches of crops from whole micrographs, turned and mirrored at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.training.heatmaps import HeatMap

# Half of the crops have a particle in their middle third, wherever on the micrograph it is.
_CENTRED_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Crops:
    """A batch: images, targets and weights, each ``(n, side, side)`` float32."""

    pixels: NDArray[np.float32]
    target: NDArray[np.float32]
    weight: NDArray[np.float32]


class CropSampler:
    """Draws crops from heat maps; micrographs by their area, half of the crops at particles.

    Parameters
    ----------
    heat_maps
        One or more micrographs. Beyond their edges the image is mirrored and weighs nothing.
    side
        Side of a crop in pixels.
    """

    def __init__(self, heat_maps: Sequence[HeatMap], *, side: int) -> None:
        self._side = side
        self._maps = heat_maps
        margin = side // 2
        self._padded = [
            np.stack(
                [
                    np.pad(heat_map.pixels, margin, mode="symmetric"),
                    np.pad(heat_map.target, margin),
                    np.pad(heat_map.weight, margin),
                ]
            )
            for heat_map in heat_maps
        ]
        area = np.array([heat_map.pixels.size for heat_map in heat_maps], dtype=np.float64)
        self._share = area / area.sum()

    def draw(self, n: int, rng: np.random.Generator) -> Crops:
        """Draw ``n`` crops."""
        batch = np.empty((n, 3, self._side, self._side), dtype=np.float32)
        for crop in batch:
            index = rng.choice(len(self._maps), p=self._share)
            row, column = self._place(self._maps[index], rng)
            window = self._padded[index][:, row : row + self._side, column : column + self._side]
            n_turns, is_mirrored = int(rng.integers(4)), bool(rng.integers(2))
            window = np.rot90(window, n_turns, axes=(1, 2))
            crop[:] = window[:, ::-1] if is_mirrored else window
        return Crops(batch[:, 0], batch[:, 1], batch[:, 2])

    def _place(self, heat_map: HeatMap, rng: np.random.Generator) -> tuple[int, int]:
        """Pixel of the micrograph that the middle of a crop falls on."""
        shape = np.array(heat_map.pixels.shape)
        if len(heat_map.centres) and rng.random() < _CENTRED_SHARE:
            middle = heat_map.centres[rng.integers(len(heat_map.centres))]
            middle = middle + rng.uniform(-self._side / 3, self._side / 3, size=2)
        else:
            middle = rng.uniform(0, shape)
        row, column = np.clip(middle.astype(int), 0, shape - 1)
        return int(row), int(column)
