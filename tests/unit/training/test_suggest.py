"""What to label next: where most wrong verdicts are expected, and what is out of the ordinary."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.training.suggest import suggest_labels

SHAPE = (600, 900)  # (ny, nx): not square
FRAME = Frame(shape=SHAPE)
DIAMETER = 20.0


def candidates(name, score, *, seed=0, shape=SHAPE):
    rng = np.random.default_rng([seed, *name.encode()])
    n = len(score)
    return Picks(
        name,
        rng.uniform(0, shape[1] - 1, n),
        rng.uniform(0, shape[0] - 1, n),
        score=score,
        frame=Frame(shape=shape),
    )


def usual(n=20, *, n_picks=100, spread=4):
    """Micrographs with about as many sure picks."""
    rng = np.random.default_rng(7)
    counts = rng.normal(n_picks, spread, n).round().astype(int)
    return [candidates(f"usual_{i:02d}", np.full(count, 0.99)) for i, count in enumerate(counts)]


def names(suggestions):
    return [suggestion.micrograph for suggestion in suggestions]


def kinds(suggestion):
    return [reason.kind for reason in suggestion.reasons]


def test_doubt_comes_first():
    pool = [
        candidates("sure", [0.99] * 9),
        candidates("unsure", [0.5] * 9),
        candidates("between", [0.8] * 9),
    ]
    found = suggest_labels(pool, diameter_px=DIAMETER)
    assert names(found) == ["unsure", "between", "sure"]
    assert [one.score for one in found] == pytest.approx([4.5, 1.8, 0.09])
    assert [str(reason) for reason in found[0].reasons] == ["9 doubtful picks"]
    assert found[0].reasons[0].value == 9
    assert found[2].reasons == ()


def test_candidates_below_the_threshold_count_as_well():
    pool = [candidates("a", [0.6]), candidates("b", [0.4])]
    one, other = suggest_labels(pool, diameter_px=DIAMETER)
    assert one.score == other.score == pytest.approx(0.4)
    assert names([one, other]) == ["a", "b"]  # by name


def test_unusual_numbers_of_picks_are_found_and_said():
    pool = [
        *usual(),
        candidates("junk", np.full(400, 0.99)),
        candidates("void", np.full(5, 0.99)),
    ]
    found = suggest_labels(pool, diameter_px=DIAMETER)
    assert names(found)[:2] == ["junk", "void"]
    junk, void = found[:2]
    assert kinds(junk) == ["many"]
    assert kinds(void) == ["few"]
    reason = junk.reasons[0]
    assert reason.value == 400
    assert reason.expected == pytest.approx(100, abs=4)
    assert reason.spread == pytest.approx(10, abs=1)  # not less than chance
    assert reason.text == (
        f"unusually many picks (400, others {reason.expected:.0f} ± {reason.spread:.0f})"
    )
    assert junk.unusual == pytest.approx((400 - reason.expected - 2 * reason.spread) / 2)
    assert junk.score == pytest.approx(junk.doubt + junk.unusual)
    assert all(one.unusual == 0 for one in found[2:])
    assert sum(region.score for region in junk.regions) <= junk.score + 1e-9
    assert junk.regions[0].score > 1  # any of its picks may be one too many


def test_a_larger_micrograph_may_hold_more():
    large = candidates("large", np.full(400, 0.99), shape=(1200, 1800))
    found = {one.micrograph: one for one in suggest_labels([*usual(), large], diameter_px=DIAMETER)}
    assert found["large"].unusual == 0


def test_an_unusual_mean_score_is_said():
    rng = np.random.default_rng(3)
    pool = [candidates(f"m{i:02d}", rng.normal(0.9, 0.01, 50).clip(0, 1)) for i in range(12)]
    low, high = candidates("low", np.full(50, 0.76)), candidates("high", np.full(50, 0.99))
    found = {
        one.micrograph: one for one in suggest_labels([*pool, low, high], diameter_px=DIAMETER)
    }
    assert kinds(found["low"]) == ["low-mean"]
    assert str(found["low"].reasons[0]).startswith("unusually low mean score (0.76, others 0.90")
    assert kinds(found["high"]) == ["high-mean"]
    assert not any(found[one.micrograph].reasons for one in pool)


def test_the_first_of_a_kind_teaches_more_than_the_next():
    many = [candidates(f"junk_{i}", np.full(400, 0.99)) for i in range(4)]
    doubtful = candidates("doubtful", np.full(160, 0.5))
    found = suggest_labels([*usual(), *many, doubtful], diameter_px=DIAMETER)
    assert names(found)[:3] == ["junk_0", "doubtful", "junk_1"]
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    parts = {one.micrograph: one.unusual for one in found}
    assert parts["junk_1"] < parts["junk_0"]
    assert parts["junk_3"] == pytest.approx(parts["junk_1"] / 4 * 2, rel=0.3)


def test_labelled_micrographs_are_left_out_or_count_less():
    pool = [candidates("a", [0.5] * 9), candidates("b", [0.6] * 3), candidates("c", [0.9])]
    assert names(suggest_labels(pool, diameter_px=DIAMETER, labelled=["a"])) == ["b", "c"]
    found = suggest_labels(pool, diameter_px=DIAMETER, labelled=["a"], labelled_weight=0.1)
    assert names(found) == ["b", "a", "c"]
    assert suggest_labels(pool, diameter_px=DIAMETER, labelled=["a", "b", "c"]) == []


def test_the_list_can_be_short():
    found = suggest_labels(usual(), diameter_px=DIAMETER, n_suggestions=3)
    assert names(found) == names(suggest_labels(usual(), diameter_px=DIAMETER))[:3]


def test_a_large_pool_is_ranked_as_one_by_one():
    """The queue gives what looking at all micrographs for each place gives."""
    rng = np.random.default_rng(11)
    pool = [
        candidates(f"m{i:03d}", rng.beta(*rng.choice([0.3, 3], 2), size=int(rng.integers(0, 300))))
        for i in range(120)
    ]
    found = suggest_labels(pool, diameter_px=DIAMETER, n_regions=0)
    full = {}
    for one in found:
        kind = next((k for k in kinds(one) if k in ("many", "few")), "")
        full[one.micrograph] = (one.doubt, kind)
    n_before = {"many": 0, "few": 0, "": 0}
    unusual = {}
    for one in found:
        kind = full[one.micrograph][1]
        unusual[one.micrograph] = one.unusual * (1 + n_before[kind])
        n_before[kind] += 1
    n_before = dict.fromkeys(n_before, 0)
    left = set(full)
    for one in found:
        best = min(left, key=lambda n: (-(full[n][0] + unusual[n] / (1 + n_before[full[n][1]])), n))
        assert one.score == pytest.approx(
            full[best][0] + unusual[best] / (1 + n_before[full[best][1]])
        )
        left.remove(one.micrograph)
        n_before[full[one.micrograph][1]] += 1


def test_the_order_given_changes_nothing():
    pool = [*usual(), candidates("a", [0.5] * 30), candidates("b", np.full(300, 0.9))]
    one, other = (suggest_labels(p, diameter_px=DIAMETER) for p in (pool, pool[::-1]))
    assert names(one) == names(other)
    assert [s.regions for s in one] == [s.regions for s in other]
    assert [s.reasons for s in one] == [s.reasons for s in other]


# --- nothing, little, all certain ---


def test_no_micrographs():
    assert suggest_labels([], diameter_px=DIAMETER) == []


def test_one_micrograph():
    (only,) = suggest_labels([candidates("m", [0.5, 0.9])], diameter_px=DIAMETER)
    assert only.score == pytest.approx(0.6)
    assert only.unusual == 0


def test_empty_micrographs():
    pool = [candidates(f"m{i}", []) for i in range(6)]
    found = suggest_labels(pool, diameter_px=DIAMETER)
    assert [(one.score, one.reasons, one.regions, len(one.doubtful)) for one in found] == [
        (0, (), (), 0)
    ] * 6


def test_all_certain():
    found = suggest_labels(
        [candidates(f"m{i}", [0.0, 1.0] * 20) for i in range(6)], diameter_px=DIAMETER
    )
    assert names(found) == [f"m{i}" for i in range(6)]
    for one in found:
        assert (one.score, one.reasons, one.regions, len(one.doubtful)) == (0, (), (), 0)


# --- where to look ---


def test_regions_hold_the_doubt_and_do_not_overlap():
    here = Picks("m", [800, 810, 830], [100, 120, 90], score=[0.5] * 3, frame=FRAME)
    there = Picks("m", [100, 110], [500, 520], score=[0.45, 0.2], frame=FRAME)
    sure = Picks("m", [450] * 50, [300] * 50, score=[1.0] * 50, frame=FRAME)
    together = Picks(
        "m",
        *(np.concatenate([getattr(p, c) for p in (sure, there, here)]) for c in ("x_px", "y_px")),
        score=np.concatenate([p.score for p in (sure, there, here)]),
        frame=FRAME,
    )
    (found,) = suggest_labels([together], diameter_px=DIAMETER)
    first, second = found.regions
    assert first.score == pytest.approx(1.5)
    assert first.n_doubtful == 3
    assert first.x_px <= 800 < 830 < first.x_px + first.width_px
    assert first.y_px <= 90 < 120 < first.y_px + first.height_px
    assert (first.width_px, first.height_px) == (160, 160)
    assert second.score == pytest.approx(0.65)
    assert second.n_doubtful == 1
    assert found.doubtful.score.tolist() == [0.5, 0.5, 0.5, 0.45, 0.2]
    assert found.doubtful.y_px.tolist()[:3] == [90, 100, 120]  # of equal ones by row


@given(
    st.lists(
        st.tuples(st.floats(-0.5, 899.5), st.floats(-0.5, 599.5), st.floats(0, 1)), max_size=30
    ),
    st.floats(1, 2000),
)
def test_regions_are_inside_and_add_up(places, region_px):
    columns = np.array(places).reshape(-1, 3)
    picks = Picks("m", columns[:, 0], columns[:, 1], score=columns[:, 2], frame=FRAME)
    (found,) = suggest_labels([picks], diameter_px=DIAMETER, region_px=region_px, n_regions=4)
    doubt = np.minimum(picks.score, 1 - picks.score)
    assert sum(region.score for region in found.regions) <= doubt.sum() + 1e-6
    scores = [region.score for region in found.regions]
    assert all(b <= a * (1 + 1e-6) for a, b in pairwise(scores))
    for i, region in enumerate(found.regions):
        assert 0 <= region.x_px <= region.x_px + region.width_px <= SHAPE[1]
        assert 0 <= region.y_px <= region.y_px + region.height_px <= SHAPE[0]
        inside = (
            (np.clip(np.rint(picks.x_px), 0, SHAPE[1] - 1) >= region.x_px)
            & (np.clip(np.rint(picks.x_px), 0, SHAPE[1] - 1) < region.x_px + region.width_px)
            & (np.clip(np.rint(picks.y_px), 0, SHAPE[0] - 1) >= region.y_px)
            & (np.clip(np.rint(picks.y_px), 0, SHAPE[0] - 1) < region.y_px + region.height_px)
        )
        assert region.score == pytest.approx(doubt[inside].sum())
        for other in found.regions[:i]:
            assert (
                abs(other.x_px - region.x_px) >= region.width_px
                or abs(other.y_px - region.y_px) >= region.height_px
            )


def test_a_region_is_cut_to_the_micrograph():
    (found,) = suggest_labels([candidates("m", [0.5])], diameter_px=2000)
    (region,) = found.regions
    assert (region.x_px, region.y_px, region.width_px, region.height_px) == (0, 0, 900, 600)


# --- what it is for ---


@pytest.mark.parametrize("seed", range(5))
def test_the_ranking_finds_more_errors_than_chance(seed):
    """Of a pool with honest probabilities, a quarter is labelled."""
    rng = np.random.default_rng(seed)
    pool, n_errors = [], {}
    for index in range(40):
        hardness = rng.uniform(0.1, 3)  # above 1 most probabilities are near a half
        score = rng.beta(hardness, hardness, size=int(rng.normal(150, 10)))
        is_particle = rng.random(score.size) < score
        pool.append(candidates(f"m{index:02d}", score))
        n_errors[f"m{index:02d}"] = int(((score >= 0.5) != is_particle).sum())
    chosen = suggest_labels(pool, diameter_px=DIAMETER, n_suggestions=10)
    found = sum(n_errors[name] for name in names(chosen))
    pools = [rng.permutation(list(n_errors.values()))[:10].sum() for _ in range(1000)]
    assert found > np.quantile(pools, 0.999)
    best = sum(sorted(n_errors.values())[-10:])  # with the truth known beforehand
    assert found > 0.9 * best
    # And the score is what it says: the number of errors that a label corrects.
    expected, errors = sum(one.doubt for one in chosen), found
    assert abs(errors - expected) < 4 * np.sqrt(expected)


def test_sure_but_wrong_picks_are_found_by_their_number():
    """On carbon the model is sure of too many picks: doubt alone would look elsewhere."""
    pool = [*usual(30), candidates("carbon", np.full(250, 0.999))]
    chosen = suggest_labels(pool, diameter_px=DIAMETER)
    assert chosen[0].micrograph == "carbon"
    by_doubt = sorted(chosen, key=lambda one: -one.doubt)
    assert by_doubt[0].micrograph != "carbon"


# --- what is refused ---


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"diameter_px": 0}, "diameter_px: must be above 0"),
        ({"region_px": -3}, "region_px: must be above 0"),
        ({"labelled_weight": 2}, "labelled_weight: must be in 0 … 1, got 2"),
        ({"n_regions": -1}, "n_regions: must be 0 or more"),
        ({"n_suggestions": -1}, "n_suggestions: must be 0 or more"),
    ],
)
def test_options_out_of_range(options, problem):
    with pytest.raises(ConfigError, match=problem):
        suggest_labels([candidates("m", [0.5])], **({"diameter_px": DIAMETER} | options))


@pytest.mark.parametrize(
    ("pool", "problem"),
    [
        ([Picks("m", [1], [1], score=[0.5])], r"m: .* no frame.*place_picks"),
        ([candidates("m", [0.5]), candidates("m", [0.5])], r"m: has two sets.* Give one"),
        ([candidates("m", [0.5, 3])], r"m: 1 of 2 .* such as 3; give calibrated ones"),
        ([candidates("m", [np.nan])], r"m: 1 of 1 .* such as nan"),
    ],
)
def test_candidates_that_cannot_be_ranked(pool, problem):
    with pytest.raises(ConventionError, match=problem):
        suggest_labels(pool, diameter_px=DIAMETER)
