"""A residual network sees what it says it sees, and strips of any height agree."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from deepem.errors import ConfigError
from deepem.networks import (
    ResidualDesign,
    ResidualNetwork,
    build_network,
    fused_layer,
    pixel_scores,
)

TINY = ResidualDesign(maps=3, dilations=(2,), stem=5)
SMALL = ResidualDesign(maps=4, dilations=(1, 3, 1), stem=3)


def make_network(design, seed=0):
    """Return a network whose normalisation is no identity, as after a training."""
    generator = torch.Generator().manual_seed(seed)
    network = ResidualNetwork(design, generator=generator)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.uniform_(-0.5, 0.5, generator=generator)
                layer.running_var.uniform_(0.5, 2, generator=generator)
                layer.weight.uniform_(0.5, 1.5, generator=generator)
                layer.bias.uniform_(-0.5, 0.5, generator=generator)
    return network.eval()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def logits_by_hand(network, image):
    """One correlation after the other, in double precision, zeros outside in every layer."""

    def convolve(maps, layer):
        weight = layer.weight.detach().numpy().astype(float)
        bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.detach().numpy()
        dilation = layer.dilation[0]
        found = []
        for kernels, offset in zip(weight, bias, strict=True):
            total = np.full(image.shape, float(offset))
            for one, kernel in zip(maps, kernels, strict=True):
                side = dilation * (len(kernel) - 1) + 1
                spread = np.zeros((side, side))
                spread[::dilation, ::dilation] = kernel
                total += correlate(one, spread, mode="constant")
            found.append(total)
        return found

    def normalise(maps, layer):
        values = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
        gain, shift, mean, variance = (value.detach().numpy().astype(float) for value in values)
        return [
            (one - m) / np.sqrt(v + layer.eps) * g + s
            for one, g, s, m, v in zip(maps, gain, shift, mean, variance, strict=True)
        ]

    maps = normalise(convolve([image.astype(float)], network.stem), network.stem_norm)
    maps = [np.maximum(one, 0) for one in maps]
    for block in network.blocks:
        first, first_norm, _, second, second_norm = block.layers
        inner = [np.maximum(one, 0) for one in normalise(convolve(maps, first), first_norm)]
        added = normalise(convolve(inner, second), second_norm)
        maps = [np.maximum(a + b, 0) for a, b in zip(maps, added, strict=True)]
    return convolve(maps, network.head)[0]


@pytest.mark.parametrize("design", [TINY, SMALL])
def test_scores_are_those_of_a_loop_over_the_layers(design):
    network, image = make_network(design), noise(19, 24)
    expected = logits_by_hand(network, image)
    with torch.no_grad():
        logits = network(torch.from_numpy(image)[None])[0].numpy()
    assert expected.std() > 0.01
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_allclose(pixel_scores(network, image), 1 / (1 + np.exp(-expected)), atol=1e-5)


@pytest.mark.parametrize("design", [TINY, SMALL, ResidualDesign(maps=2)])
def test_a_score_depends_on_as_many_pixels_around_as_the_design_says(design):
    network, reach = make_network(design), design.reach
    with torch.no_grad():  # all is positive, so that no ReLU cuts a path off
        for value in (*network.parameters(), *network.buffers()):
            value.abs_()
    size = 2 * reach + 5
    middle = size // 2
    image = torch.from_numpy(np.abs(noise(size, size)) + 5)[None].requires_grad_()
    network(image)[0, middle, middle].backward()
    rows, columns = np.nonzero(image.grad[0].numpy())
    assert (rows.min(), columns.min()) == (middle - reach, middle - reach)
    assert (rows.max(), columns.max()) == (middle + reach, middle + reach)


def test_a_pixel_just_outside_changes_nothing_and_one_inside_does():
    network, reach = make_network(SMALL), SMALL.reach
    image = noise(60, 60)
    before = pixel_scores(network, image)
    image[30, 25] += 10
    changed = pixel_scores(network, image) != before
    rows, columns = np.nonzero(changed)
    assert changed[30, 25]
    assert (rows.min(), rows.max()) == (30 - reach, 30 + reach)
    assert (columns.min(), columns.max()) == (25 - reach, 25 + reach)


@pytest.mark.parametrize("design", [TINY, SMALL, ResidualDesign(maps=2, dilations=(4, 1))])
@pytest.mark.parametrize("n_rows", [1, 13, 16, 23, 36, 37, 50])
def test_strips_of_any_height_agree(design, n_rows):
    network, image = make_network(design), noise(37, 25)
    with torch.no_grad():
        expected = torch.sigmoid(network(torch.from_numpy(image)[None]))[0].numpy()
    scores = pixel_scores(network, image, n_rows=n_rows)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (6, 8), (12, 3)])
def test_images_smaller_than_the_reach_are_scored(shape):
    network, image = make_network(SMALL), noise(*shape)
    expected = 1 / (1 + np.exp(-logits_by_hand(network, image)))
    np.testing.assert_allclose(pixel_scores(network, image), expected, atol=1e-5)


@pytest.mark.parametrize("design", [TINY, SMALL, ResidualDesign()])
@pytest.mark.parametrize("n_rows", [None, 50])
def test_layers_that_are_fused_and_layers_that_are_not_agree(design, n_rows, monkeypatch):
    network, image = make_network(design), noise(70, 90)
    fused = pixel_scores(network, image, n_rows=n_rows)
    monkeypatch.setattr(fused_layer, "_can_fuse", lambda dtype: False)
    plain = pixel_scores(network, image, n_rows=n_rows)
    np.testing.assert_allclose(fused, plain, atol=1e-5)


@pytest.mark.parametrize("n_rows", [1000, 64])
def test_numbers_of_16_bits_give_nearly_the_same_scores(n_rows):
    network, image = make_network(ResidualDesign(), seed=2), noise(300, 260)
    exact = pixel_scores(network, image)
    short = pixel_scores(network, image, n_rows=n_rows, dtype=torch.bfloat16)
    assert short.dtype == np.float32
    assert not np.array_equal(short, exact)
    assert np.corrcoef(short.ravel(), exact.ravel())[0, 1] > 0.999


def test_scoring_leaves_the_network_as_it_was():
    network = make_network(SMALL)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    pixel_scores(network, noise(30, 40))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_scores_move_with_the_image():
    network, image = make_network(SMALL), noise(70, 80)
    scores = pixel_scores(network, image)
    moved = pixel_scores(network, np.roll(image, (5, -9), axis=(0, 1)))
    inside = slice(20, 50)  # away from the edges, and from what was rolled over them
    np.testing.assert_allclose(
        moved[inside, inside], np.roll(scores, (5, -9), axis=(0, 1))[inside, inside], atol=1e-5
    )


def test_an_image_that_is_no_contiguous_array_is_scored_the_same():
    network, image = make_network(TINY), noise(30, 40)
    turned = np.rot90(image)
    np.testing.assert_array_equal(
        pixel_scores(network, turned), pixel_scores(network, turned.copy())
    )


def test_a_fresh_network_takes_little_for_a_particle():
    network = ResidualNetwork(ResidualDesign(), generator=torch.Generator().manual_seed(0)).eval()
    scores = pixel_scores(network, noise(64, 64))
    assert np.isfinite(scores).all()
    assert np.median(scores) < 0.5


def test_weights_come_from_the_generator_only():
    def weights(seed, global_seed):
        torch.manual_seed(global_seed)
        network = build_network(SMALL, generator=torch.Generator().manual_seed(seed))
        return torch.cat([value.reshape(-1) for value in network.parameters()])

    with torch.random.fork_rng():
        assert torch.equal(weights(3, 0), weights(3, 1))
        torch.manual_seed(5)
        before = torch.random.get_rng_state()
        make_network(SMALL)
        assert torch.equal(torch.random.get_rng_state(), before)
        assert not torch.equal(weights(3, 0), weights(4, 0))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"maps": 0}, "maps: must be at least 1, got 0"),
        ({"dilations": ()}, "dilations: must all be at least 1"),
        ({"dilations": (1, 0)}, "dilations: must all be at least 1"),
        ({"stem": 4}, "stem: must be an odd number of pixels, got 4"),
        ({"stem": 0}, "stem: must be an odd number of pixels, got 0"),
        ({"stem": -1}, "stem: must be an odd number of pixels, got -1"),
    ],
)
def test_impossible_designs_are_refused(fields, problem):
    with pytest.raises(ConfigError, match=problem):
        ResidualDesign(**fields)


def test_a_design_is_described():
    assert TINY.reach == 2 + 2 * 2
    assert SMALL.describe() == "residual, 3 blocks of dilations 1/3/1, 4 feature maps"
