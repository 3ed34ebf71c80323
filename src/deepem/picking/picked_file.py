"""What became of one micrograph: the picks, what was left out and why, or the reason it failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import DeepEMError
from deepem.io import MicrographFile
from deepem.picking.selection import Verdict


@dataclass(frozen=True, eq=False)
class PickedFile:
    """What became of one micrograph.

    Parameters
    ----------
    file
        The micrograph.
    picks
        Its picks; None where it failed.
    error
        Why it failed; None where it did not.
    verdict
        Its picks once more, and what was left out and why; None where it failed.
    candidate_scores
        Scores of all candidates that only a threshold would leave out, float32: what
        `deepem.evaluation.expect` needs. None where it failed.
    """

    file: MicrographFile
    picks: Picks | None = None
    error: DeepEMError | None = None
    verdict: Verdict | None = None
    candidate_scores: NDArray[np.float32] | None = None
