"""Direct or Fourier convolution by size, and the time of a scan in each preset of the paper.

The ratios place the limits in ``deepem.networks.fft_convolution``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from deepem.networks import PRESETS, DeepEM8, dense_scores
from deepem.networks.fft_convolution import convolve_fourier, is_fourier_faster
from machine import print_head

# batch, channels in, channels out, kernel, image
TRAINING = [
    (50, 1, 6, 9, 48),
    (50, 1, 6, 13, 80),
    (50, 1, 6, 17, 112),
    (50, 1, 6, 21, 150),
    (20, 1, 6, 51, 272),
    (50, 6, 12, 5, 20),
    (50, 6, 12, 10, 47),
    (50, 6, 12, 14, 65),
    (50, 6, 12, 21, 74),
    (50, 12, 12, 6, 40),
    (50, 12, 12, 10, 27),
]
SCANNING = [
    (1, 1, 6, 9, 700),
    (1, 1, 6, 15, 1024),
    (1, 1, 6, 21, 1024),
    (1, 1, 6, 51, 1024),
    (1, 6, 12, 5, 512),
    (1, 6, 12, 10, 342),
    (1, 6, 12, 14, 342),
    (1, 6, 12, 21, 342),
    (1, 12, 12, 10, 160),
]
# seconds on a CPU for four orientations (Zhu, Ouyang, Mao 2017), and the micrograph they are for
PAPER = {
    "klh": (7300, (2048, 2048)),
    "19s": (790, (1855, 1919)),
    "26s": (1160, (1855, 1919)),
    "inflammasome": (560, (1855, 1919)),
}


def best_of(run: Callable[[], object], n: int = 3) -> float:
    run()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def compare(sizes: tuple[int, int, int, int, int], *, training: bool) -> str:
    batch, n_in, n_out, side, n = sizes
    images = torch.randn(batch, n_in, n, n, requires_grad=training and n_in > 1)
    kernels = torch.randn(n_out, n_in, side, side, requires_grad=training)

    def run(convolve: Callable[[Tensor, Tensor], Tensor]) -> None:
        result = convolve(images, kernels)
        if training:
            result.backward(torch.ones_like(result))

    direct, fourier = best_of(lambda: run(conv2d)), best_of(lambda: run(convolve_fourier))
    chosen = "Fourier" if is_fourier_faster(kernels) else "direct"
    return (
        f"| {batch} | {n_in} → {n_out} | {side} | {n} | {direct * 1e3:.1f} | {fourier * 1e3:.1f} "
        f"| {direct / fourier:.2f} | {chosen} |"
    )


def main() -> None:
    print_head("Networks: convolution and scan", "python benchmarks/bench_networks.py")
    head = "| batch | maps | kernel | image | direct, ms | Fourier, ms | ratio | chosen |\n" + (
        "|---|---|---|---|---|---|---|---|"
    )
    for title, rows, training in (
        ("Training: forward and backward", TRAINING, True),
        ("Scanning: forward", SCANNING, False),
    ):
        print(f"## {title}\n\n{head}")
        for row in rows:
            print(compare(row, training=training), flush=True)
        print()
    print("## The paper's networks, unbinned, four orientations\n")
    print("| preset | micrograph | step, px | s | paper, CPU, s | times faster |")
    print("|---|---|---|---|---|---|")
    for name, (paper, shape) in PAPER.items():
        step, seconds = time_scan(name, shape)
        print(
            f"| {name} | {shape[1]} x {shape[0]} | {step} | {seconds:.2f} | {paper} "
            f"| {paper / seconds:.0f} |",
            flush=True,
        )


def time_scan(preset: str, shape: tuple[int, int]) -> tuple[int, float]:
    """Step in pixels and seconds of one scan, at the largest step within the paper's 20 px."""
    design = PRESETS[preset].design
    network = DeepEM8(design, generator=torch.Generator().manual_seed(0))
    margin = 2 * (design.box_size // 2)  # the scan continues half a box beyond each edge
    size = (shape[0] + margin, shape[1] + margin)
    image = np.random.default_rng(0).normal(size=size).astype(np.float32)
    step = next(s for s in design.steps if s <= 20)
    return step, best_of(lambda: dense_scores(network, image, step=step))


if __name__ == "__main__":
    main()
