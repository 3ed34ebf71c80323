"""Scores become probabilities on micrographs that were not learnt from, and the threshold too."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from deepem.core import Frame, Micrograph, Picks
from deepem.errors import ConventionError, TrainingDataError
from deepem.networks import DeepEM8, ResidualDesign, design_network
from deepem.training import Epoch, TrainingEvents, learning, train
from deepem.training.lesson import Lesson
from deepem.training.validate import validate

DIAMETER = 10.0
FRAME = Frame((600, 600))


def make_candidates(seed=0, *, n_micrographs=3, n=80, n_wrong=200, faint=0.0, n_missed=0):
    """Return candidates on a grid and the truth; scores of both kinds overlap."""
    rng = np.random.default_rng(seed)
    candidates, truth = [], []
    for number in range(n_micrographs):
        places = rng.permutation(28 * 28)[: n + n_wrong + n_missed]
        x, y = 20 + 20 * (places % 28), 20 + 20 * (places // 28)
        logit = np.concatenate([rng.normal(2 - faint, 1.5, n), rng.normal(-3, 1.5, n_wrong)])
        score = 1 / (1 + np.exp(-logit))
        found = slice(0, n + n_wrong)
        name = f"m{number}"
        candidates.append(Picks(name, x[found], y[found], score=score, frame=FRAME).by_score())
        is_true = np.r_[0:n, n + n_wrong : len(places)]
        truth.append(Picks(name, x[is_true], y[is_true], frame=FRAME))
    return candidates, truth


def expected_f(probabilities, threshold, *, beta, n_missed):
    """Expected F-beta of what is at least at a threshold, summed one by one."""
    n_picks = n_true = n_all = 0.0
    for probability in probabilities:
        n_all += probability
        if probability >= threshold:
            n_picks += 1
            n_true += probability
    return (1 + beta**2) * n_true / (beta**2 * (n_all + n_missed) + n_picks)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("n_missed", [0, 30])
def test_threshold_is_the_highest_within_a_hundredth_of_the_best(beta, n_missed):
    candidates, truth = make_candidates(n=30, n_wrong=60, n_missed=n_missed)
    found = validate(candidates, truth, diameter_px=DIAMETER, beta=beta)
    probabilities = found.calibration(np.concatenate([c.score for c in candidates]))
    total = 3 * n_missed

    def f_at(threshold):
        return expected_f(probabilities, threshold, beta=beta, n_missed=total)

    best = max(f_at(probability) for probability in probabilities)
    assert f_at(found.threshold) >= best - 0.01 - 1e-9
    higher = probabilities[probabilities > found.threshold]
    if found.threshold == max(0.5, 1 / (1 + beta**2)):
        return  # no threshold need be higher
    # One pick less is too few.
    assert f_at(np.sort(higher)[1]) < best - 0.01
    # The threshold is midway between the faintest that is kept and the next.
    lower = probabilities[probabilities < found.threshold]
    assert found.threshold == pytest.approx((higher.min() + lower.max()) / 2)


def test_where_scores_part_kinds_the_threshold_lies_between_them():
    """Else a particle a little fainter than those of the validation micrographs is lost."""
    x = np.arange(20, 580, 28)
    score = np.where(np.arange(len(x)) < 14, 0.95, 0.05)
    candidates = Picks("m", x, x, score=score, frame=FRAME)
    truth = candidates.take(np.arange(14))
    found = validate([candidates], [truth], diameter_px=DIAMETER, beta=2)
    high, low = found.calibration([0.95, 0.05])
    assert found.threshold == pytest.approx(min((high + low) / 2, 0.5))
    assert found.evaluation.recall == found.evaluation.precision == 1


@pytest.mark.parametrize(("beta", "highest"), [(0.5, 0.8), (1.0, 0.5), (2.0, 0.5)])
def test_where_particles_are_plain_no_certainty_is_asked_for(beta, highest):
    """They may be less plain on the next micrograph."""
    rng = np.random.default_rng(5)
    x = np.tile(np.arange(20, 580, 28), 8)
    y = np.repeat(np.arange(20, 580, 75), 20)
    is_particle = np.arange(len(x)) % 2 == 0
    score = np.where(is_particle, rng.uniform(0.7, 1, len(x)), rng.uniform(0, 0.1, len(x)))
    candidates = Picks("m", x, y, score=score, frame=FRAME)
    found = validate([candidates], [candidates.take(is_particle)], diameter_px=DIAMETER, beta=beta)
    assert found.threshold == pytest.approx(highest)
    assert found.evaluation.recall > 0.95


def test_a_lone_candidate_is_kept():
    candidates = Picks("m", [100], [100], score=[0.4], frame=FRAME)
    found = validate([candidates], [candidates], diameter_px=DIAMETER, beta=2)
    assert found.threshold <= found.calibration([0.4])[0]
    assert found.evaluation.n_picks == 1


def test_calibration_rises_and_is_right_on_the_whole():
    candidates, truth = make_candidates(n=150, n_wrong=400)
    found = validate(candidates, truth, diameter_px=DIAMETER, beta=2)
    scores = np.linspace(0, 1, 2001)
    assert (np.diff(found.calibration(scores)) > 0).all()
    probabilities = found.calibration(np.concatenate([c.score for c in candidates]))
    assert probabilities.sum() == pytest.approx(3 * 150, rel=0.03)
    # Where it says nine of ten, nine of ten are right: the kinds are drawn from known scores.
    ours, other = make_candidates(seed=1, n=150, n_wrong=400), []
    for picks, known in zip(*ours, strict=True):
        places = set(zip(known.x_px, known.y_px, strict=True))
        other += [place in places for place in zip(picks.x_px, picks.y_px, strict=True)]
    probabilities = found.calibration(np.concatenate([c.score for c in ours[0]]))
    sure = (probabilities > 0.8) & (probabilities < 0.97)
    assert np.mean(np.array(other)[sure]) == pytest.approx(probabilities[sure].mean(), abs=0.05)


def test_the_figures_are_those_at_the_threshold():
    candidates, truth = make_candidates()
    found = validate(candidates, truth, diameter_px=DIAMETER, beta=2)
    kept = [c.take(found.calibration(c.score) >= found.threshold) for c in candidates]
    assert found.evaluation.n_picks == sum(map(len, kept))
    n_right = 0
    for picks, known in zip(kept, truth, strict=True):
        places = set(zip(known.x_px, known.y_px, strict=True))
        n_right += sum(p in places for p in zip(picks.x_px, picks.y_px, strict=True))
    assert found.evaluation.precision == pytest.approx(n_right / sum(map(len, kept)))
    assert found.evaluation.recall == pytest.approx(n_right / sum(map(len, truth)))


def test_the_order_changes_nothing():
    candidates, truth = make_candidates()
    one = validate(candidates, truth, diameter_px=DIAMETER, beta=2)
    same = validate(candidates[::-1], truth[::-1], diameter_px=DIAMETER, beta=2)
    assert same.threshold == pytest.approx(one.threshold, abs=1e-6)
    assert same.calibration.slope == pytest.approx(one.calibration.slope, rel=1e-4)


@pytest.mark.parametrize("missing", ["candidates", "matches", "truth"])
def test_nothing_found_is_an_error_with_the_cure(missing):
    candidates, truth = make_candidates(n_micrographs=1)
    if missing == "candidates":
        candidates = [Picks("m0", frame=FRAME)]
    elif missing == "matches":
        truth = [replace(truth[0], x_px=truth[0].x_px + 9, y_px=truth[0].y_px + 9)]
    else:
        truth = [Picks("m0", frame=FRAME)]
    with pytest.raises(ConventionError, match=r"not one known particle .* \(deepem check\)"):
        validate(candidates, truth, diameter_px=DIAMETER, beta=2)


class FakeRecipe:
    """Learns nothing, and remembers from which micrographs."""

    min_distance_over_diameter = 0.5

    def __init__(self, plan, *, is_complete=True, least=0):
        self._plan, self._is_complete, self._least = plan, is_complete, least
        self.lessons, self.given = {}, []

    def learn(self, labelled, valid, *, checkpoint_path=None):
        """Return a network of its own for each call."""
        if sum(len(item.particles) for item in labelled) < self._least:
            raise TrainingDataError("too few")
        network = DeepEM8(self._plan.boxes_design, generator=torch.Generator().manual_seed(0))
        self.lessons[id(network)] = (network, [item.micrograph.name for item in labelled])
        self.given.append(list(labelled))
        return Lesson(
            network=network,
            used=list(labelled),
            valid=list(valid),
            history=[Epoch(1, 1, 0.5, 0.5, float("nan"))],
            std_range=(0.5, 1.5),
            is_complete=self._is_complete,
        )


class Stages(TrainingEvents):
    """Remembers the stages."""

    def __init__(self):
        self.stages = []

    def began(self, stage):
        """Remember one."""
        self.stages.append(stage)


@pytest.fixture
def run(monkeypatch):
    """Train with a recipe that learns nothing; returns what scored what, model and recipe."""

    def run(sizes, **recipe_options):
        recipes, scored = [], []
        events = Stages()

        def make_recipe(plan, *arguments, **options):
            recipes.append(FakeRecipe(plan, **recipe_options))
            return recipes[0]

        def scan_held_out(model, held_out):
            names = [item.micrograph.name for item in held_out]
            scored.append((recipes[0].lessons[id(model.network)][1], names))
            return [
                replace(item.particles, score=np.full(len(item.particles), 0.9))
                for item in held_out
            ]

        monkeypatch.setattr(learning, "_make_recipe", make_recipe)
        monkeypatch.setattr(learning, "scan_held_out", scan_held_out)
        monkeypatch.setattr(learning, "warn_of_orientation", lambda *_, **__: None)
        micrographs = [
            Micrograph.from_array(np.zeros(FRAME.shape), name=f"m{i}") for i in range(len(sizes))
        ]
        picks = [
            Picks(m.name, 50 + 40 * np.arange(n), np.full(n, 80))
            for m, n in zip(micrographs, sizes, strict=True)
        ]
        model = train(micrographs, picks, diameter_px=20, network="deepem8", events=events)
        return scored, model, recipes[0], events

    return run


@pytest.mark.parametrize("sizes", [(5, 5), (9, 3, 7), (6, 6, 6, 6), (2, 12, 3, 5), (7, 0, 7)])
def test_no_micrograph_is_scored_by_a_network_that_learnt_from_it(run, sizes):
    scored, model, recipe, events = run(sizes)
    names = [f"m{i}" for i in range(len(sizes))]
    assert len(scored) == 2
    for learnt, judged in scored:
        assert not set(learnt) & set(judged)
        assert sorted(learnt + judged) == names
    assert sorted(scored[0][1] + scored[1][1]) == names
    # The model itself learnt from all, and what is known to be complete is not asked again.
    assert recipe.lessons[id(model.network)][1] == names
    assert all(item.complete is True for part in recipe.given[1:] for item in part)
    # Both halves have their share of the labels.
    for learnt, judged in scored:
        for part in (learnt, judged):
            assert sum(sizes[int(name[1])] for name in part) > 0
    assert events.stages == ["Cross-validation, part 1 of 2", "Cross-validation, part 2 of 2"]
    record = model.header.training
    assert record["threshold_from"] == "cross-validation"
    assert sorted(record["validation_micrographs"]) == names
    assert record["validation"]["recall"] == 1


@pytest.mark.parametrize("sizes", [(9,), (9, 0, 0)])
def test_a_single_micrograph_with_particles_is_scored_as_it_was_learnt(run, sizes):
    scored, model, _, _ = run(sizes)
    assert [learnt for learnt, _ in scored] == [[f"m{i}" for i in range(len(sizes))]]
    assert model.header.training["threshold_from"] == "training micrographs"


def test_halves_that_are_too_small_are_no_trouble(run):
    _, model, _, _ = run((4, 4), least=5)
    assert model.header.training["threshold_from"] == "training micrographs"


def test_without_a_complete_micrograph_nothing_is_measured(run):
    scored, model, _, _ = run((9, 9), is_complete=False)
    assert scored == []
    header = model.header
    assert header.calibration is None
    assert 0.5 <= header.threshold < 1  # likelier a particle than not
    assert header.training["threshold_from"] == "no micrograph with all its particles"
    assert "validation" not in header.training


def test_held_out_micrographs_are_not_learnt_from(run):
    scored, model, recipe, _ = run((6, 6, 6, 6, 6, 6))
    ((learnt, judged),) = scored
    assert len(judged) == 1
    assert not set(learnt) & set(judged)
    assert len(recipe.given) == 1
    assert model.header.training["threshold_from"] == "held-out micrographs"


def plan_of(design):
    return learning.plan_training([], [], diameter_px=20, design=design)


def labelled(*sizes, complete=None):
    return [
        learning.LabelledMicrograph(
            Micrograph.from_array(np.zeros((9, 9)), name=f"m{i}"),
            Picks(f"m{i}", np.arange(n), np.arange(n)),
            complete=complete,
        )
        for i, n in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("items", "is_all"),
    [
        (labelled(3, 3, 3, 3, 3, 3), False),  # a few clicks: nobody knows
        (labelled(3, 3, 3, 3, 3, 3, complete=True), True),
        (labelled(3, 3, 3, 3, 3, 3, complete=False), False),
        (labelled(3, 3, 0, complete=None), False),
        (labelled(100, 100, 100), True),
        (labelled(100, 100, 100, complete=False), False),
    ],
)
def test_micrographs_are_held_out_only_where_their_labels_are_taken_for_all(items, is_all):
    assert learning._are_taken_for_all(items, plan_of(ResidualDesign())) is is_all
    is_boxes_all = items[0].complete is not False
    assert learning._are_taken_for_all(items, plan_of(design_network(40))) is is_boxes_all
