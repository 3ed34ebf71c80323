"""A folder of labels: coordinate files in any format that have the names of micrographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deepem.core import Picks
from deepem.errors import ConventionError, DeepEMError, FileFormatError
from deepem.io.collection import collect_picks
from deepem.io.naming import NameIndex
from deepem.io.registry import PICK_FORMATS, looks_like_picks

_SUFFIXES = tuple({suffix for known in PICK_FORMATS for suffix in known.suffixes})
#: What a file's name gets when its labels have moved to ours; no format reads such files.
REPLACED_ENDING = ".replaced"


@dataclass
class LabelFiles:
    """What a folder of coordinate files holds.

    Parameters
    ----------
    by_name
        Coordinates by the name of their micrograph, as in the files.
    sources
        The files they come from.
    strangers
        Files of which no name is known, each with the reason.
    failures
        Micrographs whose files cannot be used, each with the reason.
    """

    by_name: dict[str, Picks] = field(default_factory=dict)
    sources: dict[str, list[Path]] = field(default_factory=dict)
    strangers: dict[Path, str] = field(default_factory=dict)
    failures: dict[str, DeepEMError] = field(default_factory=dict)


def read_label_files(folder: Path, shapes: Mapping[str, tuple[int, int]]) -> LabelFiles:
    """Read the coordinate files in a folder that have the names of micrographs.

    Parameters
    ----------
    folder
        A folder such as ``SET/particles``; it may be missing.
    shapes
        Shapes ``(ny, nx)`` of the micrographs by name.
    """
    labels = LabelFiles()
    index = NameIndex(shapes)
    for file in list_label_files(folder):
        match = index.find(file.stem)
        if match is None:
            labels.strangers[file] = index.explain(file.stem)
            continue
        labels.sources.setdefault(match.name, []).append(file)
    for name, files in labels.sources.items():
        find_shape = partial(shapes.__getitem__, name)
        try:
            labels.by_name[name] = read_labels(name, files, index, find_shape)
        except DeepEMError as error:
            labels.failures[name] = error
    return labels


def list_label_files(folder: Path) -> list[Path]:
    """The coordinate files directly in a folder, sorted; none where it is missing."""
    if not folder.is_dir():
        return []
    return [
        file
        for file in sorted(folder.iterdir())
        if may_hold_labels(file.name) and file.is_file() and looks_like_picks(file)
    ]


def may_hold_labels(file_name: str) -> bool:
    """Whether a file of this name may hold coordinates; its content may still say no."""
    return file_name.lower().endswith(_SUFFIXES) and not file_name.startswith(".")


def read_labels(
    name: str,
    files: Sequence[Path],
    index: NameIndex,
    find_shape: Callable[[], tuple[int, int]],
) -> Picks:
    """Read the coordinate files of one micrograph.

    Parameters
    ----------
    name
        Its name.
    files
        Its files; several hold the same coordinates in several formats.
    index
        Of the names of all micrographs.
    find_shape
        Returns its shape ``(ny, nx)``, which only formats need that count rows from the last one.

    Raises
    ------
    deepem.errors.FileFormatError
        A file cannot be read, or holds coordinates of another micrograph.
    deepem.errors.ConventionError
        Two files hold different coordinates.
    """

    def find_name(text: str) -> str | None:
        match = index.find(text)
        return name if match is not None and match.name == name else None

    try:
        found = collect_picks(files, find_name=find_name, find_shape=lambda _: find_shape())
    except ConventionError as error:
        names = " and ".join(map(str, files))
        raise ConventionError(f"{error}. Delete the older of {names}") from error
    for _, failure in found.failures:
        raise failure
    for other, file in found.left_out:
        raise FileFormatError(
            file,
            f"holds coordinates of {other}, and its name says {name}; give each micrograph a file "
            "of its name",
        )
    return found.by_name.get(name, Picks(name))
