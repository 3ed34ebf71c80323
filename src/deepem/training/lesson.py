"""What a recipe hands back: a trained network, and what became of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deepem.networks import Network
from deepem.training.labels import LabelledMicrograph
from deepem.training.loop import Epoch

_STD_PERCENTILES = (1, 99)
_LEAST_STD_SLACK = 0.02


@dataclass(frozen=True, eq=False)
class Lesson:
    """A trained network.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    used, valid
        Labelled micrographs that it learnt from, and those held out, as far as they can be read.
    history
        Figures of the training, step by step.
    std_range
        Range of the standard deviation of particles' boxes.
    is_complete
        Whether the labels are all the particles of the micrographs in ``used``.
    record
        For the model's header: what was learnt from.
    """

    network: Network
    used: list[LabelledMicrograph]
    valid: list[LabelledMicrograph]
    history: list[Epoch]
    std_range: tuple[float, float]
    is_complete: bool = True
    record: dict[str, Any] = field(default_factory=dict)


class Recipe(Protocol):
    """A way to make a network from labels."""

    def learn(
        self,
        labelled: Sequence[LabelledMicrograph],
        valid: Sequence[LabelledMicrograph],
        *,
        checkpoint_path: str | Path | None = None,
    ) -> Lesson:
        """Train on some micrographs; measure on others, where there are any."""

    #: Least distance between two picks, in diameters.
    min_distance_over_diameter: float


def find_std_range(std: NDArray[np.float32]) -> tuple[float, float]:
    """Range of the particles' boxes, half its width wider on both sides: junk is much farther out.

    Parameters
    ----------
    std
        Standard deviation of the box of each particle, shape ``(n,)``, in units of the
        micrograph's.
    """
    low, high = np.percentile(std, _STD_PERCENTILES)
    slack = max((high - low) / 2, _LEAST_STD_SLACK)
    return round(max(0.0, float(low - slack)), 4), round(float(high + slack), 4)
