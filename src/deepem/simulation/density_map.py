"""A particle as a density map: projections of an MRC volume by slices of its Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft, ndimage
from torch_fourier_slice import extract_central_slices_rfft_3d

from deepem.errors import ConfigError, FileFormatError
from deepem.simulation.map_file import SMALLEST_SIDE, believe_voxel_size, read_volume
from deepem.simulation.particle_region import (
    fade_out,
    find_particle,
    measure_longest_axis,
    measure_solvent,
)
from deepem.simulation.projectable import find_box_size_px

# Linear interpolation of the transform leaves faint ghosts of the particle's rim, which fall with
# the square of the padding: 0.5 % of the highest density at 6. Memory sets the limit.
_PADDING, _MAX_SIDE = 6, 384
# Voxels across the particle; finer maps are Fourier-cropped to it (a ribosome: to 2.7 Å).
_MAX_EXTENT = 128
# Density below this share of the highest is as good as none.
_NEGLIGIBLE = 1e-3


@dataclass(frozen=True, eq=False)
class DensityMap:
    """A particle given by its density on a grid.

    The level of the solvent (the median over the faces of the grid) is subtracted, what lies far
    outside the particle fades to zero, and the centre of mass of the positive density becomes the
    origin.

    Parameters
    ----------
    name
        How messages and files call it.
    density
        Samples of the density, shape ``(nz, ny, nx)``, finite, particle positive, any units.
    voxel_size_angstrom
        Distance between samples in Å, the same along all axes.
    diameter_angstrom
        Physical diameter of the particle in Å, its longest dimension without diagonals. None (or
        0) measures it: the density above Otsu's threshold (and four standard deviations of the
        solvent), without dust, is measured along its three axes of inertia, and the longest of
        the three is taken.

    Raises
    ------
    ConfigError
        The density is no finite volume of 8 or more samples a side with a particle in it, or a
        length is not positive.

    Notes
    -----
    The transform of the map is calculated once, padded to six times the particle's extent, or
    less where it is more than 64 voxels across (at least three times, and 0.25 GB at most; a
    particle of more than 128 voxels is Fourier-cropped to that). A projection is a central slice
    of it, interpolated linearly with the matching correction in real space; it is good to 0.5 % of
    the highest density, to 3 % at threefold padding. The slice is taken at the frequencies of the
    wanted image, so that any pixel size is exact: finer pixels than the map's voxels are padding
    with zeros, coarser ones are cropping, without aliasing. Frequencies beyond the Nyquist
    frequency of the map are zero.

    References
    ----------
    Central slices: D. J. DeRosier and A. Klug, Nature 217:130, 1968, doi 10.1038/217130a0; by
    torch-fourier-slice. Threshold: N. Otsu, IEEE Trans. Syst. Man Cybern. 9:62, 1979, doi
    10.1109/TSMC.1979.4310076.
    """

    name: str
    density: NDArray[np.float32] = field(repr=False)
    voxel_size_angstrom: float
    diameter_angstrom: float = 0.0
    extent_angstrom: float = field(init=False)
    _transform: torch.Tensor = field(init=False, repr=False)
    _step_angstrom: float = field(init=False, repr=False)  # between samples before the transform
    # Centre of mass from the sample at the middle of the transformed cube, (x, y, z) in Å.
    _offset_angstrom: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        density = _check_density(self.density)
        voxel = float(self.voxel_size_angstrom)
        if not 0 < voxel < np.inf:
            raise ConfigError(
                "voxel_size_angstrom", f"must be greater than 0, got {voxel:g}; give it in Å"
            )
        solvent, noise = measure_solvent(density)
        density -= np.float32(solvent)
        particle = find_particle(density, noise)
        diameter = float(self.diameter_angstrom or measure_longest_axis(particle) * voxel)
        if not 0 < diameter < np.inf:
            raise ConfigError("diameter_angstrom", f"must be greater than 0 Å, got {diameter:g}")
        density = fade_out(density, particle, diameter=diameter / voxel)
        centre = np.array(ndimage.center_of_mass(np.maximum(density, 0)))
        middle = np.rint(centre).astype(int)

        points = np.argwhere(np.abs(density) > _NEGLIGIBLE * density.max())
        farthest = np.linalg.norm(points - centre, axis=1).max() + 1
        cube = _cut_cube(density, middle, half=int(np.ceil(farthest)) + 1)
        small = _crop_spectrum(cube, _MAX_EXTENT) if len(cube) > _MAX_EXTENT else cube
        values: dict[str, Any] = {
            "density": density,
            "voxel_size_angstrom": voxel,
            "diameter_angstrom": diameter,
            "extent_angstrom": float(2 * farthest * voxel),
            "_transform": _transform_padded(small),
            "_step_angstrom": voxel * len(cube) / len(small),
            "_offset_angstrom": (centre - middle)[::-1] * voxel,
        }
        density.flags.writeable = False
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def box_size_px(self, pixel_size_angstrom: float) -> int:
        """Side of the particle's box in pixels: 1.5 diameters, rounded to an even number."""
        return find_box_size_px(self.diameter_angstrom, pixel_size_angstrom)

    def project(
        self,
        rotation: NDArray[np.float64],
        *,
        pixel_size_angstrom: float,
        box_size_px: int,
        shift_px: tuple[float, float] = (0.0, 0.0),
    ) -> NDArray[np.float32]:
        """Project along z.

        Parameters
        ----------
        rotation
            Rotation matrix, shape ``(3, 3)``, of column vectors ``(x, y, z)``, applied before
            projecting.
        pixel_size_angstrom
            Size of a pixel in Å.
        box_size_px
            Side of the image in pixels; what lies outside is lost.
        shift_px
            Position ``(x, y)`` of the centre of mass from pixel ``box_size_px // 2``, in pixels.

        Returns
        -------
        NDArray
            Density of the map times Å, shape ``(box_size_px, box_size_px)``, ``x`` along columns.
            A pixel holds the mean over its area, so the values do not depend on the pixel size,
            and their sum times the area of a pixel is the sum of the map times the volume of a
            voxel.
        """
        # The image that is calculated just holds the particle, whatever the box.
        side = fft.next_fast_len(int(np.ceil(self.extent_angstrom / pixel_size_angstrom / 2)) + 2)
        n = 2 * side
        nearest = [round(shift) for shift in shift_px]
        offset_px = rotation @ self._offset_angstrom / pixel_size_angstrom
        origin_px = [shift_px[axis] - nearest[axis] - offset_px[axis] + n // 2 for axis in (0, 1)]
        spectrum = self._take_slice(rotation, n, pixel_size_angstrom)
        # sinc is the mean over a pixel.
        frequency_y, frequency_x = fft.fftfreq(n)[:, np.newaxis], fft.rfftfreq(n)
        column = np.sinc(frequency_y) * np.exp(-2j * np.pi * frequency_y * origin_px[1])
        row = np.sinc(frequency_x) * np.exp(-2j * np.pi * frequency_x * origin_px[0])
        spectrum *= (column * row).astype(np.complex64)
        image: NDArray[np.float32] = fft.irfft2(spectrum, s=(n, n))
        image *= np.float32(self._step_angstrom**3 / pixel_size_angstrom**2)

        box = np.zeros((box_size_px, box_size_px), dtype=np.float32)
        first = [box_size_px // 2 - n // 2 + nearest[axis] for axis in (1, 0)]
        to_box = tuple(slice(max(start, 0), max(start + n, 0)) for start in first)
        from_image = tuple(slice(max(-start, 0), max(box_size_px - start, 0)) for start in first)
        box[to_box] = image[from_image]
        return box

    def _take_slice(
        self, rotation: NDArray[np.float64], n: int, pixel_size_angstrom: float
    ) -> NDArray[np.complex64]:
        """Central slice at the frequencies of ``rfft2`` of an image of n x n pixels."""
        n_transform = self._transform.shape[0]
        voxel = self._step_angstrom
        # A matrix that also stretches makes sample j of the slice lie at j / (n pixels).
        stretch = n_transform * voxel / (n * pixel_size_angstrom)
        highest = min(0.5 - 2 / n_transform, 0.75 * voxel / pixel_size_angstrom)
        wide = extract_central_slices_rfft_3d(
            self._transform,
            torch.from_numpy(np.ascontiguousarray(stretch * rotation.T)).to(torch.float32),
            fftfreq_max=highest / stretch,
        ).numpy()
        kept = min(n, n_transform) // 2
        spectrum = np.zeros((n, n // 2 + 1), dtype=np.complex64)
        zero_row = n_transform // 2
        spectrum[:kept, :kept] = wide[zero_row : zero_row + kept, :kept]
        spectrum[1 - kept :, :kept] = wide[zero_row + 1 - kept : zero_row, :kept]
        return spectrum


def load_density_map(
    path: str | Path,
    *,
    diameter_angstrom: float | None = None,
    voxel_size_angstrom: float | None = None,
) -> DensityMap:
    """Read a density map from an MRC volume (``.mrc``, ``.map``, also compressed).

    Parameters
    ----------
    path
        The file: a volume of real numbers in which the particle has the higher values.
    diameter_angstrom
        Diameter of the particle in Å; None measures it, see `DensityMap`.
    voxel_size_angstrom
        Distance between voxels in Å; None takes the header's.

    Returns
    -------
    DensityMap
        Named like the file, without folder and extension.

    Raises
    ------
    FileFormatError
        The file is missing, no MRC volume, constant, or has no voxel size that can be believed.
    ConfigError
        A length that was given is not positive.
    """
    path = Path(path)
    volume, header_angstrom = read_volume(path)
    if voxel_size_angstrom is None:
        voxel_size_angstrom = believe_voxel_size(path, header_angstrom)
    for name, value in (
        ("diameter_angstrom", diameter_angstrom),
        ("voxel_size_angstrom", voxel_size_angstrom),
    ):
        if value is not None and not 0 < value < np.inf:
            raise ConfigError(name, f"must be greater than 0 Å, got {value:g}")
    try:
        return DensityMap(path.stem, volume, voxel_size_angstrom, diameter_angstrom or 0.0)
    except ConfigError as error:
        if error.field != "density":
            raise
        raise FileFormatError(path, str(error).removeprefix("density: ")) from error


def _check_density(density: NDArray[Any]) -> NDArray[np.float32]:
    volume = np.array(density, dtype=np.float32)
    if volume.ndim != 3 or min(volume.shape) < SMALLEST_SIDE:
        raise ConfigError(
            "density",
            f"expected a volume of {SMALLEST_SIDE} or more samples a side, got {volume.shape}",
        )
    n_bad = int((~np.isfinite(volume)).sum())
    if n_bad:
        raise ConfigError(
            "density", f"{n_bad} voxels are NaN or infinite; replace them (np.nan_to_num)"
        )
    if np.ptp(volume) == 0:
        raise ConfigError(
            "density", f"every voxel has the value {volume.flat[0]:g}; give a map with a particle"
        )
    return volume


def _cut_cube(
    density: NDArray[np.float32], middle: NDArray[np.int64], *, half: int
) -> NDArray[np.float32]:
    """Cube of ``2 * half`` samples with a voxel at its sample ``half``; zero beyond the grid."""
    cube = np.zeros((2 * half,) * 3, dtype=np.float32)
    inside = [
        (max(m - half, 0), min(m + half, size))
        for m, size in zip(middle, density.shape, strict=True)
    ]
    target = tuple(
        slice(low - m + half, high - m + half)
        for (low, high), m in zip(inside, middle, strict=True)
    )
    cube[target] = density[tuple(slice(*bounds) for bounds in inside)]
    return cube


def _crop_spectrum(cube: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Cube with ``n`` samples a side (even) instead of more; the middle sample stays in place."""
    spectrum = fft.rfftn(fft.ifftshift(cube))
    half = n // 2
    for axis in (0, 1):
        spectrum = np.concatenate(
            [
                np.take(spectrum, range(half), axis=axis),
                np.take(spectrum, range(-half, 0), axis=axis),
            ],
            axis=axis,
        )
    spectrum = np.ascontiguousarray(spectrum[:, :, : half + 1])
    small: NDArray[np.float32] = fft.fftshift(fft.irfftn(spectrum, s=(n, n, n)))
    small *= np.float32((n / len(cube)) ** 3)
    return small


def _transform_padded(cube: NDArray[np.float32]) -> torch.Tensor:
    """Transform of a padded cube about its middle, with zero frequency in the middle of z and y.

    Linear interpolation between samples of the transform multiplies the density by sinc² of the
    position; the density is divided by it beforehand.
    """
    half = len(cube) // 2
    n = 2 * fft.next_fast_len(max(min(_PADDING * half, _MAX_SIDE // 2), 2 * half))
    position = (np.arange(2 * half) - half) / n
    correction = (np.sinc(position) ** 2).astype(np.float32)
    weight = correction * correction[:, np.newaxis] * correction[:, np.newaxis, np.newaxis]
    padded = np.pad(cube / weight, n // 2 - half)
    transform = torch.fft.rfftn(torch.fft.ifftshift(torch.from_numpy(padded)))
    shifted: torch.Tensor = torch.fft.fftshift(transform, dim=(0, 1))
    return shifted
