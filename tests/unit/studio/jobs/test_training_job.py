"""A training from the page: first picks while it runs, then a model, and picks to review."""

import json

import numpy as np
import pytest
import torch

from deepem.networks import load_model
from deepem.picking.scanned import read_scanned, scanned_path
from deepem.studio.jobs.models import list_models
from deepem.training import TrainingSet, train

from .conftest import N_CLICKS, N_UPDATES

MICROGRAPHS = ["mic_0001", "mic_0002", "mic_0003", "mic_0004"]


def list_picked(project, set_id):
    """Names of the micrographs that a set of picks has candidates of."""
    folder = project.picks_dir / set_id
    return [name for name in MICROGRAPHS if read_scanned(scanned_path(folder, name)) is not None]


def test_the_result_names_what_was_made(trained):
    result = trained.job.result
    assert (result["model"], result["picks"], result["first_picks"]) == ("001", "001", "001-quick")
    assert (result["n_labels"], result["threshold"], result["validation"]) == (N_CLICKS, 0.8, None)
    assert 0 < result["seconds_to_first_picks"] < result["seconds"]
    assert trained.job.fraction == 1
    assert trained.job.problem is None
    assert trained.job.started < trained.job.ended


def test_pages_are_told_from_waiting_to_done(trained):
    states = trained.heard.jobs(trained.job.id)
    order = list(dict.fromkeys(job["state"] for job in states))
    assert order == ["queued", "running", "done"]
    fractions = [job["fraction"] for job in states if job["fraction"] is not None]
    assert fractions == sorted(fractions)
    assert any(0 < fraction < 0.9 for fraction in fractions)
    first = next(job for job in states if "first_picks" in job["result"])
    assert first["state"] == "running"
    assert "model" not in first["result"]
    picks = trained.heard.picks()
    assert picks.index("001-quick") < picks.index("001")
    assert states[-1] == json.loads(trained.job.model_dump_json())


def test_the_curves_have_every_stage_of_the_training(trained):
    stages = list(dict.fromkeys(point.stage for point in trained.job.curve))
    assert stages == [
        "Learning from the labels alone",
        "Learning from what was found, round 1",
        "Training",
    ]
    assert all(np.isfinite(point.loss) for point in trained.job.curve)
    assert all(point.valid_accuracy is None for point in trained.job.curve)


def test_first_picks_are_of_what_was_looked_at_and_labelled(trained):
    project = trained.project
    assert list_picked(project, "001-quick") == ["mic_0001", "mic_0003"]
    assert list_picked(project, "001") == MICROGRAPHS
    for set_id, is_quick in (("001-quick", True), ("001", False)):
        told = json.loads((project.picks_dir / set_id / "pickset.json").read_text())
        assert (told["model"], told["is_quick"]) == (set_id, is_quick)
        assert told["title"].endswith(f"from {N_CLICKS} labels")
        assert told["created"] <= trained.job.ended


def test_both_models_are_kept_and_listed(trained):
    final, quick = list_models(trained.project)
    assert (final.id, final.is_quick, quick.id, quick.is_quick) == (
        "001",
        False,
        "001-quick",
        True,
    )
    assert (final.n_labels, quick.n_labels) == (N_CLICKS, N_CLICKS)
    assert quick.threshold == 0.75


def test_its_labels_are_kept_and_make_the_same_model_again(trained):
    """The folder of labels beside a model is all that is needed to repeat it."""
    project = trained.project
    known = TrainingSet.load(project.models_dir / "001" / "labels")
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        again = train(
            known.micrographs(),
            known.picks(),
            negatives=known.negatives(),
            complete=dict(zip(known.names, known.complete(), strict=True)),
            unlabelled=[project.open(name) for name in MICROGRAPHS[1:]],
            diameter_angstrom=known.diameter_angstrom,
            updates=N_UPDATES,
            training_set=known.to_record(),
        )
    finally:
        torch.set_num_threads(n_threads)
    model = load_model(project.models_dir / "001" / "model.deepem")
    assert model.header == again.header
    assert model.fingerprint() == again.fingerprint()


@pytest.mark.slow
def test_going_on_from_a_model_has_no_first_picks(trained_project, run_job):
    options = {"updates": N_UPDATES, "start": "001"}
    job = run_job(trained_project, "train", options)
    assert job.state == "done"
    assert job.title == "Train on 6 particles of 1 micrograph, going on from model 001"
    assert (job.result["model"], job.result["picks"]) == ("002", "002")
    assert "first_picks" not in job.result
    record = load_model(trained_project.models_dir / "002" / "model.deepem").header.training
    assert record["parent_name"] == "model.deepem"
    assert [model.id for model in list_models(trained_project)] == ["002", "001", "001-quick"]


def test_a_training_that_fails_says_why_and_leaves_no_model(project, run_job):
    """Five particles of which the edge cuts one are too few, which only the training sees."""
    from deepem.studio.labels import LabelStore
    from deepem.studio.labels.operations import Operation

    store = LabelStore(project)
    particles = store.get("mic_0001").particles
    places = zip(particles.x_px.tolist(), particles.y_px.tolist(), strict=True)
    remove = [Operation("remove", "particle", x, y) for x, y in places][1:]
    at_edge = [Operation("add", "particle", 1.0 + 20 * i, 1.0) for i in range(4)]
    store.apply("mic_0001", [*remove, *at_edge])
    job = run_job(project, "train", {"updates": N_UPDATES})
    assert job.state == "failed"
    assert "only 1 particles to learn from" in job.problem
    assert "Label at least 5" in job.problem
    assert any("only 1 particles" in line for line in job.log)
    assert list(project.models_dir.iterdir()) == []


@pytest.mark.slow
def test_a_micrograph_that_cannot_be_read_is_left_out(project, run_job):
    path = project.file("mic_0004").path
    path.write_bytes(path.read_bytes()[:2000])
    job = run_job(project, "train", {"updates": N_UPDATES, "look_at": ["mic_0004", "mic_0002"]})
    assert job.state == "done"
    assert list_picked(project, "001") == ["mic_0001", "mic_0002", "mic_0003"]
    assert any("mic_0004" in line for line in job.log)
