"""Label files that other programs and people put there, and change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.io import read_picks, write_picks
from deepem.studio.labels import LabelStore, Operation
from deepem.studio.labels import store as store_module
from deepem.studio.project import Project

ADD = Operation("add", "particle", 100.25, 50.5)
REMOVE = Operation("remove", "particle", 100.25, 50.5)
ADD_NEGATIVE = Operation("add", "negative", 30, 40)


def test_an_edit_by_hand_is_seen(store: LabelStore, project: Project) -> None:
    store.apply("mic_0", [ADD])
    path = project.labels_dir / "particles" / "mic_0.star"
    write_picks(Picks("mic_0", [7, 8], [9, 10]), path, overwrite=True)
    assert store.get("mic_0").particles.x_px.tolist() == [7, 8]
    path.unlink()
    assert len(store.get("mic_0").particles) == 0


@pytest.mark.parametrize(
    ("format", "file_name"),
    [
        ("box", "mic_0.box"),
        ("csv", "mic_0.csv"),
        ("cryoppp", "mic_0.csv"),
        ("eman2", "mic_0_info.json"),
        ("gautomatch", "mic_0_automatch.star"),
    ],
)
def test_any_format_is_read_and_replaced_by_the_next_edit(
    list_files: Callable[[], list[str]],
    store: LabelStore,
    project: Project,
    format: str,
    file_name: str,
) -> None:
    folder = project.labels_dir / "particles"
    picks = Picks("mic_0", [60, 200], [20, 90], box_size_px=40, frame=project.open("mic_0").frame)
    write_picks(picks, folder / file_name, format=format)
    theirs = (folder / file_name).read_bytes()

    assert store.counts()["mic_0"].n_particles == 2
    assert store.get("mic_0").particles.y_px.tolist() == [20, 90]
    assert list_files() == [f"particles/{file_name}"]

    store.apply("mic_0", [ADD])
    names = sorted(["mic_0.star", f"{file_name}.replaced"])
    assert list_files() == [f"particles/{name}" for name in names]
    assert store.get("mic_0").particles.x_px.tolist() == [60, 200, 100.25]
    assert (folder / f"{file_name}.replaced").read_bytes() == theirs


def test_scores_of_a_file_stay(store: LabelStore, project: Project) -> None:
    path = project.labels_dir / "particles" / "mic_0.star"
    write_picks(Picks("mic_0", [7], [9], score=[0.75]), path)
    store.apply("mic_0", [ADD])
    (picks,) = read_picks(path)
    np.testing.assert_array_equal(picks.score, [0.75, np.nan])


def test_two_files_that_disagree_are_named(store: LabelStore, project: Project) -> None:
    folder = project.labels_dir / "particles"
    write_picks(Picks("mic_0", [7], [9], box_size_px=20), folder / "mic_0.box")
    write_picks(Picks("mic_0", [70], [90]), folder / "mic_0.star")
    with pytest.raises(ConventionError, match=r"Delete the older of .*mic_0\.box and .*\.star"):
        store.get("mic_0")
    with pytest.raises(ConventionError, match="Delete the older"):
        store.apply("mic_0", [ADD])


def test_a_damaged_file_is_named_and_hides_no_other(
    store: LabelStore, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    store.apply("mic_1", [ADD])
    (project.labels_dir / "particles" / "mic_0.star").write_text("no star at all\n")
    with pytest.raises(FileFormatError, match=r"mic_0\.star: is not a STAR file"):
        store.get("mic_0")
    with caplog.at_level(logging.WARNING, "deepem"):
        counts = store.counts()
    assert (counts["mic_0"].n_particles, counts["mic_1"].n_particles) == (0, 1)
    assert "mic_0.star" in caplog.text


def test_coordinates_of_a_larger_image_are_refused(store: LabelStore, project: Project) -> None:
    path = project.labels_dir / "particles" / "mic_0.star"
    write_picks(Picks("mic_0", [4000, 3000], [3000, 2000]), path)
    with pytest.raises(ConventionError, match="outside the image"):
        store.get("mic_0")


def test_a_file_of_another_name_is_left_alone(
    list_files: Callable[[], list[str]], store: LabelStore, project: Project
) -> None:
    path = project.labels_dir / "particles" / "mic_00.star"
    write_picks(Picks("mic_00", [7], [9]), path)
    assert store.counts() == {}
    store.apply("mic_0", [ADD])
    assert list_files() == ["particles/mic_0.star", "particles/mic_00.star"]


def test_deleted_particles_are_not_complete(store: LabelStore, project: Project) -> None:
    store.apply("mic_0", [ADD], complete=True)
    (project.labels_dir / "particles" / "mic_0.star").unlink()
    assert not store.get("mic_0").complete
    assert not store.apply("mic_0", [ADD]).complete
    assert not store.get("mic_0").complete


def test_a_write_of_another_program_in_between_is_not_lost(
    store: LabelStore, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.labels_dir / "particles" / "mic_0.star"
    apply_operations = store_module.apply_operations
    interruptions = []

    def interrupt(*arguments: object, **options: object) -> object:
        if not interruptions:
            interruptions.append(write_picks(Picks("mic_0", [7], [9]), path))
        return apply_operations(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(store_module, "apply_operations", interrupt)
    store.apply("mic_0", [ADD])
    assert interruptions == [path]
    assert store.get("mic_0").particles.x_px.tolist() == [7, 100.25]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_micrographs_json_says_what_to_do(
    store: LabelStore, project: Project, text: str
) -> None:
    store.apply("mic_0", [ADD], complete=True)
    (project.labels_dir / "micrographs.json").write_text(text)
    with pytest.raises(FileFormatError, match="or delete it"):
        store.get("mic_0")
    with pytest.raises(FileFormatError, match="or delete it"):
        store.counts()


def test_links_do_not_lead_out_of_the_project(
    store: LabelStore, project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write_picks(Picks("mic_0", [7], [9]), outside / "secret.star")
    folder = project.labels_dir / "particles"
    folder.mkdir(parents=True)
    (folder / "mic_0.star").symlink_to(outside / "secret.star")
    with pytest.raises(ConfigError, match="outside of"):
        store.get("mic_0")
    (folder / "mic_0.star").unlink()
    folder.rmdir()
    folder.symlink_to(outside)
    with pytest.raises(ConfigError, match="outside of"):
        store.apply("mic_0", [ADD])
    assert [path.name for path in outside.iterdir()] == ["secret.star"]


def test_the_folder_of_labels_does_not_lead_out_of_the_project(
    store: LabelStore, project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    project.labels_dir.symlink_to(outside)
    with pytest.raises(ConfigError, match="outside of"):
        store.apply("mic_0", [ADD], complete=True)
    assert list(outside.iterdir()) == []
