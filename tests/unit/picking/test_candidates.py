"""Candidates are all local maxima of the score, in their places on the micrograph."""

import numpy as np
import pytest
import torch

from deepem.core import Micrograph
from deepem.networks import DeepEM8, ResidualDesign, ResidualNetwork, design_network
from deepem.picking import find_candidates, scan
from deepem.preprocessing import prepare

BOX = 21


def make_network(kind):
    generator = torch.Generator().manual_seed(1)
    if kind == "residual":
        design = ResidualDesign(maps=4, dilations=(1, 2), stem=5)
        return ResidualNetwork(design, generator=generator).eval()
    return DeepEM8(design_network(BOX + 7), generator=generator).eval()


def make_micrograph(pixels=None):
    if pixels is None:
        pixels = np.random.default_rng(0).standard_normal((110, 150))
    return Micrograph.from_array(pixels, name="mic", pixel_size_angstrom=1.5)


def find(micrograph, *, kind="residual", factor=1, min_distance_px=1e-3):
    box_size = BOX if kind == "residual" else BOX + 7
    image = prepare(micrograph, factor=factor, box_size=box_size)
    network = make_network(kind)
    found = find_candidates(
        network, image, micrograph, box_size=box_size, min_distance_px=min_distance_px
    )
    return found, scan(network, image, box_size=box_size)


def maxima(scores):
    """Samples above all their eight neighbours, one after the other."""
    ny, nx = scores.shape
    return [
        (row, column)
        for row in range(ny)
        for column in range(nx)
        if np.sum(
            scores[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
            >= scores[row, column]
        )
        == 1
    ]


@pytest.mark.parametrize("kind", ["residual", "deepem8"])
@pytest.mark.parametrize("factor", [1, 2, 1.7])
def test_every_local_maximum_is_a_candidate_in_its_place(kind, factor):
    found, score_map = find(make_micrograph(), kind=kind, factor=factor)
    tops = maxima(score_map.scores)
    x_px, y_px = score_map.frame.to_px(*np.array(tops, dtype=float).T[::-1])
    step = np.array(score_map.frame.step_px)
    matched = 0
    for (row, column), x, y in zip(tops, x_px, y_px, strict=True):
        # The parabola moves a peak by half a sample at most; the position is rounded after.
        near = (np.abs(found.x_px - x) <= step[1] / 2 + 0.051) & (
            np.abs(found.y_px - y) <= step[0] / 2 + 0.051
        )
        same = near & (found.score == score_map.scores[row, column])
        is_inside = step.max() < min(x, y, 149 - x, 109 - y)
        assert same.any() or not is_inside
        for index in np.flatnonzero(same)[:1]:
            assert found.std[index] == pytest.approx(score_map.std[row, column], abs=0.02)
            matched += 1
    assert matched == len(found) > 10


def test_candidates_are_ranked_and_say_where_they_come_from():
    micrograph = make_micrograph()
    found, _ = find(micrograph)
    assert found.micrograph == "mic"
    assert found.frame == micrograph.frame
    assert found.box_size_px == 20  # even
    assert (np.diff(found.score) <= 0).all()
    assert found.edge_distance_px().min() >= 0
    np.testing.assert_array_equal(found.x_px, np.round(found.x_px, 1))
    assert not found.junk.any()  # nobody looked


@pytest.mark.parametrize("distance_px", [6.0, 15.0])
def test_no_two_are_closer_than_asked(distance_px):
    for factor in (1, 2):
        found, _ = find(make_micrograph(), factor=factor, min_distance_px=distance_px)
        gap = np.hypot(found.x_px[:, None] - found.x_px, found.y_px[:, None] - found.y_px)
        assert gap[np.triu_indices(len(found), 1)].min() >= distance_px - 0.15
        every, _ = find(make_micrograph(), factor=factor)
        # The best stays, and every one that is dropped has a better one near.
        assert found.score[0] == every.score[0]
        for x, y, score in zip(every.x_px, every.y_px, every.score, strict=True):
            near = np.hypot(found.x_px - x, found.y_px - y) <= distance_px + 0.15
            assert near.any()
            assert found.score[near].max() >= score


def test_candidates_move_with_the_image():
    pixels = np.random.default_rng(3).standard_normal((110, 150))
    here, _ = find(make_micrograph(pixels))
    moved, _ = find(make_micrograph(np.roll(pixels, (7, -11), axis=(0, 1))))

    def inside(picks, dx, dy):
        x, y = picks.x_px - dx, picks.y_px - dy
        kept = (x > 40) & (x < 110) & (y > 30) & (y < 75)
        return sorted(zip(x[kept].round(1), y[kept].round(1), strict=True))

    assert len(inside(here, 0, 0)) > 5
    np.testing.assert_allclose(inside(moved, -11, 7), inside(here, 0, 0), atol=0.11)


def test_candidates_do_not_depend_on_memory_order():
    pixels = np.random.default_rng(0).standard_normal((110, 150))
    one, _ = find(make_micrograph(pixels))
    same, _ = find(make_micrograph(np.asfortranarray(pixels)))
    np.testing.assert_array_equal(one.x_px, same.x_px)
    np.testing.assert_allclose(one.score, same.score, atol=1e-6)
