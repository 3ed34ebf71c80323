"""RELION's lists stand wherever micrographs are named, and its particles wherever labels are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepem.io import collect_picks, read_picks, write_mrc

Deepem = Callable[..., Any]


@pytest.fixture
def project(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A RELION project whose list knows the pixel size (4 Å), and whose headers do not."""
    from deepem.io import open_micrograph

    movies = tmp_path / "MotionCorr" / "job002" / "movies"
    particles = []
    for path in sorted(simulated.glob("*.mrc")):
        write_mrc(movies / path.name, open_micrograph(path).pixels())
        (picks,) = read_picks(path.with_suffix(".star"))
        name = f"MotionCorr/job002/movies/{path.name}"
        places = zip(picks.x_px, picks.y_px, strict=True)
        particles += [f"{x} {y} {name} 1" for x, y in places]
    optics = "data_optics\nloop_\n_rlnOpticsGroup #1\n_rlnMicrographPixelSize #2\n1 4.0\n\n"
    names = "\n".join(
        f"MotionCorr/job002/movies/{path.name} 1" for path in sorted(simulated.glob("*.mrc"))
    )
    (tmp_path / "micrographs_ctf.star").write_text(
        f"{optics}data_micrographs\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n{names}\n"
    )
    (tmp_path / "particles.star").write_text(
        f"{optics}data_particles\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n"
        "_rlnMicrographName #3\n_rlnOpticsGroup #4\n" + "\n".join(particles) + "\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_training_takes_the_list_and_one_file_of_particles(deepem: Deepem, project: Path) -> None:
    ended = deepem(
        "train", "micrographs_ctf.star", "--picks", "particles.star", "--diameter", 124,
        "--updates", 1, "--out", "m.deepem",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    facts = json.loads(deepem("info", "m.deepem", "--json").out)
    assert facts["pixel_size_angstrom"] == 4.0  # which only the list knows
    assert facts["scale"]["diameter_px"] == 31


def test_picking_keeps_relions_names_and_evaluation_takes_the_list(
    deepem: Deepem, project: Path, model: Path
) -> None:
    ended = deepem(
        "pick", "micrographs_ctf.star", "--model", model, "--out", "DeepEM", "--format",
        "relion,eman2,cryosparc",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    rows = Path("DeepEM/autopick.star").read_text().split("\n")
    assert "MotionCorr/job002/movies/mic_0001.mrc DeepEM/movies/mic_0001_autopick.star" in rows
    by_format = [
        collect_picks(path).by_name
        for path in ("DeepEM/autopick.star", "DeepEM/info", "DeepEM/picks.csg")
    ]
    for found in by_format:
        assert {name: len(picks) for name, picks in found.items()} == {
            name: len(picks) for name, picks in by_format[0].items()
        }
    listed = by_format[2]["mic_0001"]
    assert listed.listing is not None
    assert listed.listing.path == "MotionCorr/job002/movies/mic_0001.mrc"
    assert listed.frame is not None
    assert listed.frame.pixel_size_angstrom == 4.0
    ended = deepem(
        "evaluate", "DeepEM/autopick.star", "--truth", "particles.star", "--micrographs",
        "micrographs_ctf.star", "--diameter", 124, "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["recall"] > 0.8
    ended = deepem("check", "particles.star", "micrographs_ctf.star")
    assert ended.out.startswith("The coordinates fit the images as they are")


def test_truth_of_cryoppp_is_turned_and_names_of_cryosparc_are_matched(
    deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    """CryoPPP counts rows from the other side, so its truth needs the micrographs' height."""
    truth, picks = tmp_path / "truth", tmp_path / "picks"
    for folder in (truth, picks):
        folder.mkdir()
    for path in simulated.glob("*.star"):
        (found,) = read_picks(path)
        rows = "".join(f"{x},{256 - y},31\n" for x, y in zip(found.x_px, found.y_px, strict=True))
        (truth / f"{path.stem}.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n" + rows)
        name = f"003849109345713648593_{path.stem}_patch_aligned.star"
        (picks / name).write_bytes(path.read_bytes())
    common = ("evaluate", picks, "--truth", truth, "--diameter-px", 31, "--json")
    ended = deepem(*common, "--micrographs", simulated)
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    assert facts["f1"] == 1.0
    assert facts["median_distance_px"] < 0.01
    ended = deepem(*common)
    assert ended.code == 1
    assert "give the micrographs too (--micrographs)" in ended.err


def test_a_second_pick_into_one_project_asks_before_it_replaces_boxes(
    deepem: Deepem, project: Path, model: Path
) -> None:
    info = project / "info" / "mic_0001_info.json"
    info.parent.mkdir()
    info.write_text('{"quality": 5, "boxes": []}')
    pick = ("pick", "micrographs_ctf.star", "--model", model, "--out", ".", "--format", "eman2")
    assert deepem(*pick).code == 0
    content = json.loads(info.read_text())
    assert content["quality"] == 5
    assert content["boxes"]
    ended = deepem(*pick)
    assert ended.code == 1
    assert "--overwrite" in ended.err
    assert json.loads(info.read_text()) == content
