"""The micrographs: which there are, how many labels each has, and how large each is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from deepem.io import MicrographFile
from deepem.studio.api.context import Answer, MicrographName, ProjectDep, PublishDep
from deepem.studio.api.labels import LabelsDep
from deepem.studio.display.pyramid import TILE_SIZE_PX, describe_pyramid
from deepem.studio.labels import LabelCounts
from deepem.studio.project import Project

router = APIRouter(prefix="/micrographs", tags=["micrographs"])

_NO_LABELS = LabelCounts()


class MicrographRow(Answer):
    """A line of the list."""

    name: str
    path: Annotated[str, Field(description="Relative to the folder of the project.")]
    n_particles: Annotated[int, Field(description="Labelled particles.")]
    n_negatives: Annotated[int, Field(description="Places labelled as no particle.")]
    complete: Annotated[bool, Field(description="All particles of it are labelled.")]
    problem: Annotated[str | None, Field(description="Why it cannot be used, and what to do.")]


class MicrographRows(Answer):
    """The list."""

    micrographs: list[MicrographRow]


class MicrographAnswer(Answer):
    """A micrograph, opened."""

    name: str
    path: str
    width_px: int
    height_px: int
    pixel_size_angstrom: float | None
    tile_size: int
    n_levels: Annotated[
        int, Field(description="Level 0 is full size, level k binned 2^k; the last fits one tile.")
    ]


@router.get("")
def list_micrographs(project: ProjectDep, labels: LabelsDep, publish: PublishDep) -> MicrographRows:
    """All micrographs by name, with the counts of their labels; none is opened."""
    if project.rescan():
        publish({"type": "micrographs"})
    counts = labels.counts()
    rows = [
        MicrographRow(
            name=name,
            path=_find_path(project, file),
            n_particles=counts.get(name, _NO_LABELS).n_particles,
            n_negatives=counts.get(name, _NO_LABELS).n_negatives,
            complete=counts.get(name, _NO_LABELS).complete,
            problem=None,
        )
        for name, file in project.micrographs.items()
    ]
    rows += [
        MicrographRow(
            name=name,
            path=name,
            n_particles=0,
            n_negatives=0,
            complete=False,
            problem=problem,
        )
        for name, problem in project.problems.items()
    ]
    return MicrographRows(micrographs=rows)


@router.get("/{name}")
def read_micrograph(name: MicrographName, project: ProjectDep) -> MicrographAnswer:
    """The size of a micrograph, from its header."""
    micrograph = project.open(name)
    height_px, width_px = micrograph.frame.shape
    return MicrographAnswer(
        name=name,
        path=_find_path(project, project.file(name)),
        width_px=width_px,
        height_px=height_px,
        pixel_size_angstrom=micrograph.frame.pixel_size_angstrom,
        tile_size=TILE_SIZE_PX,
        n_levels=describe_pyramid(micrograph.frame.shape),
    )


def _find_path(project: Project, file: MicrographFile) -> str:
    """Where a micrograph is, relative to the folder of the project."""
    return file.path.relative_to(project.folder).as_posix()
