"""The shape of the successor network, which a model file tells without the network itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deepem.errors import ConfigError


@dataclass(frozen=True)
class ResidualDesign:
    """Shape of a residual network.

    Parameters
    ----------
    maps
        Number of feature maps, the same in every layer.
    dilations
        Dilation of the two 3 x 3 convolutions of each residual block: the field of view grows
        without pooling, so that the score keeps the resolution of the image.
    stem
        Side of the kernels of the first convolution, odd.
    kind
        Tells the designs of a model file apart.

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.
    """

    maps: int = 16
    dilations: tuple[int, ...] = (1, 2, 4, 8, 4, 2, 1)
    stem: int = 7
    kind: Literal["residual"] = "residual"

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.maps < 1:
            raise ConfigError("maps", f"must be at least 1, got {self.maps}")
        if not self.dilations or min(self.dilations) < 1:
            raise ConfigError("dilations", f"must all be at least 1, got {self.dilations}")
        if self.stem < 1 or self.stem % 2 == 0:
            raise ConfigError("stem", f"must be an odd number of pixels, got {self.stem}")

    def describe(self) -> str:
        """The network in a line."""
        return (
            f"residual, {len(self.dilations)} blocks of dilations "
            f"{'/'.join(map(str, self.dilations))}, {self.maps} feature maps"
        )

    @property
    def reach(self) -> int:
        """How many pixels away a score still sees."""
        return self.stem // 2 + 2 * sum(self.dilations)
