"""``deepem relion`` in a simulated project of RELION, as RELION calls it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepem.core import Listing
from deepem.io import read_picks, write_picks
from deepem.networks import load_model

Deepem = Callable[..., Any]

MICROGRAPHS = Path("CtfFind/job003/micrographs_ctf.star")
FOLDER = Path("External/job012")
NAMES = [f"MotionCorr/job002/movies/mic_000{number}.mrc" for number in range(1, 6)]
PIPELINE_OF_3 = (
    "data_pipeline_nodes\nloop_\n_rlnPipeLineNodeName #1\n_rlnPipeLineNodeType #2\nm.star 1\n"
)


@pytest.fixture(autouse=True)
def _project(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Micrographs, their list with a true pixel size, and manual picks on four of the five."""
    monkeypatch.chdir(tmp_path)
    truth = []
    for name in NAMES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(simulated / Path(name).name, name)
        (boxes,) = read_picks((simulated / Path(name).name).with_suffix(".box"))
        truth.append(replace(boxes, listing=Listing(name)))
    write_picks(truth[:4], "ManualPick/job004/manualpick.star", format="relion")
    write_picks(truth[:4], "Extract/job007/particles.star", format="particles")
    list_micrographs(*NAMES)


def list_micrographs(*names: str) -> None:
    rows = "".join(f"{name} 1\n" for name in names)
    MICROGRAPHS.parent.mkdir(parents=True, exist_ok=True)
    MICROGRAPHS.write_text(
        "data_optics\nloop_\n_rlnOpticsGroup #1\n_rlnMicrographPixelSize #2\n1 4.0\n\n"
        f"data_micrographs\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n{rows}"
    )


@pytest.fixture
def pick(deepem: Deepem, model: Path) -> Deepem:
    def run(*options: object) -> Any:
        return deepem(
            "relion", "pick", "--o", f"{FOLDER}/", "--in_mics", MICROGRAPHS, "--model", model,
            *options, "--j", 1,
        )  # fmt: skip

    return run


@pytest.fixture
def train(deepem: Deepem) -> Deepem:
    def run(*options: object) -> Any:
        return deepem(
            "relion", "train", "--o", f"{FOLDER}/", "--in_mics", MICROGRAPHS, "--diameter", 123,
            "--updates", 2, "--j", 1, *options,
        )  # fmt: skip

    return run


def exit_files() -> list[str]:
    return sorted(path.name.removeprefix("RELION_JOB_") for path in FOLDER.glob("RELION_JOB_*"))


def picked_now(out: str) -> list[str]:
    """Micrographs in the table that a run printed."""
    return [line.split("\t")[0] for line in out.splitlines() if line.startswith("MotionCorr")]


def test_pick_leaves_what_a_picking_job_of_relion_leaves(pick: Deepem) -> None:
    ended = pick("--pipeline_control", f"{FOLDER}/")
    assert (ended.code, ended.err) == (0, "")
    assert exit_files() == ["EXIT_SUCCESS"]
    listed = read_picks(FOLDER / "autopick.star")
    assert [one.listing and one.listing.path for one in listed] == NAMES
    assert picked_now(ended.out) == NAMES
    for name, one in zip(NAMES, listed, strict=True):
        path = FOLDER / "movies" / f"{Path(name).stem}_autopick.star"
        (again,) = read_picks(path)
        assert len(again) == len(one) > 0
        assert str(path) in (FOLDER / "autopick.star").read_text()
    nodes = (FOLDER / "RELION_OUTPUT_NODES.star").read_text()
    assert f"{FOLDER}/autopick.star MicrographCoordsGroup.star.relion.autopick\n" in nodes
    assert f"{FOLDER}/logfile.pdf LogFile.pdf.relion.autopick\n" in nodes
    assert not (FOLDER / "coords_suffix_autopick.star").exists()
    pdf = (FOLDER / "logfile.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(pdf) < 3_000_000
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 3


def test_pick_in_relion_3_names_an_ending_instead_of_a_list(pick: Deepem) -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "job_pipeline.star").write_text(PIPELINE_OF_3)
    assert pick().code == 0
    nodes = (FOLDER / "RELION_OUTPUT_NODES.star").read_text()
    assert f"{FOLDER}/coords_suffix_autopick.star 2\n" in nodes
    assert f"{FOLDER}/logfile.pdf 13\n" in nodes
    assert (FOLDER / "coords_suffix_autopick.star").read_text() == f"{MICROGRAPHS}\n"


def test_a_job_that_goes_on_picks_new_micrographs_only(pick: Deepem) -> None:
    list_micrographs(*NAMES[:3])
    assert picked_now(pick().out) == NAMES[:3]
    first = (FOLDER / "movies/mic_0001_autopick.star").stat().st_mtime_ns
    list_micrographs(*NAMES)
    ended = pick()
    assert ended.code == 0
    assert picked_now(ended.out) == NAMES[3:]
    assert "3 of 5 micrographs were picked before" in ended.out
    assert (FOLDER / "movies/mic_0001_autopick.star").stat().st_mtime_ns == first
    assert len(read_picks(FOLDER / "autopick.star")) == 5

    ended = pick("--threshold", 0.99)
    assert "picking all micrographs again" in ended.out
    assert picked_now(ended.out) == NAMES


def test_a_request_to_abort_stops_between_micrographs(pick: Deepem) -> None:
    """As soon as the first micrograph is done, the user asks to stop."""
    first = FOLDER / "movies/mic_0001_autopick.star"

    def ask() -> None:
        while not first.exists():
            time.sleep(0.001)
        (FOLDER / "RELION_JOB_ABORT_NOW").touch()

    thread = threading.Thread(target=ask)
    thread.start()
    ended = pick()
    thread.join()
    assert ended.code == 130
    assert exit_files() == ["EXIT_ABORTED"]
    assert "goes on from there" in ended.err
    done = picked_now(ended.out)
    assert 1 <= len(done) < 5
    assert len(read_picks(FOLDER / "autopick.star")) == len(done)

    ended = pick()
    assert ended.code == 0
    assert exit_files() == ["EXIT_SUCCESS"]
    assert done + picked_now(ended.out) == NAMES


def test_a_bad_micrograph_is_named_and_the_others_are_done(pick: Deepem) -> None:
    Path(NAMES[1]).write_bytes(b"")
    ended = pick()
    assert ended.code == 3
    assert "mic_0002.mrc: is empty" in ended.err
    assert exit_files() == ["EXIT_SUCCESS"]
    assert len(read_picks(FOLDER / "autopick.star")) == 4


def test_a_job_with_nothing_done_has_failed(pick: Deepem) -> None:
    for name in NAMES:
        Path(name).unlink()
    ended = pick()
    assert ended.code == 1
    assert "none of its 5 micrographs can be picked" in ended.err
    assert exit_files() == ["EXIT_FAILURE"]


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--treshold", 0.5), "Labels for the Params tab: model, threshold"),
        (("--threshold", "high"), "Invalid value for '--threshold'"),
        (("--threshold",), "Invalid value for '--threshold'"),
        (("--in_movies", "movies.star"), "No such option: --in_movies"),
        (("--std_range", 3, 1), "must be two rising numbers"),
    ],
)
def test_a_wrong_label_or_value_is_a_failure_that_relion_sees(
    options: tuple[object, ...], cure: str, pick: Deepem
) -> None:
    ended = pick(*options)
    assert ended.code == 2
    assert cure in ended.err
    assert exit_files() == ["EXIT_FAILURE"]


@pytest.mark.parametrize(
    "source",
    [
        ("--in_coords", "ManualPick/job004/manualpick.star"),
        ("--in_coords", "ManualPick/job004/coords_suffix_manualpick.star"),
        ("--in_parts", "Extract/job007/particles.star"),
    ],
)
def test_train_on_what_relion_has(source: tuple[str, str], train: Deepem) -> None:
    ended = train(*source)
    assert ended.code == 0
    assert ended.err == ""
    assert exit_files() == ["EXIT_SUCCESS"]
    assert "4 of 5 micrographs have coordinates" in ended.out
    header = load_model(FOLDER / "model.deepem").header
    assert header.training["micrographs"] == [Path(name).stem for name in NAMES[:4]]
    assert header.pixel_size_angstrom == 4.0
    assert (FOLDER / "logfile.pdf").read_bytes().startswith(b"%PDF")
    assert f"{FOLDER}/logfile.pdf" in (FOLDER / "RELION_OUTPUT_NODES.star").read_text()
    assert not (FOLDER / "model.deepem.checkpoint").exists()


def test_a_training_that_was_aborted_goes_on(
    train: Deepem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepem.training.dense_loop._REPORT_EVERY", 2)  # steps, not fifty
    source = ("--in_coords", "ManualPick/job004/manualpick.star")
    checkpoint = FOLDER / "model.deepem.checkpoint"

    def ask() -> None:
        while not checkpoint.exists() and not exit_files():  # the training may fail before
            time.sleep(0.001)
        (FOLDER / "RELION_JOB_ABORT_NOW").touch()

    thread = threading.Thread(target=ask)
    thread.start()
    ended = train(*source, "--updates", 12)
    thread.join()
    assert ended.code == 130
    assert exit_files() == ["EXIT_ABORTED"]
    last_stage = ended.out.split("Training …")[1]
    assert "Step 1 of 6" in last_stage
    assert "Step 6 of 6" not in last_stage

    ended = train(*source, "--updates", 3)  # another training than the one that was stopped
    assert ended.code == 0
    assert "training from the beginning" in ended.out
    assert exit_files() == ["EXIT_SUCCESS"]


def test_train_wants_one_source(train: Deepem) -> None:
    ended = train()
    assert ended.code == 2
    assert "Input coordinates: give these or «Input particles»" in ended.err
    assert exit_files() == ["EXIT_FAILURE"]
