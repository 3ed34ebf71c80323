"""Lists the micrographs of a folder by name, without opening them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from deepem.errors import DeepEMError
from deepem.io import MicrographFile, find_micrographs
from deepem.io.inputs import explain_read_error
from deepem.io.micrographs import MICROGRAPH_SUFFIXES, STACK_SUFFIX
from deepem.studio.containment import Containment


@dataclass(frozen=True)
class MicrographFolder:
    """What a look at a folder found.

    Parameters
    ----------
    files
        Micrographs by their name, sorted.
    problems
        Why a name cannot be used, and what to do, by name.
    times_ns
        When each folder that was looked at had changed last.
    """

    files: Mapping[str, MicrographFile]
    problems: Mapping[str, str]
    times_ns: Mapping[Path, int]

    def has_changed(self) -> bool:
        """Whether a file came, went or was renamed since the look."""
        return any(_find_time_ns(folder) != time for folder, time in self.times_ns.items())


def look_for_micrographs(
    folder: Path, containment: Containment, *, leave_out: Path
) -> MicrographFolder:
    """List the micrographs directly in a folder; if there is none, all in the folders below it.

    Parameters
    ----------
    folder
        The folder.
    containment
        Where links may lead.
    leave_out
        A folder below it that is not looked at. Hidden folders are not, nor links to folders that
        lead elsewhere.

    Raises
    ------
    FileFormatError
        The folder cannot be read.
    """
    times_ns = {folder: _find_time_ns(folder)}
    try:
        paths, below = _list(folder)
    except OSError as error:
        raise explain_read_error(folder, error) from error
    if not paths:
        while below:
            subfolder = below.pop()
            if subfolder == leave_out:
                continue
            times_ns[subfolder] = _find_time_ns(subfolder)
            try:
                more_paths, more_below = _list(subfolder)
            except OSError:
                continue  # one that cannot be read must not hide the others
            paths += more_paths
            below += more_below
    return _index(sorted(paths), containment, times_ns)


def _list(folder: Path) -> tuple[list[Path], list[Path]]:
    """Micrographs directly in a folder, and the folders in it."""
    paths, below = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                below.append(folder / entry.name)
            elif entry.name.lower().endswith(MICROGRAPH_SUFFIXES):
                paths.append(folder / entry.name)
    return paths, below


def _index(
    paths: list[Path], containment: Containment, times_ns: Mapping[Path, int]
) -> MicrographFolder:
    files: dict[str, MicrographFile] = {}
    problems: dict[str, str] = {}
    for path in paths:
        try:
            if path.is_symlink():
                containment.check(path)
            found = find_micrographs(path) if path.suffix.lower() == STACK_SUFFIX else [path]
        except DeepEMError as error:
            problems[_make_printable(MicrographFile(path).name)] = str(error)
            continue
        for file in map(MicrographFile.of, found):
            problem = _find_problem(file, files)
            if problem is not None:
                problems[_make_printable(file.name)] = problem
            else:
                files[file.name] = file
    for name in problems:
        files.pop(name, None)  # of two with one name, neither can be told by it
    return MicrographFolder(
        MappingProxyType(dict(sorted(files.items()))),
        MappingProxyType(dict(sorted(problems.items()))),
        MappingProxyType(dict(times_ns)),
    )


def _find_problem(file: MicrographFile, others: Mapping[str, MicrographFile]) -> str | None:
    other = others.get(file.name)
    if other is not None:
        return (
            f"two micrographs have the same name, so labels cannot be told apart: {other} and "
            f"{file}; rename one or take it out of the folder"
        )
    if not file.name.isprintable() or file.name in ("", ".", ".."):
        return f"{str(file.path)!r}: a micrograph cannot have this name; rename the file"
    return None


def _make_printable(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return printable or "(no name)"


def _find_time_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return -1  # gone, which is a change too
