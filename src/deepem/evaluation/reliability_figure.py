"""The reliability diagram: observed against predicted frequency of particles."""

from __future__ import annotations

import numpy as np

from deepem.evaluation.figures import BLUE, _new_figure, _to_svg
from deepem.evaluation.reliability import Reliability


def draw_reliability(reliability: Reliability) -> str:
    """Observed against predicted frequency of particles; on the diagonal probabilities hold.

    Parameters
    ----------
    reliability
        With at least one candidate. Bars are one standard error; above each is the number of
        candidates in the bin.

    Returns
    -------
    str
        An SVG document.
    """
    figure, axes = _new_figure()
    axes.plot([0, 1], [0, 1], color="0.3", linestyle="--", linewidth=1)
    has_any = reliability.n > 0
    predicted, observed = reliability.predicted[has_any], reliability.observed[has_any]
    low, high = reliability.observed_interval[:, has_any]
    axes.vlines(predicted, low, high, color=BLUE, linewidth=1)
    axes.plot(predicted, observed, "o-", color=BLUE, markersize=4)
    for x, y, n in zip(predicted, np.maximum(observed, high), reliability.n[has_any], strict=True):
        axes.annotate(
            f"{n}", (x, y), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=6
        )
    axes.set(
        xlabel="predicted probability",
        ylabel="fraction of particles",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.08),
    )
    return _to_svg(figure)
