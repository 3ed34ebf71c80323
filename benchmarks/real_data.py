"""The real micrographs beside the project, opened, with their labels."""

from __future__ import annotations

from pathlib import Path

import deepem
from deepem import Micrograph, Picks

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def load(folder: str) -> tuple[list[Micrograph], list[Picks]]:
    """Micrographs and placed labels of a folder such as ``apoferritin/train``, by name."""
    paths = deepem.find_micrographs(DATA / folder)
    pairs = deepem.pair_picks(paths, DATA / folder, format="box").pairs
    micrographs = [deepem.open_micrograph(path) for path, _ in pairs]
    picks = [deepem.place_picks(p, m) for (_, p), m in zip(pairs, micrographs, strict=True)]
    return micrographs, picks
