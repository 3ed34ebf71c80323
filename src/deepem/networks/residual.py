"""The successor network: fully convolutional, a score at every pixel, small and fast."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepem.networks.residual_design import ResidualDesign

# Few pixels hold a particle's centre: a network that starts at this logit need not learn that.
_FIRST_LOGIT = -4.0


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
            self.blocks = nn.Sequential(
                *[ResidualBlock(maps, dilation) for dilation in design.dilations]
            )
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


class ResidualBlock(nn.Module):
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
        """Maps of the same shape."""
        return torch.relu(maps + self.layers(maps))
