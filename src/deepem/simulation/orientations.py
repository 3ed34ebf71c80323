"""From which sides a specimen is seen: uniform, or preferred views with a spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deepem.errors import ConfigError

Direction = tuple[float, float, float]

_X_AXIS, _Z_AXIS = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])


@dataclass(frozen=True)
class Views:
    """A distribution of orientations; by default uniform over all of them.

    The rotation about the beam, in the plane of the image, is uniform always.

    Parameters
    ----------
    directions
        Preferred directions ``(x, y, z)`` in the specimen's axes, of any length but 0; all are
        equally frequent. None at all means uniform.
    placed
        How a direction lies in the microscope: ``"along"`` the beam (it points where the beam
        goes, so that a direction and its opposite are different views), or ``"across"`` it, in
        the plane of the image, with the rotation about the direction uniform.
    spread_deg
        Standard deviation in degrees, 0 to 90. ``"along"``: of each of the two tilts of the
        direction from the beam, so that the angle between them is Rayleigh distributed;
        ``"across"``: of the angle between the direction and the plane of the image.
    uniform_fraction
        Share of particles, 0 to 1, whose orientation is uniform nevertheless.

    Raises
    ------
    ConfigError
        A value is out of its range, or a direction has no length.

    Examples
    --------
    >>> from deepem.simulation import Views
    >>> Views.top(spread_deg=5).directions
    ((0.0, 0.0, 1.0), (0.0, 0.0, -1.0))
    """

    directions: tuple[Direction, ...] = ()
    placed: Literal["along", "across"] = "along"
    spread_deg: float = 10.0
    uniform_fraction: float = 0.0

    def __post_init__(self) -> None:
        for direction in self.directions:
            vector = np.array(direction, dtype=float)
            if vector.shape != (3,) or not 0 < np.linalg.norm(vector) < np.inf:
                raise ConfigError(
                    "directions",
                    f"must be vectors (x, y, z) that are not zero, got {direction}; "
                    "one alone is ((x, y, z),)",
                )
        if self.placed not in ("along", "across"):
            raise ConfigError("placed", f"must be 'along' or 'across', got '{self.placed}'")
        if not 0 <= self.spread_deg <= 90:
            raise ConfigError(
                "spread_deg",
                f"must be 0 to 90, got {self.spread_deg:g}; for all orientations use Views()",
            )
        if not 0 <= self.uniform_fraction <= 1:
            raise ConfigError("uniform_fraction", f"must be 0 to 1, got {self.uniform_fraction:g}")

    @classmethod
    def top(cls, *, spread_deg: float = 10.0, uniform_fraction: float = 0.0) -> Views:
        """The specimen's z axis along the beam, either way; options as in `Views`."""
        both = ((0.0, 0.0, 1.0), (0.0, 0.0, -1.0))
        return cls(both, "along", spread_deg, uniform_fraction)

    @classmethod
    def side(cls, *, spread_deg: float = 10.0, uniform_fraction: float = 0.0) -> Views:
        """The specimen's z axis in the plane of the image; options as in `Views`."""
        return cls(((0.0, 0.0, 1.0),), "across", spread_deg, uniform_fraction)


def draw_rotations(
    n_rotations: int,
    *,
    rng: np.random.Generator,
    views: Views = Views(),
) -> NDArray[np.float64]:
    """Draw rotation matrices.

    Parameters
    ----------
    n_rotations
        Number of matrices, 0 or more.
    rng
        Where the random numbers come from.
    views
        The distribution; uniform over all orientations by default.

    Returns
    -------
    NDArray
        Shape ``(n_rotations, 3, 3)``. A matrix turns column vectors ``(x, y, z)`` of the specimen
        into the microscope's axes, whose z is the beam. The axes of a density map are those of its
        grid; phantoms that have an axis of symmetry have it along z.
    """
    # By position, because scipy 1.15 renamed the argument.
    matrices: NDArray[np.float64] = Rotation.random(n_rotations, rng).as_matrix()
    if views.directions:
        # A generator of its own, so that centres and noise of a scene do not depend on the views.
        extra_rng = rng.spawn(1)[0]
        is_preferred = extra_rng.random(n_rotations) >= views.uniform_fraction
        preferred = _draw_preferred(n_rotations, rng=extra_rng, views=views)
        matrices = np.where(is_preferred[:, np.newaxis, np.newaxis], preferred, matrices)
    return matrices


def _draw_preferred(
    n_rotations: int, *, rng: np.random.Generator, views: Views
) -> NDArray[np.float64]:
    spread = np.deg2rad(views.spread_deg)
    if views.placed == "along":
        tilt = np.linalg.norm(rng.normal(scale=spread, size=(n_rotations, 2)), axis=1)
    else:
        tilt = np.pi / 2 + rng.normal(scale=spread, size=n_rotations)
    spin, azimuth = rng.uniform(0, 2 * np.pi, size=(2, n_rotations))
    to_z = np.array([_rotate_to_z(np.array(direction)) for direction in views.directions])
    chosen = to_z[rng.integers(len(to_z), size=n_rotations)]
    # The direction to z, any turn about it, its angle with the beam, any turn about the beam.
    angles = np.column_stack([azimuth, tilt, spin])
    matrices: NDArray[np.float64] = Rotation.from_euler("ZYZ", angles).as_matrix() @ chosen
    return matrices


def _rotate_to_z(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """One of the rotations that turn a direction to z."""
    z = direction / np.linalg.norm(direction)
    # The axis that is farther from the direction.
    helper = _X_AXIS if abs(z[0]) < abs(z[2]) else _Z_AXIS
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])
