"""Pictures of an evaluation: its curves as SVG, and picks on a micrograph as PNG.

Figures are made without pyplot, so they need no display and can be drawn in several threads.
matplotlib is imported when the first one is drawn, because it is slow to import.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Frame, Picks
from deepem.evaluation.curves import PrecisionRecall
from deepem.evaluation.matching import Matching

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours of Okabe and Ito (Color Universal Design, 2008), told apart by colour-blind readers.
BLUE, SKY_BLUE, VERMILION, YELLOW = "#0072B2", "#56B4E9", "#D55E00", "#F0E442"


def draw_precision_recall(curve: PrecisionRecall, *, threshold: float | None = None) -> str:
    """Precision against recall, as steps under which the area is the average precision.

    Parameters
    ----------
    curve
        Curve with at least one point and one particle.
    threshold
        Score at which a dot marks the curve; None for no dot.

    Returns
    -------
    str
        An SVG document.
    """
    figure, axes = _new_figure()
    recall = np.concatenate([[0.0], curve.recall])
    precision = np.concatenate([curve.precision[:1], curve.precision])
    axes.plot(recall, precision, drawstyle="steps-pre", color=BLUE)
    # NaN, the threshold of unknown scores, is never above the threshold.
    n_kept = 0 if threshold is None else int(np.sum(curve.threshold >= threshold))
    if n_kept:
        axes.plot(curve.recall[n_kept - 1], curve.precision[n_kept - 1], "o", color=VERMILION)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    return _to_svg(figure)


def draw_f_beta(curve: PrecisionRecall, *, threshold: float | None = None) -> str:
    """F1 and F2 against the threshold.

    Parameters
    ----------
    curve
        Curve with at least one known score and one particle.
    threshold
        Score marked by a dashed line; None for no line.

    Returns
    -------
    str
        An SVG document.
    """
    figure, axes = _new_figure()
    for beta, colour in ((1, VERMILION), (2, BLUE)):
        # A point holds for thresholds down to, not including, the next lower score.
        axes.plot(
            curve.threshold[::-1],
            curve.f_beta(beta)[::-1],
            drawstyle="steps-pre",
            color=colour,
            label=f"F{beta}",
        )
    _mark_threshold(axes, threshold)
    axes.set(xlabel="threshold", ylabel="F", ylim=(0, 1.02))
    axes.legend(frameon=False)
    return _to_svg(figure)


def draw_score_histogram(curve: PrecisionRecall, *, threshold: float | None = None) -> str:
    """How many right and how many wrong picks have which score.

    Parameters
    ----------
    curve
        Curve with at least one known score.
    threshold
        Score marked by a dashed line; None for no line.

    Returns
    -------
    str
        An SVG document.
    """
    figure, axes = _new_figure()
    has_score = ~np.isnan(curve.threshold)
    score = curve.threshold[has_score]
    n_right = np.diff(curve.n_true_positive[has_score], prepend=0)
    n_wrong = np.diff(curve.n_picks[has_score], prepend=0) - n_right
    bins = np.histogram_bin_edges(score, bins=40).tolist()
    for count, colour, label in (
        (n_wrong, VERMILION, "wrong picks"),
        (n_right, BLUE, "right picks"),
    ):
        axes.hist(
            score,
            bins=bins,
            weights=count,
            histtype="stepfilled",
            edgecolor=colour,
            facecolor=colour + "40",  # see-through, where both overlap
            label=label,
        )
    _mark_threshold(axes, threshold)
    axes.set(xlabel="score", ylabel="picks")
    axes.legend(frameon=False)
    return _to_svg(figure)


def draw_picks(pixels: NDArray[Any], *, frame: Frame, matching: Matching) -> bytes:
    """Right, wrong, missing and uncounted picks on their micrograph.

    Parameters
    ----------
    pixels
        Picture ``(ny, nx)`` of the micrograph, any real type; low-passed and binned so that
        particles show.
    frame
        Where the samples of `pixels` lie on the micrograph.
    matching
        The picks and particles to draw.

    Returns
    -------
    bytes
        A PNG image, about 900 pixels wide. Row 0 is at the top, as RELION shows it; EMAN2 and
        3dmod show it at the bottom.

    Notes
    -----
    Grey values are stretched between the 1st and the 99th percentile of the finite pixels.
    """
    from matplotlib.figure import Figure

    ny, nx = pixels.shape
    width = 7.0
    figure = Figure(figsize=(width, width * ny / nx + 0.4), layout="constrained")
    axes = figure.add_subplot()
    finite = pixels[np.isfinite(pixels)]
    black, white = np.percentile(finite, [1, 99]) if finite.size else (0.0, 1.0)
    axes.imshow(pixels, cmap="gray", vmin=black, vmax=white, origin="upper")

    # Markers are as wide as the matching distance reaches, as far as they stay readable.
    diameter = 2 * matching.max_distance_px / frame.step_px[1] * width * 72 / nx
    size = float(np.clip(diameter, 5, 18))
    picks, truth = matching.picks, matching.truth
    for some, marker, colour, label in (
        (picks.take(matching.is_true_positive), "o", SKY_BLUE, "right"),
        (picks.take(matching.is_false_positive), "x", VERMILION, "wrong"),
        (truth.take(matching.is_missed), "s", YELLOW, "missed"),
        (picks.take(~matching.is_counted), "D", "white", "not counted"),
    ):
        _draw_markers(axes, some, frame, marker=marker, colour=colour, size=size, label=label)
    axes.set(xlim=(-0.5, nx - 0.5), ylim=(ny - 0.5, -0.5))
    axes.set_axis_off()
    figure.legend(loc="outside lower center", ncols=4, facecolor="0.35", labelcolor="white")
    return _to_bytes(figure, "png")


def _draw_markers(
    axes: Axes, picks: Picks, frame: Frame, *, marker: str, colour: str, size: float, label: str
) -> None:
    column, row = frame.from_px(picks.x_px, picks.y_px)
    label = f"{label} ({len(picks)})"
    axes.plot(
        column,
        row,
        linestyle="none",
        marker=marker,
        markersize=size,
        markeredgecolor=colour,
        markeredgewidth=1.5,
        markerfacecolor="none",  # so that the particle stays visible
        label=label,
    )


def _mark_threshold(axes: Axes, threshold: float | None) -> None:
    if threshold is not None:
        axes.axvline(threshold, color="0.3", linestyle="--", linewidth=1)


def _new_figure() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _to_svg(figure: Figure) -> str:
    return _to_bytes(figure, "svg").decode()


def _to_bytes(figure: Figure, image_format: str) -> bytes:
    buffer = BytesIO()
    # The date would make every report of the same picks differ; PNG has none.
    metadata = {"Date": None} if image_format == "svg" else None
    figure.savefig(buffer, format=image_format, dpi=130, metadata=metadata)
    return buffer.getvalue()
