"""The dense pass gives the scores of the boxes one by one."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import gaussian_filter

from deepem.errors import ConfigError
from deepem.networks import PRESETS, DeepEM8, NetworkDesign, dense_scores, design_network

SMALL = design_network(28)
DESIGNS = {
    "eight layers": SMALL,
    "eight layers, relu": design_network(33, activation="relu"),
    "four layers": design_network(20, n_pairs=1),
    "six layers, relu": design_network(30, n_pairs=2, activation="relu"),
    "ten layers": design_network(60, n_pairs=4),
    "uneven pools": NetworkDesign(40, kernels=(5, 3, 2), pools=(3, 2, 2)),
    "a pool of 1": NetworkDesign(31, kernels=(6, 3, 3), pools=(2, 1, 3), maps=(3, 4, 5)),
    "a large first kernel, by Fourier": NetworkDesign(40, kernels=(17, 3, 3), pools=(2, 2, 3)),
}  # fmt: skip


def make_network(design, seed=0):
    """Return a network that tells boxes apart: large weights, biases that are not 0."""
    generator = torch.Generator().manual_seed(seed)
    network = DeepEM8(design, generator=generator)
    with torch.no_grad():
        for weights in [*network.kernels, network.output_weights]:
            weights *= 4 if design.activation == "sigmoid" else 1
        for bias in [*network.biases, network.output_bias]:
            bias.uniform_(-0.5, 0.5, generator=generator)
    return network


def make_image(shape, smooth=3, seed=0):
    """Return blobs that networks respond to: pure noise gives all boxes about the same score."""
    image = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), smooth)
    return (image / image.std()).astype(np.float32)


def score_box_by_box(network, image, *, step, n_orientations=4):
    """Sliding window, the box itself turned: the meaning of the dense pass."""
    box_size = network.design.box_size
    boxes = sliding_window_view(image, (box_size, box_size))[::step, ::step]
    flat = torch.from_numpy(boxes.reshape(-1, box_size, box_size).copy())
    with torch.no_grad():
        turned = [network(torch.rot90(flat, k, dims=(1, 2))) for k in range(n_orientations)]
    return torch.stack(turned).mean(dim=0).numpy().reshape(boxes.shape[:2])


@pytest.mark.parametrize(
    ("name", "step"), [(name, step) for name, design in DESIGNS.items() for step in design.steps]
)
@pytest.mark.parametrize("n_orientations", [1, 4])
def test_dense_scores_are_those_of_the_boxes(name, step, n_orientations):
    network = make_network(DESIGNS[name])
    box_size = network.design.box_size
    image = make_image((box_size + 13, box_size + 22), smooth=box_size / 10)
    dense = dense_scores(network, image, step=step, n_orientations=n_orientations)
    expected = score_box_by_box(network, image, step=step, n_orientations=n_orientations)
    assert dense.dtype == np.float32
    assert dense.shape == expected.shape
    assert np.ptp(expected) > 5e-3
    np.testing.assert_allclose(dense, expected, atol=2e-6)


@pytest.mark.parametrize("step", [12, 6, 3])
def test_klh_agrees_with_the_sliding_window(step):
    network = make_network(PRESETS["klh"].design)
    image = make_image((272 + 12, 272 + 24), smooth=27)
    dense = dense_scores(network, image, step=step)
    sparse = score_box_by_box(network, image, step=12)
    assert np.ptp(sparse) > 1e-3
    np.testing.assert_allclose(dense[:: 12 // step, :: 12 // step], sparse, atol=2e-6)


def test_klh_at_every_pixel_agrees_with_the_sliding_window():
    network = make_network(PRESETS["klh"].design)
    image = make_image((272 + 1, 272 + 2), smooth=3)
    dense = dense_scores(network, image, step=1, n_orientations=1)
    expected = score_box_by_box(network, image, step=1, n_orientations=1)
    np.testing.assert_allclose(dense, expected, atol=2e-6)


@pytest.mark.parametrize("step", [1, 2, 8])
@pytest.mark.parametrize("tile_px", [1, 31, 37, 50, 5000])
def test_tiles_change_nothing(step, tile_px):
    network = make_network(SMALL)
    image = make_image((47, 64))
    whole = dense_scores(network, image, step=step)
    tiled = dense_scores(network, image, step=step, tile_px=tile_px)
    np.testing.assert_allclose(tiled, whole, atol=1e-6)


def test_tiles_are_used(monkeypatch):
    shapes = []

    def watch(network, weights, spectra, tile, step):
        shapes.append(tuple(tile.shape))
        return dense_pass(network, weights, spectra, tile, step)

    from deepem.networks import dense as module

    dense_pass = module._dense_pass
    monkeypatch.setattr(module, "_dense_pass", watch)
    dense_scores(make_network(SMALL), make_image((71, 94)), step=2, tile_px=40, n_orientations=1)
    assert len(shapes) > 1
    assert max(max(shape) for shape in shapes) <= 40
    assert len(set(shapes)) == 1  # spectra of kernels are made for one size


def test_the_number_of_threads_changes_nothing():
    network, image = make_network(PRESETS["19s"].design), make_image((230, 251))
    n_before = torch.get_num_threads()
    scores = []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            scores.append(dense_scores(network, image, step=12))
    finally:
        torch.set_num_threads(n_before)
    np.testing.assert_allclose(*scores, atol=1e-6)


@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_turned_image_gives_the_turned_scores(step):
    network = make_network(SMALL)
    image = make_image((28 + 5 * step, 28 + 9 * step))
    scores = dense_scores(network, image, step=step)
    for turns in (1, 2, 3):
        turned = dense_scores(network, np.rot90(image, turns), step=step)
        np.testing.assert_allclose(turned, np.rot90(scores, turns), atol=1e-6)


@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_shifted_image_gives_the_shifted_scores(step):
    network, image = make_network(SMALL), make_image((70, 85))
    scores = dense_scores(network, image, step=step)
    shifted = dense_scores(network, image[2 * step :, 3 * step :], step=step)
    np.testing.assert_allclose(shifted, scores[2:, 3:], atol=1e-6)


def test_an_image_of_one_box_has_one_score():
    network, image = make_network(SMALL), make_image((28, 28))
    scores = dense_scores(network, image, step=8, n_orientations=1)
    assert scores.shape == (1, 1)
    assert scores[0, 0] == pytest.approx(network(torch.from_numpy(image)[None]).item(), abs=1e-6)


def test_scoring_leaves_no_trace():
    network, image = make_network(SMALL), make_image((40, 50))
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    image.flags.writeable = False  # as a memory map is
    dense_scores(network, image.copy(), step=2)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in network.parameters())


@pytest.mark.parametrize("step", [0, 3, 16])
def test_a_step_between_the_steps_is_refused_with_the_choice(step):
    with pytest.raises(
        ConfigError, match=rf"one of \(8, 4, 2, 1\) px for this network, got {step}"
    ):
        dense_scores(make_network(SMALL), make_image((40, 40)), step=step)


def test_an_image_smaller_than_a_box_is_refused():
    with pytest.raises(ValueError, match=r"a box of 28 px does not fit into an image \(27, 90\)"):
        dense_scores(make_network(SMALL), make_image((27, 90)), step=1)
