"""Sets are found by their folders; the sliders and the labels decide what is handed over."""

import logging

import numpy as np
import pytest

from deepem.errors import ConfigError, NotFoundError
from deepem.networks import read_model_header
from deepem.studio.jobs.models import model_path, name_quick
from deepem.studio.jobs.pick_set import begin_pick_set
from deepem.studio.labels import Operation
from deepem.studio.picks.pick_sets import PickSets
from deepem.studio.picks.selection import PickSelection

from .conftest import CALIBRATION, DIAMETER_PX, KEPT_X, ROWS


def test_a_new_project_has_no_sets(sets):
    assert sets.list() == []
    with pytest.raises(NotFoundError, match="there is no set of picks '001'"):
        sets.find("001")


@pytest.mark.usefixtures("picked")
def test_a_set_says_what_it_is(sets):
    (known,) = sets.list()
    assert (known.id, known.kind, known.model) == ("001", "model", "001")
    assert known.title == "Model 001, from 12 labels"
    assert known.count_micrographs() == 2
    assert known.calibration == CALIBRATION
    assert known.default == known.selection == PickSelection(
        threshold=0.3, std_low=0.5, std_high=1.5
    )  # fmt: skip


def test_first_picks_have_the_model_that_made_them(project, sets, write_model, write_candidates):
    header = write_model(name_quick("001"), calibration=None)
    folder = begin_pick_set(project, name_quick("001"), header)
    write_candidates(folder, "mic_2", ROWS)
    known = sets.find("001-quick")
    assert known.model == "001-quick"
    assert known.calibration is None
    assert known.names() == ["mic_2"]


def test_a_folder_that_deepem_pick_has_made_is_a_set_with_its_own_limits(
    project, sets, write_candidates
):
    write_candidates(project.picks_dir / "by_hand", "mic_0", ROWS)
    (known,) = sets.list()
    assert (known.title, known.model, known.calibration) == ("by_hand", None, None)
    assert known.default == PickSelection(threshold=0.4, std_low=0.6, std_high=1.4)
    assert known.final("mic_0").x_px.tolist() == [100.0, 150.25, 16.0]


@pytest.mark.parametrize("name", ["no candidates", "imported-x", "with blank", "..."])
def test_other_folders_are_no_sets(project, sets, write_candidates, name):
    folder = project.picks_dir / name
    folder.mkdir(parents=True)
    if name != "no candidates":
        write_candidates(folder, "mic_0", ROWS)
    assert sets.list() == []


def test_a_folder_that_leads_elsewhere_is_no_set(project, sets, write_candidates, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write_candidates(elsewhere, "mic_0", ROWS)
    project.picks_dir.mkdir()
    (project.picks_dir / "001").symlink_to(elsewhere)
    (project.picks_dir / "002").mkdir()
    (project.picks_dir / "002" / "candidates").symlink_to(elsewhere / "candidates")
    assert sets.list() == []


def test_micrographs_that_are_not_in_the_project_are_left_out(project, sets, picked, folder):
    (folder / "mic_1.mrc").rename(folder / "other.mrc")
    assert project.rescan()
    known = sets.find("001")
    assert known.names() == ["mic_0"]
    assert known.count_micrographs() == 1


@pytest.mark.usefixtures("picked")
def test_the_final_picks_are_those_of_the_selection(sets, project):
    picks = sets.find("001").final("mic_0")
    assert picks.x_px.tolist() == KEPT_X
    assert picks.frame == project.open("mic_0").frame
    assert picks.listing == project.file("mic_0").find_listing()
    assert picks.box_size_px == 60
    assert len(sets.find("001").final("mic_1")) == 0


@pytest.mark.usefixtures("picked")
def test_labels_correct_the_final_picks(sets, labels):
    labels.apply(
        "mic_0",
        [
            Operation("add", "negative", 150.25, 60.5),
            Operation("add", "particle", 300.0, 200.0),
            Operation("add", "particle", 101.0, 100.0),
        ],
    )
    picks = sets.find("001").final("mic_0")
    assert picks.x_px.tolist() == [100.0, 16.0, 250.0, 300.0]
    assert picks.score.tolist() == [0.95, 0.6, 0.3, 1.0]


@pytest.mark.usefixtures("picked")
def test_of_a_complete_micrograph_the_labels_are_handed_over(sets, labels):
    labels.apply("mic_0", [Operation("add", "particle", 101.0, 100.0)], complete=True)
    labels.apply("mic_1", complete=True)
    assert [sets.find("001").final(name).x_px.tolist() for name in ("mic_0", "mic_1")] == [
        [101.0],
        [],
    ]


@pytest.mark.usefixtures("picked")
def test_what_a_set_does_not_have_is_said(sets):
    known = sets.find("001")
    with pytest.raises(NotFoundError, match="has no picks of mic_2; pick this micrograph first"):
        known.final("mic_2")
    with pytest.raises(NotFoundError, match="there is no micrograph named 'mic_9'"):
        known.final("mic_9")
    assert not known.has("mic_2")
    assert known.has("mic_1")


@pytest.mark.usefixtures("picked")
def test_a_selection_outlives_the_server(project, sets, labels):
    chosen = PickSelection(threshold=0.55, std_high=1.1)
    sets.find("001").select(chosen)
    again = PickSets(project, labels).find("001")
    assert again.selection == chosen
    assert again.default.threshold == 0.3
    assert again.final("mic_0").x_px.tolist() == [100.0, 16.0]


@pytest.mark.usefixtures("picked")
def test_a_slider_that_moves_does_not_change_what_is_being_handed_over(sets):
    known = sets.find("001")
    read = known.reader()
    known.select(PickSelection(threshold=0.99))
    assert read("mic_0").x_px.tolist() == KEPT_X
    assert len(known.final("mic_0")) == 0


@pytest.mark.usefixtures("picked")
@pytest.mark.parametrize(
    ("selection", "field"),
    [
        (PickSelection(threshold=1.1), "threshold"),
        (PickSelection(threshold=-0.1), "threshold"),
        (PickSelection(threshold=0.5, std_low=1, std_high=1), "std_low"),
        (PickSelection(threshold=0.5, std_low=-1), "std_low"),
        (PickSelection(threshold=0.5, std_high=0), "std_high"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(sets, selection, field):
    known = sets.find("001")
    with pytest.raises(ConfigError) as refused:
        known.select(selection)
    assert refused.value.field == field
    assert known.selection == known.default


def test_a_damaged_selection_is_left_alone_and_said(sets, picked, caplog):
    (picked / "selection.json").write_text("{")
    with caplog.at_level(logging.WARNING, "deepem.studio"):
        assert sets.find("001").selection.threshold == 0.3
    assert "selection.json: is damaged" in caplog.text


def test_a_set_without_its_model_is_still_there(project, sets, picked, caplog):
    header = read_model_header(model_path(project, "001"))
    model_path(project, "001").unlink()
    with caplog.at_level(logging.WARNING, "deepem.studio"):
        known = sets.find("001")
        assert known.calibration is None
        assert known.default.threshold == 0.4 != header.threshold
    assert "there is no such model file" in caplog.text


def test_new_candidates_are_seen_and_told(sets, picked, published, write_candidates):
    known = sets.find("001")
    assert known.names() == ["mic_0", "mic_1"]
    assert published == []
    write_candidates(picked, "mic_2", ROWS)
    assert known.names() == ["mic_0", "mic_1", "mic_2"]
    assert published == [{"type": "picks", "id": "001"}]
    assert len(known.pool) == 2 * len(ROWS)
    write_candidates(picked, "mic_0", ROWS[:1])
    assert known.pool.of("mic_0").score.tolist() == [0.95]
    assert len(published) == 2


def test_the_events_of_a_job_tell_of_its_picks_once(sets, picked, published, write_candidates):
    event = {"type": "job", "job": {"result": {"picks": "001", "first_picks": "not-there-yet"}}}
    sets.follow({"type": "job", "job": {"result": {}}})
    assert published == []
    sets.follow(event)
    sets.follow(event)
    assert published == [{"type": "picks", "id": "001"}]
    write_candidates(picked, "mic_2", ROWS)
    sets.follow(event)
    assert len(published) == 2


@pytest.mark.usefixtures("picked")
def test_only_the_sets_used_last_stay_in_memory(project, sets, write_candidates):
    first = sets.find("001")
    for number in range(4):
        write_candidates(project.picks_dir / f"other{number}", "mic_0", ROWS)
        assert sets.find(f"other{number}") is sets.find(f"other{number}")
    assert sets.find("001") is not first


def test_a_diameter_is_that_of_the_scan(sets, picked, project):
    project.update(diameter_px=99.0)
    known = sets.find("001")
    found = known.find("mic_0")
    assert known.diameter_px(found) == DIAMETER_PX
    assert known.box_size_px(found) == 60
    assert np.isfinite(known.shown(found).score).all()
