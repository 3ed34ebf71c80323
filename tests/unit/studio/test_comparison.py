"""Two sets of coordinates are compared as counted by hand, over the server's address too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, FileFormatError, NotFoundError
from deepem.io import write_mrc
from deepem.studio.comparison import compare, compare_one
from deepem.studio.labels.operations import Operation
from deepem.studio.project import Project


@dataclass(frozen=True)
class Known:
    """Coordinates that are known beforehand."""

    picks: dict[str, Picks]
    title: str = "known picks"

    def names(self) -> list[str]:
        """Its micrographs."""
        return sorted(self.picks)

    def has(self, name: str) -> bool:
        """Whether it has one."""
        return name in self.picks

    def get(self, name: str) -> Picks:
        """Those on one."""
        return self.picks[name]


class Damaged(Known):
    """Coordinates whose files cannot be read."""

    def get(self, name: str) -> Picks:
        """Always fails."""
        raise FileFormatError(f"{name}.star", "is damaged")


ONE = Known(
    {
        "mic_0": Picks("mic_0", [50, 100, 200.5], [60, 110, 30]),
        "mic_1": Picks("mic_1", [40], [40]),
    }
)
OTHER = Known(
    {
        "mic_0": Picks("mic_0", [53, 230], [64, 200]),
        "mic_1": Picks("mic_1"),
        "mic_2": Picks("mic_2", [40], [40]),
    }
)


def test_micrographs_that_both_have(project):
    project.update(diameter_px=40)
    found = compare(project, ONE, OTHER)
    assert [one.micrograph for one in found.by_micrograph] == ["mic_0", "mic_1"]
    assert [(one.n_a, one.n_b, one.n_both) for one in found.by_micrograph] == [(3, 2, 1), (1, 0, 0)]
    assert found.figures.jaccard == pytest.approx(1 / 5)
    assert found.figures.f1 == pytest.approx(2 / 6)
    assert found.figures.median_distance_px == 5
    turned = compare(project, OTHER, ONE).figures
    assert (turned.n_both, turned.f1) == (found.figures.n_both, found.figures.f1)


@pytest.mark.parametrize(("diameter_px", "n_both"), [(9.9, 0), (10.0, 1)])
def test_the_same_particle_is_half_a_diameter_away_at_most(project, diameter_px, n_both):
    project.update(diameter_px=diameter_px)
    assert compare(project, ONE, OTHER).figures.n_both == n_both


def test_a_diameter_in_angstrom_and_none(project):
    with pytest.raises(ConfigError, match="set it first"):
        compare(project, ONE, OTHER)
    boxed = Known({"mic_0": Picks("mic_0", [50], [60], box_size_px=15)})
    assert compare(project, boxed, OTHER).figures.n_both == 1
    project.update(diameter_angstrom=25)  # 10 px
    assert compare(project, ONE, OTHER).figures.n_both == 1


def test_a_diameter_in_angstrom_needs_a_pixel_size(folder):
    pixels = np.random.default_rng(0).normal(size=(240, 320)).astype(np.float32)
    write_mrc(folder / "mic_0.mrc", pixels, overwrite=True)
    project = Project(folder)
    project.update(diameter_angstrom=25)
    with pytest.raises(ConfigError, match="says nothing of pixels; set it first") as caught:
        compare_one(project, ONE, OTHER, "mic_0")
    assert caught.value.field == "pixel_size_angstrom"


def test_one_micrograph_pick_by_pick(project):
    project.update(diameter_px=40)
    found = compare_one(project, ONE, OTHER, "mic_0")
    assert found.agreement.is_shared_a.tolist() == [True, False, False]
    assert found.agreement.is_shared_b.tolist() == [True, False]
    with pytest.raises(NotFoundError, match="known picks has nothing on mic_2"):
        compare_one(project, ONE, OTHER, "mic_2")
    with pytest.raises(NotFoundError, match="no micrograph named"):
        compare_one(project, ONE, OTHER, "mic_9")


def test_what_cannot_be_read_is_named_and_left_out(project):
    project.update(diameter_px=40)
    found = compare(project, ONE, Damaged(OTHER.picks))
    assert found.figures.n_a == 0
    assert set(found.problems) == {"mic_0", "mic_1"}
    assert "is damaged" in found.problems["mic_0"]


def test_labels_are_compared_over_the_address(app, client, project):
    project.update(diameter_px=40)
    labels = app.state.labels
    labels.apply("mic_0", [Operation("add", "particle", 53.0, 64.0)])
    labels.apply("mic_1", [Operation("add", "negative", 5.0, 5.0)])
    labels.apply("mic_2", [], complete=True)
    answer = client.get("/api/compare", params={"a": "labels", "b": "labels"})
    assert answer.status_code == 200
    found = answer.json()
    assert found["per_micrograph"] == [
        {"name": "mic_0", "n_a": 1, "n_b": 1, "n_both": 1},
        {"name": "mic_2", "n_a": 0, "n_b": 0, "n_both": 0},
    ]
    assert (found["jaccard"], found["f1"], found["median_distance_px"]) == (1, 1, 0)
    one = client.get("/api/compare/mic_0", params={"a": "labels", "b": "labels"}).json()
    assert one["a"] == {"x_px": [53.0], "y_px": [64.0], "matched": [True]}
    nothing = client.get("/api/compare/mic_1", params={"a": "labels", "b": "labels"})
    assert nothing.status_code == 404
    assert client.get("/api/compare", params={"a": "labels", "b": "7"}).status_code == 404


def test_nothing_in_common_has_no_figures(client, project):
    project.update(diameter_px=40)
    found = client.get("/api/compare", params={"a": "labels", "b": "labels"}).json()
    assert found["n_both"] == 0
    assert found["jaccard"] is None
    assert found["median_distance_px"] is None
