"""Several pages and programs change the same labels at the same time."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from deepem.core import Picks
from deepem.io import write_picks
from deepem.studio.labels import LabelStore, Operation
from deepem.studio.project import Project

NAMES = ("mic_0", "mic_1")
N_THREADS = 8


def list_places(store: LabelStore, name: str, kind: str) -> set[tuple[float, float]]:
    picks = store.get(name).of(kind)
    return set(zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True))


def change_at_random(stores: list[LabelStore], number: int) -> dict[tuple[str, str], set[float]]:
    """Forty changes on a row of its own; returns the columns that are labelled at the end."""
    rng = random.Random(number)  # noqa: S311
    expected: dict[tuple[str, str], set[float]] = {}
    for _ in range(40):
        name, kind = rng.choice(NAMES), rng.choice(["particle", "negative"])
        here = expected.setdefault((name, f"{kind}s"), set())
        x_px = float(rng.randrange(12))
        op = rng.choice(["add", "add", "remove"])
        labels = rng.choice(stores).apply(name, [Operation(op, kind, x_px, number)])  # type: ignore[arg-type]
        (here.add if op == "add" else here.discard)(x_px)
        # The answer has at least what this thread has asked for.
        picks = labels.of(f"{kind}s")
        assert set(picks.x_px[picks.y_px == number].tolist()) == here
    return expected


def test_nothing_is_lost_among_threads_and_stores(project: Project) -> None:
    stores = [LabelStore(project), LabelStore(Project(project.folder))]
    with ThreadPoolExecutor(N_THREADS) as pool:
        expected = list(pool.map(lambda n: change_at_random(stores, n), range(N_THREADS)))
    fresh = LabelStore(project)
    for name in NAMES:
        for kind in ("particles", "negatives"):
            union = {
                (x_px, float(number))
                for number, own in enumerate(expected)
                for x_px in own.get((name, kind), set())
            }
            assert list_places(fresh, name, kind) == union
            assert {store.get(name).revision for store in stores} == {fresh.get(name).revision}


def test_complete_flags_of_many_micrographs_do_not_replace_each_other(project: Project) -> None:
    stores = [LabelStore(project), LabelStore(Project(project.folder))]
    jobs = [(stores[n % 2], f"mic_{n % 3}", n % 5 != 0) for n in range(30)]
    with ThreadPoolExecutor(N_THREADS) as pool:
        list(pool.map(lambda job: job[0].apply(job[1], complete=job[2]), jobs))
    for name in project.micrographs:
        stores[0].apply(name, complete=True)
    assert all(count.complete for count in LabelStore(project).counts().values())
    assert len(stores[1].counts()) == 3


_places = st.tuples(st.sampled_from([1.0, 2.5, 300.25]), st.sampled_from([4.0, 200.75]))


class LabelsOnDisk(RuleBasedStateMachine):
    """Two programs and somebody with an editor, one after the other, and a set that remembers."""

    project: Project  # of the small folder, given by the test below
    folder: Path

    @initialize()
    def begin(self) -> None:
        """Nothing is labelled."""
        for path in sorted(self.project.labels_dir.rglob("*.*")):
            if path.is_file():
                path.unlink()
        self.stores = [LabelStore(self.project), LabelStore(self.project)]
        self.expected: dict[str, set[tuple[float, float]]] = {
            "particles": set(),
            "negatives": set(),
        }
        self.complete = False

    @rule(
        which=st.integers(0, 1),
        changes=st.lists(st.tuples(st.booleans(), st.booleans(), _places), max_size=4),
        complete=st.sampled_from([None, None, True, False]),
    )
    def change(
        self,
        which: int,
        changes: list[tuple[bool, bool, tuple[float, float]]],
        complete: bool | None,
    ) -> None:
        """A page asks."""
        operations = []
        for is_added, is_particle, place in changes:
            kind = "particle" if is_particle else "negative"
            operations.append(Operation("add" if is_added else "remove", kind, *place))  # type: ignore[arg-type]
            here = self.expected[f"{kind}s"]
            (here.add if is_added else here.discard)(place)
        self.complete = self.complete if complete is None else complete
        self.stores[which].apply("mic_0", operations, complete=complete)

    @rule(
        places=st.sets(_places, min_size=1, max_size=4),
        kind=st.sampled_from(["particles", "negatives"]),
    )
    def replace_by_hand(self, places: set[tuple[float, float]], kind: str) -> None:
        """Somebody writes another file in the place of ours."""
        for path in (self.project.labels_dir / kind).glob("mic_0*"):
            path.unlink()
        x_px, y_px = zip(*sorted(places), strict=True)
        path = self.project.labels_dir / kind / "mic_0.csv"
        write_picks(Picks("mic_0", x_px, y_px), path, format="csv")
        self.expected[kind] = set(places)
        self.complete = self.complete and bool(places)

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        """A program ends and starts again."""
        self.stores[which] = LabelStore(self.project)

    @invariant()
    def all_see_the_same(self) -> None:
        """Every store has what is expected, and counts it."""
        n_particles, n_negatives = map(len, self.expected.values())
        for store in self.stores:
            for kind, places in self.expected.items():
                assert list_places(store, "mic_0", kind) == places
            assert store.get("mic_0").complete == self.complete
            count = store.counts().get("mic_0", (0, 0, False))
            assert count == (n_particles, n_negatives, self.complete)

    @invariant()
    def files_are_there_for_labels(self) -> None:
        """No file for nothing; one, and one only, for something."""
        for kind, places in self.expected.items():
            files = [
                path
                for path in (self.project.labels_dir / kind).glob("mic_0*")
                if not path.name.endswith(".replaced")
            ]
            is_wanted = bool(places) or (kind == "particles" and self.complete)
            assert len(files) == is_wanted


def test_any_history_of_changes_leaves_what_it_should(project: Project) -> None:
    machine = type("Machine", (LabelsOnDisk,), {"project": project})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=8, stateful_step_count=12, deadline=None)
    )
