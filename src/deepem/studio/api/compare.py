"""Compare two sets of coordinates: figures of all micrographs, and pick by pick on one."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from deepem.core import Picks
from deepem.studio.api.context import Answer, MicrographName, ProjectDep
from deepem.studio.comparison import compare, compare_one
from deepem.studio.coordinates import CoordinatesBook
from deepem.studio.settings import ID_PATTERN

router = APIRouter(prefix="/compare", tags=["compare"])

#: What is compared.
SetId = Annotated[
    str, Query(pattern=ID_PATTERN, description="Number of a set of picks, or labels.")
]


class MicrographFigures(Answer):
    """How far two sets agree on a micrograph."""

    name: str
    n_a: int
    n_b: int
    n_both: int


class ComparisonAnswer(Answer):
    """How far two sets agree on the micrographs that both have."""

    n_a: int
    n_b: int
    n_both: int
    jaccard: Annotated[
        float | None, Field(description="Share of all that both have; null: nothing to compare.")
    ]
    f1: float | None
    median_distance_px: Annotated[float | None, Field(description="Of the pairs.")]
    per_micrograph: list[MicrographFigures]
    problems: Annotated[
        dict[str, str], Field(description="Why a micrograph was left out, by name.")
    ]


class ComparedPicks(Answer):
    """One set on one micrograph."""

    x_px: list[float]
    y_px: list[float]
    matched: Annotated[list[bool], Field(description="Whether the other set has it too.")]


class MicrographComparisonAnswer(Answer):
    """Both sets on one micrograph."""

    a: ComparedPicks
    b: ComparedPicks


def get_coordinates(request: Request) -> CoordinatesBook:
    """Where sets of coordinates are looked up."""
    book: CoordinatesBook = request.app.state.coordinates
    return book


CoordinatesDep = Annotated[CoordinatesBook, Depends(get_coordinates)]


@router.get("")
def compare_sets(
    a: SetId, b: SetId, project: ProjectDep, coordinates: CoordinatesDep
) -> ComparisonAnswer:
    """Compare two sets on all micrographs that both have."""
    found = compare(project, coordinates.find(a), coordinates.find(b))
    figures = found.figures
    return ComparisonAnswer(
        n_a=figures.n_a,
        n_b=figures.n_b,
        n_both=figures.n_both,
        jaccard=_to_json(figures.jaccard),
        f1=_to_json(figures.f1),
        median_distance_px=_to_json(figures.median_distance_px),
        per_micrograph=[
            MicrographFigures(name=one.micrograph, n_a=one.n_a, n_b=one.n_b, n_both=one.n_both)
            for one in found.by_micrograph
        ],
        problems=found.problems,
    )


@router.get("/{name}")
def compare_on_micrograph(
    name: MicrographName, a: SetId, b: SetId, project: ProjectDep, coordinates: CoordinatesDep
) -> MicrographComparisonAnswer:
    """Compare two sets pick by pick on one micrograph."""
    found = compare_one(project, coordinates.find(a), coordinates.find(b), name)
    return MicrographComparisonAnswer(
        a=_to_answer(found.a, found.agreement.is_shared_a.tolist()),
        b=_to_answer(found.b, found.agreement.is_shared_b.tolist()),
    )


def _to_answer(picks: Picks, matched: list[bool]) -> ComparedPicks:
    return ComparedPicks(x_px=picks.x_px.tolist(), y_px=picks.y_px.tolist(), matched=matched)


def _to_json(value: float) -> float | None:
    return None if math.isnan(value) else value
