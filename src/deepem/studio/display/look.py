"""How a micrograph is to be shown: contrast, low-pass filter, denoising."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deepem.errors import ConfigError

#: Widest low-pass filter.
MOST_LOWPASS_PX = 500.0
_SIGMA_OVER_WIDTH = 1 / (2 * math.sqrt(2 * math.log(2)))


@dataclass(frozen=True)
class Look:
    """What is done to pixels before they are shown.

    Parameters
    ----------
    black, white
        Percentiles of the grey values, after the filters, that become black and white; from 0 to
        100, black below white.
    lowpass_px
        Width of a Gaussian blur at half its height, in unbinned pixels; from 0, for none, to 500.
    denoise
        Whether noise is smoothed where it is all there is, by Wiener's filter. For the eye alone.

    Raises
    ------
    ConfigError
        A value is not possible.
    """

    black: float = 0.5
    white: float = 99.5
    lowpass_px: float = 0.0
    denoise: bool = False

    def __post_init__(self) -> None:
        for field in ("black", "white"):
            if not 0 <= getattr(self, field) <= 100:
                raise ConfigError(field, f"is {getattr(self, field)}; give a percentile, 0 to 100")
        if not self.black < self.white:
            raise ConfigError(
                "black", f"is {self.black:g}, not below white, {self.white:g}; give less"
            )
        if not 0 <= self.lowpass_px <= MOST_LOWPASS_PX:
            raise ConfigError(
                "lowpass_px", f"is {self.lowpass_px}; give 0 (no filter) to {MOST_LOWPASS_PX:g}"
            )

    @property
    def sigma_px(self) -> float:
        """Standard deviation of the low-pass filter in unbinned pixels."""
        return self.lowpass_px * _SIGMA_OVER_WIDTH
