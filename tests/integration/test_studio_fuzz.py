"""Requests that a program makes up from the description of the API: no answer is a bug."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from deepem.networks import load_model
from deepem.picking import Picker
from deepem.studio.app import make_app
from deepem.studio.jobs.models import model_path
from deepem.studio.jobs.pick_set import begin_pick_set, pick_into
from deepem.studio.labels import LabelStore, Operation
from deepem.studio.project import Project

_TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105
_URL = "http://127.0.0.1"
# Values that lead somewhere, which nothing made up would be.
_KNOWN: dict[str, list[Any]] = {
    "name": ["mic_0001", "mic_0002"],
    "id": ["001", "boxes"],
    "a": ["001", "labels", "boxes"],
    "b": ["001", "labels", "boxes"],
    "picks": ["001", "labels", "boxes"],
    "job_id": ["0001", "0002"],
    "export_id": ["001", "labels-1"],
    "paths": [["boxes"], ["boxes/mic_0001.box", "mic_0001.mrc"], ["DeepEM"]],
    "formats": [["star"], ["relion", "box"], ["cryosparc"]],
    "format": ["star", "box", "csv"],
    "options": [{}, {"model": "001"}, {"picks": "labels"}, {"labels": "some", "look_at": ["x"]}],
    "level": [0, 1],
    "row": [0],
    "column": [0],
    "x_px": [100.5],
    "y_px": [-3.0, 77.25],
    "limit": [5],
    "offset": [1],
}


@dataclass(frozen=True)
class Served:
    """A project with something in it, and its server's application."""

    app: FastAPI
    client: TestClient

    def find_operations(self, *, with_known_values: bool) -> list[APIOperation]:
        """All that can be asked, but for the stream without an end."""
        description = self.app.openapi()
        if with_known_values:
            description = _choose_known(description)
        schema = schemathesis.openapi.from_dict(description)
        operations = [result.ok() for result in schema.get_all_operations()]
        return [operation for operation in operations if operation.path != "/api/events"]


@pytest.fixture(scope="module")
def served(
    simulated: Path, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Three micrographs, labels, picks of a model, picks of another program, jobs that wait."""
    folder = tmp_path_factory.mktemp("studio")
    (folder / "boxes").mkdir()
    for number in (1, 2, 3):
        shutil.copy(simulated / f"mic_000{number}.mrc", folder)
        shutil.copy(simulated / f"mic_000{number}.box", folder / "boxes")
    project = Project(folder)
    project.update(diameter_px=31.0)
    LabelStore(project).apply("mic_0001", [Operation("add", "particle", 50.0, 60.0)])
    model_path(project, "001").parent.mkdir(parents=True)
    shutil.copy(model, model_path(project, "001"))
    begin_pick_set(project, "001", load_model(model).header)
    list(pick_into(project, "001", Picker(model, device="cpu"), ["mic_0001", "mic_0002"]))
    app = make_app(project, token=_TOKEN)
    # Without its "with" block, no job is ever started.
    client = TestClient(app, base_url=_URL, headers={"Authorization": f"Bearer {_TOKEN}"})
    imported = client.post("/api/picks/import", json={"paths": ["boxes"], "title": "boxes"})
    assert imported.status_code == 201, imported.text
    yield Served(app, client)
    client.close()


def _choose_known(description: dict[str, Any]) -> dict[str, Any]:
    """The description of the API, as if it took only what the project has."""
    description = deepcopy(description)
    for operations in description["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in _KNOWN:
                    parameter["schema"] = {"enum": _KNOWN[parameter["name"]]}
    for schema in description["components"]["schemas"].values():
        for name in schema.get("properties", {}).keys() & _KNOWN.keys():
            schema["properties"][name] = {"enum": _KNOWN[name]}
    return description


def _send(client: TestClient, case: schemathesis.Case) -> int:
    """Send what was made up; an error that nobody has foreseen is raised by the client."""
    made_up = case.as_transport_kwargs(base_url=_URL)
    prepared = requests.Request(**made_up).prepare()
    headers = {
        name: value
        for name, value in prepared.headers.items()
        if name.lower() not in ("host", "authorization", "content-length")
    }
    answer = client.request(
        prepared.method or "GET", prepared.url or "", headers=headers, content=prepared.body
    )
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["message"]
        assert set(error) == {"message", "field"}
    return answer.status_code


def _fuzz(served: Served, *, n_examples: int) -> dict[str, set[int]]:
    """Ask everything, properly and not; the statuses of the answers."""
    statuses: dict[str, set[int]] = {}
    for with_known_values, mode in (
        (True, GenerationMode.POSITIVE),
        (False, GenerationMode.POSITIVE),
        (False, GenerationMode.NEGATIVE),
    ):
        for operation in served.find_operations(with_known_values=with_known_values):
            seen = statuses.setdefault(operation.label, set())
            seen |= _ask(served, operation, mode, n_examples)
    return statuses


def _ask(
    served: Served, operation: APIOperation, mode: GenerationMode, n_examples: int
) -> set[int]:
    seen = set()

    @settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        seen.add(_send(served.client, case))

    with suppress(Unsatisfiable):  # nothing is wrong about a request without any value
        ask()
    return seen


def _check(statuses: dict[str, set[int]]) -> None:
    assert len(statuses) >= 25
    for label, seen in statuses.items():
        assert max(seen) < 500, (label, seen)
    # Otherwise nothing would have been asked that leads anywhere.
    reached = {label for label, seen in statuses.items() if seen & {200, 201}}
    assert len(reached) > 0.7 * len(statuses), sorted(set(statuses) - reached)


def test_no_request_is_answered_by_a_bug(served: Served) -> None:
    _check(_fuzz(served, n_examples=4))


@pytest.mark.slow
def test_no_request_of_many_is_answered_by_a_bug(served: Served) -> None:
    _check(_fuzz(served, n_examples=60))


_ODD_VALUES = st.one_of(
    st.sampled_from(
        ["nan", "inf", "-inf", "1e999", "1e308", "-1", "0", "", "true", "9" * 400, "\x00", "\ufffe"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


def test_no_odd_value_in_a_query_is_answered_by_a_bug(served: Served) -> None:
    """Numbers above all, which a description cannot say all of."""
    paths = [
        (path, [p["name"] for p in operations["get"].get("parameters", ()) if p["in"] == "query"])
        for path, operations in served.app.openapi()["paths"].items()
        if "get" in operations and path != "/api/events"
    ]
    asked = [(path, names) for path, names in paths if names]
    assert len(asked) >= 5

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        path, names = data.draw(st.sampled_from(asked))
        for name, known in _KNOWN.items():
            path = path.replace(f"{{{name}}}", str(known[0]))
        query = {
            name: data.draw(_ODD_VALUES) for name in data.draw(st.sets(st.sampled_from(names)))
        }
        answer = served.client.get(path, params=query)
        assert answer.status_code < 500

    ask()
