"""The store of labels: what is on disk after every change, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from deepem.errors import ConfigError, FileFormatError, NotFoundError, OutputError
from deepem.io import read_picks
from deepem.studio.labels import LabelStore, Operation
from deepem.studio.project import Project

ADD = Operation("add", "particle", 100.25, 50.5)
REMOVE = Operation("remove", "particle", 100.25, 50.5)
ADD_NEGATIVE = Operation("add", "negative", 30, 40)


def test_nothing_is_written_before_the_first_label(
    list_files: Callable[[], list[str]], store: LabelStore
) -> None:
    labels = store.get("mic_0")
    assert (len(labels.particles), len(labels.negatives), labels.complete) == (0, 0, False)
    assert store.apply("mic_0", [REMOVE]).revision == labels.revision
    assert list_files() == []


def test_a_label_is_a_row_of_a_star_file(
    list_files: Callable[[], list[str]], store: LabelStore, project: Project
) -> None:
    store.apply("mic_0", [ADD])
    assert list_files() == ["particles/mic_0.star"]
    (picks,) = read_picks(project.labels_dir / "particles" / "mic_0.star")
    assert (picks.x_px.tolist(), picks.y_px.tolist()) == ([100.25], [50.5])


def test_negatives_have_a_file_of_their_own(
    list_files: Callable[[], list[str]], store: LabelStore
) -> None:
    store.apply("mic_0", [ADD_NEGATIVE])
    assert list_files() == ["negatives/mic_0.star"]


def test_the_file_goes_with_the_last_label(
    list_files: Callable[[], list[str]], store: LabelStore
) -> None:
    store.apply("mic_0", [ADD, ADD_NEGATIVE])
    store.apply("mic_0", [REMOVE, Operation("remove", "negative", 30, 40)])
    assert list_files() == []


def test_an_empty_micrograph_has_an_empty_file(
    list_files: Callable[[], list[str]], store: LabelStore, project: Project
) -> None:
    assert store.apply("mic_0", complete=True).complete
    assert list_files() == ["micrographs.json", "particles/mic_0.star"]
    (picks,) = read_picks(project.labels_dir / "particles" / "mic_0.star")
    assert len(picks) == 0
    assert not store.apply("mic_0", complete=False).complete
    assert list_files() == ["micrographs.json"]
    assert json.loads((project.labels_dir / "micrographs.json").read_text()) == {}


def test_a_complete_micrograph_whose_last_label_goes_is_empty(
    list_files: Callable[[], list[str]], store: LabelStore
) -> None:
    store.apply("mic_0", [ADD], complete=True)
    assert store.apply("mic_0", [REMOVE]).complete
    assert "particles/mic_0.star" in list_files()


def test_another_store_reads_the_same(store: LabelStore, project: Project) -> None:
    written = store.apply("mic_0", [ADD, ADD_NEGATIVE], complete=True)
    read = LabelStore(project).get("mic_0")
    assert read.revision == written.revision
    particles, negatives, complete = store.picks("mic_0")
    assert (len(particles), len(negatives), complete) == (1, 1, True)
    assert particles.frame is not None
    assert particles.frame.shape == (240, 320)


def test_what_others_say_in_micrographs_json_stays(store: LabelStore, project: Project) -> None:
    path = project.labels_dir / "micrographs.json"
    path.parent.mkdir()
    path.write_text('{"elsewhere": {"complete": true}, "mic_0": {"note": "thick ice"}}')
    store.apply("mic_0", complete=True)
    store.apply("mic_1", complete=True)
    store.apply("mic_0", complete=False)
    assert json.loads(path.read_text()) == {
        "elsewhere": {"complete": True},
        "mic_0": {"note": "thick ice"},
        "mic_1": {"complete": True},
    }


def test_an_unknown_micrograph(store: LabelStore) -> None:
    with pytest.raises(NotFoundError, match="no micrograph named 'mic_9'"):
        store.get("mic_9")
    with pytest.raises(NotFoundError, match="no micrograph named"):
        store.apply("../mic_0", [ADD])


def test_a_refused_operation_changes_nothing(
    list_files: Callable[[], list[str]], store: LabelStore
) -> None:
    with pytest.raises(ConfigError, match="outside of mic_0 of 320 x 240 px"):
        store.apply("mic_0", [ADD, Operation("add", "particle", 320, 5)], complete=True)
    assert list_files() == []


def test_a_folder_that_is_a_file(store: LabelStore, project: Project) -> None:
    project.labels_dir.mkdir()
    (project.labels_dir / "particles").write_text("")
    with pytest.raises((OutputError, FileFormatError), match="particles"):
        store.apply("mic_0", [ADD])


def test_every_change_is_told_once(project: Project) -> None:
    told: list[object] = []
    store = LabelStore(project, told.append)
    labels = store.apply("mic_0", [ADD], tab="a")
    store.apply("mic_0", [ADD], tab="b")  # changes nothing
    store.get("mic_0")
    assert told == [{"type": "labels", "name": "mic_0", "revision": labels.revision, "tab": "a"}]
