"""The whole recipe ``dense``: from full labels, and from five clicks, to particles not seen."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from deepem.core import Micrograph, Picks
from deepem.errors import CheckpointError, ConfigError, MicrographError, TrainingDataError
from deepem.evaluation import evaluate
from deepem.networks import (
    NetworkDesign,
    ResidualDesign,
    ResidualNetwork,
    load_model,
    save_model,
)
from deepem.picking import Picker
from deepem.training import TrainingEvents, train

# Small and binned, so that it learns in seconds; the particle is 11 px wide there.
DESIGN = ResidualDesign(maps=8, dilations=(1, 2, 2), stem=5)
QUICK = {"design": DESIGN, "factor": 1.5, "updates": 60, "batch_size": 4, "learning_rate": 0.02}
# Learns next to nothing, which is enough to ask whether two trainings are the same.
NO_DESIGN = {"design": None, "factor": None}
BRIEF = {"design": ResidualDesign(maps=3, dilations=(1,), stem=3), "updates": 3, "batch_size": 1}


class Recorder(TrainingEvents):
    """Remembers what it was told, and goes on where a micrograph fails."""

    def __init__(self):
        self.n_micrographs = None
        self.stages, self.sizes, self.epochs, self.errors = [], [], [], {}
        self.first_models = []

    def planned(self, plan, n_train, n_valid):
        """Remember the numbers of micrographs."""
        self.n_micrographs = (n_train, n_valid)

    def began(self, stage):
        """Remember the stage."""
        self.stages.append(stage)

    def sampled(self, n_particles, n_negatives, n_held_out):
        """Remember the numbers."""
        self.sizes.append((n_particles, n_negatives, n_held_out))

    def trained(self, epoch):
        """Remember the epoch."""
        self.epochs.append(epoch)

    def first_model(self, model):
        """Remember the model, and how many stages had begun."""
        self.first_models.append((model, len(self.stages)))

    def failed(self, micrograph, error):
        """Remember the error and go on."""
        self.errors[micrograph.name] = error


@pytest.fixture(scope="session")
def scenes(simulate):
    return simulate(8)


@pytest.fixture(scope="session")
def run(scenes, diameter_angstrom):
    """Train on some micrographs, quickly."""

    def run(chosen, **options):
        logger = logging.getLogger("deepem.training")
        logger.setLevel(logging.ERROR)
        defaults = {
            "micrographs": [scene.micrograph for scene in chosen],
            "picks": [scene.truth for scene in chosen],
            "diameter_angstrom": diameter_angstrom,
        }
        try:
            return train(**(defaults | QUICK | options))
        finally:
            logger.setLevel(logging.NOTSET)

    return run


def validation(*scenes):
    return {
        "valid_micrographs": [scene.micrograph for scene in scenes],
        "valid_picks": [scene.truth for scene in scenes],
    }


def only(scene, n):
    """Return a micrograph of which only some particles are labelled."""
    return replace(scene, truth=scene.truth.take(np.arange(n)))


def score_on(model, scenes):
    radius_px = model.header.scale.diameter_px / 2
    picker = Picker(model)
    return evaluate(
        [picker.pick(scene.micrograph) for scene in scenes],
        [scene.truth for scene in scenes],
        max_distance_px=radius_px,
        edge_margin_px=radius_px,
    )


def assert_equal(one, other):
    one, other = one.network.state_dict(), other.network.state_dict()
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.fixture(scope="session")
def full(run, scenes):
    recorder = Recorder()
    options = {"complete": True, "events": recorder, **validation(scenes[3])}
    return run(scenes[:3], **options), recorder


def test_full_labels_find_the_particles_of_unseen_micrographs(full, scenes):
    model, recorder = full
    assert isinstance(model.network, ResidualNetwork)
    assert not model.network.training
    result = score_on(model, scenes[5:])
    assert result.recall > 0.95
    assert result.precision > 0.95
    assert recorder.stages == ["Training"]
    assert recorder.sizes == [(3 * 16, None, 0)]
    assert recorder.epochs[-1].valid_accuracy > 0.9


def test_the_header_says_what_was_learnt_from(full, scenes):
    model, recorder = full
    header, record = model.header, model.header.training
    assert header.design == DESIGN
    assert header.min_distance_px == pytest.approx(0.5 * header.scale.diameter_px)
    assert header.calibration is not None
    assert 0 < header.threshold < 1
    assert (record["recipe"], record["updates"], record["batch_size"]) == ("dense", 60, 4)
    assert (record["n_labels"], record["n_positives"]) == (48, 48)
    assert record["found_by_itself"] is False
    assert record["micrographs"] == [scene.micrograph.name for scene in scenes[:3]]
    assert record["threshold_from"] == "validation micrographs"
    assert record["held_out_accuracy"] == recorder.epochs[-1].valid_accuracy
    low, high = header.std_range
    found = Picker(model).scan(scenes[5].micrograph)
    assert ((low < found.std[:16]) & (found.std[:16] < high)).mean() > 0.9


@pytest.fixture(scope="session")
def five(run, scenes):
    recorder = Recorder()
    model = run(
        [only(scenes[0], 5)],
        unlabelled=[scene.micrograph for scene in scenes[1:3]],
        events=recorder,
    )
    return model, recorder


def test_five_labels_find_the_particles_of_unseen_micrographs(five, scenes):
    model, recorder = five
    assert score_on(model, scenes[5:]).f1 > 0.9
    record = model.header.training
    assert (record["n_labels"], record["found_by_itself"]) == (5, True)
    # Most of the particles of all three micrographs were found, and little else.
    assert 0.75 * 48 < record["n_positives"] <= 1.1 * 48
    assert recorder.sizes == [(record["n_positives"], None, 0)]
    assert record["micrographs"] == [scene.micrograph.name for scene in scenes[:3]]
    assert recorder.stages[0] == "Learning from the labels alone"
    assert recorder.stages[-1] == "Training"


def test_without_complete_labels_scores_are_not_said_to_be_probabilities(five):
    model, _ = five
    header = model.header
    assert header.calibration is None
    assert header.training["threshold_from"] == "no micrograph with all its particles"
    assert 0.5 <= header.threshold < 1


def test_a_first_model_picks_before_the_training_ends(five, scenes):
    """It comes after the clicks were learnt, finds most particles, and little else."""
    model, recorder = five
    ((first, n_stages),) = recorder.first_models
    assert n_stages == 1
    assert first is not model
    assert not first.network.training
    result = score_on(first, scenes[5:])
    assert result.recall > 0.6
    assert result.precision > 0.8
    header, record = first.header, first.header.training
    assert header.scale == model.header.scale
    assert header.min_distance_px == model.header.min_distance_px
    assert header.threshold == 0.75
    assert header.calibration is None
    assert (record["n_labels"], record["n_positives"]) == (5, 5)
    assert record["found_by_itself"] is False
    assert record["micrographs"] == [scenes[0].micrograph.name]


def test_a_first_model_knows_its_training_set_and_can_be_saved(run, scenes, tmp_path):
    recorder = Recorder()
    origin = {"name": "labels", "fingerprint": "0" * 32}
    run([only(scenes[0], 5)], **BRIEF, complete=False, events=recorder, training_set=origin)
    ((first, _),) = recorder.first_models
    assert first.header.training["training_set"] == origin
    saved = load_model(save_model(first, tmp_path / "first.deepem"))
    assert saved.header == first.header
    assert saved.fingerprint() == first.fingerprint()


def test_to_be_told_of_a_first_model_changes_nothing(run, scenes):
    class PicksAtOnce(TrainingEvents):
        def first_model(self, model):
            """Use the model, as a program would that shows first picks."""
            Picker(model).pick(scenes[1].micrograph)

    clicked = [only(scenes[0], 5)]
    assert_equal(
        run(clicked, **BRIEF, complete=False, events=PicksAtOnce()),
        run(clicked, **BRIEF, complete=False),
    )


def test_where_all_is_labelled_or_a_model_is_given_there_is_no_first_model(run, scenes, five):
    recorder = Recorder()
    run(scenes[:2], **BRIEF, complete=True, events=recorder)
    chosen = [only(scenes[0], 5)]
    run(chosen, complete=False, updates=2, start=five[0], events=recorder, **NO_DESIGN)
    assert recorder.first_models == []


def test_labels_that_are_complete_although_few_are_recognised(run, scenes):
    recorder = Recorder()
    model = run(scenes[:1], unlabelled=[scenes[1].micrograph], events=recorder)
    record = model.header.training
    assert record["found_by_itself"] is False
    assert record["n_positives"] == record["n_labels"] == 16
    # What has no labels is not learnt from then.
    assert record["micrographs"] == [scenes[0].micrograph.name]
    assert record["threshold_from"] == "training micrographs"
    assert recorder.stages == ["Learning from the labels alone", "Training"]


def test_a_few_clicks_on_each_of_many_micrographs_are_not_measured_on(run, scenes):
    """Five micrographs or more, of which none is complete: a fifth of them tells nothing."""
    recorder = Recorder()
    clicked = [only(scene, 1) for scene in scenes[:5]]
    record = run(clicked, **BRIEF, complete=False, events=recorder).header.training
    assert recorder.n_micrographs == (5, 0)
    assert record["n_labels"] == 5
    recorder = Recorder()
    run(clicked, **BRIEF, events=recorder)
    assert recorder.n_micrographs == (5, 0)


def test_what_the_user_says_is_not_asked(run, scenes):
    for complete, n_stages in ((True, 1), (False, 3)):
        recorder = Recorder()
        run(scenes[:1], **BRIEF, complete=complete, events=recorder)
        assert len(recorder.stages) == n_stages


def test_labels_are_never_lost_and_complete_micrographs_stay_as_they_are(run, scenes):
    recorder = Recorder()
    names = [scene.micrograph.name for scene in scenes[:2]]
    run(
        [scenes[0], only(scenes[1], 5)],
        **BRIEF,
        complete={names[0]: True, names[1]: False},
        events=recorder,
    )
    assert recorder.sizes[0][0] >= 16 + 5


def test_same_seed_same_model_whatever_the_order(run, scenes):
    chosen = [only(scene, 4) for scene in scenes[:3]]
    others = [scene.micrograph for scene in scenes[3:6]]
    options = {**BRIEF, "complete": False}
    one = run(chosen, unlabelled=others, **options)
    same = run(chosen[::-1], unlabelled=others[::-1], **options)
    other = run(chosen, unlabelled=others, seed=1, **options)
    assert_equal(one, same)
    assert one.header == same.header
    assert not torch.equal(one.network.head.weight, other.network.head.weight)


def test_global_random_numbers_neither_matter_nor_change(run, scenes):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        before = torch.random.get_rng_state()
        one = run(scenes[:1], **BRIEF, complete=True)
        assert torch.equal(torch.random.get_rng_state(), before)
        torch.manual_seed(2)
        assert_equal(one, run(scenes[:1], **BRIEF, complete=True))


def test_a_micrograph_that_fails_is_told_and_left_out(run, scenes):
    flat = Micrograph.from_array(np.zeros((240, 310)), name="flat", pixel_size_angstrom=15)
    small = Micrograph.from_array(np.eye(20), name="small", pixel_size_angstrom=15)
    clicked = only(scenes[0], 5)
    given = {
        "micrographs": [flat, clicked.micrograph],
        "picks": [Picks("flat", [100], [100]), clicked.truth],
        "complete": False,
        **BRIEF,
    }
    recorder = Recorder()
    model = run([], unlabelled=[small, scenes[1].micrograph], events=recorder, **given)
    assert set(recorder.errors) == {"flat", "small"}
    assert "leave it out" in str(recorder.errors["flat"])
    names = [scene.micrograph.name for scene in scenes[:2]]
    assert model.header.training["micrographs"] == names
    without = run([clicked], unlabelled=[scenes[1].micrograph], complete=False, **BRIEF)
    assert_equal(model, without)
    with pytest.raises(MicrographError, match="flat: every pixel"):
        run([], **given)


@pytest.mark.parametrize("n", [0, 4])
def test_too_few_particles_are_refused_with_the_number_needed(run, scenes, n):
    with pytest.raises(TrainingDataError, match=rf"only {n} particles .* Label at least 5, better"):
        run([only(scenes[0], n)])


def test_particles_at_the_edge_do_not_count(run, scenes):
    micrograph = scenes[0].micrograph
    at_edge = Picks(micrograph.name, np.arange(20, 300, 20), np.full(14, 3))
    with pytest.raises(TrainingDataError, match=r"only 0 .*\(14 labels on 1 micrographs, less"):
        run([], micrographs=[micrograph], picks=[at_edge])


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"epochs": 3}, "epochs"),
        ({"updates": 0}, "updates"),
        ({"batch_size": 0}, "batch size"),
        ({"seed": -1}, "seed"),
        ({"learning_rate": -1}, "learning rate"),
        ({"activation": "relu"}, "network"),
        ({"factor": 0}, "bin"),
    ],
)
def test_impossible_options_are_refused_before_anything_is_read(run, scenes, options, field):
    with pytest.raises(ConfigError) as caught:
        run(scenes[:6], **options)
    assert caught.value.field == field


def test_a_training_goes_on_from_a_model(run, full, scenes):
    """From a good network few steps keep it good; from none they lead nowhere."""
    model, _ = full
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    few = {"updates": 6, "complete": True, **validation(scenes[3])}
    # Design and scale are those of the model, whatever else is asked.
    further = run(scenes[:2], start=model, design=None, factor=None, **few)
    assert further.header.design == DESIGN
    assert further.header.scale == model.header.scale
    assert not torch.equal(further.network.head.weight, model.network.head.weight)
    assert all(torch.equal(before[name], v) for name, v in model.network.state_dict().items())
    afresh = run(scenes[:2], **few)
    figures = [score_on(m, scenes[5:6]).average_precision for m in (further, afresh)]
    assert figures[0] > 0.9
    assert further.header.training["error"] < 0.6 * afresh.header.training["error"]


def test_a_model_finds_what_was_not_labelled_on_the_next_micrograph(run, full, scenes):
    model, _ = full
    recorder = Recorder()
    further = run(
        [only(scenes[4], 6)],
        start=model,
        design=None,
        factor=None,
        updates=3,
        complete=False,
        events=recorder,
    )
    assert "Learning from the labels alone" not in recorder.stages
    assert 13 <= further.header.training["n_positives"] <= 17


class PowerCut(Exception):  # noqa: N818 (as a user would)
    """The power fails."""


class Failing(TrainingEvents):
    """Fails at the first report of the last stage."""

    def began(self, stage):
        """Remember the stage."""
        self._stage = stage

    def trained(self, epoch):
        """Fail."""
        if self._stage == "Training":
            raise PowerCut


@pytest.mark.parametrize("complete", [True, False])
def test_an_interrupted_training_goes_on_to_the_same_model(run, scenes, tmp_path, complete):
    path = tmp_path / "unfinished"
    brief = BRIEF | {"updates": 53, "complete": complete, "checkpoint": path}
    chosen = [only(scenes[0], 16 if complete else 6)]
    with pytest.raises(PowerCut):
        run(chosen, events=Failing(), **brief)
    assert path.exists()
    recorder = Recorder()
    resumed = run(chosen, events=recorder, **brief)
    assert recorder.epochs[-1].number == 2
    unbroken = run(chosen, **(brief | {"checkpoint": None}))
    assert_equal(resumed, unbroken)
    assert resumed.header == unbroken.header
    if complete:
        assert [epoch.number for epoch in recorder.epochs] == [2]
        finished = run(chosen, **brief)  # nothing is left to do
        assert_equal(finished, unbroken)
        with pytest.raises(CheckpointError, match="--overwrite"):
            run(chosen, **(brief | {"learning_rate": 0.005}))


def test_a_checkpoint_of_other_labels_is_refused(run, scenes, tmp_path):
    brief = BRIEF | {"complete": True, "checkpoint": tmp_path / "unfinished"}
    run(scenes[:1], **brief)
    with pytest.raises(CheckpointError, match="--overwrite"):
        run([only(scenes[0], 15)], **brief)
    with pytest.raises(CheckpointError, match="--overwrite"):
        run(scenes[:1], **(brief | {"updates": 4}))


def test_a_network_of_boxes_is_no_start_for_it(run, scenes):
    boxes = run(
        scenes[:1],
        design=None,
        factor=None,
        network="deepem8",
        updates=None,
        epochs=1,
        learning_rate=None,
    )
    further = run(
        scenes[:1], start=boxes, design=None, factor=None, updates=None, epochs=1,
        learning_rate=None,
    )  # fmt: skip
    assert isinstance(further.header.design, NetworkDesign)
