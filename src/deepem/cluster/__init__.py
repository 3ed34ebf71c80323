"""One function, many items: in this process, in several, or on a cluster. Knows no particles."""

from deepem.cluster.backend import Backend, Outcome
from deepem.cluster.cores import choose_n_workers, count_cores
from deepem.cluster.local import LocalProcesses, ThisProcess
from deepem.cluster.memory import keep_freed_memory

__all__ = [
    "Backend",
    "LocalProcesses",
    "Outcome",
    "ThisProcess",
    "choose_n_workers",
    "count_cores",
    "keep_freed_memory",
]
