"""The network over a whole image in one pass: the scores of all boxes, at the cost of a few."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deepem.errors import ConfigError
from deepem.networks.deepem8 import DeepEM8
from deepem.networks.fft_convolution import convolve

_TILE_PX = 1024


def dense_scores(
    network: DeepEM8,
    image: NDArray[np.float32],
    *,
    step: int,
    n_orientations: int = 4,
    tile_px: int = _TILE_PX,
) -> NDArray[np.float32]:
    """Score every ``step``-th box of an image, averaged over four orientations of the box.

    The network is convolutional up to its last layer, and that layer is a convolution too. Run
    over an image, it gives the scores of all boxes whose corners lie on a grid of the pools'
    product; where a finer grid is asked for, the last poolings keep every position and the layers
    after them reach over the gaps (dilation). Instead of the image, the weights are turned by 90
    degrees, so that all orientations are scored on the same grid.

    Parameters
    ----------
    network
        The network.
    image
        Prepared image ``(ny, nx)``.
    step
        Distance between boxes in pixels: one of ``network.design.steps``.
    n_orientations
        4 averages over 0, 90, 180 and 270 degrees, 1 scores the box as it is.
    tile_px
        Side of the tiles in which the image is worked through, which bounds the memory. Tiles
        overlap by a box, so the result does not depend on it beyond rounding.

    Returns
    -------
    scores
        Array ``(ny', nx')`` in (0, 1); entry ``(row, column)`` is the score of
        ``image[row * step : row * step + box_size, column * step : column * step + box_size]``.

    Raises
    ------
    deepem.errors.ConfigError
        The step is not one of the design's.
    ValueError
        The image is smaller than a box.
    """
    design = network.design
    if step not in design.steps:
        raise ConfigError("step", f"must be one of {design.steps} px for this network, got {step}")
    if min(image.shape) < design.box_size:
        raise ValueError(f"a box of {design.box_size} px does not fit into an image {image.shape}")
    n_rows, n_columns = ((n - design.box_size) // step + 1 for n in image.shape)
    n_tile = max(1, (tile_px - design.box_size) // step + 1)
    scores = np.empty((n_rows, n_columns), dtype=np.float32)
    oriented = [_turned_weights(network, turns) for turns in range(n_orientations)]
    with torch.inference_mode():
        for row, column in product(range(0, n_rows, n_tile), range(0, n_columns, n_tile)):
            rows, columns = min(n_tile, n_rows - row), min(n_tile, n_columns - column)
            top, left = row * step, column * step
            height, width = ((n - 1) * step + design.box_size for n in (rows, columns))
            tile = np.ascontiguousarray(image[top : top + height, left : left + width])
            tensor = torch.from_numpy(tile).to(network.output_bias.device)
            passes = [_dense_pass(network, weights, tensor, step) for weights in oriented]
            mean = torch.stack(passes).mean(dim=0)
            scores[row : row + rows, column : column + columns] = mean.cpu().numpy()
    return scores


def _turned_weights(network: DeepEM8, turns: int) -> list[Tensor]:
    """Kernels of all layers for boxes turned by ``turns`` times 90 degrees."""
    weights = [*network.kernels, network.output_weights[None]]
    return [torch.rot90(kernel.detach(), turns, dims=(-2, -1)).contiguous() for kernel in weights]


def _dense_pass(network: DeepEM8, weights: list[Tensor], tile: Tensor, step: int) -> Tensor:
    """Scores ``(rows, columns)`` of one orientation over one tile."""
    maps = tile[None, None]
    strided, gap = 1, 1
    for kernels, bias, pool in zip(weights, network.biases, network.design.pools, strict=False):
        if gap == 1:
            maps = convolve(maps, kernels, bias)
        else:
            maps = functional.conv2d(maps, kernels, bias, dilation=gap)
        maps = network.activate(maps)
        if strided * pool <= step:
            maps = functional.avg_pool2d(maps, pool)
            strided *= pool
        else:
            maps = _mean_cells(maps, pool, gap)
            gap *= pool
    scores = functional.conv2d(maps, weights[-1], network.output_bias[None], dilation=gap)
    return torch.sigmoid(scores)[0, 0]


def _mean_cells(maps: Tensor, pool: int, gap: int) -> Tensor:
    """Mean over cells of ``pool`` x ``pool`` samples ``gap`` apart, at every position."""
    for dim in (-2, -1):
        n = maps.shape[dim] - gap * (pool - 1)
        total = maps.narrow(dim, 0, n).clone()
        for shift in range(1, pool):
            total += maps.narrow(dim, shift * gap, n)
        maps = total / pool
    return maps
