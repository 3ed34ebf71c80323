"""The labels of a project as a training set: what a model is made from, kept beside the model."""

from __future__ import annotations

import logging
from pathlib import Path

from deepem.errors import ConfigError, DeepEMError, TrainingDataError
from deepem.studio.labels.store import LabelStore
from deepem.studio.project import Project
from deepem.training.training_set import TrainingSet, start_set

logger = logging.getLogger("deepem.studio")


def write_snapshot(project: Project, labels: LabelStore, folder: str | Path) -> TrainingSet:
    """Write all labels as a training set, which later clicks do not change.

    Only the process of a training imports this: with it comes torch.

    Parameters
    ----------
    project
        Its micrographs and its diameter.
    labels
        The labels; of micrographs without any, nothing is written.
    folder
        The folder of the set; it is made where it is missing.

    Returns
    -------
    TrainingSet
        Saved. ``complete()`` is True where all particles are labelled, False where only negatives
        are, and None elsewhere. A micrograph whose labels cannot be used is left out, with a
        warning in the log.

    Raises
    ------
    deepem.errors.ConfigError
        The project has no diameter.
    deepem.errors.TrainingDataError
        Nothing is labelled.
    deepem.errors.DeepEMError
        Not one of the labelled micrographs can be used; the error is that of the first.
    deepem.errors.OutputError
        The folder holds a training set already, or cannot be written.

    Examples
    --------
    >>> snapshot = write_snapshot(project, LabelStore(project), "labels")  # doctest: +SKIP
    >>> snapshot.complete()  # doctest: +SKIP
    [True, None]
    """
    settings = project.settings
    if settings.diameter_px is None and settings.diameter_angstrom is None:
        raise ConfigError("diameter", "is not set; measure a particle with the ruler, or type it")
    names = sorted(labels.counts())
    if not names:
        raise TrainingDataError("nothing is labelled yet; click about ten particles, then train")
    written = start_set(
        folder, diameter_px=settings.diameter_px, diameter_angstrom=settings.diameter_angstrom
    )
    problems = []
    for name in names:
        try:
            found = labels.get(name)
            complete = found.complete
            written.add(
                project.open(name),
                found.particles,
                found.negatives,
                # Of a micrograph with a few particles training itself finds out.
                complete=None if len(found.particles) and not complete else complete,
            )
        except DeepEMError as error:
            problems.append(error)
            logger.warning("%s; left out", error)
    if not written.names:
        raise problems[0]
    written.save()
    return written
