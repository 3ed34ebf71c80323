"""The kinds of jobs: what checks a request, and what does the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deepem.errors import ConfigError
from deepem.studio.jobs import checking, picking, training
from deepem.studio.jobs.prepared import Prepared
from deepem.studio.jobs.record import JobKind
from deepem.studio.jobs.work import Work
from deepem.studio.project import Project


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Parameters
    ----------
    prepare
        Checks the options of a request, in the server: it must be quick, and not import torch.
        Raises `deepem.errors.DeepEMError` where the job could only fail.
    run
        Does the work, in a process of its own. It may end at any time with KeyboardInterrupt.
    """

    prepare: Callable[[Project, Mapping[str, Any]], Prepared]
    run: Callable[[Work], None]


#: All kinds, by name.
KINDS: dict[JobKind, Kind] = {
    "train": Kind(training.prepare, training.run),
    "pick": Kind(picking.prepare, picking.run),
    "check": Kind(checking.prepare, checking.run),
}


def find_kind(name: str) -> tuple[JobKind, Kind]:
    """A kind by its name.

    Raises
    ------
    deepem.errors.ConfigError
        There is no such kind.
    """
    for known, kind in KINDS.items():
        if known == name:
            return known, kind
    raise ConfigError("kind", f"there is no job '{name}'; choose from {', '.join(KINDS)}")
