"""The learning cycle: mistakes go into the training set, and the error falls."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from deepem.core import Picks
from deepem.errors import ConfigError, OutputError, TrainingDataError
from deepem.io import open_micrograph, place_picks
from deepem.networks import save_model
from deepem.simulation import write_scene
from deepem.training import TrainingSet, refine, train, train_in_cycles
from deepem.training.learning import list_known

# The residual network learns a little in few steps; that of boxes is quick.
LITTLE = {
    "residual": {"updates": 4, "batch_size": 2},
    "deepem8": {"epochs": 1, "batch_size": 20},
}
MORE = {
    "residual": {"updates": 20, "batch_size": 4},
    "deepem8": {"epochs": 12, "batch_size": 10},
}


@pytest.fixture(autouse=True)
def _log_at_errors_only():
    logger = logging.getLogger("deepem.training")
    logger.setLevel(logging.ERROR)  # few particles, we know
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def labelled(simulate, tmp_path_factory):
    """Seven micrographs in files, and their particles."""
    folder = tmp_path_factory.mktemp("mics")
    opened = []
    for scene in simulate(7):
        micrograph = open_micrograph(write_scene(scene, folder))
        opened.append((micrograph, place_picks(scene.truth, micrograph)))
    return opened


@pytest.fixture(scope="module")
def models(labelled, diameter_angstrom):
    """A model of each network that has learnt a little from the first two micrographs."""
    return {
        network: train(
            *split(labelled[:2]),
            network=network,
            diameter_angstrom=diameter_angstrom,
            complete=True,
            **valid(labelled[6:]),
            **options,
        )
        for network, options in LITTLE.items()
    }


def split(labelled):
    return [m for m, _ in labelled], [picks for _, picks in labelled]


def valid(labelled):
    micrographs, picks = split(labelled)
    return {"valid_micrographs": micrographs, "valid_picks": picks}


def weights_of(model):
    return torch.nn.utils.parameters_to_vector(model.network.parameters()).detach()


@pytest.mark.parametrize("network", LITTLE)
def test_the_error_falls_and_the_model_says_where_it_comes_from(
    network, models, labelled, tmp_path
):
    path = save_model(models[network], tmp_path / "first.deepem")
    done = refine(
        path,
        *split(labelled[2:4]),
        training_set=tmp_path / "set",
        **valid(labelled[4:6]),
        **MORE[network],
    )
    assert done.error_after.error < done.error_before.error
    assert not done.is_worse
    assert done.measured_on == ("mic_0005", "mic_0006")
    record = done.model.header.training
    assert record["parent"] == models[network].fingerprint()
    assert record["parent_name"] == "first.deepem"
    assert record["training_set"]["name"] == "set"
    assert record["training_set"]["fingerprint"] == TrainingSet.load(tmp_path / "set").fingerprint()
    assert record["seed"] == 0
    assert list_known(done.model) == ["mic_0001", "mic_0002", "mic_0003", "mic_0004", "mic_0007"]


def test_the_set_holds_the_true_ones_and_the_mistakes(models, labelled, tmp_path):
    """Marked places are there once, though the model may have picked them as well."""
    micrographs, picks = split(labelled[2:4])
    marked = Picks("mic_0003", [1.0, 200.0], [1.0, 3.0], frame=micrographs[0].frame)
    done = refine(
        models["deepem8"],
        micrographs,
        picks,
        negatives=[marked],
        training_set=tmp_path / "set",
        **valid(labelled[4:5]),
        **LITTLE["deepem8"],
    )
    labels = TrainingSet.load(tmp_path / "set")
    assert labels.names == ["mic_0003", "mic_0004"]
    assert labels.complete() == [True, True]
    for stored, true in zip(labels.picks(), picks, strict=True):
        np.testing.assert_allclose(np.sort(stored.x_px), np.sort(true.x_px), atol=1e-3)
    n_stored = sum(map(len, labels.negatives()))
    assert 2 <= n_stored <= 2 + done.n_false
    assert done.changes.n_negatives_added == n_stored
    (stated,) = labels.history
    assert stated == done.round
    assert stated.model_fingerprint == models["deepem8"].fingerprint()
    assert stated.error_before == pytest.approx(done.error_before.error)
    assert stated.error_after == pytest.approx(done.error_after.error)


def test_a_new_micrograph_is_held_out_where_nothing_is_named(models, labelled, tmp_path):
    """It is in the set, not learnt from, and measured on again the next time."""
    options = {"training_set": tmp_path / "set", **LITTLE["deepem8"]}
    first = refine(models["deepem8"], *split(labelled[2:4]), **options)
    (held_out,) = first.measured_on
    assert held_out in {"mic_0003", "mic_0004"}
    assert held_out not in first.model.header.training["micrographs"]
    assert TrainingSet.load(tmp_path / "set").names == ["mic_0003", "mic_0004"]

    second = refine(first.model, *split(labelled[4:5]), **options)
    assert second.measured_on == (held_out,)
    assert second.error_before == first.error_after
    assert second.round.number == 2
    assert held_out not in list_known(second.model)


@pytest.mark.parametrize("complete", [True, False])
def test_one_new_micrograph_measures_the_old_model_only(complete, models, labelled, tmp_path):
    done = refine(
        models["deepem8"],
        *split(labelled[2:3]),
        complete=complete,
        training_set=tmp_path / "set",
        **LITTLE["deepem8"],
    )
    assert done.error_after is None
    assert done.round.error_after is None
    assert (done.error_before is not None) == complete
    assert done.measured_on == (("mic_0003",) if complete else ())
    if not complete:
        assert done.n_false == 0
        assert done.changes.n_negatives_added == 0


def test_a_micrograph_that_was_learnt_from_is_not_measured_on(models, labelled, tmp_path):
    done = refine(
        models["deepem8"],
        *split(labelled[:2]),
        training_set=tmp_path / "set",
        **LITTLE["deepem8"],
    )
    assert done.error_before is None
    assert done.measured_on == ()


def test_a_worse_model_is_said(models, labelled, tmp_path):
    done = refine(
        models["deepem8"],
        *split(labelled[2:3]),
        training_set=tmp_path / "set",
        **valid(labelled[4:5]),
        **LITTLE["deepem8"],
    )
    worse = replace(done.error_before, f2=done.error_before.f2 - 0.01)
    assert replace(done, error_after=worse).is_worse


def test_a_failed_training_leaves_the_set_alone(models, labelled, tmp_path):
    labels = TrainingSet.create(tmp_path / "set", diameter_px=17)
    before = {path: path.read_bytes() for path in (tmp_path / "set").rglob("*.*")}
    particles = [Picks(m.name, frame=m.frame) for m, _ in labelled[2:4]]
    with pytest.raises(TrainingDataError, match="Label at least 5"):
        refine(
            models["deepem8"],
            [m for m, _ in labelled[2:4]],
            particles,
            training_set=labels.folder,
        )
    assert {p: p.read_bytes() for p in (tmp_path / "set").rglob("*.*")} == before


@pytest.mark.parametrize(("network", "wrong"), [("residual", "epochs"), ("deepem8", "updates")])
def test_steps_of_the_other_network(network, wrong, models, labelled, tmp_path):
    with pytest.raises(ConfigError, match=r"give (updates|epochs) for"):
        refine(models[network], *split(labelled[2:3]), training_set=tmp_path / "set", **{wrong: 3})


def test_what_is_measured_on_is_not_learnt_from(models, labelled, tmp_path):
    with pytest.raises(ConfigError, match="leave it out of one"):
        refine(
            models["deepem8"],
            *split(labelled[2:4]),
            training_set=tmp_path / "set",
            **valid(labelled[3:4]),
        )


@pytest.fixture
def run_cycles(labelled, diameter_angstrom, tmp_path):
    def run(chosen=labelled, *, folder="cycles", network="deepem8", **options):
        defaults = {"n_cycles": 2, **LITTLE[network]}
        return train_in_cycles(
            *split(chosen),
            training_set=tmp_path / folder,
            network=network,
            diameter_angstrom=diameter_angstrom,
            **defaults | options,
        )

    return run


@pytest.mark.parametrize("network", LITTLE)
def test_cycles_learn_from_new_micrographs_in_turn(network, run_cycles, labelled, tmp_path):
    seen = []
    done = run_cycles(labelled[:4], network=network, on_cycle=seen.append)
    assert done.reason == "cycles"
    assert tuple(seen) == done.cycles
    assert [cycle.number for cycle in done.cycles] == [0, 1, 2]
    groups = [set(done.held_out), *(set(cycle.learnt) for cycle in done.cycles)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 4  # none is in two
    assert done.best.error.error == min(cycle.error.error for cycle in done.cycles)
    labels = TrainingSet.load(tmp_path / "cycles")
    assert set(labels.names) == set.union(*groups[1:])
    assert [r.error_after for r in labels.history] == [c.error.error for c in done.cycles]
    for older, newer in zip(done.cycles, done.cycles[1:], strict=False):
        assert newer.model.header.training["parent"] == older.model.fingerprint()
        # As plain numbers: a precision without picks is not equal to itself.
        assert newer.refinement.error_before.to_dict() == older.error.to_dict()
    assert not set(done.held_out) & set(list_known(done.cycles[-1].model))


def test_the_same_seed_gives_the_same_model(run_cycles, labelled):
    chosen = labelled[:4]
    options = LITTLE["deepem8"] | {"n_cycles": 1}
    first = run_cycles(chosen, folder="a", **options)
    again = run_cycles(chosen[::-1], folder="b", **options)
    assert torch.equal(weights_of(first.model), weights_of(again.model))
    assert first.held_out == again.held_out
    other = run_cycles(chosen, folder="c", seed=1, **options)
    assert not torch.equal(weights_of(first.model), weights_of(other.model))


def test_the_target_ends_the_cycles(run_cycles, labelled):
    reached = run_cycles(labelled[:4], target_error=1.0, epochs=5)
    assert reached.cycles[-1].error.error < 1
    assert reached.reason == "target"
    assert len(reached.cycles) == 1


def test_micrographs_may_run_out_before_the_cycles(run_cycles, labelled):
    done = run_cycles(labelled[:3], n_cycles=5, epochs=1, target_error=0.0)
    assert done.reason == "micrographs"
    assert len(done.cycles) == 2


@pytest.mark.parametrize(
    ("options", "error", "cure"),
    [
        ({"n_cycles": 0}, ConfigError, "at least 1"),
        ({"target_error": 1.5}, ConfigError, r"in 0 … 1"),
    ],
)
def test_values_that_cannot_work(options, error, cure, run_cycles):
    with pytest.raises(error, match=cure):
        run_cycles(**options)


def test_too_few_micrographs(run_cycles, labelled):
    with pytest.raises(TrainingDataError, match="leave out --cycles"):
        run_cycles(labelled[:2])


def test_a_set_that_is_there_is_not_begun_again(run_cycles, labelled, tmp_path):
    labels = TrainingSet.create(tmp_path / "cycles", diameter_px=17)
    labels.add(*labelled[0])
    labels.save()
    with pytest.raises(OutputError, match="deepem refine"):
        run_cycles(labelled[:3])
