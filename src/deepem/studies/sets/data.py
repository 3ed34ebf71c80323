"""Where studies find what they read: real micrographs with labels, and density maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.io import find_micrographs, open_micrograph, pair_picks, place_picks
from deepem.studies.harness.study import Need

_HOLDS = {
    "data": "the real micrographs with their .box labels",
    "maps": "the density maps",
}


@dataclass(frozen=True)
class DataSet:
    """How the particles of a real data set are measured.

    Parameters
    ----------
    name
        Its folder, with ``train``, ``valid`` and ``test``.
    diameter_px
        Particle diameter in unbinned pixels.
    match_px
        Largest distance of a pick to its particle in unbinned pixels.
    """

    name: str
    diameter_px: float
    match_px: float

    def needs(self, *parts: str) -> tuple[Need, ...]:
        """The folders of some of its parts."""
        return tuple(Need("data", f"{self.name}/{part}") for part in parts)


APOFERRITIN = DataSet("apoferritin", diameter_px=63, match_px=20)
BETA_GALACTOSIDASE = DataSet("beta_galactosidase", diameter_px=54, match_px=15)
DATA_SETS = {one.name: one for one in (APOFERRITIN, BETA_GALACTOSIDASE)}
#: Three micrographs without parts.
KLH, KLH_DIAMETER_PX = Need("data", "klh/processed"), 182.0


@dataclass(frozen=True, eq=False)
class Labelled:
    """Micrographs and the particles on each, in the same order."""

    micrographs: tuple[Micrograph, ...]
    picks: tuple[Picks, ...]

    def take(self, indices: Sequence[int]) -> Labelled:
        """Some of them."""
        return Labelled(
            tuple(self.micrographs[index] for index in indices),
            tuple(self.picks[index] for index in indices),
        )

    def split(self, counts: Iterable[int]) -> list[Labelled]:
        """One part after the other, of so many micrographs each."""
        numbers = iter(range(len(self.micrographs)))
        return [self.take([next(numbers) for _ in range(n)]) for n in counts]


class Sources:
    """The folders that a user named; what was opened stays open for the next cell.

    Parameters
    ----------
    data
        Folder of the real data sets (``apoferritin/train``, ``klh/processed``, …); None where the
        user named none.
    maps
        Folder of the density maps.
    """

    def __init__(self, data: str | Path | None = None, maps: str | Path | None = None) -> None:
        self._folders: dict[str, str | Path | None] = {"data": data, "maps": maps}
        self._opened: dict[str, Labelled] = {}

    def require(self, needs: Sequence[Need]) -> None:
        """Check that everything is there, before any work is done.

        Raises
        ------
        deepem.errors.ConfigError
            A folder was not named, or lacks what is needed.
        """
        for need in needs:
            self.find(need)

    def find(self, need: Need) -> Path:
        """Path of a need.

        Raises
        ------
        deepem.errors.ConfigError
            Its folder was not named, or it is not there.
        """
        folder = self._folders[need.source]
        if folder is None:
            raise ConfigError(
                need.source,
                f"is not given, but the study needs {need.path}. Name the folder of "
                f"{_HOLDS[need.source]}, such as --{need.source} ../shared/{need.source}",
            )
        path = Path(folder) / need.path
        if not path.exists():
            raise ConfigError(
                need.source,
                f"{folder} has no {need.path}, which the study needs. Name the folder of "
                f"{_HOLDS[need.source]} that holds it",
            )
        return path

    def load(self, part: str) -> Labelled:
        """Micrographs and placed labels of a folder such as ``apoferritin/train``, by name.

        Raises
        ------
        deepem.errors.ConfigError
            There is no such folder, or no micrograph with a .box file in it.
        """
        if part not in self._opened:
            self._opened[part] = _open(self.find(Need("data", part)))
        return self._opened[part]


def read_ignored(picks: Picks, folder: Path) -> Picks:
    """Places that are neither right nor wrong: ``NAME.ignore.txt``, ``x y`` a line; often none."""
    path = folder / f"{picks.micrograph}.ignore.txt"
    places = np.loadtxt(path, ndmin=2) if path.exists() else np.zeros((0, 2))
    return Picks(picks.micrograph, places[:, 0], places[:, 1])


def _open(folder: Path) -> Labelled:
    pairs = pair_picks(find_micrographs(folder), folder, format="box").pairs
    if not pairs:
        raise ConfigError("data", f"{folder} has no micrograph with a .box file of its name")
    opened = [(open_micrograph(file), picks) for file, picks in pairs]
    opened.sort(key=lambda pair: pair[0].name)
    return Labelled(
        tuple(micrograph for micrograph, _ in opened),
        tuple(place_picks(picks, micrograph) for micrograph, picks in opened),
    )
