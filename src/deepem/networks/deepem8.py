"""The network of the paper, on boxes: convolution and pooling in turn, one output in (0, 1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from deepem.networks.fft_convolution import convolve
from deepem.networks.presets import NetworkDesign


class DeepEM8(nn.Module):
    """Input box → C1 → S2 → C3 → S4 → C5 → S6 → fully connected → one output in (0, 1).

    Weights start uniform in ``±sqrt(6 / (fan_in + fan_out))``, biases at 0.

    Parameters
    ----------
    design
        Box size, kernels, pools, maps and activation.
    generator
        Source of the initial weights; None leaves them to be loaded.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, and the authors' code for the weights.
    """

    def __init__(self, design: NetworkDesign, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.design = design
        self.kernels = nn.ParameterList()
        self.biases = nn.ParameterList()
        n_in = 1
        for n_out, side in zip(design.maps, design.kernels, strict=True):
            self.kernels.append(
                _start_weights(
                    (n_out, n_in, side, side), n_in * side**2, n_out * side**2, generator
                )
            )
            self.biases.append(nn.Parameter(torch.zeros(n_out)))
            n_in = n_out
        n_features = n_in * design.last_side**2
        self.output_weights = _start_weights(
            (n_in, design.last_side, design.last_side), n_features, 1, generator
        )
        self.output_bias = nn.Parameter(torch.zeros(()))

    def forward(self, boxes: Tensor) -> Tensor:
        """Scores ``(n,)`` in (0, 1) of boxes ``(n, box_size, box_size)``."""
        maps = boxes[:, None]
        for kernels, bias, pool in zip(self.kernels, self.biases, self.design.pools, strict=True):
            maps = functional.avg_pool2d(self.activate(convolve(maps, kernels, bias)), pool)
        return torch.sigmoid((maps * self.output_weights).sum(dim=(1, 2, 3)) + self.output_bias)

    def activate(self, maps: Tensor) -> Tensor:
        """Apply the activation of the design."""
        return torch.sigmoid(maps) if self.design.activation == "sigmoid" else torch.relu(maps)


def _start_weights(
    shape: tuple[int, ...], fan_in: int, fan_out: int, generator: torch.Generator | None
) -> nn.Parameter:
    limit = math.sqrt(6 / (fan_in + fan_out))
    weights = torch.empty(shape)
    if generator is not None:
        weights.uniform_(-limit, limit, generator=generator)
    return nn.Parameter(weights)
