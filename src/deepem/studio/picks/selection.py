"""What the sliders say: which picks of a set are kept, kept in ``selection.json``."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deepem.errors import ConfigError, DeepEMError
from deepem.io import write_atomically
from deepem.io.inputs import read_text

logger = logging.getLogger("deepem.studio")

_FILE = "selection.json"
_Number = Annotated[float, Field(allow_inf_nan=False)]


class PickSelection(BaseModel):
    """Which picks are kept.

    Parameters
    ----------
    threshold
        Lowest score.
    std_low, std_high
        Lowest and highest standard deviation of a pick's box, in units of the micrograph's; None
        for any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: _Number
    std_low: _Number | None = None
    std_high: _Number | None = None

    @classmethod
    def of(cls, threshold: float, std_range: tuple[float, float] | None) -> PickSelection:
        """A threshold and both ends of a range of deviations, None for any."""
        if std_range is None:
            return cls(threshold=threshold)
        low, high = std_range
        return cls(threshold=threshold, std_low=low, std_high=high if high < math.inf else None)

    @property
    def std_range(self) -> tuple[float, float] | None:
        """Both ends of the range of deviations; None where neither is given."""
        if self.std_low is None and self.std_high is None:
            return None
        low = 0.0 if self.std_low is None else self.std_low
        return low, math.inf if self.std_high is None else self.std_high

    def check(self) -> PickSelection:
        """The same, after a look at its range.

        Raises
        ------
        ConfigError
            The range of deviations is negative or does not rise.
        """
        low, high = self.std_range or (0.0, math.inf)
        if not 0 <= low < high:
            field = "std_high" if self.std_low is None else "std_low"
            raise ConfigError(
                field,
                f"the standard deviations must be two rising numbers, got {low:g} to {high:g}",
            )
        return self


def read_selection(folder: Path) -> PickSelection | None:
    """The selection that was kept in the folder of a set of picks.

    None where there is none, or the file is damaged, with a warning in the log: it is no work to
    set the sliders again.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        return PickSelection.model_validate_json(read_text(path)).check()
    except (ValidationError, DeepEMError) as error:
        logger.warning("%s: is damaged, and left alone: %s", path, error)
        return None


def write_selection(folder: Path, selection: PickSelection) -> None:
    """Keep a selection in the folder of a set of picks.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    with write_atomically(folder / _FILE, overwrite=True) as file:
        file.write(selection.model_dump_json(indent=2) + "\n")
