"""Picks are equally long columns that nobody can change."""

import numpy as np
import pytest

from deepem.core import Frame, Picks


def make_picks(**options):
    return Picks(
        "mic",
        [1.0, 2.0, 3.0, 4.0],
        [40.0, 30.0, 20.0, 10.0],
        score=[0.1, 0.9, np.nan, 0.5],
        std=[1.0, 1.1, 1.2, 1.3],
        **options,
    )


def test_nothing_found_is_an_empty_picks():
    picks = Picks("mic", frame=Frame((30, 50)))
    assert len(picks) == 0
    for column in (picks.x_px, picks.y_px, picks.score, picks.std, picks.edge_distance_px()):
        assert column.shape == (0,)
        assert column.dtype == np.float64
    assert len(picks.by_score()) == len(picks.take(np.zeros(0, dtype=bool))) == 0


def test_unknown_scores_are_nan():
    picks = Picks("mic", [1, 2], [3, 4])
    assert np.isnan(picks.score).all()
    assert np.isnan(picks.std).all()
    assert picks.x_px.dtype == np.float64
    assert picks.box_size_px is picks.frame is None


@pytest.mark.parametrize(
    "columns",
    [
        {"x_px": [1, 2], "y_px": [1]},
        {"x_px": [1, 2]},
        {"x_px": [1, 2], "y_px": [1, 2], "score": [0.5]},
        {"x_px": [1, 2], "y_px": [1, 2], "std": [0.5, 0.5, 0.5]},
    ],
)
def test_columns_of_different_lengths_are_refused(columns):
    with pytest.raises(ValueError, match=r"equally long, got .*'x_px': 2"):
        Picks("mic", **columns)


def test_columns_are_copies():
    x, score = np.array([1.0, 2.0]), np.array([0.5, 0.6])
    picks = Picks("mic", x, [3, 4], score=score)
    x[0], score[0] = 99, 99
    assert picks.x_px[0] == 1
    assert picks.score[0] == 0.5
    assert x.flags.writeable


@pytest.mark.parametrize("column", ["x_px", "y_px", "score", "std"])
def test_columns_cannot_be_changed(column):
    picks = make_picks()
    with pytest.raises(ValueError, match="read-only"):
        getattr(picks, column)[0] = 7
    with pytest.raises(AttributeError):
        setattr(picks, column, np.zeros(4))
    with pytest.raises(ValueError, match="read-only"):
        getattr(picks.take(np.array([0, 1])), column)[0] = 7


@pytest.mark.parametrize(
    "index", [np.array([3, 0]), np.array([True, False, False, True]), np.array([], dtype=int)]
)
def test_take_picks_rows_and_keeps_the_rest(index):
    picks = make_picks(box_size_px=20, frame=Frame((60, 80)))
    taken = picks.take(index)
    for column in ("x_px", "y_px", "score", "std"):
        np.testing.assert_array_equal(getattr(taken, column), getattr(picks, column)[index])
    assert (taken.micrograph, taken.box_size_px, taken.frame) == ("mic", 20, Frame((60, 80)))
    assert len(picks) == 4


def test_best_score_first_and_unknown_scores_last():
    ranked = make_picks().by_score()
    assert ranked.x_px.tolist() == [2, 4, 1, 3]
    assert ranked.std.tolist() == [1.1, 1.3, 1.0, 1.2]


def test_equal_scores_are_ranked_by_row_then_column():
    x, y = [5, 1, 3, 2, 9], [7, 7, 2, 2, 0]
    ranked = Picks("mic", x, y, score=[0.5, 0.5, 0.5, 0.5, np.nan]).by_score()
    assert list(zip(ranked.x_px, ranked.y_px, strict=True)) == [
        (2, 2), (3, 2), (1, 7), (5, 7), (9, 0),
    ]  # fmt: skip


def test_rank_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    x, y = rng.permutation(50), rng.integers(0, 5, 50)
    score = rng.choice([0.1, 0.2, 0.3], 50)
    ranked = Picks("mic", x, y, score=score).by_score()
    shuffle = rng.permutation(50)
    other = Picks("mic", x[shuffle], y[shuffle], score=score[shuffle]).by_score()
    np.testing.assert_array_equal(ranked.x_px, other.x_px)


def test_distance_to_the_nearest_edge_of_a_wide_micrograph():
    # 40 rows, 100 columns: y ends at 39, x at 99.
    x, y = [50, 3, 97, 50, 50, 0, -2, 101], [20, 20, 20, 4, 37, 0, 20, 20]
    picks = Picks("mic", x, y, frame=Frame((40, 100)))
    assert picks.edge_distance_px().tolist() == [19, 3, 2, 4, 2, 0, -2, -2]


def test_no_frame_no_edge():
    with pytest.raises(ValueError, match="mic have no frame"):
        make_picks().edge_distance_px()


def test_repr_names_the_micrograph_and_the_number():
    assert repr(make_picks(box_size_px=20)) == "Picks('mic', n=4, box_size_px=20)"
