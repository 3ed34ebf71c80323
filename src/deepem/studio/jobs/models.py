"""The models of a project: their numbers, their files, and what these say of themselves."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from deepem.errors import DeepEMError, NotFoundError, OutputError
from deepem.networks import ModelHeader, ResidualDesign, read_model_header
from deepem.studio.project import Project

logger = logging.getLogger("deepem.studio")

_MODEL_NAME, _QUICK_NAME = "model.deepem", "quick.deepem"
_QUICK_SUFFIX = "-quick"


class ModelSummary(BaseModel):
    """What the page shows of a model.

    Attributes
    ----------
    id
        Its number; that of a first model, which learnt from the labels alone, ends in ``-quick``.
    title
        Its name for people.
    created
        When its file was written, ISO 8601.
    network
        ``residual`` or ``deepem8``.
    n_labels
        Particles that the user had labelled; None where the file does not say.
    threshold
        Score from which it picks.
    validation
        Figures on micrographs that were set aside; None where there were none.
    std_range
        Range of the standard deviation of particles' boxes.
    is_quick
        Whether it is a first model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    created: str
    network: str
    n_labels: int | None
    threshold: float
    validation: dict[str, float] | None
    std_range: tuple[float, float]
    is_quick: bool


def reserve_model(models_dir: Path) -> str:
    """Make the folder of a new model; returns its number, which nobody else gets.

    Raises
    ------
    deepem.errors.OutputError
        It cannot be made.
    """
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        while True:
            names = [name for name in os.listdir(models_dir) if name.isascii() and name.isdigit()]  # noqa: PTH208
            model_id = f"{max(map(int, names), default=0) + 1:03d}"
            try:
                (models_dir / model_id).mkdir()
            except FileExistsError:
                continue  # somebody was faster
            return model_id
    except OSError as error:
        raise OutputError(models_dir, f"cannot be written: {error.strerror}") from error


def name_quick(model_id: str) -> str:
    """Number of the first model that came before a model, and of its picks."""
    return f"{model_id}{_QUICK_SUFFIX}"


def model_path(project: Project, model_id: str) -> Path:
    """Where the file of a model is, or will be."""
    number = model_id.removesuffix(_QUICK_SUFFIX)
    name = _MODEL_NAME if number == model_id else _QUICK_NAME
    return project.models_dir / number / name


def find_model(project: Project, model_id: str) -> ModelSummary:
    """What the file of a model says.

    Raises
    ------
    deepem.errors.NotFoundError
        There is no such model.
    deepem.errors.CheckpointError
        Its file is damaged.
    """
    known = _list_ids(project)
    if model_id not in known:
        there = ", ".join(known) or "none yet: train one first"
        raise NotFoundError(f"there is no model '{model_id}'; there are {there}")
    return _summarise(model_id, model_path(project, model_id))


def list_models(project: Project) -> list[ModelSummary]:
    """All models, newest first; a file that is damaged is left out, with a warning in the log."""
    found = []
    for model_id in _list_ids(project):
        try:
            found.append(_summarise(model_id, model_path(project, model_id)))
        except DeepEMError as error:
            logger.warning("%s", error)
    return found


def describe_model(model_id: str, header: ModelHeader) -> str:
    """The name of a model for people."""
    number = model_id.removesuffix(_QUICK_SUFFIX)
    what = f"Model {number}" if number == model_id else f"First picks of model {number}"
    n_labels = _count_labels(header.training)
    return what if n_labels is None else f"{what}, from {n_labels} labels"


def _list_ids(project: Project) -> list[str]:
    """Numbers of all models whose file is there, newest first."""
    try:
        folders = sorted((f.name for f in project.models_dir.iterdir() if f.is_dir()), reverse=True)
    except OSError:
        return []
    ids = [model_id for name in folders for model_id in (name, name_quick(name))]
    return [model_id for model_id in ids if model_path(project, model_id).is_file()]


def _summarise(model_id: str, path: Path) -> ModelSummary:
    header = read_model_header(path)
    created = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return ModelSummary(
        id=model_id,
        title=describe_model(model_id, header),
        created=created.isoformat(timespec="milliseconds"),
        network="residual" if isinstance(header.design, ResidualDesign) else "deepem8",
        n_labels=_count_labels(header.training),
        threshold=header.threshold,
        validation=header.training.get("validation"),
        std_range=header.std_range,
        is_quick=model_id.endswith(_QUICK_SUFFIX),
    )


def _count_labels(record: dict[str, Any]) -> int | None:
    """How many particles were labelled: as the training set says, or the training."""
    labels = record.get("training_set", {}).get("n_particles", record.get("n_labels"))
    return labels if isinstance(labels, int) else None
