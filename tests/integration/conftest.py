"""A command line in this process, and one tiny model that the tests share."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from deepem.cli import main
from deepem.io import open_micrograph, place_picks, read_picks
from deepem.networks import save_model
from deepem.simulation import make_phantom, simulate_dataset, write_scene
from deepem.training import train


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def deepem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run ``deepem`` with arguments."""
    for logger in (logging.getLogger(), logging.getLogger("deepem")):
        # what the command line adds must not reach other tests
        monkeypatch.setattr(logger, "handlers", list(logger.handlers))
        monkeypatch.setattr(logger, "propagate", logger.propagate)

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["deepem", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ended(int(code or 0), captured.out, captured.err)  # type: ignore[call-overload]

    return run


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six micrographs of 256 x 256 px with 12 particles of 31 px each, and their coordinates."""
    folder = tmp_path_factory.mktemp("simulated")
    scenes = simulate_dataset(
        make_phantom("apoferritin"),
        6,
        n_particles=12,
        pixel_size_angstrom=4.0,
        seed=0,
        shape=(256, 256),
        snr=0.3,
    )
    for scene in scenes:
        write_scene(scene, folder)
    return folder


@pytest.fixture(scope="session")
def model(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of those particles, trained at 4 Å per pixel."""
    micrographs = [open_micrograph(path) for path in sorted(simulated.glob("*.mrc"))]
    picks = [
        place_picks(read_picks(micrograph.path.with_suffix(".box"))[0], micrograph)
        for micrograph in micrographs
        if micrograph.path is not None
    ]
    path = tmp_path_factory.mktemp("model") / "tiny.deepem"
    return save_model(train(micrographs, picks, network="deepem8", epochs=25), path)


@pytest.fixture
def mics(simulated: Path, tmp_path: Path) -> Path:
    """A folder of two of the micrographs with their .box files, to spoil."""
    folder = tmp_path / "mics"
    folder.mkdir()
    for stem in ("mic_0001", "mic_0002"):
        for suffix in (".mrc", ".box"):
            shutil.copy(simulated / f"{stem}{suffix}", folder)
    return folder
