"""What a worker does for a job of another program, which keeps the picks in its own way."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from deepem.core import Picks
from deepem.io import MicrographFile, open_micrograph
from deepem.picking import Picker


@dataclass(frozen=True, eq=False)
class PickOne:
    """Picks a micrograph.

    Parameters
    ----------
    picker
        The picker.
    n_threads
        Number of threads in each worker; None leaves it as it is.
    """

    picker: Picker
    n_threads: int | None = None

    def __call__(self, file: MicrographFile) -> Picks:
        """The picks of a micrograph; raises what opening and picking it raise."""
        if self.n_threads is not None:
            torch.set_num_threads(self.n_threads)
        return self.picker.pick(open_micrograph(file))
