"""RELION's 2D classification: boxes in, class averages and the class of each box out."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
from numpy.typing import NDArray

from deepem.baselines.programs.command import find_program, run_program
from deepem.errors import ConfigError
from deepem.io.mrc import count_slices, open_mrc
from deepem.io.star_file import find_star_tables
from deepem.simulation import Optics

_PROGRAM = "relion_refine"
# Searched roughly: all rotations 12 degrees apart and shifts of two pixels, which find the views of
# a particle in a fraction of the time that finer ones take.
_SETTINGS = (
    "--oversampling", "0", "--psi_step", "12", "--offset_range", "2", "--offset_step", "1",
    "--tau2_fudge", "2", "--flatten_solvent", "--zero_mask", "--norm", "--scale",
    "--incr_size", "3", "--pool", "30", "--preread_images", "--dont_combine_weights_via_disc",
)  # fmt: skip
_CURE = "Install RELION (Debian and Ubuntu: the package 'relion'), or add it to the PATH"


@dataclass(frozen=True, eq=False)
class ClassAverages:
    """Classes of boxes, the most populous first; RELION's empty ones are left out.

    Parameters
    ----------
    averages
        Shape ``(n_classes, n, n)``, float32, particles white.
    class_index
        Which average each box went into, shape ``(n_boxes,)``.
    """

    averages: NDArray[np.float32]
    class_index: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of boxes in each class, shape ``(n_classes,)``."""
        return np.bincount(self.class_index, minlength=len(self.averages))


def classify_with_relion(
    boxes: NDArray[Any],
    *,
    pixel_size_angstrom: float,
    diameter_angstrom: float,
    n_classes: int,
    resolution_angstrom: float | None = None,
    optics: Sequence[Optics] | None = None,
    n_iterations: int = 25,
    n_threads: int = 1,
    seed: int = 0,
) -> ClassAverages:
    """Sort boxes into classes by RELION (``relion_refine --K``), which aligns and averages them.

    Parameters
    ----------
    boxes
        Shape ``(n_boxes, n, n)``, n even, particles white, the background of mean 0 and deviation
        1 (`deepem.studies.images.white_boxes.cut_white_boxes`).
    pixel_size_angstrom
        Size of a pixel in Å.
    diameter_angstrom
        Diameter in Å of the circle outside of which boxes are set to zero.
    n_classes
        Number of classes to begin with, 1 to the number of boxes.
    resolution_angstrom
        Finest detail in Å that boxes are compared by; None for all that pixels can hold.
    optics
        Microscope and focus of each box, for the correction of the contrast transfer function;
        None for no correction.
    n_iterations
        Number of iterations.
    n_threads
        Number of threads.
    seed
        The same seed and one thread give the same classes.

    Returns
    -------
    classes

    Raises
    ------
    deepem.errors.ConfigError
        The boxes or a number cannot work.
    deepem.errors.ProgramError
        RELION is not installed, or ended with an error.

    References
    ----------
    Scheres (2012) J. Struct. Biol. 180:519, doi 10.1016/j.jsb.2012.09.006.
    """
    _check(boxes, n_classes, optics)
    program = find_program(_PROGRAM, _CURE)
    with tempfile.TemporaryDirectory(prefix="deepem-") as folder:
        (Path(folder) / "classes").mkdir()  # RELION makes no folder
        _write_particles(Path(folder), boxes, optics, pixel_size_angstrom)
        command = [
            program, "--i", "particles.star", "--o", "classes/run", *_SETTINGS,
            "--K", str(n_classes), "--iter", str(n_iterations), "--j", str(n_threads),
            "--particle_diameter", f"{diameter_angstrom:.1f}",
            "--random_seed", str(seed + 1),  # RELION takes 0 for the time of day
        ]  # fmt: skip
        if resolution_angstrom is not None:
            command += ["--strict_highres_exp", f"{resolution_angstrom:.1f}"]
        if optics is not None:
            command.append("--ctf")
        run_program(_PROGRAM, command, Path(folder))
        return _read_classes(Path(folder) / f"classes/run_it{n_iterations:03d}", len(boxes))


def _check(boxes: NDArray[Any], n_classes: int, optics: Sequence[Optics] | None) -> None:
    if boxes.ndim != 3 or boxes.shape[1] != boxes.shape[2] or boxes.shape[1] % 2:
        raise ConfigError(
            "boxes", f"must be square, of an even side, got {boxes.shape}; use (n_boxes, n, n)"
        )
    if not np.isfinite(boxes).all():
        raise ConfigError("boxes", "some pixels are NaN or infinite; leave these boxes out")
    if not 1 <= n_classes <= len(boxes):
        raise ConfigError(
            "n_classes", f"must be 1 to the number of boxes ({len(boxes)}), got {n_classes}"
        )
    if optics is not None and len(optics) != len(boxes):
        raise ConfigError(
            "optics", f"must be one a box, got {len(optics)} for {len(boxes)} boxes; None for none"
        )


def _write_particles(
    folder: Path,
    boxes: NDArray[Any],
    optics: Sequence[Optics] | None,
    pixel_size_angstrom: float,
) -> None:
    """The stack, and its list as RELION 3.1 has it: one optics group for all."""
    with mrcfile.new(folder / "particles.mrcs", boxes.astype(np.float32)) as file:
        file.set_image_stack()
        file.voxel_size = pixel_size_angstrom
    one = optics[0] if optics else Optics()
    tables = {
        "optics": {
            "OpticsGroupName": ["group"],
            "OpticsGroup": [1],
            "ImagePixelSize": [f"{pixel_size_angstrom:.6f}"],
            "ImageSize": [boxes.shape[1]],
            "ImageDimensionality": [2],
            "Voltage": [one.voltage_kv],
            "SphericalAberration": [one.spherical_aberration_mm],
            "AmplitudeContrast": [one.amplitude_contrast_fraction],
        },
        "particles": {
            "ImageName": [f"{index + 1:06d}@particles.mrcs" for index in range(len(boxes))],
            "OpticsGroup": [1] * len(boxes),
            "MicrographName": ["micrograph"] * len(boxes),
        },
    }
    if optics is not None:
        tables["particles"] |= {
            "DefocusU": [1e4 * (one.defocus_um + one.astigmatism_um) for one in optics],
            "DefocusV": [1e4 * (one.defocus_um - one.astigmatism_um) for one in optics],
            "DefocusAngle": [one.astigmatism_angle_deg for one in optics],
        }
    text = "# version 30001\n"
    for name, columns in tables.items():
        labels = [f"_rln{label} #{number}" for number, label in enumerate(columns, start=1)]
        rows = [" ".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        text += "\n".join([f"\ndata_{name}\n", "loop_", *labels, *rows]) + "\n"
    (folder / "particles.star").write_text(text, encoding="utf-8")


def _read_classes(root: Path, n_boxes: int) -> ClassAverages:
    """What the last iteration wrote, sorted: RELION lists boxes in an order of its own."""
    (table,) = [
        one
        for one in find_star_tables(root.with_name(f"{root.name}_data.star"))
        if one.name == "particles"
    ]
    rows = table.read(numbers=["rlnClassNumber"], texts=["rlnImageName"])
    place = [int(re.match(r"\d+", str(name))[0]) - 1 for name in rows["rlnImageName"]]  # type: ignore[index]
    number = np.full(n_boxes, -1)
    number[place] = rows["rlnClassNumber"].to_numpy(dtype=np.int64) - 1
    path = root.with_name(f"{root.name}_classes.mrcs")
    averages = np.stack(
        [open_mrc(path, slice_index=index).pixels() for index in range(count_slices(path))]
    )
    sizes = np.bincount(number, minlength=len(averages))
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    rank = np.full(len(averages), -1)
    rank[order] = np.arange(len(order))
    return ClassAverages(averages[order].astype(np.float32), rank[number])
