"""Every bash and python block of the README and the docs runs, in order, as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deepem import make_phantom, save_model, simulate_dataset, train, write_scene

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "docs/coordinates.md",
    "docs/evaluation.md",
    "docs/first-picks.md",
    "docs/how-to/many-micrographs.md",
    "docs/notebook.md",
    "docs/simulation.md",
]
# The others train, for minutes; CI runs them.
QUICK_PAGES = [
    "docs/coordinates.md",
    "docs/evaluation.md",
    "docs/how-to/many-micrographs.md",
    "docs/simulation.md",
]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_no_page_with_blocks_is_left_out() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "CONTRIBUTING.md"]
    with_blocks = {str(p.relative_to(ROOT)) for p in pages if BLOCK.search(p.read_text())}
    assert with_blocks == set(PAGES)


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[] if p in QUICK_PAGES else pytest.mark.slow) for p in PAGES],
)
def test_blocks_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if page == "README.md":
        write_example_folders(tmp_path)
    if page == "docs/how-to/many-micrographs.md":
        write_model_and_micrographs(tmp_path)
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    session: dict[str, object] = {"__name__": "__main__"}
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert blocks
    for language, text in blocks:
        if language == "python":
            exec(compile(text, page, "exec"), session)  # noqa: S102
            continue
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{text}\n{result.stdout}\n{result.stderr}"


def write_example_folders(folder: Path) -> None:
    """The folders that the README speaks of, small."""
    specimen = make_phantom("ribosome")
    for names, n, seed in ((("labelled",), 7, 0), (("micrographs", "truth"), 2, 1)):
        for name in names:
            for scene in simulate_dataset(
                specimen,
                n,
                n_particles=30,
                pixel_size_angstrom=12,
                shape=(256, 320),
                snr=0.03,
                seed=seed,
            ):
                write_scene(scene, folder / name)


def write_model_and_micrographs(folder: Path) -> None:
    """A model, and micrographs that it can pick, both small."""
    scenes = list(
        simulate_dataset(
            make_phantom("ribosome"),
            6,
            n_particles=16,
            pixel_size_angstrom=15,
            shape=(240, 310),
            snr=0.5,
            seed=0,
        )
    )
    for scene in scenes:
        write_scene(scene, folder / "Micrographs")
    model = train(
        [scene.micrograph for scene in scenes],
        [scene.truth for scene in scenes],
        network="deepem8",
        epochs=25,
    )
    save_model(model, folder / "particle.deepem")
