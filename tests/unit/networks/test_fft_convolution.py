"""Convolution by Fourier agrees with the direct sum, forwards and backwards."""

import pytest
import torch
from torch.nn import functional

from deepem.networks.fft_convolution import convolve, convolve_fourier, is_fourier_faster

SIZES = [
    # batch, channels in, channels out, ny, nx, side
    (1, 1, 1, 9, 14, 1),
    (2, 1, 6, 27, 27, 5),
    (3, 6, 4, 23, 31, 8),
    (1, 2, 3, 17, 40, 17),
    (2, 3, 2, 12, 12, 12),
]


def make(size):
    batch, n_in, n_out, ny, nx, side = size
    generator = torch.Generator().manual_seed(0)
    options = {"generator": generator, "dtype": torch.float64}
    images = torch.randn(batch, n_in, ny, nx, **options).requires_grad_()
    kernels = torch.randn(n_out, n_in, side, side, **options).requires_grad_()
    bias = torch.randn(n_out, **options).requires_grad_()
    return images, kernels, bias


@pytest.mark.parametrize("size", SIZES)
def test_result_and_gradients_are_those_of_the_direct_sum(size):
    inputs = make(size)
    by_fourier, direct = convolve_fourier(*inputs), functional.conv2d(*inputs)
    assert by_fourier.shape == direct.shape
    torch.testing.assert_close(by_fourier, direct, atol=1e-10, rtol=0)

    weights = torch.randn(direct.shape, dtype=torch.float64)
    for one, other in zip(
        torch.autograd.grad((by_fourier * weights).sum(), inputs),
        torch.autograd.grad((direct * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)


def test_gradients_are_those_of_finite_differences():
    assert torch.autograd.gradcheck(convolve_fourier, make((2, 2, 2, 5, 7, 3)))


@pytest.mark.parametrize("function", [convolve, convolve_fourier])
@pytest.mark.parametrize("size", [(2, 1, 6, 40, 50, 25), (2, 6, 12, 30, 30, 9)])
def test_single_precision_and_no_bias(function, size):
    images, kernels, _ = (tensor.detach().float() for tensor in make(size))
    torch.testing.assert_close(
        function(images, kernels), functional.conv2d(images, kernels), atol=2e-4, rtol=0
    )


def test_the_faster_way_depends_on_the_kernels():
    assert not is_fourier_faster(torch.zeros(6, 1, 9, 9))
    assert is_fourier_faster(torch.zeros(6, 1, 51, 51))
    assert not is_fourier_faster(torch.zeros(12, 6, 10, 10))
    assert is_fourier_faster(torch.zeros(12, 6, 30, 30))
    # The direct sum is slower to differentiate.
    middle = torch.zeros(12, 6, 15, 15)
    assert not is_fourier_faster(middle)
    assert is_fourier_faster(middle.requires_grad_())


@pytest.mark.parametrize("side", [3, 25])
def test_convolve_takes_either_way_to_the_same_result(side, monkeypatch):
    images, kernels, bias = (tensor.detach() for tensor in make((2, 1, 6, 40, 50, side)))
    calls = []

    def watch(*arguments):
        calls.append(1)
        return convolve_fourier(*arguments)

    monkeypatch.setattr("deepem.networks.fft_convolution.convolve_fourier", watch)
    result = convolve(images, kernels, bias)
    assert len(calls) == int(is_fourier_faster(kernels)) == int(side == 25)
    torch.testing.assert_close(result, functional.conv2d(images, kernels, bias))
