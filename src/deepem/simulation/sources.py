"""Sources of randomness of one scene that do not disturb each other."""

from __future__ import annotations

import numpy as np

from deepem.simulation.nuisances import AREA_KINDS, DAMAGED_KINDS

# A source keeps its place for good: a scene of a seed shall stay what it is.
_SOURCES = ("solvent", "gradient", "hot_pixels", "moved", *AREA_KINDS, *DAMAGED_KINDS)


def make_rng(seed: int | np.random.SeedSequence, source: str) -> np.random.Generator:
    """Make the generator of one source, the same whatever else was drawn."""
    parent = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key = (*parent.spawn_key, _SOURCES.index(source))
    return np.random.default_rng(np.random.SeedSequence(parent.entropy, spawn_key=key))
