"""How many cores other programs leave to this process."""

from __future__ import annotations

import os
import time
from pathlib import Path

from deepem.cluster.cores import count_cores

_STAT = Path("/proc/stat")
# Shorter looks are too coarse: the system counts in hundredths of a second.
_LEAST_SECONDS = 0.2
# A core that others use for less than this share is taken for free.
_SHARE_OF_A_FREE_CORE = 0.4


class SpareCores:
    """Watches what other programs use.

    Two threads that wait for each other lose more than half of their speed, sometimes nearly all
    of it, where another program keeps one of their cores busy.
    """

    def __init__(self) -> None:
        self._n = count_cores()
        self._before = _read_times()

    def count(self) -> int:
        """Number of cores that others have left since the last look, 1 or more.

        All cores that this process may use, where the system does not tell (it does on Linux).
        """
        now = _read_times()
        if now is None or self._before is None:
            return self._n
        seconds = now[0] - self._before[0]
        if seconds < _LEAST_SECONDS:
            return self._n
        by_all, by_us = now[1] - self._before[1], now[2] - self._before[2]
        self._before = now
        spare = (os.cpu_count() or 1) - (by_all - by_us) / seconds
        self._n = max(1, min(count_cores(), int(spare + _SHARE_OF_A_FREE_CORE)))
        return self._n


def _read_times() -> tuple[float, float, float] | None:
    """The time, and processor time of all programs and of this one, in seconds."""
    try:
        ticks = [int(field) for field in _STAT.read_text().split("\n", 1)[0].split()[1:9]]
        idle, waiting = ticks[3:5]
    except (OSError, ValueError):
        return None
    busy = (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")
    return time.monotonic(), busy, time.process_time()
