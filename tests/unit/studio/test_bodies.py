"""Bodies that are too large, or that no router should have to think of."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from deepem.studio.bodies import MOST_JSON_BYTES, find_problem

_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"diameter_px": NaN}', "NaN is not a number"),
        ('{"diameter_px": -Infinity}', "-Infinity is not a number"),
        ('{"diameter_px": 1e999}', "a number that is too large"),
        ('{"diameter_px": 1' + "0" * 400 + "}", "above 2^53"),
        ('{"diameter_px": -' + "9" * 100_000 + "}", "above 2^53"),
        ('{"diameter_px": 9007199254740993}', "above 2^53"),
        ('{"current_picks": "\\ud800"}', "characters that do not exist"),
        ('{"\\udfff": 1}', "characters that do not exist"),
        ('{"current_picks": "a\\u0000"}', "characters that do not exist"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 50 + "]" * 50, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"diameter_px": 10', "is not JSON"),
        ("diameter_px=10", "is not JSON"),
    ],
)
def test_odd_json_is_refused_with_a_reason(client: TestClient, body: str, problem: str) -> None:
    answer = client.patch("/api/project", content=body, headers=_JSON)
    assert answer.status_code == 422
    assert problem in answer.json()["error"]["message"]
    assert client.get("/api/project").json()["diameter_px"] is None


@pytest.mark.parametrize("body", [b"\xff\xfe\xfd", b"\xed\xa0\x80", b'"\xed\xa0\x80"', b"\x00"])
def test_bytes_that_are_no_text_are_refused(client: TestClient, body: bytes) -> None:
    assert client.patch("/api/project", content=body, headers=_JSON).status_code == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "a/b/c"])
def test_a_form_of_another_site_changes_nothing(client: TestClient, kind: str) -> None:
    body = b'{"diameter_px": 10}'
    answer = client.patch("/api/project", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert client.get("/api/project").json()["diameter_px"] is None


def test_a_wrong_field_is_named(client: TestClient) -> None:
    for body, field in [
        ({"diameter_px": -1}, "diameter_px"),
        ({"diameter": 10}, "diameter"),
        ({"current_picks": "../x"}, "current_picks"),
    ]:
        answer = client.patch("/api/project", json=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == field
        assert answer.json()["error"]["message"].startswith(f"{field}: ")


def test_a_body_that_is_announced_as_too_large_is_refused(client: TestClient) -> None:
    body = b'"' + b"a" * MOST_JSON_BYTES + b'"'
    answer = client.patch("/api/project", content=body, headers=_JSON)
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.json()["error"]["message"]


def test_a_body_without_an_announced_size_is_read_no_further_than_the_limit(
    client: TestClient,
) -> None:
    def send_endlessly() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * 100_000

    answer = client.patch("/api/project", content=send_endlessly(), headers=_JSON)
    assert answer.status_code == 413


def test_a_size_that_is_a_lie_does_not_help(client: TestClient) -> None:
    body = b'"' + b"a" * (2 * MOST_JSON_BYTES) + b'"'
    headers = {**_JSON, "Content-Length": "5"}
    assert client.patch("/api/project", content=body, headers=headers).status_code == 413


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@given(value=_VALUES)
def test_ordinary_json_is_let_through(value: object) -> None:
    assert find_problem(json.dumps(value).encode()) is None


@given(body=st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    problem = find_problem(body)
    assert problem is None or problem
    if problem is None:
        json.loads(body)
