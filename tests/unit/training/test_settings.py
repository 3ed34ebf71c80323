"""The settings are the paper's where the user says nothing."""

import pytest

from deepem.errors import ConfigError
from deepem.training import DenseSettings, TrainingSettings


def test_defaults_are_the_papers():
    settings = TrainingSettings()
    assert (settings.batch_size, settings.learning_rate) == (50, 1.0)
    # 800 + 800 boxes, as in the paper
    assert settings.n_epochs(1600) == 20


@pytest.mark.parametrize("batch_size", [7, 50, 400])
@pytest.mark.parametrize("n_boxes", [8, 25, 130, 1000, 1600, 5000])
def test_few_boxes_get_more_epochs_to_reach_the_papers_updates(n_boxes, batch_size):
    n_epochs = TrainingSettings(batch_size=batch_size).n_epochs(n_boxes)
    updates_per_epoch = -(-4 * n_boxes // batch_size)
    assert n_epochs >= 20
    assert n_epochs * updates_per_epoch >= 2560
    assert n_epochs == 20 or (n_epochs - 1) * updates_per_epoch < 2560


def test_epochs_that_are_asked_for_are_made():
    assert TrainingSettings(epochs=3).n_epochs(10) == TrainingSettings(epochs=3).n_epochs(5000) == 3


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"epochs": 0}, "epochs: must be at least 1, got 0"),
        ({"batch_size": 0}, "batch size: must be at least 1, got 0"),
        ({"learning_rate": 0}, "learning rate: must be positive, got 0"),
        ({"learning_rate": float("nan")}, "learning rate: must be positive, got nan"),
        ({"seed": -1}, "seed: must not be negative, got -1"),
    ],
)
def test_values_out_of_range_are_refused(options, problem):
    with pytest.raises(ConfigError, match=problem):
        TrainingSettings(**options)


@pytest.mark.parametrize("n_labels", [5, 200, 1000, 2000, 10**5])
def test_more_labels_get_more_updates_within_bounds(n_labels):
    settings = DenseSettings()
    n_updates = settings.n_updates(n_labels)
    assert settings.n_updates(5) <= n_updates <= settings.n_updates(10**6)
    assert settings.n_updates(n_labels + 100) >= n_updates
    assert DenseSettings(updates=7).n_updates(n_labels) == 7


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"updates": 0}, "updates: must be at least 1, got 0"),
        ({"batch_size": 0}, "batch size: must be at least 1, got 0"),
        ({"learning_rate": 0}, "learning rate: must be positive, got 0"),
        ({"learning_rate": float("nan")}, "learning rate: must be positive, got nan"),
        ({"seed": -1}, "seed: must not be negative, got -1"),
    ],
)
def test_dense_values_out_of_range_are_refused(options, problem):
    with pytest.raises(ConfigError, match=problem):
        DenseSettings(**options)
