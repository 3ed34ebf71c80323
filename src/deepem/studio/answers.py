"""Answers errors as JSON, each with a sentence for the user."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from deepem.errors import ConfigError, ConflictError, DeepEMError, NotFoundError

_SENTENCES = {
    400: "the request cannot be read; reload the page",
    404: "there is no such address; reload the page",
    405: "this address does not take such a request; reload the page",
}
_BUG = (
    "something went wrong that nobody has foreseen; the terminal in which the studio runs says "
    "more. Nothing that was saved is lost"
)


def make_error_answer(
    status: int,
    message: str,
    *,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer to a request that failed: ``{"error": {"message": …, "field": …}}``."""
    content = {"error": {"message": message, "field": field}}
    return JSONResponse(content, status_code=status, headers=headers)


def add_error_answers(app: FastAPI, *, headers_of_bugs: Mapping[str, str]) -> None:
    """Let an application answer every error as JSON.

    Parameters
    ----------
    app
        The application.
    headers_of_bugs
        Headers of the answer to an error that nobody has foreseen, which no middleware sees.
    """

    def answer_bug(request: Request, error: Exception) -> JSONResponse:
        return make_error_answer(500, _BUG, headers=headers_of_bugs)

    app.add_exception_handler(Exception, answer_bug)
    app.add_exception_handler(DeepEMError, _answer_deepem)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(OSError, _answer_system)


def _answer_deepem(request: Request, error: Exception) -> JSONResponse:
    status = 422
    if isinstance(error, NotFoundError):
        status = 404
    elif isinstance(error, ConflictError):
        status = 409
    field = error.field if isinstance(error, ConfigError) else None
    return make_error_answer(status, _make_valid(str(error)), field=field)


def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (how it is registered)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    message = f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return make_error_answer(422, _make_valid(message), field=_make_valid(field))


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (how it is registered)
    status = 422 if error.status_code == 400 else error.status_code
    message = _SENTENCES.get(error.status_code, str(error.detail))
    return make_error_answer(status, message, headers=error.headers)


def _answer_system(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)  # noqa: S101 (how it is registered)
    if error.strerror is None:
        raise error
    where = f"{error.filename}: " if error.filename is not None else ""
    message = f"{where}{error.strerror}; check the file, its permissions and the space on the disk"
    return make_error_answer(422, _make_valid(message))


def _make_valid(text: str) -> str:
    """A text that UTF-8 can hold: file names may have bytes that it cannot."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
