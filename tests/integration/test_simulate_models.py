"""``deepem simulate`` with atomic models and preferred views."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepem.io import open_micrograph

Deepem = Callable[..., Any]
SMALL = ("--n", 1, "--size", 200, 150, "--particles", 3, "--pixel-size", 5)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A rod of carbons along z, 100 Å long and 32 Å across."""
    grid = np.mgrid[-16:17:4, -16:17:4, -50:51:4].reshape(3, -1).T
    lines = [
        f"ATOM  {i:5d}  C   ALA A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C\n"
        for i, (x, y, z) in enumerate(grid.tolist(), start=1)
    ]
    path = tmp_path / "rod.pdb"
    path.write_text("".join(lines) + "END\n")
    return path


def test_atomic_model_takes_the_place_of_a_phantom(
    deepem: Deepem, model_file: Path, tmp_path: Path
) -> None:
    ended = deepem("simulate", tmp_path / "mics", "--model", model_file, *SMALL)
    assert ended.code == 0
    assert "1 micrograph of rod in" in ended.err
    assert "particle diameter 1" in ended.err
    options = ("--model", model_file, "--diameter", 90, "--resolution", 20)
    assert "particle diameter 90 Å" in deepem("simulate", tmp_path / "b", *options, *SMALL).err


def test_views_decide_how_much_is_in_the_beam(
    deepem: Deepem, model_file: Path, tmp_path: Path
) -> None:
    options = ("--model", model_file, "--snr", 1e6, *SMALL)
    darkest = {}
    for views in ("top", "side"):
        assert deepem("simulate", tmp_path / views, "--views", views, *options).code == 0
        pixels = open_micrograph(tmp_path / views / "mic_0001.mrc").pixels()
        darkest[views] = float(np.abs(pixels).max())
    # A rod seen from its end is three times as thick as from its side.
    assert darkest["top"] > 1.5 * darkest["side"]


@pytest.mark.parametrize(
    ("options", "code", "cure"),
    [
        (
            ("--model", "{model}", "--phantom", "klh"),
            2,
            "--model: cannot be used together with --p",
        ),
        (
            ("--model", "{model}", "--map", "x.mrc"),
            2,
            "--map: cannot be used together with --model",
        ),
        (("--resolution", 5), 2, "--resolution: is for atomic models; name one with --model"),
        (("--model", "{model}", "--voxel-size", 2), 2, "--voxel-size: is for density maps"),
        (("--model", "{model}", "--resolution", 0.5), 2, "--resolution: 0.5 is too fine"),
        (("--model", "gone.pdb"), 1, "gone.pdb: does not exist; check the name"),
    ],
)
def test_what_is_no_model_is_explained(
    options: tuple[object, ...], code: int, cure: str, deepem: Deepem, model_file: Path
) -> None:
    filled = [str(option).format(model=model_file) for option in options]
    ended = deepem("simulate", model_file.parent / "out", "--n", 1, *filled)
    assert ended.code == code
    assert cure in ended.err
    assert not (model_file.parent / "out").exists()
