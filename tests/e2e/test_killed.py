"""A picking that is killed again and again, at any moment, ends as one that was left alone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from deepem.io import open_micrograph, place_picks, read_picks, write_mrc
from deepem.networks import save_model
from deepem.simulation import make_phantom, simulate_dataset, write_scene
from deepem.training import train

N_FILES, N_KILLS = 200, 20
FORMATS = "box,star,particles"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 micrographs, each another, and a model."""
    folder = tmp_path_factory.mktemp("killed")
    scenes = list(
        simulate_dataset(
            make_phantom("apoferritin"), 6, n_particles=12, pixel_size_angstrom=4.0, seed=0,
            shape=(256, 256), snr=0.3,
        )
    )  # fmt: skip
    paths = [write_scene(scene, folder / "labelled") for scene in scenes]
    micrographs = [open_micrograph(path) for path in paths]
    picks = [
        place_picks(read_picks(path.with_suffix(".box"))[0], micrograph)
        for path, micrograph in zip(paths, micrographs, strict=True)
    ]
    save_model(train(micrographs, picks, network="deepem8", epochs=25), folder / "m.deepem")
    noise = np.random.default_rng(0)
    for number in range(N_FILES):
        pixels = np.rot90(micrographs[number % 6].pixels(), number // 6)
        pixels = pixels + noise.normal(scale=0.1 * pixels.std(), size=pixels.shape)
        path = folder / "mics" / f"mic_{number:04d}.mrc"
        write_mrc(path, pixels.astype(np.float32), pixel_size_angstrom=4.0)
    return folder


def _command(folder: Path, out: str, *options: str) -> list[str]:
    return [
        *(sys.executable, "-c", "from deepem.cli import main; main()", "pick"),
        *(str(folder / "mics"), "--model", str(folder / "m.deepem"), "--out", str(folder / out)),
        *("--format", FORMATS, "--workers", "2", "--threads", "2", *options),
    ]


def _contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_killed_twenty_times_at_random_moments(folder: Path) -> None:
    unbroken = subprocess.run(_command(folder, "a"), capture_output=True, text=True, check=True)
    expected = _contents(folder / "a")
    assert len(unbroken.stdout.splitlines()) == N_FILES + 1
    assert sum(name.endswith(".star") for name in expected) == N_FILES + 1

    moment = random.Random(0)  # noqa: S311 (no secret)
    n_done = [0]
    for _ in range(N_KILLS):
        with subprocess.Popen(
            _command(folder, "b", "--resume"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            for _ in range(1 + n_done[-1] + moment.randint(0, 18)):  # a head, old and new ones
                process.stdout.readline()
            time.sleep(moment.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
        n_done.append(len(list((folder / "b").glob("*.star"))))
    assert n_done == sorted(n_done)
    assert len(set(n_done)) > N_KILLS / 2  # it was in the middle of the work

    subprocess.run(_command(folder, "b", "--resume"), capture_output=True, text=True, check=True)
    assert _contents(folder / "b") == expected
