"""Every error is answered with a status, a sentence, and the field that it is about."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from deepem.errors import (
    ConfigError,
    ConflictError,
    ConventionError,
    FileFormatError,
    MissingExtraError,
    NotFoundError,
    OutputError,
)
from deepem.studio.answers import add_error_answers


def _answer(error: Exception) -> tuple[int, dict[str, str | None]]:
    app = FastAPI()
    add_error_answers(app, headers_of_bugs={"x-strict": "yes"})

    @app.get("/")
    def fail() -> None:
        raise error

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/")
    problem: dict[str, str | None] = answer.json()["error"]
    assert set(problem) == {"message", "field"}
    assert ("x-strict" in answer.headers) == (answer.status_code == 500)
    return answer.status_code, problem


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (ConfigError("threshold", "is 2; give 0 to 1"), 422, "threshold"),
        (NotFoundError("there is no such set"), 404, None),
        (ConflictError("a job is running"), 409, None),
        (ConventionError("two of one name"), 422, None),
        (FileFormatError("a.box", "is empty"), 422, None),
        (OutputError("a.box", "the disk is full"), 422, None),
        (MissingExtraError("gemmi", "models", "It"), 422, None),
    ],
)
def test_what_we_can_explain_is_explained(error: Exception, status: int, field: str) -> None:
    assert _answer(error) == (status, {"message": str(error), "field": field})


def test_errors_of_the_system_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as missing:
        (tmp_path / "missing").open()
    status, problem = _answer(missing.value)
    assert status == 422
    assert f"{tmp_path}/missing: No such file" in str(problem["message"])
    status, problem = _answer(OSError(errno.ENOSPC, "No space left on device"))
    assert status == 422
    assert "No space left on device" in str(problem["message"])


def test_names_that_are_no_unicode_can_be_told() -> None:
    _, problem = _answer(NotFoundError("there is no 'caf\udce9.mrc'"))
    assert problem["message"] == "there is no 'caf?.mrc'"


@pytest.mark.parametrize("error", [RuntimeError("secret"), OSError("secret"), KeyError("secret")])
def test_a_bug_is_told_without_what_it_says(error: Exception) -> None:
    status, problem = _answer(error)
    assert status == 500
    assert "secret" not in str(problem["message"])
    assert "terminal" in str(problem["message"])
