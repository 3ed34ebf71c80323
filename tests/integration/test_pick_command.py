"""``deepem pick`` with good and bad input."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepem.core import Micrograph, Picks
from deepem.io import collect_picks, open_micrograph, read_picks, write_mrc
from deepem.picking import Picker

Deepem = Callable[..., Any]


def _noise(side: int = 256) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def _make_empty(path: Path) -> None:
    path.touch()


def _make_truncated(path: Path) -> None:
    write_mrc(path, _noise(), pixel_size_angstrom=4)
    path.write_bytes(path.read_bytes()[:50_000])


def _make_text(path: Path) -> None:
    path.write_text("These are no pixels.\n")


def _make_constant(path: Path) -> None:
    write_mrc(path, np.full((256, 256), 3, np.float32), pixel_size_angstrom=4)


def _make_nan(path: Path) -> None:
    write_mrc(path, _noise(), pixel_size_angstrom=4)
    path.write_bytes(path.read_bytes()[:1024] + np.full(256 * 256, np.nan, np.float32).tobytes())


def _make_small(path: Path) -> None:
    write_mrc(path, _noise(30), pixel_size_angstrom=4)


def _make_without_pixel_size(path: Path) -> None:
    write_mrc(path, _noise())


def _make_other_scale(path: Path) -> None:
    write_mrc(path, _noise(), pixel_size_angstrom=0.1)


def _make_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere.mrc")


@pytest.mark.parametrize(
    ("spoil", "cure"),
    [
        (_make_empty, "copy or transfer it again"),
        (_make_truncated, "copy or transfer it again"),
        (_make_text, "check that the right file was named"),
        (_make_constant, "leave it out"),
        (_make_nan, "leave it out"),
        (_make_small, "Use a smaller particle diameter or box, or check the pixel size"),
        (_make_without_pixel_size, "Say it with --pixel-size"),
        (_make_other_scale, "give the true one with --pixel-size"),
        (_make_link_to_nothing, "check the name and the folder"),
    ],
)
def test_a_bad_micrograph_is_explained_and_the_others_are_done(
    spoil: Callable[[Path], None],
    cure: str,
    deepem: Deepem,
    mics: Path,
    model: Path,
    tmp_path: Path,
) -> None:
    spoil(mics / "bad.mrc")
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 3
    assert re.search(rf"Error: .*bad\.mrc: .*{re.escape(cure)}", ended.err)
    assert "1 file failed, named above; 2 done" in ended.err
    assert [line.split("\t")[0] for line in ended.out.splitlines()[1:]] == ["mic_0001", "mic_0002"]
    assert _names(tmp_path / "picks") == [
        f"mic_000{number}.{suffix}" for number in (1, 2) for suffix in ("box", "star")
    ]


def test_all_failed_exits_with_1_and_writes_nothing(
    deepem: Deepem, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.mrc").touch()
    ended = deepem(
        "pick",
        tmp_path / "bad.mrc",
        tmp_path / "gone.mrc",
        "--model",
        model,
        "--out",
        tmp_path / "p",
    )
    assert ended.code == 1
    assert ended.err.count("Error:") == 2
    assert not (tmp_path / "p").exists()


def test_prints_a_table_to_stdout(deepem: Deepem, mics: Path, model: Path, tmp_path: Path) -> None:
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 0
    header, *rows = [line.split("\t") for line in ended.out.splitlines()]
    assert header == ["micrograph", "picks", "mean_score"]
    for name, n_picks, mean_score in rows:
        (written,) = read_picks(tmp_path / "picks" / f"{name}.star")
        assert len(written) == int(n_picks) > 0
        assert written.score.mean() == pytest.approx(float(mean_score), abs=6e-4)
    assert "written to" in ended.err


def test_threshold_0_keeps_everything(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    common = ("pick", mics, "--model", model, "--format", "star")
    assert deepem(*common, "--out", tmp_path / "some").code == 0
    assert deepem(*common, "--out", tmp_path / "all", "--threshold", 0).code == 0
    (some,) = read_picks(tmp_path / "some" / "mic_0001.star")
    (everything,) = read_picks(tmp_path / "all" / "mic_0001.star")
    assert len(everything) > len(some)
    assert set(zip(some.x_px, some.y_px, strict=True)) <= set(
        zip(everything.x_px, everything.y_px, strict=True)
    )
    assert everything.score.min() < some.score.min()


def test_pixel_size_can_be_said_for_a_header_without_one(
    deepem: Deepem, simulated: Path, mics: Path, model: Path, tmp_path: Path
) -> None:
    """The picks of a micrograph are the same, whether the header or the user says the size."""
    pixels = np.fromfile(simulated / "mic_0001.mrc", np.float32, offset=1024).reshape(256, 256)
    write_mrc(mics / "mic_0001.mrc", pixels, overwrite=True)
    common = ("--model", model, "--format", "star")
    said = deepem(
        "pick", mics / "mic_0001.mrc", *common, "--out", tmp_path / "a", "--pixel-size", 4
    )
    assert said.code == 0
    assert deepem("pick", simulated / "mic_0001.mrc", *common, "--out", tmp_path / "b").code == 0
    assert (tmp_path / "a" / "mic_0001.star").read_text() == (
        tmp_path / "b" / "mic_0001.star"
    ).read_text()


def test_names_with_blanks_and_unicode(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("für Å") / "[1] *"
    folder.mkdir(parents=True)
    shutil.copy(mics / "mic_0001.mrc", folder / "mic ü [a].mrc")
    ended = deepem("pick", folder, "--model", model, "--out", "o ut")
    assert ended.code == 0
    assert _names(Path("o ut")) == ["mic ü [a].box", "mic ü [a].star"]


def _spoil_model(model: Path, path: Path, kind: str) -> None:
    content = model.read_bytes()
    if kind == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("no model")
    elif kind == "newer":
        path.write_bytes(re.sub(rb'(\\"format_version\\":)\d', rb"\g<1>9", content, count=1))


@pytest.mark.parametrize(
    ("kind", "cure"),
    [
        ("truncated", "Copy or train it again"),
        ("empty", "Copy or train it again"),
        ("text", "Copy or train it again"),
        ("newer", "pip install -U deepem"),
        ("missing", "deepem train"),
    ],
)
def test_a_bad_model_is_explained(
    kind: str, cure: str, deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.deepem"
    _spoil_model(model, bad, kind)
    ended = deepem("pick", mics, "--model", bad, "--out", tmp_path / "picks")
    assert (ended.code, ended.out) == (1, "")
    assert f"Error: {bad}: " in ended.err
    assert cure in ended.err
    assert not (tmp_path / "picks").exists()


def test_existing_picks_are_kept_unless_told(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "picks"
    out.mkdir()
    (out / "mic_0002.box").write_text("mine")
    common = ("pick", mics, "--model", model, "--out", out)
    ended = deepem(*common)
    assert ended.code == 1
    assert "--overwrite" in ended.err
    assert _names(out) == ["mic_0002.box"]
    assert (out / "mic_0002.box").read_text() == "mine"
    assert deepem(*common, "--overwrite").code == 0
    assert (out / "mic_0002.box").read_text() != "mine"


def test_an_output_folder_that_is_a_file(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "picks").write_text("a file")
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 1
    assert "is a file where a folder is needed; choose another" in ended.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_folder_without_permission(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "picks"
    out.mkdir(mode=0o555)
    ended = deepem("pick", mics, "--model", model, "--out", out)
    assert ended.code == 1
    assert "no permission; choose another folder" in ended.err


def test_a_full_disk_leaves_no_half_written_file(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the fourth file: those before it are complete, and nothing else is."""
    n_written = 0

    def sync(descriptor: int) -> None:
        nonlocal n_written
        n_written += 1
        if n_written > 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("deepem.io.atomic.os.fsync", sync)
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 1
    assert "mic_0002.box: cannot be written: the disk is full; free some space" in ended.err
    assert _names(tmp_path / "picks") == ["mic_0001.box", "mic_0001.star"]


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--format", "json"), "choose from box"),
        (("--std-range", 3, 1), "--std-range: must be two rising numbers"),
        (("--min-distance", -1), "--min-distance: must be positive"),
        (("--edge-margin", -1), "--edge-margin: must not be negative"),
    ],
)
def test_a_value_that_cannot_work_exits_with_2(
    options: tuple[object, ...], cure: str, deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks", *options)
    assert ended.code == 2
    assert cure in ended.err
    assert not (tmp_path / "picks").exists()


def test_a_folder_without_micrographs(deepem: Deepem, model: Path, tmp_path: Path) -> None:
    ended = deepem("pick", tmp_path, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 1
    assert "holds no micrographs; expected .mrc" in ended.err


def test_two_micrographs_of_one_name(
    deepem: Deepem, mics: Path, simulated: Path, model: Path, tmp_path: Path
) -> None:
    ended = deepem("pick", mics, simulated, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 1
    assert "Give only one of them" in ended.err


def test_a_format_named_twice_is_written_once(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    ended = deepem(
        "pick", mics, "--model", model, "--out", tmp_path / "picks", "--format", "star,star"
    )
    assert ended.code == 0
    assert _names(tmp_path / "picks") == ["mic_0001.star", "mic_0002.star"]


def test_an_interrupted_run_says_how_much_is_done(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = Picker.scan

    def interrupt_second(self: Picker, micrograph: Micrograph) -> Picks:
        if micrograph.name == "mic_0002":
            raise KeyboardInterrupt
        return scan(self, micrograph)

    monkeypatch.setattr(Picker, "scan", interrupt_second)
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks")
    assert ended.code == 130
    assert "Interrupted: 1 of 2 micrographs done" in ended.err
    assert _names(tmp_path / "picks") == ["mic_0001.box", "mic_0001.star"]


def _add_ice(path: Path) -> None:
    """Cover the middle of a micrograph, where particles are, with an ice crystal."""
    micrograph = open_micrograph(path)
    pixels = micrograph.pixels().copy()
    rows, columns = np.indices(pixels.shape)
    ice = np.hypot(rows - 128, columns - 128) < 45
    pixels[ice] -= 8 * pixels.std()
    write_mrc(path, pixels, pixel_size_angstrom=micrograph.pixel_size_angstrom, overwrite=True)


def _read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_left_out_is_listed_with_the_reason(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "picks"
    common = ("pick", mics, "--model", model, "--format", "star")
    wide = ("--threshold", 0.01, "--std-range", 0.8, 1.2, "--edge-margin", 40)
    _add_ice(mics / "mic_0001.mrc")
    ended = deepem(*common, *wide, "--out", out)
    assert ended.code == 0
    rows = [row for path in sorted((out / "rejected").iterdir()) for row in _read_table(path)]
    names = ["micrograph", "x_px", "y_px", "score", "std", "reason"]
    assert list(rows[0]) == names
    counts = {
        reason: sum(row["reason"] == reason for row in rows)
        for reason in ("junk", "standard deviation", "edge")
    }
    assert sum(counts.values()) == len(rows)
    assert all(counts.values())
    parts = ", ".join(f"{n} {reason}" for reason, n in counts.items())
    assert f"{len(rows)} left out: {parts}; listed in" in " ".join(ended.err.split())
    for row in rows:
        assert float(row["score"]) >= 0.01
        if row["reason"] == "junk":
            assert row["micrograph"] == "mic_0001"
            assert np.hypot(float(row["x_px"]) - 128, float(row["y_px"]) - 128) < 90
        if row["reason"] == "standard deviation":
            assert not 0.8 <= float(row["std"]) <= 1.2


def test_junk_is_kept_where_asked(deepem: Deepem, mics: Path, model: Path, tmp_path: Path) -> None:
    _add_ice(mics / "mic_0001.mrc")
    common = ("pick", mics, "--model", model, "--format", "star", "--threshold", 0.01)
    common = (*common, "--std-range", 0, 99, "--edge-margin", 0)
    ended = deepem(*common, "--out", tmp_path / "some")
    assert "junk" in ended.err
    kept = deepem(*common, "--out", tmp_path / "all", "--keep-junk")
    assert kept.code == 0
    assert "left out" not in kept.err
    assert _names(tmp_path / "all") == ["mic_0001.star", "mic_0002.star"]
    (some,) = read_picks(tmp_path / "some" / "mic_0001.star")
    (everything,) = read_picks(tmp_path / "all" / "mic_0001.star")
    left_out = _read_table(tmp_path / "some" / "rejected" / "mic_0001.csv")
    assert len(some) + len(left_out) == len(everything)


def test_what_is_left_out_is_no_pick_when_the_folder_is_read(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "picks"
    ended = deepem("pick", mics, "--model", model, "--out", out, "--edge-margin", 60)
    assert "edge" in ended.err
    (picks,) = read_picks(out / "mic_0001.star")
    found = collect_picks(out)
    assert list(found.by_name) == ["mic_0001", "mic_0002"]
    assert len(found.by_name["mic_0001"]) == len(picks)
    assert not found.failures
    assert deepem("convert", out, "--to", "csv", "--out", tmp_path / "csv").code == 0


def test_the_list_of_an_earlier_run_is_in_the_way_and_does_not_outlive_its_picks(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "picks"
    common = ("pick", mics / "mic_0001.mrc", "--model", model, "--out", out, "--format")
    assert deepem(*common, "star", "--edge-margin", 60).code == 0
    table = out / "rejected" / "mic_0001.csv"
    before = table.read_text()
    ended = deepem(*common, "box")  # another format, but the same list
    assert ended.code == 1
    assert "mic_0001.csv: exists already" in ended.err
    assert table.read_text() == before
    assert deepem(*common, "star", "--threshold", 0, "--overwrite").code == 0
    assert not table.exists()
