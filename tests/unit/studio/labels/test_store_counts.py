"""How much is labelled, without reading what has not changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Picks
from deepem.io import write_mrc, write_picks
from deepem.studio.labels import LabelStore, Operation, label_index
from deepem.studio.project import Project

ADD = Operation("add", "particle", 100.25, 50.5)
REMOVE = Operation("remove", "particle", 100.25, 50.5)
ADD_NEGATIVE = Operation("add", "negative", 30, 40)


@pytest.fixture
def count_opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Names of the STAR files that were read to be counted, so far."""
    opened: list[str] = []
    find_star_tables = label_index.find_star_tables

    def note(path: Path) -> object:
        opened.append(path.name)
        return find_star_tables(path)

    monkeypatch.setattr(label_index, "find_star_tables", note)
    return lambda: opened


def test_counts_are_of_labelled_micrographs(store: LabelStore) -> None:
    store.apply("mic_0", [ADD, ADD_NEGATIVE, Operation("add", "particle", 5, 5)])
    store.apply("mic_2", complete=True)
    assert store.counts() == {"mic_0": (2, 1, False), "mic_2": (0, 0, True)}


def test_only_what_has_changed_is_opened(
    store: LabelStore, count_opened: Callable[[], list[str]]
) -> None:
    for name in ("mic_0", "mic_1", "mic_2"):
        store.apply(name, [ADD])
    store.counts()
    before = len(count_opened())
    assert store.counts()["mic_1"].n_particles == 1
    assert len(count_opened()) == before
    store.apply("mic_1", [Operation("add", "particle", 5, 5)])
    before = len(count_opened())
    assert store.counts()["mic_1"].n_particles == 2
    assert count_opened()[before:] == ["mic_1.star"]


def test_new_micrographs_are_known(store: LabelStore, project: Project) -> None:
    write_picks(Picks("new", [7], [9]), project.labels_dir / "particles" / "new.star")
    assert store.counts() == {}
    write_mrc(project.folder / "new.mrc", np.eye(32, dtype=np.float32))
    assert project.rescan()
    assert store.counts() == {"new": (1, 0, False)}
