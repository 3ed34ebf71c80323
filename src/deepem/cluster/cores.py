"""How many cores there are for us, and how many workers to put on them."""

from __future__ import annotations

import os

#: Fewer items are done before processes of their own have started.
FEWEST_ITEMS = 20
# Enough that some prepare items while one computes; each takes memory of the card.
_WORKERS_OF_A_CARD = 4


def count_cores() -> int:
    """Number of cores that this process may use: fewer than the machine's in a job of a queue."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def choose_n_workers(n_items: int | None, *, n_cores: int, has_card: bool) -> int:
    """Number of processes that are worth their start.

    Parameters
    ----------
    n_items
        How many items there are; None for more and more.
    n_cores
        Number of cores.
    has_card
        Whether a graphics card computes, which the workers share.
    """
    if n_items is not None and n_items < FEWEST_ITEMS:
        return 1
    return min(n_cores, _WORKERS_OF_A_CARD) if has_card else n_cores
