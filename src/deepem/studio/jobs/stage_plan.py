"""How far a training is as a whole, whatever stages it turns out to have."""

from __future__ import annotations

from collections.abc import Sequence

# Preparing micrographs, and looking through them for particles, in updates of the network.
_OVERHEAD = 30.0


class StagePlan:
    """Turns the progress of one stage into that of the whole.

    Parameters
    ----------
    expected
        How the name of each stage begins, and how many updates of a network it is about, in order.

    Examples
    --------
    >>> plan = StagePlan([("First", 70), ("Second", 70)])
    >>> plan.begin("First network")
    >>> plan.fraction(0.5)
    0.25
    >>> plan.begin("Second network")
    >>> plan.fraction(0.0)
    0.5
    """

    def __init__(self, expected: Sequence[tuple[str, float]]) -> None:
        self._expected = [(name, _OVERHEAD + n_updates) for name, n_updates in expected]
        self._done = 0.0
        self._current = 0.0

    def begin(self, name: str) -> None:
        """A stage begins: those before it are over, or do not come."""
        self._done += self._current
        for index, (prefix, work) in enumerate(self._expected):
            if name.startswith(prefix):
                self._current = work
                del self._expected[: index + 1]
                return
        # Not expected: as much work as is usual.
        known = [work for _, work in self._expected] or [self._current or _OVERHEAD]
        self._current = sum(known) / len(known)

    def fraction(self, share: float) -> float:
        """Share of the whole that is done, 0 to 1, when `share` of the stage is."""
        left = sum(work for _, work in self._expected)
        whole = self._done + self._current + left
        return (self._done + share * self._current) / whole if whole else 0.0
