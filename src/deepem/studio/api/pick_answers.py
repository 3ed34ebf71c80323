"""What questions about picks and their answers look like."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from deepem.evaluation.expectation import ExpectedFigures
from deepem.picking.pool_histograms import Histogram
from deepem.studio.api.context import Answer, Question
from deepem.studio.picks.pick_set import PickSet, SetKind


class SelectionBody(Question):
    """Which picks are kept; null is any standard deviation."""

    threshold: float
    std_low: float | None = None
    std_high: float | None = None


class SelectionAnswer(Answer):
    """Which picks are kept; null is any standard deviation."""

    threshold: float
    std_low: float | None
    std_high: float | None


class PickSetAnswer(Answer):
    """A set of picks."""

    id: str
    title: str
    kind: SetKind
    model: Annotated[str | None, Field(description="Number of the model that has picked it.")]
    n_micrographs: int
    is_calibrated: Annotated[bool, Field(description="Whether scores are probabilities.")]
    score_min: Annotated[float | None, Field(description="Null where there are no scores.")]
    score_max: float | None
    default: SelectionAnswer
    selection: SelectionAnswer
    created: str


class PickSetsAnswer(Answer):
    """All sets, those made last first."""

    sets: list[PickSetAnswer]


class HistogramAnswer(Answer):
    """How many values lie between which limits."""

    edges: list[float]
    counts: list[int]


class HistogramsAnswer(Answer):
    """Of candidates that are not in junk and not at the edge."""

    score: HistogramAnswer
    std: Annotated[
        HistogramAnswer, Field(description="Of those with half the default threshold or more.")
    ]


class ExpectedAnswer(Answer):
    """What to expect of the picks that are kept; errors are standard errors."""

    precision: float | None
    precision_error: float | None
    recall: float | None
    recall_error: float | None


class SummaryAnswer(Answer):
    """What the sliders keep of all micrographs."""

    n_candidates: int
    n_kept: int
    rejected: Annotated[
        dict[str, int], Field(description="Reach the threshold and are left out, by reason.")
    ]
    n_micrographs: int
    expected: Annotated[
        ExpectedAnswer | None,
        Field(
            description="Null where scores are no probabilities, or the standard deviations "
            "reach beyond those that the model was calibrated with."
        ),
    ]


class CountsAnswer(Answer):
    """What the sliders keep of each micrograph."""

    names: list[str]
    n: list[int]
    mean_score: list[float | None]


class CandidatesAnswer(Answer):
    """All candidates of a micrograph, best first, whatever the sliders say."""

    x_px: list[float]
    y_px: list[float]
    score: list[float]
    std: list[float | None]
    fails: Annotated[
        list[int], Field(description="0: nothing, 1: in junk, 2: at the edge and not in junk.")
    ]
    box_size_px: int
    diameter_px: float


class GalleryBox(Answer):
    """A pick to look at."""

    name: str
    x_px: float
    y_px: float
    score: float
    std: float | None


class GalleryAnswer(Answer):
    """A page of the gallery."""

    total: int
    boxes: list[GalleryBox]


class RegionAnswer(Answer):
    """A part of a micrograph to look at."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


class SuggestionAnswer(Answer):
    """A micrograph to label."""

    name: str
    score: Annotated[float, Field(description="Wrong verdicts that labels would correct.")]
    reasons: list[str]
    regions: list[RegionAnswer]


class SuggestionsAnswer(Answer):
    """Micrographs to label, most useful first."""

    suggestions: list[SuggestionAnswer]


class ImportQuestion(Question):
    """Coordinate files of another program."""

    paths: Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)]
    title: Annotated[str, Field(min_length=1, max_length=200)]


def describe_set(picks: PickSet) -> PickSetAnswer:
    """What a set is."""
    low, high = picks.score_range or (None, None)
    return PickSetAnswer(
        id=picks.id,
        title=picks.title,
        kind=picks.kind,
        model=picks.model,
        n_micrographs=picks.count_micrographs(),
        is_calibrated=picks.calibration is not None,
        score_min=low,
        score_max=high,
        default=SelectionAnswer(**picks.default.model_dump()),
        selection=SelectionAnswer(**picks.selection.model_dump()),
        created=picks.created,
    )


def answer_histogram(histogram: Histogram) -> HistogramAnswer:
    """A histogram."""
    return HistogramAnswer(edges=histogram.edges.tolist(), counts=histogram.counts.tolist())


def answer_expected(figures: ExpectedFigures) -> ExpectedAnswer:
    """Expected figures; null for those that do not exist, such as the precision of no picks."""
    names = ("precision", "precision_error", "recall", "recall_error")
    known = ((name, getattr(figures, name)) for name in names)
    return ExpectedAnswer(**{name: None if math.isnan(x) else x for name, x in known})


def list_known(values: NDArray[np.floating], *, digits: int | None = None) -> list[float | None]:
    """Numbers, with all digits or rounded; None for those that are not known."""
    numbers = values.astype(np.float64)
    if digits is not None:
        numbers = np.round(numbers, digits)
    return [None if math.isnan(number) else number for number in numbers.tolist()]


def list_places(values: NDArray[np.float32]) -> list[float]:
    """Coordinates, rounded as labels are."""
    return [float(value) for value in np.round(values.astype(np.float64), 2)]
