"""How far the whole is: grows, and ends at 1, whatever stages come."""

import pytest

from deepem.studio.jobs.stage_plan import StagePlan

EXPECTED = [("First", 70), ("Second", 170), ("Third", 70)]


def walk(plan, names):
    fractions = []
    for name in names:
        plan.begin(name)
        fractions += [plan.fraction(share) for share in (0.0, 0.5, 1.0)]
    return fractions


def test_shares_follow_the_work():
    fractions = walk(StagePlan(EXPECTED), ["First network", "Second network", "Third network"])
    assert fractions == pytest.approx([0, 0.125, 0.25, 0.25, 0.5, 0.75, 0.75, 0.875, 1.0])


@pytest.mark.parametrize(
    "names",
    [
        ["First", "Third"],
        ["Third"],
        ["First", "Something else", "Second", "Third"],
        ["Something else", "Third", "One more"],
    ],
)
def test_stages_that_do_not_come_or_come_unasked_are_borne(names):
    fractions = walk(StagePlan(EXPECTED), names)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    if names[-1] == "Third":
        assert fractions[-1] == pytest.approx(1)


def test_a_plan_of_nothing_bears_stages_too():
    plan = StagePlan([])
    assert plan.fraction(0.5) == 0
    assert walk(plan, ["One", "Two"])[-1] == pytest.approx(1)
