"""From results to rows: mean, spread and worst seed of each figure, and what was reached."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepem.studies.harness.results import Result
from deepem.studies.harness.study import Column, Study, Target, Value

Reached = Literal["yes", "in the mean only", "no"]


@dataclass(frozen=True)
class Summary:
    """A figure over the seeds of a row.

    Parameters
    ----------
    mean
        Mean; NaN where one seed has none.
    std
        Standard deviation of a sample (n − 1); NaN for a single seed.
    worst
        The worst seed's; NaN where one seed has none, or neither direction is better.
    """

    mean: float
    std: float
    worst: float


@dataclass(frozen=True)
class Verdict:
    """Whether a row reached a target.

    Parameters
    ----------
    target
        The target.
    bound
        The value that was wanted; NaN where the row to be compared with is not measured yet.
    reached
        By every seed, by the mean alone, or not.
    rival
        The row that the bound comes from; empty where it is a number.
    """

    target: Target
    bound: float
    reached: Reached
    rival: str = ""


@dataclass(frozen=True)
class Row:
    """The seeds of one setting.

    Parameters
    ----------
    group
        The setting.
    n_seeds
        How many were measured.
    summaries
        Each figure of the study's columns that was measured, by its name.
    verdicts
        What was wanted of it.
    """

    group: dict[str, Value]
    n_seeds: int
    summaries: dict[str, Summary]
    verdicts: tuple[Verdict, ...] = ()


def summarise(study: Study, results: Sequence[Result], *, quick: bool = False) -> list[Row]:
    """Group results into rows, in the order of the study's cells.

    Parameters
    ----------
    study
        The study.
    results
        Its results, all of a quick run or none.
    quick
        Whether they are of a quick run; these are not compared with targets.
    """
    groups: dict[tuple[Value | None, ...], list[Result]] = {}
    for cell in study.cells(quick=quick):
        groups[_key(study, cell)] = []
    for result in results:
        groups.setdefault(_key(study, result.cell), []).append(result)
    rows = [_summarise_row(study, found) for found in groups.values() if found]
    return rows if quick else [_judge(study, row, rows) for row in rows]


def _key(study: Study, cell: Mapping[str, Value]) -> tuple[Value | None, ...]:
    return tuple(cell.get(name) for name in study.group_by)


def _summarise_row(study: Study, results: Sequence[Result]) -> Row:
    cell = results[0].cell
    group = {name: cell[name] for name in study.group_by if name in cell}
    summaries = {}
    for column in study.columns:
        values = [one.figures[column.figure] for one in results if column.figure in one.figures]
        if values:
            summaries[column.figure] = _summarise_figure(column, values)
    return Row(group, len(results), summaries)


def _summarise_figure(column: Column, values: Sequence[float]) -> Summary:
    array = np.array(values)
    worst = {"higher": array.min(), "lower": array.max(), None: math.nan}[column.better]
    std = float(array.std(ddof=1)) if array.size > 1 else math.nan
    return Summary(float(array.mean()), std, float(worst))


def _judge(study: Study, row: Row, rows: Sequence[Row]) -> Row:
    lower_is_better = {one.figure for one in study.columns if one.better == "lower"}
    verdicts = []
    for target in study.targets:
        summary = row.summaries.get(target.figure)
        if summary is not None and _matches(row, target.where):
            is_lower = target.at_most is not None or target.figure in lower_is_better
            bound, rival = _find_bound(target, row, rows, is_lower=is_lower)
            reached = _compare(target, summary, bound, is_lower=is_lower)
            verdicts.append(Verdict(target, bound, reached, rival))
    return Row(row.group, row.n_seeds, row.summaries, tuple(verdicts))


def _matches(row: Row, where: Mapping[str, Value]) -> bool:
    return all(row.group.get(name) == value for name, value in where.items())


def _find_bound(
    target: Target, row: Row, rows: Sequence[Row], *, is_lower: bool
) -> tuple[float, str]:
    """The bound, and what the row it comes from is called."""
    if not target.better_than:
        bound = target.at_least if target.at_most is None else target.at_most
        return (math.nan if bound is None else bound), ""
    found = []
    for settings in target.better_than:
        wanted = {**row.group, **settings}
        other = next((one for one in rows if one.group == wanted), None)
        if other is not None and target.figure in other.summaries:
            name = ", ".join(map(str, settings.values()))
            found.append((other.summaries[target.figure].mean, name))
    known = [one for one in found if not math.isnan(one[0])]
    if not known:
        return math.nan, ", ".join(str(value) for value in target.better_than[0].values())
    return min(known) if is_lower else max(known)


def _compare(target: Target, summary: Summary, bound: float, *, is_lower: bool) -> Reached:
    def is_good(value: float) -> bool:
        if target.better_than:
            return value < bound if is_lower else value > bound
        return value <= bound if is_lower else value >= bound

    if is_good(summary.worst):
        return "yes"
    return "in the mean only" if is_good(summary.mean) else "no"
