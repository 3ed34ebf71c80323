"""A scan scores boxes and knows where their centres lie."""

import numpy as np
import pytest
import torch

from deepem.core import Micrograph
from deepem.networks import (
    PRESETS,
    DeepEM8,
    ResidualDesign,
    ResidualNetwork,
    design_network,
    pixel_scores,
)
from deepem.picking import default_step, scan
from deepem.preprocessing import prepare


def make_network(box_size):
    return DeepEM8(design_network(box_size), generator=torch.Generator().manual_seed(0))


def make_image(box_size, factor):
    pixels = np.random.default_rng(0).standard_normal((97, 141))
    micrograph = Micrograph.from_array(pixels, pixel_size_angstrom=1.5)
    return prepare(micrograph, factor=factor, box_size=box_size)


@pytest.mark.parametrize("box_size", [27, 28])
@pytest.mark.parametrize("factor", [1, 2, 1.7])
@pytest.mark.parametrize("step", [1, 4, None])
def test_every_sample_is_the_box_around_its_place(box_size, factor, step):
    network, image = make_network(box_size), make_image(box_size, factor)
    score_map = scan(network, image, box_size=box_size, step=step)
    assert score_map.scores.shape == score_map.std.shape == score_map.frame.shape
    assert score_map.frame.pixel_size_angstrom == 1.5
    n_rows, n_columns = score_map.frame.shape
    for row, column in [(0, 0), (1, 2), (n_rows - 1, n_columns - 1)]:
        x_px, y_px = score_map.frame.to_px(column, row)
        middle_column, middle_row = image.frame.from_px(x_px, y_px)
        top = middle_row - (box_size - 1) / 2
        left = middle_column - (box_size - 1) / 2
        assert (top, left) == pytest.approx((round(top), round(left)), abs=1e-9)
        rows, columns = (slice(round(at), round(at) + box_size) for at in (top, left))
        box = image.pixels[rows, columns]
        assert score_map.std[row, column] == pytest.approx(box.std(), abs=1e-4)
        turned = torch.from_numpy(np.stack([np.rot90(box, k) for k in range(4)]))
        with torch.no_grad():
            assert score_map.scores[row, column] == pytest.approx(
                network(turned).mean().item(), abs=1e-5
            )


def test_boxes_are_scored_up_to_the_edges():
    for box_size in (27, 28):
        for factor in (1, 2):
            image = make_image(box_size, factor)
            frame = scan(make_network(box_size), image, box_size=box_size, step=1).frame
            first_x, first_y = frame.to_px(0, 0)
            last_x, last_y = frame.to_px(frame.shape[1] - 1, frame.shape[0] - 1)
            assert max(abs(first_x), abs(first_y)) <= factor / 2
            assert (last_x, last_y) == pytest.approx((140, 96), abs=factor / 2 + 1)


@pytest.mark.parametrize("box_size", [21, 27])
@pytest.mark.parametrize("factor", [1, 2, 1.7])
def test_a_residual_network_scores_every_pixel_of_the_micrograph_in_its_place(box_size, factor):
    design = ResidualDesign(maps=3, dilations=(1, 2), stem=3)
    network = ResidualNetwork(design, generator=torch.Generator().manual_seed(0)).eval()
    image = make_image(box_size, factor)
    score_map = scan(network, image, box_size=box_size)
    margin = box_size // 2
    inside = tuple(n - 2 * margin for n in image.pixels.shape)
    assert score_map.scores.shape == score_map.std.shape == score_map.frame.shape == inside
    assert score_map.frame.step_px == image.frame.step_px
    assert score_map.frame.pixel_size_angstrom == 1.5
    every = pixel_scores(network, image.pixels)
    for row, column in [(0, 0), (3, 8), (inside[0] - 1, inside[1] - 1)]:
        at_column, at_row = image.frame.from_px(*score_map.frame.to_px(column, row))
        assert (at_row, at_column) == pytest.approx((row + margin, column + margin), abs=1e-9)
        assert score_map.scores[row, column] == every[row + margin, column + margin]
        box = image.pixels[row : row + box_size, column : column + box_size]
        assert score_map.std[row, column] == pytest.approx(box.std(), abs=1e-4)
    # The whole micrograph is scored, and nothing beyond it.
    x_px, y_px = score_map.frame.to_px(np.array([0, inside[1] - 1]), np.array([0, inside[0] - 1]))
    assert x_px == pytest.approx([0, 140], abs=factor / 2 + 0.5)
    assert y_px == pytest.approx([0, 96], abs=factor / 2 + 0.5)


@pytest.mark.parametrize(
    ("design", "step"),
    [
        (PRESETS["klh"].design, 12),
        (PRESETS["19s"].design, 12),
        (design_network(80), 8),
        (design_network(79), 4),
        (design_network(40), 4),
        (design_network(27), 2),
        (design_network(39, n_pairs=1), 2),
        (design_network(19, n_pairs=1), 1),
    ],
)
def test_ten_boxes_along_a_box(design, step):
    assert default_step(design) == step
    assert step in design.steps
    larger = [other for other in design.steps if other > step]
    assert all(design.box_size / other < 10 for other in larger)
    score_map = scan(
        DeepEM8(design, generator=torch.Generator().manual_seed(0)),
        make_image(design.box_size, 97 / 2 / design.box_size),
        box_size=design.box_size,
    )
    assert score_map.frame.step_px[0] == pytest.approx(step * 97 / 2 / design.box_size, rel=0.02)
