"""Sets of picks: what the sliders keep of them, which to look at, what to label next."""

from __future__ import annotations

import logging
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query, Request

from deepem.errors import DeepEMError
from deepem.picking.candidate_pool import find_fails
from deepem.picking.pool_expectation import expect_of_pool
from deepem.picking.pool_histograms import draw_histograms
from deepem.picking.pool_order import PoolOrder, order_candidates
from deepem.studio.api.context import (
    Finite,
    Id,
    MicrographName,
    ProjectDep,
    PublishDep,
)
from deepem.studio.api.labels import LabelsDep
from deepem.studio.api.pick_answers import (
    CandidatesAnswer,
    CountsAnswer,
    GalleryAnswer,
    GalleryBox,
    HistogramsAnswer,
    ImportQuestion,
    PickSetAnswer,
    PickSetsAnswer,
    RegionAnswer,
    SelectionBody,
    SuggestionAnswer,
    SuggestionsAnswer,
    SummaryAnswer,
    answer_expected,
    answer_histogram,
    describe_set,
    list_known,
    list_places,
)
from deepem.studio.picks.importing import import_picks
from deepem.studio.picks.pick_set import PickSet
from deepem.studio.picks.pick_sets import IMPORTED_PREFIX, PickSets
from deepem.studio.picks.selection import PickSelection
from deepem.studio.picks.suggestions import suggest_micrographs

logger = logging.getLogger("deepem.studio")

router = APIRouter(prefix="/picks", tags=["picks"])


def get_picks(request: Request) -> PickSets:
    """The sets of picks of the project that the server shows."""
    picks: PickSets = request.app.state.picks
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


@router.get("")
def list_sets(picks: PicksDep) -> PickSetsAnswer:
    """All sets of picks; one whose files are damaged is left out, with a warning in the log."""
    described = []
    for known in picks.list():
        try:
            described.append(describe_set(known))
        except DeepEMError as error:
            logger.warning("%s", error)
    described.sort(key=lambda one: (one.created, one.id), reverse=True)
    return PickSetsAnswer(sets=described)


@router.post("/import", status_code=201)
def bring_in(
    question: ImportQuestion, project: ProjectDep, picks: PicksDep, publish: PublishDep
) -> PickSetAnswer:
    """Bring in coordinates of another program, to look at and to compare."""
    set_id = IMPORTED_PREFIX + import_picks(project, question.paths, question.title)
    publish({"type": "picks", "id": set_id})
    return describe_set(picks.find(set_id))


@router.put("/{id}/selection")
def change_selection(body: SelectionBody, picks: SetDep) -> PickSetAnswer:
    """Keep the sliders as they are: what is handed over, compared and suggested follows them."""
    picks.select(PickSelection.model_validate(body.model_dump()))
    return describe_set(picks)


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
    return HistogramsAnswer(score=answer_histogram(score), std=answer_histogram(std))


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
        expected=None if expected is None else answer_expected(expected),
    )


@router.get("/{id}/counts")
def count_each(picks: SetDep, sliders: SlidersDep) -> CountsAnswer:
    """What the sliders keep of each micrograph."""
    pool = picks.pool
    n_kept, mean_score = pool.count_each(sliders.threshold, sliders.std_range)
    return CountsAnswer(
        names=list(pool.names), n=n_kept.tolist(), mean_score=list_known(mean_score, digits=4)
    )


@router.get("/{id}/micrographs/{name}")
def read_candidates(name: MicrographName, picks: SetDep) -> CandidatesAnswer:
    """All candidates of a micrograph."""
    found = picks.find(name)
    ordered = picks.shown(found)
    diameter_px = picks.diameter_px(found)
    return CandidatesAnswer(
        x_px=np.round(ordered.x_px, 2).tolist(),
        y_px=np.round(ordered.y_px, 2).tolist(),
        score=ordered.score.tolist(),
        std=list_known(ordered.std),  # all digits: the page judges as the server does
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
        list_places(pool.x_px[index]),
        list_places(pool.y_px[index]),
        pool.score[index].tolist(),
        list_known(pool.std[index], digits=4),
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
