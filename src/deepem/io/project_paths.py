"""Files that a list names relative to the folder of its project."""

from __future__ import annotations

from pathlib import Path

# A list lies in a job, such as Select/job031/micrographs.star, and may be an alias of another.
_N_PARENTS = 6


def find_in_project(name: str, list_path: Path) -> Path:
    """Find a file that a list names.

    RELION and cryoSPARC write names relative to the project's folder, in which their jobs run.
    They are looked for from the current folder, from that of the list, and from those above it.

    Parameters
    ----------
    name
        The name in the list, relative or absolute.
    list_path
        The list.

    Returns
    -------
    Path
        The first that exists; otherwise the name as it is, to be reported as missing.
    """
    path = Path(name)
    if path.is_absolute() or path.exists():
        return path
    for folder in list(list_path.absolute().parents)[:_N_PARENTS]:
        candidate = folder / path
        if candidate.exists():
            return candidate
    return path
