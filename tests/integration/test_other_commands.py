"""``deepem evaluate``, ``info`` and ``simulate`` with good and bad input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest

Deepem = Callable[..., Any]


@pytest.fixture
def boxes(simulated: Path, tmp_path: Path) -> Path:
    """The coordinates of two micrographs, to spoil."""
    folder = tmp_path / "boxes"
    folder.mkdir()
    for stem in ("mic_0001", "mic_0002"):
        shutil.copy(simulated / f"{stem}.box", folder)
    return folder


# ---- evaluate


def test_truth_is_perfect(deepem: Deepem, simulated: Path, tmp_path: Path) -> None:
    """The .box beside the .star of the same particles counts them once."""
    ended = deepem("evaluate", simulated, "--truth", simulated)
    assert (ended.code, ended.err) == (0, "")
    header, *rows = [line.split("\t") for line in ended.out.splitlines()]
    assert header[:3] == ["micrograph", "picks", "particles"]
    assert [row[0] for row in rows] == [f"mic_000{n}" for n in range(1, 7)] + ["all"]
    assert rows[-1][1:7] == ["72", "72", "1.0000", "1.0000", "1.0000", "1.0000"]


def test_json_is_alone_on_stdout(deepem: Deepem, simulated: Path, boxes: Path) -> None:
    (boxes / "mic_0002.box").write_text("")
    ended = deepem("evaluate", boxes, "--truth", simulated, "--json")
    assert ended.code == 0
    figures = json.loads(ended.out)
    assert (figures["n_picks"], figures["n_truth"], figures["recall"]) == (12, 24, 0.5)
    assert figures["per_micrograph"][1]["precision"] is None
    assert "No picks for the particles of mic_0003, mic_0004, mic_0005 and 1 more" in ended.err


def test_report_shows_micrographs(
    deepem: Deepem, simulated: Path, boxes: Path, tmp_path: Path
) -> None:
    report = tmp_path / "new" / "report.html"
    ended = deepem(
        "evaluate", boxes, "--truth", simulated, "--micrographs", simulated, "--report", report
    )
    assert ended.code == 0
    assert report.read_text(encoding="utf-8").count("mic_0001") >= 2


def test_existing_report_is_kept_unless_told(
    deepem: Deepem, simulated: Path, boxes: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text("mine")
    common = ("evaluate", boxes, "--truth", simulated, "--report", report)
    ended = deepem(*common)
    assert (ended.code, ended.out) == (1, "")
    assert "--overwrite" in ended.err
    assert report.read_text() == "mine"
    assert deepem(*common, "--overwrite").code == 0
    assert report.read_text(encoding="utf-8") != "mine"


def test_a_bad_coordinate_file_is_named_and_the_others_are_compared(
    deepem: Deepem, simulated: Path, boxes: Path
) -> None:
    (boxes / "mic_0002.box").write_text("1 2\n")
    ended = deepem("evaluate", boxes, "--truth", simulated)
    assert ended.code == 3
    assert "mic_0002.box: line 1" in ended.err
    assert "expected four or five numbers" in ended.err
    assert ended.out.splitlines()[-1].startswith("all\t12\t12\t1.0000")


def test_picks_of_another_data_set_are_named(deepem: Deepem, simulated: Path, boxes: Path) -> None:
    (boxes / "mic_0002.box").write_text("4000 3000 46 46\n")
    ended = deepem("evaluate", boxes, "--truth", simulated, "--micrographs", simulated)
    assert ended.code == 3
    assert "or bring them to these with deepem convert --binned-by" in ended.err
    assert "No usable micrograph for mic_0002: left out" in ended.err


@pytest.mark.parametrize(
    ("options", "code", "cure"),
    [
        (("--truth", "{boxes}/gone.box"), 1, "gone.box: does not exist; check the name"),
        (("--truth", "{empty}"), 1, "holds no coordinates; expected .box, "),
        (("--truth", "{other}"), 1, "Their files must have the same names"),
        (("--truth", "{boxes}", "--micrographs", "{boxes}/gone.mrc"), 1, "check the name"),
        (("--truth", "{boxes}", "--diameter", "125"), 2, "--diameter-px"),
        (("--truth", "{boxes}", "--picks-format", "foo"), 2, "choose from box"),
        (("--truth", "{boxes}", "--max-distance", "-1"), 2, "--max-distance: must be above 0"),
        (("--truth", "{boxes}", "--edge-margin", "-1"), 2, "--edge-margin: must be 0 px or more"),
        (("--truth", "{boxes}", "--max-distance", "inf"), 2, "--max-distance"),
    ],
)
def test_what_cannot_be_compared_is_explained(
    options: tuple[str, ...], code: int, cure: str, deepem: Deepem, boxes: Path, tmp_path: Path
) -> None:
    folders = {"boxes": boxes, "empty": tmp_path / "empty", "other": tmp_path / "other"}
    folders["empty"].mkdir()
    folders["other"].mkdir()
    shutil.copy(boxes / "mic_0001.box", folders["other"] / "else.box")
    ended = deepem("evaluate", boxes, *[option.format(**folders) for option in options])
    assert (ended.code, ended.out) == (code, "")
    assert cure in ended.err


def test_star_coordinates_alone_have_no_box_to_tell_the_diameter(
    deepem: Deepem, simulated: Path
) -> None:
    common = ("evaluate", simulated, "--truth", simulated, "--picks-format", "star")
    ended = deepem(*common)
    assert ended.code == 2
    assert "Give the particle diameter with --diameter (Å) or --diameter-px" in ended.err
    assert deepem(*common, "--diameter", 125, "--pixel-size", 4).code == 0


# ---- info


def test_info_describes_every_kind(deepem: Deepem, simulated: Path, model: Path) -> None:
    files = [simulated / "mic_0001.mrc", simulated / "mic_0001.box", model]
    ended = deepem("info", *files)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:2] == [
        f"{files[0]}: micrograph, 256 x 256 px, 4 Å per pixel",
        f"{files[1]}: coordinates, 12 particles on 1 micrograph, box 46 px",
    ]
    assert "model, particle diameter 123 Å at 4 Å per pixel, box 46 px" in ended.out
    assert "standard deviation" in ended.out


def test_info_as_json_is_an_object_for_each_line(
    deepem: Deepem, simulated: Path, model: Path
) -> None:
    ended = deepem("info", "--json", simulated / "mic_0001.mrc", model)
    micrograph, trained = map(json.loads, ended.out.splitlines())
    assert (micrograph["nx_px"], micrograph["pixel_size_angstrom"]) == (256, 4.0)
    assert trained["training"]["n_positives"] > 0


def test_info_reads_no_pixels(
    deepem: Deepem, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large the micrograph is."""

    def read(*arguments: object, **options: object) -> None:
        raise AssertionError("pixels were read")

    monkeypatch.setattr(np, "memmap", read)
    assert deepem("info", simulated / "mic_0001.mrc").code == 0


def test_info_names_what_it_cannot_read_and_goes_on(
    deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.deepem").write_text("no model")
    (tmp_path / "notes.pdf").write_text("hello")
    bad = [tmp_path / "bad.deepem", tmp_path / "notes.pdf", tmp_path / "gone.mrc", tmp_path]
    ended = deepem("info", *bad, simulated / "mic_0001.star")
    assert ended.code == 3
    assert ended.out.count("\n") == 1
    for cure in (
        "Copy or train it again",
        "expected one of .mrc",
        "check the name and the folder",
        "give the name of a file in it",
    ):
        assert cure in ended.err
    assert deepem("info", *bad).code == 1


def test_info_tells_a_list_of_micrographs_from_coordinates(
    deepem: Deepem, simulated: Path, tmp_path: Path
) -> None:
    path = tmp_path / "micrographs_ctf.star"
    path.write_text(
        "data_\nloop_\n_rlnMicrographName #1\n_rlnMicrographPixelSize #2\n"
        f"{simulated}/mic_0001.mrc 4.2\nmissing.mrc 4.2\n"
    )
    ended = deepem("info", path)
    assert ended.out == f"{path}: list of 2 micrographs, 4.2 Å per pixel, 1 not found\n"
    facts = json.loads(deepem("info", path, "--json").out)
    assert (facts["n_micrographs"], facts["n_missing"]) == (2, 1)


# ---- simulate


def test_same_seed_same_micrographs(deepem: Deepem, tmp_path: Path) -> None:
    common = ("--n", 1, "--size", 200, 150, "--particles", 3, "--phantom", "apoferritin")
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert deepem("simulate", tmp_path / folder, *common, "--seed", seed).code == 0
    files = {folder: (tmp_path / folder / "mic_0001.mrc").read_bytes() for folder in "abc"}
    assert files["a"] == files["b"] != files["c"]
    assert "200 x 150 px" in deepem("info", tmp_path / "a" / "mic_0001.mrc").out


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--phantom", "virus"), "choose one of ribosome"),
        (("--particles", 10000), "--particles: only"),
        (("--snr", 0), "--snr: must be greater than 0"),
        (("--size", 10, 10), "--size: 10 x 10 pixels have no room"),
        (("--defocus", 3, 1), "swap them"),
        (("--pixel-size", 500), "--pixel-size: a particle of"),
        (("--dose", 40, "--snr", 0.1), "--dose: the dose decides the noise"),
        (("--solvent-noise", 1), "--solvent-noise: must be from 0 to below 1"),
        (("--nuisances", "many", "--size", 400, 400, "--particles", 10), "--particles: only"),
    ],
)
def test_what_cannot_be_simulated_exits_with_2(
    options: tuple[object, ...], cure: str, deepem: Deepem, tmp_path: Path
) -> None:
    ended = deepem("simulate", tmp_path / "out", "--n", 1, *options)
    assert ended.code == 2
    assert cure in ended.err
    assert not (tmp_path / "out").exists()


def test_nuisances_dose_and_truth(deepem: Deepem, tmp_path: Path) -> None:
    common = ("--n", 1, "--size", 512, 400, "--particles", 12, "--pixel-size", 12, "--seed", 3)
    options = ("--nuisances", "some", "--dose", 2, "--solvent-noise", 0.2, "--min-distance", 0.5)
    mics = tmp_path / "mics"
    assert deepem("simulate", mics, *common, *options, "--astigmatism", 0.3).code == 0
    assert sorted(str(path.relative_to(mics)) for path in mics.rglob("*.*")) == [
        "mic_0001.box",
        "mic_0001.mrc",
        "mic_0001.star",
        "truth/mic_0001.star",
        "truth/mic_0001_mask.mrc",
    ]
    with mrcfile.open(mics / "mic_0001.mrc") as file:
        assert (file.data == np.rint(file.data)).mean() > 0.999  # but for hot pixels, counts
        assert np.median(file.data) == pytest.approx(288, rel=0.03)
    with mrcfile.open(mics / "truth" / "mic_0001_mask.mrc") as file:
        assert set(np.unique(file.data)) == {0, 2, 3, 4}
    ended = deepem("evaluate", mics / "truth", "--truth", mics)
    assert ended.code == 0
    assert ended.out.splitlines()[-1].split("\t")[1:5] == ["12", "12", "1.0000", "1.0000"]


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    """A ball of 100 Å in voxels of 10 Å."""
    path = tmp_path / "ball.mrc"
    z, y, x = np.indices((20, 20, 20)) - 10
    with mrcfile.new(path) as file:
        file.set_data((x**2 + y**2 + z**2 <= 25).astype(np.float32))
        file.voxel_size = 10.0
    return path


def test_density_map_takes_the_place_of_a_phantom(
    deepem: Deepem, map_file: Path, tmp_path: Path
) -> None:
    common = ("--n", 1, "--size", 200, 150, "--particles", 3, "--pixel-size", 5)
    ended = deepem("simulate", tmp_path / "mics", "--map", map_file, *common)
    assert ended.code == 0
    assert "1 micrograph of ball in" in ended.err
    assert "particle diameter 110 Å" in ended.err
    assert "box 32 px" in deepem("info", tmp_path / "mics" / "mic_0001.box").out

    stated = deepem("simulate", tmp_path / "b", "--map", map_file, "--diameter", 90, *common)
    assert "particle diameter 90 Å" in stated.err
    half = deepem("simulate", tmp_path / "c", "--map", map_file, "--voxel-size", 5, *common)
    assert "particle diameter 55 Å" in half.err


@pytest.mark.parametrize(
    ("options", "code", "cure"),
    [
        (("--map", "{map}", "--phantom", "klh"), 2, "--map: cannot be used together with"),
        (
            ("--diameter", 100),
            2,
            "--diameter: is for density maps and atomic models; name one with --map",
        ),
        (("--voxel-size", 2), 2, "--voxel-size: is for density maps"),
        (("--map", "{mics}/mic_0001.mrc"), 1, "256 x 256, not a volume; give a density map"),
        (("--map", "gone.mrc"), 1, "gone.mrc: does not exist; check the name"),
    ],
)
def test_what_is_no_density_map_is_explained(
    options: tuple[object, ...],
    code: int,
    cure: str,
    deepem: Deepem,
    simulated: Path,
    map_file: Path,
    tmp_path: Path,
) -> None:
    filled = [str(option).format(map=map_file, mics=simulated) for option in options]
    ended = deepem("simulate", tmp_path / "out", "--n", 1, *filled)
    assert ended.code == code
    assert cure in ended.err
    assert not (tmp_path / "out").exists()


def test_existing_micrographs_are_kept(deepem: Deepem, simulated: Path, tmp_path: Path) -> None:
    shutil.copytree(simulated, tmp_path / "mics")
    ended = deepem("simulate", tmp_path / "mics", "--n", 1)
    assert ended.code == 1
    assert "--overwrite" in ended.err
    assert (tmp_path / "mics" / "mic_0001.mrc").read_bytes() == (
        simulated / "mic_0001.mrc"
    ).read_bytes()
