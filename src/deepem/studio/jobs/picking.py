"""The job that picks: with a model, all micrographs or some, on all cores."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Annotated, Any

from pydantic import Field

from deepem.cluster import (
    Backend,
    LocalProcesses,
    ThisProcess,
    choose_n_workers,
    count_cores,
    keep_freed_memory,
)
from deepem.errors import ConfigError, MicrographError
from deepem.studio.jobs.models import find_model, model_path
from deepem.studio.jobs.pick_set import begin_pick_set, pick_into
from deepem.studio.jobs.prepared import JobOptions, Prepared, parse_options
from deepem.studio.jobs.work import Work
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN

logger = logging.getLogger("deepem.studio")

# As many messages as a page can show; more of them say the same.
_MOST_FAILURES = 200


class PickOptions(JobOptions):
    """What to pick.

    Attributes
    ----------
    model
        Number of the model.
    micrographs
        Names of the micrographs; None for all.
    workers
        Processes at work at a time; None for as many as cores, if there are micrographs enough.
    """

    model: Annotated[str, Field(pattern=ID_PATTERN)]
    micrographs: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    workers: Annotated[int, Field(ge=1, le=1024)] | None = None


def prepare(project: Project, options: Mapping[str, Any]) -> Prepared:
    """Check what is to be picked.

    Raises
    ------
    deepem.errors.ConfigError
        An option has a value that it cannot have, or a micrograph is not in the project.
    deepem.errors.NotFoundError, deepem.errors.CheckpointError
        There is no such model, or its file is damaged.
    """
    chosen = parse_options(PickOptions, options)
    find_model(project, chosen.model)
    names = check_names(project, chosen.micrographs, field="micrographs")
    if not names:
        raise ConfigError("micrographs", f"there are none in {project.folder}")
    which = "all " if chosen.micrographs is None else ""
    return Prepared(
        f"Pick {which}{count_micrographs(len(names))} with model {chosen.model}", chosen
    )


def run(work: Work) -> None:
    """Pick the micrographs; what an earlier job in the same set has done is not done again."""
    options = PickOptions.model_validate(work.options)
    project = work.project
    work.begin("Starting", 0.0)
    from deepem.networks.device import choose_device
    from deepem.picking import Picker

    picker = Picker(model_path(project, options.model), device="auto")
    names = check_names(project, options.micrographs, field="micrographs")
    n_workers = options.workers or choose_n_workers(
        len(names), n_cores=count_cores(), has_card=choose_device("auto").name != "cpu"
    )
    backend: Backend = LocalProcesses(n_workers)
    n_threads: int | None = max(1, count_cores() // n_workers)
    if n_workers == 1:
        keep_freed_memory()
        backend, n_threads = ThisProcess(), None
    begin_pick_set(project, options.model, picker.model.header)
    work.add_result(picks=options.model, n_done=0, n_failed=0, failures={})
    begun_s = time.monotonic()
    n_done = n_failed = 0
    failures: dict[str, str] = {}
    work.begin(f"Picking {backend.describe()}")
    picked_files = pick_into(
        project, options.model, picker, names, backend=backend, n_threads=n_threads
    )
    with backend, closing(picked_files):
        for picked in picked_files:
            if picked.error is None:
                n_done += 1
            else:
                n_failed += 1
                logger.warning("%s", picked.error)
                if len(failures) < _MOST_FAILURES:
                    failures[picked.file.name] = str(picked.error)
            n_over = n_done + n_failed
            rate = n_over / (time.monotonic() - begun_s)
            work.move_to(
                n_over / len(names),
                f"Picking: {n_over} of {count_micrographs(len(names))}, {describe_rate(rate)}",
                n_done=n_done,
                n_failed=n_failed,
                failures=failures,
            )
    work.add_result(n_done=n_done, n_failed=n_failed, failures=failures)
    if not n_done:
        raise MicrographError(
            f"not one micrograph could be picked; {next(iter(failures.values()))}"
        )


def check_names(project: Project, names: Sequence[str] | None, *, field: str) -> list[str]:
    """Names of micrographs, each once; None stands for all.

    Raises
    ------
    deepem.errors.ConfigError
        The project has no micrograph of such a name.
    """
    if names is None:
        return list(project.micrographs)
    unknown = [name for name in names if name not in project.micrographs]
    if unknown:
        raise ConfigError(
            field,
            f"there is no micrograph named {unknown[0]!r} in {project.folder}; it may have been "
            "moved or renamed",
        )
    return list(dict.fromkeys(names))


def count_micrographs(n: int) -> str:
    """``1 micrograph``, ``2 micrographs``."""
    return "1 micrograph" if n == 1 else f"{n} micrographs"


def describe_rate(per_second: float) -> str:
    """``3.1 a second`` or, where that is less than one, ``12.5 a minute``."""
    if per_second >= 1:
        return f"{per_second:.1f} a second"
    return f"{60 * per_second:.1f} a minute"
