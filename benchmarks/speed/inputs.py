"""Micrographs to pick on, and models that know their particles a little: made once, and kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from deepem import open_micrograph, save_model, simulate_micrograph, train, write_mrc
from deepem.core import Picks
from deepem.io import read_picks, write_picks
from deepem.simulation import Nuisances, make_phantom
from real_data import load
from speed.part import Settings

N_DISTINCT = 5
#: Crowded, as good micrographs are: share of the area that particles cover.
_COVERED = 0.2
_UPDATES = 150
APOFERRITIN_DIAMETER_PX = 63
_NUISANCES = Nuisances(ice_crystals=3, contaminants=3, aggregates=2, gradient=0.5, hot_pixels=20)


def simulate(settings: Settings, size: int, diameter_px: int, n: int = N_DISTINCT) -> list[Path]:
    """Micrographs of a phantom with some junk, float32, particles as large as asked for."""
    particle = make_phantom("apoferritin")
    pixel_size = particle.diameter_angstrom / diameter_px
    folder = settings.work / "inputs" / f"{size}_{diameter_px}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"mic_{number}.mrc" for number in range(n)]
    for seed, path in enumerate(paths):
        if path.with_suffix(".box").exists():
            continue
        scene = simulate_micrograph(
            particle,
            n_particles=round(_COVERED * size**2 / (np.pi / 4 * diameter_px**2)),
            pixel_size_angstrom=pixel_size,
            shape=(size, size),
            nuisances=_NUISANCES,
            name=path.stem,
            seed=seed,
        )
        pixels = scene.micrograph.pixels().astype(np.float32)
        write_mrc(path, pixels, pixel_size_angstrom=pixel_size, overwrite=True)
        write_picks(scene.truth, path.with_suffix(".box"), overwrite=True)
    return paths


def train_briefly(settings: Settings, diameter_px: int) -> Path:
    """A model of the default network that knows the particles of `simulate` at a diameter.

    Random weights have ten times as many peaks, which takes time that picking does not. It is as
    fast as one that is fully trained, and not as good.
    """
    model = settings.work / "inputs" / f"{diameter_px}.deepem"
    if not model.exists():
        size = 1024 if settings.quick else 4096
        paths = simulate(settings, size, diameter_px, 2)
        _train(paths, [_read_truth(path) for path in paths], diameter_px, model)
    return model


def copy_apoferritin(settings: Settings) -> tuple[list[Path], Path]:
    """Real micrographs of 1240 x 1200 pixels, uint16, and a model of their particles."""
    folder = settings.work / "inputs" / "apoferritin"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for part in ("train", "valid", "test"):
        for source in sorted((settings.data / "apoferritin" / part).glob("*.mrc")):
            paths.append(folder / source.name)
            if not paths[-1].exists():
                shutil.copyfile(source, paths[-1])
    model = settings.work / "inputs" / "apoferritin.deepem"
    if not model.exists():
        _, labels = load("apoferritin/train")
        _train(paths[:2], labels[:2], APOFERRITIN_DIAMETER_PX, model)
    return paths, model


def link_many(paths: list[Path], n: int, folder: Path) -> list[Path]:
    """As many files as asked for, each a hard link to one of those given."""
    folder.mkdir(parents=True)
    links = [folder / f"mic_{number:05d}.mrc" for number in range(n)]
    for number, link in enumerate(links):
        os.link(paths[number % len(paths)], link)
    return links


def warm(paths: list[Path]) -> None:
    """Read files once, so that the system has them in its memory."""
    for path in paths:
        path.read_bytes()


def _read_truth(path: Path) -> Picks:
    (picks,) = read_picks(path.with_suffix(".box"))
    return picks


def _train(paths: list[Path], picks: list[Picks], diameter_px: int, model: Path) -> None:
    micrographs = [open_micrograph(path) for path in paths]
    trained = train(
        micrographs[:1],
        picks[:1],
        complete=True,
        valid_micrographs=micrographs[1:],
        valid_picks=picks[1:],
        diameter_px=diameter_px,
        updates=_UPDATES,
    )
    save_model(trained, model, overwrite=True)
