"""A set of picks on disk: what it is, and micrographs picked into it."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepem.cluster import Backend, ThisProcess
from deepem.io import write_atomically
from deepem.networks import ModelHeader
from deepem.studio.jobs.models import describe_model
from deepem.studio.jobs.record import now
from deepem.studio.project import Project

if TYPE_CHECKING:
    from deepem.picking import PickedFile, Picker

#: What a set of picks says of itself: title, model, created, is_quick.
PICK_SET_NAME = "pickset.json"


def begin_pick_set(
    project: Project, model_id: str, header: ModelHeader, *, is_quick: bool = False
) -> Path:
    """Make the folder of a model's picks, unless it is there; returns it.

    Raises
    ------
    deepem.errors.OutputError
        It cannot be written.
    """
    folder = project.picks_dir / model_id
    path = folder / PICK_SET_NAME
    if not path.exists():
        content = {
            "title": describe_model(model_id, header),
            "model": model_id,
            "created": now(),
            "is_quick": is_quick,
        }
        with write_atomically(path, overwrite=True) as file:
            file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return folder


def pick_into(
    project: Project,
    model_id: str,
    picker: Picker,
    names: Sequence[str],
    *,
    backend: Backend | None = None,
    n_threads: int | None = None,
) -> Generator[PickedFile]:
    """Pick micrographs into the set of a model; those that have been are not picked again.

    Parameters
    ----------
    project
        The project.
    model_id
        Number of the model, and of the set.
    picker
        Picks with that model.
    names
        Names of micrographs.
    backend
        Where to compute; by default here, one after the other.
    n_threads
        Number of threads in each worker; None leaves it as it is.

    Yields
    ------
    picked
        After each micrograph, as they end; one that cannot be picked has an error.

    Raises
    ------
    deepem.errors.OutputError
        The picks cannot be written.
    """
    from deepem.picking.batch import pick_all
    from deepem.picking.file_picker import FilePicker

    pick_one = FilePicker(
        picker,
        project.picks_dir / model_id,
        formats=(),
        pixel_size_angstrom=project.settings.pixel_size_angstrom,
        overwrite=True,
        resume=True,
        n_threads=n_threads,
    )
    files = [project.file(name) for name in names]
    yield from pick_all(pick_one, files, backend or ThisProcess())
