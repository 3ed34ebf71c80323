"""Puts the server's parts together: routers, stores, errors as JSON, the files of the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from deepem import __version__
from deepem.studio.answers import add_error_answers
from deepem.studio.api import events, micrographs, project
from deepem.studio.api.context import ErrorAnswer
from deepem.studio.events import EventHub
from deepem.studio.project import Project

#: The built page, in every package; in a checkout ``make frontend`` builds it.
STATIC_FOLDER = Path(__file__).with_name("static")
_ROUTERS: tuple[APIRouter, ...] = (project.router, events.router, micrographs.router)
_ERROR_STATUSES = (401, 403, 404, 409, 413, 422)


def make_app(shown: Project, *, token: str) -> FastAPI:
    """Make the server's application for a project.

    Parameters
    ----------
    shown
        The project.
    token
        What every request below ``/api`` must bring, as ``Authorization: Bearer TOKEN``.

    Returns
    -------
    FastAPI
        ``app.state`` has ``project``, ``events`` and the stores.
    """
    app = FastAPI(
        title="DeepEM Studio",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.project = shown
    app.state.events = EventHub()
    responses: dict[int | str, dict[str, object]] = {
        status: {"model": ErrorAnswer} for status in _ERROR_STATUSES
    }
    for router in _ROUTERS:
        app.include_router(router, prefix="/api", responses=responses)
    add_error_answers(app)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER, check_dir=False), name="static")
    app.get("/", include_in_schema=False)(_show_page)
    return app


def _show_page() -> FileResponse:
    return FileResponse(STATIC_FOLDER / "index.html", headers={"Cache-Control": "no-cache"})
