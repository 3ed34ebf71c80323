"""The paper's KLH network, unbinned, in four orientations, on real micrographs of KLH."""

from __future__ import annotations

from pathlib import Path

import torch

from deepem import Model, save_model
from deepem.networks import PRESETS, DeepEM8, ModelHeader, Scale
from speed.part import Result, Settings, table, verdict
from speed.stages import STAGES, time_stages

_DIAMETER_PX = 182
_WANTED_SECONDS = 5.0


def measure(settings: Settings) -> Result:
    """Stages of picking, with one and two threads."""
    files = sorted((settings.data / "klh" / "processed").glob("*.mrc"))
    if not files:
        return {"rows": []}
    model = _make_model(settings)
    rows = []
    for n_threads in (1, 2):
        n_rounds = 1 if settings.quick else 6
        row = time_stages(files, model, n_threads=n_threads, n_rounds=n_rounds)
        rows.append({"threads": n_threads, **row})
        print(rows[-1], flush=True)
    return {"rows": rows}


def _make_model(settings: Settings) -> Path:
    """Untrained: the network takes the same time whatever it has learnt."""
    preset = PRESETS["klh"]
    header = ModelHeader(
        design=preset.design,
        scale=Scale(float(_DIAMETER_PX), 1.0, preset.design.box_size),
        micrograph_shape=(2048, 2048),
        threshold=0.5,
        std_range=(0.0, 10.0),
        training={},
        versions={},
    )
    network = DeepEM8(preset.design, generator=torch.Generator().manual_seed(0))
    folder = settings.work / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    return save_model(Model(network, header), folder / "klh.deepem", overwrite=True)


def render(result: Result) -> list[str]:
    """The table of KLH."""
    if not result["rows"]:
        return ["No micrographs of KLH here: not measured.", ""]
    rows = []
    for row in result["rows"]:
        seconds = row["seconds"]
        wanted = verdict(seconds["whole"], _WANTED_SECONDS) if row["threads"] == 2 else ""
        stages = [f"{seconds[name]:.3f}" for name in (*STAGES, "whole")]
        rows.append((row["threads"], *stages, row["candidates"], wanted))
    return table(("threads", *STAGES, "whole, s", "candidates", "wanted"), rows)
