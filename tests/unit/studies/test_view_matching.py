"""A projection is recognised, however it is turned, shifted and scaled; noise is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deepem.simulation import Specimen
from deepem.studies.images.view_matching import (
    Projections,
    match_views,
    measure_angles_deg,
    project_views,
)

PIXEL_SIZE_ANGSTROM = 10.0
BOX_PX = 32


@pytest.fixture(scope="module")
def specimen() -> Specimen:
    """A chain without any symmetry."""
    rng = np.random.default_rng(4)
    beads = np.cumsum(rng.normal(scale=22, size=(40, 3)), axis=0)
    beads -= beads.mean(axis=0)
    beads *= 90 / np.abs(beads).max()
    return Specimen("chain", beads, bead_sigma_angstrom=9, diameter_angstrom=180)


@pytest.fixture(scope="module")
def projections(specimen: Specimen) -> Projections:
    return project_views(specimen, 60, pixel_size_angstrom=PIXEL_SIZE_ANGSTROM, box_size_px=BOX_PX)


def project(specimen: Specimen, rotation: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shifted by a pixel, and on another grey scale."""
    image = specimen.project(
        rotation,
        pixel_size_angstrom=PIXEL_SIZE_ANGSTROM,
        box_size_px=BOX_PX,
        shift_px=(1.0, -1.0),
    )
    return np.asarray(7 * image / image.max() + 3)


def test_the_direction_of_a_view_is_found(specimen: Specimen, projections: Projections) -> None:
    turn = Rotation.from_euler("z", [[37.0], [141.0], [260.0]], degrees=True).as_matrix()
    rotations = turn @ Rotation.random(3, 1).as_matrix()
    found = match_views(np.stack([project(specimen, one) for one in rotations]), projections)
    angles = measure_angles_deg(rotations[:, 2], found.direction)
    assert (angles < 25).all()  # 60 directions are about 26 degrees apart
    assert (found.correlation > 0.93).all()
    assert (found.correlation <= 1 + 1e-9).all()


def test_the_view_from_behind_is_another(specimen: Specimen, projections: Projections) -> None:
    (rotation,) = Rotation.random(1, 1).as_matrix()
    image = project(specimen, rotation)
    there, mirrored = match_views(np.stack([image, image[:, ::-1]]), projections).direction
    assert measure_angles_deg(there[None], mirrored[None])[0] > 130


def test_noise_and_nothing_are_like_no_view(projections: Projections) -> None:
    noise = np.random.default_rng(0).standard_normal((2, BOX_PX, BOX_PX))
    assert (match_views(noise, projections).correlation < 0.8).all()
    nothing = np.full((1, BOX_PX, BOX_PX), 5.0)
    assert match_views(nothing, projections).correlation.tolist() == [0]


def test_angles() -> None:
    x, y = np.eye(3)[:2]
    angles = measure_angles_deg(np.stack([x, x, x]), np.stack([x, y, -x]))
    np.testing.assert_allclose(angles, [0, 90, 180])
