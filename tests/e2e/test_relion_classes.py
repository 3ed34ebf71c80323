"""The real RELION (3.1) sorts particles of two kinds into classes of their own."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepem.baselines.programs.relion_classes import classify_with_relion
from deepem.simulation import Optics, Specimen, apply_ctf

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(shutil.which("relion_refine") is None, reason="RELION is not here"),
]

PIXEL_SIZE_ANGSTROM = 8.0
BOX_PX = 32
N_OF_EACH = 30
NOISE = 2.5  # times the deviation of a particle


def make_rod_and_ring() -> tuple[Specimen, Specimen]:
    """Two particles that nobody confuses, whatever their rotation in the plane."""
    along = np.linspace(-70, 70, 30)
    rod = np.column_stack([along, 12 * (along > 0), np.zeros(30)])
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    ring = 55 * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(30)])
    first, second = (
        Specimen(name, beads, bead_sigma_angstrom=8, diameter_angstrom=150)
        for name, beads in (("rod", rod), ("ring", ring))
    )
    return first, second


def test_relion_tells_two_kinds_apart() -> None:
    rng = np.random.default_rng(0)
    kinds = np.repeat([0, 1], N_OF_EACH)
    turns = Rotation.from_euler("z", rng.uniform(0, 360, (2 * N_OF_EACH, 1)), degrees=True)
    optics = [Optics(defocus_um=defocus) for defocus in rng.uniform(1, 2, 2 * N_OF_EACH)]
    specimens = make_rod_and_ring()
    boxes = []
    for kind, turn, one in zip(kinds, turns.as_matrix(), optics, strict=True):
        projection = specimens[kind].project(
            turn, pixel_size_angstrom=PIXEL_SIZE_ANGSTROM, box_size_px=BOX_PX
        )
        # dark in the micrograph, white in a box
        image = -apply_ctf(projection, one, pixel_size_angstrom=PIXEL_SIZE_ANGSTROM)
        boxes.append(image / image.std() / NOISE + rng.normal(size=image.shape))
    order = rng.permutation(len(boxes))

    classes = classify_with_relion(
        np.stack(boxes)[order],
        pixel_size_angstrom=PIXEL_SIZE_ANGSTROM,
        diameter_angstrom=170,
        n_classes=4,
        optics=[optics[index] for index in order],
        n_iterations=10,
        n_threads=2,
    )

    assert len(classes.class_index) == 2 * N_OF_EACH
    assert classes.sizes.sum() == 2 * N_OF_EACH
    assert (np.diff(classes.sizes) <= 0).all()
    n_classes = len(classes.averages)  # the empty ones of the four are left out
    kind_of_class = np.array(
        [np.bincount(kinds[order][classes.class_index == i]).argmax() for i in range(n_classes)]
    )
    assert set(kind_of_class) == {0, 1}
    assert (kind_of_class[classes.class_index] == kinds[order]).mean() >= 0.95
    # the rod is white in its middle, the ring is black there
    middle = classes.averages[:, 15:17, 15:17].mean(axis=(1, 2))
    whitest = classes.averages.max(axis=(1, 2))
    assert (middle[kind_of_class == 0] > 0.4 * whitest[kind_of_class == 0]).all()
    assert (middle[kind_of_class == 1] < 0.2 * whitest[kind_of_class == 1]).all()
