"""Figures of a run as SVG that stands in the page itself, so it follows its light or dark colours.

Drawn by hand: loading matplotlib would take longer than picking a micrograph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deepem.picking.summary import UsualRange

_WIDTH, _HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 24, 12, 40
_N_TICKS = 5
_N_BINS = 40
_FEW = 200  # so many points may be large


def draw_along_run(
    values: NDArray[np.float64],
    *,
    stands_out: NDArray[np.bool_],
    usual: UsualRange,
    label: str,
    limits: tuple[float, float],
) -> str:
    """A value of every micrograph in their order, with the range that is usual.

    Parameters
    ----------
    values
        Shape ``(n,)``; NaN are left out.
    stands_out
        Which are drawn in another colour, shape ``(n,)``.
    usual
        Its median is drawn as a line, and its range shaded.
    label
        What the values are.
    limits
        Ends of the vertical axis.

    Returns
    -------
    str
        An ``<svg>`` element. Points that would cover one another exactly are drawn once, so its
        size is bounded however many micrographs there are.
    """
    frame = _Frame((0.5, max(values.size, 1) + 0.5), limits)
    parts = [frame.draw_axes("micrograph, in the order of the run", label)]
    if math.isfinite(usual.middle):
        if math.isfinite(usual.low):
            top, bottom = frame.y(min(usual.high, limits[1])), frame.y(max(usual.low, limits[0]))
            parts.append(
                f'<rect class="usual" x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT - _RIGHT}" '
                f'height="{bottom - top:.4g}"/>'
            )
        parts.append(
            f'<path class="middle" d="M{_LEFT} {frame.y(usual.middle)}H{_WIDTH - _RIGHT}"/>'
        )
    number = np.arange(1, values.size + 1)
    size = " few" if values.size <= _FEW else ""
    for is_drawn, kind in ((~stands_out, f"point{size}"), (stands_out, f"out{size}")):
        chosen = is_drawn & np.isfinite(values)
        places = {
            (frame.x(x), frame.y(y))
            for x, y in zip(number[chosen].tolist(), values[chosen].tolist(), strict=True)
        }
        if places:
            path = "".join(f"M{x} {y}h0" for x, y in sorted(places))
            parts.append(f'<path class="{kind}" d="{path}"/>')
    return _to_svg(parts, f"{label} of each micrograph in the order of the run")


def draw_histogram(values: NDArray[np.float64], *, label: str, step: float) -> str:
    """How many micrographs have which value.

    Parameters
    ----------
    values
        Shape ``(n,)``, at least one.
    label
        What the values are.
    step
        Bins are a multiple of it wide: 1 for whole numbers, or some bins would hold more of them
        than others.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    low, high = float(values.min()), float(values.max())
    width = step * max(math.ceil((high - low) / step / _N_BINS), 1)
    first = math.floor(low / width)
    edges = width * np.arange(first, math.floor(high / width) + 2)
    count, _ = np.histogram(values, bins=edges)
    frame = _Frame((edges[0], edges[-1]), (0, count.max() * 1.05))
    bars = []
    for left, right, n in zip(edges[:-1], edges[1:], count.tolist(), strict=True):
        if n:
            x, y = frame.x(left), frame.y(n)
            size = f'width="{max(frame.x(right) - x - 1, 1):.4g}" height="{frame.y(0) - y:.4g}"'
            bars.append(f'<rect class="bar" x="{x}" y="{y}" {size}/>')
    parts = [frame.draw_axes(label, "micrographs"), *bars]
    return _to_svg(parts, f"histogram of {label}")


class _Frame:
    """Where values lie in the figure, in its units, rounded: a quarter is finer than a pixel."""

    def __init__(
        self,
        x_limits: tuple[float, float],
        y_limits: tuple[float, float],
    ) -> None:
        self._x_limits, self._y_limits = x_limits, y_limits

    def x(self, value: float) -> float:
        low, high = self._x_limits
        return _round(_LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT))

    def y(self, value: float) -> float:
        low, high = self._y_limits
        bottom = _HEIGHT - _BOTTOM
        return _round(bottom - (value - low) / (high - low) * (bottom - _TOP))

    def draw_axes(self, x_label: str, y_label: str) -> str:
        bottom, middle = _HEIGHT - _BOTTOM, (_LEFT + _WIDTH - _RIGHT) / 2
        parts = [f'<path class="axis" d="M{_LEFT} {bottom}H{_WIDTH - _RIGHT}"/>']
        for value in _choose_ticks(*self._x_limits):
            parts.append(
                f'<text x="{self.x(value)}" y="{bottom + 16}" text-anchor="middle">'
                f"{_format_tick(value)}</text>"
            )
        for value in _choose_ticks(*self._y_limits):
            y = self.y(value)
            parts.append(
                f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/><text x="{_LEFT - 8}" '
                f'y="{y + 4}" text-anchor="end">{_format_tick(value)}</text>'
            )
        across = (_TOP + bottom) / 2
        parts.append(
            f'<text x="{middle:g}" y="{_HEIGHT - 6}" text-anchor="middle">{x_label}</text>'
            f'<text x="12" y="{across:g}" text-anchor="middle" '
            f'transform="rotate(-90 12 {across:g})">{y_label}</text>'
        )
        return "".join(parts)


def _round(value: float) -> float:
    rounded = round(4 * value) / 4
    return int(rounded) if rounded == int(rounded) else rounded


def _choose_ticks(low: float, high: float) -> list[float]:
    """About five round numbers between two limits."""
    rough = (high - low) / _N_TICKS
    if high > 1:  # numbers of things
        rough = max(rough, 1)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _format_tick(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:.4g}"


def _to_svg(parts: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
        f"{''.join(parts)}</svg>"
    )
