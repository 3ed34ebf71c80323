"""Bring coordinates from any format to any other, a few files or many thousands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from deepem.core import Frame, Orientation, Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError, OutputError
from deepem.io.collection import collect_picks
from deepem.io.micrograph_file import MicrographFile
from deepem.io.micrographs import open_micrograph
from deepem.io.pairing import Pairing, pair_picks
from deepem.io.parallel import map_in_processes
from deepem.io.pick_format import PickFormat
from deepem.io.picks import write_picks
from deepem.io.placement import place_picks
from deepem.io.registry import pick_format

AS_THEY_ARE = Orientation()


@dataclass(frozen=True)
class Conversion:
    """What became of the coordinates.

    Parameters
    ----------
    n_picks
        Number of picks written for each micrograph, by its name.
    files
        The files written.
    pairing
        How names were matched to micrographs; None where none were given.
    failures
        Coordinates that could not be read, placed or written, each with its error.
    """

    n_picks: dict[str, int] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    pairing: Pairing | None = None
    failures: list[DeepEMError] = field(default_factory=list)


def convert_picks(
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    *,
    to: str,
    format: str | None = None,
    micrographs: Sequence[MicrographFile] | None = None,
    orientation: Orientation = AS_THEY_ARE,
    shift_px: tuple[float, float] = (0.0, 0.0),
    to_binned_by: float = 1.0,
    pixel_size_angstrom: float | None = None,
    box_size_px: int | None = None,
    overwrite: bool = False,
    workers: int = 1,
) -> Conversion:
    """Read coordinates in any format and write them in another.

    Parameters
    ----------
    paths
        Coordinate files, folders, patterns, and RELION's lists of coordinate files.
    out
        Folder for the files; for a format with one file for all also the file itself.
    to
        Name of the format to write, such as ``"star"``.
    format
        Name of the format to read; None goes by the suffix and the content of each file.
    micrographs
        As from :func:`find_micrographs`: coordinates are matched to them by name, checked
        against their size, and get what their list knows (RELION's names, cryoSPARC's uids).
        None converts what the files hold, unchecked.
    orientation
        How the coordinates relate to the micrographs, for files that come from elsewhere.
    shift_px
        By how much ``(x, y)`` in unbinned pixels to move them after that, for coordinates that
        are not centres.
    to_binned_by
        Write coordinates for images that are binned this many times.
    pixel_size_angstrom
        Size of an unbinned pixel, instead of that in lists and headers.
    box_size_px
        Side of the box in unbinned pixels, instead of that in the files.
    overwrite
        Whether files may be replaced.
    workers
        Number of processes.

    Returns
    -------
    Conversion
        What cannot be read, placed or written is a failure in it; the rest is converted.

    Raises
    ------
    ConfigError
        A format is not known, or a number is not positive.
    FileFormatError
        A folder or a pattern yields no coordinate file.
    ConventionError
        Two files hold different coordinates of one micrograph, or no file belongs to any.
    OutputError
        Files to write exist already: nothing is written then.
    """
    for name, value in (("binning", to_binned_by), ("box size", box_size_px)):
        if value is not None and not value > 0:
            raise ConfigError(name, f"must be positive, got {value:g}")
    target = pick_format(to)
    done = Conversion()
    if micrographs is None:
        collection = collect_picks(paths, format=format, workers=workers)
        done.failures.extend(error for _, error in collection.failures)
        pairs: list[tuple[MicrographFile | None, Picks]] = [
            (None, picks) for picks in collection.by_name.values()
        ]
    else:
        pairing = pair_picks(micrographs, paths, format=format, workers=workers)
        done = replace(done, pairing=pairing)
        done.failures.extend(error for _, error in pairing.failures)
        pairs = [(file, picks) for file, picks in pairing.pairs]
    converted = []
    for file, picks in pairs:
        try:
            picks = _orient(picks, file, orientation, shift_px, pixel_size_angstrom)
            if len(picks):
                target.require(picks)
        except DeepEMError as error:
            done.failures.append(error)
            continue
        if box_size_px is not None:
            picks = replace(picks, box_size_px=box_size_px)
        converted.append(_bin(picks, to_binned_by))
    _write(converted, Path(out), target, done, overwrite=overwrite, workers=workers)
    return done


def _orient(
    picks: Picks,
    file: MicrographFile | None,
    orientation: Orientation,
    shift_px: tuple[float, float],
    pixel_size_angstrom: float | None,
) -> Picks:
    """Coordinates in unbinned pixels of their micrograph, checked against it where it is given."""
    frame = _turn_frame(picks.frame, orientation)
    if file is not None:
        micrograph = open_micrograph(file, pixel_size_angstrom=pixel_size_angstrom)
        turned = replace(orientation.apply(picks, micrograph.shape), frame=frame)
        return place_picks(_move(turned, shift_px), micrograph)
    if frame is None and (orientation.flip_x or orientation.flip_y):
        raise ConventionError(
            f"{picks.micrograph}: the size of the micrograph is needed to flip its coordinates; "
            "name the micrographs too (--micrographs)"
        )
    if frame is not None and pixel_size_angstrom is not None:
        frame = replace(frame, pixel_size_angstrom=pixel_size_angstrom)
    shape = (1, 1) if frame is None else frame.shape  # of no consequence where nothing is flipped
    return replace(_move(orientation.apply(picks, shape), shift_px), frame=frame)


def _turn_frame(frame: Frame | None, orientation: Orientation) -> Frame | None:
    """Frame of the micrograph, from that of the image that the coordinates are for."""
    if frame is None:
        return None
    ny, nx = (round(side * orientation.scale) for side in frame.shape)
    size = frame.pixel_size_angstrom
    return Frame(
        (nx, ny) if orientation.swap_xy else (ny, nx),
        pixel_size_angstrom=None if size is None else size / orientation.scale,
    )


def _move(picks: Picks, shift_px: tuple[float, float]) -> Picks:
    return replace(picks, x_px=picks.x_px + shift_px[0], y_px=picks.y_px + shift_px[1])


def _bin(picks: Picks, factor: float) -> Picks:
    """Coordinates, box and frame in pixels of an image that is binned ``factor`` times."""
    if factor == 1:
        return picks
    shrink = Orientation(scale=1 / factor)
    return replace(shrink.apply(picks, (1, 1)), frame=_turn_frame(picks.frame, shrink))


def _write(
    converted: Sequence[Picks],
    out: Path,
    target: PickFormat,
    done: Conversion,
    *,
    overwrite: bool,
    workers: int,
) -> None:
    if target.one_file_for_all:
        is_file = out.suffix.lower() in target.suffixes and not out.is_dir()
        path = out if is_file else target.path_in(out, "")
        tasks = [(list(converted), path)] if converted else []
    else:
        tasks = [([picks], target.path_in(out, picks.micrograph)) for picks in converted]
        tasks = _drop_collisions(tasks, done)
    if not overwrite:
        tasks = _check_free(tasks, target, done)
    write = partial(_write_one, format=target.name, overwrite=overwrite)
    outcomes = map_in_processes(write, tasks, workers=workers)
    for (group, path), error in zip(tasks, outcomes, strict=True):
        if error is not None:
            done.failures.append(error)
            continue
        done.files.append(path)
        done.n_picks.update((picks.micrograph, len(picks)) for picks in group)


def _check_free(
    tasks: Sequence[tuple[list[Picks], Path]], target: PickFormat, done: Conversion
) -> list[tuple[list[Picks], Path]]:
    """Refuse to replace files; leave out what would go into a damaged one."""
    existing: list[Path] = []
    kept = []
    for picks, path in tasks:
        try:
            existing += target.find_taken(picks, path)
        except DeepEMError as error:
            done.failures.append(error)
            continue
        kept.append((picks, path))
    if existing:
        more = f", and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise OutputError(
            existing[0],
            f"exists already{more}; choose another folder with --out, or replace them with "
            "--overwrite (overwrite=True)",
        )
    return kept


def _drop_collisions(
    tasks: Sequence[tuple[list[Picks], Path]], done: Conversion
) -> list[tuple[list[Picks], Path]]:
    """Leave out what would be written over the picks of another micrograph."""
    first: dict[Path, str] = {}
    kept = []
    for (picks,), path in tasks:
        other = first.setdefault(path, picks.micrograph)
        if other == picks.micrograph:
            kept.append(([picks], path))
            continue
        done.failures.append(
            ConventionError(
                f"{path}: {other} and {picks.micrograph} have the same name in this format; "
                f"rename the micrograph {picks.micrograph} or choose another format (--to)"
            )
        )
    return kept


def _write_one(
    task: tuple[list[Picks], Path], *, format: str, overwrite: bool
) -> DeepEMError | None:
    picks, path = task
    try:
        write_picks(picks, path, format=format, overwrite=overwrite)
    except DeepEMError as error:
        return error
    return None
