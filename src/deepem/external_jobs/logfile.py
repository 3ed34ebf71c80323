"""The logfile of a job: a PDF to leaf through, with figures, tables and a few micrographs.

matplotlib is imported when a logfile is written, because it is slow to import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Micrograph, Picks
from deepem.evaluation import take_picture
from deepem.evaluation.figures import BLUE, SKY_BLUE, VERMILION
from deepem.io import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from deepem.external_jobs.relion_files import PickedMicrograph
    from deepem.training import Epoch

_A4_INCHES = (8.27, 11.69)
_LONGEST_SIDE_PX = 600  # of a picture, which keeps the file below some MB
_N_IN_TABLE = 12
_GREY_PERCENTILES = (1, 99)


@dataclass(frozen=True, eq=False)
class Example:
    """A micrograph to show with its picks.

    Parameters
    ----------
    caption
        Why it is shown.
    micrograph
        The micrograph.
    picks
        Its picks.
    diameter_px
        Diameter of the particle in unbinned pixels.
    """

    caption: str
    micrograph: Micrograph
    picks: Picks
    diameter_px: float


def write_picking_logfile(
    path: Path,
    rows: Sequence[PickedMicrograph],
    *,
    title: str,
    settings: Mapping[str, str],
    scores: Sequence[float],
    threshold: float,
    examples: Sequence[Example] = (),
) -> None:
    """Write what a picking job found: a summary, two tables, and micrographs with their picks.

    Parameters
    ----------
    path
        The PDF; one that exists is replaced.
    rows
        The micrographs, in the order of their list.
    title
        Heading of the first page.
    settings
        Names and values for the first page.
    scores
        Scores of all picks.
    threshold
        Lowest score that was kept.
    examples
        Micrographs to show.

    Raises
    ------
    deepem.errors.OutputError
        It cannot be written.
    deepem.errors.MicrographError
        A micrograph cannot be shown.
    """
    figures = [_summarise(rows, title, settings, scores, threshold), _tabulate(rows)]
    figures += [_show(example) for example in examples]
    _write(path, figures)


def write_training_logfile(
    path: Path, epochs: Sequence[Epoch], *, title: str, settings: Mapping[str, str]
) -> None:
    """Write how a training went.

    Parameters
    ----------
    path
        The PDF; one that exists is replaced.
    epochs
        Figures of the epochs of this run.
    title
        Heading.
    settings
        Names and values to print.

    Raises
    ------
    deepem.errors.OutputError
        It cannot be written.
    """
    figure = _new_page()
    text, error, accuracy = figure.subplots(3, 1, height_ratios=(1, 1, 1))
    _print_settings(text, title, settings)
    numbers = [epoch.number for epoch in epochs]
    error.plot(numbers, [epoch.error for epoch in epochs], color=BLUE)
    error.set(xlabel="epoch", ylabel="error", ylim=(0, None))
    shares = ([epoch.accuracy for epoch in epochs], [epoch.valid_accuracy for epoch in epochs])
    for share, colour, label in zip(
        shares, (BLUE, VERMILION), ("boxes learnt from", "boxes held out"), strict=True
    ):
        accuracy.plot(numbers, share, color=colour, label=label)
    accuracy.set(xlabel="epoch", ylabel="share of boxes on the right side", ylim=(None, 1.01))
    accuracy.legend(frameon=False, loc="lower right")
    _write(path, [figure])


def _summarise(
    rows: Sequence[PickedMicrograph],
    title: str,
    settings: Mapping[str, str],
    scores: Sequence[float],
    threshold: float,
) -> Figure:
    figure = _new_page()
    text, histogram, counts, means = figure.subplots(4, 1, height_ratios=(1.2, 1, 1, 1))
    _print_settings(text, title, settings)
    histogram.hist(scores, bins=40, range=(min(threshold, 0.99), 1.0), color=SKY_BLUE)
    histogram.axvline(threshold, color="0.3", linestyle="--", linewidth=1)
    histogram.set(xlabel="score (rlnAutopickFigureOfMerit)", ylabel="picks")
    number = np.arange(1, len(rows) + 1)
    n_picks = [row.n_picks for row in rows]
    counts.plot(number, n_picks, ".", color=BLUE)
    counts.set(xlabel="micrograph, in the order of the list", ylabel="picks")
    counts.set_ylim(0, 1.1 * max(n_picks, default=1) + 1)  # none on the frame
    found = [(n, row.mean_score) for n, row in zip(number, rows, strict=True) if row.n_picks]
    means.plot([n for n, _ in found], [score for _, score in found], ".", color=BLUE)
    means.set(
        xlabel="micrograph, in the order of the list", ylabel="mean score", xlim=counts.get_xlim()
    )
    return figure


def _tabulate(rows: Sequence[PickedMicrograph]) -> Figure:
    figure = _new_page()
    axes = figure.subplots(2, 1)
    found = [row for row in rows if row.n_picks]
    tables = (
        (
            "Highest mean scores: look at these, ice and carbon can have them too",
            sorted(found, key=lambda row: -row.mean_score),
        ),
        ("Fewest picks", sorted(rows, key=lambda row: row.n_picks)),
    )
    for one, (heading, chosen) in zip(axes, tables, strict=True):
        lines = [f"{'picks':>7} {'score':>6}  micrograph"]
        lines += [
            f"{row.n_picks:7d} {row.mean_score:6.3f}  {_shorten(row.name)}"
            for row in chosen[:_N_IN_TABLE]
        ]
        _print(one, heading, "\n".join(lines), size=8)
    return figure


def _show(example: Example) -> Figure:
    picture = take_picture(example.micrograph, longest_side=_LONGEST_SIDE_PX)
    figure = _new_page()
    axes = figure.subplots()
    axes.imshow(_to_grey(picture.pixels), cmap="gray", origin="upper", interpolation="none")
    column, row = picture.frame.from_px(example.picks.x_px, example.picks.y_px)
    radius = 0.5 * example.diameter_px / picture.frame.step_px[1]
    _draw_circles(axes, np.column_stack((column, row)), radius)
    axes.set_title(_shorten(example.caption, 100), fontsize=8, parse_math=False)
    axes.set_axis_off()
    return figure


def _draw_circles(axes: Axes, centres: NDArray[np.float64], radius: float) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    circles = [Circle((x, y), radius) for x, y in centres.tolist()]
    axes.add_collection(
        PatchCollection(circles, facecolor="none", edgecolor=SKY_BLUE, linewidth=0.8)
    )


def _to_grey(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    black, white = np.percentile(pixels, _GREY_PERCENTILES)
    scaled = np.clip((pixels - black) / max(white - black, 1e-9), 0, 1)
    return np.asarray(255 * scaled, dtype=np.uint8)


def _print_settings(axes: Axes, title: str, settings: Mapping[str, str]) -> None:
    width = max(map(len, settings), default=0)
    lines = [f"{name:<{width}}  {_shorten(value, 60)}" for name, value in settings.items()]
    _print(axes, title, "\n".join(lines), size=9)


def _print(axes: Axes, heading: str, text: str, *, size: float) -> None:
    axes.set_axis_off()
    # A dollar sign in a file name must not begin a formula.
    axes.set_title(heading, fontsize=11, loc="left", parse_math=False)
    axes.text(
        0, 1, text, family="monospace", fontsize=size, va="top", transform=axes.transAxes,
        parse_math=False,
    )  # fmt: skip


def _shorten(text: str, length: int = 75) -> str:
    return text if len(text) <= length else f"…{text[1 - length :]}"


def _new_page() -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=_A4_INCHES, layout="constrained")


def _write(path: Path, figures: Sequence[Figure]) -> None:
    from matplotlib.backends.backend_pdf import PdfPages

    with (
        write_atomically(path, overwrite=True, mode="wb") as file,
        # The date would make every logfile of the same job differ.
        PdfPages(file, metadata={"CreationDate": None}) as pdf,
    ):
        for figure in figures:
            pdf.savefig(figure)
