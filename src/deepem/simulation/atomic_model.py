"""A particle from an atomic model: PDB or mmCIF, blurred to a resolution on a grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepem.errors import ConfigError, FileFormatError, MissingExtraError
from deepem.io.inputs import explain_read_error
from deepem.simulation.density_map import DensityMap

# Voxels across the resolution, as maps made from models usually have.
_VOXELS_PER_RESOLUTION = 3
# An atom's Gaussian is drawn to so many voxels on each side of the nearest: 3.7 deviations or more.
_REACH = 3
# Empty voxels at the faces, by which a `DensityMap` knows the solvent.
_RIM = 2
# Voxels a side: a grid of 0.5 GB.
_MAX_SIDE = 512
# Atoms drawn in one go, 6 MB of voxels.
_CHUNK = 4096


def load_atomic_model(
    path: str | Path,
    *,
    resolution_angstrom: float = 10.0,
    diameter_angstrom: float | None = None,
    as_assembly: bool = True,
) -> DensityMap:
    """Make a density map from the atoms of a PDB or mmCIF file.

    Parameters
    ----------
    path
        The file: ``.pdb``, ``.ent``, ``.cif`` or ``.mmcif``, also with ``.gz``.
    resolution_angstrom
        Resolution of the map in Å, greater than 0.
    diameter_angstrom
        Diameter of the particle in Å; None measures it, see `DensityMap`.
    as_assembly
        Whether to build the first biological assembly that the file describes, if any. Else, the
        atoms are taken as they are written, which of a crystal may be a part of the particle, or
        several.

    Returns
    -------
    DensityMap
        Named like the file, without folder and endings; electrons per Å³; the axes are the file's.

    Raises
    ------
    MissingExtraError
        gemmi is not installed.
    FileFormatError
        The file is missing, no atomic model, or has no atoms.
    ConfigError
        A length is not positive, or the resolution is too fine for so large a particle.

    Notes
    -----
    Every atom is a Gaussian that holds as many electrons as its atomic number. Its standard
    deviation is resolution / (π √2) = 0.225 resolution: the transform falls to 1/e at the frequency
    1 / resolution (the choice of ``molmap`` in UCSF Chimera). Voxels are a third of the resolution;
    projections of a protein are good to 1.5 % of the highest density. Of several models the first
    is taken, of alternative conformations the first; occupancies and B-factors do not count,
    hydrogens and waters are left out.

    References
    ----------
    Read by gemmi: M. Wojdyr, J. Open Source Softw. 7:4200, 2022, doi 10.21105/joss.04200.
    """
    path = Path(path)
    for name, value in (
        ("resolution_angstrom", resolution_angstrom),
        ("diameter_angstrom", diameter_angstrom),
    ):
        if value is not None and not 0 < value < np.inf:
            raise ConfigError(name, f"must be greater than 0 Å, got {value:g}")
    atoms_angstrom, electrons = _read_atoms(path, as_assembly=as_assembly)
    voxel_angstrom = resolution_angstrom / _VOXELS_PER_RESOLUTION
    _check_size(atoms_angstrom, voxel_angstrom)
    density = _blur_atoms(
        atoms_angstrom / voxel_angstrom,
        electrons,
        sigma=_VOXELS_PER_RESOLUTION / (np.pi * np.sqrt(2)),
    )
    density /= np.float32(voxel_angstrom**3)
    name = path.name.removesuffix(".gz")
    return DensityMap(Path(name).stem, density, voxel_angstrom, diameter_angstrom or 0.0)


def _read_atoms(
    path: Path, *, as_assembly: bool
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Positions ``(x, y, z)`` in Å, shape ``(n, 3)``, and atomic numbers of the heavy atoms."""
    try:
        import gemmi
    except ImportError as error:
        raise MissingExtraError("gemmi", "models", f"Reading the atomic model {path}") from error
    try:
        with path.open("rb") as file:
            file.read(1)
        structure = gemmi.read_structure(str(path))
    except OSError as error:
        raise explain_read_error(path, error) from error
    except (ValueError, RuntimeError) as error:
        raise FileFormatError(
            path,
            f"is no PDB or mmCIF file that can be read ({' '.join(str(error).split())}); give "
            "a .pdb, .ent, .cif or .mmcif file (or .gz of one), or download it again",
        ) from error
    structure.remove_hydrogens()
    structure.remove_waters()
    structure.remove_alternative_conformations()
    models = list(structure)[:1]
    if models and as_assembly and structure.assemblies:
        names = gemmi.HowToNameCopiedChain.Dup
        models = [gemmi.make_assembly(structure.assemblies[0], models[0], names)]
    found = [
        (*atom.pos.tolist(), atom.element.atomic_number)
        for model in models
        for chain in model
        for residue in chain
        for atom in residue
    ]
    atoms = np.array(found, dtype=np.float64).reshape(-1, 4)
    atoms = atoms[(atoms[:, 3] > 0) & np.isfinite(atoms).all(axis=1)]
    if not len(atoms):
        raise FileFormatError(
            path, "holds no atoms but hydrogens and waters; give the model of the particle"
        )
    return atoms[:, :3], atoms[:, 3].astype(np.float32)


def _check_size(atoms_angstrom: NDArray[np.float64], voxel_angstrom: float) -> None:
    longest_angstrom = float(np.ptp(atoms_angstrom, axis=0).max())
    n_across = _MAX_SIDE - 2 * (_REACH + _RIM) - 2
    if longest_angstrom / voxel_angstrom > n_across:
        resolution = longest_angstrom / n_across * _VOXELS_PER_RESOLUTION
        raise ConfigError(
            "resolution_angstrom",
            f"{voxel_angstrom * _VOXELS_PER_RESOLUTION:g} is too fine for a particle of "
            f"{longest_angstrom:.0f} Å; use {np.ceil(resolution * 10) / 10:g} or more",
        )


def _blur_atoms(
    atoms: NDArray[np.float64], electrons: NDArray[np.float32], *, sigma: float
) -> NDArray[np.float32]:
    """Sum of Gaussians on a grid ``(z, y, x)`` that just holds them; lengths are in voxels."""
    atoms = atoms - np.floor(atoms.min(axis=0)) + _REACH + _RIM
    shape_xyz = np.ceil(atoms.max(axis=0)).astype(int) + _REACH + _RIM + 1
    density = np.zeros(shape_xyz[::-1], dtype=np.float32)
    flat = density.reshape(-1)
    steps = np.array([1, shape_xyz[0], shape_xyz[0] * shape_xyz[1]])
    around = np.arange(-_REACH, _REACH + 1)
    for first in range(0, len(atoms), _CHUNK):
        part = atoms[first : first + _CHUNK]
        nearest = np.rint(part).astype(int)
        distance = nearest[:, :, np.newaxis] + around - part[:, :, np.newaxis]
        profiles = np.exp(-(distance**2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
        x, y, z = profiles.astype(np.float32).transpose(1, 0, 2)
        voxels = (nearest @ steps)[:, np.newaxis, np.newaxis, np.newaxis] + (
            around[:, np.newaxis, np.newaxis] * steps[2] + around[:, np.newaxis] * steps[1] + around
        )
        z = z * electrons[first : first + _CHUNK, np.newaxis]
        values = np.einsum("nz,ny,nx->nzyx", z, y, x, optimize=True)
        np.add.at(flat, voxels.reshape(-1), values.reshape(-1))
    return density
