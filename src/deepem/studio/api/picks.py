"""Sets of picks: what the sliders keep of them, which to look at, what to label next."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from numpy.typing import NDArray
from pydantic import Field

from deepem.evaluation.expectation import ExpectedFigures
from deepem.picking.candidate_pool import find_fails
from deepem.picking.pool_expectation import expect_of_pool
from deepem.picking.pool_histograms import Histogram, draw_histograms
from deepem.picking.pool_order import PoolOrder, order_candidates
from deepem.studio.api.context import (
    Answer,
    Finite,
    Id,
    MicrographName,
    ProjectDep,
    PublishDep,
    Question,
)
from deepem.studio.api.labels import LabelsDep
from deepem.studio.picks.importing import import_picks
from deepem.studio.picks.pick_set import PickSet, SetKind
from deepem.studio.picks.pick_sets import IMPORTED_PREFIX, PickSets
from deepem.studio.picks.selection import PickSelection
from deepem.studio.picks.suggestions import suggest_micrographs

router = APIRouter(prefix="/picks", tags=["picks"])


def get_picks(request: Request) -> PickSets:
    """The sets of picks of the project that the server shows."""
    picks: PickSets = request.app.state.pick_sets
    return picks


PicksDep = Annotated[PickSets, Depends(get_picks)]


def find_set(id: Id, picks: PicksDep) -> PickSet:
    """The set that an address names."""
    return picks.find(id)


SetDep = Annotated[PickSet, Depends(find_set)]


def read_sliders(
    picks: SetDep,
    threshold: Finite | None = None,
    std_low: Finite | None = None,
    std_high: Finite | None = None,
) -> PickSelection:
    """What the sliders say; without a threshold, the selection of the set."""
    if threshold is None:
        return picks.selection
    return PickSelection(threshold=threshold, std_low=std_low, std_high=std_high).check()


SlidersDep = Annotated[PickSelection, Depends(read_sliders)]


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


@router.get("")
def list_sets(picks: PicksDep) -> PickSetsAnswer:
    """All sets of picks."""
    return PickSetsAnswer(sets=[_describe(known) for known in picks.list()])


@router.post("/import", status_code=201)
def bring_in(
    question: ImportQuestion, project: ProjectDep, picks: PicksDep, publish: PublishDep
) -> PickSetAnswer:
    """Bring in coordinates of another program, to look at and to compare."""
    set_id = IMPORTED_PREFIX + import_picks(project, question.paths, question.title)
    publish({"type": "picks", "id": set_id})
    return _describe(picks.find(set_id))


@router.put("/{id}/selection")
def change_selection(body: SelectionBody, picks: SetDep, publish: PublishDep) -> PickSetAnswer:
    """Keep the sliders as they are: what is handed over, compared and suggested follows them."""
    picks.select(PickSelection.model_validate(body.model_dump()))
    publish({"type": "picks", "id": picks.id})
    return _describe(picks)


@router.get("/{id}/histogram")
def read_histograms(picks: SetDep) -> HistogramsAnswer:
    """How scores and standard deviations are distributed."""
    default = picks.default
    score, std = draw_histograms(
        picks.pool,
        threshold=default.threshold,
        score_range=picks.score_range or (0.0, 1.0),
        std_range=default.std_range,
    )
    return HistogramsAnswer(score=_answer_histogram(score), std=_answer_histogram(std))


@router.get("/{id}/summary")
def sum_up(picks: SetDep, sliders: SlidersDep) -> SummaryAnswer:
    """What the sliders keep of all micrographs, and what to expect of it."""
    pool, calibration = picks.pool, picks.calibration
    counts = pool.count(sliders.threshold, sliders.std_range)
    expected = None
    if calibration is not None:
        expected = expect_of_pool(
            pool,
            calibration=calibration,
            calibrated_range=picks.default.std_range,
            threshold=sliders.threshold,
            std_range=sliders.std_range,
        )
    return SummaryAnswer(
        n_candidates=counts.n_candidates,
        n_kept=counts.n_kept,
        rejected=dict(counts.rejected),
        n_micrographs=len(pool.names),
        expected=None if expected is None else _answer_expected(expected),
    )


@router.get("/{id}/counts")
def count_each(picks: SetDep, sliders: SlidersDep) -> CountsAnswer:
    """What the sliders keep of each micrograph."""
    pool = picks.pool
    n_kept, mean_score = pool.count_each(sliders.threshold, sliders.std_range)
    return CountsAnswer(
        names=list(pool.names), n=n_kept.tolist(), mean_score=_list_known(mean_score, digits=4)
    )


@router.get("/{id}/micrographs/{name}")
def read_candidates(name: MicrographName, picks: SetDep) -> CandidatesAnswer:
    """All candidates of a micrograph."""
    found = picks.find(name)
    ordered = found.candidates.by_score()
    diameter_px = picks.diameter_px(found)
    return CandidatesAnswer(
        x_px=np.round(ordered.x_px, 2).tolist(),
        y_px=np.round(ordered.y_px, 2).tolist(),
        score=ordered.score.tolist(),
        std=_list_known(ordered.std, digits=4),
        fails=find_fails(ordered, edge_margin_px=found.edge_margin_px).tolist(),
        box_size_px=picks.box_size_px(found),
        diameter_px=diameter_px,
    )


@router.get("/{id}/gallery")
def show_gallery(
    picks: SetDep,
    sliders: SlidersDep,
    order: PoolOrder = "lowest",
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    name: Annotated[str | None, Query(max_length=1024)] = None,
) -> GalleryAnswer:
    """Picks as boxes, in an order; those nearest to the threshold whether they are kept or not."""
    pool = picks.require(name)
    page = order_candidates(
        pool,
        order,
        threshold=sliders.threshold,
        std_range=sliders.std_range,
        offset=offset,
        limit=limit,
        name=name,
    )
    index = page.index
    rows = zip(
        pool.name_at(index),
        _list_places(pool.x_px[index]),
        _list_places(pool.y_px[index]),
        pool.score[index].tolist(),
        _list_known(pool.std[index], digits=4),
        strict=True,
    )
    boxes = [
        GalleryBox(name=name, x_px=x_px, y_px=y_px, score=score, std=std)
        for name, x_px, y_px, score, std in rows
    ]
    return GalleryAnswer(total=page.total, boxes=boxes)


@router.get("/{id}/suggestions")
def suggest(
    picks: SetDep, labels: LabelsDep, n: Annotated[int, Query(ge=1, le=100)] = 10
) -> SuggestionsAnswer:
    """Which micrographs to label next, and where on them."""
    suggestions = [
        SuggestionAnswer(
            name=one.micrograph,
            score=one.score,
            reasons=[str(reason) for reason in one.reasons],
            regions=[
                RegionAnswer(
                    x_px=region.x_px,
                    y_px=region.y_px,
                    width_px=region.width_px,
                    height_px=region.height_px,
                )
                for region in one.regions
            ],
        )
        for one in suggest_micrographs(picks, labels, n=n)
    ]
    return SuggestionsAnswer(suggestions=suggestions)


def _describe(picks: PickSet) -> PickSetAnswer:
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


def _answer_histogram(histogram: Histogram) -> HistogramAnswer:
    return HistogramAnswer(edges=histogram.edges.tolist(), counts=histogram.counts.tolist())


def _answer_expected(figures: ExpectedFigures) -> ExpectedAnswer:
    names = ("precision", "precision_error", "recall", "recall_error")
    known = ((name, getattr(figures, name)) for name in names)
    return ExpectedAnswer(**{name: None if math.isnan(x) else x for name, x in known})


def _list_known(values: NDArray[np.floating], *, digits: int) -> list[float | None]:
    """Numbers, rounded for the page; None for those that are not known."""
    rounded = np.round(values.astype(np.float64), digits).tolist()
    return [None if math.isnan(value) else value for value in rounded]


def _list_places(values: NDArray[np.float32]) -> list[float]:
    return [float(value) for value in np.round(values.astype(np.float64), 2)]
