"""Read the coordinates of many files, one set for each micrograph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from deepem.core import Listing, Picks
from deepem.errors import ConventionError, DeepEMError
from deepem.io.formats.relion import list_coordinate_files
from deepem.io.inputs import list_files, normalise_path
from deepem.io.naming import find_name as name_micrograph
from deepem.io.naming import strip_pick_name
from deepem.io.parallel import map_in_processes
from deepem.io.pick_format import FindShape
from deepem.io.registry import PICK_FORMATS, find_format, looks_like_picks, pick_format

# Formats that keep whole pixels move a coordinate by up to half a pixel along each axis.
_SAME_PLACE_PX = 1.0


@dataclass(frozen=True)
class PicksFile:
    """A coordinate file, and the micrograph that a list says it belongs to.

    Parameters
    ----------
    path
        The file.
    listing
        The micrograph in the list; None where the file was not named by a list.
    """

    path: Path
    listing: Listing | None = None


@dataclass(frozen=True)
class PicksCollection:
    """The coordinates of many micrographs.

    Parameters
    ----------
    by_name
        Picks by the name of their micrograph, in the order of the files.
    sources
        The file that each micrograph's picks come from.
    left_out
        Names in files of which no picks were wanted, with their file.
    unnamed
        Files of which no picks were wanted at all.
    failures
        Files that cannot be read, each with its error.
    """

    by_name: dict[str, Picks] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)
    left_out: list[tuple[str, Path]] = field(default_factory=list)
    unnamed: list[Path] = field(default_factory=list)
    failures: list[tuple[Path, DeepEMError]] = field(default_factory=list)


def collect_picks(
    paths: str | Path | Iterable[str | Path],
    *,
    format: str | None = None,
    find_name: Callable[[str], str | None] = strip_pick_name,
    find_shape: FindShape | None = None,
    workers: int = 1,
) -> PicksCollection:
    """Read coordinate files, folders of them, patterns and RELION's lists of them.

    Parameters
    ----------
    paths
        Coordinate files, folders (every coordinate file directly in one), patterns, and lists
        such as ``autopick.star``.
    format
        Name of the coordinate format, such as ``"star"``, of which alone files are then taken
        from folders; None goes by the suffix and the content of each file.
    find_name
        Gives the name of the micrograph that a name in a file stands for; None leaves it out.
    find_shape
        See :func:`read_picks`.
    workers
        Number of processes that read.

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
    found = PicksCollection()
    files = _find_files(paths, format, found)
    read = partial(_read_file, format=format)
    for file, outcome in zip(files, map_in_processes(read, files, workers=workers), strict=True):
        try:
            contents = _complete(file, outcome, find_shape)
        except DeepEMError as error:
            found.failures.append((file.path, error))
            continue
        names = [find_name(picks.micrograph) for picks in contents]
        if not any(names):
            found.unnamed.append(file.path)
        for name, picks in zip(names, contents, strict=True):
            if name is None:
                found.left_out.append((picks.micrograph, file.path))
                continue
            picks = replace(picks, micrograph=name)
            if name in found.by_name:
                picks = _merge(found.by_name[name], found.sources[name], picks, file.path)
            found.by_name[name] = picks
            found.sources[name] = file.path
    return found


def _find_files(
    paths: str | Path | Iterable[str | Path], format: str | None, found: PicksCollection
) -> list[PicksFile]:
    formats = PICK_FORMATS if format is None else (pick_format(format),)
    suffixes = list(dict.fromkeys(suffix for known in formats for suffix in known.suffixes))
    files: list[PicksFile] = []
    accepts = looks_like_picks if format is None else None
    for path in list_files(paths, suffixes=suffixes, kind="coordinates", accepts=accepts):
        listed = None
        if path.suffix.lower() == ".star":
            try:
                listed = list_coordinate_files(path)
            except DeepEMError as error:
                found.failures.append((path, error))
                continue
        if listed is None:
            files.append(PicksFile(path))
        else:
            files += [PicksFile(file, listing) for listing, file in listed]
    # A folder may hold both a list and what it lists: the list knows more.
    files.sort(key=lambda file: file.listing is None)
    return list({normalise_path(file.path): file for file in reversed(files)}.values())[::-1]


def _read_file(file: PicksFile, *, format: str | None) -> tuple[str, list[Picks]] | DeepEMError:
    """What a file holds, as it holds it, and the name of its format."""
    try:
        known = find_format(file.path, format=format)
        return known.name, known.read(file.path)
    except DeepEMError as error:
        return error


def _complete(
    file: PicksFile,
    outcome: tuple[str, list[Picks]] | DeepEMError,
    find_shape: FindShape | None,
) -> list[Picks]:
    """What only this process knows: shapes of micrographs, and what a list says of them."""
    if isinstance(outcome, DeepEMError):
        raise outcome
    format, contents = outcome
    contents = pick_format(format).count_from_first_row(file.path, contents, find_shape=find_shape)
    if file.listing is None:
        return contents
    name = name_micrograph(file.listing.path)
    return [replace(picks, micrograph=name, listing=file.listing) for picks in contents]


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
    from scipy.spatial import cKDTree  # slow to load

    if len(first) != len(second):
        return False
    if not len(first):
        return True
    trees = [cKDTree(list(zip(picks.x_px, picks.y_px, strict=True))) for picks in (first, second)]
    return all(
        one.query(other.data)[0].max() <= _SAME_PLACE_PX for one, other in (trees, reversed(trees))
    )
