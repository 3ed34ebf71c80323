"""How many workers are worth their start."""

import os

import pytest

from deepem.cluster import choose_n_workers, count_cores
from deepem.cluster.cores import FEWEST_ITEMS


def test_only_cores_that_are_ours_count():
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if before is None:
        pytest.skip("this system binds no process to cores")
    assert count_cores() == len(before)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert count_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("n_items", "n_cores", "has_card", "expected"),
    [
        (FEWEST_ITEMS - 1, 16, False, 1),
        (FEWEST_ITEMS - 1, 16, True, 1),
        (FEWEST_ITEMS, 16, False, 16),
        (FEWEST_ITEMS, 16, True, 4),
        (FEWEST_ITEMS, 2, True, 2),
        (None, 8, False, 8),  # more and more of them
    ],
)
def test_few_items_have_one_worker_and_a_card_a_few(n_items, n_cores, has_card, expected):
    assert choose_n_workers(n_items, n_cores=n_cores, has_card=has_card) == expected
