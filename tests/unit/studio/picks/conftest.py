"""Sets of picks as jobs and ``deepem pick`` leave them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from deepem.core import Picks
from deepem.io.file_content import FileContent
from deepem.networks import (
    Calibration,
    Model,
    ModelHeader,
    ResidualDesign,
    ResidualNetwork,
    choose_dense_scale,
    save_model,
)
from deepem.picking.limits import describe_limits
from deepem.picking.scanned import Scanned, ScannedHeader, scanned_path, write_scanned
from deepem.studio.jobs.models import model_path
from deepem.studio.jobs.pick_set import begin_pick_set
from deepem.studio.labels import LabelStore
from deepem.studio.picks.pick_sets import PickSets
from deepem.studio.project import Project

DIAMETER_PX = 40.0
CALIBRATION = Calibration(
    slope=1.2, offset=-1, covariance=((0.04, 0.0, 0.01), (0.0, 0.02, 0.0), (0.01, 0.0, 0.09))
)

WritePicks = Callable[..., None]


@pytest.fixture
def write_model(project: Project) -> Callable[..., ModelHeader]:
    """Write a model with a threshold of 0.3 and deviations of 0.5 to 1.5."""

    def write(model_id: str, *, calibration: Calibration | None = CALIBRATION) -> ModelHeader:
        design = ResidualDesign(maps=2, dilations=(1,), stem=3)
        header = ModelHeader(
            design=design,
            scale=choose_dense_scale(DIAMETER_PX),
            micrograph_shape=(240, 320),
            calibration=calibration,
            threshold=0.3,
            std_range=(0.5, 1.5),
            training={"n_labels": 12},
            versions={},
        )
        network = ResidualNetwork(design, generator=torch.Generator().manual_seed(0))
        path = model_path(project, model_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_model(Model(network, header), path)
        return header

    return write


@pytest.fixture
def write_candidates(project: Project) -> WritePicks:
    """Write what a scan of a micrograph has found, as the workers do."""

    def write(out: Path, name: str, rows: list[tuple[float, ...]] = ()) -> None:  # type: ignore[assignment]
        x, y, score, std = zip(*rows, strict=True) if rows else ((),) * 4
        micrograph = project.open(name)
        candidates = Picks(
            name,
            x,
            y,
            score=score,
            std=np.array(std, dtype=np.float32),
            box_size_px=60,
            frame=micrograph.frame,
            listing=micrograph.find_listing(),
        )
        header = ScannedHeader(
            content=FileContent.of(project.file(name).path),
            pixel_size_angstrom=None,
            listing=project.file(name).find_listing(),
            scan={},
            output=describe_limits(0.4, (0.6, 1.4)),
        )
        junk = candidates.x_px == JUNK_X
        scanned = Scanned(header, replace(candidates, junk=junk), DIAMETER_PX)
        write_scanned(scanned, scanned_path(out, name))

    return write


JUNK_X = 200.0
#: x, y, score, standard deviation; what is at x = 200 lies in junk, the margin is 16 px.
ROWS = [
    (100.0, 100.0, 0.95, 1.0),
    (150.25, 60.5, 0.8, 1.2),
    (200.0, 200.0, 0.7, 1.0),
    (16.0, 100.0, 0.6, 1.0),
    (15.9, 180.0, 0.5, 1.0),
    (60.0, 60.0, 0.4, 1.7),
    (250.0, 120.0, 0.3, 0.9),
    (120.0, 150.0, 0.2, 1.0),
]
#: Of these, those that the model's threshold and range of deviations keep.
KEPT_X = [100.0, 150.25, 16.0, 250.0]


@pytest.fixture
def picked(
    project: Project,
    write_model: Callable[..., ModelHeader],
    write_candidates: WritePicks,
) -> Path:
    """Set 001: two of three micrographs picked, the second without any candidate."""
    folder = begin_pick_set(project, "001", write_model("001"))
    write_candidates(folder, "mic_0", ROWS)
    write_candidates(folder, "mic_1")
    return folder


@pytest.fixture
def labels(project: Project) -> LabelStore:
    """The labels of the project."""
    return LabelStore(project)


@pytest.fixture
def published() -> list[dict[str, object]]:
    """Return what the pages were told."""
    return []


@pytest.fixture
def sets(project: Project, labels: LabelStore, published: list[dict[str, object]]) -> PickSets:
    """The sets of picks of the project."""
    return PickSets(project, labels, lambda event: published.append(dict(event)))
