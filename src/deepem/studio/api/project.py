"""The project: what it is called, how large the particle is, what formats can be written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from deepem import __version__
from deepem.io import PICK_FORMATS
from deepem.studio.api.context import Answer, ProjectDep, PublishDep, Question
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN

router = APIRouter(tags=["project"])


class FormatAnswer(Answer):
    """A coordinate format."""

    name: str
    suffix: str
    description: str


class ProjectAnswer(Answer):
    """The project."""

    name: str
    folder: str
    version: Annotated[str, Field(description="Of DeepEM.")]
    diameter_px: Annotated[
        float | None,
        Field(description="In unbinned pixels, whichever way it was given; null: not known."),
    ]
    diameter_angstrom: Annotated[
        float | None, Field(description="In Å, where it was given in Å; otherwise null.")
    ]
    pixel_size_angstrom: Annotated[
        float | None, Field(description="What the user said instead of the headers; or null.")
    ]
    current_picks: Annotated[str | None, Field(description="Looked at last.")]
    n_micrographs: int
    formats: list[FormatAnswer]


class ProjectChange(Question):
    """Settings to change; what is left out stays as it is."""

    diameter_px: Annotated[float | None, Field(ge=0.1, le=1e6)] = None
    diameter_angstrom: Annotated[float | None, Field(ge=0.1, le=1e6)] = None
    pixel_size_angstrom: Annotated[float | None, Field(ge=0.01, le=1000)] = None
    current_picks: Annotated[str | None, Field(pattern=ID_PATTERN)] = None


@router.get("/project")
def read_project(project: ProjectDep) -> ProjectAnswer:
    """The project and its settings."""
    return _describe(project)


@router.patch("/project")
def change_project(
    change: ProjectChange, project: ProjectDep, publish: PublishDep
) -> ProjectAnswer:
    """Change settings of the project."""
    project.update(**change.model_dump(exclude_unset=True))
    publish({"type": "project"})
    return _describe(project)


def _describe(project: Project) -> ProjectAnswer:
    settings = project.settings
    return ProjectAnswer(
        name=project.folder.name,
        folder=str(project.folder),
        version=__version__,
        diameter_px=project.diameter_px(),
        diameter_angstrom=settings.diameter_angstrom,
        pixel_size_angstrom=settings.pixel_size_angstrom,
        current_picks=settings.current_picks,
        n_micrographs=len(project.micrographs),
        formats=[
            FormatAnswer(name=known.name, suffix=known.suffix, description=known.description)
            for known in PICK_FORMATS
        ],
    )
