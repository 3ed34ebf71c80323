"""What a study is: cells to measure one by one, how they become rows, and what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepem.studies.harness.results import Result
    from deepem.studies.sets.data import Sources

Value: TypeAlias = str | int | float | bool
#: Settings of one measurement, plain values that JSON keeps.
Cell: TypeAlias = dict[str, Value]
#: What was measured there, by name; NaN where a figure does not exist.
Figures: TypeAlias = dict[str, float]
#: Curves or images that were measured with the figures, by name.
Arrays: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures of a cell together with what a plot needs beyond them."""

    figures: Figures
    arrays: Arrays


@dataclass(frozen=True)
class Need:
    """A folder or file that a study reads.

    Parameters
    ----------
    source
        Which folder of the user it lies in: ``data`` (micrographs with labels) or ``maps``.
    path
        Path below it, such as ``apoferritin/train``.
    """

    source: Literal["data", "maps"]
    path: str


@dataclass(frozen=True)
class Column:
    """A figure of the table.

    Parameters
    ----------
    figure
        Its name in the figures of a cell.
    title
        Its heading, with the unit.
    decimals
        Digits after the point.
    better
        Which values are better, so that the worst seed is known; None for neither.
    """

    figure: str
    title: str
    decimals: int = 3
    better: Literal["higher", "lower"] | None = "higher"


@dataclass(frozen=True)
class Target:
    """What is wanted of a figure, in the worst seed of every row that it applies to.

    Parameters
    ----------
    figure
        Name of the figure.
    where
        Settings of the rows that it applies to; all rows where empty.
    at_least, at_most
        The bound, one of them; or neither, and ``better_than``.
    better_than
        Settings of the rows whose means are to be surpassed, the best one's if there are several;
        what is not said is as in the row itself.
    """

    figure: str
    where: Mapping[str, Value] = field(default_factory=dict)
    at_least: float | None = None
    at_most: float | None = None
    better_than: Sequence[Mapping[str, Value]] = ()


@dataclass(frozen=True)
class Plot:
    """A picture of the report, as the paper draws it.

    Parameters
    ----------
    name
        Its file is ``figures/STUDY-NAME.svg``.
    caption
        What it shows, in a sentence.
    draw
        Draws results of full size, with their arrays, into an empty figure.
    """

    name: str
    caption: str
    draw: Callable[[Figure, Sequence[Result]], None]


@dataclass(frozen=True)
class Study:
    """A table that can be measured again with one command.

    Parameters
    ----------
    name
        How commands and folders call it.
    title
        Heading of its report.
    about
        What was measured and how, in a paragraph.
    version
        Raised when the same settings would mean another measurement: what was kept is measured
        anew then.
    needs
        What it reads.
    make_cells
        The cells of ``(quick, n_seeds)``, in the order in which they share what they load.
    measure
        Measures one cell; the figures alone, or with arrays for the plots.
    group_by
        Settings that make up a row; over the others (seeds) the mean is taken.
    columns
        The figures of the table.
    targets
        What is wanted.
    plots
        Pictures of the report.
    n_seeds
        Number of seeds, if the user does not say.
    """

    name: str
    title: str
    about: str
    version: int
    needs: tuple[Need, ...]
    make_cells: Callable[[bool, int], list[Cell]]
    measure: Callable[[Cell, Sources], Figures | Measured]
    group_by: tuple[str, ...]
    columns: tuple[Column, ...]
    targets: tuple[Target, ...] = ()
    plots: tuple[Plot, ...] = ()
    n_seeds: int = 3

    def cells(self, *, quick: bool = False, n_seeds: int | None = None) -> list[Cell]:
        """The cells of a run.

        Parameters
        ----------
        quick
            Only whether it runs: few levels, little training, one seed. These cells say so in
            their settings, and are never compared with targets.
        n_seeds
            Number of seeds; by default the study's, or 1 where ``quick``.
        """
        if n_seeds is None:
            n_seeds = 1 if quick else self.n_seeds
        cells = self.make_cells(quick, n_seeds)
        return [{**cell, "quick": True} for cell in cells] if quick else cells


def is_quick(cell: Mapping[str, Value]) -> bool:
    """Whether a cell is of a quick run."""
    return bool(cell.get("quick"))
