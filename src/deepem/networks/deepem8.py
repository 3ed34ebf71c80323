"""The network of the paper, on boxes: convolution and pooling in turn, one output in (0, 1)."""

from __future__ import annotations

import math
from collections.abc import Iterator

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
        scores = boxes
        for _, scores in self._pass(boxes):  # noqa: B007 (the last is the output)
            pass
        return scores

    def layers(self, boxes: Tensor) -> dict[str, Tensor]:
        """What every layer makes of boxes, from the input to the output (the paper's Fig. S1).

        Parameters
        ----------
        boxes
            Shape ``(n, box_size, box_size)``.

        Returns
        -------
        layers
            By name, in their order: ``C1``, ``S2``, ``C3``, … the maps of each convolution (after
            the activation) and pooling, shape ``(n, maps, side, side)``; ``output`` the scores,
            shape ``(n,)``, those of `forward`.
        """
        return dict(self._pass(boxes))

    def _pass(self, boxes: Tensor) -> Iterator[tuple[str, Tensor]]:
        """The layers one after the other, so that what is not looked at need not be kept."""
        maps = boxes[:, None]
        weights = zip(self.kernels, self.biases, self.design.pools, strict=True)
        for layer, (kernels, bias, pool) in enumerate(weights):
            maps = self.activate(convolve(maps, kernels, bias))
            yield f"C{2 * layer + 1}", maps
            maps = functional.avg_pool2d(maps, pool)
            yield f"S{2 * layer + 2}", maps
        weighted = (maps * self.output_weights).sum(dim=(1, 2, 3))
        yield "output", torch.sigmoid(weighted + self.output_bias)

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
