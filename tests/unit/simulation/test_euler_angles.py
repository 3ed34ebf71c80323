"""Angles are RELION's: its own matrix of them is the rotation again."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepem.simulation import draw_rotations, find_euler_angles


def relion_matrix(rot, tilt, psi):
    """Euler_angles2matrix of RELION: x, y, z of the image from those of the map."""
    (ca, cb, cg), (sa, sb, sg) = (
        function(np.deg2rad([rot, tilt, psi])) for function in (np.cos, np.sin)
    )
    cc, cs, sc, ss = cb * ca, cb * sa, sb * ca, sb * sa
    return np.array(
        [
            [cg * cc - sg * sa, cg * cs + sg * ca, -cg * sb],
            [-sg * cc - cg * sa, -sg * cs + cg * ca, sg * sb],
            [sc, ss, cb],
        ]
    )


UPRIGHT = [
    np.eye(3),
    np.diag([1.0, -1, -1]),
    Rotation.from_euler("z", 40, degrees=True).as_matrix(),
]
FLIPPED = Rotation.from_euler("zx", [25, 180], degrees=True).as_matrix()
ROTATIONS = np.array([*draw_rotations(20, rng=np.random.default_rng(0)), *UPRIGHT, FLIPPED])


def test_matrix_of_the_angles_is_the_rotation():
    angles = find_euler_angles(ROTATIONS)

    assert angles.shape == (24, 3)
    assert (angles[:, 1] >= 0).all()
    for rotation, (rot, tilt, psi) in zip(ROTATIONS, angles, strict=True):
        np.testing.assert_allclose(relion_matrix(rot, tilt, psi), rotation, atol=1e-9)


def test_angles_agree_with_scipy():
    expected = Rotation.from_matrix(ROTATIONS[:20].transpose(0, 2, 1)).as_euler("ZYZ", degrees=True)
    np.testing.assert_allclose(find_euler_angles(ROTATIONS[:20]), expected, atol=1e-6)


def test_psi_turns_the_image_from_y_to_x():
    """A turn of the picture by 30 degrees, from x to y, is a psi of -30 in RELION."""
    turn = Rotation.from_euler("z", 30, degrees=True).as_matrix()
    assert find_euler_angles(turn[np.newaxis])[0] == pytest.approx([0, 0, -30])
