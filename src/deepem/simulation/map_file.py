"""Read the volume and the voxel size of an MRC density map, or say why they cannot be used."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
from numpy.typing import NDArray

from deepem.errors import FileFormatError
from deepem.io.inputs import explain_read_error

#: Fewer voxels along an axis are no density map.
SMALLEST_SIDE = 8


def read_volume(path: Path) -> tuple[NDArray[Any], tuple[float, float, float]]:
    """Read voxels ``(z, y, x)``, and their sizes ``(x, y, z)`` in Å as the header has them.

    Raises
    ------
    FileFormatError
        The file is missing, or no MRC volume of real numbers.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers with small faults that do not matter
            with mrcfile.open(path, permissive=True) as file:
                volume, header = file.data, file.header.copy()
                sizes = file.voxel_size
    except OSError as error:
        raise explain_read_error(path, error) from error
    except ValueError as error:
        problem = f"is no MRC file ({error}); give a density map in MRC format (.mrc or .map)"
        raise FileFormatError(path, problem) from error
    if volume is None:
        raise FileFormatError(path, "is no MRC file, or is truncated; copy or transfer it again")
    if volume.ndim != 3 or min(volume.shape) < SMALLEST_SIDE:
        shape = " x ".join(map(str, volume.shape[::-1]))
        raise FileFormatError(
            path,
            f"holds an image or a stack of {shape}, not a volume; give a density map of "
            f"{SMALLEST_SIDE} or more voxels along each axis",
        )
    if np.iscomplexobj(volume):
        raise FileFormatError(path, "holds complex numbers; give the density, not its transform")
    # Which of x, y and z (1, 2, 3) the sections, rows and columns of the file run along.
    axes = [int(header[name]) for name in ("maps", "mapr", "mapc")]
    if sorted(axes) == [1, 2, 3]:  # else an old file that says nothing
        volume = volume.transpose([axes.index(axis) for axis in (3, 2, 1)])
    return volume, (float(sizes.x), float(sizes.y), float(sizes.z))


def believe_voxel_size(path: Path, sizes: tuple[float, float, float]) -> float:
    """The one size of a voxel in Å, if the three of a header can be believed.

    Raises
    ------
    FileFormatError
        They are zero, exactly 1 Å (as `deepem.io` reads micrographs), or differ by more than 0.1 %.
    """
    cure = "give it with --voxel-size (voxel_size_angstrom=)"
    shown = " x ".join(f"{size:g}" for size in sizes)
    if not all(0 < size < np.inf for size in sizes):
        raise FileFormatError(path, f"has no voxel size in its header ({shown} Å); {cure}")
    if sizes == (1, 1, 1):
        raise FileFormatError(
            path,
            "has a voxel size of exactly 1 Å in its header, which many programs write where they "
            f"do not know it; {cure}, also if it is 1",
        )
    if max(sizes) > 1.001 * min(sizes):
        raise FileFormatError(
            path,
            f"has voxels of {shown} Å; resample the map to cubes, or, if the header is wrong, "
            f"{cure}",
        )
    return sizes[0]
