"""What all routers share: how they get the project, what questions and answers look like.

A router is a module of this package with ``router = APIRouter()``; `deepem.studio.app` includes
it below ``/api``. Its endpoints are plain functions, which run in worker threads::

    @router.get("/micrographs/{name}/labels")
    def read_labels(name: MicrographName, project: ProjectDep) -> Labels: ...

What it needs it asks for by annotation: `ProjectDep`, `PublishDep`, `TabDep`, and
``Annotated[LabelStore, Depends(...)]`` of the stores that `make_app` has put on ``app.state``
(``request.app.state.labels``). Errors are raised as `DeepEMError`: `NotFoundError` is answered
with status 404, `ConflictError` with 409, all others with 422; a `ConfigError` names its field.

Questions inherit `Question` and answers `Answer`, so that the OpenAPI description is complete:
both are frozen, an unknown field of a question is an error, and no number is NaN or infinite. In
queries that is `Finite`. All bodies of JSON have been looked at before a router sees them: their
numbers are finite and of a sane size, their texts without NUL and valid Unicode.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from deepem.studio.events import EventHub, Publish
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN


class Question(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Answer(BaseModel):
    """The body of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Problem(Answer):
    """What was wrong.

    Parameters
    ----------
    message
        What is wrong and what to do, for the user.
    field
        The field of the request that it is about; None where it is about none.
    """

    message: str
    field: str | None


class ErrorAnswer(Answer):
    """The body of every answer whose status is 400 or more."""

    error: Problem


def get_project(request: Request) -> Project:
    """The project that the server shows."""
    project: Project = request.app.state.project
    return project


def get_events(request: Request) -> EventHub:
    """The hub that tells the pages of changes."""
    events: EventHub = request.app.state.events
    return events


def get_publish(request: Request) -> Publish:
    """How to tell the pages of a change."""
    return get_events(request).publish


def get_tab(
    x_deepem_tab: Annotated[str | None, Header(max_length=64, pattern=r"^[0-9A-Za-z_-]*$")] = None,
) -> str | None:
    """Which tab of a browser asks, by its own word; None where it does not say."""
    return x_deepem_tab


ProjectDep = Annotated[Project, Depends(get_project)]
EventsDep = Annotated[EventHub, Depends(get_events)]
PublishDep = Annotated[Publish, Depends(get_publish)]
TabDep = Annotated[str | None, Depends(get_tab)]
#: Name of a micrograph in an address; `Project.file` says whether there is one.
MicrographName = Annotated[str, Path(min_length=1, max_length=1024)]
#: Number of a model, a set of picks or a job in an address.
Id = Annotated[str, Path(pattern=ID_PATTERN)]
#: A number in a query that is neither NaN nor infinite.
Finite = Annotated[float, Query(allow_inf_nan=False)]
