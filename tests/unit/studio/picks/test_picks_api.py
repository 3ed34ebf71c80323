"""What the page is told of picks, and what it may ask."""

import math

import numpy as np
import pytest

from deepem.core import Picks
from deepem.evaluation.expectation import expect
from deepem.io import write_picks
from deepem.studio.jobs.pick_set import begin_pick_set

from .conftest import CALIBRATION, DIAMETER_PX, KEPT_X, ROWS

pytestmark = pytest.mark.usefixtures("picked")
PICKS = "/api/picks"
SET = f"{PICKS}/001"


def get(client, address, **query):
    answer = client.get(address, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_sets_are_listed(client):
    (known,) = get(client, PICKS)["sets"]
    selection = {"threshold": 0.3, "std_low": 0.5, "std_high": 1.5}
    assert known.pop("created")
    assert known == {
        "id": "001",
        "title": "Model 001, from 12 labels",
        "kind": "model",
        "model": "001",
        "n_micrographs": 2,
        "is_calibrated": True,
        "score_min": 0.0,
        "score_max": 1.0,
        "default": selection,
        "selection": selection,
    }


def test_those_made_last_come_first(client, project, write_model, write_candidates):
    folder = begin_pick_set(project, "002", write_model("002"))
    write_candidates(folder, "mic_0", ROWS)
    assert [known["id"] for known in get(client, PICKS)["sets"]] == ["002", "001"]


def test_a_damaged_set_does_not_hide_the_others(client, project):
    folder = project.imported_dir / "bad"
    folder.mkdir(parents=True)
    (folder / "coordinates.csv").touch()
    (folder / "pickset.json").write_text("{}")
    assert [known["id"] for known in get(client, PICKS)["sets"]] == ["001"]


def test_the_summary_counts_and_expects(client):
    summary = get(client, f"{SET}/summary")
    expected = summary.pop("expected")
    assert summary == {
        "n_candidates": 8,
        "n_kept": 4,
        "rejected": {"junk": 1, "standard deviation": 1, "edge": 1},
        "n_micrographs": 2,
    }
    # As `deepem pick` expects it of its candidates.
    usable = [0.95, 0.8, 0.6, 0.3, 0.2]
    whole = expect(
        Picks("m", usable, usable, score=usable),
        logit_error_factor=CALIBRATION.logit_error_factor,
    ).at(0.3)
    for name, value in expected.items():
        assert value == pytest.approx(getattr(whole, name))


@pytest.mark.parametrize(
    ("query", "n_kept", "rejected"),
    [
        ({"threshold": 0.3}, 5, (1, 0, 1)),  # any deviation
        ({"threshold": 0.3, "std_high": 1.0}, 3, (1, 2, 1)),
        ({"threshold": 0.61}, 2, (1, 0, 0)),
        ({"threshold": 2}, 0, (0, 0, 0)),
        ({"threshold": -5, "std_low": 0.95}, 5, (1, 1, 1)),
    ],
)
def test_the_sliders_say_what_is_kept(client, query, n_kept, rejected):
    summary = get(client, f"{SET}/summary", **query)
    assert summary["n_kept"] == n_kept
    assert tuple(summary["rejected"].values()) == rejected


def test_of_nothing_kept_there_is_no_precision(client):
    query = {"threshold": 0.99, "std_low": 0.5, "std_high": 1.5}
    expected = get(client, f"{SET}/summary", **query)["expected"]
    assert expected["precision"] is None
    assert expected["recall"] == 0.0


def test_a_wider_range_than_the_calibrations_has_no_expectation(client):
    wider = {"threshold": 0.3, "std_low": 0.4, "std_high": 1.5}
    narrower = {"threshold": 0.3, "std_low": 0.95, "std_high": 1.5}
    assert get(client, f"{SET}/summary", **wider)["expected"] is None
    assert get(client, f"{SET}/summary", threshold=0.3)["expected"] is None
    expected = get(client, f"{SET}/summary", **narrower)["expected"]
    # The pick at 0.3 is lost by its deviation, and is missed like those below the threshold.
    assert expected["recall"] == pytest.approx((0.95 + 0.8 + 0.6) / 2.85)


def test_scores_that_are_no_probabilities_have_no_expectation(
    client, project, write_model, write_candidates
):
    folder = begin_pick_set(project, "002", write_model("002", calibration=None))
    write_candidates(folder, "mic_0", ROWS)
    assert get(client, f"{PICKS}/002/summary")["expected"] is None
    assert not get(client, PICKS)["sets"][0]["is_calibrated"]


def test_each_micrograph_is_counted(client):
    counts = get(client, f"{SET}/counts", threshold=0.3, std_low=0.5, std_high=1.5)
    assert counts == {"names": ["mic_0", "mic_1"], "n": [4, 0], "mean_score": [0.6625, None]}


def test_histograms_leave_out_junk_and_edge(client):
    answer = get(client, f"{SET}/histogram")
    score, std = answer["score"], answer["std"]
    for histogram in (score, std):
        assert (len(histogram["edges"]), len(histogram["counts"])) == (51, 50)
    assert (score["edges"][0], score["edges"][-1]) == (0.0, 1.0)
    places = [index for index, n in enumerate(score["counts"]) if n]
    assert places == [10, 15, 20, 30, 40, 47]
    assert sum(std["counts"]) == 6  # 0.2 is above half the threshold
    assert std["edges"][0] <= 0.5
    assert std["edges"][-1] >= 1.5


def test_all_candidates_of_a_micrograph_come_best_first(client):
    answer = get(client, f"{SET}/micrographs/mic_0")
    assert answer["x_px"] == [row[0] for row in ROWS]
    assert answer["y_px"] == [row[1] for row in ROWS]
    assert answer["score"] == [row[2] for row in ROWS]
    assert answer["std"] == [float(np.float32(row[3])) for row in ROWS]  # as it is judged
    assert answer["fails"] == [0, 0, 1, 0, 2, 0, 0, 0]
    assert (answer["box_size_px"], answer["diameter_px"]) == (60, DIAMETER_PX)
    assert get(client, f"{SET}/micrographs/mic_1")["x_px"] == []


@pytest.mark.parametrize(
    ("order", "total", "x_px"),
    [
        ("highest", 4, KEPT_X),
        ("lowest", 4, KEPT_X[::-1]),
        ("nearest", 5, [250.0, 120.0, 16.0, 150.25, 100.0]),
    ],
)
def test_the_gallery_has_an_order_and_pages(client, order, total, x_px):
    whole = get(client, f"{SET}/gallery", order=order)
    assert whole["total"] == total
    assert [box["x_px"] for box in whole["boxes"]] == x_px
    page = get(client, f"{SET}/gallery", order=order, offset=1, limit=2)
    assert page == {"total": total, "boxes": whole["boxes"][1:3]}
    assert whole["boxes"][x_px.index(150.25)] == {
        "name": "mic_0", "x_px": 150.25, "y_px": 60.5, "score": 0.8, "std": 1.2,
    }  # fmt: skip
    assert get(client, f"{SET}/gallery", order=order, name="mic_1")["total"] == 0


def test_suggestions_leave_out_what_is_complete(client, picked, write_candidates):
    write_candidates(picked, "mic_1", [(50.0, 50.0, 0.5, 1.0)])
    write_candidates(picked, "mic_2", [(50.0, 50.0, 0.99, 1.0)])
    answer = get(client, f"{SET}/suggestions")
    assert [one["name"] for one in answer["suggestions"]] == ["mic_0", "mic_1", "mic_2"]
    first = answer["suggestions"][0]
    # 0.05 + 0.2 + 0.4 + 0.3 + 0.2: not those in junk, at the edge or of another deviation.
    assert first["score"] == pytest.approx(1.15)
    assert first["reasons"] == ["2 doubtful picks"]
    region = first["regions"][0]
    assert 0 <= region["x_px"] <= region["x_px"] + region["width_px"] <= 320

    change = {"operations": [], "complete": True}
    assert client.post("/api/micrographs/mic_0/labels", json=change).status_code == 200
    add = {"op": "add", "kind": "particle", "x_px": 50, "y_px": 50}
    change = {"operations": [add]}
    assert client.post("/api/micrographs/mic_1/labels", json=change).status_code == 200
    answer = get(client, f"{SET}/suggestions")
    assert [one["name"] for one in answer["suggestions"]] == ["mic_1", "mic_2"]
    assert answer["suggestions"][0]["score"] == pytest.approx(0.15)
    assert len(get(client, f"{SET}/suggestions", n=1)["suggestions"]) == 1


def test_the_sliders_are_kept(client):
    chosen = {"threshold": 0.61, "std_low": None, "std_high": 1.1}
    answer = client.put(f"{SET}/selection", json=chosen)
    assert answer.status_code == 200
    assert answer.json()["selection"] == chosen
    assert get(client, f"{SET}/summary")["n_kept"] == 1
    assert get(client, f"{SET}/gallery")["total"] == 1


def test_coordinates_are_brought_in(client, folder, project):
    project.update(diameter_px=40)
    write_picks(Picks("mic_2", [10, 200], [20, 30]), folder / "mic_2.star", format="star")
    answer = client.post(f"{PICKS}/import", json={"paths": ["mic_2.star"], "title": "RELION"})
    assert answer.status_code == 201
    known = answer.json()
    assert (known["id"], known["kind"], known["n_micrographs"]) == (
        "imported-RELION", "imported", 1,
    )  # fmt: skip
    assert (known["score_min"], known["score_max"]) == (None, None)
    address = f"{PICKS}/{known['id']}"
    candidates = get(client, f"{address}/micrographs/mic_2")
    assert candidates["x_px"] == [10, 200]
    assert candidates["score"] == [1, 1]
    assert candidates["std"] == [None, None]
    assert (candidates["box_size_px"], candidates["diameter_px"]) == (60, 40)
    assert get(client, f"{address}/summary")["n_kept"] == 2
    assert sum(get(client, f"{address}/histogram")["score"]["counts"]) == 2
    refused = client.get(f"{address}/suggestions")
    assert refused.status_code == 422
    assert "was not picked by a model" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "address",
    [
        f"{PICKS}/999/summary",
        f"{PICKS}/labels/summary",
        f"{SET}/micrographs/mic_2",
        f"{SET}/micrographs/none",
        f"{SET}/gallery?name=mic_2",
        f"{SET}/gallery?name=none",
    ],
)
def test_what_is_not_there_is_not_found(client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (f"{SET}/summary?threshold=nan", "threshold"),
        (f"{SET}/summary?threshold=inf", "threshold"),
        (f"{SET}/summary?threshold=0.5&std_low=1&std_high=1", "std_low"),
        (f"{SET}/gallery?order=best", "order"),
        (f"{SET}/gallery?limit=100000", "limit"),
        (f"{SET}/gallery?offset=-1", "offset"),
        (f"{SET}/suggestions?n=0", "n"),
    ],
)
def test_bad_values_are_named(client, address, field):
    answer = client.get(address)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field


@pytest.mark.parametrize("threshold", [1.5, -1, math.pi * 1e300])
def test_a_threshold_that_no_score_can_have_is_not_kept(client, threshold):
    answer = client.put(f"{SET}/selection", json={"threshold": threshold})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "threshold"
    assert get(client, PICKS)["sets"][0]["selection"]["threshold"] == 0.3
