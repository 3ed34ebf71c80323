"""The same work on many files, on several processor cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Fewer are done before a process has started.
_FEWEST_ITEMS = 200
_CHUNK = 50


def map_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int
) -> Iterator[Result]:
    """Apply a function to every item; results come in the order of the items.

    Parameters
    ----------
    function
        Of one item; it, the items and the results must be picklable where ``workers`` is above 1.
    items
        The items.
    workers
        Number of processes. One, or few items, stay in this process.
    """
    if workers <= 1 or len(items) < _FEWEST_ITEMS:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(function, items, chunksize=_CHUNK)
