"""The job that asks the images whether coordinates fit them."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from PIL import Image

from deepem.core import Orientation
from deepem.errors import ConfigError, NotFoundError
from deepem.io import write_mrc
from deepem.simulation import Scene, make_phantom, simulate_dataset
from deepem.studio.jobs import checking
from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.kinds import find_kind
from deepem.studio.jobs.record import JobRequest, now
from deepem.studio.jobs.work import Work
from deepem.studio.labels.operations import Operation
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.imported_set import write_imported
from deepem.studio.project import Project

FLIPPED = Orientation(flip_y=True)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Two micrographs that are not square."""
    return list(
        simulate_dataset(
            make_phantom("ribosome"),
            2,
            n_particles=20,
            pixel_size_angstrom=8,
            shape=(320, 460),
            snr=0.05,
            seed=3,
        )
    )


@pytest.fixture
def shown(scenes: list[Scene], tmp_path: Path) -> Project:
    """The project of these micrographs, and coordinates of another program, rows turned round."""
    folder = tmp_path / "particles"
    for scene in scenes:
        path = folder / f"{scene.micrograph.name}.mrc"
        write_mrc(path, scene.micrograph.pixels(), pixel_size_angstrom=8)
    project = Project(folder)
    project.update(diameter_angstrom=260)
    turned = {
        scene.micrograph.name: FLIPPED.apply(scene.truth, scene.micrograph.shape)
        for scene in scenes
    }
    write_imported(project.imported_dir / "other", "Other program", now(), turned)
    return project


def label(project: Project, scenes: list[Scene], *, complete: bool | None = None) -> None:
    store = LabelStore(project)
    for scene in scenes:
        places = zip(scene.truth.x_px.tolist(), scene.truth.y_px.tolist(), strict=True)
        operations = [Operation("add", "particle", x, y) for x, y in places]
        store.apply(scene.micrograph.name, operations, complete=complete)


def start(project: Project, **options: object) -> Work:
    """A job as its process begins it."""
    prepared = checking.prepare(project, options)
    request = JobRequest(
        kind="check",
        title=prepared.title,
        created=now(),
        options=prepared.options.model_dump(),
    )
    folder = JobFolder.create(project.jobs_dir, request)
    return Work(folder, project, request.options, created_s=time.time())


def test_labels_fit_their_images(shown, scenes):
    label(shown, scenes)
    work = start(shown, picks="labels")
    checking.run(work)
    result = work.folder.read_status().result
    assert (result["fits"], result["verdict"], result["mend"]) == (True, "fits", "")
    assert "fit the images as they are" in result["summary"]
    assert "No box" not in result["summary"]
    best, *others = result["options"]
    assert (best["flags"], best["describes"][:12]) == ("", "as they are:")
    assert all(best["score"] > 1.6 * other["score"] for other in others)
    assert result["picture"] is True
    picture = Image.open(io.BytesIO(work.folder.picture_path.read_bytes()))
    assert (picture.format, picture.width > 800) == ("PNG", True)


@pytest.mark.parametrize("complete", [None, True])
def test_turned_coordinates_are_found_out_whatever_is_labelled(shown, scenes, complete):
    label(shown, scenes, complete=complete)
    work = start(shown, picks="imported-other")
    checking.run(work)
    result = work.folder.read_status().result
    assert (result["fits"], result["mend"]) == (False, "--flip-y")
    assert result["options"][0]["flags"] == "--flip-y"
    assert "rows from the other side" in result["options"][0]["describes"]


def test_picks_at_the_edge_alone_leave_nothing_to_see(shown, scenes):
    name = scenes[0].micrograph.name
    operations = [Operation("add", "particle", x, 2.0) for x in (50.0, 150.0, 250.0)]
    LabelStore(shown).apply(name, operations)
    work = start(shown, picks="labels")
    checking.run(work)
    result = work.folder.read_status().result
    assert result["verdict"] == "cannot tell"
    assert "No box could be cut around the picks as they are" in result["summary"]
    assert result["picture"] is True


def test_a_damaged_micrograph_does_not_stop_the_check(shown, scenes, caplog):
    label(shown, scenes)
    shown.file("mic_0002").path.write_bytes(b"no micrograph")
    work = start(shown, picks="imported-other")
    checking.run(work)
    assert work.folder.read_status().result["n_micrographs"] == 1
    assert "mic_0002" in caplog.text


def test_what_cannot_be_checked_is_refused_at_once(shown):
    with pytest.raises(ConfigError, match="pick or label some first"):
        checking.prepare(shown, {"picks": "labels"})
    with pytest.raises(NotFoundError, match="no set of picks '9'"):
        checking.prepare(shown, {"picks": "9"})
    with pytest.raises(ConfigError, match="picks"):
        checking.prepare(shown, {"picks": "../labels"})
    with pytest.raises(ConfigError, match="it has picks, seed"):
        checking.prepare(shown, {"picks": "labels", "diameter": 3})


def test_micrographs_that_are_empty_have_nothing_to_check(shown, scenes):
    LabelStore(shown).apply("mic_0001", [], complete=True)
    work = start(shown, picks="labels")
    with pytest.raises(ConfigError, match="the log says why"):
        checking.run(work)


def test_the_same_seed_says_the_same(shown, scenes):
    results = []
    for _ in range(2):
        work = start(shown, picks="imported-other", seed=5)
        checking.run(work)
        results.append(work.folder.read_status().result)
    assert results[0] == results[1]


def test_it_is_a_kind_of_job(shown):
    assert find_kind("check")[1].run is checking.run
