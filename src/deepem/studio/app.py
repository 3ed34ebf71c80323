"""Puts the server's parts together: routers, stores, errors as JSON, the files of the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from deepem import __version__
from deepem.errors import NotFoundError
from deepem.studio.allowed_hosts import AllowedHosts
from deepem.studio.answers import add_error_answers
from deepem.studio.api import (
    boxes,
    compare,
    events,
    exports,
    jobs,
    labels,
    micrographs,
    picks,
    project,
    tiles,
    uploads,
)
from deepem.studio.api.context import ErrorAnswer
from deepem.studio.bodies import BodyMiddleware
from deepem.studio.coordinates import CoordinatesBook
from deepem.studio.display.display import Display
from deepem.studio.events import Event, EventHub
from deepem.studio.exports.store import ExportStore
from deepem.studio.first_visit import FirstVisit
from deepem.studio.jobs.queue import JobQueue
from deepem.studio.labels import LabelStore
from deepem.studio.picks.pick_sets import PickSets
from deepem.studio.project import Project
from deepem.studio.security import (
    OPEN_PATH,
    PAGE_PATH,
    SECURITY_HEADERS,
    STATIC_PATH,
    SecurityMiddleware,
)

#: The built page, in every package; in a checkout ``make frontend`` builds it.
STATIC_FOLDER = Path(__file__).with_name("static")
_PARTS = (
    project,
    events,
    micrographs,
    tiles,
    boxes,
    labels,
    uploads,
    compare,
    exports,
    jobs,
    picks,
)
_ERROR_STATUSES = (401, 403, 404, 409, 413, 422)


def make_app(
    shown: Project, *, token: str, host: str = "127.0.0.1", first_visit: FirstVisit | None = None
) -> FastAPI:
    """Make the server's application for a project.

    Parameters
    ----------
    shown
        The project.
    token
        What every request below ``/api`` must bring, as ``Authorization: Bearer TOKEN``.
    host
        Where the server listens: what it may be called by follows from it.
    first_visit
        The code that the browser is started with; None for no such address.

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
        redirect_slashes=False,
        lifespan=_watch_jobs,
    )
    app.state.project = shown
    app.state.events = hub = EventHub()
    app.state.display = Display(shown)
    app.state.labels = LabelStore(shown, hub.publish)
    app.state.picks = PickSets(shown, app.state.labels, hub.publish)
    app.state.coordinates = CoordinatesBook(shown, app.state.labels, app.state.picks)
    app.state.exports = ExportStore(shown)

    def publish_job(event: Event) -> None:
        hub.publish(event)
        app.state.picks.follow(event)

    app.state.jobs = JobQueue(shown, publish_job)
    responses: dict[int | str, dict[str, object]] = {
        status: {"model": ErrorAnswer} for status in _ERROR_STATUSES
    }
    for part in _PARTS:
        app.include_router(part.router, prefix="/api", responses=responses)
    add_error_answers(app, headers_of_bugs=SECURITY_HEADERS)
    app.add_middleware(BodyMiddleware)
    app.add_middleware(SecurityMiddleware, token=token, hosts=AllowedHosts.of(host))
    app.mount(STATIC_PATH, StaticFiles(directory=STATIC_FOLDER, check_dir=False), name="static")
    app.get(PAGE_PATH, include_in_schema=False)(_show_page)
    if first_visit is not None:
        _add_first_visit(app, first_visit, token)
    return app


@asynccontextmanager
async def _watch_jobs(app: FastAPI) -> AsyncIterator[None]:
    """Start jobs and tell of them for as long as the server runs."""
    with app.state.jobs:
        yield


def require_page() -> None:
    """See that the page has been built.

    Raises
    ------
    NotFoundError
        It has not.
    """
    if not (STATIC_FOLDER / "index.html").is_file():
        raise NotFoundError(
            "the page of the studio is not built, as in a checkout of the source. Build it with: "
            "make frontend (needs Node.js), or install a package: pip install 'deepem[studio]'"
        )


def _show_page() -> FileResponse:
    return FileResponse(STATIC_FOLDER / "index.html", headers={"Cache-Control": "no-cache"})


def _add_first_visit(app: FastAPI, first_visit: FirstVisit, token: str) -> None:
    @app.get(OPEN_PATH + "{code}", include_in_schema=False)
    def open_page(code: str) -> RedirectResponse:
        if not first_visit.redeem(code):
            raise NotFoundError(
                "this address is good once, and was used or is too old; open the one that "
                "deepem studio shows"
            )
        return RedirectResponse(f"{PAGE_PATH}?token={token}", status_code=303)
