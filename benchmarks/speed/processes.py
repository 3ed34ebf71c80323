"""What processes take: the memory of a tree of them, and the processors' time of all others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_SECONDS = 1.0


class _Sampler:
    """Does something again and again while a block runs."""

    def __init__(self, sample: Callable[[], None], seconds: float) -> None:
        self._sample, self._seconds = sample, seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._is_over.wait(self._seconds):
            self._sample()


class MemoryWatch(_Sampler):
    """Memory in MB of a process and all that it started, while a block runs.

    Attributes
    ----------
    samples
        Time (of `time.perf_counter`), sum of the shares of all memory (PSS: what several processes
        share counts once), sum of the resident sets (it counts for each).
    peaks
        Highest resident set of each process by its number, as the system keeps it.
    """

    def __init__(self, root: int, *, seconds: float = 0.1) -> None:
        super().__init__(self._look, seconds)
        self._root = root
        self.samples: list[tuple[float, float, float]] = []
        self.peaks: dict[int, float] = {}

    def peak(self, until: float = float("inf")) -> dict[str, float]:
        """Highest sums of the samples up to a time, and the highest peak of one process."""
        seen = [(pss, rss) for at, pss, rss in self.samples if at <= until]
        return {
            "pss_mb": max((pss for pss, _ in seen), default=0.0),
            "rss_mb": max((rss for _, rss in seen), default=0.0),
            "largest_mb": max(self.peaks.values(), default=0.0),
        }

    def _look(self) -> None:
        sums = [0.0, 0.0]
        for number in list_tree(self._root):
            rollup = _read_fields(Path(f"/proc/{number}/smaps_rollup"))
            status = _read_fields(Path(f"/proc/{number}/status"))
            sums[0] += rollup.get("Pss", 0.0)
            sums[1] += rollup.get("Rss", 0.0)
            if "VmHWM" in status:
                self.peaks[number] = max(status["VmHWM"], self.peaks.get(number, 0.0))
        self.samples.append((time.perf_counter(), *sums))


class OthersWatch(_Sampler):
    """How much of the processors processes take that we did not start, while a block runs."""

    def __init__(self) -> None:
        super().__init__(self._look, _LOOK_SECONDS)
        self._start = time.perf_counter()
        self._before = read_ticks()
        self._ticks = 0

    @property
    def share(self) -> float:
        """Mean share of all processors, from 0 to 1."""
        n_cores = os.cpu_count() or 1
        return self._ticks / _TICKS / (time.perf_counter() - self._start) / n_cores

    def _look(self) -> None:
        now, ours = read_ticks(), set(list_tree(os.getpid()))
        for number, ticks in now.items():
            if number not in ours:
                self._ticks += ticks - self._before.get(number, 0)
        self._before = now


def wait_until_idle(*, share: float = 0.04, in_a_row: int = 3, at_most_s: float = 300) -> float:
    """Wait until others hardly use the processors for some seconds; returns what they use then."""
    deadline, n_quiet, used = time.monotonic() + at_most_s, 0, 1.0
    while n_quiet < in_a_row and time.monotonic() < deadline:
        with OthersWatch() as watch:
            time.sleep(2.5 * _LOOK_SECONDS)
        used = watch.share
        n_quiet = n_quiet + 1 if used < share else 0
    return used


def list_tree(root: int) -> list[int]:
    """Numbers of a process and of all that descend from it."""
    children: dict[int, list[int]] = {}
    for number, fields in _read_stats().items():
        children.setdefault(int(fields[1]), []).append(number)
    tree = [root]
    for number in tree:
        tree += children.get(number, [])
    return tree


def read_ticks() -> dict[int, int]:
    """Processor time of all processes by number, in ticks of the system."""
    return {number: int(fields[11]) + int(fields[12]) for number, fields in _read_stats().items()}


def _read_stats() -> dict[int, list[str]]:
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # Behind the name, which may hold anything.
            stats[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
    return stats


def _read_fields(path: Path) -> dict[str, float]:
    """Fields of a file of /proc in MB."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    parts = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): float(value) / 1024 for name, value, _ in parts}
