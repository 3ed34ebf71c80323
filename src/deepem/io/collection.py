"""Read the coordinates of many files, one set for each micrograph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from scipy.spatial import cKDTree

from deepem.core import Picks
from deepem.errors import ConventionError, DeepEMError, FileFormatError
from deepem.io.inputs import list_files
from deepem.io.registry import PICK_FORMATS, PickFormat, pick_format, strip_pick_name

# Formats that keep whole pixels move a coordinate by up to half a pixel along each axis.
_SAME_PLACE_PX = 1.0


@dataclass(frozen=True)
class PicksCollection:
    """The coordinates of many micrographs.

    Parameters
    ----------
    by_name
        Picks by the name of their micrograph, in the order of the files.
    sources
        The file that each micrograph's picks come from.
    unnamed
        Files of which no picks were wanted.
    failures
        Files that cannot be read, each with its error.
    """

    by_name: dict[str, Picks] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)
    unnamed: list[Path] = field(default_factory=list)
    failures: list[tuple[Path, DeepEMError]] = field(default_factory=list)


def collect_picks(
    paths: str | Path | Iterable[str | Path],
    *,
    format: str | None = None,
    find_name: Callable[[str], str | None] = strip_pick_name,
) -> PicksCollection:
    """Read coordinate files, folders of them and patterns.

    Parameters
    ----------
    paths
        Coordinate files, folders (every coordinate file directly in one) and patterns.
    format
        Name of the coordinate format, such as ``"star"``, of which alone files are then taken
        from folders; None goes by the suffix of each file.
    find_name
        Gives the name of the micrograph that a name in a file stands for; None leaves it out.

    Returns
    -------
    PicksCollection
        A file that cannot be read is a failure in it, and the others are read.

    Raises
    ------
    ConfigError
        The format is not known, or nothing is given.
    FileFormatError
        A folder or a pattern yields no coordinate file.
    ConventionError
        Two files hold different coordinates of one micrograph. The same coordinates in two
        formats, such as DeepEM writes them, are welcome.
    """
    formats = PICK_FORMATS if format is None else (pick_format(format),)
    suffixes = tuple(known.suffix for known in formats)
    found = PicksCollection()
    for path in list_files(paths, suffixes=suffixes, kind="coordinates"):
        try:
            contents = _find_format(path, format).read(path)
        except DeepEMError as error:
            found.failures.append((path, error))
            continue
        names = [find_name(picks.micrograph) for picks in contents]
        if not any(names):
            found.unnamed.append(path)
        for name, picks in zip(names, contents, strict=True):
            if name is None:
                continue
            picks = replace(picks, micrograph=name)
            if name in found.by_name:
                picks = _merge(found.by_name[name], found.sources[name], picks, path)
            found.by_name[name] = picks
            found.sources[name] = path
    return found


def _find_format(path: Path, format: str | None) -> PickFormat:
    suffixes = [known.suffix for known in PICK_FORMATS]
    if format is not None or path.suffix.lower() in suffixes:
        return pick_format(format or path)
    if not path.exists():
        raise FileFormatError(path, "does not exist; check the name and the folder")
    raise FileFormatError(
        path,
        f"is not a coordinate file that can be read: its suffix is '{path.suffix}', expected one "
        f"of {', '.join(suffixes)}; or say its format with --picks-format (format=)",
    )


def _merge(first: Picks, first_path: Path, second: Picks, second_path: Path) -> Picks:
    """The same picks in two formats as one: the scores of one, the box size of the other."""
    if first_path.suffix == second_path.suffix or not _are_same(first, second):
        cure = "give only one of them"
        if first_path.suffix != second_path.suffix:
            cure = "choose one format with --picks-format (format=)"
        raise ConventionError(
            f"{first.micrograph} has different coordinates in two files, {first_path} and "
            f"{second_path}; {cure}"
        )
    # A format with a box size keeps whole pixels; the other has more to say.
    fine, coarse = (first, second) if first.box_size_px is None else (second, first)
    return replace(fine, box_size_px=fine.box_size_px or coarse.box_size_px)


def _are_same(first: Picks, second: Picks) -> bool:
    if len(first) != len(second):
        return False
    if not len(first):
        return True
    trees = [cKDTree(list(zip(picks.x_px, picks.y_px, strict=True))) for picks in (first, second)]
    return all(
        one.query(other.data)[0].max() <= _SAME_PLACE_PX for one, other in (trees, reversed(trees))
    )
