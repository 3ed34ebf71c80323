"""Valid convolution (cross-correlation, as networks mean it), by Fourier for large kernels."""

from __future__ import annotations

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional

# Above these costs the Fourier way is faster, by benchmarks/bench_networks.py on two cores. Cost:
# multiplications of the direct sum for each sample, over the transforms that the other way needs.
_DIRECT_LIMIT_ONE_CHANNEL = 130
_DIRECT_LIMIT_TRAINING = 650
_DIRECT_LIMIT = 1500


def convolve(images: Tensor, kernels: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve without padding, the faster way for the size.

    Parameters
    ----------
    images
        ``(batch, channels_in, ny, nx)``.
    kernels
        ``(channels_out, channels_in, side, side)``.
    bias
        ``(channels_out,)``.

    Returns
    -------
    convolved
        ``(batch, channels_out, ny - side + 1, nx - side + 1)``.
    """
    if is_fourier_faster(kernels):
        return convolve_fourier(images, kernels, bias)
    return functional.conv2d(images, kernels, bias)


def is_fourier_faster(kernels: Tensor) -> bool:
    """Whether kernels, shaped as for `convolve`, are better applied in Fourier space."""
    n_out, n_in, side, _ = kernels.shape
    cost = side**2 * n_in * n_out / (n_in + n_out)
    if n_in == 1:
        return cost > _DIRECT_LIMIT_ONE_CHANNEL
    return cost > (_DIRECT_LIMIT_TRAINING if kernels.requires_grad else _DIRECT_LIMIT)


def convolve_fourier(
    images: Tensor, kernels: Tensor, bias: Tensor | None = None, *, spectra: Tensor | None = None
) -> Tensor:
    """`convolve` by fast Fourier transforms; differentiable in both arguments.

    ``spectra`` are those of the kernels, from `kernel_spectra`, where they are at hand.
    """
    ny, nx = images.shape[-2:]
    side = kernels.shape[-1]
    size = _transform_size(ny, nx)
    if spectra is None:
        spectra = kernel_spectra(kernels, (ny, nx))
    product = torch.einsum("biyx,oiyx->boyx", torch.fft.rfft2(images, s=size), spectra)
    convolved: Tensor = torch.fft.irfft2(product, s=size)
    convolved = convolved[..., : ny - side + 1, : nx - side + 1]
    return convolved if bias is None else convolved + bias[:, None, None]


def kernel_spectra(kernels: Tensor, shape: tuple[int, int]) -> Tensor:
    """What `convolve_fourier` multiplies spectra of images ``(ny, nx)`` with."""
    spectra: Tensor = torch.fft.rfft2(kernels, s=_transform_size(*shape)).conj()
    return spectra


def _transform_size(ny: int, nx: int) -> tuple[int, int]:
    # Wrapped-around sums only touch the samples that a valid convolution drops.
    return next_fast_len(ny, real=True), next_fast_len(nx, real=True)
