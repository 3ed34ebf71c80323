"""The successor network: fully convolutional, a score at every pixel, small and fast."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from deepem.errors import ConfigError

# Few pixels hold a particle's centre: a network that starts at this logit need not learn that.
_FIRST_LOGIT = -4.0
_TILE_PX = 512


@dataclass(frozen=True)
class ResidualDesign:
    """Shape of a residual network.

    Parameters
    ----------
    maps
        Number of feature maps, the same in every layer.
    dilations
        Dilation of the two 3 x 3 convolutions of each residual block: the field of view grows
        without pooling, so that the score keeps the resolution of the image.
    stem
        Side of the kernels of the first convolution, odd.
    kind
        Tells the designs of a model file apart.

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.
    """

    maps: int = 16
    dilations: tuple[int, ...] = (1, 2, 4, 8, 4, 2, 1)
    stem: int = 7
    kind: Literal["residual"] = "residual"

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.maps < 1:
            raise ConfigError("maps", f"must be at least 1, got {self.maps}")
        if not self.dilations or min(self.dilations) < 1:
            raise ConfigError("dilations", f"must all be at least 1, got {self.dilations}")
        if self.stem < 1 or self.stem % 2 == 0:
            raise ConfigError("stem", f"must be an odd number of pixels, got {self.stem}")

    def describe(self) -> str:
        """The network in a line."""
        return (
            f"residual, {len(self.dilations)} blocks of dilations "
            f"{'/'.join(map(str, self.dilations))}, {self.maps} feature maps"
        )

    @property
    def reach(self) -> int:
        """How many pixels away a score still sees."""
        return self.stem // 2 + 2 * sum(self.dilations)


class ResidualNetwork(nn.Module):
    """Convolution → residual blocks of growing and shrinking dilation → one logit at every pixel.

    Parameters
    ----------
    design
        Maps, dilations and stem.
    generator
        Source of the initial weights; None leaves them to be loaded.

    References
    ----------
    He et al. (2016) CVPR, doi 10.1109/CVPR.2016.90 (residual blocks); Yu, Koltun (2016) ICLR,
    arXiv 1511.07122 (dilations).
    """

    def __init__(self, design: ResidualDesign, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.design = design
        maps = design.maps
        with torch.random.fork_rng(devices=()):  # layers draw weights of their own, in vain
            self.stem = nn.Conv2d(1, maps, design.stem, padding=design.stem // 2)
            self.stem_norm = nn.BatchNorm2d(maps)
            self.blocks = nn.Sequential(*[_Block(maps, dilation) for dilation in design.dilations])
            self.head = nn.Conv2d(maps, 1, 1)
        if generator is not None:
            self._draw_weights(generator)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(n, ny, nx)`` of images ``(n, ny, nx)``; outside, zeros are seen."""
        maps = images[:, None].contiguous(memory_format=torch.channels_last)
        maps = torch.relu(self.stem_norm(self.stem(maps)))
        logits: Tensor = self.head(self.blocks(maps))
        return logits[:, 0]

    def _draw_weights(self, generator: torch.Generator) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                fan_in = layer.weight[0].numel()
                with torch.no_grad():
                    layer.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
                    if layer.bias is not None:
                        layer.bias.zero_()
        nn.init.constant_(self.head.bias, _FIRST_LOGIT)  # type: ignore[arg-type]


class _Block(nn.Module):
    """What two convolutions add to their input."""

    def __init__(self, maps: int, dilation: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [
                nn.Conv2d(maps, maps, 3, padding=dilation, dilation=dilation, bias=False),
                nn.BatchNorm2d(maps),
                nn.ReLU(),
            ]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(maps + self.layers(maps))


def pixel_scores(
    network: ResidualNetwork, image: NDArray[np.float32], *, tile_px: int = _TILE_PX
) -> NDArray[np.float32]:
    """Score every pixel of an image.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    image
        Prepared image ``(ny, nx)``.
    tile_px
        Side of the tiles in which the image is worked through, which bounds the memory. Tiles see
        as far beyond their border as the network does, so the result does not depend on it beyond
        rounding.

    Returns
    -------
    scores
        Array ``(ny, nx)`` in (0, 1).
    """
    reach = network.design.reach
    scores = np.empty(image.shape, dtype=np.float32)
    ny, nx = image.shape
    device = network.head.weight.device
    with torch.inference_mode():
        network = _fold(network)
        for top, left in product(range(0, ny, tile_px), range(0, nx, tile_px)):
            first_row, first_column = max(0, top - reach), max(0, left - reach)
            seen = image[first_row : top + tile_px + reach, first_column : left + tile_px + reach]
            tensor = torch.from_numpy(np.ascontiguousarray(seen)).to(device)
            tile = torch.sigmoid(network(tensor[None]))[0].cpu().numpy()
            rows, columns = min(tile_px, ny - top), min(tile_px, nx - left)
            row, column = top - first_row, left - first_column
            scores[top : top + rows, left : left + columns] = tile[
                row : row + rows, column : column + columns
            ]
    return scores


def _fold(network: ResidualNetwork) -> ResidualNetwork:
    """The same network with its normalisations folded into the convolutions: a fifth faster."""
    folded = copy.deepcopy(network).eval()
    folded.stem = fuse_conv_bn_eval(folded.stem, folded.stem_norm)
    folded.stem_norm = nn.Identity()  # type: ignore[assignment]
    for block in cast(Iterable[_Block], folded.blocks):
        convolutions = [layer for layer in block.layers if isinstance(layer, nn.Conv2d)]
        norms = [layer for layer in block.layers if isinstance(layer, nn.BatchNorm2d)]
        first, second = map(fuse_conv_bn_eval, convolutions, norms)
        block.layers = nn.Sequential(first, nn.ReLU(), second)
    return folded
