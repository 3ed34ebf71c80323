"""A store of labels, and what it has put on disk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deepem.studio.labels import LabelStore
from deepem.studio.project import Project


@pytest.fixture
def store(project: Project) -> LabelStore:
    """The labels of the small project."""
    return LabelStore(project)


@pytest.fixture
def list_files(project: Project) -> Callable[[], list[str]]:
    """Lists every file below the labels, but for the locks."""

    def list_now() -> list[str]:
        return sorted(
            path.relative_to(project.labels_dir).as_posix()
            for path in project.labels_dir.rglob("*")
            if path.is_file() and path.parent.name != ".locks"
        )

    return list_now
