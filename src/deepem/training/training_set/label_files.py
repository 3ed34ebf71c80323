"""The coordinate files of a training set: found by name in any format, written as STAR."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from deepem.core import Picks
from deepem.errors import OutputError
from deepem.io import write_picks
from deepem.io.label_folder import REPLACED_ENDING, LabelFiles, read_label_files
from deepem.training.training_set.manifest import MANIFEST_NAME, Manifest

logger = logging.getLogger("deepem.training")

PARTICLES, NEGATIVES = "particles", "negatives"


def read_set_files(folder: Path, shapes: Mapping[str, tuple[int, int]]) -> LabelFiles:
    """Read ``SET/particles`` or ``SET/negatives``.

    A file that has no micrograph's name is left out, with a warning in the log.
    """
    labels = read_label_files(folder, shapes)
    for file, reason in labels.strangers.items():
        logger.warning(
            "%s: %s, so it is not used. Name the file as its micrograph in %s, or add that "
            "micrograph to the set",
            file, reason, MANIFEST_NAME,
        )  # fmt: skip
    return labels


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
            file.replace(file.with_name(file.name + REPLACED_ENDING))
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
