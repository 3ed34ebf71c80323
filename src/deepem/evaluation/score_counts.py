"""Scores of very many candidates in little memory: how often each score occurs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# So many are counted together: fewer take longer in all, more take more memory.
_N_WAITING = 1 << 18


class ScoreCounts:
    """Distinct scores and how often each occurs, for `expect`.

    Memory is that of the distinct scores. Scores of picking are rounded to five decimals, so that
    is at most some megabytes, however many micrographs there are.

    Examples
    --------
    >>> counts = ScoreCounts()
    >>> counts.add([0.5, 0.9])
    >>> counts.add([0.5])
    >>> [values.tolist() for values in counts.distinct()]
    [[0.5, 0.9], [2, 1]]
    """

    def __init__(self) -> None:
        self._score = np.zeros(0)
        self._n = np.zeros(0, dtype=np.int64)
        self._waiting: list[NDArray[np.float64]] = []
        self._n_waiting = 0

    def add(self, scores: ArrayLike) -> None:
        """Count scores, any shape; NaN are a score of their own."""
        added = np.array(scores, dtype=np.float64).reshape(-1)
        self._waiting.append(added)
        self._n_waiting += added.size
        if self._n_waiting >= _N_WAITING:
            self._count_waiting()

    def distinct(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The distinct scores, rising, NaN last, and how often each occurs; shapes ``(n,)``."""
        self._count_waiting()
        return self._score, self._n

    def _count_waiting(self) -> None:
        if not self._waiting:
            return
        score, n = np.unique(np.concatenate(self._waiting), return_counts=True)
        self._score, place = np.unique(np.concatenate([self._score, score]), return_inverse=True)
        total = np.zeros(self._score.size, dtype=np.int64)
        np.add.at(total, place, np.concatenate([self._n, n]))
        self._n, self._waiting, self._n_waiting = total, [], 0
