"""Other people's pickers find simulated particles where they are, through our adapters.

Set ``DEEPEM_TOPAZ_PYTHON`` to a Python that has the package topaz-em and what its commands
``preprocess``, ``train`` and ``extract`` import (also torchvision, of whatever build), and
``DEEPEM_ASPIRE_PYTHON`` to one that has the package aspire; run with -m programs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

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
from deepem.evaluation import Evaluation, evaluate
from deepem.simulation import Scene, make_phantom, simulate_micrograph

pytestmark = pytest.mark.programs

needs_relion = pytest.mark.skipif(
    shutil.which("relion_autopick") is None, reason="RELION is not here"
)
needs_topaz = pytest.mark.skipif(
    not os.environ.get("DEEPEM_TOPAZ_PYTHON"),
    reason="set DEEPEM_TOPAZ_PYTHON to a Python that has topaz-em",
)
needs_aspire = pytest.mark.skipif(
    not os.environ.get("DEEPEM_ASPIRE_PYTHON"),
    reason="set DEEPEM_ASPIRE_PYTHON to a Python that has aspire",
)
DIAMETER = 31.25


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Two micrographs with different names and numbers of particles, neither square nor even."""
    return [
        simulate_micrograph(
            make_phantom("apoferritin"), n_particles=n, pixel_size_angstrom=4.0, seed=n, snr=0.3,
            shape=(401, 561), name=f"mic {n}.1",
        )
        for n in (15, 25)
    ]  # fmt: skip


def micrographs(scenes: list[Scene]) -> list[Micrograph]:
    return [scene.micrograph for scene in scenes]


def check(found: ProgramPicks, scenes: list[Scene], *, diameter_px: float = DIAMETER) -> Evaluation:
    """Picks belong to their micrographs and lie where the particles are; returns how well."""
    assert found.seconds > 0
    for picks, scene in zip(found.picks, scenes, strict=True):
        assert (picks.micrograph, picks.frame) == (scene.truth.micrograph, scene.micrograph.frame)
        assert ((picks.score >= 0) & (picks.score <= 1)).all()
        assert (np.diff(picks.score) <= 0).all()
        x_error, y_error = measure_offset(picks, scene.truth, diameter_px / 3)
        assert abs(x_error) < 1.25
        assert abs(y_error) < 1.25
    return evaluate(
        found.picks,
        [scene.truth for scene in scenes],
        max_distance_px=diameter_px / 3,
        edge_margin_px=diameter_px,
    )


def measure_offset(picks, truth, limit_px: float) -> tuple[float, float]:
    """Mean difference of the picks nearest to each particle."""
    x = picks.x_px[:, np.newaxis] - truth.x_px
    y = picks.y_px[:, np.newaxis] - truth.y_px
    nearest = np.hypot(x, y).argmin(axis=0), np.arange(len(truth))
    is_found = np.hypot(x, y)[nearest] < limit_px
    return float(x[nearest][is_found].mean()), float(y[nearest][is_found].mean())


@needs_relion
def test_relion_finds_blobs(scenes: list[Scene]) -> None:
    found = pick_with_relion_blobs(micrographs(scenes), diameter_px=DIAMETER)
    assert check(found, scenes).average_precision > 0.98


@needs_relion
def test_relion_finds_what_looks_like_the_template(scenes: list[Scene]) -> None:
    found = pick_with_relion_templates(
        micrographs(scenes), micrographs(scenes[:1]), [scenes[0].truth], diameter_px=DIAMETER
    )
    assert check(found, scenes).average_precision > 0.98


@needs_relion
def test_relion_that_finds_nothing_gives_no_picks(scenes: list[Scene]) -> None:
    """As it does when the grey scale is wrong; its summary then fails."""
    found = pick_with_relion_templates(
        micrographs(scenes), micrographs(scenes[:1]), [scenes[0].truth], diameter_px=DIAMETER,
        grey_scale=50, threshold=0.8,
    )  # fmt: skip
    assert [len(picks) for picks in found.picks] == [0, 0]
    assert [picks.micrograph for picks in found.picks] == ["mic 15.1", "mic 25.1"]


@needs_topaz
def test_topaz_finds_particles_without_training(scenes: list[Scene]) -> None:
    found = pick_with_topaz(
        micrographs(scenes), model=TopazModel("resnet8_u32", 2), radius_px=DIAMETER / 2
    )
    assert check(found, scenes).average_precision > 0.85


@needs_topaz
def test_topaz_is_trained_and_finds_particles(scenes: list[Scene], tmp_path: Path) -> None:
    model = train_topaz(
        micrographs(scenes[:1]), [scenes[0].truth], tmp_path / "model.sav", factor=2, n_updates=3
    )
    assert (model.network, model.factor) == (tmp_path / "model.sav", 2)
    assert model.training_seconds > 0
    found = pick_with_topaz(micrographs(scenes[1:]), model=model, radius_px=DIAMETER / 2)
    assert check(found, scenes[1:]).average_precision > 0.85


@needs_aspire
def test_apple_finds_particles() -> None:
    scene = simulate_micrograph(
        make_phantom("ribosome"), n_particles=30, pixel_size_angstrom=4.0, seed=1, snr=0.3,
        shape=(800, 1000),
    )  # fmt: skip
    found = pick_with_apple([scene.micrograph], diameter_px=65)
    assert check(found, [scene], diameter_px=65).recall > 0.7
    assert set(found.picks[0].score) == {1.0}
