"""Where a micrograph shows no particles but carbon, ice, aggregates or damage: a mask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_dilation,
    distance_transform_edt,
    find_objects,
    label,
    median_filter,
    uniform_filter,
)

from deepem.core import Frame

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)
_ROBUST = 1.4826  # standard deviation of a normal distribution over its median deviation

# Pixels across a particle: enough for texture, then for everything else; more only costs time.
_DIAMETER_OF_TEXTURE, _DIAMETER_OF_GREY = 13.0, 6.5
_SMALLEST_IN_DIAMETERS = 3  # images with fewer have no surroundings to compare with
_BACKGROUND_IN_DIAMETERS = 8

# A blob is grey beyond the noise, and beyond what every tenth place of the size of a particle
# shows, so beyond particles; and it fills a window larger than one.
_NOISE_SIGMAS, _OVER_PARTICLES, _USUAL_PERCENTILE = 4.0, 1.25, 90
_BLOB_IN_DIAMETERS, _BLOB_FILL, _BLOB_FOOT = 1.3, 0.9, 0.6
# A crystal may be large enough to be what every tenth place shows. It has no gaps, as particles do.
_SOLID_IN_DIAMETERS, _SOLID_FILL, _SOLID_SHARE = 2.0, 0.98, 0.7
# A line is longer than a row of touching particles. Fringes of the other contrast than particles
# tell carbon edges, so they may be fainter. Lines take up few places, so more of the places may
# be particles.
_LINE_IN_DIAMETERS, _CROWDED_PERCENTILE = 5.0, 95
_DARK_LINE_AREA, _FRINGE_AREA = 2.0, 1.2
_FRINGE_SIGMAS, _FRINGE_OVER_USUAL = 3.4, 1.1
_FAINT_END = 0.7
# What a line cuts off is junk where it is also darker: carbon is, the hole beside it is not.
_WALL_IN_DIAMETERS, _BESIDE_IN_DIAMETERS, _CUT_OFF_SIGMAS = 0.75, 3.0, 0.5
_LARGEST_SHARE = 0.5
# Two textures or grey levels are two where hardly anything lies between them.
_REGION_IN_DIAMETERS, _REGION_SIGMAS, _REGION_BETWEEN = 3.0, 6.0, 0.35
_SMALLEST_REGION_AREA = 10
# Lines of pixels at the edge that the camera or the drift correction spoilt.
_DAMAGE_SIGMAS, _DAMAGE_IN_DIAMETERS = 6.0, 0.5
_MARGIN_IN_DIAMETERS = 0.5


@dataclass(frozen=True, eq=False)
class JunkMask:
    """Where on a micrograph no particle is to be expected.

    Parameters
    ----------
    pixels
        Mask ``(ny, nx)``, True in junk and up to half a particle around it.
    frame
        Where its samples lie on the micrograph.
    """

    pixels: NDArray[np.bool_]
    frame: Frame

    @property
    def share(self) -> float:
        """Share of the image that is junk, from 0 to 1."""
        return float(self.pixels.mean())

    def is_junk(self, x_px: NDArray[np.float64], y_px: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie in junk.

        Parameters
        ----------
        x_px, y_px
            Positions ``(n,)`` in unbinned pixels; those outside count as the nearest inside.

        Returns
        -------
        is_junk
            Shape ``(n,)``.
        """
        column, row = self.frame.from_px(x_px, y_px)
        ny, nx = self.pixels.shape
        rows = np.clip(np.rint(row), 0, ny - 1).astype(int)
        columns = np.clip(np.rint(column), 0, nx - 1).astype(int)
        return np.asarray(self.pixels[rows, columns])


def find_junk(pixels: NDArray[Any], diameter: float, *, frame: Frame | None = None) -> JunkMask:
    """Find carbon, ice, aggregates and damaged edges by local statistics alone.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``, finite, of the order of 1, dense matter dark; best with a particle
        about 13 pixels across. A larger image is averaged down to that first.
    diameter
        Diameter of the particle in pixels of ``pixels``, positive.
    frame
        Frame of ``pixels``; by default that of an unbinned micrograph.

    Returns
    -------
    mask
        All False for an image less than three diameters wide.

    Raises
    ------
    ValueError
        The diameter is not positive.

    Notes
    -----
    Four kinds are found, each against the micrograph's own median and median deviation:

    - *blobs*: places darker or brighter than particles that are larger than one,
    - *lines* longer than five diameters, such as the fringes of a carbon edge and chains of
      aggregates, and the darker piece of at most half the image that they cut off,
    - *regions* of at most half the image, darker or rougher than the rest, with hardly anything
      in between: carbon, large crystals,
    - *damaged* lines of pixels at the edge.

    What covers most of a micrograph is its normal state, so a micrograph that is all crystalline
    ice has no mask; the standard deviation range and the score are there for it.
    """
    if not diameter > 0:
        raise ValueError(f"the diameter must be positive, got {diameter}")
    frame = Frame((pixels.shape[0], pixels.shape[1])) if frame is None else frame
    n_fine = max(1, round(diameter / _DIAMETER_OF_TEXTURE))
    fine = _average(np.asarray(pixels, dtype=np.float32), n_fine)
    n_grey = max(1, round(diameter / n_fine / _DIAMETER_OF_GREY))
    grey = _average(fine, n_grey)
    n_all = n_fine * n_grey
    middle = (n_all - 1) / 2
    here = frame.subgrid(grey.shape, origin=(middle, middle), step=n_all)
    size = diameter / n_all
    if min(grey.shape) < _SMALLEST_IN_DIAMETERS * size:
        return JunkMask(np.zeros(grey.shape, dtype=bool), here)

    smooth = uniform_filter(grey, _odd(size / 2))
    local = _to_sigmas(uniform_filter(grey - _background(grey, size), _odd(size / 2)))
    blobs = _find_blobs(local, size) | _find_blobs(_to_sigmas(smooth), size)
    lines, with_ends = _find_lines(local, size)
    junk = blobs | lines
    if lines.any():
        junk |= _find_cut_off(junk | with_ends, smooth, size)
    junk |= _find_regions(fine, smooth, size, n_grey)
    if junk.any():
        junk = distance_transform_edt(~junk) <= _MARGIN_IN_DIAMETERS * size
    junk |= _find_damaged_edges(fine, size * n_grey, n_grey, grey.shape)
    return JunkMask(junk, here)


def _odd(length: float) -> int:
    return max(3, 2 * int(length / 2) + 1)


def _average(image: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Mean of every cell of ``n`` x ``n`` pixels; an incomplete last row or column is dropped."""
    return np.asarray(_by_cells(image, n).mean(axis=(1, 3)), dtype=np.float32) if n > 1 else image


def _by_cells(image: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    ny, nx = max(1, image.shape[0] // n), max(1, image.shape[1] // n)
    return image[: ny * n, : nx * n].reshape(ny, -1, nx, min(n, image.shape[1]))


def _to_sigmas(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance from the median in robust standard deviations."""
    centred = image - np.median(image)
    sigma = _ROBUST * np.median(np.abs(centred))
    return (centred / max(float(sigma), 1e-6)).astype(np.float32, copy=False)


def _background(image: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    """Median over eight diameters, which follows the thickness of the ice and no particle."""
    n = max(1, round(size))
    width = _odd(_BACKGROUND_IN_DIAMETERS * size / n)
    coarse = median_filter(_average(image, n), width, mode="reflect")
    for axis in (0, 1):
        at = (np.arange(image.shape[axis]) - (n - 1) / 2) / n
        at = np.clip(at, 0, coarse.shape[axis] - 1)
        before = np.minimum(at.astype(int), max(coarse.shape[axis] - 2, 0))
        after = np.minimum(before + 1, coarse.shape[axis] - 1)
        weight = np.expand_dims((at - before).astype(np.float32), 1 - axis)
        low, high = coarse.take(before, axis), coarse.take(after, axis)
        coarse = low + (high - low) * weight
    return np.asarray(coarse)


def _usual_height(height: NDArray[np.float32], size: float, percentile: float) -> float:
    """The height below which this percentage of the places of the size of a particle stays."""
    cells = _by_cells(height, max(2, round(size))).max(axis=(1, 3))
    return float(np.percentile(cells, percentile))


def _is_filled(image: NDArray[np.bool_], window: float, share: float) -> NDArray[np.bool_]:
    """Where a window is True for more than a share of it."""
    is_filled = uniform_filter(image.astype(np.float32), _odd(window)) > share
    return np.asarray(is_filled, dtype=bool)


def _find_blobs(sigmas: NDArray[np.float32], size: float) -> NDArray[np.bool_]:
    blobs = np.zeros(sigmas.shape, dtype=bool)
    window = _BLOB_IN_DIAMETERS * size
    for height in (-sigmas, sigmas):
        usual = _usual_height(height, size, _USUAL_PERCENTILE)
        limit = max(_NOISE_SIGMAS, _OVER_PARTICLES * usual)
        cores = _is_filled(height > limit, window, _BLOB_FILL)
        solid = max(_NOISE_SIGMAS, _SOLID_SHARE * usual)
        cores |= _is_filled(height > solid, _SOLID_IN_DIAMETERS * size, _SOLID_FILL)
        if not cores.any():
            continue
        feet, n = label(height > min(_BLOB_FOOT * limit, solid), _EIGHT_NEIGHBOURS)
        has_core = np.zeros(n + 1, dtype=bool)
        has_core[feet[cores]] = True
        has_core[0] = False
        # Feet may run on into particles that touch the blob.
        near = uniform_filter(cores.astype(np.float32), _odd(window + 2 * size)) > 0
        blobs |= has_core[feet] & near
    return blobs


def _find_lines(
    sigmas: NDArray[np.float32], size: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Lines, and the same with their faint ends, which may close a piece off."""
    heights = {sign: _usual_height(sign * sigmas, size, _CROWDED_PERCENTILE) for sign in (-1, 1)}
    particles = -1 if heights[-1] >= heights[1] else 1
    lines = np.zeros(sigmas.shape, dtype=bool)
    with_ends = lines.copy()
    for sign, usual in heights.items():
        height = sign * sigmas
        if sign == particles:
            limit = max(_NOISE_SIGMAS, _OVER_PARTICLES * usual)
            least_area, joined = _DARK_LINE_AREA, height > limit
        else:
            limit = max(_FRINGE_SIGMAS, _FRINGE_OVER_USUAL * usual)
            least_area = _FRINGE_AREA
            joined = binary_dilation(height > limit, _EIGHT_NEIGHBOURS)  # over gaps of two pixels
        pieces, _ = label(joined, _EIGHT_NEIGHBOURS)
        areas = np.bincount(pieces.ravel(), weights=(height > limit).ravel())
        found = np.zeros(sigmas.shape, dtype=bool)
        for number, place in enumerate(find_objects(pieces), 1):
            extent = float(np.hypot(*(side.stop - side.start for side in place)))
            is_long = extent >= _LINE_IN_DIAMETERS * size
            if is_long and areas[number] >= least_area * np.pi / 4 * size**2:
                found[place] |= pieces[place] == number
        if found.any():
            lines |= found & (height > limit)
            faint = binary_dilation(height > _FAINT_END * limit, _EIGHT_NEIGHBOURS)
            pieces, n = label(faint | found, _EIGHT_NEIGHBOURS)
            is_end = np.zeros(n + 1, dtype=bool)
            is_end[pieces[found]] = True
            with_ends |= is_end[pieces]
    return lines, with_ends


def _find_cut_off(
    borders: NDArray[np.bool_], smooth: NDArray[np.float32], size: float
) -> NDArray[np.bool_]:
    """The darker pieces, and holes smaller than a particle, that borders cut off from the rest."""
    cut_off = np.zeros(borders.shape, dtype=bool)
    distance = distance_transform_edt(~borders)
    wall = distance <= _WALL_IN_DIAMETERS * size
    beside = distance <= (_WALL_IN_DIAMETERS + _BESIDE_IN_DIAMETERS) * size
    pieces, n = label(~wall)
    areas = np.bincount(pieces.ravel(), minlength=n + 1)
    areas[0] = 0
    largest = int(areas.argmax())
    beside_largest = smooth[(pieces == largest) & beside]
    if not beside_largest.size:
        return cut_off
    level = np.median(beside_largest)
    sigma = _ROBUST * np.median(np.abs(smooth - np.median(smooth)))
    for number in range(1, n + 1):
        if number == largest or areas[number] > _LARGEST_SHARE * borders.size:
            continue
        piece = pieces == number
        is_hole = areas[number] < np.pi / 4 * size**2
        if is_hole or level - np.median(smooth[piece & beside]) > _CUT_OFF_SIGMAS * sigma:
            cut_off |= piece
    if cut_off.any():  # what the wall took from them
        cut_off = distance_transform_edt(~cut_off) <= _WALL_IN_DIAMETERS * size
    return cut_off


def _find_regions(
    fine: NDArray[np.float32], smooth: NDArray[np.float32], size: float, n_grey: int
) -> NDArray[np.bool_]:
    """Regions of at most half the image with another grey level or another fine texture."""
    regions = np.zeros(smooth.shape, dtype=bool)
    n = max(1, round(size / 2))
    window = _odd(_REGION_IN_DIAMETERS * size / n)
    level = uniform_filter(_average(smooth, n), window)
    # Differences of differences see the noise and the grain of carbon, hardly a particle.
    grain = np.zeros_like(fine)
    grain[1:, 1:] = np.square(np.diff(np.diff(fine, axis=0), axis=1))
    power = uniform_filter(_average(_average(grain, n_grey), n), window)
    roughness = np.log(np.maximum(power, 1e-6))
    for feature in (level, roughness):
        low = _split(feature)
        if low is None:
            continue
        region = low if low.mean() <= _LARGEST_SHARE else ~low
        is_darker = level[region].mean() < level[~region].mean()
        is_rougher = feature is roughness and region is not low
        if not (is_darker or is_rougher):
            continue
        pieces, _ = label(region)
        areas = np.bincount(pieces.ravel())
        areas[0] = 0
        region = (areas >= _SMALLEST_REGION_AREA * np.pi / 4 * (size / n) ** 2)[pieces]
        rows, columns = (
            np.minimum(np.arange(length) // n, last - 1)
            for length, last in zip(smooth.shape, region.shape, strict=True)
        )
        regions |= region[np.ix_(rows, columns)]
    return regions


def _split(feature: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """The low one of two classes, where the values form two that hardly anything lies between.

    The classes are found as Otsu did (IEEE Trans. SMC 9:62, 1979, doi 10.1109/TSMC.1979.4310076).
    """
    values = np.sort(feature, axis=None).astype(np.float64)
    n = values.size
    n_low = np.arange(1, n)
    sums = np.cumsum(values)
    gap = (sums[-1] - sums[:-1]) / (n - n_low) - sums[:-1] / n_low
    between = n_low * (n - n_low) * np.square(gap)
    last = int(between.argmax())
    classes = values[: last + 1], values[last + 1 :]
    low, high = (float(np.median(one)) for one in classes)
    sigmas = [
        _ROBUST * float(np.median(np.abs(one - middle)))
        for one, middle in zip(classes, (low, high), strict=True)
    ]
    quarter = (high - low) / 4
    is_between = (values > low + quarter) & (values < high - quarter)
    if high - low <= _REGION_SIGMAS * float(np.linalg.norm(sigmas)) / np.sqrt(2) + 1e-6:
        return None
    if is_between.sum() > _REGION_BETWEEN * min(len(one) for one in classes):
        return None
    return feature <= (low + high) / 2  # where a sharp border lies; Otsu leans to the wide class


def _find_damaged_edges(
    fine: NDArray[np.float32], diameter: float, n_grey: int, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Lines of pixels at an edge whose level or spread jumps against those behind them."""
    damaged = np.zeros(shape, dtype=bool)
    deepest = max(1, round(_DAMAGE_IN_DIAMETERS * diameter))
    for axis in (0, 1):
        for is_end in (False, True):
            image = np.flip(fine, axis) if is_end else fine
            image = image.swapaxes(0, axis)[: deepest + round(2 * diameter)]
            # Medians: a crystal that a few of the lines cross is not their damage.
            middle = np.median(image, axis=1)
            spread = np.median(np.abs(image - middle[:, np.newaxis]), axis=1)
            profiles = middle, np.log(spread + 1e-6)
            depth = max(_count_jumps(profile, deepest) for profile in profiles)
            if depth:
                n_lines = -(-depth // n_grey)
                side = slice(-n_lines, None) if is_end else slice(n_lines)
                damaged[side if axis == 0 else (slice(None), side)] = True
    return damaged


def _count_jumps(profile: NDArray[np.float32], deepest: int) -> int:
    """How many values from the first on lie far from those behind the first ``deepest``."""
    behind = profile[deepest:]
    middle = np.median(behind)
    sigma = _ROBUST * float(np.median(np.abs(behind - middle)))
    is_far = np.abs(profile[:deepest] - middle) > _DAMAGE_SIGMAS * max(sigma, 1e-6)
    return int(np.argmin(np.append(is_far, False)))
