"""Orientations as RELION writes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Where the tilt is nearer to 0 or 180 degrees, only the sum of the other two angles counts.
_UPRIGHT = 1e-9


def find_euler_angles(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn rotation matrices into the angles rot, tilt and psi of RELION.

    Parameters
    ----------
    rotations
        Rotation matrices, shape ``(n, 3, 3)``, that turn column vectors ``(x, y, z)`` of the
        specimen into the microscope's axes.

    Returns
    -------
    NDArray
        rlnAngleRot, rlnAngleTilt and rlnAnglePsi in degrees, shape ``(n, 3)``: from -180 to 180,
        from 0 to 180, and from -180 to 180. Rot is 0 where tilt is 0 or 180.

    Notes
    -----
    The specimen's axes are turned by rot about z, by tilt about the new y, and by psi about the
    newest z: the rotation is Rz(psi) Ry(tilt) Rz(rot), each with the sign that turns the axes and
    not the vectors (J. B. Heymann, M. Chagoyen and D. M. Belnap, J. Struct. Biol. 151:196, 2005,
    doi 10.1016/j.jsb.2005.06.001).
    """
    sine = np.hypot(rotations[:, 2, 0], rotations[:, 2, 1])
    tilt = np.arctan2(sine, rotations[:, 2, 2])
    is_upright = sine < _UPRIGHT
    rot = np.where(is_upright, 0, np.arctan2(rotations[:, 2, 1], rotations[:, 2, 0]))
    psi = np.where(
        is_upright,
        np.arctan2(rotations[:, 0, 1], rotations[:, 1, 1]),
        np.arctan2(rotations[:, 1, 2], -rotations[:, 0, 2]),
    )
    angles: NDArray[np.float64] = np.rad2deg(np.column_stack([rot, tilt, psi]))
    return angles
