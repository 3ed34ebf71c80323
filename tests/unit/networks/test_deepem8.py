"""The network computes what the paper says, from weights that start as the authors' do."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import correlate2d

from deepem.networks import PRESETS, DeepEM8, NetworkDesign, design_network

DESIGNS = [
    design_network(28),
    design_network(33, activation="relu"),
    design_network(30, n_pairs=2),
    design_network(60, n_pairs=4),
    # By Fourier in its first layer.
    NetworkDesign(40, kernels=(17, 3, 3), pools=(2, 2, 3)),
    NetworkDesign(31, kernels=(5, 2, 3), pools=(3, 2, 1), maps=(2, 5, 3), activation="relu"),
]


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


def score_slowly(network, box):
    """Score of one box, layer by layer in numpy."""
    design = network.design
    maps = [box.astype(float)]
    for kernels, biases, pool in zip(network.kernels, network.biases, design.pools, strict=True):
        outputs = []
        for kernel, bias in zip(kernels.tolist(), biases.tolist(), strict=True):
            pairs = zip(maps, kernel, strict=True)
            total = sum(correlate2d(one, np.array(k), mode="valid") for one, k in pairs) + bias
            relu = design.activation == "relu"
            active = np.maximum(total, 0) if relu else 1 / (1 + np.exp(-total))
            n = len(active) // pool
            assert n * pool == len(active)
            outputs.append(active.reshape(n, pool, n, pool).mean(axis=(1, 3)))
        maps = outputs
    weighted = sum(
        (one * w).sum() for one, w in zip(maps, network.output_weights.tolist(), strict=True)
    )
    return 1 / (1 + math.exp(-(weighted + network.output_bias.item())))


@pytest.mark.parametrize("design", DESIGNS)
def test_scores_are_those_of_a_slow_and_obvious_network(design):
    network = make_network(design)
    boxes = np.random.default_rng(0).standard_normal((5, design.box_size, design.box_size))
    boxes = gaussian_filter(boxes, (0, 3, 3)) * 10
    with torch.no_grad():
        scores = network(torch.from_numpy(boxes.astype(np.float32)))
    assert scores.shape == (5,)
    expected = [score_slowly(network, box) for box in boxes]
    assert np.ptp(expected) > 5e-3
    np.testing.assert_allclose(scores, expected, atol=2e-6)


@pytest.mark.parametrize("design", DESIGNS)
def test_layers_end_in_the_scores_and_follow_from_each_other(design):
    network = make_network(design)
    generator = torch.Generator().manual_seed(1)
    boxes = torch.randn(3, design.box_size, design.box_size, generator=generator)
    with torch.no_grad():
        layers = network.layers(boxes)
        assert torch.equal(layers["output"], network(boxes))
    n_pairs = len(design.pools)
    names = [f"{kind}{2 * i + j}" for i in range(n_pairs) for j, kind in ((1, "C"), (2, "S"))]
    assert list(layers) == [*names, "output"]
    before, n_in = boxes[:, None].numpy(), design.box_size
    for i, (kernels, bias, pool) in enumerate(
        zip(network.kernels, network.biases, design.pools, strict=True)
    ):
        side = n_in - design.kernels[i] + 1
        convolved, pooled = layers[names[2 * i]].numpy(), layers[names[2 * i + 1]].numpy()
        assert convolved.shape == (3, design.maps[i], side, side)
        total = bias[-1].item() + sum(
            correlate2d(one, kernel, mode="valid")
            for one, kernel in zip(before[2], kernels[-1].detach().numpy(), strict=True)
        )
        relu = design.activation == "relu"
        expected = np.maximum(total, 0) if relu else 1 / (1 + np.exp(-total))
        np.testing.assert_allclose(convolved[2, -1], expected, atol=2e-5)
        cells = convolved.reshape(3, design.maps[i], side // pool, pool, side // pool, pool)
        np.testing.assert_allclose(pooled, cells.mean(axis=(3, 5)), atol=1e-6)
        before, n_in = pooled, side // pool


def test_number_of_parameters_of_klh():
    network = DeepEM8(PRESETS["klh"].design)
    by_hand = (
        6 * 51 * 51 + 6  # C1
        + 12 * 6 * 21 * 21 + 12  # C3
        + 12 * 12 * 10 * 10 + 12  # C5
        + 12 * 9 * 9 + 1  # fully connected
    )  # fmt: skip
    assert sum(p.numel() for p in network.parameters()) == by_hand == 62761


@pytest.mark.parametrize("design", DESIGNS)
def test_weights_start_uniform_within_the_limit_and_biases_at_0(design):
    network = DeepEM8(design, generator=torch.Generator().manual_seed(0))
    n_in = (1, *design.maps)
    for index, (kernel, side) in enumerate(zip(network.kernels, design.kernels, strict=True)):
        n_out = design.maps[index]
        assert kernel.shape == (n_out, n_in[index], side, side)
        limit = math.sqrt(6 / (n_in[index] * side**2 + n_out * side**2))
        assert 0.8 * limit < kernel.abs().max().item() <= limit
        assert abs(kernel.mean().item()) < 4 * limit / math.sqrt(3 * kernel.numel())
    n_features = design.maps[-1] * design.last_side**2
    limit = math.sqrt(6 / (n_features + 1))
    assert network.output_weights.numel() == n_features
    assert 0.6 * limit < network.output_weights.abs().max().item() <= limit
    for bias in [*network.biases, network.output_bias]:
        assert (bias == 0).all()


def test_same_seed_same_weights():
    one, same, other = (
        torch.nn.utils.parameters_to_vector(
            DeepEM8(DESIGNS[0], generator=torch.Generator().manual_seed(seed)).parameters()
        )
        for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_global_random_numbers_are_left_alone():
    before = torch.random.get_rng_state()
    DeepEM8(DESIGNS[0], generator=torch.Generator().manual_seed(3))
    assert torch.equal(torch.random.get_rng_state(), before)
