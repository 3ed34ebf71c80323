"""The job that trains: what may be asked for, checked before anything is begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from deepem.errors import ConfigError, TrainingDataError
from deepem.studio.jobs.models import find_model
from deepem.studio.jobs.picking import check_names, count_micrographs
from deepem.studio.jobs.prepared import JobOptions, Prepared, parse_options
from deepem.studio.jobs.work import Work
from deepem.studio.labels.store import LabelStore
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN

_FEWEST_PARTICLES = 5


class TrainOptions(JobOptions):
    """How to train.

    Attributes
    ----------
    start
        Number of the model to go on from; None learns from new weights.
    labels
        Whether the labels are all particles of their micrographs; ``auto`` finds out. What is
        said of a micrograph (all its particles are labelled) counts more.
    network
        The network; that of `start`, where there is one.
    look_at
        Micrographs that the user looks at, which are picked first.
    seed
        The same seed and labels give the same model.
    updates
        Number of updates of the residual network; None for as many as are good. Few make a quick
        trial.
    """

    start: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    labels: Literal["auto", "all", "some"] = "auto"
    network: Literal["residual", "deepem8"] = "residual"
    look_at: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    updates: Annotated[int, Field(ge=10, le=5000)] | None = None


def prepare(project: Project, options: Mapping[str, Any]) -> Prepared:
    """Check whether there is something to learn from.

    Raises
    ------
    deepem.errors.ConfigError
        An option has a value that it cannot have, a micrograph is not in the project, or nobody
        has said how large the particle is.
    deepem.errors.TrainingDataError
        Too little is labelled.
    deepem.errors.NotFoundError, deepem.errors.CheckpointError
        There is no such model to go on from, or its file is damaged.
    """
    chosen = parse_options(TrainOptions, options)
    check_names(project, chosen.look_at, field="look_at")
    if chosen.start is not None:
        network = find_model(project, chosen.start).network
        chosen = chosen.model_copy(update={"network": network})
    if chosen.updates is not None and chosen.network == "deepem8":
        raise ConfigError("updates", "are for the residual network; leave them out for deepem8")
    settings = project.settings
    if settings.diameter_px is None and settings.diameter_angstrom is None:
        raise ConfigError(
            "diameter", "is not set: measure a particle with the ruler, or type its diameter"
        )
    counts = LabelStore(project).counts().values()
    n_particles = sum(count.n_particles for count in counts)
    if n_particles < _FEWEST_PARTICLES:
        have = f"only {n_particles} of them" if n_particles else "none"
        raise TrainingDataError(
            f"click some particles first: training needs at least {_FEWEST_PARTICLES}, better "
            f"about ten, and there are {have}"
        )
    n_labelled = sum(count.n_particles > 0 for count in counts)
    title = f"Train on {n_particles} particles of {count_micrographs(n_labelled)}"
    if chosen.start is not None:
        title += f", going on from model {chosen.start}"
    return Prepared(title, chosen)


def run(work: Work) -> None:
    """Train; the process of a job calls this."""
    work.begin("Starting", 0.0)
    from deepem.studio.jobs.lesson import Lesson  # with torch, which takes seconds

    Lesson(work, TrainOptions.model_validate(work.options)).learn()
