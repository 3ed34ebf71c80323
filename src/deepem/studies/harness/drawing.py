"""Pictures of studies: curves over thresholds, and figures against a setting, a line a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from deepem.studies.harness.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (Color Universal Design, 2008), told apart by colour-blind readers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999")
_PANEL_INCHES = (4.6, 3.4)


def draw_threshold_curves(
    figure: Figure, results: Sequence[Result], *, label: Callable[[Result], str]
) -> None:
    """Precision against recall, and F2 against the threshold, side by side (the paper's Fig. 3).

    Parameters
    ----------
    figure
        Empty figure.
    results
        With the arrays of `measure_curve`, one curve each. Where the figures have a ``threshold``,
        a dot shows it.
    label
        Name of a curve.
    """
    left, right = make_panels(figure, 2)
    for colour, result in zip(_cycle(len(results)), results, strict=True):
        curve, name = result.arrays, label(result)
        left.plot(curve["recall"], curve["precision"], color=colour, label=name)
        right.plot(curve["threshold"], curve["f2"], color=colour, label=name)
        threshold = result.figures.get("threshold", np.nan)
        kept = np.flatnonzero(curve["threshold"] >= threshold)
        if kept.size:
            left.plot(curve["recall"][kept[-1]], curve["precision"][kept[-1]], "o", color=colour)
            right.plot(curve["threshold"][kept[-1]], curve["f2"][kept[-1]], "o", color=colour)
    left.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    right.set(xlabel="threshold", ylabel="F2", ylim=(0, 1.02))
    left.legend(frameon=False, loc="lower left", fontsize="small")


def draw_against(
    figure: Figure,
    results: Sequence[Result],
    *,
    x: str,
    ys: Sequence[tuple[str, str]],
    line: Sequence[str],
    x_title: str,
    log_x: bool = False,
) -> None:
    """Figures against a setting: a panel a figure, a line a method, bars from worst to best seed.

    Parameters
    ----------
    figure
        Empty figure.
    results
        What was measured.
    x
        Setting along the x axis, a number.
    ys
        Figures, each with its title; results without them are left out.
    line
        Settings that tell the lines apart.
    x_title
        Title of the x axis.
    log_x
        Whether the x axis is logarithmic.
    """
    names = list(dict.fromkeys(_name(result, line) for result in results))
    for axes, (y, y_title) in zip(make_panels(figure, len(ys)), ys, strict=True):
        for colour, name in zip(_cycle(len(names)), names, strict=True):
            chosen = [result for result in results if _name(result, line) == name]
            _draw_line(axes, chosen, x=x, y=y, name=name, colour=colour)
        axes.set(xlabel=x_title, ylabel=y_title)
        if log_x:
            axes.set_xscale("log")
    figure.axes[0].legend(frameon=False, fontsize="small")


def make_panels(figure: Figure, n: int) -> list[Axes]:
    """Axes side by side in an empty figure, which becomes as wide as they need."""
    figure.set_size_inches(_PANEL_INCHES[0] * n, _PANEL_INCHES[1])
    panels = [figure.add_subplot(1, n, index + 1) for index in range(n)]
    for axes in panels:
        axes.grid(color="0.9")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return panels


def render_svg(draw: Callable[[Figure], None]) -> str:
    """An SVG document, the same for the same drawing."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    buffer = BytesIO()
    # Else the names of clipping paths are random, and every report differs.
    with mpl.rc_context({"svg.hashsalt": "deepem"}):
        figure = Figure(layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().decode()


def _cycle(n: int) -> list[str]:
    return [_COLOURS[index % len(_COLOURS)] for index in range(n)]


def _name(result: Result, line: Sequence[str]) -> str:
    return ", ".join(str(result.cell[one]) for one in line)


def _draw_line(
    axes: Axes,
    results: Sequence[Result],
    *,
    x: str,
    y: str,
    name: str,
    colour: str,
) -> None:
    found: dict[float, list[float]] = {}
    for result in results:
        if y in result.figures:
            found.setdefault(float(result.cell[x]), []).append(result.figures[y])
    if not found:
        return
    places = sorted(found)
    means = np.array([np.mean(found[place]) for place in places])
    lows, highs = (np.array([pick(found[place]) for place in places]) for pick in (min, max))
    bars = np.maximum([means - lows, highs - means], 0)
    axes.errorbar(places, means, bars, color=colour, marker="o", capsize=2, label=name)
