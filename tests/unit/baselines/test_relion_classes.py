"""What is refused before RELION is asked; what it makes of boxes is tested end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepem.baselines.programs.relion_classes import ClassAverages, classify_with_relion
from deepem.errors import ConfigError, ProgramError
from deepem.simulation import Optics

BOXES = np.zeros((4, 8, 8))


def classify(boxes: Any = BOXES, n_classes: int = 2, **options: Any) -> ClassAverages:
    return classify_with_relion(
        boxes, pixel_size_angstrom=5, diameter_angstrom=30, n_classes=n_classes, **options
    )


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"boxes": np.zeros((4, 8, 6))}, r"use \(n_boxes, n, n\)"),
        ({"boxes": np.zeros((4, 7, 7))}, "of an even side"),
        ({"boxes": np.full((4, 8, 8), np.nan)}, "leave these boxes out"),
        ({"n_classes": 5}, r"1 to the number of boxes \(4\), got 5"),
        ({"n_classes": 0}, "got 0"),
        ({"optics": [Optics()]}, "got 1 for 4 boxes"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], cure: str) -> None:
    with pytest.raises(ConfigError, match=cure):
        classify(**options)


def test_without_relion_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProgramError, match="package 'relion'"):
        classify()


def test_sizes() -> None:
    classes = ClassAverages(np.zeros((3, 8, 8), np.float32), np.array([0, 2, 0, 0, 1]))
    assert classes.sizes.tolist() == [3, 1, 1]
