"""Labels: read, changed, brought in and written out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from deepem.studio.api.context import Answer, MicrographName, ProjectDep, Question, TabDep
from deepem.studio.labels.labels import STEPS_PER_PX, Labels, count_steps
from deepem.studio.labels.operations import Operation
from deepem.studio.labels.store import LabelStore
from deepem.studio.labels.transfer import export_labels, import_labels

router = APIRouter()

Kind = Literal["particle", "negative"]


def get_labels(request: Request) -> LabelStore:
    """The labels of the project that the server shows."""
    labels: LabelStore = request.app.state.labels
    return labels


LabelsDep = Annotated[LabelStore, Depends(get_labels)]


class LabelOperation(Question):
    """A label more, or one less."""

    op: Literal["add", "remove"]
    kind: Kind
    x_px: float = Field(strict=True)
    y_px: float = Field(strict=True)


class LabelChange(Question):
    """What to change on a micrograph, in this order."""

    operations: tuple[LabelOperation, ...] = Field(default=(), max_length=5000)
    complete: bool | None = Field(default=None, strict=True)


class LabelsAnswer(Answer):
    """All labels of a micrograph: places (x, y) in unbinned pixels."""

    name: str
    revision: str
    complete: bool
    particles: list[tuple[float, float]]
    negatives: list[tuple[float, float]]


class LabelImport(Question):
    """Coordinate files, and what they are coordinates of."""

    paths: tuple[str, ...] = Field(min_length=1, max_length=1000)
    kind: Kind


class LabelImportAnswer(Answer):
    """What was brought in, and what was not."""

    n_micrographs: int
    n_labels: int
    problems: list[str]


class LabelExport(Question):
    """The format to write."""

    format: str = Field(max_length=64)


class LabelExportAnswer(Answer):
    """What was written; the folder relative to the project, the files to the folder."""

    folder: str
    files: list[str]
    n_labels: int


@router.get("/micrographs/{name}/labels")
def read_labels(name: MicrographName, labels: LabelsDep) -> LabelsAnswer:
    """The labels of a micrograph."""
    return _answer(labels.get(name))


@router.post("/micrographs/{name}/labels")
def change_labels(
    name: MicrographName, change: LabelChange, labels: LabelsDep, tab: TabDep
) -> LabelsAnswer:
    """Change the labels of a micrograph; they are on disk when the answer comes."""
    operations = [Operation(one.op, one.kind, one.x_px, one.y_px) for one in change.operations]
    return _answer(labels.apply(name, operations, complete=change.complete, tab=tab))


@router.post("/labels/import")
def bring_in_labels(
    wanted: LabelImport, project: ProjectDep, labels: LabelsDep, tab: TabDep
) -> LabelImportAnswer:
    """Add the coordinates in files to the labels."""
    done = import_labels(project, labels, wanted.paths, kind=wanted.kind, tab=tab)
    return LabelImportAnswer(
        n_micrographs=done.n_micrographs, n_labels=done.n_labels, problems=done.problems
    )


@router.post("/labels/export")
def write_out_labels(
    wanted: LabelExport, project: ProjectDep, labels: LabelsDep
) -> LabelExportAnswer:
    """Write the labels in the format of another program."""
    done = export_labels(project, labels, format=wanted.format)
    return LabelExportAnswer(
        folder=done.folder.relative_to(project.folder).as_posix(),
        files=[file.relative_to(done.folder).as_posix() for file in done.files],
        n_labels=done.n_labels,
    )


def _answer(labels: Labels) -> LabelsAnswer:
    particles, negatives = (
        [(x / STEPS_PER_PX, y / STEPS_PER_PX) for x, y in count_steps(picks).tolist()]
        for picks in (labels.particles, labels.negatives)
    )
    return LabelsAnswer(
        name=labels.name,
        revision=labels.revision,
        complete=labels.complete,
        particles=particles,
        negatives=negatives,
    )
