"""The residual network over a whole image, a few rows at a time: a score at every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from deepem.networks.fused_layer import FusedLayer
from deepem.networks.residual import ResidualBlock, ResidualNetwork

# A processor keeps the maps of a small image, or of a few rows, in its cache; a graphics card wants
# much work at once.
_SMALL_PX = 1 << 17
_ROWS_ON_CPU, _ROWS_ELSEWHERE = 64, 1024


def pixel_scores(
    network: ResidualNetwork,
    image: NDArray[np.float32],
    *,
    n_rows: int | None = None,
    dtype: torch.dtype = torch.float32,
) -> NDArray[np.float32]:
    """Score every pixel of an image.

    Rows pass through all layers in strips. Each block keeps the last rows of its input, which the
    next strip needs too, so hardly anything is computed twice, and no map of the whole image is
    needed.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    image
        Prepared image ``(ny, nx)``.
    n_rows
        Height of the strips, which bounds the memory; at least as far as the network reaches. The
        result does not depend on it beyond rounding.
    dtype
        Numbers that the layers compute with; ``torch.bfloat16`` takes half the time where the
        processor has them, and moves scores by 0.02 at most.

    Returns
    -------
    scores
        Array ``(ny, nx)`` in (0, 1).
    """
    device, design = network.head.weight.device, network.design
    if n_rows is None:
        on_cpu = len(image) if image.size <= _SMALL_PX else _ROWS_ON_CPU
        n_rows = on_cpu if device.type == "cpu" else _ROWS_ELSEWHERE
    n_rows = max(n_rows, design.reach + 1)  # so that every layer has rows from the first on
    margin = design.stem // 2
    with torch.inference_mode():
        stem = FusedLayer.fold(network.stem, network.stem_norm, dtype=dtype)
        layers = cast("list[ResidualBlock]", network.blocks)
        blocks = [_FoldedBlock(block, dtype) for block in layers]
        tensor = torch.from_numpy(np.ascontiguousarray(image)).to(device, dtype)
        padded = functional.pad(tensor, (0, 0, margin, margin))[None, None]
        if n_rows < len(image):
            done = _pass_strips(stem, blocks, padded, n_rows)
        else:
            maps = stem(padded)
            for block in blocks:
                block.pass_whole(maps)
            done = iter([maps])
        scores = [_score(network, maps) for maps in done]
    return np.concatenate(scores)


def _pass_strips(
    stem: FusedLayer, blocks: list[_FoldedBlock], padded: Tensor, n_rows: int
) -> Iterator[Tensor]:
    """Maps after the last block, a strip at a time; they are overwritten by the next ones."""
    n_seen, width = padded.shape[2:]
    n_above = stem.weight.shape[-1] - 1
    dilations = [block.dilation for block in blocks]
    first = 4 * max(dilations)  # row of a strip in the buffers; above it is room for earlier rows
    height = first + n_rows + 2 * sum(dilations) + 2 * max(dilations)
    shape = (1, len(stem.weight), height, width)
    here, there = (
        torch.empty(
            shape, dtype=padded.dtype, device=padded.device, memory_format=torch.channels_last
        )
        for _ in range(2)
    )
    for top in range(0, n_seen - n_above, n_rows):
        maps = stem(padded[:, :, top : top + n_rows + n_above])
        n = maps.shape[2]
        here[:, :, first : first + n].copy_(maps)
        for block in blocks:
            n = block.pass_strip(here, there, first, n, is_last=top + n_rows + n_above >= n_seen)
            here, there = there, here
        yield here[:, :, first : first + n]


def _score(network: ResidualNetwork, maps: Tensor) -> NDArray[np.float32]:
    weight, bias = network.head.weight.flatten(), cast("Tensor", network.head.bias)
    logits = maps[0].permute(1, 2, 0).float() @ weight + bias
    return cast("NDArray[np.float32]", torch.sigmoid(logits).cpu().numpy())


class _FoldedBlock:
    """A residual block over an image that it is given whole, or in strips from the top down."""

    def __init__(self, block: ResidualBlock, dtype: torch.dtype) -> None:
        first, first_norm, _, second, second_norm = block.layers
        self._first, self._second = (
            FusedLayer.fold(cast("nn.Conv2d", layer), cast("nn.BatchNorm2d", norm), dtype=dtype)
            for layer, norm in ((first, first_norm), (second, second_norm))
        )
        self.dilation = self._first.dilation
        self._kept: Tensor | None = None

    def pass_whole(self, maps: Tensor) -> None:
        """Compute the block in place."""
        self._second.add_to(maps, self._first(maps, pad_rows=True), pad_rows=True)

    def pass_strip(self, here: Tensor, there: Tensor, row: int, n: int, *, is_last: bool) -> int:
        """Take ``n`` rows of one buffer from ``row`` on, and put there in the other what they make.

        Returns
        -------
        n_complete
            How many rows are complete: fewer by the block's reach at first, more at last.
        """
        reach, bottom = 2 * self.dilation, row + n
        is_first = self._kept is None
        top = row - (reach if is_first else 2 * reach)
        if self._kept is None:
            here[:, :, top:row].zero_()
        else:
            here[:, :, top:row].copy_(self._kept)
        if is_last:
            here[:, :, bottom : bottom + reach].zero_()
            bottom += reach
        else:
            self._kept = here[:, :, bottom - 2 * reach : bottom].clone()
        inner = self._first(here[:, :, top:bottom])
        if is_first:  # what is outside is zero for the second layer, too
            inner[:, :, : self.dilation].zero_()
        if is_last:
            inner[:, :, -self.dilation :].zero_()
        n_complete = bottom - top - 2 * reach
        complete = there[:, :, row : row + n_complete]
        complete.copy_(here[:, :, top + reach : bottom - reach])
        self._second.add_to(complete, inner)
        return n_complete
