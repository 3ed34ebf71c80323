"""The residual network over a whole image, a few rows at a time: a score at every pixel."""

from __future__ import annotations

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
_ROWS_ON_CPU, _ROWS_ELSEWHERE = 96, 1024


def pixel_scores(
    network: ResidualNetwork, image: NDArray[np.float32], *, n_rows: int | None = None
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
    scores = np.empty(image.shape, dtype=np.float32)
    n_done, margin = 0, design.stem // 2
    with torch.inference_mode():
        stem = FusedLayer.fold(network.stem, network.stem_norm)
        blocks = [_BlockOfStrips(block) for block in cast("list[ResidualBlock]", network.blocks)]
        tensor = torch.from_numpy(np.ascontiguousarray(image)).to(device)
        padded = functional.pad(tensor, (0, 0, margin, margin))
        for top in range(0, len(image), n_rows):
            strip = padded[None, None, top : top + n_rows + 2 * margin]
            maps = stem(strip.contiguous(memory_format=torch.channels_last))
            for block in blocks:
                maps = block.pass_on(maps, is_last=top + n_rows >= len(image))
            done = torch.sigmoid(network.head(maps))[0, 0].cpu().numpy()
            scores[n_done : n_done + len(done)] = done
            n_done += len(done)
    return scores


class _BlockOfStrips:
    """A residual block that is given an image strip by strip, from the top down."""

    def __init__(self, block: ResidualBlock) -> None:
        first, first_norm, _, second, second_norm = block.layers
        self._first = FusedLayer.fold(cast("nn.Conv2d", first), cast("nn.BatchNorm2d", first_norm))
        self._second = FusedLayer.fold(
            cast("nn.Conv2d", second), cast("nn.BatchNorm2d", second_norm)
        )
        self._kept: Tensor | None = None

    def pass_on(self, maps: Tensor, *, is_last: bool) -> Tensor:
        """Rows that are complete with these: fewer at first by the block's reach, more at last."""
        is_first = self._kept is None
        if is_first and is_last:
            self._second.add_to(maps, self._first(maps, pad_rows=True), pad_rows=True)
            return maps
        dilation = self._first.dilation
        outside = torch.zeros_like(maps[:, :, :1]).expand(-1, -1, 2 * dilation, -1)
        above = outside if self._kept is None else self._kept
        inputs = torch.cat([above, maps, outside] if is_last else [above, maps], dim=2)
        self._kept = inputs[:, :, -4 * dilation :].clone()
        inner = self._first(inputs)
        if is_first:  # what is outside is zero for the second layer, too
            inner[:, :, :dilation].zero_()
        if is_last:
            inner[:, :, -dilation:].zero_()
        complete = inputs[:, :, 2 * dilation : -2 * dilation]
        self._second.add_to(complete, inner)
        return complete
