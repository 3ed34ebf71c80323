"""What lies on micrographs beside whole particles: how much of it a scene shall hold."""

from __future__ import annotations

from dataclasses import dataclass, fields

from deepem.errors import ConfigError

# In the order in which codes and counts name them. Areas come first: they have a mask.
AREA_KINDS = ("carbon", "ice_crystals", "contaminants", "aggregates")
DAMAGED_KINDS = ("broken", "empty")


@dataclass(frozen=True)
class Nuisances:
    """How many of each kind are on a micrograph; none by default.

    Whole particles keep half a diameter away from crystals, contaminants, carbon and aggregates.
    What is turned on changes neither the orientations of the particles nor the noise, and a
    particle moves only where a nuisance takes its place.

    Parameters
    ----------
    ice_crystals
        Number of ice crystals: angular, strong, with facets and fringes, 0.5 to 3 diameters wide.
    contaminants
        Number of smooth, strong blobs, 0.2 to 1.5 diameters wide.
    carbon_fraction
        Share of the micrograph, from 0 to 0.9, that is the carbon film round a hole: darker, with
        strong grain, behind a curved edge.
    aggregates
        Number of clumps of 4 to 12 overlapping particles.
    broken
        Number of particles of which a half is missing, cut off along the beam.
    empty
        Number of ghosts: particles of half the density, their middle nearly empty.
    gradient
        Difference of the intensity across the micrograph, from thinner ice to thicker, in standard
        deviations of the noise.
    hot_pixels
        Number of pixels far above the others.

    Raises
    ------
    ConfigError
        A value is negative, a count is no whole number, or the carbon leaves no room.
    """

    ice_crystals: int = 0
    contaminants: int = 0
    carbon_fraction: float = 0.0
    aggregates: int = 0
    broken: int = 0
    empty: int = 0
    gradient: float = 0.0
    hot_pixels: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value >= 0:
                raise ConfigError(field.name, f"must be 0 or more, got {value:g}")
            if field.name not in ("carbon_fraction", "gradient") and value != int(value):
                raise ConfigError(field.name, f"must be a whole number, got {value:g}")
        if self.carbon_fraction > 0.9:
            raise ConfigError(
                "carbon_fraction",
                f"must be at most 0.9, got {self.carbon_fraction:g}; particles need room",
            )

    @property
    def has_matter(self) -> bool:
        """Whether something lies in the ice, so that it has a place."""
        return bool(self.carbon_fraction) or any(
            getattr(self, kind) for kind in (*AREA_KINDS[1:], *DAMAGED_KINDS)
        )


#: What ``deepem simulate --nuisances`` offers; for each micrograph.
NUISANCE_LEVELS = {
    "none": Nuisances(),
    "some": Nuisances(
        ice_crystals=2, contaminants=4, aggregates=1, broken=3, empty=3, gradient=0.5, hot_pixels=10
    ),
    "many": Nuisances(
        ice_crystals=4,
        contaminants=10,
        carbon_fraction=0.15,
        aggregates=3,
        broken=8,
        empty=8,
        gradient=1.0,
        hot_pixels=40,
    ),
}
