"""``deepem convert`` and ``deepem check`` as users type them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepem.io import collect_picks, open_micrograph, write_mrc

Deepem = Callable[..., Any]
UID = "003849109345713648593_"


def read(path: Path, **options: Any) -> dict[str, list[tuple[float, float]]]:
    found = collect_picks(path, **options).by_name
    return {
        name: sorted(zip(picks.x_px.round(3), picks.y_px.round(3), strict=True))
        for name, picks in found.items()
    }


def test_a_long_way_round_brings_every_particle_home(
    deepem: Deepem, mics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = read(mics)
    source = str(mics)
    ways = {
        "relion": "AutoPick/autopick.star",
        "cryosparc": "picks.csg",
        "eman2": "info",
        "cbox": "cbox",
        "topaz": "topaz.txt",
        "cryoppp": "cryoppp",
        "particles": "particles.star",
        "tsv": "picks.tsv",
        "box": "home",
    }
    for to, path in ways.items():
        out = {"relion": "AutoPick", "cryosparc": "picks.cs", "eman2": "."}.get(to, path)
        ended = deepem(
            "convert", source, "--to", to, "--out", out, "--micrographs", mics, "--box-size", 40
        )
        assert ended.code == 0, ended.err
        assert ended.out == "micrograph\tpicks\nmic_0001\t12\nmic_0002\t12\n"
        assert "2 micrographs matched: 2 by equal names" in ended.err.replace(
            "2 without '_autopick'", "2 by equal names"
        ).replace("2 without '_info'", "2 by equal names")
        source = path
    assert read(tmp_path / "home") == before


def test_names_of_cryosparc_are_matched_and_the_rest_is_explained(
    deepem: Deepem, mics: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "picks"
    folder.mkdir()
    shutil.move(mics / "mic_0001.box", folder / f"{UID}mic_0001_patch_aligned_doseweighted.box")
    shutil.move(mics / "mic_0002.box", folder / "mic_0003.box")
    ended = deepem(
        "convert", folder, "--to", "star", "--out", tmp_path / "out", "--micrographs", mics
    )
    assert ended.code == 0
    assert "1 micrograph matched: 1 without cryoSPARC's number or endings" in ended.err
    assert "mic_0003 left out: no micrograph has this name" in ended.err
    assert "Micrographs without coordinates: mic_0002.mrc" in ended.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mic_0001.star"]


def test_what_fails_is_named_and_the_exit_code_says_some(
    deepem: Deepem, mics: Path, tmp_path: Path
) -> None:
    (mics / "mic_0002.box").write_text("10 20 ten 40\n")
    out = tmp_path / "out"
    ended = deepem("convert", mics, "--to", "star", "--out", out, "--micrographs", mics)
    assert ended.code == 3
    assert "mic_0002.box: line 1: '10 20 ten 40' is not all numbers" in ended.err
    assert "1 file failed, named above; 1 done" in ended.err
    ended = deepem("convert", mics, "--to", "relio", "--out", out)
    assert ended.code == 2
    assert "'relio' is not a coordinate format that is known; choose from box" in ended.err
    ended = deepem("convert", mics, "--to", "star", "--out", out, "--micrographs", mics)
    assert ended.code == 1
    assert "exists already" in ended.err
    assert "--overwrite" in ended.err


def make_wide(folder: Path, simulated: Path) -> Path:
    """The simulated micrographs cut to 256 x 200, so that the axes cannot be confused."""
    for path in sorted(simulated.glob("*.mrc")):
        micrograph = open_micrograph(path)
        pixels = np.ascontiguousarray(micrograph.pixels()[:200])
        write_mrc(folder / path.name, pixels, pixel_size_angstrom=micrograph.pixel_size_angstrom)
        lines = [
            line
            for line in path.with_suffix(".box").read_text().splitlines()
            if int(line.split()[1]) < 180
        ]
        (folder / f"{path.stem}.box").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("options", ["--flip-y", "--flip-x", "--flip-x --flip-y"])
def test_what_check_prints_mends_the_coordinates(
    options: str, deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    mics = make_wide(tmp_path / "mics", simulated)
    convert = ("convert", mics, "--to", "star", "--micrographs", mics)
    assert deepem(*convert, "--out", tmp_path / "wrong", *options.split()).code == 0
    ended = deepem("check", tmp_path / "wrong", mics)
    assert ended.code == 0
    assert f"but they do with {options}:" in ended.out
    words = ended.err.split("To mend them:\n  deepem ")[1].splitlines()[0].split()
    words[words.index("--out") + 1] = str(tmp_path / "mended")
    assert deepem(*words).code == 0
    wrong, right = read(tmp_path / "mended"), read(mics)
    for name, places in right.items():
        np.testing.assert_allclose(wrong[name], places, atol=1e-3)
    picture = tmp_path / "mended.png"
    ended = deepem("check", tmp_path / "mended", mics, "--json", "--picture", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    facts = json.loads(ended.out)
    assert facts["verdict"] == "fits"
    assert facts["n_micrographs"] == 6


def test_corners_taken_for_centres_are_noticed_and_mended(
    deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    mics = make_wide(tmp_path / "mics", simulated)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    for path in mics.glob("*.box"):
        corners = [line.split()[:2] for line in path.read_text().splitlines()]
        rows = "\n".join(f"{x} {y}" for x, y in corners)
        text = f"data_\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n{rows}\n"
        (wrong / f"{path.stem}.star").write_text(text)
    box_px = int((mics / "mic_0001.box").read_text().split()[2])
    ended = deepem("check", wrong, mics, "--json")
    facts = json.loads(ended.out)
    assert facts["verdict"] == "does not fit, other fits"
    word, *shift = facts["options"].split()
    assert word == "--shift"
    np.testing.assert_allclose([float(value) for value in shift], box_px / 2, atol=3)


def test_check_says_when_the_images_cannot_tell(
    deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for path in simulated.glob("*.mrc"):
        rows = "\n".join(f"{x} {y} 40 40" for x, y in rng.integers(0, 216, (12, 2)))
        (tmp_path / f"{path.stem}.box").write_text(rows + "\n")
    ended = deepem("check", tmp_path, simulated)
    assert ended.code == 0
    assert "cannot tell" in ended.out
    assert "To mend" not in ended.err


def test_training_warns_of_labels_that_are_flipped(
    deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    mics = make_wide(tmp_path / "mics", simulated)
    wrong = tmp_path / "wrong"
    convert = ("convert", mics, "--to", "star", "--micrographs", mics)
    assert deepem(*convert, "--out", wrong, "--flip-y").code == 0
    out = tmp_path / "m.deepem"
    common = ("--out", out, "--diameter-px", 31, "--updates", 1, "--overwrite")
    ended = deepem("train", mics, "--picks", wrong, *common)
    assert "--flip-y" in ended.err
    ended = deepem("train", mics, "--picks", mics, *common)
    assert ended.code == 0
    assert "--flip-y" not in ended.err
