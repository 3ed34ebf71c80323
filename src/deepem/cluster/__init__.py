"""One function, many items: in this process, in several, or on a cluster. Knows no particles."""

from deepem.cluster.backend import Backend, Outcome
from deepem.cluster.local import LocalProcesses, ThisProcess

__all__ = ["Backend", "LocalProcesses", "Outcome", "ThisProcess"]
