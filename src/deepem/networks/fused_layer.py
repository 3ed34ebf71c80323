"""Convolution, normalisation, sum and rectifier in one step, where torch can: a third faster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights


@dataclass(frozen=True, eq=False)
class FusedLayer:
    """A convolution with its normalisation folded in, and the rectifier that follows.

    Left and right of the maps it sees zeros; above and below only where rows are padded. Where
    they are not, its result has fewer rows.

    Parameters
    ----------
    weight
        Kernels ``(n_out, n_in, side, side)``, channels last, of an odd side.
    bias
        Shape ``(n_out,)``.
    dilation
        Distance between the pixels that a kernel sees.
    """

    weight: Tensor
    bias: Tensor
    dilation: int

    @classmethod
    def fold(
        cls, layer: nn.Conv2d, norm: nn.BatchNorm2d, *, dtype: torch.dtype = torch.float32
    ) -> FusedLayer:
        """A convolution and its normalisation, as it is in evaluation, as one."""
        weight, bias = fuse_conv_bn_weights(
            layer.weight, layer.bias,
            cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var), norm.eps,
            norm.weight, norm.bias,
        )  # fmt: skip
        channels_last = weight.detach().to(dtype).contiguous(memory_format=torch.channels_last)
        return cls(channels_last, bias.detach().to(dtype), layer.dilation[0])

    def __call__(self, maps: Tensor, *, pad_rows: bool = False) -> Tensor:
        """Rectified convolution of maps ``(1, n_in, ny, nx)``, channels last."""
        if _is_fused(maps):
            return _fused(self, maps, pad_rows)
        return self._convolve(maps, pad_rows).relu_()

    def add_to(self, total: Tensor, maps: Tensor, *, pad_rows: bool = False) -> None:
        """Add the convolution of ``maps`` to ``total`` in place, and rectify the sum."""
        if _is_fused(maps):
            _fused_sum(self, total, maps, pad_rows)
        else:
            total.add_(self._convolve(maps, pad_rows)).relu_()

    def padding(self, pad_rows: bool) -> list[int]:
        """How many zeros are seen ``(above and below, left and right)``."""
        n_columns = self.weight.shape[-1] // 2 * self.dilation
        return [n_columns if pad_rows else 0, n_columns]

    def _convolve(self, maps: Tensor, pad_rows: bool) -> Tensor:
        return functional.conv2d(
            maps, self.weight, self.bias, padding=self.padding(pad_rows), dilation=self.dilation
        )


def _fused(layer: FusedLayer, maps: Tensor, pad_rows: bool) -> Tensor:
    dilation = [layer.dilation, layer.dilation]
    result: Tensor = torch.ops.mkldnn._convolution_pointwise(
        maps, layer.weight, layer.bias, layer.padding(pad_rows), [1, 1], dilation, 1,
        "relu", [], "",
    )  # fmt: skip
    return result


def _fused_sum(layer: FusedLayer, total: Tensor, maps: Tensor, pad_rows: bool) -> None:
    dilation = [layer.dilation, layer.dilation]
    torch.ops.mkldnn._convolution_pointwise_.binary(
        total, maps, layer.weight, layer.bias, layer.padding(pad_rows), [1, 1], dilation, 1,
        "add", 1.0, "relu", [], "",
    )  # fmt: skip


def _is_fused(maps: Tensor) -> bool:
    is_here = maps.device.type == "cpu" and bool(torch.backends.mkldnn.enabled)
    return is_here and _can_fuse(maps.dtype)


@cache
def _can_fuse(dtype: torch.dtype) -> bool:
    """Whether oneDNN has the functions, which are not public, and they do what they should."""
    with torch.inference_mode():
        maps = torch.arange(96.0, dtype=dtype).reshape(1, 2, 8, 6)
        maps = maps.contiguous(memory_format=torch.channels_last)
        weight = torch.linspace(-1, 1, 36, dtype=dtype).reshape(2, 2, 3, 3)
        layer = FusedLayer(weight, torch.ones(2, dtype=dtype), 2)
        sums = [maps.clone() for _ in range(2)]
        try:
            rectified = _fused(layer, maps, True)
            _fused_sum(layer, sums[0][:, :, 2:6], maps, False)
        except (AttributeError, RuntimeError, TypeError):
            return False
        sums[1][:, :, 2:6].add_(layer._convolve(maps, False)).relu_()
        plain = layer._convolve(maps, True).relu_()
        rounding = 4 * torch.finfo(dtype).eps
        return torch.allclose(rectified, plain, rtol=rounding, atol=100 * rounding) and (
            torch.allclose(sums[0], sums[1], rtol=rounding, atol=100 * rounding)
        )
