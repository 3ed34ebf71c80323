"""The coordinate files of a training set: found by name in any format, written as STAR."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deepem.core import Picks
from deepem.errors import ConventionError, DeepEMError, FileFormatError, OutputError
from deepem.io import PICK_FORMATS, collect_picks, write_picks
from deepem.io.naming import NameIndex
from deepem.io.registry import looks_like_picks
from deepem.training.training_set.manifest import MANIFEST_NAME, Manifest

logger = logging.getLogger("deepem.training")

PARTICLES, NEGATIVES = "particles", "negatives"
_SUFFIXES = tuple({suffix for known in PICK_FORMATS for suffix in known.suffixes})
# No format reads files that end in this.
_REPLACED = ".replaced"


@dataclass
class LabelFiles:
    """What a folder of coordinate files holds.

    Parameters
    ----------
    by_name
        Coordinates by the name of their micrograph, as in the files.
    sources
        The files they come from.
    failures
        Micrographs whose files cannot be used, each with the reason.
    """

    by_name: dict[str, Picks] = field(default_factory=dict)
    sources: dict[str, list[Path]] = field(default_factory=dict)
    failures: dict[str, DeepEMError] = field(default_factory=dict)


def read_label_files(folder: Path, shapes: Mapping[str, tuple[int, int]]) -> LabelFiles:
    """Read the coordinate files in a folder that have the names of micrographs.

    Parameters
    ----------
    folder
        ``SET/particles`` or ``SET/negatives``; it may be missing.
    shapes
        Shapes ``(ny, nx)`` of the micrographs by name.

    Returns
    -------
    LabelFiles
        A file of another name is left out, with a warning in the log.
    """
    labels = LabelFiles()
    index = NameIndex(shapes)
    for file in _list_files(folder):
        match = index.find(file.stem)
        if match is None:
            logger.warning(
                "%s: %s, so it is not used. Name the file as its micrograph in %s, or add that "
                "micrograph to the set",
                file, index.explain(file.stem), MANIFEST_NAME,
            )  # fmt: skip
            continue
        labels.sources.setdefault(match.name, []).append(file)
    for name, files in labels.sources.items():
        try:
            labels.by_name[name] = _read(name, files, index, shapes[name])
        except DeepEMError as error:
            labels.failures[name] = error
    return labels


def _list_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [
        file
        for file in sorted(folder.iterdir())
        if file.name.lower().endswith(_SUFFIXES)
        and not file.name.startswith(".")
        and file.is_file()
        and looks_like_picks(file)
    ]


def _read(name: str, files: Sequence[Path], index: NameIndex, shape: tuple[int, int]) -> Picks:
    def find_name(text: str) -> str | None:
        match = index.find(text)
        return name if match is not None and match.name == name else None

    try:
        found = collect_picks(files, find_name=find_name, find_shape=lambda _: shape)
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


def write_set(
    folder: Path, manifest: Manifest, changed: Mapping[str, Mapping[str, Picks]],
    replaced: Sequence[Path],
) -> None:  # fmt: skip
    """Write changed coordinate files and the manifest, so that a failure leaves the old ones.

    Everything is written in a hidden folder first, then moved to its place, the manifest last.

    Parameters
    ----------
    folder
        The set; it is made where it is missing.
    manifest
        The new manifest.
    changed
        Coordinates by ``"particles"`` or ``"negatives"``, then by the micrograph's name.
    replaced
        Files whose coordinates are now in the new ones; they get the ending ``.replaced``.

    Raises
    ------
    deepem.errors.OutputError
        A file cannot be written.
    """
    stage = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".deepem-", dir=folder))
        moves = []
        for kind, by_name in changed.items():
            (folder / kind).mkdir(exist_ok=True)
            for name, picks in sorted(by_name.items()):
                staged = write_picks(picks, stage / kind / f"{name}.star", format="star")
                moves.append((staged, folder / kind / f"{name}.star"))
        staged = stage / MANIFEST_NAME
        staged.write_text(manifest.to_text(), encoding="utf-8", newline="\n")
        moves.append((staged, folder / MANIFEST_NAME))
        for source, target in moves[:-1]:
            source.replace(target)
        for file in replaced:
            file.replace(file.with_name(file.name + _REPLACED))
        staged.replace(folder / MANIFEST_NAME)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            folder,
            f"the training set cannot be written ({error.strerror or error}); it can still be "
            "read. Make room or ask for permission, then save it again",
        ) from error
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
