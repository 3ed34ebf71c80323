"""What the adapters share: micrographs in a folder, a command, and picks that come back."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepem.core import Micrograph, Picks
from deepem.errors import ProgramError
from deepem.io import write_mrc

_SHOWN_CHARACTERS = 1500


@dataclass(frozen=True, eq=False)
class ProgramPicks:
    """What a program found, and how long it took.

    Parameters
    ----------
    picks
        One ``Picks`` for each micrograph, in their order, best first, scores from 0 to 1.
    seconds
        Wall time of the program for all micrographs, with its start and its reading of files.
    """

    picks: tuple[Picks, ...]
    seconds: float


def find_program(name: str, cure: str) -> str:
    """Path of a program on the search path.

    Raises
    ------
    ProgramError
        It is not there; the message tells the cure.
    """
    path = shutil.which(name)
    if path is None:
        raise ProgramError(name, f"is not installed. {cure}")
    return path


def find_python(variable: str, package: str) -> str:
    """Path of the Python that has a package, from an environment variable.

    Raises
    ------
    ProgramError
        The variable is not set, or names no program.
    """
    path = os.environ.get(variable, "")
    if shutil.which(path) is None:
        stated = f"{variable} names '{path}', which is no program" if path else "is not known here"
        raise ProgramError(
            package,
            f"{stated}. Install it into an environment of its own, and set {variable} to the "
            "Python of that environment",
        )
    return path


def run_program(program: str, command: Sequence[object], folder: Path) -> float:
    """Run a command in a folder; returns the seconds that it took.

    Raises
    ------
    ProgramError
        It ended with an error; the message has the end of what it printed.
    """
    start = time.perf_counter()
    ended = subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode:
        printed = ended.stdout.strip()[-_SHOWN_CHARACTERS:]
        raise ProgramError(program, f"ended with code {ended.returncode} and printed: {printed}")
    return time.perf_counter() - start


def write_micrographs(
    micrographs: Sequence[Micrograph],
    folder: Path,
    *,
    widen: Callable[[tuple[int, int]], tuple[int, int]] = lambda shape: shape,
) -> list[Path]:
    """Write micrographs as ``mic_0000.mrc``, …: names that no program stumbles over.

    As float32, because RELION 3.1 takes some unsigned integers for signed ones. Their headers
    say no pixel size: RELION is told 1 Å, so that its lengths in Å are pixels.

    Parameters
    ----------
    widen
        The shape ``(ny, nx)`` that the program needs for a given one; mirror images beyond the
        last row and column fill it, so that positions stay what they are.
    """
    files = []
    for number, micrograph in enumerate(micrographs):
        pixels = micrograph.pixels().astype(np.float32)
        extra = [(0, new - old) for new, old in zip(widen(pixels.shape), pixels.shape, strict=True)]
        file = folder / f"mic_{number:04d}.mrc"
        files.append(write_mrc(file, np.pad(pixels, extra, mode="symmetric")))
    return files


def adopt(found: Picks, micrograph: Micrograph, score: NDArray[np.float64]) -> Picks:
    """Picks of a written file as picks of its micrograph, with other scores, best first.

    Those beyond its last row and column are dropped: they are mirror images.
    """
    ny, nx = micrograph.shape
    mine = replace(
        found,
        micrograph=micrograph.name,
        frame=micrograph.frame,
        listing=micrograph.find_listing(),
        box_size_px=None,
    )
    is_inside = (found.x_px <= nx - 0.5) & (found.y_px <= ny - 0.5)
    return mine.with_score(score).take(is_inside).by_score()
