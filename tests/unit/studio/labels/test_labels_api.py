"""The addresses of labels: what they take, what they answer, whom they tell."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from deepem.core import Picks
from deepem.io import write_picks
from deepem.studio.project import Project

ADDRESS = "/api/micrographs/mic_0/labels"


def add(x_px: float, y_px: float, kind: str = "particle") -> dict[str, object]:
    return {"op": "add", "kind": kind, "x_px": x_px, "y_px": y_px}


def test_labels_that_were_sent_are_read_back(client: TestClient) -> None:
    before = client.get(ADDRESS).json()
    assert before == {
        "name": "mic_0",
        "revision": before["revision"],
        "complete": False,
        "particles": [],
        "negatives": [],
    }
    operations = [add(12.3456, 7), add(0.1, 0.29), add(30, 40, "negative")]
    answer = client.post(ADDRESS, json={"operations": operations, "complete": True})
    assert answer.status_code == 200
    after = answer.json()
    assert after["particles"] == [[12.35, 7.0], [0.1, 0.29]]
    assert after["negatives"] == [[30.0, 40.0]]
    assert after["complete"]
    assert after["revision"] != before["revision"]
    assert client.get(ADDRESS).json() == after
    assert client.post(ADDRESS, json={"operations": operations}).json() == after


def test_the_list_of_micrographs_counts_them(client: TestClient) -> None:
    client.post(ADDRESS, json={"operations": [add(1, 2), add(3, 4, "negative")]})
    rows = client.get("/api/micrographs").json()["micrographs"]
    assert [(row["n_particles"], row["n_negatives"], row["complete"]) for row in rows] == [
        (1, 1, False),
        (0, 0, False),
        (0, 0, False),
    ]


def test_other_pages_are_told(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(app.state.labels, "_publish", told.append)
    answer = client.post(
        ADDRESS, json={"operations": [add(1, 2)]}, headers={"X-DeepEM-Tab": "left"}
    )
    revision = answer.json()["revision"]
    assert told == [{"type": "labels", "name": "mic_0", "revision": revision, "tab": "left"}]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"operations": [add(320, 7)]}, "x_px", "outside of mic_0 of 320 x 240 px"),
        ({"operations": [add(1, 2, "carbon")]}, "operations.0.kind", "particle"),
        ({"operations": [{**add(1, 2), "op": "move"}]}, "operations.0.op", "add"),
        ({"operations": [{**add(1, 2), "z_px": 3}]}, "operations.0.z_px", "extra"),
        ({"operations": [add(1, 2)] * 5001}, "operations", "5000"),
        ({"operations": [], "complete": "perhaps"}, "complete", "bool"),
    ],
)
def test_what_cannot_be_is_refused(
    client: TestClient, body: dict[str, object], field: str, message: str
) -> None:
    answer = client.post(ADDRESS, json=body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["field"] == field
    assert message in error["message"]
    assert client.get(ADDRESS).json()["particles"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"3"', "null"])
def test_what_is_no_number_is_refused(client: TestClient, number: str) -> None:
    body = f'{{"operations": [{{"op": "add", "kind": "particle", "x_px": {number}, "y_px": 1}}]}}'
    answer = client.post(ADDRESS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_an_unknown_micrograph_is_not_found(client: TestClient) -> None:
    for name in ("mic_9", "..%2Fmic_0"):
        address = f"/api/micrographs/{name}/labels"
        assert client.get(address).status_code == 404
        assert client.post(address, json={"operations": [add(1, 2)]}).status_code == 404


def test_files_come_in_and_go_out(client: TestClient, project: Project) -> None:
    write_picks(Picks("mic_1", [60, 200], [20, 91]), project.folder / "runs" / "mic_1.star")
    answer = client.post("/api/labels/import", json={"paths": ["runs"], "kind": "particle"})
    assert answer.json() == {"n_micrographs": 1, "n_labels": 2, "problems": []}
    answer = client.post("/api/labels/export", json={"format": "star"})
    assert answer.json() == {
        "folder": "DeepEM/exports/labels-star-001",
        "files": ["mic_1.star"],
        "n_labels": 2,
    }


def test_paths_that_lead_out_are_refused(client: TestClient) -> None:
    answer = client.post("/api/labels/import", json={"paths": ["/etc"], "kind": "particle"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "paths")


def test_labels_need_no_torch() -> None:
    code = "import sys, deepem.studio.api.labels; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
