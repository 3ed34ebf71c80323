"""The real RELION (3.1) takes our coordinates, and runs DeepEM as one of its jobs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
from numpy.typing import NDArray

from deepem.core import Listing, Picks
from deepem.io import open_micrograph, place_picks, read_picks, write_mrc, write_picks
from deepem.simulation import Scene, make_phantom, simulate_micrograph

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(shutil.which("relion_preprocess") is None, reason="RELION is not here"),
]

DEEPEM = Path(sys.executable).with_name("deepem")
MICROGRAPHS = "MotionCorr/job002/micrographs.star"
PICKS = Path("AutoPick/job010/autopick.star")
PIXEL_SIZE_ANGSTROM = 4.0


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty RELION project, in which everything runs, as RELION runs its jobs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def relion(program: str, *arguments: object) -> str:
    ended = subprocess.run(
        [f"relion_{program}", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def add_micrograph(number: int, pixels: NDArray[Any]) -> str:
    """Put a micrograph where motion correction would; returns its name in RELION's lists.

    As float32: RELION 3.1 takes the unsigned 16-bit integers of some files for signed ones.
    """
    name = f"MotionCorr/job002/movies/mic_{number}.mrc"
    write_mrc(Path(name), pixels.astype(np.float32), pixel_size_angstrom=PIXEL_SIZE_ANGSTROM)
    return name


def list_micrographs(names: Sequence[str]) -> None:
    """Write the list of micrographs as motion correction writes it, with optics."""
    optics = (
        "rlnOpticsGroupName", "rlnOpticsGroup", "rlnMicrographPixelSize",
        "rlnMicrographOriginalPixelSize", "rlnVoltage", "rlnSphericalAberration",
        "rlnAmplitudeContrast",
    )  # fmt: skip
    size = PIXEL_SIZE_ANGSTROM
    tables = (
        ("optics", optics, [f"opticsGroup1 1 {size} {size} 300 2.7 0.1"]),
        ("micrographs", ("rlnMicrographName", "rlnOpticsGroup"), [f"{name} 1" for name in names]),
    )
    text = ""
    for table, columns, rows in tables:
        labels = "".join(f"_{column} #{number}\n" for number, column in enumerate(columns, start=1))
        text += f"\n# version 30001\n\ndata_{table}\n\nloop_\n{labels}" + "\n".join(rows) + "\n"
    Path(MICROGRAPHS).write_text(text)


def extract(picks: Path, suffix: str, *, box_size: int, out: str = "Extract/job011/") -> Path:
    """Extract as RELION 3.1's job does, neither normalised nor inverted; returns the list."""
    particles = Path(out) / "particles.star"
    relion(
        "preprocess", "--i", MICROGRAPHS, "--coord_dir", f"{picks}/", "--coord_suffix", suffix,
        "--part_star", particles, "--part_dir", out, "--extract", "--extract_size", box_size,
    )  # fmt: skip
    return particles


def read_stack(name: str, out: str = "Extract/job011/") -> NDArray[np.float32]:
    path = Path(out) / Path(name).relative_to("MotionCorr/job002").with_suffix(".mrcs")
    with mrcfile.open(path) as file:
        return np.array(file.data).reshape(-1, *file.data.shape[-2:])


def cut_boxes(
    pixels: NDArray[Any], picks: Picks, *, box_size: int, flip: bool = False
) -> NDArray[np.float64]:
    """The boxes as RELION cuts them: whole pixels, centre at n // 2, edge pixels repeated."""
    ny, nx = pixels.shape
    y_px = ny - 1 - picks.y_px if flip else picks.y_px
    span = np.arange(box_size) - box_size // 2
    rows = np.clip(y_px.astype(int)[:, None] + span, 0, ny - 1)
    columns = np.clip(picks.x_px.astype(int)[:, None] + span, 0, nx - 1)
    return pixels[rows[:, :, None], columns[:, None, :]].astype(np.float64)


def correlate(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def simulate(number: int, **options: Any) -> Scene:
    return simulate_micrograph(
        make_phantom("apoferritin"),
        n_particles=25,
        pixel_size_angstrom=PIXEL_SIZE_ANGSTROM,
        seed=number,
        snr=0.3,
        **options,
    )


def real_case(path: str) -> Callable[[Path], tuple[NDArray[Any], Picks]]:
    """A real micrograph with the boxes that people drew on it."""

    def load(shared_data: Path) -> tuple[NDArray[Any], Picks]:
        micrograph = open_micrograph(shared_data / path)
        (boxes,) = read_picks((shared_data / path).with_suffix(".box"))
        return micrograph.pixels(), place_picks(boxes, micrograph)

    return load


def simulated_case(shared_data: Path) -> tuple[NDArray[Any], Picks]:
    """Particles in the upper left of a wide micrograph, between pixels."""
    scene = simulate(1, shape=(400, 560))
    is_upper_left = (scene.truth.x_px < 400) & (scene.truth.y_px < 260)
    return scene.micrograph.pixels(), scene.truth.take(is_upper_left)


CASES = {
    "apoferritin": real_case("apoferritin/test/May08_05_35_20.mrc"),
    "beta_galactosidase": real_case("beta_galactosidase/test/Falcon_2012_06_12-14_33_35_0.mrc"),
    "klh": real_case("klh/processed/KLH_001.mrc"),
    "simulated": simulated_case,
}


@pytest.mark.parametrize("suffix", ["_autopick.star", ".box"])
@pytest.mark.parametrize("case", CASES)
def test_relion_extracts_the_particles_that_we_picked(
    case: str, suffix: str, shared_data: Path, record_property: Callable[[str, object], None]
) -> None:
    pixels, picks = CASES[case](shared_data)
    name = add_micrograph(1, pixels)
    list_micrographs([name])
    box_size = picks.box_size_px
    assert box_size is not None
    box_size += box_size % 2
    picks = replace(picks, listing=Listing(name), box_size_px=box_size)
    if suffix == ".box":
        write_picks(picks, PICKS.parent / "movies" / "mic_1.box")
        # a box keeps whole pixels, the nearest ones; what RELION makes of these is the question
        picks = replace(picks, x_px=np.floor(picks.x_px + 0.5), y_px=np.floor(picks.y_px + 0.5))
    else:
        write_picks([picks], PICKS, format="relion")

    extract(PICKS.parent, suffix, box_size=box_size)

    stack = read_stack(name)
    ours = cut_boxes(pixels, picks, box_size=box_size)
    assert len(stack) == len(picks)
    average = stack.mean(axis=0, dtype=np.float64)
    same = correlate(average, ours.mean(axis=0))
    flipped = cut_boxes(pixels, picks, box_size=box_size, flip=True)
    other = correlate(average, flipped.mean(axis=0))
    record_property("correlation", same)
    record_property("correlation_flipped", other)
    print(f"{case}{suffix}: {len(stack)} boxes, {same:.6f}, flipped {other:.3f}")  # noqa: T201
    assert same >= 0.99
    assert other <= 0.5  # else this test could not tell
    np.testing.assert_allclose(stack, ours, atol=1e-4 * float(np.ptp(pixels)))


def test_relion_reads_the_list_of_coordinate_files() -> None:
    """RELION 4 and 5 extract from this list: names letter by letter, files from the project."""
    scenes = [simulate(number, shape=(200, 300)) for number in (1, 2)]
    names = [add_micrograph(i, scene.micrograph.pixels()) for i, scene in enumerate(scenes, 1)]
    list_micrographs(names)
    picks = [
        replace(scene.truth, listing=Listing(name))
        for scene, name in zip(scenes, names, strict=True)
    ]
    write_picks(picks, PICKS, format="relion")
    printed = relion(
        "star_printtable", PICKS, "data_coordinate_files", "_rlnMicrographName",
        "_rlnMicrographCoordinates",
    )  # fmt: skip
    rows = [line.split() for line in printed.splitlines()]
    assert [name for name, _ in rows] == names
    assert all(Path(file).is_file() for _, file in rows)
    particles = extract(PICKS.parent, "_autopick.star", box_size=48)
    assert [len(read_stack(name)) for name in names] == [len(one) for one in picks]
    assert sum(len(one) for one in read_picks(particles)) == sum(map(len, picks))


def test_relion_keeps_scores_to_select_by() -> None:
    """RELION 3.1 has no «minimum autopick FOM» in extraction; its selection does the same."""
    scene = simulate(1, shape=(300, 400))
    name = add_micrograph(1, scene.micrograph.pixels())
    list_micrographs([name])
    score = np.linspace(0.05, 0.95, len(scene.truth))
    picks = replace(scene.truth, listing=Listing(name), score=score)
    write_picks([picks], PICKS, format="relion")
    particles = extract(PICKS.parent, "_autopick.star", box_size=48)
    selected = particles.with_name("selected.star")
    column = "rlnAutopickFigureOfMerit"
    relion("star_handler", "--i", particles, "--select", column, "--minval", 0.52, "--o", selected)
    (kept,) = read_picks(selected)
    np.testing.assert_allclose(np.sort(kept.score), score[score >= 0.52], atol=1e-6)
    np.testing.assert_allclose(kept.x_px, picks.x_px[score >= 0.52], atol=1e-5)


def test_relion_takes_an_empty_file_for_no_particles() -> None:
    scenes = [simulate(number, shape=(200, 300)) for number in (1, 2)]
    names = [add_micrograph(i, scene.micrograph.pixels()) for i, scene in enumerate(scenes, 1)]
    list_micrographs(names)
    folder = PICKS.parent / "movies"
    write_picks(scenes[0].truth, folder / "mic_1_autopick.star")
    write_picks(Picks("mic_2"), folder / "mic_2_autopick.star")
    extract(PICKS.parent, "_autopick.star", box_size=48)
    assert len(read_stack(names[0])) == len(scenes[0].truth)
    assert not (Path("Extract/job011/movies/mic_2.mrcs")).exists()


EXTERNAL, EXTRACT = 99, 5  # types of jobs in RELION 3.1
JOB = """
data_job

_rlnJobType {job_type}
_rlnJobIsContinue 0

data_joboptions_values

loop_
_rlnJobOptionVariable #1
_rlnJobOptionValue #2
"""


def start_project(next_job: int) -> None:
    """Write the pipeline of a project, as RELION's window does when it is opened."""
    Path("default_pipeline.star").write_text(
        f"\ndata_pipeline_general\n\n_rlnPipeLineJobCounter {next_job}\n"
    )


def run_job(folder: str, job_type: int, **options: object) -> str:
    """Add a job and run it, by RELION's own pipeliner; returns the pipeline after it."""
    rows = "".join(f'{name} "{value}"\n' for name, value in options.items())
    Path("new_job.star").write_text(JOB.format(job_type=job_type) + rows)
    relion("pipeliner", "--addJobFromStar", "new_job.star")
    return go_on(folder)


def run_external_job(folder: str, command: str, coordinates: str = "", **labels: object) -> str:
    """Fill in the fields of an External job and run it."""
    options: dict[str, object] = {"fn_exe": f"{DEEPEM} {command}", "in_mic": MICROGRAPHS}
    options |= {"in_coords": coordinates, "nr_threads": 1}
    for number, (label, value) in enumerate(labels.items(), start=1):
        options |= {f"param{number}_label": label, f"param{number}_value": value}
    return run_job(folder, EXTERNAL, **options)


def go_on(folder: str) -> str:
    """Run a job that is in the pipeline, or run it again; returns the pipeline after it."""
    relion("pipeliner", "--RunJobs", folder, "--sec_wait_after", 1)
    return Path("default_pipeline.star").read_text()


def find_status(pipeline: str, job: str) -> int:
    """2 is finished, 3 failed and 4 aborted, in the tables of RELION 3.1."""
    rows = [line.split() for line in pipeline.splitlines()]
    (status,) = [row[3] for row in rows if len(row) == 4 and row[0] == job]
    return int(status)


def test_deepem_is_a_job_of_relion(project: Path) -> None:
    """Train on manual picks, pick and extract, all of it started and watched by RELION."""
    scenes = [simulate(number, shape=(360, 400)) for number in range(1, 7)]
    names = [add_micrograph(i, scene.micrograph.pixels()) for i, scene in enumerate(scenes, 1)]
    list_micrographs(names)
    labels = [
        replace(scene.truth, listing=Listing(name))
        for scene, name in zip(scenes[:4], names, strict=False)
    ]
    write_picks(labels, "ManualPick/job002/manualpick.star", format="relion")
    suffix = "ManualPick/job002/coords_suffix_manualpick.star"
    Path(suffix).write_text(f"{MICROGRAPHS}\n")
    start_project(next_job=3)

    pipeline = run_external_job(
        "External/job003/", "relion train", suffix, diameter=130, updates=100
    )
    run_err = Path("External/job003/run.err").read_text()
    assert find_status(pipeline, "External/job003/") == 2, run_err
    assert "External/job003/logfile.pdf           13" in pipeline
    assert f"{suffix} External/job003/" in pipeline

    model = "External/job003/model.deepem"
    pipeline = run_external_job("External/job004/", "relion pick", model=model, threshold=0.5)
    run_err = Path("External/job004/run.err").read_text()
    assert find_status(pipeline, "External/job004/") == 2, run_err
    assert "External/job004/coords_suffix_autopick.star            2" in pipeline
    assert "External/job004/ External/job004/coords_suffix_autopick.star" in pipeline
    assert run_err == ""

    pipeline = run_job(
        "Extract/job005/",
        EXTRACT,
        star_mics=MICROGRAPHS,
        coords_suffix="External/job004/coords_suffix_autopick.star",
        extract_size=48,
        do_invert="No",
        do_norm="No",
        do_rescale="No",
    )
    assert find_status(pipeline, "Extract/job005/") == 2
    particles = read_picks("Extract/job005/particles.star")
    picked = read_picks("External/job004/autopick.star")
    assert [len(one) for one in particles] == [len(one) for one in picked]
    assert sum(len(one) for one in picked) > 100
    for name, one, scene in zip(names[4:], picked[4:], scenes[4:], strict=True):  # not learnt from
        stack, pixels = read_stack(name, "Extract/job005/"), scene.micrograph.pixels()
        average = stack.mean(axis=0, dtype=np.float64)
        truth = cut_boxes(pixels, scene.truth, box_size=48)
        assert abs(len(stack) - len(truth)) <= 3
        assert correlate(average, cut_boxes(pixels, one, box_size=48).mean(axis=0)) > 0.99
        assert correlate(average, truth.mean(axis=0)) > 0.75  # picks are a pixel off their particle

    # When the job goes on, nothing is picked twice.
    pipeline = go_on("External/job004/")
    assert find_status(pipeline, "External/job004/") == 2
    assert "6 of 6 micrographs were picked before" in Path("External/job004/run.out").read_text()
    assert len(read_picks("External/job004/autopick.star")) == len(picked)


def test_relion_sees_that_a_job_has_failed(project: Path) -> None:
    list_micrographs([add_micrograph(1, simulate(1, shape=(200, 300)).micrograph.pixels())])
    start_project(next_job=3)
    pipeline = run_external_job("External/job003/", "relion pick", modl="m.deepem")
    assert find_status(pipeline, "External/job003/") == 3
    assert "No such option: --modl" in Path("External/job003/run.err").read_text()
    # RELION appends --pipeline_control, because "relion_" is in the command
    pipeline = run_external_job("External/job004/", "relion pick", model="relion_model/none.deepem")
    assert find_status(pipeline, "External/job004/") == 3
    assert "there is no such model file" in Path("External/job004/run.err").read_text()


def test_relion_sees_that_a_job_was_aborted(project: Path) -> None:
    scene = simulate(1, shape=(300, 300))
    name = add_micrograph(1, scene.micrograph.pixels())
    list_micrographs([name])
    suffix = "ManualPick/job002/coords_suffix_manualpick.star"
    write_picks(scene.truth, Path("ManualPick/job002/movies/mic_1_manualpick.star"))
    Path(suffix).write_text(f"{MICROGRAPHS}\n")
    start_project(next_job=3)
    folder = Path("External/job003")

    def ask() -> None:
        while not (folder / "model.deepem.checkpoint").exists():
            time.sleep(0.01)
        (folder / "RELION_JOB_ABORT_NOW").touch()  # what RELION's window does

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    pipeline = run_external_job(f"{folder}/", "relion train", suffix, diameter=130, updates=5000)
    thread.join(timeout=1)
    assert find_status(pipeline, f"{folder}/") == 4
    assert not (folder / "RELION_JOB_ABORT_NOW").exists()
    assert "Stopped: aborted in RELION" in (folder / "run.err").read_text()


def test_relion_imports_our_coordinate_files() -> None:
    """What `deepem pick` writes beside the micrographs goes through an Import job."""
    scene = simulate(1, shape=(200, 300))
    name = add_micrograph(1, scene.micrograph.pixels())
    list_micrographs([name])
    write_picks(scene.truth, Path("movies/mic_1.star"))
    job = "Import/job006/"
    Path(job).mkdir(parents=True)  # as RELION's window does
    relion(
        "import", "--do_coordinates", "--i", "movies/*.star", "--odir", job,
        "--ofile", "coords_suffix.star",
    )  # fmt: skip
    extract(Path(job), ".star", box_size=48)
    assert len(read_stack(name)) == len(scene.truth)
