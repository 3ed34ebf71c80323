"""A simulated micrograph on disk: the image, its coordinates, and all else that is true of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepem.io import write_atomically, write_mrc, write_picks
from deepem.io.formats.relion import write_rows, write_table
from deepem.io.star_file import format_texts
from deepem.simulation.euler_angles import find_euler_angles
from deepem.simulation.nuisances import AREA_KINDS
from deepem.simulation.scene import Scene

#: What the pixels of a mask file mean, beside 0 for ice; of two areas the later covers the other.
MASK_CODES = {kind: code for code, kind in enumerate(AREA_KINDS, start=1)}

# A folder of its own: what lies beside the micrographs is taken for micrographs and coordinates.
_TRUTH = "truth"


def write_scene(scene: Scene, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a micrograph and its truth into a folder, made if missing.

    ``NAME.mrc`` is the micrograph, ``NAME.box`` and ``NAME.star`` hold the centres of its
    particles for EMAN2 and RELION. ``truth/NAME.star`` has their orientations and the focus
    besides (rlnAngleRot, rlnAngleTilt and rlnAnglePsi in degrees, rlnDefocusU and rlnDefocusV in
    Å, rlnDefocusAngle in degrees), deepemOverlapping (1 for particles nearer than a diameter to
    another one), and in its table ``decoys`` the kind and the centre of each nuisance.
    ``truth/NAME_mask.mrc`` has the areas of the nuisances, if there are any, coded as in
    `MASK_CODES`: 1 carbon, 2 ice crystals, 3 contaminants, 4 aggregates.

    Returns
    -------
    path
        The micrograph.

    Raises
    ------
    deepem.errors.OutputError
        A file exists already and ``overwrite`` is not set, or it cannot be written.
    """
    micrograph = scene.micrograph
    path = Path(folder) / f"{micrograph.name}.mrc"
    for suffix in (".box", ".star"):
        write_picks(scene.truth, path.with_suffix(suffix), overwrite=overwrite)
    truth = path.parent / _TRUTH
    _write_truth(scene, truth / f"{micrograph.name}.star", overwrite=overwrite)
    _write_mask(scene, truth / f"{micrograph.name}_mask.mrc", overwrite=overwrite)
    # The image last: where it is, its truth is too.
    return write_mrc(
        path,
        micrograph.pixels(),
        pixel_size_angstrom=micrograph.pixel_size_angstrom,
        overwrite=overwrite,
    )


def _write_truth(scene: Scene, path: Path, *, overwrite: bool) -> None:
    optics, truth = scene.optics, scene.truth
    n_particles = len(truth)
    # RELION's difference of the defoci is twice our astigmatism.
    defocus = (
        1e4 * (optics.defocus_um + optics.astigmatism_um),
        1e4 * (optics.defocus_um - optics.astigmatism_um),
        optics.astigmatism_angle_deg,
    )
    columns = ["rlnCoordinateX", "rlnCoordinateY", "rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"]
    columns += ["rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle", "deepemOverlapping"]
    (name,) = format_texts([f"{truth.micrograph}.mrc"])
    with write_atomically(path, overwrite=overwrite) as file:
        write_table(file, "particles", ["rlnMicrographName", *columns])
        write_rows(
            file,
            name.replace("%", "%%") + " %13.6f" * 8 + " %4d\n",
            (
                truth.x_px,
                truth.y_px,
                find_euler_angles(scene.rotations),
                np.tile(defocus, (n_particles, 1)),
                scene.overlapping,
            ),
        )
        if scene.decoys:
            write_table(file, "decoys", ["deepemKind", "deepemCoordinateX", "deepemCoordinateY"])
        for kind, centres in scene.decoys.items():
            write_rows(file, f"{kind} %13.6f %13.6f\n", (centres.x_px, centres.y_px))


def _write_mask(scene: Scene, path: Path, *, overwrite: bool) -> None:
    if not scene.masks:
        if overwrite:
            path.unlink(missing_ok=True)  # of an earlier scene
        return
    codes = np.zeros(scene.clean.shape, dtype=np.int8)
    for kind, code in MASK_CODES.items():
        if kind in scene.masks:
            codes[scene.masks[kind]] = code
    write_mrc(
        path,
        codes,
        pixel_size_angstrom=scene.micrograph.pixel_size_angstrom,
        overwrite=overwrite,
    )
