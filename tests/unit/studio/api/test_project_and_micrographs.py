"""The project and the list of micrographs, as the page gets them."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient


def test_the_project_says_what_it_is(client: TestClient) -> None:
    answer = client.get("/api/project").json()
    assert answer["name"] == "micrographs"
    assert answer["n_micrographs"] == 3
    assert answer["diameter_px"] is None
    assert {"name": "star", "suffix": ".star"}.items() <= answer["formats"][-2].items()


def test_a_diameter_in_angstrom_is_also_known_in_pixels(client: TestClient) -> None:
    answer = client.patch("/api/project", json={"diameter_angstrom": 100.0}).json()
    assert (answer["diameter_angstrom"], answer["diameter_px"]) == (100.0, 40.0)
    answer = client.patch("/api/project", json={"pixel_size_angstrom": 5.0}).json()
    assert answer["diameter_px"] == 20.0
    answer = client.patch("/api/project", json={"diameter_px": 33.0}).json()
    assert (answer["diameter_angstrom"], answer["diameter_px"]) == (None, 33.0)
    assert client.get("/api/project").json() == answer


def test_the_list_has_all_micrographs(client: TestClient) -> None:
    rows = client.get("/api/micrographs").json()["micrographs"]
    assert [row["name"] for row in rows] == ["mic_0", "mic_1", "mic_2"]
    assert rows[0]["path"] == "mic_0.mrc"


def test_a_new_micrograph_comes_and_what_cannot_be_used_says_why(
    client: TestClient, folder: Path
) -> None:
    (folder / "mic_0.mrc").rename(folder / "mic_7.mrc")
    (folder / "mic_1.tif").touch()
    rows = client.get("/api/micrographs").json()["micrographs"]
    problems = {row["name"]: row["problem"] for row in rows}
    assert list(problems) == ["mic_2", "mic_7", "mic_1"]
    assert problems["mic_7"] is None
    assert "rename one" in problems["mic_1"]
    answer = client.get("/api/micrographs/mic_1")
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == problems["mic_1"]


def test_the_list_counts_labels(client: TestClient) -> None:
    labels = [
        {"op": "add", "kind": kind, "x_px": x_px, "y_px": 50.0}
        for kind, x_px in (("particle", 50.0), ("particle", 90.0), ("negative", 130.0))
    ]
    change = {"operations": labels, "complete": True}
    assert client.post("/api/micrographs/mic_1/labels", json=change).status_code == 200
    row = client.get("/api/micrographs").json()["micrographs"][1]
    assert (row["n_particles"], row["n_negatives"], row["complete"]) == (2, 1, True)


def test_a_micrograph_says_its_size(client: TestClient) -> None:
    answer = client.get("/api/micrographs/mic_1").json()
    assert (answer["width_px"], answer["height_px"]) == (320, 240)
    assert answer["pixel_size_angstrom"] == 2.5
    assert answer["n_levels"] == 1


def test_an_unknown_micrograph_is_a_404_with_a_sentence(client: TestClient) -> None:
    answer = client.get("/api/micrographs/mic_9")
    assert answer.status_code == 404
    assert "no micrograph named 'mic_9'" in answer.json()["error"]["message"]
