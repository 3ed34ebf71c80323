"""The search for better settings: what it draws, prunes, keeps, resumes and chooses."""

import csv
import sys
from dataclasses import replace
from importlib import import_module

import optuna
import pytest

from deepem.errors import CheckpointError, ConfigError, MissingExtraError, TrainingDataError
from deepem.training import Epoch, TrainingEvents, TuningEvents, plan_training, tune
from deepem.training.search_space import Candidate, default_candidate, default_point, draw_candidate
from deepem.training.tuning_events import AccuracyReporter

tuning_module = import_module("deepem.training.tuning")
settings_module = import_module("deepem.training.search_space")


@pytest.fixture(scope="module")
def scenes(simulate):
    return simulate(5, n_particles=12)


@pytest.fixture
def short(monkeypatch):
    """Trials of few updates and small networks: seconds, and nothing learnt."""
    options = Candidate.options

    def few(self, *, n_labels, share):
        length = {"updates": 4, "batch_size": 2} if self.network == "residual" else {"epochs": 4}
        return options(self, n_labels=n_labels, share=0.5) | length

    monkeypatch.setattr(Candidate, "options", few)
    monkeypatch.setattr(settings_module, "_DENSE_PARTICLE_PX", (8.0, 9.0))
    monkeypatch.setattr(settings_module, "_DENSE_MAPS", (4, 16))
    monkeypatch.setattr(settings_module, "_BOXES_PARTICLE_PX", (14.0, 17.0))


@pytest.fixture
def search(scenes, diameter_angstrom, tmp_path, short):
    def run(n_trials=2, **options):
        given = {"network": "deepem8", "storage": tmp_path / "search", "share": 0.5} | options
        return tune(
            [scene.micrograph for scene in scenes],
            [scene.truth for scene in scenes],
            diameter_angstrom=diameter_angstrom,
            complete=True,
            n_trials=n_trials,
            **given,
        )

    return run


def _rows(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader((x for x in lines if not x.startswith("#")), delimiter="\t"))


class _Log(TuningEvents):
    def __init__(self, stop_at=None):
        self.candidates = []
        self.stop_at = stop_at

    def trial_began(self, number, n_trials, candidate):
        self.candidates.append(candidate)

    def trained(self, epoch):
        if len(self.candidates) == self.stop_at and epoch.number == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("network", ["residual", "deepem8"])
@pytest.mark.parametrize("diameter_px", [8.0, 17.3, 130.0, 400.0])
def test_everything_drawn_can_be_planned(network, diameter_px):
    for seed in range(20):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
        drawn = draw_candidate(study.ask(), networks=[network], diameter_px=diameter_px)
        options = drawn.options(n_labels=500, share=0.25)
        plan = plan_training(
            [], [], diameter_px=diameter_px, network=network,
            design=options["design"], factor=options["factor"],
        )  # fmt: skip
        assert plan.design == drawn.design
        assert plan.scale.factor == drawn.factor >= 1
        assert {"network", "bin", "learning_rate", "length"} < set(drawn.describe())


@pytest.mark.parametrize("network", ["residual", "deepem8"])
@pytest.mark.parametrize("diameter_px", [8.0, 40.0, 130.0, 400.0])
def test_the_default_settings_lie_in_the_space(network, diameter_px):
    plan = plan_training([], [], diameter_px=diameter_px, network=network)
    networks = ["residual", "deepem8"]
    study = optuna.create_study()
    study.enqueue_trial(default_point(plan, networks=networks))
    trial = study.ask()
    drawn = draw_candidate(trial, networks=networks, diameter_px=diameter_px)
    for name, distribution in trial.distributions.items():
        assert distribution._contains(distribution.to_internal_repr(trial.params[name])), name
    default = default_candidate(plan)
    assert (drawn.network, drawn.learning_rate) == (network, default.learning_rate)
    if 40 <= diameter_px <= 130:
        assert drawn.factor == pytest.approx(default.factor, abs=0.1)


def test_the_default_in_full_is_what_train_does_by_itself():
    default = default_candidate(plan_training([], [], diameter_px=60))
    assert not {"updates", "epochs"} & set(default.options(n_labels=100, share=1))
    assert default.options(n_labels=100, share=0.25)["updates"] == 100


def test_finds_a_model_and_writes_the_table(search, scenes, tmp_path):
    events = _Log()
    tuning = search(
        3,
        network=None,
        events=events,
        test_micrographs=[scenes[0].micrograph],
        test_picks=[scenes[0].truth],
    )
    assert [c.network for c in events.candidates[:2]] == ["residual", "deepem8"]
    assert all(c.is_default for c in events.candidates[:2])
    assert tuning.model.header.training["validation"] == tuning.chosen.figures
    assert tuning.model.header.training["tuning"]["trial"] == tuning.chosen.number
    assert tuning.test is not None
    table = tmp_path / "search" / "trials.tsv"
    rows = _rows(table)
    assert "optimistic" in table.read_text(encoding="utf-8")
    assert sum(row["chosen"] == "yes" for row in rows) == 1
    scores = [float(row["objective"]) for row in rows if row["training"] == "0.5" and row["f2"]]
    assert scores == sorted(scores, reverse=True)
    assert {row["trial"] for row in rows} == {"0", "1", "2"}
    best = max(float(row["f2"]) for row in rows if row["f2"])
    assert tuning.chosen.figures["f2"] == best


def test_a_broken_search_goes_on_as_the_unbroken_one(search, tmp_path):
    unbroken = search(3, storage=tmp_path / "unbroken", share=1.0)
    with pytest.raises(KeyboardInterrupt):
        search(3, share=1.0, events=_Log(stop_at=2))
    assert [row["trial"] for row in _rows(tmp_path / "search" / "trials.tsv")] == ["0"]
    events = _Log()
    resumed = search(3, share=1.0, events=events)
    assert len(events.candidates) == 2
    assert [(t.number, t.settings, t.figures) for t in resumed.trials] == [
        (t.number, t.settings, t.figures) for t in unbroken.trials
    ]
    assert resumed.model.fingerprint() == unbroken.model.fingerprint()
    with pytest.raises(CheckpointError, match=r"differs in: seed.*--overwrite"):
        search(3, share=1.0, seed=1)


def test_a_finished_search_trains_nothing_again(search, monkeypatch):
    first = search(2)
    monkeypatch.setattr(tuning_module, "train", None)
    again = search(2)
    assert again.model.fingerprint() == first.model.fingerprint()


def test_a_hopeless_trial_is_given_up(search, monkeypatch, tmp_path):
    monkeypatch.setattr(tuning_module, "_TRIALS_BEFORE_PRUNING", 1)
    draw = tuning_module.draw_candidate
    monkeypatch.setattr(
        tuning_module, "draw_candidate", lambda *a, **k: replace(draw(*a, **k), learning_rate=1e-9)
    )
    options = Candidate.options
    monkeypatch.setattr(
        Candidate,
        "options",
        lambda self, **given: options(self, **given) | {"updates": 60, "batch_size": 2},
    )
    tuning = search(2, network="residual", share=1.0)
    assert [(t.number, t.state) for t in tuning.trials] == [
        (0, "done"),
        (1, "pruned"),
    ]
    assert tuning.is_default
    assert _rows(tmp_path / "search" / "trials.tsv")[-1]["state"] == "pruned"


def test_a_failed_trial_is_recorded_and_the_search_goes_on(search, monkeypatch, tmp_path):
    train = tuning_module.train

    def fail_second(*arguments, factor, **options):
        if options["learning_rate"] != 1.0:
            raise ConfigError("learning rate", "is too high")
        return train(*arguments, factor=factor, **options)

    monkeypatch.setattr(tuning_module, "train", fail_second)
    tuning = search(3)
    assert [t.state for t in tuning.trials if t.share < 1] == ["done", "failed", "failed"]
    assert tuning.is_default
    assert "learning rate: is too high" in _rows(tmp_path / "search" / "trials.tsv")[-1]["problem"]


def test_the_winner_of_whole_trials_is_not_trained_again(search):
    events = _Log()
    tuning = search(2, share=1.0, events=events)
    assert len(tuning.trials) == len(events.candidates) == 2
    assert tuning.model.header.training["validation"] == tuning.chosen.figures


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"n_trials": 0}, "trials: must be at least 1"),
        ({"share": 0.0}, "share: must be above 0"),
        ({"network": "unet"}, "residual or deepem8"),
        ({"objective": "f3"}, "f2, f1, average_precision"),
        ({"seed": -1}, "seed: must not be negative"),
    ],
)
def test_impossible_options(search, options, cure):
    with pytest.raises(ConfigError, match=cure):
        search(**options)


def test_one_micrograph_is_too_few(scenes, tmp_path):
    with pytest.raises(TrainingDataError, match="--valid"):
        tune([scenes[0].micrograph], [scenes[0].truth], storage=tmp_path, diameter_px=17)


def test_without_optuna_it_says_what_to_install(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'deepem\[tune\]'"):
        search()


def test_accuracy_is_reported_once_for_each_tenth():
    reported = []
    reporter = AccuracyReporter(TrainingEvents(), lambda *report: reported.append(report))
    for number, accuracy in ((1, float("nan")), (2, 0.5), (3, 0.6), (4, 0.7), (1, 0.1), (4, 0.2)):
        reporter.trained(Epoch(number, 4, 0.1, 0.5, accuracy))
    assert [step for step, _ in reported] == list(range(3, 11))
    assert dict(reported) == {3: 0.5, 4: 0.5, 5: 0.5, 6: 0.6, 7: 0.6, 8: 0.7, 9: 0.7, 10: 0.7}
