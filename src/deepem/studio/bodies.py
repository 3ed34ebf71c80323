"""Limits the bodies of requests: their size while they come in, and what their JSON may hold."""

from __future__ import annotations

import json
import math

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deepem.studio.answers import make_error_answer

_MEGABYTE = 1_000_000
MOST_JSON_BYTES = 1 * _MEGABYTE
#: Path to which files are sent as they are.
UPLOAD_PATH = "/api/uploads"
MOST_UPLOAD_BYTES = 50 * _MEGABYTE

# Beyond it, other programs read another whole number than was written.
_LARGEST_WHOLE_NUMBER = 2**53
_MOST_DIGITS = 16
_DEEPEST = 20


class BodyMiddleware:
    """Refuses bodies that are too large, and JSON that no router should have to think of."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application answer it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        is_upload = scope["path"] == UPLOAD_PATH
        most_bytes = MOST_UPLOAD_BYTES if is_upload else MOST_JSON_BYTES
        receive_limited = _limit(receive, most_bytes, _find_length(scope))
        if is_upload:
            await self._app(scope, receive_limited, send)
            return
        try:
            body = await _read(receive_limited)
        except HTTPException as error:
            answer = make_error_answer(error.status_code, error.detail, headers=error.headers)
            await answer(scope, receive, send)
            return
        if body is None:
            return  # the browser has gone
        problem = await run_in_threadpool(find_problem, body) if body else None
        if problem is not None:
            await make_error_answer(422, f"the request {problem}")(scope, receive, send)
            return
        await self._app(scope, _give_again(body, receive), send)


def find_problem(body: bytes) -> str | None:
    """What is wrong with a body of JSON, whatever it is for; None where nothing is.

    Parameters
    ----------
    body
        JSON in UTF-8.

    Returns
    -------
    str or None
        To be put after "the request": it is not JSON, or it holds numbers that are not finite,
        or whole numbers above 2^53, texts that are not Unicode, or lists in lists in lists.
    """
    try:
        value = json.loads(body, parse_int=_parse_whole_number, parse_constant=_refuse_constant)
    except RecursionError:
        return "has values that are nested too deeply"
    except ValueError as error:
        return f"is not JSON that can be read: {error}"
    waiting = [(value, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEEPEST:
            return "has values that are nested too deeply"
        if isinstance(value, float) and not math.isfinite(value):
            return "has a number that is too large"
        if isinstance(value, str) and not _is_text(value):
            return "has a text with characters that do not exist"
        if isinstance(value, dict):
            waiting += [(key, depth) for key in value]
            value = list(value.values())
        if isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]
    return None


def _parse_whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > _MOST_DIGITS or abs(int(digits)) > _LARGEST_WHOLE_NUMBER:
        raise ValueError("a whole number is above 2^53")
    return int(digits)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _find_length(scope: Scope) -> int | None:
    for key, value in scope["headers"]:
        if key.lower() == b"content-length" and value.isdigit():
            return int(value[:20])
    return None


def _limit(receive: Receive, most_bytes: int, announced: int | None) -> Receive:
    """Receive a body until it is too large."""
    n_bytes = 0

    async def receive_limited() -> Message:
        nonlocal n_bytes
        if announced is not None and announced > most_bytes:
            raise _too_large(most_bytes)
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most_bytes:
            raise _too_large(most_bytes)
        return message

    return receive_limited


def _too_large(most_bytes: int) -> HTTPException:
    problem = f"what was sent is larger than {most_bytes // _MEGABYTE} MB, the most that is taken"
    return HTTPException(413, problem, headers={"connection": "close"})


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None where the browser went away."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _give_again(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, to be read by the application; then what comes after it."""
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
