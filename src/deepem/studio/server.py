"""Runs the studio's server: its secret, its port, the browser, and a quick end."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from deepem.errors import ConfigError
from deepem.studio.addresses import ServerAddress, is_remote_session, open_socket
from deepem.studio.app import make_app, require_page
from deepem.studio.first_visit import FirstVisit
from deepem.studio.project import Project
from deepem.studio.server_lock import hold_server_lock

#: Sets the token, for scripts; otherwise each start has a new one.
TOKEN_VARIABLE = "DEEPEM_STUDIO_TOKEN"  # noqa: S105 (its name)
_TOKEN_BYTES = 32
_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,256}")
# What a request may still take after Ctrl-C.
_LONGEST_END_S = 3


def serve(
    project: Project,
    *,
    changes: Mapping[str, object] | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    opens_browser: bool = True,
    tell: Callable[[str], None],
) -> None:
    """Show a project in the browser until Ctrl-C or SIGTERM.

    Parameters
    ----------
    project
        The project.
    changes
        Settings of the project to change first.
    host
        Where to listen; anything but the default lets others in who have the token.
    port
        0 lets the system choose a free one.
    opens_browser
        Whether to open the browser, where there is a screen.
    tell
        Gets what the user has to know, a line at a time: the address with the token.

    Raises
    ------
    NotFoundError
        The page has not been built.
    ConflictError
        Another server has the folder.
    ConfigError
        A setting, the host, the port or the token cannot be.
    """
    require_page()
    token = _choose_token()
    with hold_server_lock(project.home) as lock:
        project.update(**(changes or {}))
        listener, address = open_socket(host, port)
        with listener:
            lock.say_address(address.url)
            first_visit = FirstVisit()
            app = make_app(project, token=token, host=host, first_visit=first_visit)
            for line in _describe(address, token):
                tell(line)
            url = f"{address.url}/open/{first_visit.code}"
            opens = opens_browser and _has_screen(os.environ)
            _run(app, listener, then=lambda: _open_browser(url) if opens else None)


def make_config(app: FastAPI) -> uvicorn.Config:
    """How the application is served: on one socket, without a log of requests."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,  # addresses may hold the token
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LONGEST_END_S,
    )


def _run(app: FastAPI, listener: socket.socket, *, then: Callable[[], None]) -> None:
    with _ended_by_signals():
        asyncio.run(_Server(app, then).serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """Says when it has started, and ends the streams of events when it is to end."""

    def __init__(self, app: FastAPI, then: Callable[[], None]) -> None:
        super().__init__(make_config(app))
        self._app = app
        self._then = then

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._then()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.events.close()  # they would hold it up for as long as pages are open
        await super().shutdown(sockets)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Take Ctrl-C and SIGTERM for the usual end, which they are."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        pass  # uvicorn has ended by then, and raises again what ended it
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _choose_token() -> str:
    given = os.environ.get(TOKEN_VARIABLE)
    if given is None:
        return secrets.token_urlsafe(_TOKEN_BYTES)
    if _TOKEN.fullmatch(given) is None:
        raise ConfigError(
            TOKEN_VARIABLE,
            f"has {len(given)} characters; give 16 to 256 letters, digits, '-' and '_', or leave "
            "it out",
        )
    return given


def _describe(address: ServerAddress, token: str) -> list[str]:
    lines = [f"Open in a browser: {address.url}/?token={token}"]
    if address.is_private:
        lines.append(
            f"From another computer, run there first: {address.make_tunnel()}\n"
            "  and open the same address."
        )
    else:
        lines.append(
            f"Warning: whoever reaches {address.url} and has this token can use the studio, and "
            "what is sent can be read on its way. Without --host, ssh keeps it private."
        )
    lines.append("Stop with Ctrl-C.")
    return lines


def _has_screen(environment: Mapping[str, str]) -> bool:
    """Whether a browser that is opened here would be seen."""
    if is_remote_session(environment):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return "DISPLAY" in environment or "WAYLAND_DISPLAY" in environment


def _open_browser(url: str) -> None:
    # In a thread: some browsers return only when they are closed.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
