"""Classes of boxes against the truth: whether they show particles, and from the right side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepem.baselines.views import spread_views
from deepem.studies.harness.study import Figures
from deepem.studies.images.view_matching import measure_angles_deg

#: Directions, even over the sphere, that classes are compared with.
N_VIEWS = 150
# A class shows a particle where it is this much like a projection of it.
_SHOWS_PARTICLE = 0.9
# A direction is seen where a class shows a direction this near.
_NEAR_DEG = 30.0


def judge_classes(
    class_index: NDArray[np.int64],
    correlation: NDArray[np.float64],
    class_directions: NDArray[np.float64],
    *,
    is_false: NDArray[np.bool_],
    directions: NDArray[np.float64],
) -> Figures:
    """Measure classes against the truth.

    Parameters
    ----------
    class_index
        Class of each box, shape ``(n_boxes,)``.
    correlation
        Of each class average with its best projection, shape ``(n_classes,)``.
    class_directions
        Direction of that projection, shape ``(n_classes, 3)``.
    is_false
        Whether each box holds no particle.
    directions
        True direction of each box, shape ``(n_boxes, 3)``; NaN where it holds no particle.

    Returns
    -------
    figures
        ``classes``, their number; ``correlation``, its mean over the boxes; ``shown_share``, the
        share of boxes in classes that show a particle (correlation 0.9 or more);
        ``shown_false_share``, the share of false ones among these; ``views_covered``, the share
        of all directions that a class shows within 30 degrees; ``view_error_deg``, the median
        angle between the direction of a particle and that of its class (90 by chance).
    """
    shows = correlation >= _SHOWS_PARTICLE
    is_shown = shows[class_index]
    covered = 0.0
    if shows.any():
        angles = spread_views(N_VIEWS)[:, 2] @ class_directions[shows].T
        covered = float((angles.max(axis=1) >= np.cos(np.deg2rad(_NEAR_DEG))).mean())
    true = ~is_false
    errors = measure_angles_deg(directions[true], class_directions[class_index[true]])
    return {
        "classes": float(len(correlation)),
        "correlation": float(correlation[class_index].mean()),
        "shown_share": float(is_shown.mean()),
        "shown_false_share": float(is_false[is_shown].mean()) if is_shown.any() else np.nan,
        "views_covered": covered,
        "view_error_deg": float(np.median(errors)) if errors.size else np.nan,
    }
