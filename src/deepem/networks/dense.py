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
from deepem.networks.fft_convolution import convolve_fourier, is_fourier_faster, kernel_spectra

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
    rows, columns = (-(-n // -(-n // n_tile)) for n in (n_rows, n_columns))  # of even tiles
    tops, lefts = _tile_starts(n_rows, rows), _tile_starts(n_columns, columns)
    height, width = ((n - 1) * step + design.box_size for n in (rows, columns))
    scores = np.zeros((n_rows, n_columns), dtype=np.float32)
    with torch.inference_mode():
        for turns in range(n_orientations):
            weights = _turned_weights(network, turns)
            spectra: dict[int, Tensor] = {}  # of kernels: the same for all tiles
            turned = np.empty_like(scores)
            for row, column in product(tops, lefts):
                top, left = row * step, column * step
                tile = np.ascontiguousarray(image[top : top + height, left : left + width])
                tensor = torch.from_numpy(tile).to(network.output_bias.device)
                found = _dense_pass(network, weights, spectra, tensor, step)
                turned[row : row + rows, column : column + columns] = found.cpu().numpy()
            scores += turned
    scores /= n_orientations
    return scores


def _tile_starts(n: int, n_tile: int) -> list[int]:
    """First boxes of tiles of one size: the last tile shares some with the one before."""
    return [min(start, n - n_tile) for start in range(0, n, n_tile)]


def _turned_weights(network: DeepEM8, turns: int) -> list[Tensor]:
    """Kernels of all layers for boxes turned by ``turns`` times 90 degrees."""
    weights = [*network.kernels, network.output_weights[None]]
    return [torch.rot90(kernel.detach(), turns, dims=(-2, -1)).contiguous() for kernel in weights]


def _dense_pass(
    network: DeepEM8,
    weights: list[Tensor],
    spectra: dict[int, Tensor],
    tile: Tensor,
    step: int,
) -> Tensor:
    """Scores ``(rows, columns)`` of one orientation over one tile; spectra are kept for others."""
    maps = tile[None, None]
    strided, gap = 1, 1
    layers = zip(weights, network.biases, network.design.pools, strict=False)
    for number, (kernels, bias, pool) in enumerate(layers):
        if gap == 1 and is_fourier_faster(kernels):
            if number not in spectra:
                ny, nx = maps.shape[-2:]
                spectra[number] = kernel_spectra(kernels, (ny, nx))
            maps = convolve_fourier(maps, kernels, bias, spectra=spectra[number])
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
