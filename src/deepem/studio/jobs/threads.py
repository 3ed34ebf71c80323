"""As many threads as suit what else the machine does at the moment."""

from __future__ import annotations

import torch

from deepem.cluster.spare_cores import SpareCores


class FittingThreads:
    """Gives torch a thread for every core that others leave, and changes that as they come and go.

    A training shares the machine with the browser that shows it.
    """

    def __init__(self) -> None:
        self._cores = SpareCores()
        self._most = torch.get_num_threads()  # OMP_NUM_THREADS, where the user has set it

    def fit(self) -> None:
        """Look again; to be called every second or so."""
        n = min(self._most, self._cores.count())
        if n != torch.get_num_threads():
            torch.set_num_threads(n)
