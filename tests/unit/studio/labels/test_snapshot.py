"""The labels as a training set, as a training takes them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from deepem.errors import ConfigError, OutputError, TrainingDataError
from deepem.studio.labels import LabelStore, Operation
from deepem.studio.labels.snapshot import write_snapshot
from deepem.studio.project import Project
from deepem.training import TrainingSet


@pytest.fixture
def labelled(store: LabelStore, project: Project) -> LabelStore:
    """One micrograph with a few labels, one that is complete, one of negatives alone."""
    project.update(diameter_angstrom=75)
    store.apply(
        "mic_0", [Operation("add", "particle", 60.25, 20), Operation("add", "negative", 9, 9)]
    )
    store.apply("mic_1", [Operation("add", "particle", 30, 40)], complete=True)
    store.apply("mic_2", [Operation("add", "negative", 30, 40)])
    return store


def test_all_labels_are_in_the_set(labelled: LabelStore, project: Project, tmp_path: Path) -> None:
    write_snapshot(project, labelled, tmp_path / "set")
    read = TrainingSet.load(tmp_path / "set")
    assert read.diameter_angstrom == 75
    assert read.names == ["mic_0", "mic_1", "mic_2"]
    assert [picks.x_px.tolist() for picks in read.picks()] == [[60.25], [30], []]
    assert [picks.x_px.tolist() for picks in read.negatives()] == [[9], [], [30]]
    assert read.complete() == [None, True, False]


def test_later_labels_do_not_change_it(
    labelled: LabelStore, project: Project, tmp_path: Path
) -> None:
    fingerprint = write_snapshot(project, labelled, tmp_path / "set").fingerprint()
    labelled.apply("mic_0", [Operation("add", "particle", 100, 100)])
    assert TrainingSet.load(tmp_path / "set").fingerprint() == fingerprint
    assert write_snapshot(project, labelled, tmp_path / "new").fingerprint() != fingerprint


def test_an_empty_micrograph_is_known_to_be(
    store: LabelStore, project: Project, tmp_path: Path
) -> None:
    project.update(diameter_px=30)
    store.apply("mic_0", complete=True)
    written = write_snapshot(project, store, tmp_path / "set")
    assert (written.complete(), [len(picks) for picks in written.picks()]) == ([True], [0])


def test_a_pixel_size_of_the_project_counts(
    labelled: LabelStore, project: Project, tmp_path: Path
) -> None:
    project.update(pixel_size_angstrom=1.25)
    written = write_snapshot(project, labelled, tmp_path / "set")
    (first, *_) = TrainingSet.load(tmp_path / "set").micrographs()
    assert first.pixel_size_angstrom == 1.25
    assert written.diameter_px_on(first) == 60


def test_what_cannot_be_used_is_left_out_and_said(
    labelled: LabelStore, project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (project.labels_dir / "particles" / "mic_1.star").write_text("nonsense\n")
    with caplog.at_level(logging.WARNING, "deepem"):
        written = write_snapshot(project, labelled, tmp_path / "set")
    assert written.names == ["mic_0", "mic_2"]
    assert "mic_1.star: is not a STAR file" in caplog.text


def test_without_a_diameter_there_is_no_set(
    store: LabelStore, project: Project, tmp_path: Path
) -> None:
    store.apply("mic_0", [Operation("add", "particle", 60, 20)])
    with pytest.raises(ConfigError, match="measure a particle"):
        write_snapshot(project, store, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_without_labels_there_is_no_set(
    store: LabelStore, project: Project, tmp_path: Path
) -> None:
    project.update(diameter_px=30)
    with pytest.raises(TrainingDataError, match="click about ten particles"):
        write_snapshot(project, store, tmp_path / "set")


def test_a_set_with_labels_is_not_replaced(
    labelled: LabelStore, project: Project, tmp_path: Path
) -> None:
    write_snapshot(project, labelled, tmp_path / "set")
    with pytest.raises(OutputError, match="holds a training set already"):
        write_snapshot(project, labelled, tmp_path / "set")
