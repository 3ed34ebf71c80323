"""Labels find their micrograph by name, and a fifth of the micrographs is held out."""

import numpy as np
import pytest

from deepem.core import Micrograph, Picks
from deepem.errors import ConventionError
from deepem.training.labels import LabelledMicrograph, hold_out, pair_labels


def micrographs(*names):
    return [Micrograph.from_array(np.zeros((40, 50)), name=name) for name in names]


def labels(*names, x=5.0):
    return [Picks(name, [x], [7.0]) for name in names]


def test_labels_are_put_on_their_micrograph_whatever_the_order():
    given = micrographs("b", "c", "a")
    picks = [*labels("c", x=3), *labels("a", x=1), *labels("b", x=2)]
    paired = pair_labels(given, picks)
    assert [item.micrograph.name for item in paired] == ["a", "b", "c"]
    assert [item.particles.x_px.tolist() for item in paired] == [[1], [2], [3]]
    for item in paired:
        assert item.particles.micrograph == item.micrograph.name
        assert item.particles.frame == item.micrograph.frame
        assert item.negatives is None


def test_an_empty_label_file_is_a_label():
    (paired,) = pair_labels(micrographs("a"), [Picks("a")])
    assert len(paired.particles) == 0
    assert paired.particles.frame == paired.micrograph.frame


def test_negatives_where_there_are_any():
    one, other = pair_labels(micrographs("a", "b"), labels("a", "b"), negatives=labels("b", x=30))
    assert len(one.negatives) == 0
    assert other.negatives.x_px.tolist() == [30]
    assert one.negatives.frame == other.negatives.frame == one.micrograph.frame


@pytest.mark.parametrize(
    ("picks", "negatives", "problem"),
    [
        (labels("a"), None, "b: has no coordinates. Label it, or leave it out"),
        (labels("a", "b", "c"), None, "c: has coordinates, but .* was not given. Add it"),
        (labels("a", "b"), labels("z"), "z: has coordinates, but .* was not given. Add it"),
        ([Picks("a", [500], [7]), *labels("b")], None, "a: 1 of 1 coordinates are outside"),
        (labels("a", "b"), [Picks("b", [500], [7])], "b: 1 of 1 coordinates are outside"),
    ],
)
def test_labels_that_do_not_fit_are_refused(picks, negatives, problem):
    with pytest.raises(ConventionError, match=problem):
        pair_labels(micrographs("a", "b"), picks, negatives=negatives)


def labelled(n, n_empty=0):
    items = []
    for index in range(n + n_empty):
        (micrograph,) = micrographs(f"m{index:02d}")
        particles = Picks(micrograph.name, *([[5], [7]] if index < n else [[], []]))
        items.append(LabelledMicrograph(micrograph, particles))
    return items


def names_of(items):
    return [item.micrograph.name for item in items]


@pytest.mark.parametrize(("n", "n_held_out"), [(1, 0), (4, 0), (5, 1), (9, 1), (10, 2), (25, 5)])
def test_a_fifth_of_those_with_particles_is_held_out(n, n_held_out):
    items = labelled(n, n_empty=6)
    kept, held_out = hold_out(items, seed=0)
    assert len(held_out) == n_held_out
    assert sorted(names_of(kept) + names_of(held_out)) == names_of(items)
    assert all(len(item.particles) for item in held_out)
    assert names_of(kept) == sorted(names_of(kept))


def test_what_is_held_out_depends_on_the_seed():
    chosen = {seed: tuple(names_of(hold_out(labelled(25), seed=seed)[1])) for seed in range(5)}
    assert chosen[0] == tuple(names_of(hold_out(labelled(25), seed=0)[1]))
    assert len(set(chosen.values())) > 1


def test_two_sets_of_one_micrograph_are_refused():
    with pytest.raises(ConventionError, match=r"a: has two sets of coordinates\. Give one"):
        pair_labels(micrographs("a"), labels("a", "a"))
