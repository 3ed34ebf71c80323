"""A micrograph at every binning by two, made while somebody waits for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deepem.core import Micrograph
from deepem.preprocessing.binning import bin_by_two
from deepem.studio.display.grey_unit import GreyUnit, find_grey_unit, is_finite, is_narrow

#: Side of a tile.
TILE_SIZE_PX = 512
# Rows that are mapped at a time, and of these, rows that stay in a core's cache.
_MAPPED_ROWS = 256
_BLOCK_ROWS = 32
_N_THREADS = min(4, len(os.sched_getaffinity(0)))
_MOST_REMEMBERED = 64
_COARSEST_SIDE = 32
_MOST_CUT_PX = 4_000_000
# Pyramids that are made at a time, so that a user who leafs through a project fast does not fill
# the memory; others wait.
_places = threading.Semaphore(2)

_T = TypeVar("_T")


def describe_pyramid(shape: tuple[int, int]) -> int:
    """Number of levels of a micrograph ``(ny, nx)``: the last one fits into one tile.

    Level 0 is the micrograph. Level ``k`` has ``ceil(n / 2**k)`` pixels along each axis.
    """
    return 1 + _count_halvings(shape, TILE_SIZE_PX)


def find_level_shape(shape: tuple[int, int], level: int) -> tuple[int, int]:
    """Shape ``(ny, nx)`` of a level of a micrograph of this shape."""
    ny, nx = shape
    return -(-ny >> level), -(-nx >> level)


def _count_halvings(shape: tuple[int, int], side: int) -> int:
    """The first level whose longer side is at most so long."""
    level = 0
    while max(find_level_shape(shape, level)) > side:
        level += 1
    return level


class Pyramid:
    """A micrograph and its binned copies; safe to use from several threads.

    Nothing is read before it is needed. Pixels of MRC files are never kept: those asked for are
    read from the file each time. Other files are decoded once, and kept.

    Parameters
    ----------
    micrograph
        The micrograph.
    on_growth
        Called without arguments when it has come to take more memory.

    Attributes
    ----------
    n_levels
        Number of levels that are shown.
    coarsest_level
        Number of the last level that can be read: some pixels wide, for wide blurs.
    """

    def __init__(
        self, micrograph: Micrograph, *, on_growth: Callable[[], None] = lambda: None
    ) -> None:
        self._micrograph = micrograph
        self._on_growth = on_growth
        self._lock = threading.RLock()
        self._unit: GreyUnit | None = None
        self._decoded: NDArray[Any] | None = None
        self._levels: list[NDArray[np.float16]] = []
        self._remembered: dict[Any, Any] = {}
        self.n_levels = describe_pyramid(self.shape)
        self.coarsest_level = _count_halvings(self.shape, _COARSEST_SIDE)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of pixels ``(ny, nx)`` of level 0."""
        return self._micrograph.shape

    @property
    def n_bytes(self) -> int:
        """Memory that it takes now."""
        decoded = 0 if self._decoded is None else self._decoded.nbytes
        return decoded + sum(level.nbytes for level in self._levels)

    def read(self, level: int, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Pixels of a part of a level; all levels are made when the first above 0 is asked for.

        Parameters
        ----------
        level
            From 0 to `coarsest_level`.
        rows, columns
            Which, with a start and a stop inside the level.

        Returns
        -------
        pixels
            In a unit of the micrograph's own, finite.

        Raises
        ------
        deepem.errors.FileFormatError
            The file is damaged, or has changed.
        """
        if level == 0:
            return self._read_unbinned(rows, columns)
        with self._lock:
            if not self._levels:
                self._levels = self._make_levels()
                self._on_growth()
        return self._levels[level - 1][rows, columns].astype(np.float32)

    def cut(self, level: int, rows: slice, columns: slice) -> NDArray[np.float32]:
        """The same as `read`, but where levels are not made yet, a small part alone is binned.

        For a few boxes of many micrographs.
        """
        n_unbinned = (rows.stop - rows.start) * (columns.stop - columns.start) << (2 * level)
        if level == 0 or self._levels or n_unbinned > _MOST_CUT_PX:
            return self.read(level, rows, columns)
        unbinned = (slice(one.start << level, one.stop << level) for one in (rows, columns))
        pixels = self._read_unbinned(*unbinned)
        for _ in range(level):
            pixels = bin_by_two(pixels)
        return pixels

    def remember(self, key: object, make: Callable[[], _T]) -> _T:
        """What ``make()`` once returned for this key; a few dozen keys are remembered."""
        with self._lock:
            if key not in self._remembered:
                if len(self._remembered) >= _MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[key] = make()
            value: _T = self._remembered[key]
            return value

    def _read_unbinned(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        pixels, unit = self._open()
        return unit.apply(pixels[rows, columns])

    def _open(self) -> tuple[NDArray[Any], GreyUnit]:
        """All pixels, a new memory map where possible: what was read of it goes with it."""
        with self._lock:
            if self._decoded is not None and self._unit is not None:
                return self._decoded, self._unit
            if self._unit is not None:
                return self._micrograph.pixels(), self._unit
            with _places:
                pixels = self._micrograph.pixels()
                if isinstance(pixels, np.memmap):
                    self._unit = find_grey_unit(self._micrograph.pixels)
                    return pixels, self._unit
                unit = find_grey_unit(lambda: pixels)
                if pixels.dtype.itemsize > 2:
                    pixels, unit = _compress(pixels, unit), GreyUnit(0.0, 1.0)
            self._decoded, self._unit = pixels, unit
            self._on_growth()
            return pixels, unit

    def _make_levels(self) -> list[NDArray[np.float16]]:
        pixels, unit = self._open()
        is_mapped = isinstance(pixels, np.memmap)
        first = np.empty(find_level_shape(self.shape, 1), dtype=np.float16)

        def fill_first(start: int) -> None:
            mine = self._micrograph.pixels() if is_mapped else pixels
            for row in range(start, min(start + _MAPPED_ROWS, len(first) * 2), _BLOCK_ROWS):
                binned = _bin(mine[row : row + _BLOCK_ROWS], unit)
                first[row // 2 : row // 2 + len(binned)] = binned

        levels = [first]
        with _places, ThreadPoolExecutor(_N_THREADS) as pool:
            list(pool.map(fill_first, range(0, self.shape[0], _MAPPED_ROWS)))
            while len(levels) < self.coarsest_level:
                levels.append(_bin_level(levels[-1], pool))
        return levels


def _bin(pixels: NDArray[Any], unit: GreyUnit) -> NDArray[np.float32]:
    """Bin a block, and bring it to its unit; in this order, which is the faster, if it can be."""
    if is_narrow(pixels.dtype):
        binned = bin_by_two(pixels)
        if is_finite(binned):
            return unit.apply(binned)
    return bin_by_two(unit.apply(pixels))


def _bin_level(level: NDArray[np.float16], pool: ThreadPoolExecutor) -> NDArray[np.float16]:
    binned = np.empty(find_level_shape(level.shape, 1), dtype=np.float16)

    def fill(start: int) -> None:
        block = bin_by_two(level[start : start + _BLOCK_ROWS])
        binned[start // 2 : start // 2 + len(block)] = block

    list(pool.map(fill, range(0, len(level), _BLOCK_ROWS)))
    return binned


def _compress(pixels: NDArray[Any], unit: GreyUnit) -> NDArray[np.float16]:
    """Half the memory of float32, and no difference to the eye."""
    compressed = np.empty(pixels.shape, dtype=np.float16)
    for start in range(0, len(pixels), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        compressed[rows] = unit.apply(pixels[rows])
    return compressed
