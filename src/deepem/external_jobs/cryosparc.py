"""Picking as an External job of cryoSPARC, through its own library cryosparc-tools.

Not run against a server yet: see docs/cryosparc.md. What is sent is made by
`deepem.io.cryosparc_particles.to_cryosparc`, which the file format shares.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from deepem.cluster import Backend, ThisProcess
from deepem.core import Picks
from deepem.errors import ConfigError, MicrographError, MissingExtraError
from deepem.external_jobs.pick_one import PickOne
from deepem.io import MicrographFile
from deepem.io.cryosparc_dataset import list_exposures
from deepem.io.cryosparc_particles import to_cryosparc
from deepem.io.read_ahead import read_ahead
from deepem.picking import PickedFile, Picker

logger = logging.getLogger("deepem.external_jobs")

_INPUT, _OUTPUT = "micrographs", "particles"
_SLOTS = ("location", "pick_stats")
_LOGIN = (
    "say where it is in the variable CRYOSPARC_BASE_URL (as in the browser, such as "
    "http://localhost:39000), log in with: python -m cryosparc.tools login --url URL, and install "
    "the cryosparc-tools whose first two numbers are those of cryoSPARC"
)


@dataclass(frozen=True)
class CryosparcPicking:
    """What an External job came to.

    Parameters
    ----------
    job
        Its number in the project, such as ``J15``.
    n_micrographs
        Micrographs that were picked.
    n_picks
        Particles found on them.
    """

    job: str
    n_micrographs: int
    n_picks: int


def connect_to_cryosparc() -> Any:
    """Connect to the server that the environment and the last login name.

    Returns
    -------
    cryosparc.tools.CryoSPARC
        The server. That its version differs from that of cryosparc-tools is logged as a warning.

    Raises
    ------
    deepem.errors.MissingExtraError
        cryosparc-tools is not installed.
    deepem.errors.ConfigError
        There is no server, or no login.
    """
    try:
        from cryosparc.tools import CryoSPARC
    except ImportError as error:
        raise MissingExtraError("cryosparc-tools", "cryosparc", "Picking in cryoSPARC") from error
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            server = CryoSPARC()
        except (TypeError, ValueError, RuntimeError, OSError, AssertionError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise ConfigError("cryoSPARC", f"cannot be used ({reason[0]}); {_LOGIN}") from error
    for warning in caught:
        logger.warning("%s", " ".join(str(warning.message).split()))
    return server


def pick_in_cryosparc(
    picker: Picker,
    server: Any,
    *,
    project: str,
    workspace: str,
    source_job: str,
    source_output: str = "micrographs",
    backend: Backend | None = None,
    threads_per_worker: int | None = None,
    report: Callable[[PickedFile], None] = lambda picked: None,
) -> CryosparcPicking:
    """Make an External job, pick the micrographs of another job, and save the particles in it.

    The project's folder must be readable here: micrographs are read from it, not sent.

    Parameters
    ----------
    picker
        The picker.
    server
        From `connect_to_cryosparc`.
    project, workspace
        Where the new job is made, such as ``P3`` and ``W1``.
    source_job, source_output
        The job with the micrographs, such as ``J12``, and the name of that output.
    backend
        Where to compute; by default here, one micrograph after the other.
    threads_per_worker
        Number of threads in each worker; None leaves it as it is.
    report
        Is told of each micrograph when it is done. One that fails is left out.

    Returns
    -------
    CryosparcPicking
        The job, whose output ``particles`` has the slots location and pick_stats.

    Raises
    ------
    deepem.errors.ConfigError
        There is no such project, workspace, job or output.
    deepem.errors.MicrographError
        No micrograph could be picked. The job is then marked as failed, as after any other error
        or when it is interrupted.
    """
    try:
        cryosparc_project = server.find_project(project)
        job = cryosparc_project.create_external_job(workspace, title="DeepEM picks")
        job.connect(_INPUT, source_job, source_output, slots=["micrograph_blob"])
        job.add_output("particle", _OUTPUT, slots=list(_SLOTS))
        job.start("running")
    except (ValueError, TypeError, RuntimeError) as error:  # what the server has refused
        where = f"{project} {workspace} {source_job} {source_output}"
        raise ConfigError("cryoSPARC", f"does not accept {where}: {error}") from error
    try:
        folder = cryosparc_project.dir  # a method in cryosparc-tools 4
        folder = Path(folder if isinstance(folder, PurePath) else folder())
        micrographs = [
            MicrographFile(folder / listing.path, pixel_size_angstrom, listing)
            for listing, pixel_size_angstrom in list_exposures(job.load_input(_INPUT))
        ]
        pick_one = PickOne(picker, threads_per_worker)
        found = _pick(pick_one, micrographs, backend or ThisProcess(), report=report)
        n_picks = sum(map(len, found))
        _save(job, found)
        job.log(f"DeepEM: {n_picks} particles on {len(found)} of {len(micrographs)} micrographs")
    except BaseException as error:  # also when interrupted: the job must not look complete
        job.stop(f"DeepEM: {str(error) or type(error).__name__}")
        raise
    job.stop()
    return CryosparcPicking(job.uid, len(found), n_picks)


def _pick(
    pick_one: PickOne,
    micrographs: Sequence[MicrographFile],
    backend: Backend,
    *,
    report: Callable[[PickedFile], None],
) -> list[Picks]:
    found: dict[str, Picks] = {}
    with closing(backend.run(pick_one, read_ahead(micrographs))) as outcomes:
        for outcome in outcomes:
            report(PickedFile(outcome.item, picks=outcome.result, error=outcome.error))
            if outcome.result is not None:
                found[outcome.item.name] = outcome.result
    if not found:
        raise MicrographError(f"none of the {len(micrographs)} micrographs could be picked")
    return [found[file.name] for file in micrographs if file.name in found]


def _save(job: Any, picks: Sequence[Picks]) -> None:
    """Fill those fields that the server wants in these slots, and save them."""
    table = to_cryosparc(picks)
    dataset = job.alloc_output(_OUTPUT, table["uid"])
    for field in table.dtype.names or ():
        if field != "uid" and field in dataset:
            dataset[field] = table[field]
    job.save_output(_OUTPUT, dataset)
