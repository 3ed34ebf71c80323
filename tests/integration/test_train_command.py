"""``deepem train`` with good and bad input."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepem.cli.training_progress import TrainingProgress
from deepem.io import write_mrc
from deepem.networks import load_model

Deepem = Callable[..., Any]


@pytest.fixture
def labelled(simulated: Path, tmp_path: Path) -> Path:
    """Four micrographs with their .box files, to spoil."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    for number in range(1, 5):
        for suffix in (".mrc", ".box"):
            shutil.copy(simulated / f"mic_000{number}{suffix}", folder)
    return folder


@pytest.fixture
def train(deepem: Deepem, labelled: Path, tmp_path: Path) -> Deepem:
    """Train two epochs on the labelled micrographs; more options may follow."""

    def run(*options: object) -> Any:
        out = () if "--out" in options else ("--out", tmp_path / "m.deepem")
        quick = ("--network", "deepem8", "--epochs", 2)
        return deepem("train", labelled, "--picks", labelled, *quick, *out, *options)

    return run


def _micrographs(model: Path) -> list[str]:
    names: list[str] = load_model(model).header.training["micrographs"]
    return names


def test_says_what_it_does_and_what_next(train: Deepem, tmp_path: Path) -> None:
    ended = train()
    assert (ended.code, ended.out) == (0, "")
    for said in (
        "Particle diameter 31 px (123 Å), box 46 px",
        "Boxes: 43 particles, 43 non-particles, 10 held out",
        "step 2 of 2",
    ):
        assert said in ended.err
    assert f"deepem pick … --model {tmp_path / 'm.deepem'}" in ended.err
    assert not (tmp_path / "m.deepem.checkpoint").exists()


def test_a_bad_micrograph_is_named_and_the_others_are_learnt_from(
    train: Deepem, labelled: Path, tmp_path: Path
) -> None:
    (labelled / "mic_0001.mrc").write_bytes(b"")
    constant = np.ones((256, 256), np.float32)
    write_mrc(labelled / "mic_0003.mrc", constant, pixel_size_angstrom=4, overwrite=True)
    ended = train()
    assert ended.code == 3
    assert "mic_0001.mrc: is empty (0 bytes); copy or transfer it again" in ended.err
    assert "mic_0003.mrc: every pixel has the value 1. It holds no image: leave it out" in ended.err
    assert "2 files failed, named above; 2 done" in ended.err
    assert _micrographs(tmp_path / "m.deepem") == ["mic_0002", "mic_0004"]


@pytest.mark.parametrize(
    ("boxes", "cure"),
    [
        ("4000\t3000\t46\t46\n5000\t100\t46\t46\n", "use the micrographs they were picked on"),
        ("10\t10\t5000\t5000\n", "give the box size and the coordinates in its own"),
        ("100 200\n", "expected four or five numbers"),
        ("a b c d\n", "expected four or five numbers"),
        ("10 10 46 46\n20 20 50 50\n", "split the file by size"),
    ],
)
def test_bad_coordinates_are_explained_and_the_others_are_learnt_from(
    boxes: str, cure: str, train: Deepem, labelled: Path, tmp_path: Path
) -> None:
    (labelled / "mic_0001.box").write_text(boxes)
    ended = train()
    assert ended.code == 3
    assert ended.err.count("Error:") == 1
    assert "mic_0001" in ended.err
    assert cure in ended.err
    assert _micrographs(tmp_path / "m.deepem") == ["mic_0002", "mic_0003", "mic_0004"]


def test_what_has_no_partner_is_named(train: Deepem, labelled: Path) -> None:
    (labelled / "mic_0001.box").rename(labelled / "other.box")
    ended = train()
    assert ended.code == 0
    assert "1 micrograph without coordinates (mic_0001.mrc …)" in ended.err
    assert "Coordinate files without a micrograph: other.box." in ended.err


def test_coordinates_of_other_micrographs_only(train: Deepem, labelled: Path) -> None:
    for path in labelled.glob("*.box"):
        path.rename(path.with_name(f"other_{path.name}"))
    ended = train()
    assert ended.code == 1
    assert "A coordinate file has the name of its micrograph" in ended.err


@pytest.mark.parametrize("missing", ["--picks", "micrograph"])
def test_a_missing_file_is_named(
    missing: str, deepem: Deepem, labelled: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    micrographs, picks = (gone, labelled) if missing == "micrograph" else (labelled, gone)
    ended = deepem("train", micrographs, "--picks", picks, "--out", tmp_path / "m.deepem")
    assert ended.code == 1
    assert f"{gone}: does not exist; check the name" in ended.err
    assert not (tmp_path / "m.deepem").exists()


def test_three_particles_are_too_few(train: Deepem, labelled: Path, tmp_path: Path) -> None:
    for path in labelled.glob("*.box"):
        path.write_text("")
    (labelled / "mic_0001.box").write_text("50 60 46 46\n100 40 46 46\n150 120 46 46\n")
    ended = train()
    assert ended.code == 1
    assert "only 3 particles to learn from" in ended.err
    assert "Label at least 5, better 200" in ended.err
    assert not list(tmp_path.glob("m.deepem*"))


def test_a_particle_larger_than_the_micrograph(train: Deepem, tmp_path: Path) -> None:
    ended = train("--diameter", 4000)
    assert ended.code == 1
    assert ended.err.count("Use a smaller particle diameter or box, or check the pixel size") == 4
    assert not list(tmp_path.glob("m.deepem*"))


def test_a_diameter_in_angstrom_needs_a_pixel_size(train: Deepem, labelled: Path) -> None:
    for path in labelled.glob("*.mrc"):
        pixels = np.fromfile(path, np.float32, offset=1024).reshape(256, 256)
        write_mrc(path, pixels, overwrite=True)
    ended = train("--diameter", 125)
    assert ended.code == 2
    assert "Say it with --pixel-size" in ended.err
    assert "--diameter-px" in ended.err
    assert train("--diameter", 125, "--pixel-size", 4).code == 0


def test_a_model_without_pixel_size_picks_anything(
    train: Deepem, deepem: Deepem, labelled: Path, simulated: Path, tmp_path: Path
) -> None:
    """Trained and picked without a pixel size; a micrograph that knows its own is no trouble."""
    for path in labelled.glob("*.mrc"):
        pixels = np.fromfile(path, np.float32, offset=1024).reshape(256, 256)
        write_mrc(path, pixels, overwrite=True)
    assert train("--diameter-px", 31).code == 0
    ended = deepem(
        "pick",
        simulated / "mic_0005.mrc",
        "--model",
        tmp_path / "m.deepem",
        "--out",
        tmp_path / "p",
    )
    assert ended.code == 0


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--diameter", 100, "--diameter-px", 30), "in pixels or in Å, not in both"),
        (("--box-size", 10), "Use about 46 px"),
        (("--epochs", 0), "--epochs: must be at least 1"),
        (("--batch-size", 0), "--batch-size: must be at least 1"),
        (("--learning-rate", -1), "--learning-rate: must be positive"),
        (("--bin", 0), "--bin: must be positive"),
        (("--preset", "foo"), "--preset: 'foo' is not known. Known: klh"),
        (("--preset", "klh", "--layers", 6), "leave out the box size and layer"),
        (("--picks-format", "foo"), "choose from box"),
        (("--valid-picks", "boxes"), "--valid"),
        (("--out", "model"), "model.deepem"),
    ],
)
def test_a_value_that_cannot_work_exits_with_2(
    options: tuple[object, ...], cure: str, train: Deepem, tmp_path: Path
) -> None:
    ended = train(*options)
    assert ended.code == 2
    assert cure in ended.err
    assert not list(tmp_path.glob("m.deepem*"))


def test_an_existing_model_is_kept_unless_told(train: Deepem, tmp_path: Path) -> None:
    out = tmp_path / "m.deepem"
    out.write_text("mine")
    ended = train()
    assert ended.code == 1
    assert "--overwrite" in ended.err
    assert out.read_text() == "mine"
    assert train("--overwrite").code == 0
    assert _micrographs(out)


def test_an_output_that_cannot_be_written_is_told_before_the_work(
    train: Deepem, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    ended = train("--out", tmp_path / "file" / "m.deepem")
    assert ended.code == 1
    assert "choose another" in ended.err
    assert "Boxes:" not in ended.err


def test_an_interrupted_training_goes_on_with_resume(
    train: Deepem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: object, epoch: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrainingProgress, "trained", interrupt)
        ended = train()
    assert ended.code == 130
    assert "--resume" in ended.err
    assert not (tmp_path / "m.deepem").exists()

    ended = train()
    assert ended.code == 1
    assert "Go on with it: --resume; start again: --overwrite" in ended.err
    ended = train("--resume", "--seed", 1)
    assert ended.code == 1
    assert "Start again with --overwrite" in ended.err
    assert train("--resume").code == 0
    assert not (tmp_path / "m.deepem.checkpoint").exists()


def test_a_damaged_checkpoint_is_explained(train: Deepem, tmp_path: Path) -> None:
    (tmp_path / "m.deepem.checkpoint").write_bytes(b"damaged")
    ended = train("--resume")
    assert ended.code == 1
    assert "m.deepem.checkpoint: is damaged" in ended.err
    assert "Start again with --overwrite" in ended.err
    assert train("--overwrite").code == 0


def test_a_full_disk_keeps_nothing_half_written(
    train: Deepem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("deepem.io.atomic.os.fsync", sync)
    ended = train()
    assert ended.code == 1
    assert "the disk is full; free some space" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["labelled"]


def test_validation_micrographs_are_not_learnt_from(
    train: Deepem, labelled: Path, tmp_path: Path
) -> None:
    ended = train("--valid", labelled / "mic_0002.mrc")
    assert ended.code == 0
    assert "Warning: Coordinate files" not in ended.err
    record = load_model(tmp_path / "m.deepem").header.training
    assert record["micrographs"] == ["mic_0001", "mic_0003", "mic_0004"]
    assert record["validation_micrographs"] == ["mic_0002"]


def test_own_negatives(train: Deepem, labelled: Path, tmp_path: Path) -> None:
    """More of them than there are particles are all learnt from."""
    folder = tmp_path / "negatives"
    folder.mkdir()
    (folder / "mic_0001.box").write_text("".join(f"{7 * n} 200 46 46\n" for n in range(30)))
    ended = train("--negatives", folder)
    assert ended.code == 0
    record = load_model(tmp_path / "m.deepem").header.training
    assert record["n_negatives"] > record["n_positives"] + 10
