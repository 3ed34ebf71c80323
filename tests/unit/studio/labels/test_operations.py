"""What operations do to labels: identity, repetition, inverse, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.studio.labels import Labels, Operation, apply_operations

MICROGRAPH = Micrograph.from_array(np.zeros((40, 60), np.float32), name="mic")
NOTHING = Labels(Picks("mic"), Picks("mic"))

# Few places, so that operations meet; some differ by less than a hundredth of a pixel.
_coordinates = st.sampled_from([3.0, 3.004, 3.01, 20.5, 39.49])
_operations = st.lists(
    st.builds(
        Operation,
        st.sampled_from(["add", "remove"]),
        st.sampled_from(["particle", "negative"]),
        _coordinates,
        _coordinates,
    ),
    max_size=12,
)


def list_places(labels: Labels) -> tuple[set[tuple[float, float]], set[tuple[float, float]]]:
    particles, negatives = (
        set(zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True))
        for picks in (labels.particles, labels.negatives)
    )
    return particles, negatives


def test_labels_are_rounded_to_a_hundredth_of_a_pixel() -> None:
    labels = apply_operations(NOTHING, [Operation("add", "particle", 7.123456, 8.0)], MICROGRAPH)
    assert list_places(labels) == ({(7.12, 8.0)}, set())


def test_the_two_kinds_are_apart() -> None:
    operations = [Operation("add", "particle", 7, 8), Operation("add", "negative", 7, 8)]
    labels = apply_operations(NOTHING, operations, MICROGRAPH)
    assert list_places(labels) == ({(7, 8)}, {(7, 8)})


def test_labels_keep_the_order_in_which_they_were_made() -> None:
    operations = [Operation("add", "particle", x, 1) for x in (9, 3, 5)]
    labels = apply_operations(NOTHING, operations, MICROGRAPH)
    assert labels.particles.x_px.tolist() == [9, 3, 5]


def test_a_moved_label_is_at_its_new_place_alone() -> None:
    before = apply_operations(NOTHING, [Operation("add", "particle", 5, 5)], MICROGRAPH)
    move = [Operation("remove", "particle", 5, 5), Operation("add", "particle", 6, 7)]
    assert list_places(apply_operations(before, move, MICROGRAPH)) == ({(6, 7)}, set())


@given(_operations, _operations)
def test_operations_that_are_sent_twice_change_nothing_more(
    before: list[Operation], operations: list[Operation]
) -> None:
    start = apply_operations(NOTHING, before, MICROGRAPH)
    once = apply_operations(start, operations, MICROGRAPH)
    twice = apply_operations(once, operations, MICROGRAPH)
    assert list_places(twice) == list_places(once)
    assert twice.revision == once.revision


@given(_operations, _operations)
def test_the_opposite_operation_takes_back(
    before: list[Operation], operations: list[Operation]
) -> None:
    start = labels = apply_operations(NOTHING, before, MICROGRAPH)
    undo = []
    for operation in operations:
        changed = apply_operations(labels, [operation], MICROGRAPH)
        if changed.revision != labels.revision:
            opposite = "remove" if operation.op == "add" else "add"
            undo.append(Operation(opposite, operation.kind, operation.x_px, operation.y_px))
        labels = changed
    back = apply_operations(labels, undo[::-1], MICROGRAPH)
    assert back.revision == start.revision


@given(_operations)
def test_the_revision_tells_labels_apart_and_not_their_order(operations: list[Operation]) -> None:
    labels = apply_operations(NOTHING, operations, MICROGRAPH)
    turned = Labels(labels.particles.take(np.arange(len(labels.particles))[::-1]), labels.negatives)
    assert turned.revision == labels.revision
    assert Labels(labels.particles, labels.negatives, complete=True).revision != labels.revision
    swapped = Labels(labels.negatives, labels.particles)
    assert (swapped.revision == labels.revision) == (list_places(swapped) == list_places(labels))


@pytest.mark.parametrize(("x_px", "y_px"), [(-0.5, -0.5), (59.5, 39.5), (0, 39.5)])
def test_a_label_may_lie_on_the_edge(x_px: float, y_px: float) -> None:
    labels = apply_operations(NOTHING, [Operation("add", "negative", x_px, y_px)], MICROGRAPH)
    assert list_places(labels)[1] == {(x_px, y_px)}


@pytest.mark.parametrize(
    ("x_px", "y_px", "field"), [(59.6, 5, "x_px"), (-0.6, 5, "x_px"), (45, 45, "y_px")]
)
def test_a_label_outside_is_refused(x_px: float, y_px: float, field: str) -> None:
    operations = [Operation("add", "particle", 1, 1), Operation("add", "particle", x_px, y_px)]
    with pytest.raises(ConfigError, match=r"outside of mic of 60 x 40 px") as caught:
        apply_operations(NOTHING, operations, MICROGRAPH)
    assert caught.value.field == field


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("op", ["add", "remove"])
def test_a_label_that_is_no_number_is_refused(value: float, op: str) -> None:
    with pytest.raises(ConfigError, match="needs a number of pixels") as caught:
        apply_operations(NOTHING, [Operation(op, "particle", 1, value)], MICROGRAPH)  # type: ignore[arg-type]
    assert caught.value.field == "y_px"


def test_a_label_outside_may_be_removed() -> None:
    labels = apply_operations(NOTHING, [Operation("remove", "particle", 99, 99)], MICROGRAPH)
    assert list_places(labels) == (set(), set())
