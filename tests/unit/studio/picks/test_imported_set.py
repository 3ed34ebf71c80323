"""Coordinates of other programs are sets too, with the scores that those programs give."""

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError, NotFoundError
from deepem.io import write_picks
from deepem.studio.labels import Operation
from deepem.studio.picks.importing import import_picks
from deepem.studio.picks.selection import PickSelection

X = [20.123456, 100.0, 300.5]


@pytest.fixture
def topaz(folder, project):
    """A folder of coordinates: three on mic_0, none on mic_1; scores below 0, as Topaz has them."""
    out = folder / "topaz"
    for name, n in (("mic_0", 3), ("mic_1", 0)):
        picks = Picks(name, X[:n], [30.0, 100.0, 200.25][:n], score=[-2.5, 0.125, 7.0][:n])
        write_picks(picks, out / f"{name}.star", format="star")
    project.update(diameter_px=40)
    return "topaz"


def test_what_was_brought_in_is_what_was_in_the_files(project, sets, topaz):
    assert import_picks(project, [topaz], "Topaz, run 3") == "Topaz-run-3"
    (known,) = sets.list()
    assert (known.id, known.kind, known.title) == (
        "imported-Topaz-run-3", "imported", "Topaz, run 3",
    )  # fmt: skip
    assert known.names() == ["mic_0", "mic_1"]
    assert known.count_micrographs() == 2
    assert known.score_range == (-2.5, 7.0)
    assert known.selection == known.default == PickSelection(threshold=-2.5)
    picks = known.final("mic_0")
    np.testing.assert_array_equal(picks.x_px, X)
    assert picks.score.tolist() == [-2.5, 0.125, 7.0]
    assert picks.frame == project.open("mic_0").frame
    assert len(known.final("mic_1")) == 0
    with pytest.raises(NotFoundError, match="has no picks of mic_2"):
        known.final("mic_2")


def test_a_threshold_is_on_their_own_scores(project, sets, topaz):
    known = sets.find("imported-" + import_picks(project, [topaz], "a"))
    known.select(PickSelection(threshold=0.125))
    assert known.final("mic_0").score.tolist() == [0.125, 7.0]
    assert known.pool.count(0.125, None).n_kept == 2


def test_without_scores_everything_is_kept_and_stays_without(project, sets, folder):
    project.update(diameter_px=40)
    write_picks(Picks("mic_0", X, [30, 100, 200]), folder / "mic_0.star", format="star")
    known = sets.find("imported-" + import_picks(project, ["mic_0.star"], "a"))
    assert known.score_range is None
    for threshold in (0.0, 1.0):
        known.select(PickSelection(threshold=threshold))
        assert np.isnan(known.final("mic_0").score).tolist() == [True] * 3
        assert known.pool.count(threshold, None).n_kept == 3


def test_labels_correct_them_too(project, sets, labels, topaz):
    labels.apply("mic_0", [Operation("add", "negative", 100, 100)])
    known = sets.find("imported-" + import_picks(project, [topaz], "a"))
    assert known.final("mic_0").score.tolist() == [-2.5, 7.0]


def test_without_a_diameter_nothing_can_be_corrected(project, sets, labels, topaz):
    project.update(diameter_px=None)
    known = sets.find("imported-" + import_picks(project, [topaz], "a"))
    assert len(known.final("mic_0")) == 3
    labels.apply("mic_0", [Operation("add", "negative", 100, 100)])
    with pytest.raises(ConfigError, match="say how large the particle is"):
        known.final("mic_0")


def test_the_same_title_twice_makes_two_sets(project, sets, topaz):
    names = [import_picks(project, [topaz], title) for title in ("x!", "x?", "…", "…")]
    assert names == ["x", "x-2", "picks", "picks-2"]
    assert len(sets.list()) == 4


def test_a_title_is_no_path(project, topaz):
    name = import_picks(project, [topaz], "../../etc/passwd " + "a" * 100)
    assert name.startswith("etc-passwd-a")
    assert (project.imported_dir / name / "pickset.json").is_file()


@pytest.mark.parametrize(
    ("paths", "error", "message"),
    [
        (["../x"], ConfigError, "is not a path inside"),
        (["/etc/hostname"], ConfigError, "is not a path inside"),
        (["gone.star"], NotFoundError, "there is no 'gone.star'"),
        (["empty"], FileFormatError, "empty"),
        (["none"], ConventionError, "not one particle"),
        (["stranger.star"], ConventionError, "belongs to any of the micrographs"),
        (["damaged.star"], FileFormatError, "damaged.star"),
    ],
)
def test_files_that_cannot_be_used_leave_nothing_behind(
    project, folder, sets, paths, error, message
):
    (folder / "empty").mkdir()
    write_picks(Picks("mic_0"), folder / "none" / "mic_0.star", format="star")
    write_picks(Picks("x", [1], [1]), folder / "stranger.star", format="star")
    (folder / "damaged.star").write_text("data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n1 x\n")
    with pytest.raises(error, match=message):
        import_picks(project, paths, "a")
    assert sets.list() == []


def test_coordinates_outside_of_the_micrograph_are_refused(project, folder, sets):
    write_picks(Picks("mic_0", [999, 900, 1], [1, 1, 1]), folder / "mic_0.star", format="star")
    with pytest.raises(ConventionError, match="2 of 3 coordinates are outside the image"):
        import_picks(project, ["mic_0.star"], "a")
    assert sets.list() == []


def test_a_table_that_another_program_changes_is_read_again(project, sets, published, topaz):
    name = import_picks(project, [topaz], "a")
    known = sets.find(f"imported-{name}")
    assert len(known.pool) == 3
    table = project.imported_dir / name / "coordinates.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    assert len(known.pool) == 2
    assert published == [{"type": "picks", "id": f"imported-{name}"}]
