"""The field's protocol on the CryoPPP benchmark: centres matched, means over micrographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from deepem.core import Picks
from deepem.errors import ConfigError
from deepem.evaluation.annotated import pair_annotated
from deepem.evaluation.matching import match_nearest


@dataclass(frozen=True, kw_only=True)
class ProtocolRow:
    """The figures of one micrograph in the CryoPPP protocol. What is 0/0 counts as 0.

    Parameters
    ----------
    micrograph
        Its name.
    n_picks
        Number of picks.
    n_truth
        Number of particles, 1 or more.
    n_true_positive
        Number of picks that found a particle, which is the number of particles found.
    """

    micrograph: str
    n_picks: int
    n_truth: int
    n_true_positive: int

    @property
    def precision(self) -> float:
        """Fraction of the picks that are right; 0 without picks."""
        return self.n_true_positive / self.n_picks if self.n_picks else 0.0

    @property
    def recall(self) -> float:
        """Fraction of the particles that were found."""
        return self.n_true_positive / self.n_truth

    @property
    def f1(self) -> float:
        """F1 = 2 P R / (P + R), which is 2 right picks / (picks + particles)."""
        return 2 * self.n_true_positive / (self.n_picks + self.n_truth)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {
            "micrograph": self.micrograph,
            "n_picks": self.n_picks,
            "n_truth": self.n_truth,
            "n_true_positive": self.n_true_positive,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


@dataclass(frozen=True, kw_only=True)
class ProtocolFigures:
    """The figures of the CryoPPP protocol: means in which every micrograph weighs the same.

    Parameters
    ----------
    diameter_px
        Diameter of the particle in unbinned pixels; half of it is the largest distance of a
        match.
    per_micrograph
        The figures of each micrograph with particles, in the order of the truth.
    unpicked
        Those of which no picks were given; nothing was found there.
    left_out
        Micrographs that were left out, because no particles are known there.
    """

    diameter_px: float
    per_micrograph: tuple[ProtocolRow, ...]
    unpicked: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Mean over the micrographs of their precision."""
        return fmean(row.precision for row in self.per_micrograph)

    @property
    def recall(self) -> float:
        """Mean over the micrographs of their recall."""
        return fmean(row.recall for row in self.per_micrograph)

    @property
    def f1(self) -> float:
        """Mean over the micrographs of their F1, which is not the F1 of the two means."""
        return fmean(row.f1 for row in self.per_micrograph)

    @property
    def n_left_out(self) -> int:
        """Number of micrographs left out, because no particles are known there."""
        return len(self.left_out)

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol's name, settings, means and each micrograph's figures for JSON."""
        return {
            "protocol": "cryoppp",
            "diameter_px": self.diameter_px,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "n_left_out": self.n_left_out,
            "left_out": list(self.left_out),
            "unpicked": list(self.unpicked),
            "per_micrograph": [row.to_dict() for row in self.per_micrograph],
        }


def evaluate_cryoppp(
    picks: Picks | Sequence[Picks], truth: Picks | Sequence[Picks], *, diameter_px: float
) -> ProtocolFigures:
    """Compare picks with known particles as pickers are compared on the CryoPPP data set.

    Parameters
    ----------
    picks
        Picks of one or more micrographs, as the picker gives them: there is no threshold here.
    truth
        The particles, matched with `picks` by the name of the micrograph.
    diameter_px
        Diameter of the particle in unbinned pixels, above 0: CryoPPP's column ``Diameter``.

    Returns
    -------
    ProtocolFigures
        Means over micrographs, and the figures of each.

    Raises
    ------
    deepem.errors.ConfigError
        The diameter is not above 0.
    deepem.errors.ConventionError
        One micrograph comes twice, or none has particles; or what :func:`match_nearest` refuses.

    See Also
    --------
    evaluate : Our own figures, in which every particle weighs the same.

    Notes
    -----
    The rules are those of ReconAwarePick (github.com/riku359/ReconAwarePick,
    ``src/rapick/eval/calc_common_2d_metrics.py`` and ``README.md`` beside it), whose table S2
    compares four pickers:

    - A pick may be half a diameter from its particle. Pairs are matched one to one, the nearest
      first, without regard to scores (:func:`match_nearest`).
    - Precision, recall and F1 are computed for each micrograph and then averaged. F1 is thus the
      mean of the F1s, not the F1 of the means, which is higher: .629 instead of .610 for
      CryoTransformer on EMPIAR-10081.
    - Every micrograph with particles counts. Where nothing was picked, all three are 0.
    - Micrographs without known particles are left out, and there is no edge margin.

    Examples
    --------
    >>> picks = [Picks("a", [10, 50], [10, 50]), Picks("b", [70], [10])]
    >>> truth = [Picks("a", [11], [10]), Picks("b", [70, 20, 40], [10, 20, 40])]
    >>> result = evaluate_cryoppp(picks, truth, diameter_px=10)
    >>> round(result.precision, 3), round(result.recall, 3), round(result.f1, 3)
    (0.75, 0.667, 0.583)
    """
    if not (np.isfinite(diameter_px) and diameter_px > 0):
        raise ConfigError("diameter_px", f"must be above 0 px, got {diameter_px}")
    annotated = pair_annotated(picks, truth)
    rows = []
    for found, particles in annotated.pairs:
        matching = match_nearest(found, particles, max_distance_px=diameter_px / 2)
        rows.append(
            ProtocolRow(
                micrograph=particles.micrograph,
                n_picks=len(found),
                n_truth=len(particles),
                n_true_positive=int(matching.is_true_positive.sum()),
            )
        )
    return ProtocolFigures(
        diameter_px=diameter_px,
        per_micrograph=tuple(rows),
        unpicked=annotated.unpicked,
        left_out=annotated.left_out,
    )
