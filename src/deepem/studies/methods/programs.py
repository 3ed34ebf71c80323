"""The pickers of other programs, each given what it needs of a set."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from deepem.baselines.programs import (
    ProgramPicks,
    TopazModel,
    pick_with_apple,
    pick_with_relion_blobs,
    pick_with_relion_templates,
    pick_with_topaz,
    train_topaz,
)
from deepem.core import Micrograph
from deepem.studies.sets.benchmark_sets import Parts

# The binning at which the particle is about as wide as those that Topaz was trained on: 21 px is
# the best of what was tried on apoferritin's training micrographs.
_TOPAZ_DIAMETER = 21
_TOPAZ_PRETRAINED = "resnet16"
# Of 256 crops: 7.7 minutes on one core. Its default of 10,000 would take 6.4 hours.
_TOPAZ_UPDATES = 200

Pick = Callable[[Sequence[Micrograph], Parts], ProgramPicks]


def _pick_with_relion_blobs(micrographs: Sequence[Micrograph], parts: Parts) -> ProgramPicks:
    return pick_with_relion_blobs(micrographs, diameter_px=parts.diameter_px)


def _pick_with_relion_templates(micrographs: Sequence[Micrograph], parts: Parts) -> ProgramPicks:
    training = (parts.train.micrographs, parts.train.picks)
    return pick_with_relion_templates(micrographs, *training, diameter_px=parts.diameter_px)


def _pick_with_pretrained_topaz(micrographs: Sequence[Micrograph], parts: Parts) -> ProgramPicks:
    model = TopazModel(_TOPAZ_PRETRAINED, _find_topaz_factor(parts))
    return _run_topaz(micrographs, parts, model)


def _pick_with_trained_topaz(micrographs: Sequence[Micrograph], parts: Parts) -> ProgramPicks:
    with tempfile.TemporaryDirectory() as folder:
        model = train_topaz(
            parts.train.micrographs,
            parts.train.picks,
            Path(folder) / "topaz.sav",
            factor=_find_topaz_factor(parts),
            n_updates=_TOPAZ_UPDATES,
            n_threads=torch.get_num_threads(),
        )
        return _run_topaz(micrographs, parts, model)


def _run_topaz(micrographs: Sequence[Micrograph], parts: Parts, model: TopazModel) -> ProgramPicks:
    return pick_with_topaz(
        micrographs,
        model=model,
        radius_px=0.4 * parts.diameter_px,
        n_threads=torch.get_num_threads(),
    )


def _find_topaz_factor(parts: Parts) -> int:
    return max(1, round(parts.diameter_px / _TOPAZ_DIAMETER))


def _pick_with_apple(micrographs: Sequence[Micrograph], parts: Parts) -> ProgramPicks:
    return pick_with_apple(micrographs, diameter_px=parts.diameter_px)


PROGRAMS: dict[str, Pick] = {
    "RELION LoG": _pick_with_relion_blobs,
    "RELION templates": _pick_with_relion_templates,
    "Topaz pretrained": _pick_with_pretrained_topaz,
    "Topaz trained": _pick_with_trained_topaz,
    "APPLE": _pick_with_apple,
}
