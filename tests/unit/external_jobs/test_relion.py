"""What RELION finds in the folder of a job, however the job ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Listing, Picks
from deepem.external_jobs.relion import JobAborted, RelionJob, find_dialect, mark_failed
from deepem.external_jobs.relion_files import (
    LIST_NAME,
    PickingFolder,
    find_coordinate_file,
    list_coordinates,
)
from deepem.io import MicrographFile, read_picks, write_picks

FOLDER = Path("External/job012")
MICROGRAPH = "MotionCorr/job002/movies/mic_1.mrc"

PIPELINE = "\ndata_pipeline_nodes\n\nloop_\n_rlnPipeLineNodeName #1\n_{column} #2\nm.star {node}\n"
PIPELINES = {
    3: PIPELINE.format(column="rlnPipeLineNodeType", node=1),
    4: PIPELINE.format(column="rlnPipeLineNodeTypeLabel", node="MicrographsData.star.relion.ctf"),
    5: PIPELINE.format(
        column="rlnPipeLineNodeTypeLabel", node="MicrographGroupMetadata.star.relion.ctf"
    ),
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def exit_files() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("RELION_JOB_*"))


def run(*steps: Callable[[RelionJob], object]) -> None:
    with RelionJob(FOLDER) as job:
        for step in steps:
            step(job)


def list_output(job: RelionJob) -> None:
    job.add_output("autopick.star", "coordinates")


def write_pipeline(generation: int) -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "job_pipeline.star").write_text(PIPELINES[generation])


@pytest.mark.parametrize(
    ("generation", "column", "coordinates", "logfile"),
    [
        (3, "_rlnPipeLineNodeType", "2", "13"),
        (
            4,
            "_rlnPipeLineNodeTypeLabel",
            "MicrographsCoords.star.relion.autopick",
            "LogFile.pdf.relion.autopick",
        ),
        (
            5,
            "_rlnPipeLineNodeTypeLabel",
            "MicrographCoordsGroup.star.relion.autopick",
            "LogFile.pdf.relion.autopick",
        ),
    ],
)
def test_a_job_that_ends_well_lists_its_outputs_in_the_words_of_each_relion(
    generation: int, column: str, coordinates: str, logfile: str
) -> None:
    write_pipeline(generation)
    with RelionJob("External/job012/") as job:
        job.add_output("autopick.star", "coordinates")
        job.add_output("logfile.pdf", "logfile")
        assert exit_files() == []
    assert exit_files() == ["RELION_JOB_EXIT_SUCCESS"]
    lines = (FOLDER / "RELION_OUTPUT_NODES.star").read_text().split("\n")
    assert [line for line in lines if line] == [
        "data_output_nodes",
        "loop_",
        "_rlnPipeLineNodeName #1",
        f"{column} #2",
        f"External/job012/autopick.star {coordinates}",
        f"External/job012/logfile.pdf {logfile}",
    ]


def test_relion_is_known_by_the_job_then_by_the_project() -> None:
    assert find_dialect(FOLDER).generation == 5
    Path("default_pipeline.star").write_text(PIPELINES[3])
    assert find_dialect(FOLDER).generation == 3
    write_pipeline(4)
    assert find_dialect(FOLDER).generation == 4


def test_a_pipeline_without_outputs_yet_is_no_relion_4() -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "job_pipeline.star").write_text("data_pipeline_general\n_rlnPipeLineJobCounter 2\n")
    assert find_dialect(FOLDER).generation == 5


def test_an_error_is_a_failure_and_goes_on() -> None:
    def fail(job: RelionJob) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run(list_output, fail)
    assert exit_files() == ["RELION_JOB_EXIT_FAILURE"]
    assert not (FOLDER / "RELION_OUTPUT_NODES.star").exists()


def test_a_request_to_abort_is_heeded_and_removed() -> None:
    def ask(job: RelionJob) -> None:
        (FOLDER / "RELION_JOB_ABORT_NOW").touch()

    run(RelionJob.check_abort)
    with pytest.raises(JobAborted):
        run(ask, RelionJob.check_abort)
    assert exit_files() == ["RELION_JOB_EXIT_ABORTED"]


def test_an_aborted_job_lists_what_it_has_for_mark_as_finished() -> None:
    def interrupt(job: RelionJob) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(list_output, interrupt)
    assert exit_files() == ["RELION_JOB_EXIT_ABORTED"]
    assert "autopick.star" in (FOLDER / "RELION_OUTPUT_NODES.star").read_text()


def test_a_signal_to_terminate_aborts_and_its_handler_is_put_back() -> None:
    def terminate(job: RelionJob) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(JobAborted, match="SIGTERM"):
        run(terminate)
    assert exit_files() == ["RELION_JOB_EXIT_ABORTED"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_in_a_process_of_its_own_is_stopped(number: signal.Signals) -> None:
    code = (
        "import time\nfrom deepem.external_jobs.relion import RelionJob\n"
        "with RelionJob('External/job012/'):\n    print('begun', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(number)
        assert process.wait(timeout=30) != 0
    assert exit_files() == ["RELION_JOB_EXIT_ABORTED"]


def test_exit_files_of_an_earlier_run_are_gone_when_the_job_goes_on() -> None:
    FOLDER.mkdir(parents=True)
    for end in ("EXIT_SUCCESS", "EXIT_FAILURE", "EXIT_ABORTED", "ABORT_NOW"):
        (FOLDER / f"RELION_JOB_{end}").touch()
    with RelionJob(FOLDER) as job:
        assert exit_files() == []
        job.check_abort()
    assert exit_files() == ["RELION_JOB_EXIT_SUCCESS"]


def test_outputs_that_cannot_be_written_are_a_failure() -> None:
    (FOLDER / "RELION_OUTPUT_NODES.star").mkdir(parents=True)
    with pytest.raises(OSError, match="is a folder"):
        run(list_output)
    assert exit_files() == ["RELION_JOB_EXIT_FAILURE"]


def test_a_job_that_never_began_has_failed() -> None:
    mark_failed("External/job012/")
    assert exit_files() == ["RELION_JOB_EXIT_FAILURE"]


@pytest.mark.parametrize(
    ("micrograph", "inside"),
    [
        (MICROGRAPH, "movies/mic_1_autopick.star"),
        ("movies/mic.1.tif", "movies/mic.1_autopick.star"),
        ("mic_1.mrc", "mic_1_autopick.star"),
        ("/data/../mic_1.mrc", "data/mic_1_autopick.star"),
    ],
)
def test_coordinates_lie_where_our_writer_of_the_format_puts_them(
    micrograph: str, inside: str
) -> None:
    picks = Picks("mic_1", [1], [2], listing=Listing(micrograph))
    write_picks([picks], FOLDER / LIST_NAME, format="relion")
    path = find_coordinate_file(FOLDER, micrograph, f"_{LIST_NAME}")
    assert path == FOLDER / inside
    assert path.is_file()


def test_the_suffix_file_of_relion_3_stands_for_the_files_that_are_there() -> None:
    folder = Path("ManualPick/job004")
    files = [
        MicrographFile(Path(name), listing=Listing(name))
        for name in (MICROGRAPH, "MotionCorr/job002/movies/mic_2.mrc")
    ]
    there = folder / "movies/mic_1_manualpick.star"
    write_picks(Picks("mic_1", [1], [2]), there)
    assert list_coordinates(folder / "coords_suffix_manualpick.star", files) == [there]
    assert list_coordinates(folder / "manualpick.star", files) == [folder / "manualpick.star"]


def make_picks(n: int, score: float = 0.9) -> Picks:
    return Picks("mic_1", np.arange(n), np.arange(n), score=np.full(n, score))


def test_a_picking_folder_takes_up_what_was_done() -> None:
    names = [MICROGRAPH, "MotionCorr/job002/movies/mic 2.mrc", "MotionCorr/job002/movies/mic_3.mrc"]
    FOLDER.mkdir(parents=True)
    folder = PickingFolder(FOLDER, {"threshold": "0.5"})
    folder.add(names[0], make_picks(3))
    folder.add(names[1], make_picks(2))
    folder.add(names[2], make_picks(0))
    assert not folder.coordinate_file(names[2]).exists()

    again = PickingFolder(FOLDER, {"threshold": "0.5"})
    assert again.done == folder.done
    assert not again.had_other_settings
    rows = again.write_lists(names)
    assert [(row.name, row.n_picks, row.mean_score) for row in rows] == [
        (names[0], 3, 0.9),
        (names[1], 2, 0.9),
        (names[2], 0, 0.0),
    ]
    listed = read_picks(FOLDER / LIST_NAME)
    assert [picks.listing and picks.listing.path for picks in listed] == names[:2]
    assert [len(picks) for picks in listed] == [3, 2]
    assert "rlnGroupNrParticles" in (FOLDER / "summary.star").read_text()


def test_picks_of_other_settings_are_removed_as_a_suffix_would_find_them() -> None:
    FOLDER.mkdir(parents=True)
    folder = PickingFolder(FOLDER, {"threshold": "0.5"})
    folder.add(MICROGRAPH, make_picks(3))
    other = PickingFolder(FOLDER, {"threshold": "0.6"})
    assert other.had_other_settings
    assert other.done == {}
    assert not other.coordinate_file(MICROGRAPH).exists()


def test_a_lost_file_or_a_line_cut_off_is_picked_again() -> None:
    FOLDER.mkdir(parents=True)
    folder = PickingFolder(FOLDER, {})
    folder.add(MICROGRAPH, make_picks(3))
    folder.add("mic_2.mrc", make_picks(3))
    folder.coordinate_file("mic_2.mrc").unlink()
    with (FOLDER / "deepem_picked.jsonl").open("a") as file:
        file.write('["mic_3.mrc", 3, 0.')
    assert list(PickingFolder(FOLDER, {}).done) == [MICROGRAPH]
