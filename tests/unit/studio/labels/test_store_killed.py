"""Programs that are killed at any moment lose no label that they said was written."""

from __future__ import annotations

import random
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deepem.studio.labels import LabelStore, Operation
from deepem.studio.project import Project

WRITER = Path(__file__).with_name("label_writer.py")
make_change: Callable[[int, int], tuple[str, list[Operation]]] = runpy.run_path(str(WRITER))[
    "make_change"
]

Label = tuple[str, str, float, float]


def repeat(changes: list[tuple[str, list[Operation]]]) -> set[Label]:
    """What is labelled after changes, in the plainest way."""
    labels: set[Label] = set()
    for name, operations in changes:
        for one in operations:
            label = (name, one.kind, one.x_px, one.y_px)
            (labels.add if one.op == "add" else labels.discard)(label)
    return labels


def read_all(project: Project) -> set[Label]:
    """What is labelled on disk."""
    store = LabelStore(project)
    labels: set[Label] = set()
    for name in project.micrographs:
        particles, negatives, _ = store.picks(name)
        for kind, picks in (("particle", particles), ("negative", negatives)):
            places = zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True)
            labels |= {(name, kind, x_px, y_px) for x_px, y_px in places}
    return labels


def kill_writers(project: Project, *, n_writers: int, n_kills: int, seed: int) -> int:
    """Start, kill and check writers again and again; returns how many changes were made."""
    rng = random.Random(seed)  # noqa: S311
    n_made = [0] * n_writers
    for _ in range(n_kills):
        started = [
            subprocess.Popen(
                [
                    sys.executable,
                    str(WRITER),
                    str(project.folder),
                    str(writer),
                    str(n_made[writer]),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for writer in range(n_writers)
        ]
        for writer, process in enumerate(started):
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(rng.randint(1, 15))]
            time.sleep(rng.uniform(0, 0.02))
            process.kill()
            said += process.stdout.readlines()
            process.stdout.close()
            process.wait()
            n_made[writer] += len([line for line in said if line.endswith("\n")])
        written = read_all(project)
        for writer, n in enumerate(n_made):
            changes = [make_change(writer, number) for number in range(n + 1)]
            own = {label for label in written if label[3] == 10.25 + writer}
            # The change that it was killed in is made, or not at all: each is of one kind.
            assert own in (repeat(changes[:-1]), repeat(changes)), f"writer {writer}, change {n}"
    return sum(n_made)


def test_programs_that_are_killed_lose_no_label(project: Project) -> None:
    assert kill_writers(project, n_writers=2, n_kills=2, seed=2) > 4


@pytest.mark.slow
def test_programs_that_are_killed_often_lose_no_label(project: Project) -> None:
    assert kill_writers(project, n_writers=3, n_kills=20, seed=3) > 60


def test_what_a_killed_program_leaves_does_no_harm(
    project: Project, list_files: Callable[[], list[str]]
) -> None:
    kill_writers(project, n_writers=1, n_kills=1, seed=4)
    store = LabelStore(project)
    before = read_all(project)
    for name in project.micrographs:
        store.apply(name, [Operation("add", "particle", 200, 200)])
    assert read_all(project) == before | {
        (name, "particle", 200.0, 200.0) for name in project.micrographs
    }
    known = {
        f"{kind}/{name}.star" for kind in ("particles", "negatives") for name in store.counts()
    }
    assert {name for name in list_files() if not name.partition("/")[2].startswith(".")} <= known
