"""Hand over: exports are made, listed, and sent as an archive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from deepem.errors import ConfigError
from deepem.io.pairing import name_some
from deepem.studio.api.compare import CoordinatesDep
from deepem.studio.api.context import Answer, Id, ProjectDep, Question
from deepem.studio.coordinates import Coordinates
from deepem.studio.exports.record import Export
from deepem.studio.exports.store import ExportStore
from deepem.studio.exports.zip_stream import stream_zip
from deepem.studio.settings import ID_PATTERN

router = APIRouter(prefix="/exports", tags=["exports"])


class ExportQuestion(Question):
    """What to export."""

    picks: Annotated[
        str, Field(pattern=ID_PATTERN, description="Number of a set of picks, or labels.")
    ]
    formats: Annotated[list[str], Field(min_length=1, max_length=50)]
    micrographs: Annotated[
        list[str] | None, Field(max_length=100_000, description="null: all of them.")
    ] = None
    project_root: Annotated[
        str | None,
        Field(max_length=4096, description="Folder of the RELION project; null: looked for."),
    ] = None
    micrograph_list: Annotated[
        str | None,
        Field(
            max_length=4096,
            description="RELION's list, or cryoSPARC's exposures, relative to the folder: names "
            "and uids are taken from it.",
        ),
    ] = None


class ExportAnswer(Answer):
    """An export."""

    id: str
    picks: str
    created: str
    formats: list[str]
    folder: Annotated[str, Field(description="Relative to the folder of the project.")]
    files: Annotated[list[str], Field(description="Relative to the folder of the export.")]
    n_micrographs: int
    n_particles: int
    next_steps: Annotated[list[str], Field(description="A paragraph for each format.")]


class ExportsAnswer(Answer):
    """All exports, the newest first."""

    exports: list[ExportAnswer]


def _get_store(request: Request) -> ExportStore:
    store: ExportStore = request.app.state.exports
    return store


ExportsDep = Annotated[ExportStore, Depends(_get_store)]


@router.post("", status_code=201)
def make_export(
    question: ExportQuestion, exports: ExportsDep, coordinates: CoordinatesDep
) -> ExportAnswer:
    """Write picks in the formats asked for, all of them or none."""
    source = coordinates.find(question.picks)
    export = exports.make(
        question.picks,
        _find_names(source, question.micrographs),
        source.reader(),
        question.formats,
        project_root=question.project_root,
        micrograph_list=question.micrograph_list,
    )
    return _to_answer(export)


@router.get("")
def list_exports(exports: ExportsDep) -> ExportsAnswer:
    """What was exported, the newest first."""
    return ExportsAnswer(exports=[_to_answer(export) for export in exports.list_all()])


@router.get(
    "/{export_id}/zip",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def send_export(export_id: Id, exports: ExportsDep, project: ProjectDep) -> StreamingResponse:
    """The files of an export as one archive."""
    export, folder = exports.find(export_id)
    files = [folder / name for name in export.files]
    for file in files:
        project.check(file)
    blocks = stream_zip(files, relative_to=folder)
    name = f"deepem-picks-{export.id}.zip"
    return StreamingResponse(
        blocks,
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _find_names(source: Coordinates, chosen: list[str] | None) -> list[str]:
    """The micrographs to export; an unknown one is not the same as one without particles."""
    known = source.names()
    if chosen is None:
        return known
    others = sorted(set(chosen).difference(known))
    if others:
        raise ConfigError(
            "micrographs", f"{source.title} has nothing on {name_some(others)}; leave them out"
        )
    return list(dict.fromkeys(chosen))


def _to_answer(export: Export) -> ExportAnswer:
    return ExportAnswer.model_validate(export.model_dump(exclude={"format_version"}))
