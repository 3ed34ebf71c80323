"""The figures of merit of picks against known particles, per micrograph and pooled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation.annotated import by_micrograph
from deepem.evaluation.curves import PrecisionRecall, average_precision, f_beta, precision_recall
from deepem.evaluation.matching import Matching, match_picks


@dataclass(frozen=True, kw_only=True, eq=False)
class Figures:
    """Figures of merit of the picks above the threshold, on one micrograph or on several.

    Parameters
    ----------
    n_picks
        Number of picks that count, right or wrong.
    n_not_counted
        Number of picks that count as neither: at the edge, or at an ignored place.
    n_truth
        Number of particles to be found.
    n_true_positive
        Number of picks that found a particle, which is the number of particles found.
    median_distance_px, mean_distance_px
        Centring error: distance between a right pick and its particle, in unbinned pixels; NaN
        without right picks.
    average_precision
        In 0 … 1, over all the picks given, whatever the threshold; NaN without particles.
    """

    n_picks: int
    n_not_counted: int
    n_truth: int
    n_true_positive: int
    median_distance_px: float
    mean_distance_px: float
    average_precision: float

    @property
    def precision(self) -> float:
        """Fraction of the picks that are right; NaN without picks."""
        return self.n_true_positive / self.n_picks if self.n_picks else float("nan")

    @property
    def recall(self) -> float:
        """Fraction of the particles that were found; NaN without particles."""
        return self.n_true_positive / self.n_truth if self.n_truth else float("nan")

    @property
    def f1(self) -> float:
        """F1 = 2 P R / (P + R)."""
        return self.f_beta(1.0)

    @property
    def f2(self) -> float:
        """F2 = 5 P R / (4 P + R), which favours recall."""
        return self.f_beta(2.0)

    def f_beta(self, beta: float) -> float:
        """F-beta; NaN where nothing was to be found and nothing was picked."""
        return float(f_beta(self.precision, self.recall, beta=beta))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON: plain numbers, None for NaN."""
        return {
            "n_picks": self.n_picks,
            "n_not_counted": self.n_not_counted,
            "n_truth": self.n_truth,
            "n_true_positive": self.n_true_positive,
            "precision": _number(self.precision),
            "recall": _number(self.recall),
            "f1": _number(self.f1),
            "f2": _number(self.f2),
            "average_precision": _number(self.average_precision),
            "median_distance_px": _number(self.median_distance_px),
            "mean_distance_px": _number(self.mean_distance_px),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class MicrographEvaluation(Figures):
    """The figures of one micrograph.

    Parameters
    ----------
    matching
        The picks above the threshold, matched with the particles.
    """

    matching: Matching

    @property
    def micrograph(self) -> str:
        """Name of the micrograph."""
        return self.matching.truth.micrograph

    def to_dict(self) -> dict[str, Any]:
        """Return the micrograph's name and figures for JSON."""
        return {"micrograph": self.micrograph} | super().to_dict()


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation(Figures):
    """The figures pooled over all micrographs: every particle weighs the same.

    Parameters
    ----------
    curve
        Precision and recall of all the picks given, at every threshold.
    per_micrograph
        The same figures for each micrograph, in the order of the truth.
    threshold
        Score from which picks were kept; None if all were.
    max_distance_px
        Largest distance at which a pick was matched, in unbinned pixels.
    edge_margin_px
        Width of the border in which nothing had to be found, in unbinned pixels.
    """

    curve: PrecisionRecall
    per_micrograph: tuple[MicrographEvaluation, ...]
    threshold: float | None
    max_distance_px: float
    edge_margin_px: float

    def to_dict(self) -> dict[str, Any]:
        """Return settings, pooled figures and each micrograph's for JSON, without the curve."""
        return {
            "max_distance_px": self.max_distance_px,
            "edge_margin_px": self.edge_margin_px,
            "threshold": self.threshold,
            **super().to_dict(),
            "per_micrograph": [item.to_dict() for item in self.per_micrograph],
        }


def evaluate(
    picks: Picks | Sequence[Picks],
    truth: Picks | Sequence[Picks],
    *,
    max_distance_px: float,
    threshold: float | None = None,
    edge_margin_px: float = 0.0,
    ignore: Picks | Sequence[Picks] | None = None,
) -> Evaluation:
    """Compare picks with known particles.

    Parameters
    ----------
    picks
        Picks of one or more micrographs, one ``Picks`` each, an empty one where none were found.
        The curve and the average precision use all of them, so give picks down to a low score
        and a `threshold`; the curve of a list that was cut already ends at the cut.
    truth
        The particles of the same micrographs, matched with `picks` by name.
    max_distance_px
        Largest distance between a pick and its particle, in unbinned pixels, above 0. Half the
        particle's diameter is customary.
    threshold
        Picks with ``score >= threshold`` are kept for the other figures; None keeps all.
    edge_margin_px
        Width of the border in which nothing has to be found, in unbinned pixels, from 0.
    ignore
        Places where a pick is neither right nor wrong, for any of the micrographs.

    Returns
    -------
    Evaluation
        The figures, pooled and per micrograph.

    Raises
    ------
    deepem.errors.ConfigError
        A distance is out of range, or the threshold is NaN.
    deepem.errors.ConventionError
        `picks` and `truth` are not of the same micrographs, or one micrograph comes twice; or
        there is a threshold and picks without scores; or what :func:`match_picks` refuses.

    See Also
    --------
    match_picks : How picks are matched, and how the edge and ignored places count.

    Examples
    --------
    >>> picks = Picks("m", x_px=[10, 12, 90], y_px=[10, 10, 50], score=[0.9, 0.8, 0.2])
    >>> truth = Picks("m", x_px=[11, 60], y_px=[10, 60])
    >>> result = evaluate(picks, truth, max_distance_px=5, threshold=0.5)
    >>> result.precision, result.recall
    (0.5, 0.5)
    """
    if threshold is not None and np.isnan(threshold):
        raise ConfigError("threshold", "must be a number, got NaN; None keeps all picks")
    picks_of, truth_of = by_micrograph("picks", picks), by_micrograph("truth", truth)
    ignore_of = by_micrograph("ignore", () if ignore is None else ignore)
    _check_names(picks_of, truth_of, ignore_of)

    def match(some_picks: Picks) -> Matching:
        name = some_picks.micrograph
        return match_picks(
            some_picks,
            truth_of[name],
            max_distance_px=max_distance_px,
            edge_margin_px=edge_margin_px,
            ignore=ignore_of.get(name),
        )

    all_matchings = kept_matchings = [match(picks_of[name]) for name in truth_of]
    if threshold is not None:
        # Cutting the matchings would give the same counts, but not the least distances.
        kept_matchings = [match(_keep(picks_of[name], threshold)) for name in truth_of]

    curve = precision_recall(all_matchings)
    return Evaluation(
        **_figures(kept_matchings, curve),
        curve=curve,
        per_micrograph=tuple(
            MicrographEvaluation(**_figures([kept], precision_recall([every])), matching=kept)
            for every, kept in zip(all_matchings, kept_matchings, strict=True)
        ),
        threshold=threshold,
        max_distance_px=max_distance_px,
        edge_margin_px=edge_margin_px,
    )


def _figures(kept: Sequence[Matching], curve: PrecisionRecall) -> dict[str, Any]:
    """Compute the fields of ``Figures``: of the picks kept, and of the curve of all picks."""
    distance_px = np.concatenate([[], *(m.distance_px[m.is_true_positive] for m in kept)])
    nan = float("nan")
    return {
        "n_picks": sum(int(m.is_counted.sum()) for m in kept),
        "n_not_counted": sum(int((~m.is_counted).sum()) for m in kept),
        "n_truth": curve.n_truth,
        "n_true_positive": distance_px.size,
        "median_distance_px": float(np.median(distance_px)) if distance_px.size else nan,
        "mean_distance_px": float(np.mean(distance_px)) if distance_px.size else nan,
        "average_precision": average_precision(curve),
    }


def _keep(picks: Picks, threshold: float) -> Picks:
    if np.isnan(picks.score).any():
        raise ConventionError(
            f"picks of {picks.micrograph} have no scores, so threshold={threshold:g} cannot be "
            "applied. Give picks with scores, or leave out the threshold"
        )
    return picks.take(picks.score >= threshold)


def _check_names(
    picks: Mapping[str, Picks], truth: Mapping[str, Picks], ignore: Mapping[str, Picks]
) -> None:
    unknown = (picks.keys() | ignore.keys()) - truth.keys()
    if unknown:
        raise ConventionError(
            f"no truth is given for {_some(unknown)}. Evaluate only micrographs whose particles "
            "are known; if one is known to have none, give an empty Picks as its truth. "
            f"Truth is given for {_some(truth)}"
        )
    unpicked = truth.keys() - picks.keys()
    if unpicked:
        raise ConventionError(
            f"no picks are given for {_some(unpicked)}. If nothing was found there, give an empty "
            "Picks with that name; if it was not picked, leave out its truth"
        )


def _some(names: Iterable[str]) -> str:
    """List the first few names; a mismatch of a whole data set needs no thousand lines."""
    ordered = sorted(names)
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return (", ".join(ordered[:5]) or "no micrograph") + more


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
