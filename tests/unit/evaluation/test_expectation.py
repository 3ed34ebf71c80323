"""Expected figures, against brute force and against drawing the truth many times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import f_beta, score_counts
from deepem.evaluation.expectation import ScoreCounts, expect, expected_f_beta_threshold

probabilities = st.lists(
    st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])), min_size=1, max_size=12
)


def picks_of(scores: list[float] | np.ndarray, name: str = "m") -> Picks:
    x = np.arange(len(scores)) * 10.0
    return Picks(name, x, x, score=scores)


def draw_scores(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).beta(0.3, 0.9, size=n).round(2)


@settings(deadline=None)
@given(probabilities)
def test_figures_are_sums_of_probabilities(scores):
    expected = expect(picks_of(scores))
    assert expected.threshold.tolist() == sorted(set(scores), reverse=True)
    for threshold in [*scores, 0.3]:
        figures = expected.at(threshold)
        kept = [p for p in scores if p >= threshold]
        assert figures.n_picks == len(kept)
        assert figures.n_true == pytest.approx(sum(kept))
        if kept:
            assert figures.precision == pytest.approx(np.mean(kept))
        if sum(scores) > 0:
            assert figures.recall == pytest.approx(sum(kept) / sum(scores))


def test_errors_are_the_spread_of_drawn_truths():
    scores, rng = draw_scores(400), np.random.default_rng(1)
    is_right = rng.random((4000, scores.size)) < scores
    expected = expect(picks_of(scores))
    for threshold in (0.0, 0.2, 0.5, 0.9):
        kept = scores >= threshold
        n_true, n_particles = is_right[:, kept].sum(axis=1), is_right.sum(axis=1)
        drawn = {
            "n_true": n_true,
            "precision": n_true / kept.sum(),
            "recall": n_true / n_particles,
        }
        figures = expected.at(threshold)
        for name, values in drawn.items():
            assert getattr(figures, name) == pytest.approx(values.mean(), rel=0.01)
            stated = getattr(figures, f"{name}_error")
            assert stated == pytest.approx(values.std(), rel=0.07, abs=1e-9)
        point = int(np.sum(expected.threshold >= threshold)) - 1
        for beta in (1, 2):
            f = f_beta(drawn["precision"], drawn["recall"], beta=beta)
            assert expected.f_beta(beta)[point] == pytest.approx(f.mean(), rel=0.01)
            assert expected.f_beta_error(beta)[point] == pytest.approx(f.std(), rel=0.07)


def test_errors_of_the_calibration_are_shared_by_all_candidates():
    scores, rng = draw_scores(20_000).clip(0.001, 0.999), np.random.default_rng(2)
    # All logits are off by one normal number of this deviation.
    deviation = 0.05
    logit = np.log(scores / (1 - scores))
    moved = [1 / (1 + np.exp(-logit - deviation * z)) for z in rng.normal(size=1000)]
    expected = expect(
        picks_of(scores), logit_error_factor=lambda p: np.full((p.size, 1), deviation)
    )
    without = expect(picks_of(scores))
    for threshold in (0.2, 0.6):
        kept = scores >= threshold
        precision = np.array([p[kept].mean() for p in moved])
        recall = np.array([p[kept].sum() / p.sum() for p in moved])
        figures, sampled = expected.at(threshold), without.at(threshold)
        for name, values in (("precision_error", precision), ("recall_error", recall)):
            together = np.hypot(values.std(), getattr(sampled, name))
            assert getattr(figures, name) == pytest.approx(together, rel=0.1)


def test_errors_shrink_with_the_number_of_candidates():
    few, many = draw_scores(100), np.tile(draw_scores(100), 100)
    one, other = expect(picks_of(few)).at(0.5), expect(picks_of(many)).at(0.5)
    assert other.precision == pytest.approx(one.precision)
    assert other.precision_error == pytest.approx(one.precision_error / 10)
    assert other.recall_error == pytest.approx(one.recall_error / 10)


def test_certain_candidates_have_no_errors():
    figures = expect(picks_of([1.0, 1.0, 0.0])).at(0.5)
    assert (figures.precision, figures.precision_error) == (1, 0)
    assert (figures.recall, figures.recall_error) == (1, 0)


def test_micrographs_are_pooled():
    scores = draw_scores(60)
    apart = expect([picks_of(scores[:20], "a"), picks_of(scores[20:], "b"), Picks("empty")])
    together = expect(picks_of(scores))
    np.testing.assert_array_equal(apart.n_picks, together.n_picks)
    np.testing.assert_allclose(apart.precision_error, together.precision_error)


def test_counted_scores_tell_the_same_as_picks(monkeypatch):
    monkeypatch.setattr(score_counts, "_N_WAITING", 100)
    rng, counts, sets = np.random.default_rng(3), ScoreCounts(), []
    for size in [0, 7, 99, 100, 350, 1, 30]:
        # As they come from picking: few decimals, in single precision.
        scores = rng.beta(0.3, 0.9, size=size).round(2).astype(np.float32)
        counts.add(scores)
        sets.append(picks_of(scores))
    counted, plain = (
        expect(some, logit_error_factor=lambda p: np.stack([p, 1 - p], axis=1))
        for some in (counts, sets)
    )
    # The plain way: all scores at once.
    scores = np.concatenate([some.score for some in sets])
    distinct, n_each = np.unique(-scores, return_counts=True)
    np.testing.assert_array_equal(counted.threshold, -distinct)
    np.testing.assert_array_equal(counted.n_picks, np.cumsum(n_each))
    for name in ("threshold", "n_picks", "n_true", "variance", "shift", "recall_error"):
        np.testing.assert_array_equal(getattr(counted, name), getattr(plain, name))


def test_memory_is_that_of_distinct_scores(monkeypatch):
    monkeypatch.setattr(score_counts, "_N_WAITING", 1000)
    counts = ScoreCounts()
    for seed in range(50):
        counts.add(np.random.default_rng(seed).integers(0, 101, size=999) / 100)
        assert sum(waiting.size for waiting in counts._waiting) < 1000
    score, n = counts.distinct()
    assert score.tolist() == (np.arange(101) / 100).tolist()
    assert n.sum() == 50 * 999


def test_counted_scores_must_be_probabilities_too():
    counts = ScoreCounts()
    counts.add([0.5, np.nan, 0.5, np.nan])
    assert counts.distinct()[1].tolist() == [2, 2]
    with pytest.raises(ConventionError, match="model with a calibration"):
        expect(counts)


@pytest.mark.parametrize(
    "candidates", [[], [Picks("m")], Picks("m"), picks_of([0.0, 0.0]), ScoreCounts()]
)
def test_where_nothing_is_expected_nothing_is_said(candidates):
    expected = expect(candidates)
    assert expected.n_particles == 0
    assert np.isnan(expected.at(0.5).precision)
    assert np.isnan(expected.at(0.5).recall)
    assert np.isnan(expected.recall).all()
    assert expected.precision_error.size == expected.threshold.size
    assert len(expected.rows()) == 19


def test_above_all_scores_nothing_is_kept():
    figures = expect(picks_of([0.4, 0.2])).at(0.5)
    assert (figures.n_picks, figures.n_true, figures.recall) == (0, 0, 0)
    assert np.isnan(figures.precision)


def test_rows_are_the_figures_at_the_thresholds():
    expected = expect(picks_of(draw_scores(50)))
    rows = expected.rows()
    assert [row.threshold for row in rows] == pytest.approx(np.arange(1, 20) / 20)
    assert expected.rows([0.3, 0.7]) == (expected.at(0.3), expected.at(0.7))
    assert (np.diff([row.recall for row in rows]) <= 0).all()
    assert (np.diff([row.n_picks for row in rows]) <= 0).all()


@settings(deadline=None)
@given(
    probabilities.filter(lambda scores: sum(scores) > 1e-6),
    st.sampled_from([0.5, 1, 1.5, 2]),
    st.sampled_from([0, 0.5, 3]),
)
def test_the_threshold_keeps_the_best_of_all_sets(scores, beta, n_missed):
    def expected_f(kept: list[float]) -> float:
        n_particles = sum(scores) + n_missed
        return (1 + beta**2) * sum(kept) / (len(kept) + beta**2 * n_particles)

    threshold = expected_f_beta_threshold(scores, beta=beta, n_missed=n_missed)
    chosen = expected_f([p for p in scores if p >= threshold])
    # Of all sets of a size, the one of the most probable is best.
    falling = sorted(scores, reverse=True)
    best = max(expected_f(falling[:n]) for n in range(1, len(scores) + 1))
    assert chosen == pytest.approx(best)
    assert threshold == pytest.approx(best / (1 + beta**2))
    assert threshold <= 1 / (1 + beta**2)


def test_missed_particles_lower_the_threshold():
    scores = draw_scores(100)
    thresholds = [expected_f_beta_threshold(scores, beta=2, n_missed=n) for n in (0, 10, 50)]
    assert (np.diff(thresholds) < 0).all()


@pytest.mark.parametrize("beta", [0.5, 1, 2])
def test_both_ways_to_the_threshold_agree(beta):
    scores = draw_scores(300)
    assert expect(picks_of(scores)).best_threshold(beta) == pytest.approx(
        expected_f_beta_threshold(scores, beta=beta)
    )


@pytest.mark.parametrize("score", [np.nan, -0.1, 1.1])
def test_scores_that_are_no_probabilities_are_refused(score):
    with pytest.raises(ConventionError, match=r"picks of m .* model with a calibration"):
        expect(picks_of([0.5, score]))
    with pytest.raises(ConventionError, match="model with a calibration"):
        expected_f_beta_threshold([0.5, score], beta=1)


@pytest.mark.parametrize("scores", [[], [0.0, 0.0]])
def test_no_threshold_where_nothing_is_expected(scores):
    with pytest.raises(ConventionError, match="keep every candidate"):
        expect(picks_of(scores)).best_threshold()
    with pytest.raises(ConventionError, match="keep every candidate"):
        expected_f_beta_threshold(scores, beta=2)


def test_options_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="2 favours recall"):
        expected_f_beta_threshold([0.5], beta=0)
    with pytest.raises(ConfigError, match="must be 0 or more"):
        expected_f_beta_threshold([0.5], beta=1, n_missed=-1)
