"""Every bash and python block of the README and the docs runs, in order, as it stands.

The README goes on in the folder of the first picks: commands that both have are run once.
"""

from __future__ import annotations

import os
import re
import shutil
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
# Pages whose blocks run one after the other in one folder.
STORIES = [
    ("docs/first-picks.md", "README.md"),
    *((page,) for page in PAGES if page not in ("docs/first-picks.md", "README.md")),
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
    "pages",
    [
        pytest.param(pages, marks=[] if pages[0] in QUICK_PAGES else pytest.mark.slow)
        for pages in STORIES
    ],
    ids=" ".join,
)
def test_blocks_run(
    pages: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done: set[str] = set()
    for page in pages:
        if page == "README.md":
            # Its known particles: those that came with the simulated micrographs.
            shutil.copytree("micrographs", "truth")
        if page == "docs/how-to/many-micrographs.md":
            write_model_and_micrographs(tmp_path)
        run_blocks(page, done)


def run_blocks(page: str, done: set[str]) -> None:
    """Run the blocks of a page, but for commands that an earlier page of its story has run."""
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    session: dict[str, object] = {"__name__": "__main__"}
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert blocks
    before = set(done)
    for language, text in blocks:
        if language == "python":
            exec(compile(text, page, "exec"), session)  # noqa: S102
            continue
        commands = text.replace("\\\n", " ").splitlines()
        done.update(commands)
        todo = "\n".join(command for command in commands if command not in before)
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", todo],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{todo}\n{result.stdout}\n{result.stderr}"


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
