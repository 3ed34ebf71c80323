"""How jobs are asked for at one site: the user's TOML file, and what is wrong in it."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepem.cluster.dask_backend import import_distributed
from deepem.errors import ConfigError, FileFormatError

_STR, _INT, _LIST = (str,), (int,), (list,)
_OPTIONS: dict[str, tuple[type, ...]] = {
    "cores": _INT,
    "memory": _STR,
    "processes": _INT,
    "queue": _STR,
    "account": _STR,
    "walltime": _STR,
    "job_name": _STR,
    "job_extra_directives": _LIST,
    "job_directives_skip": _LIST,
    "job_script_prologue": _LIST,
    "worker_extra_args": _LIST,
    "interface": _STR,
    "scheduler_options": (dict,),
    "python": _STR,
    "local_directory": _STR,
    "log_directory": _STR,
    "shebang": _STR,
    "death_timeout": (int, float),
}
_OPTIONS_OF: dict[str, dict[str, tuple[type, ...]]] = {
    "slurm": {"job_cpu": _INT, "job_mem": _STR},
    "pbs": {"resource_spec": _STR},
    "lsf": {
        "project": _STR,
        "ncpus": _INT,
        "mem": _INT,
        "lsf_units": _STR,
        "use_stdin": (bool,),
    },
    "sge": {"project": _STR, "resource_spec": _STR},
}
_OUR_OPTIONS: dict[str, tuple[type, ...]] = {"jobs": _INT, "wait_hours": (int, float)}
_OTHER_NAMES = {"partition": "queue", "time": "walltime", "cpus": "cores", "mem": "memory"}
_NAMES_OF_TYPES = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    list: "a list of texts, as ['...', '...']",
    dict: "a table",
    bool: "true or false",
}


@dataclass(frozen=True)
class QueueOptions:
    """How jobs are asked for at one site.

    Parameters
    ----------
    n_jobs
        How many jobs to keep.
    wait_hours
        How long to wait where no job runs.
    for_jobs
        What the cluster class of dask-jobqueue takes, by its names.
    """

    n_jobs: int
    wait_hours: float
    for_jobs: dict[str, Any]


def read_queue_options(path: str | Path, kind: str) -> QueueOptions:
    """Read how jobs are asked for at one site.

    Parameters
    ----------
    path
        TOML file: a table for each system, as ``[slurm]``, or one for all without a heading.
        ``cores`` and ``memory`` of a job are needed; ``processes`` is as ``cores`` by default,
        ``jobs`` 1, ``wait_hours`` 24. The others are dask-jobqueue's.
    kind
        Which system.

    Raises
    ------
    deepem.errors.FileFormatError
        It is not there, or no TOML.
    deepem.errors.ConfigError
        An option is missing, unknown or cannot work.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise FileFormatError(path, f"cannot be read as TOML ({error})") from error
    if any(isinstance(table.get(name), dict) for name in _OPTIONS_OF):
        if kind not in table:
            raise ConfigError(kind, f"{path} has no table [{kind}]; add one")
        table = table[kind]
    known = {**_OUR_OPTIONS, **_OPTIONS, **_OPTIONS_OF[kind]}
    for name, value in table.items():
        _check_option(path, name, value, known)
    for name, example in (("cores", "8"), ("memory", "'16GB'")):
        if name not in table:
            raise ConfigError(name, f"is missing in {path}; give that of one job, as {example}")
    cores, processes = table["cores"], table.get("processes", table["cores"])
    if processes > cores:
        raise ConfigError("processes", f"{path}: cannot exceed cores, {cores}; got {processes}")
    ours = {name: table[name] for name in _OUR_OPTIONS if name in table}
    for_jobs = {name: value for name, value in table.items() if name not in _OUR_OPTIONS}
    return QueueOptions(
        n_jobs=ours.get("jobs", 1),
        wait_hours=ours.get("wait_hours", 24),
        for_jobs={**for_jobs, "processes": processes},
    )


def _check_option(path: Path, name: str, value: object, known: dict[str, tuple[type, ...]]) -> None:
    if name not in known:
        near = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else []
        near += difflib.get_close_matches(name, known, n=3)
        cure = f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else "take it out"
        raise ConfigError(name, f"{path}: no such option; {cure} Known are {', '.join(known)}")
    kinds = known[name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ConfigError(name, f"{path}: must be {_NAMES_OF_TYPES[kinds[-1]]}, got {value!r}")
    if isinstance(value, list) and not all(isinstance(text, str) for text in value):
        raise ConfigError(name, f"{path}: must be {_NAMES_OF_TYPES[list]}, got {value!r}")
    if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
        raise ConfigError(name, f"{path}: must be above 0, got {value}")
    if name == "walltime" and isinstance(value, str):
        parse_walltime(value)
    if name == "memory" and isinstance(value, str):
        _check_memory(path, value)


def _check_memory(path: Path, text: str) -> None:
    import_distributed()
    from dask.utils import parse_bytes

    try:
        n_bytes = parse_bytes(text)
    except ValueError:
        n_bytes = 0
    if n_bytes < 1e6:
        raise ConfigError("memory", f"{path}: must be that of one job, as '16GB', got {text!r}")


def parse_walltime(text: str) -> float:
    """Seconds in what queueing systems call a time.

    Parameters
    ----------
    text
        ``minutes``, ``hours:minutes``, ``hours:minutes:seconds`` or one of these after ``days-``.

    Raises
    ------
    deepem.errors.ConfigError
        It is none of these.
    """
    days, _, clock = text.rpartition("-")
    try:
        parts = [int(part) for part in clock.split(":")]
        n_days = int(days) if days else 0
    except ValueError:
        parts, n_days = [], 0
    if not 1 <= len(parts) <= 3 or min(parts) < 0 or n_days < 0:
        raise ConfigError("walltime", f"must be as '04:00:00' or '1-12:00:00', got {text!r}")
    if len(parts) == 1:
        seconds = parts[0] * (3600 if days else 60)
    else:
        seconds = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    return float(n_days * 86400 + seconds)
