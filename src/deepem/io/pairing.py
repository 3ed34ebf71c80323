"""Match coordinate files to micrographs by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError
from deepem.io.collection import collect_picks
from deepem.io.micrograph_file import MicrographFile
from deepem.io.micrographs import index_by_name, open_micrograph
from deepem.io.naming import NameIndex

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
    rules
        How names were matched that are not equal, each with the number of micrographs.
    unmatched_picks
        Coordinate files of which nothing belongs to any of the micrographs.
    unmatched_names
        Names in coordinate files that belong to none of the micrographs, each with the reason.
    unlabelled
        Micrographs without coordinates.
    failures
        Coordinate files that cannot be read, each with its error.
    """

    pairs: list[tuple[MicrographFile, Picks]] = field(default_factory=list)
    rules: dict[str, int] = field(default_factory=dict)
    unmatched_picks: list[Path] = field(default_factory=list)
    unmatched_names: dict[str, str] = field(default_factory=dict)
    unlabelled: list[MicrographFile] = field(default_factory=list)
    failures: list[tuple[Path, DeepEMError]] = field(default_factory=list)

    def summary(self) -> str:
        """One line for each problem; empty where there is none."""
        lines = []
        if self.unlabelled:
            names = [file.path.name for file in self.unlabelled]
            lines.append(f"Micrographs without coordinates: {name_some(names)}.")
        if self.unmatched_picks:
            names = [path.name for path in self.unmatched_picks]
            lines.append(f"Coordinate files without a micrograph: {name_some(names)}.")
        lines += [f"Coordinates not read: {error}." for _, error in self.failures]
        return "\n".join(lines)


def pair_picks(
    micrographs: Iterable[str | Path | MicrographFile],
    picks_paths: str | Path | Iterable[str | Path],
    *,
    format: str | None = None,
    workers: int = 1,
) -> Pairing:
    """Find the coordinates of each micrograph.

    Parameters
    ----------
    micrographs
        Micrographs, as from :func:`find_micrographs`; they are not opened.
    picks_paths
        Coordinate files, folders (every coordinate file directly in one), patterns, and RELION's
        lists of coordinate files.
    format
        Name of the coordinate format, such as ``"star"``, of which alone files are then taken
        from folders; None goes by the suffix and the content of each file.
    workers
        Number of processes that read.

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
    How names are matched: see :class:`deepem.io.naming.NameIndex`.
    """
    files = index_by_name(micrographs)
    if not files:
        raise ConfigError("micrographs", "none are given; name files, a folder or a pattern")
    index = NameIndex(files)

    def find_name(name: str) -> str | None:
        match = index.find(name)
        if match is None:
            return None
        if match.rule:
            rules[match.rule] = rules.get(match.rule, 0) + 1
        return match.name

    rules: dict[str, int] = {}
    found = collect_picks(
        picks_paths,
        format=format,
        find_name=find_name,
        find_shape=ShapeFinder(index, files),
        workers=workers,
    )
    if found.unnamed and not found.by_name:
        raise ConventionError(
            f"no coordinate file belongs to any of the micrographs: for example "
            f"{found.unnamed[0].name} and {next(iter(files.values())).path.name}. {_RULE}"
        )
    return Pairing(
        pairs=[
            (file, found.by_name[name]) for name, file in files.items() if name in found.by_name
        ],
        rules=rules,
        unmatched_picks=found.unnamed,
        unmatched_names={name: index.explain(name) for name, _ in found.left_out},
        unlabelled=[file for name, file in files.items() if name not in found.by_name],
        failures=found.failures,
    )


@dataclass(frozen=True)
class ShapeFinder:
    """Shape of the micrograph that a name stands for, from its header; None where there is none."""

    index: NameIndex
    files: Mapping[str, MicrographFile]

    def __call__(self, name: str) -> tuple[int, int] | None:
        """Shape ``(ny, nx)``; raises FileFormatError where its header cannot be read."""
        match = self.index.find(name)
        return None if match is None else open_micrograph(self.files[match.name]).shape


def name_some(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    text = ", ".join(names[:3])
    n_more = len(names) - 3
    return f"{text} and {n_more} more" if n_more > 0 else text
