"""Begin a training set where there is none yet, or go on with the one that is there."""

from __future__ import annotations

from pathlib import Path

from deepem.errors import OutputError
from deepem.networks import Model
from deepem.training.training_set.manifest import MANIFEST_NAME, Manifest
from deepem.training.training_set.training_set import TrainingSet


def start_set(
    folder: str | Path,
    *,
    diameter_px: float | None = None,
    diameter_angstrom: float | None = None,
) -> TrainingSet:
    """Begin an empty set; one that is there and still empty is begun again.

    Parameters
    ----------
    folder
        Its folder, which is made where it is missing.
    diameter_px, diameter_angstrom
        Diameter of the particle, in one unit.

    Raises
    ------
    deepem.errors.OutputError
        The folder holds a training set with labels, or cannot be written.
    """
    folder = Path(folder)
    if (folder / MANIFEST_NAME).exists():
        known = TrainingSet.load(folder)
        if known.names or known.history:
            raise OutputError(
                folder,
                "holds a training set already. Train from it by naming it instead of the "
                "micrographs, add to it with deepem refine, or choose another folder with --set",
            )
        labels = TrainingSet(
            folder, Manifest(diameter_px=diameter_px, diameter_angstrom=diameter_angstrom)
        )
        labels.save()
        return labels
    return TrainingSet.create(folder, diameter_px=diameter_px, diameter_angstrom=diameter_angstrom)


def open_set(training_set: TrainingSet | str | Path, model: Model) -> TrainingSet:
    """Load a set, or begin one for the particle of a model where there is none.

    Raises
    ------
    deepem.errors.FileFormatError
        Its manifest is damaged.
    deepem.errors.OutputError
        It cannot be written.
    """
    if isinstance(training_set, TrainingSet):
        return training_set
    if is_training_set(training_set):
        return TrainingSet.load(training_set)
    pixel_size, diameter_px = model.header.pixel_size_angstrom, model.header.scale.diameter_px
    if pixel_size is None:
        return start_set(training_set, diameter_px=diameter_px)
    return start_set(training_set, diameter_angstrom=diameter_px * pixel_size)


def is_training_set(folder: str | Path) -> bool:
    """Whether a folder holds a manifest."""
    return (Path(folder) / MANIFEST_NAME).exists()
