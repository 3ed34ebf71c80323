"""What to label next: micrographs and regions, ranked by what a label there would teach."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.training.regions import Region, find_regions

# Of verdicts on picks this doubtful, one in four or more is wrong.
_DOUBTFUL = 0.25
_DEFAULT_REGION_DIAMETERS = 8.0
# A count is unusual beyond this many robust standard deviations of the others ...
_UNUSUAL = 2.0
# ... and of what lies beyond, half is taken for mistakes: as likely as not, the specimen differs.
_UNUSUAL_IS_WRONG = 0.5
_MAD_TO_STD = 1.4826
_FEWEST_FOR_STATISTICS = 5
_FEWEST_FOR_MEAN = 10
_LEAST_MEAN_STD = 0.01


@dataclass(frozen=True)
class Reason:
    """Why a micrograph is suggested.

    Parameters
    ----------
    kind
        ``doubtful``, ``many``, ``few``, ``low-mean`` or ``high-mean``.
    value
        The number of doubtful picks, the number of picks, or their mean probability.
    expected, spread
        What the other micrographs let expect, and its standard deviation; None for ``doubtful``.
    text
        The same for people.
    """

    kind: str
    value: float
    expected: float | None
    spread: float | None
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A micrograph to label.

    Parameters
    ----------
    micrograph
        Its name.
    score
        Wrong verdicts that labelling it is expected to correct, once those before it in the list
        are labelled.
    doubt
        The part of it that comes from doubtful candidates: the sum of min(p, 1 − p).
    unusual
        The part of it that comes from an unusual number of picks.
    reasons
        Why, most important first; empty where nothing stands out.
    regions
        Where to look, best first; they do not overlap.
    doubtful
        The single most doubtful candidates, most doubtful first.
    """

    micrograph: str
    score: float
    doubt: float
    unusual: float
    reasons: tuple[Reason, ...] = ()
    regions: tuple[Region, ...] = ()
    doubtful: Picks = field(default_factory=lambda: Picks(""))


def suggest_labels(
    candidates: Sequence[Picks],
    *,
    diameter_px: float,
    labelled: Collection[str] = (),
    labelled_weight: float = 0.0,
    region_px: float | None = None,
    n_regions: int = 3,
    n_doubtful: int = 10,
    n_suggestions: int | None = None,
) -> list[Suggestion]:
    """Rank micrographs by what labelling them would teach.

    Parameters
    ----------
    candidates
        All candidates of each micrograph, also those below the threshold, with frames, and with
        calibrated probabilities in 0 … 1 as scores.
    diameter_px
        Particle diameter in unbinned pixels, above 0.
    labelled
        Names of micrographs that are labelled already. They count as examples of what is usual.
    labelled_weight
        Weight of their scores, 0 … 1; 0 leaves them out of the list.
    region_px
        Side of a region in unbinned pixels, above 0; by default 8 diameters, about what a screen
        shows well. It is cut to the size of the micrograph.
    n_regions
        Most regions of a micrograph, from 0.
    n_doubtful
        Most single candidates of a micrograph, from 0.
    n_suggestions
        Length of the list; None makes it as long as there are micrographs.

    Returns
    -------
    list of Suggestion
        Highest score first; equal scores by name. The order of `candidates` changes nothing.

    Raises
    ------
    deepem.errors.ConfigError
        An option is out of its range.
    deepem.errors.ConventionError
        A micrograph comes twice or has no frame, or a score is not a probability.

    Notes
    -----
    With calibrated probabilities p the verdict on a candidate, particle or none, is wrong with
    probability min(p, 1 − p). The sum over a micrograph is the number of wrong verdicts that a
    label would correct (uncertainty sampling, Lewis and Gale 1994, with that number as unit).

    A model can be certain and wrong, on carbon for example. So a number of picks (p ≥ 0.5) that
    differs from what the area lets expect, the median over all micrographs, by more than two
    robust standard deviations (from the median absolute deviation, at least those of counting)
    adds half of the excess or lack beyond. This needs five micrographs.

    Micrographs that are unusual in one way are often alike. After the first with too many picks
    (or too few) is suggested, the unusual part of the next such one counts half, then a third,
    and so on.

    References
    ----------
    Lewis, Gale (1994) A sequential algorithm for training text classifiers, SIGIR '94,
    doi 10.1007/978-1-4471-2099-5_1.

    Examples
    --------
    >>> from deepem.core import Frame
    >>> frame = Frame(shape=(100, 100))
    >>> sure = Picks("sure", [20, 70], [20, 60], score=[0.99, 0.01], frame=frame)
    >>> unsure = Picks("unsure", [20, 70], [20, 60], score=[0.5, 0.4], frame=frame)
    >>> [found.micrograph for found in suggest_labels([sure, unsure], diameter_px=10)]
    ['unsure', 'sure']
    """
    _check_options(diameter_px, labelled_weight, region_px, n_regions, n_doubtful, n_suggestions)
    ordered = sorted(candidates, key=lambda picks: picks.micrograph)
    _check_candidates(ordered)
    if region_px is None:
        region_px = _DEFAULT_REGION_DIAMETERS * diameter_px
    known = set(labelled)
    weight = {
        picks.micrograph: labelled_weight if picks.micrograph in known else 1.0 for picks in ordered
    }
    drafts = {
        draft.suggestion.micrograph: draft
        for draft in _draft(ordered)
        if weight[draft.suggestion.micrograph] > 0
    }
    n = len(drafts) if n_suggestions is None else n_suggestions
    return [
        _illustrate(
            suggestion, drafts[suggestion.micrograph].picks, region_px, n_regions, n_doubtful
        )
        for suggestion in _rank(drafts, weight, n)
    ]


@dataclass(frozen=True, eq=False)
class _Draft:
    """A suggestion before its rank is known, and how its number of picks is unusual."""

    picks: Picks
    suggestion: Suggestion
    kind: str  # "many", "few", or empty


def _draft(ordered: Sequence[Picks]) -> list[_Draft]:
    n_picks = np.array([(picks.score >= 0.5).sum() for picks in ordered], dtype=float)
    area = np.array([np.prod(_shape(picks)) for picks in ordered], dtype=float)
    density, spread = _expect(n_picks / area)
    expected_n = density * area
    # Micrographs cannot differ less than chance makes them.
    spread_n = np.maximum(spread * area, np.sqrt(np.maximum(expected_n, 1)))
    means = np.array([_mean_of_picks(picks) for picks in ordered])
    mean, mean_spread = _expect(means)

    drafts = []
    for index, picks in enumerate(ordered):
        doubt = _doubt(picks)
        by_count = _judge_count(n_picks[index], expected_n[index], spread_n[index])
        unusual = 0.0
        if by_count is not None:
            beyond = abs(n_picks[index] - expected_n[index]) - _UNUSUAL * spread_n[index]
            unusual = _UNUSUAL_IS_WRONG * float(beyond)
        reasons = [_judge_doubt(doubt), by_count]
        if unusual > doubt.sum():
            reasons.reverse()
        reasons.append(_judge_mean(means[index], mean, max(mean_spread, _LEAST_MEAN_STD)))
        suggestion = Suggestion(
            micrograph=picks.micrograph,
            score=float(doubt.sum()) + unusual,
            doubt=float(doubt.sum()),
            unusual=unusual,
            reasons=tuple(reason for reason in reasons if reason is not None),
        )
        drafts.append(_Draft(picks, suggestion, "" if by_count is None else by_count.kind))
    return drafts


def _judge_doubt(doubt: NDArray[np.float64]) -> Reason | None:
    n = int((doubt >= _DOUBTFUL).sum())
    if not n:
        return None
    return Reason("doubtful", n, None, None, f"{n} doubtful pick{'s' if n > 1 else ''}")


def _judge_count(n: float, expected: float, spread: float) -> Reason | None:
    # With too few micrographs what is expected is NaN, and nothing is unusual.
    if not abs(n - expected) > _UNUSUAL * spread:
        return None
    kind = "many" if n > expected else "few"
    text = f"unusually {kind} picks ({n:.0f}, others {expected:.0f} ± {spread:.0f})"
    return Reason(kind, float(n), float(expected), float(spread), text)


def _judge_mean(mean: float, expected: float, spread: float) -> Reason | None:
    if not abs(mean - expected) > _UNUSUAL * spread:
        return None
    side = "low" if mean < expected else "high"
    text = f"unusually {side} mean score ({mean:.2f}, others {expected:.2f} ± {spread:.2f})"
    return Reason(f"{side}-mean", float(mean), expected, spread, text)


def _mean_of_picks(picks: Picks) -> float:
    """Mean probability of the picks; NaN where they are too few for one."""
    scores = picks.score[picks.score >= 0.5]
    return float(scores.mean()) if scores.size >= _FEWEST_FOR_MEAN else float("nan")


def _expect(values: NDArray[np.float64]) -> tuple[float, float]:
    """Median and robust standard deviation; NaN for too few values."""
    values = values[np.isfinite(values)]
    if values.size < _FEWEST_FOR_STATISTICS:
        return np.nan, np.nan
    median = float(np.median(values))
    return median, _MAD_TO_STD * float(np.median(np.abs(values - median)))


def _rank(drafts: dict[str, _Draft], weight: dict[str, float], n: int) -> list[Suggestion]:
    """The best first, each with what is left of its score after those before it."""
    n_chosen = {"many": 0, "few": 0, "": 0}

    def rate(name: str) -> tuple[float, float]:
        draft = drafts[name]
        unusual = draft.suggestion.unusual / (1 + n_chosen[draft.kind])
        return weight[name] * (draft.suggestion.doubt + unusual), unusual

    # What is chosen only lowers the scores of others, so a score that is still true when it
    # comes to the top is the highest: the others need not be looked at.
    queue = [(-rate(name)[0], name) for name in drafts]
    heapq.heapify(queue)
    ranked: list[Suggestion] = []
    while queue and len(ranked) < n:
        negative, name = heapq.heappop(queue)
        score, unusual = rate(name)
        if score < -negative:
            heapq.heappush(queue, (-score, name))
            continue
        n_chosen[drafts[name].kind] += 1
        ranked.append(replace(drafts[name].suggestion, score=score, unusual=unusual))
    return ranked


def _illustrate(
    suggestion: Suggestion, picks: Picks, region_px: float, n_regions: int, n_doubtful: int
) -> Suggestion:
    """Add where to look."""
    doubt = _doubt(picks)
    is_pick = picks.score >= 0.5
    share = doubt.copy()
    if is_pick.any() and any(reason.kind == "many" for reason in suggestion.reasons):
        share[is_pick] += suggestion.unusual / is_pick.sum()  # any of them may be one too many
    order = np.lexsort((picks.x_px, picks.y_px, -doubt))
    order = order[doubt[order] > 0][:n_doubtful]
    return replace(
        suggestion,
        regions=tuple(
            find_regions(
                picks.x_px,
                picks.y_px,
                weight=share,
                is_doubtful=doubt >= _DOUBTFUL,
                shape=_shape(picks),
                region_px=region_px,
                n_regions=n_regions,
            )
        ),
        doubtful=picks.take(order),
    )


def _doubt(picks: Picks) -> NDArray[np.float64]:
    """Probability that the verdict on each candidate is wrong."""
    return np.minimum(picks.score, 1 - picks.score)


def _shape(picks: Picks) -> tuple[int, int]:
    if picks.frame is None:
        raise ConventionError(
            f"{picks.micrograph}: its candidates have no frame, so no regions can be told. Put "
            "them on their micrograph with deepem.io.place_picks"
        )
    return picks.frame.shape


def _check_options(
    diameter_px: float,
    labelled_weight: float,
    region_px: float | None,
    n_regions: int,
    n_doubtful: int,
    n_suggestions: int | None,
) -> None:
    for name, length in (("diameter_px", diameter_px), ("region_px", region_px)):
        if length is not None and not 0 < length < float("inf"):
            raise ConfigError(name, f"must be above 0 px, got {length}")
    if not 0 <= labelled_weight <= 1:
        raise ConfigError("labelled_weight", f"must be in 0 … 1, got {labelled_weight}")
    counts = {"n_regions": n_regions, "n_doubtful": n_doubtful, "n_suggestions": n_suggestions}
    for name, count in counts.items():
        if count is not None and count < 0:
            raise ConfigError(name, f"must be 0 or more, got {count}")


def _check_candidates(ordered: Sequence[Picks]) -> None:
    for one, other in pairwise(ordered):
        if one.micrograph == other.micrograph:
            raise ConventionError(f"{one.micrograph}: has two sets of candidates. Give one.")
    for picks in ordered:
        _shape(picks)
        is_wrong = ~((picks.score >= 0) & (picks.score <= 1))
        if is_wrong.any():
            raise ConventionError(
                f"{picks.micrograph}: {int(is_wrong.sum())} of {len(picks)} candidates have scores "
                f"that are no probabilities, such as {picks.score[is_wrong][0]:g}; give calibrated "
                "ones, in 0 … 1"
            )
