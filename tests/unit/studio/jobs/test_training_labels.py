"""What a training is told of its labels: which are all there are, and which are some."""

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import TrainingDataError
from deepem.io import write_mrc
from deepem.studio.jobs.training_labels import choose_labels
from deepem.training import TrainingSet


@pytest.fixture
def make_set(tmp_path):
    """Make a training set of micrographs with so many particles and negatives."""

    def make_set(**labels):
        known = TrainingSet.create(tmp_path / "labels", diameter_px=10)
        rng = np.random.default_rng(0)
        for name, (n_particles, n_negatives, complete) in labels.items():
            path = tmp_path / f"{name}.mrc"
            write_mrc(path, rng.normal(size=(400, 400)).astype(np.float32))
            at = np.stack(np.meshgrid(np.arange(20, 390, 15), np.arange(20, 390, 15)), -1)
            at = at.reshape(-1, 2)
            particles, negatives = at[:n_particles], at[-n_negatives or len(at) :]
            known.add(
                path,
                Picks(name, particles[:, 0], particles[:, 1]),
                Picks(name, negatives[:, 0], negatives[:, 1]),
                complete=complete,
            )
        return known

    return make_set


def test_what_is_said_of_a_micrograph_counts_most(make_set):
    known = make_set(a=(8, 0, None), b=(5, 2, True))
    for labels, others in (("auto", None), ("all", True), ("some", False)):
        chosen = choose_labels(known, labels)
        assert chosen.complete == {"a": others, "b": True}
        assert [len(picks) for picks in chosen.picks] == [8, 5]
        assert [len(places) for places in chosen.negatives] == [0, 2]
        assert (chosen.n_particles, chosen.n_with_particles) == (13, 2)
        assert chosen.finds_more is {"auto": None, "all": False, "some": True}[labels]


def test_a_complete_micrograph_without_particles_is_empty(make_set):
    chosen = choose_labels(make_set(a=(8, 0, True), empty=(0, 0, True)), "auto")
    assert chosen.complete == {"a": True, "empty": True}
    assert [len(picks) for picks in chosen.picks] == [8, 0]
    assert chosen.finds_more is False


def test_rejected_picks_alone_do_not_make_a_micrograph_empty(make_set):
    known = make_set(a=(8, 0, None), rejected=(0, 3, None))
    for labels in ("auto", "some"):
        chosen = choose_labels(known, labels)
        assert chosen.complete["rejected"] is False
        assert chosen.finds_more is True
    chosen = choose_labels(known, "all")
    assert list(chosen.complete) == ["a"]
    assert chosen.finds_more is False


def test_rejected_picks_alone_are_left_out_where_labels_are_many(make_set):
    known = make_set(a=(210, 0, None), rejected=(0, 3, None))
    chosen = choose_labels(known, "auto")
    assert chosen.complete == {"a": None}
    assert choose_labels(known, "some").complete == {"a": False, "rejected": False}


def test_rejected_picks_alone_are_nothing_to_learn_from(make_set):
    with pytest.raises(TrainingDataError, match="click"):
        choose_labels(make_set(rejected=(0, 3, None)), "all")
