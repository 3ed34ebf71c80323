"""What may be asked for: everything that could only fail is refused at once, with the cure."""

import subprocess
import sys

import pytest

from deepem.errors import ConfigError, NotFoundError, TrainingDataError
from deepem.studio.jobs import picking, training
from deepem.studio.jobs.kinds import KINDS, find_kind
from deepem.studio.jobs.record import JOB_KINDS
from deepem.studio.labels import LabelStore
from deepem.studio.labels.operations import Operation


def test_a_training_says_what_it_learns_from(project):
    prepared = training.prepare(project, {"look_at": ["mic_0002"]})
    assert prepared.title == "Train on 6 particles of 1 micrograph"
    assert prepared.options.look_at == ("mic_0002",)
    assert (prepared.options.labels, prepared.options.network) == ("auto", "residual")
    assert (prepared.options.start, prepared.options.seed, prepared.options.updates) == (
        None,
        0,
        None,
    )


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"updates": 9}, "updates"),
        ({"updates": 5001}, "updates"),
        ({"updates": 1.5}, "updates"),
        ({"seed": -1}, "seed"),
        ({"labels": "most"}, "labels"),
        ({"network": "vgg"}, "network"),
        ({"start": "../1"}, "start"),
        ({"look_at": ["mic_0001", "elsewhere"]}, "look_at"),
        ({"look_at": "mic_0001"}, "look_at"),
        ({"epochs": 3}, "epochs"),
        ({"network": "deepem8", "updates": 20}, "updates"),
    ],
)
def test_a_training_with_impossible_options_is_refused(project, options, field):
    with pytest.raises(ConfigError) as caught:
        training.prepare(project, options)
    assert caught.value.field == field


def test_an_unknown_option_is_refused_with_those_there_are(project):
    with pytest.raises(ConfigError, match="look_at, seed, updates"):
        training.prepare(project, {"epochs": 3})


def test_a_training_needs_particles(project):
    store = LabelStore(project)
    labels = store.get("mic_0001").particles
    clicks = list(zip(labels.x_px.tolist(), labels.y_px.tolist(), strict=True))
    remove = [Operation("remove", "particle", x, y) for x, y in clicks]
    store.apply("mic_0001", remove[:2])
    with pytest.raises(TrainingDataError, match=r"click some particles first.*only 4 of them"):
        training.prepare(project, {})
    store.apply("mic_0001", remove[2:])
    with pytest.raises(TrainingDataError, match=r"at least 5.*there are none"):
        training.prepare(project, {})


def test_a_training_needs_a_diameter(project):
    project.update(diameter_angstrom=None)
    with pytest.raises(ConfigError, match="ruler") as caught:
        training.prepare(project, {})
    assert caught.value.field == "diameter"


def test_a_model_to_go_on_from_must_be_there(project):
    with pytest.raises(NotFoundError, match="no model '004'"):
        training.prepare(project, {"start": "004"})
    with pytest.raises(NotFoundError, match="no model '004'"):
        picking.prepare(project, {"model": "004"})


@pytest.mark.parametrize("options", [{}, {"model": "001", "workers": 0}, {"model": "a b"}])
def test_a_picking_with_impossible_options_is_refused(project, options):
    with pytest.raises(ConfigError):
        picking.prepare(project, options)


def test_all_kinds_of_jobs_are_there():
    assert set(KINDS) == set(JOB_KINDS)
    assert find_kind("train") == ("train", KINDS["train"])
    with pytest.raises(ConfigError, match="choose from train, pick"):
        find_kind("refine")


def test_the_server_needs_no_torch_for_jobs():
    code = "import sys, deepem.studio.jobs.queue as _; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("rate", "text"), [(3.14, "3.1 a second"), (1, "1.0 a second"), (0.21, "12.6 a minute")]
)
def test_a_rate_is_said_in_the_unit_that_suits_it(rate, text):
    assert picking.describe_rate(rate) == text
