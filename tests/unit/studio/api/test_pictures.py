"""The server answers with pictures, and with a sentence where it cannot."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from deepem.io import write_mrc

BOX = {"name": "mic_0", "x_px": 100, "y_px": 90}


def decode(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image)


def read_problem(answer, status):
    assert answer.status_code == status
    return answer.json()["error"]


@pytest.fixture
def with_large(folder):
    """The folder, with a micrograph of two levels, bright at the top."""
    rows = np.linspace(40, 0, 700)[:, None] + np.random.default_rng(0).normal(size=(700, 600))
    write_mrc(folder / "large.mrc", rows.astype(np.float32))
    return folder


def test_every_tile_that_the_micrograph_tells_of_is_there(with_large, client):
    known = client.get("/api/micrographs/large").json()
    for level in range(known["n_levels"]):
        width, height = (-(-known[key] // 2**level) for key in ("width_px", "height_px"))
        tiles = [
            [
                decode(client.get(f"/api/micrographs/large/tiles/{level}/{column}/{row}"))
                for column in range(-(-width // known["tile_size"]))
            ]
            for row in range(-(-height // known["tile_size"]))
        ]
        assert np.block(tiles).shape == (height, width)
        after = f"/api/micrographs/large/tiles/{level}/{len(tiles[0])}/0"
        assert "tiles" in read_problem(client.get(after), 404)["message"]
    beyond = client.get(f"/api/micrographs/large/tiles/{known['n_levels']}/0/0")
    assert "no level" in read_problem(beyond, 404)["message"]


def test_row_0_is_at_the_top(with_large, client):
    tile = decode(client.get("/api/micrographs/large/tiles/1/0/0"))
    assert tile[:50].mean() > tile[-50:].mean() + 100


def test_contrast_and_filters_change_a_tile(client):
    address = "/api/micrographs/mic_0/tiles/0/0/0"
    answers = [
        decode(client.get(address, params=params)).astype(float)
        for params in ({}, {"lowpass_px": 20}, {"denoise": True}, {"black": 30, "white": 40})
    ]
    for number, first in enumerate(answers):
        for second in answers[number + 1 :]:
            assert np.abs(first - second).mean() > 5


def test_a_tile_may_be_kept_by_the_browser_alone(client):
    answer = client.get("/api/micrographs/mic_0/tiles/0/0/0")
    assert answer.headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("black=-1", "black"),
        ("white=101", "white"),
        ("black=nan", "black"),
        ("black=60&white=50", "black"),
        ("black=50&white=50", "black"),
        ("lowpass_px=501", "lowpass_px"),
        ("lowpass_px=-1", "lowpass_px"),
        ("lowpass_px=inf", "lowpass_px"),
        ("denoise=perhaps", "denoise"),
    ],
)
def test_values_that_cannot_be_are_named(client, query, field):
    answer = client.get(f"/api/micrographs/mic_0/tiles/0/0/0?{query}")
    assert read_problem(answer, 422)["field"] == field


@pytest.mark.parametrize("place", ["-1/0/0", "0/-1/0", "0/0/x", "0/0/1e3"])
def test_tiles_are_counted_in_whole_numbers(client, place):
    read_problem(client.get(f"/api/micrographs/mic_0/tiles/{place}"), 422)


@pytest.mark.parametrize("picture", ["tiles/0/0/0", "thumbnail"])
def test_an_unknown_micrograph_is_not_found(client, picture):
    answer = client.get(f"/api/micrographs/nobody/{picture}")
    assert "'nobody'" in read_problem(answer, 404)["message"]


@pytest.mark.parametrize("picture", ["tiles/0/0/0", "thumbnail"])
@pytest.mark.parametrize("content", [b"", b"no micrograph", bytes(1024)])
def test_a_broken_file_is_named(client, folder, picture, content):
    (folder / "mic_1.mrc").write_bytes(content)
    answer = client.get(f"/api/micrographs/mic_1/{picture}")
    assert "mic_1.mrc" in read_problem(answer, 422)["message"]


@pytest.mark.parametrize("picture", ["tiles/0/0/0", "thumbnail"])
def test_a_truncated_file_is_named(client, folder, picture):
    assert client.get(f"/api/micrographs/mic_1/{picture}").status_code == 200
    path = folder / "mic_1.mrc"
    path.write_bytes(path.read_bytes()[:-1000])
    answer = client.get(f"/api/micrographs/mic_1/{picture}")
    assert "truncated" in read_problem(answer, 422)["message"]


def test_a_thumbnail_is_kept_in_the_project(client, project):
    picture = decode(client.get("/api/micrographs/mic_0/thumbnail"))
    assert picture.shape == (120, 160)
    assert (project.home / "cache" / "thumbnails" / "mic_0.jpg").exists()


def test_boxes_are_in_rows_of_columns(client):
    boxes = [{**BOX, "name": f"mic_{number % 3}"} for number in range(7)]
    question = {"boxes": boxes, "box_px": 50, "side": 40, "columns": 3}
    assert decode(client.post("/api/boxes", json=question)).shape == (120, 120)


def test_what_is_left_out_has_a_default(client):
    assert decode(client.post("/api/boxes", json={"boxes": [BOX], "box_px": 50})).shape == (96, 960)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"boxes": []}, "boxes"),
        ({"boxes": [BOX] * 201}, "boxes"),
        ({"box_px": 0}, "box_px"),
        ({"box_px": 1e9}, "box_px"),
        ({"side": 1000}, "side"),
        ({"columns": 0}, "columns"),
        ({"black": 60, "white": 50}, "black"),
        ({"lowpass_px": 1e4}, "lowpass_px"),
        ({"boxes": [{**BOX, "x_px": 1e12}]}, "boxes.0.x_px"),
    ],
)
def test_questions_that_cannot_be_answered_are_explained(client, change, field):
    question = {"boxes": [BOX], "box_px": 50, **change}
    answer = client.post("/api/boxes", json=question)
    assert read_problem(answer, 422)["field"] == field


def test_boxes_of_an_unknown_micrograph_are_not_found(client):
    question = {"boxes": [BOX, {**BOX, "name": "nobody"}], "box_px": 50}
    problem = read_problem(client.post("/api/boxes", json=question), 404)
    assert "'nobody'" in problem["message"]


def test_pictures_need_the_token(client):
    client.headers.pop("Authorization")
    for address in ("tiles/0/0/0", "thumbnail"):
        read_problem(client.get(f"/api/micrographs/mic_0/{address}"), 401)
    read_problem(client.post("/api/boxes", json={"boxes": [BOX], "box_px": 50}), 401)
