"""Match coordinate files to micrographs by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError
from deepem.io.collection import collect_picks
from deepem.io.micrographs import index_by_name
from deepem.io.registry import strip_pick_name

_RULE = (
    "A coordinate file has the name of its micrograph, perhaps with an ending such as _autopick, "
    "or names it in rlnMicrographName"
)


@dataclass(frozen=True)
class Pairing:
    """Micrographs with their picks, and everything that could not be paired.

    Parameters
    ----------
    pairs
        Each micrograph with its picks, in the order of the micrographs.
    unmatched_picks
        Coordinate files of which nothing belongs to any of the micrographs.
    unlabelled
        Micrographs without coordinates.
    failures
        Coordinate files that cannot be read, each with its error.
    """

    pairs: list[tuple[Path, Picks]] = field(default_factory=list)
    unmatched_picks: list[Path] = field(default_factory=list)
    unlabelled: list[Path] = field(default_factory=list)
    failures: list[tuple[Path, DeepEMError]] = field(default_factory=list)

    def summary(self) -> str:
        """One line for each problem; empty where there is none."""
        lines = []
        if self.unlabelled:
            lines.append(f"Micrographs without coordinates: {_name_some(self.unlabelled)}.")
        if self.unmatched_picks:
            lines.append(
                f"Coordinate files without a micrograph: {_name_some(self.unmatched_picks)}."
            )
        lines += [f"Coordinates not read: {error}." for _, error in self.failures]
        return "\n".join(lines)


def pair_picks(
    micrograph_paths: Iterable[str | Path],
    picks_paths: str | Path | Iterable[str | Path],
    *,
    format: str | None = None,
) -> Pairing:
    """Find the coordinates of each micrograph.

    Parameters
    ----------
    micrograph_paths
        Micrographs, as from :func:`find_micrographs`; they are not opened.
    picks_paths
        Coordinate files, folders (every coordinate file directly in one) and patterns.
    format
        Name of the coordinate format, such as ``"star"``, of which alone files are then taken
        from folders; None goes by the suffix of each file.

    Returns
    -------
    Pairing
        A file that cannot be read is a failure in it, and the others are paired.

    Raises
    ------
    ConfigError
        The format is not known, or nothing is given.
    FileFormatError
        A folder or a pattern yields no coordinate file.
    ConventionError
        Two files hold different coordinates of one micrograph, or no file belongs to any.

    Notes
    -----
    Names must be equal, so ``mic_1`` never gets the coordinates of ``mic_10`` or ``mic_1_2``. The
    full name of a coordinate file comes before the one without a known ending.
    """
    micrographs = index_by_name(map(Path, micrograph_paths))
    if not micrographs:
        raise ConfigError("micrographs", "none are given; name files, a folder or a pattern")
    found = collect_picks(
        picks_paths, format=format, find_name=lambda name: _match_name(name, micrographs)
    )
    if found.unnamed and not found.by_name:
        raise ConventionError(
            f"no coordinate file belongs to any of the micrographs: for example "
            f"{found.unnamed[0].name} and {next(iter(micrographs.values())).name}. {_RULE}"
        )
    return Pairing(
        pairs=[
            (path, found.by_name[name])
            for name, path in micrographs.items()
            if name in found.by_name
        ],
        unmatched_picks=found.unnamed,
        unlabelled=[path for name, path in micrographs.items() if name not in found.by_name],
        failures=found.failures,
    )


def _match_name(name: str, micrographs: dict[str, Path]) -> str | None:
    for candidate in (name, strip_pick_name(name)):
        if candidate in micrographs:
            return candidate
    return None


def _name_some(paths: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in paths[:3])
    n_more = len(paths) - 3
    return f"{names} and {n_more} more" if n_more > 0 else names
