"""What `deepem pick` loads: libraries that take tenths of a second only where it needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from deepem import Model, save_model, write_mrc
from deepem.networks import (
    Calibration,
    ModelHeader,
    ResidualDesign,
    ResidualNetwork,
    choose_dense_scale,
)

_PICK = (
    "import sys; sys.argv[0] = 'deepem'\n"
    "from deepem.cli import main\n"
    "try: main()\n"
    "except SystemExit as end: print('ENDED', end.code)\n"
    "finally: print('LOADED', *sys.modules)\n"
)


def test_picking_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).normal(size=(128, 128)).astype(np.float32)
    micrograph = write_mrc(tmp_path / "mic.mrc", pixels)
    design = ResidualDesign()
    header = ModelHeader(
        design=design,
        scale=choose_dense_scale(20),
        micrograph_shape=(128, 128),
        calibration=Calibration(slope=1, offset=-1),
        threshold=0.3,
        std_range=(0, 10),
        training={},
        versions={},
    )
    network = ResidualNetwork(design, generator=torch.Generator().manual_seed(0))
    model = save_model(Model(network, header), tmp_path / "m.deepem")
    out = tmp_path / "out"
    command = [sys.executable, "-c", _PICK, "pick", micrograph, "--model", model, "--out", out]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    shown, loaded = ended.stdout.split("LOADED")
    assert "ENDED 0" in shown
    assert (out / "mic.star").exists()
    assert "torch" in loaded.split()
    unneeded = {
        "PIL",
        "dask",
        "matplotlib",
        "pandas",
        "scipy.sparse",
        "scipy.spatial",
        "scipy.stats",
        "tifffile",
        "yaml",
    }
    assert sorted(unneeded & set(loaded.split())) == []
