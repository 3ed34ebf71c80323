"""The name of a micrograph, out of what programs make of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Only these are taken off a name: what follows another dot may belong to it (mic.0001).
_EXTENSIONS = (
    ".mrc", ".mrcs", ".map", ".st", ".tif", ".tiff", ".png", ".jpg", ".eer", ".hdf", ".dm4",
)  # fmt: skip
# What pickers append to a micrograph's name to name its coordinates.
_PICK_ENDINGS = (
    "_autopick", "_manualpick", "_topazpicks", "_picks", "_pick", "_deepem", "_automatch", "_info",
)  # fmt: skip
# What motion correction appends to a movie's name; the same exposure with and without it.
_PROCESSING_ENDINGS = (
    "_patch_aligned_doseweighted", "_rigid_aligned_doseweighted", "_patch_aligned",
    "_rigid_aligned", "_doseweighted", "_aligned", "_fractions", "_Fractions", "_EER", "_noDW",
    "_DWS", "_DW", "_denoised", "_corrected", "_averaged",
)  # fmt: skip
_CRYOSPARC_UID = re.compile(r"^\d{15,21}_")
_RELION_JOB = re.compile(r"^[A-Za-z][A-Za-z0-9_]*/job\d{3,}/")


def find_name(text: str) -> str:
    """Name of a micrograph without folder and extension.

    A slice of a stack, ``000003@stack.mrcs`` as RELION writes it, is ``stack_000003``.
    """
    index, _, path = text.rpartition("@")
    name = strip_extension(path).replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    return f"{name}_{int(index):06d}" if index.isdigit() else name


def strip_extension(path: str) -> str:
    """A path without the extension of an image."""
    for extension in _EXTENSIONS:
        if path.lower().endswith(extension):
            return path[: -len(extension)]
    return path


def strip_relion_job(path: str) -> str:
    """A path in a RELION project without the job that made it, ``MotionCorr/job002/``."""
    return _RELION_JOB.sub("", path)


def strip_pick_name(name: str) -> str:
    """Find the micrograph's name in a coordinate file's: ``mic_1`` in ``mic_1_autopick``."""
    for ending in _PICK_ENDINGS:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def strip_processing(name: str) -> str:
    """A name without cryoSPARC's number before it and the marks of motion correction after it."""
    name = _CRYOSPARC_UID.sub("", name)
    for ending in _PROCESSING_ENDINGS:
        if name.endswith(ending):
            return strip_processing(name.removesuffix(ending))
    return name


@dataclass(frozen=True)
class Match:
    """A micrograph that a name stands for.

    Parameters
    ----------
    name
        Its name.
    rule
        How it was found, in words; empty where the names are equal.
    """

    name: str
    rule: str = ""


class NameIndex:
    """Finds micrographs by the names that coordinate files have for them.

    Equal names come first. Then the ending of the coordinate file is taken off (``_autopick``),
    and last, on both sides, cryoSPARC's number before the name and what motion correction appends
    (``_DW``, ``_patch_aligned``): only where that leaves one micrograph, so ``mic_1`` never gets
    the coordinates of ``mic_10`` or ``mic_1_2``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_core: dict[str, list[str]] = {}
        self._by_base: dict[str, list[str]] = {}
        for name in sorted(self._names):
            self._by_core.setdefault(strip_processing(name), []).append(name)
            self._by_base.setdefault(name.partition("__")[0] + "_info", []).append(name)

    def find(self, name: str) -> Match | None:
        """The micrograph that ``name`` stands for; None where there is none, or several."""
        if name in self._names:
            return Match(name)
        short = strip_pick_name(name)
        if short in self._names:
            return Match(short, f"without '{name[len(short) :]}'")
        candidates = self._find_candidates(name)
        if len(candidates) == 1:
            rule = "without cryoSPARC's number or endings such as _DW"
            return Match(candidates[0], "as EMAN2 names it" if name in self._by_base else rule)
        return None

    def _find_candidates(self, name: str) -> list[str]:
        if name in self._by_base:  # EMAN2 leaves out what follows two underscores
            return self._by_base[name]
        return self._by_core.get(strip_processing(strip_pick_name(name)), [])

    def explain(self, name: str) -> str:
        """Why no micrograph was found for a name."""
        candidates = self._find_candidates(name)
        if len(candidates) > 1:
            return f"could be {' or '.join(candidates[:3])}; rename it to say which"
        return "no micrograph has this name"
