"""A part of the page on speed: what measures it, and what its result looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Result = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """Where inputs are made, where real micrographs are, and whether only to see that it runs."""

    work: Path
    data: Path
    quick: bool = False


@dataclass(frozen=True)
class Part:
    """A part of the page.

    Parameters
    ----------
    title
        Its heading.
    measure
        Makes its result, of what JSON can hold.
    render
        Makes lines of Markdown of a result.
    """

    title: str
    measure: Callable[[Settings], Result]
    render: Callable[[Result], list[str]]


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a Markdown table, and an empty one."""
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def verdict(value: float, limit: float, *, at_least: bool = False) -> str:
    """Whether a target is reached, by the figure as measured, not as rounded."""
    is_reached = value >= limit if at_least else value <= limit
    return f"{'≥' if at_least else '≤'} {limit:g}: {'yes' if is_reached else '**no**'}"
