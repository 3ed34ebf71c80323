"""Labels from other programs' files, and for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, NotFoundError
from deepem.io import PICK_FORMATS, PickFormat, pair_picks, pick_format, write_picks
from deepem.studio.labels import LabelStore, Operation
from deepem.studio.labels.transfer import export_labels, import_labels
from deepem.studio.project import Project

X_PX, Y_PX = [60.0, 200.0], [20.0, 91.0]


def write_coordinates(project: Project, folder: Path, known: PickFormat) -> None:
    """Coordinates of mic_0 and mic_1 in a format."""
    sets = [
        Picks(name, X_PX, Y_PX, box_size_px=40, frame=project.open(name).frame)
        for name in ("mic_0", "mic_1")
    ]
    if known.one_file_for_all:
        write_picks(sets, known.path_in(folder, ""), format=known.name)
        return
    for picks in sets:
        write_picks(picks, known.path_in(folder, picks.micrograph), format=known.name)


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_every_format_comes_in_unflipped(
    store: LabelStore, project: Project, known: PickFormat
) -> None:
    write_coordinates(project, project.folder / "coordinates", known)
    folder = next((project.folder / "coordinates").rglob("*.*")).parent
    done = import_labels(
        project, store, [folder.relative_to(project.folder).as_posix()], kind="particle"
    )
    assert (done.n_micrographs, done.n_labels, done.problems) == (2, 4, [])
    labels = store.get("mic_1")
    assert labels.particles.x_px.tolist() == X_PX
    assert labels.particles.y_px.tolist() == Y_PX
    assert not labels.complete


def test_what_comes_in_is_added_once(store: LabelStore, project: Project) -> None:
    store.apply("mic_0", [Operation("add", "particle", 5, 5), Operation("add", "particle", 60, 20)])
    write_coordinates(project, project.folder / "coordinates", pick_format("star"))
    first = import_labels(project, store, ["coordinates"], kind="particle")
    again = import_labels(project, store, ["coordinates"], kind="particle")
    assert (first.n_labels, again.n_labels) == (3, 0)
    assert store.get("mic_0").particles.x_px.tolist() == [5, 60, 200]


def test_negatives_come_in_as_such(store: LabelStore, project: Project) -> None:
    write_coordinates(project, project.folder / "coordinates", pick_format("star"))
    import_labels(project, store, ["coordinates/mic_0.star"], kind="negative", tab="t")
    assert store.counts() == {"mic_0": (0, 2, False)}


def test_problems_are_listed_and_the_rest_comes_in(store: LabelStore, project: Project) -> None:
    folder = project.folder / "coordinates"
    write_picks(Picks("mic_0", [60, 70, 999], [20, 30, 999]), folder / "mic_0.star")
    write_picks(Picks("mic_1", [4000, 5000], [4000, 5000]), folder / "mic_1.star")
    write_picks(Picks("other", [1], [2]), folder / "other.star")
    (folder / "mic_2.star").write_text("nonsense\n")
    done = import_labels(project, store, ["coordinates"], kind="particle")
    assert (done.n_micrographs, done.n_labels) == (1, 2)
    assert [
        sum(text in problem for problem in done.problems)
        for text in (
            "mic_0: 1 of 3 coordinates lie outside",
            "mic_1.mrc: 2 of 2 coordinates are outside the image",
            "other: no micrograph has this name",
            "mic_2.star: is not a STAR file",
        )
    ] == [1, 1, 1, 1]
    assert len(done.problems) == 4


def test_coordinates_of_other_micrographs_are_refused(store: LabelStore, project: Project) -> None:
    write_picks(Picks("other", [1], [2]), project.folder / "coordinates" / "other.star")
    with pytest.raises(ConventionError, match="no coordinate file belongs to any"):
        import_labels(project, store, ["coordinates"], kind="particle")


@pytest.mark.parametrize("path", ["/etc", "../outside", "a/../../b", ""])
def test_paths_do_not_lead_out(store: LabelStore, project: Project, path: str) -> None:
    with pytest.raises(ConfigError, match="not a path inside"):
        import_labels(project, store, [path], kind="particle")


def test_a_missing_file_is_said(store: LabelStore, project: Project) -> None:
    with pytest.raises(NotFoundError, match=r"there is no 'coordinates/run1' in"):
        import_labels(project, store, ["coordinates/run1"], kind="particle")


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_every_format_goes_out_and_comes_back(
    store: LabelStore, project: Project, known: PickFormat
) -> None:
    project.update(diameter_px=30)
    store.apply(
        "mic_0", [Operation("add", "particle", 60, 20), Operation("add", "particle", 200, 91)]
    )
    store.apply("mic_1", [Operation("add", "negative", 10, 30)])
    done = export_labels(project, store, format=known.name)
    assert done.folder.parent == project.exports_dir
    assert done.n_labels == 3
    assert all(file.is_file() and file.is_relative_to(done.folder) for file in done.files)
    for name, is_negative, places in (
        ("mic_0", False, [(60, 20), (200, 91)]),
        ("mic_1", True, [(10, 30)]),
    ):
        files = [f for f in done.files if ("negatives" in f.parts) == is_negative]
        ((file, picks),) = pair_picks(
            list(project.micrographs.values()), files, format=known.name
        ).pairs
        assert file.name == name
        # cryoSPARC keeps single-precision fractions of the image.
        np.testing.assert_allclose(np.column_stack([picks.x_px, picks.y_px]), places, atol=1e-4)


def test_every_export_has_a_folder_of_its_own(store: LabelStore, project: Project) -> None:
    store.apply("mic_0", [Operation("add", "particle", 60, 20)])
    folders = [export_labels(project, store, format="star").folder.name for _ in range(3)]
    assert folders == ["labels-star-001", "labels-star-002", "labels-star-003"]


def test_a_box_without_a_size_is_refused_and_nothing_is_left(
    store: LabelStore, project: Project
) -> None:
    store.apply("mic_0", [Operation("add", "particle", 60, 20)])
    with pytest.raises(ConfigError, match="box_size_px"):
        export_labels(project, store, format="box")
    assert list(project.exports_dir.iterdir()) == []


def test_an_unknown_format_is_named(store: LabelStore, project: Project) -> None:
    store.apply("mic_0", [Operation("add", "particle", 60, 20)])
    with pytest.raises(ConfigError, match="docx"):
        export_labels(project, store, format="docx")


def test_nothing_labelled_is_said(store: LabelStore, project: Project) -> None:
    with pytest.raises(NotFoundError, match="nothing is labelled yet"):
        export_labels(project, store, format="star")
