"""Gradient descent on crops learns, repeatably, and goes on where it was interrupted."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from deepem.core import Frame, Picks
from deepem.errors import CheckpointError, ConfigError
from deepem.networks import ResidualDesign, ResidualNetwork, pixel_scores
from deepem.preprocessing import PreparedImage
from deepem.training import DenseSettings
from deepem.training.checkpoint import Checkpoint
from deepem.training.dense_loop import fit_dense
from deepem.training.heatmaps import draw_heat_map

DESIGN = ResidualDesign(maps=4, dilations=(1, 2), stem=5)
QUICK = DenseSettings(batch_size=4, crop_px=24, seed=3)
N_UPDATES = 105  # reported in three parts: 50, 50 and 5


class Interrupted(Exception):  # noqa: N818 (as a user would)
    """The power fails."""


def make_network(design=DESIGN, seed=0):
    return ResidualNetwork(design, generator=torch.Generator().manual_seed(seed))


def make_map(seed=0, n=8, shape=(90, 110), **options):
    """Return a noisy image with dark blobs of ten pixels, and where they are."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(8, shape[1] - 8, n), rng.uniform(8, shape[0] - 8, n)
    blobs = np.zeros(shape)
    blobs[y.astype(int), x.astype(int)] = -1
    blobs = gaussian_filter(blobs, 3)
    pixels = 4 * blobs / blobs.std() / 3 + rng.standard_normal(shape)
    pixels = ((pixels - pixels.mean()) / pixels.std()).astype(np.float32)
    image = PreparedImage(pixels, Frame(shape))
    return draw_heat_map(image, Picks("m", x.astype(int), y.astype(int)), diameter_px=12, **options)


def state_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_equal(one, other):
    one, other = (
        network.state_dict() if isinstance(network, torch.nn.Module) else network
        for network in (one, other)
    )
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


def run(network=None, maps=None, held_out=(), n_updates=N_UPDATES, settings=QUICK, **options):
    network = make_network() if network is None else network
    maps = [make_map()] if maps is None else maps
    history = fit_dense(network, maps, held_out, settings=settings, n_updates=n_updates, **options)
    return network, history


@pytest.fixture(scope="module")
def learnt():
    return run(maps=[make_map(0), make_map(1)], held_out=[make_map(2)], n_updates=250)


def test_it_learns_what_particles_are(learnt):
    network, history = learnt
    assert [(epoch.number, epoch.n_epochs) for epoch in history] == [(n, 5) for n in range(1, 6)]
    assert history[-1].error < 0.7 * history[0].error
    assert history[-1].accuracy > 0.85
    assert history[-1].valid_accuracy > 0.85
    assert not network.training
    unseen = make_map(7)
    scores = pixel_scores(network, unseen.pixels)
    at = tuple(np.rint(unseen.centres).astype(int).T)
    assert np.mean(scores[at] > 0.5) >= 0.8
    assert np.mean(scores[unseen.target < 0.01] > 0.5) < 0.05


def test_it_ends_with_averaged_weights_and_statistics():
    network, last = make_network(), {}

    def keep(epoch):
        last.update(state_of(network))

    run(network, on_epoch=keep)
    different = [
        name for name, value in network.state_dict().items() if not torch.equal(value, last[name])
    ]
    assert "head.weight" in different
    assert "stem_norm.running_mean" in different
    # The mean is near the last weights, as these move little at the end of the cycle.
    for name, value in network.named_parameters():
        scale = last[name].abs().max()
        assert (value - last[name]).abs().max() < 0.5 * scale + 1e-3, name
    assert network.stem_norm.num_batches_tracked == N_UPDATES


def test_the_mean_is_that_of_the_weights_of_every_update(monkeypatch):
    """Against a loop in double precision over the weights that every update left."""
    from deepem.training import dense_loop

    start, left, rate = make_network(), [], []

    def watch(averaged, network, decay, original=dense_loop._move_mean):
        left.append(network.head.weight.detach().double().clone())
        rate.append(decay)
        original(averaged, network, decay)

    monkeypatch.setattr(dense_loop, "_move_mean", watch)
    network, _ = run(n_updates=40)
    mean = start.head.weight.detach().double()
    for weight, decay in zip(left, rate, strict=True):
        mean = decay * mean + (1 - decay) * weight
    assert len(left) == 40
    torch.testing.assert_close(network.head.weight.double(), mean, atol=1e-5, rtol=0)


def test_between_reports_the_loss_of_every_ten_updates_is_told():
    told, order = [], []

    def note(*figures):
        told.append(figures)
        order.append("updates")

    silent, _ = run(n_updates=105)
    network, history = run(
        n_updates=105, on_updates=note, on_epoch=lambda epoch: order.append("epoch")
    )
    assert_equal(network, silent)
    assert [(n_done, n) for n_done, n, _ in told] == [(n, 105) for n in range(10, 101, 10)]
    assert order == (["updates"] * 5 + ["epoch"]) * 2 + ["epoch"]
    for number, epoch in enumerate(history[:2]):
        losses = [error for _, _, error in told[5 * number : 5 * number + 5]]
        assert np.mean(losses) == pytest.approx(epoch.error)


def test_without_held_out_micrographs_their_accuracy_is_not_known():
    _, history = run(n_updates=10)
    assert np.isnan(history[-1].valid_accuracy)
    assert 0 <= history[-1].accuracy <= 1


def test_accuracy_is_not_known_where_nothing_is():
    heat_map = make_map(n=3)
    nothing = type(heat_map)(
        heat_map.pixels, heat_map.target, np.zeros_like(heat_map.weight), heat_map.centres
    )
    network, history = run(maps=[nothing], n_updates=3)
    assert np.isnan(history[-1].accuracy)
    assert history[-1].error == 0
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_unknown_places_teach_nothing():
    """Whatever the target is where the weight is 0, the network is the same."""
    one = make_map(unknown=Picks("m", [30, 60], [40, 70]))
    target = one.target.copy()
    target[one.weight == 0] = 1
    other = type(one)(one.pixels, target, one.weight, one.centres)
    assert (target != one.target).any()
    assert_equal(run(maps=[one], n_updates=10)[0], run(maps=[other], n_updates=10)[0])


@pytest.mark.parametrize("maps", [1, 5, 16, 24])
def test_gradients_are_numbers_whatever_the_number_of_maps(maps):
    network, history = run(make_network(ResidualDesign(maps=maps, dilations=(1, 2))), n_updates=6)
    assert np.isfinite(history[-1].error)
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    moved = make_network(ResidualDesign(maps=maps, dilations=(1, 2)))
    assert not torch.equal(moved.stem.weight, network.stem.weight)


@pytest.mark.parametrize("n_updates", [1, 2, 3, 4, 5, 6, 10])
def test_any_number_of_updates_is_made(n_updates):
    network, history = run(n_updates=n_updates)
    assert len(history) == 1
    assert network.stem_norm.num_batches_tracked == n_updates


def test_same_seed_same_weights_other_seed_other_weights():
    other = DenseSettings(batch_size=4, crop_px=24, seed=4)
    one, same, another = (
        run(n_updates=10, settings=settings)[0] for settings in (QUICK, QUICK, other)
    )
    assert_equal(one, same)
    assert not torch.equal(one.head.weight, another.head.weight)


def test_held_out_micrographs_change_nothing_but_their_figure():
    with_some, history = run(n_updates=20, held_out=[make_map(5)])
    without, _ = run(n_updates=20)
    assert_equal(with_some, without)
    assert 0 <= history[-1].valid_accuracy <= 1


def test_too_high_a_rate_is_an_error_with_the_cure(tmp_path):
    settings = DenseSettings(batch_size=4, crop_px=24, learning_rate=1e30)
    checkpoint = Checkpoint(tmp_path / "kept", "any")
    with pytest.raises(ConfigError, match=r"learning rate: 1e\+30 is too high: .* Try a tenth"):
        run(settings=settings, checkpoint=checkpoint)
    assert not checkpoint.path.exists()


def train_until(number, path):
    def fail(epoch):
        if epoch.number == number:
            raise Interrupted

    with pytest.raises(Interrupted):
        run(checkpoint=Checkpoint(path, "mark"), held_out=[make_map(4)], on_epoch=fail)


@pytest.fixture(scope="module")
def unbroken():
    return run(held_out=[make_map(4)])


@pytest.mark.parametrize("numbers", [[1], [2], [3], [1, 2]])
def test_a_resumed_training_is_the_unbroken_one_bit_for_bit(unbroken, tmp_path, numbers):
    expected, figures = unbroken
    path, reported = tmp_path / "training.checkpoint", []
    for number in numbers:
        train_until(number, path)
    # What the network starts from does not matter: the checkpoint has the weights.
    resumed, history = run(
        make_network(seed=77),
        held_out=[make_map(4)],
        checkpoint=Checkpoint(path, "mark"),
        on_epoch=reported.append,
    )
    assert_equal(resumed, expected)
    assert history == figures
    assert [epoch.number for epoch in reported] == list(range(numbers[-1] + 1, 4))
    assert not resumed.training


def test_a_checkpoint_of_another_training_is_refused_and_kept(tmp_path):
    path = tmp_path / "training.checkpoint"
    run(n_updates=5, checkpoint=Checkpoint(path, "mark"))
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=r"other settings, .* Start again with --overwrite"):
        run(n_updates=5, checkpoint=Checkpoint(path, "another"))
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused_with_the_cure(tmp_path):
    path = tmp_path / "training.checkpoint"
    run(n_updates=5, checkpoint=Checkpoint(path, "mark"))
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    with pytest.raises(CheckpointError, match=r"(?s)is damaged .* Start again with --overwrite"):
        run(n_updates=5, checkpoint=Checkpoint(path, "mark"))
    path.write_bytes(content)
    other = make_network(ResidualDesign(maps=5, dilations=(1, 2), stem=5))
    with pytest.raises(CheckpointError, match=r"(?s)is damaged .* Start again with --overwrite"):
        run(other, n_updates=5, checkpoint=Checkpoint(path, "mark"))


def test_a_checkpoint_of_a_network_of_boxes_is_damage(tmp_path):
    path = tmp_path / "training.checkpoint"
    Checkpoint(path, "mark").save({"kernels.0": torch.zeros(3)}, [])
    with pytest.raises(CheckpointError, match="Start again with --overwrite"):
        run(n_updates=5, checkpoint=Checkpoint(path, "mark"))
