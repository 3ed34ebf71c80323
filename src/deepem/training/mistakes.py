"""What verification found: the mistakes on a micrograph, and the error that the cycle lowers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepem.core import Picks
from deepem.errors import TrainingDataError
from deepem.evaluation import evaluate, match_picks
from deepem.training.training_set.merging import distance_px


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The picks of one micrograph, by what verification says of them.

    Parameters
    ----------
    true_positives
        Picks that found a verified particle of their own.
    false_positives
        Picks where there is no particle: what to learn from as negatives.
    doubles
        Further picks of a particle that another pick found. They are wrong, but no negatives:
        their box shows a particle.
    unjudged
        Picks of which nothing is known, because not all particles were verified.
    missed
        Verified particles that no pick found.
    """

    true_positives: Picks
    false_positives: Picks
    doubles: Picks
    unjudged: Picks
    missed: Picks

    @property
    def n_wrong(self) -> int:
        """Number of mistakes: false picks, doubles and missed particles."""
        return len(self.false_positives) + len(self.doubles) + len(self.missed)


def find_mistakes(
    picks: Picks,
    verified: Picks,
    negatives: Picks | None = None,
    *,
    radius_px: float,
    complete: bool,
) -> Mistakes:
    """Compare the picks of one micrograph with what a person said of it.

    Parameters
    ----------
    picks
        The model's picks.
    verified
        Particles that were verified.
    negatives
        Places that were marked as false.
    radius_px
        Largest distance between a pick and what it is, in unbinned pixels, above 0, inclusive.
        Half a diameter is customary.
    complete
        Whether `verified` are all the particles of the micrograph. If not, a pick that is neither
        at a verified particle nor at a marked place is `unjudged`.

    Returns
    -------
    Mistakes
        Every pick is in one of its four sets of picks, in the order given.

    Raises
    ------
    deepem.errors.ConfigError
        The radius is not above 0.
    deepem.errors.ConventionError
        The positions are of different micrographs.

    Notes
    -----
    A pick within the radius of a marked place, and nearer to it than to every verified particle,
    is false: that is what the mark says. The others are matched with the verified particles one
    to one (`deepem.evaluation.match_picks`), so that a particle is also missed if the only pick
    near it was marked as false.
    """
    negatives = Picks(picks.micrograph) if negatives is None else negatives
    match_picks(negatives, verified, max_distance_px=radius_px)  # refuses other micrographs
    to_negative, to_particle = distance_px(picks, negatives), distance_px(picks, verified)
    is_marked = (to_negative <= radius_px) & (to_negative < to_particle)

    matching = match_picks(picks.take(~is_marked), verified, max_distance_px=radius_px)
    is_true = np.zeros(len(picks), dtype=bool)
    is_true[~is_marked] = matching.is_true_positive
    is_double = ~is_marked & ~is_true & (to_particle <= radius_px)
    is_elsewhere = ~is_marked & ~is_true & ~is_double
    return Mistakes(
        true_positives=picks.take(is_true),
        false_positives=picks.take(is_marked | (is_elsewhere & complete)),
        doubles=picks.take(is_double),
        unjudged=picks.take(is_elsewhere & (not complete)),
        missed=verified.take(matching.is_missed),
    )


@dataclass(frozen=True, kw_only=True)
class MeasuredError:
    """How wrong a model is on micrographs that it did not learn from.

    Parameters
    ----------
    n_picks
        Picks that count, right or wrong.
    n_particles
        Particles to be found, at least 1.
    n_found
        Particles that were found.
    precision
        Fraction of the picks that are right; NaN without picks.
    recall, f1, f2
        In 0 … 1.
    """

    n_picks: int
    n_particles: int
    n_found: int
    precision: float
    recall: float
    f1: float
    f2: float

    @property
    def error(self) -> float:
        """1 − F2, in 0 … 1: what is compared with the target error of the learning cycle."""
        return 1 - self.f2

    def to_dict(self) -> dict[str, float | int | None]:
        """The figures and the error for JSON; None for NaN."""
        return {
            "n_picks": self.n_picks,
            "n_particles": self.n_particles,
            "n_found": self.n_found,
            "precision": None if math.isnan(self.precision) else self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "f2": self.f2,
            "error": self.error,
        }


def measure_error(
    picks: Sequence[Picks],
    truth: Sequence[Picks],
    *,
    radius_px: float,
    threshold: float | None = None,
    edge_margin_px: float = 0.0,
    ignore: Sequence[Picks] | None = None,
) -> MeasuredError:
    """Measure the error of a model on held-out micrographs whose particles are all known.

    Parameters
    ----------
    picks
        Its picks, a set for each micrograph.
    truth
        All particles of each of these micrographs.
    radius_px
        Largest distance between a pick and its particle, in unbinned pixels, above 0. Half a
        diameter is customary.
    threshold
        Picks with ``score >= threshold`` count; None counts all.
    edge_margin_px
        Width of the border in which nothing has to be found, in unbinned pixels, from 0. Half a
        diameter goes with picks that leave out the edge.
    ignore
        Places where a pick is neither right nor wrong.

    Returns
    -------
    MeasuredError

    Raises
    ------
    deepem.errors.TrainingDataError
        There is not one particle to be found, so the error says nothing.
    deepem.errors.ConfigError, deepem.errors.ConventionError
        As `deepem.evaluation.evaluate`.

    Notes
    -----
    The paper's error is the share of wrong verdicts on boxes that were held out, as many with a
    particle as without. A whole micrograph has no such share: places without a particle cannot be
    counted, and nearly all of them are told apart easily, so that it would be close to 0 for any
    model. What is left are the particles missed and the false picks, and

        error = 1 − F2 = (4 missed + false) / (4 missed + false + 5 found)

    weighs them as the paper weighs them where it chooses the threshold: with F2, because false
    picks fall out in 2D classification and missed particles never come back. So the cycle stops
    by the same figure by which the threshold was chosen. 0 is perfect, 1 found nothing. It is
    measured with the model's own threshold, and on micrographs that served neither training nor
    the choice of that threshold; else it is optimistic.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y.
    """
    result = evaluate(
        picks,
        truth,
        max_distance_px=radius_px,
        threshold=threshold,
        edge_margin_px=edge_margin_px,
        ignore=ignore,
    )
    if not result.n_truth:
        raise TrainingDataError(
            f"the error cannot be measured: the {len(truth)} held-out micrographs hold no particle "
            f"farther than {edge_margin_px:g} px from the edge. Hold out micrographs with particles"
        )
    return MeasuredError(
        n_picks=result.n_picks,
        n_particles=result.n_truth,
        n_found=result.n_true_positive,
        precision=result.precision,
        recall=result.recall,
        f1=result.f1,
        f2=result.f2,
    )
