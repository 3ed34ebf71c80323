"""Gradient descent does what the paper says, repeatably, and goes on where it was interrupted."""

import numpy as np
import pytest
import torch

from deepem.errors import CheckpointError, ConfigError
from deepem.networks import DeepEM8, design_network
from deepem.training import TrainingSettings
from deepem.training.checkpoint import Checkpoint, fingerprint
from deepem.training.loop import fit, measure_accuracy, turn_boxes
from deepem.training.samples import Samples

DESIGN = design_network(28)
QUICK = TrainingSettings(epochs=4, batch_size=8, learning_rate=0.5, seed=3)


class Interrupted(Exception):  # noqa: N818 (as a user would)
    """The power fails."""


def make_network(seed=0):
    return DeepEM8(DESIGN, generator=torch.Generator().manual_seed(seed))


def weights_of(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach()


@pytest.fixture
def data(make_samples):
    return make_samples(20), make_samples(6, seed=1)


def test_boxes_are_turned_as_numpy_turns_them(make_samples):
    boxes = torch.from_numpy(make_samples(8).boxes)
    turns = torch.tensor([0, 1, 2, 3, 3, 2, 1, 0])
    before = boxes.clone()
    turned = turn_boxes(boxes, turns)
    for box, n_turns, result in zip(boxes, turns, turned, strict=True):
        np.testing.assert_array_equal(result, np.rot90(box, n_turns))
    assert torch.equal(boxes, before)


def test_first_update_is_a_step_down_the_gradient_of_the_squared_error(data):
    """One batch of all boxes in four orientations: E = 1 / (2 N) sum (t - y)^2."""
    samples, held_out = data
    network, by_hand = make_network(), make_network()
    settings = TrainingSettings(epochs=1, batch_size=4 * len(samples), learning_rate=0.7)
    fit(network, samples, held_out, settings=settings)

    turned = np.concatenate([np.rot90(samples.boxes, k, axes=(1, 2)) for k in range(4)])
    targets = torch.from_numpy(np.tile(samples.targets, 4))
    scores = by_hand(torch.from_numpy(turned.copy()))
    error = ((targets - scores) ** 2).sum() / (2 * len(targets))
    gradients = torch.autograd.grad(error, list(by_hand.parameters()))
    for updated, weight, gradient in zip(
        network.parameters(), by_hand.parameters(), gradients, strict=True
    ):
        expected = weight - 0.7 * gradient
        # The step itself is right to a thousandth.
        atol = 1e-3 * 0.7 * float(gradient.abs().max())
        torch.testing.assert_close(updated, expected, atol=atol, rtol=0)


def test_figures_of_an_epoch(data):
    samples, held_out = data
    network = make_network()
    settings = TrainingSettings(epochs=1, batch_size=4 * len(samples), learning_rate=1e-12)
    (epoch,) = fit(network, samples, held_out, settings=settings)

    with torch.no_grad():
        scores = torch.cat(
            [
                network(torch.from_numpy(np.rot90(samples.boxes, k, axes=(1, 2)).copy()))
                for k in range(4)
            ]
        ).numpy()
    targets = np.tile(samples.targets, 4)
    assert (epoch.number, epoch.n_epochs) == (1, 1)
    assert epoch.error == pytest.approx(0.5 * np.mean((targets - scores) ** 2), rel=1e-4)
    assert epoch.accuracy == np.mean((scores > 0.5) == (targets == 1))
    assert epoch.valid_accuracy == measure_accuracy(network, held_out)


def test_every_box_is_seen_in_every_orientation_in_every_epoch(data, monkeypatch):
    samples, held_out = data
    seen = []

    def watch(boxes, turns):
        turned = turn_boxes(boxes, turns)
        seen.extend(box.numpy().tobytes() for box in turned)
        return turned

    monkeypatch.setattr("deepem.training.loop.turn_boxes", watch)
    fit(make_network(), samples, held_out, settings=TrainingSettings(epochs=2, batch_size=7))
    every = {np.rot90(box, k).tobytes() for box in samples.boxes for k in range(4)}
    half = len(seen) // 2
    assert half == 4 * len(samples)
    assert set(seen[:half]) == set(seen[half:]) == every
    assert seen[:half] != seen[half:]  # in another order


def test_it_learns_and_ends_ready_for_use(make_samples):
    samples, held_out = make_samples(60), make_samples(40, seed=1)
    network = make_network()
    settings = TrainingSettings(epochs=12, batch_size=10)
    history = fit(network, samples, held_out, settings=settings)
    assert [epoch.number for epoch in history] == list(range(1, 13))
    assert history[-1].error < 0.2 * history[0].error
    assert history[-1].accuracy == history[-1].valid_accuracy == 1
    assert not network.training


def test_accuracy_is_the_share_on_the_right_side(make_samples):
    samples = make_samples(500)  # more than one batch
    network = make_network()
    with torch.no_grad():
        scores = network(torch.from_numpy(samples.boxes)).numpy()
    expected = np.mean((scores > 0.5) == (samples.targets == 1))
    assert measure_accuracy(network, samples) == pytest.approx(expected)
    network.output_bias.data += 100  # everything is a particle
    assert measure_accuracy(network, samples) == 0.5


def test_same_seed_same_weights_other_seed_other_weights(data):
    results = []
    for seed in (3, 3, 4):
        network = make_network()
        fit(network, *data, settings=TrainingSettings(epochs=2, batch_size=8, seed=seed))
        results.append(weights_of(network))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def mark_of(design, settings, *data):
    arrays = [array for samples in data for array in (samples.boxes, samples.targets)]
    return fingerprint(design, settings, *arrays)


def checkpoint_at(path, data, settings=QUICK):
    return Checkpoint(path, mark_of(DESIGN, settings, *data))


def train_until(n_epochs, path, data):
    """Train with a checkpoint until the power fails, right after an epoch."""

    def fail(epoch):
        if epoch.number == n_epochs:
            raise Interrupted

    with pytest.raises(Interrupted):
        fit(
            make_network(),
            *data,
            settings=QUICK,
            checkpoint=checkpoint_at(path, data),
            on_epoch=fail,
        )


@pytest.mark.parametrize("n_epochs", [1, 3, 4])
def test_a_resumed_training_is_the_unbroken_one_bit_for_bit(data, tmp_path, n_epochs):
    unbroken = make_network()
    expected = fit(unbroken, *data, settings=QUICK)

    path = tmp_path / "training.checkpoint"
    train_until(n_epochs, path, data)
    # What the network starts from does not matter: the checkpoint has the weights.
    resumed, reported = make_network(seed=77), []
    history = fit(
        resumed,
        *data,
        settings=QUICK,
        checkpoint=checkpoint_at(path, data),
        on_epoch=reported.append,
    )
    assert torch.equal(weights_of(resumed), weights_of(unbroken))
    assert history == expected
    assert [epoch.number for epoch in reported] == list(range(n_epochs + 1, 5))
    assert not resumed.training


def test_a_training_interrupted_twice_is_still_the_same(data, tmp_path):
    unbroken, resumed = make_network(), make_network()
    fit(unbroken, *data, settings=QUICK)
    path = tmp_path / "training.checkpoint"
    train_until(1, path, data)
    train_until(3, path, data)
    fit(resumed, *data, settings=QUICK, checkpoint=checkpoint_at(path, data))
    assert torch.equal(weights_of(resumed), weights_of(unbroken))


def test_a_checkpoint_changes_nothing(data, tmp_path):
    with_checkpoint, without = make_network(), make_network()
    path = tmp_path / "training.checkpoint"
    fit(with_checkpoint, *data, settings=QUICK, checkpoint=checkpoint_at(path, data))
    fit(without, *data, settings=QUICK)
    assert torch.equal(weights_of(with_checkpoint), weights_of(without))
    assert [p.name for p in tmp_path.iterdir()] == ["training.checkpoint"]


def changed(samples):
    boxes = samples.boxes.copy()
    boxes[0, 0, 0] += 1
    return Samples(boxes, samples.targets)


def relabelled(samples):
    return Samples(samples.boxes, samples.targets[::-1].copy())


@pytest.mark.parametrize(
    "change",
    [
        lambda samples, held_out: (DESIGN, TrainingSettings(epochs=5), samples, held_out),
        lambda samples, held_out: (DESIGN, QUICK, changed(samples), held_out),
        lambda samples, held_out: (DESIGN, QUICK, relabelled(samples), held_out),
        lambda samples, held_out: (DESIGN, QUICK, samples, changed(held_out)),
        lambda samples, held_out: (
            design_network(28, activation="relu"), QUICK, samples, held_out,
        ),
    ],
    ids=["settings", "boxes", "targets", "held out", "design"],
)  # fmt: skip
def test_a_checkpoint_of_another_training_is_refused_with_the_cure(data, tmp_path, change):
    path = tmp_path / "training.checkpoint"
    train_until(1, path, data)
    before = path.read_bytes()
    other = Checkpoint(path, mark_of(*change(*data)))
    with pytest.raises(CheckpointError, match=r"other settings, .* Start again with --overwrite"):
        fit(make_network(), *data, settings=QUICK, checkpoint=other)
    assert path.read_bytes() == before


def test_fingerprints_are_the_same_for_the_same_training(make_samples):
    one, same = (mark_of(DESIGN, QUICK, make_samples(6)) for _ in range(2))
    assert one == same


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_refused_with_the_cure(data, tmp_path, content):
    path = tmp_path / "training.checkpoint"
    train_until(1, path, data)
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(CheckpointError, match=r"is damaged .* Start again with --overwrite"):
        fit(make_network(), *data, settings=QUICK, checkpoint=checkpoint_at(path, data))


def test_weights_that_do_not_fit_are_damage(data, tmp_path):
    path = tmp_path / "training.checkpoint"
    train_until(1, path, data)
    other = DeepEM8(design_network(30))
    with pytest.raises(CheckpointError, match=r"(?s)is damaged .* Start again with --overwrite"):
        fit(other, *data, settings=QUICK, checkpoint=checkpoint_at(path, data))


def test_no_checkpoint_is_a_fresh_start(data, tmp_path):
    assert checkpoint_at(tmp_path / "none", data).load() is None


def test_an_error_that_is_no_number_says_what_to_try(data):
    settings = TrainingSettings(epochs=3, batch_size=8, learning_rate=1e38)
    network = DeepEM8(
        design_network(28, activation="relu"), generator=torch.Generator().manual_seed(0)
    )
    with pytest.raises(ConfigError, match=r"learning rate: 1e\+38 is too high: .* Try a tenth"):
        fit(network, *data, settings=settings)


def test_weights_that_are_no_numbers_are_never_kept(data, tmp_path):
    settings = TrainingSettings(epochs=3, batch_size=8, learning_rate=1e38)
    network = DeepEM8(
        design_network(28, activation="relu"), generator=torch.Generator().manual_seed(0)
    )
    with pytest.raises(ConfigError):
        fit(network, *data, settings=settings, checkpoint=Checkpoint(tmp_path / "kept", "any"))
    assert not (tmp_path / "kept").exists()
