"""Coordinates arrive where they were, whatever the format, and what does not fit is said."""

import numpy as np
import pytest

from deepem.core import Frame, Listing, Orientation, Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError, OutputError
from deepem.io import (
    PICK_FORMATS,
    collect_picks,
    convert_picks,
    find_micrographs,
    write_mrc,
    write_picks,
)

SHAPE = (60, 100)  # not square
X_PX, Y_PX, SCORE = [10.0, 80.0, 33.0], [5.0, 50.0, 7.0], [0.9, 0.5, 0.25]


@pytest.fixture
def mics(tmp_path):
    """Two micrographs of 60 rows of 100 pixels at 2 Å, and what convert needs of them."""
    for name in ("mic_1", "mic_2"):
        write_mrc(tmp_path / "mics" / f"{name}.mrc", np.zeros(SHAPE, "i1"), pixel_size_angstrom=2.0)
    return find_micrographs(tmp_path / "mics")


def make_picks(name):
    return Picks(
        name,
        X_PX,
        Y_PX,
        score=SCORE,
        box_size_px=20,
        frame=Frame(SHAPE, pixel_size_angstrom=2.0),
        listing=Listing(f"MotionCorr/job002/movies/{name}.mrc"),
    )


def write_all(known, folder):
    """The picks of both micrographs in one format, as they would come from a program."""
    sets = [make_picks("mic_1"), make_picks("mic_2")]
    if known.one_file_for_all:
        return write_picks(sets, known.path_in(folder, ""), format=known.name)
    for picks in sets:
        path = write_picks(picks, known.path_in(folder, picks.micrograph), format=known.name)
    return path.parent


@pytest.mark.parametrize("target", PICK_FORMATS, ids=lambda known: known.name)
@pytest.mark.parametrize("source", PICK_FORMATS, ids=lambda known: known.name)
def test_any_format_becomes_any_other(source, target, mics, tmp_path):
    given = write_all(source, tmp_path / "in")
    done = convert_picks(
        given,
        tmp_path / "out",
        to=target.name,
        format=source.name,
        micrographs=mics,
        box_size_px=20,
    )
    assert done.failures == []
    assert done.n_picks == {"mic_1": 3, "mic_2": 3}
    if target.one_file_for_all:
        written = done.files
        assert len(written) == 1
    else:
        written = [path.parent for path in done.files][:1]
        assert len(done.files) == 2
    shapes = {file.name: SHAPE for file in mics}
    found = collect_picks(written, format=target.name, find_shape=shapes.get)
    assert found.failures == []
    assert set(found.by_name) == {"mic_1", "mic_2"}
    for picks in found.by_name.values():
        order = np.argsort(picks.y_px)
        np.testing.assert_allclose(picks.x_px[order], [10, 33, 80], atol=1e-4)
        np.testing.assert_allclose(picks.y_px[order], [5, 7, 50], atol=1e-4)
        if np.isfinite(picks.score).all():
            np.testing.assert_allclose(picks.score[order], [0.9, 0.25, 0.5], atol=1e-6)


def convert_one(tmp_path, mics, **options):
    write_picks(make_picks("mic_1"), tmp_path / "in" / "mic_1.star")
    convert_picks(tmp_path / "in", tmp_path / "out", to="star", micrographs=mics, **options)
    (picks,) = collect_picks(tmp_path / "out").by_name.values()
    return picks.x_px.tolist(), picks.y_px.tolist()


@pytest.mark.parametrize(
    ("orientation", "x_px", "y_px"),
    [
        (Orientation(flip_y=True), [10, 80, 33], [54, 9, 52]),
        (Orientation(flip_x=True), [89, 19, 66], [5, 50, 7]),
        (Orientation(swap_xy=True), [5, 50, 7], [10, 33]),  # one of three falls outside
    ],
)
def test_coordinates_from_elsewhere_are_turned(orientation, x_px, y_px, tmp_path, mics):
    found_x, found_y = convert_one(tmp_path, mics, orientation=orientation)
    if orientation.swap_xy:
        assert (found_x, found_y) == ([5, 7], [10, 33])
    else:
        assert (found_x, found_y) == (x_px, y_px)


def test_coordinates_that_are_not_centres_are_moved_last(tmp_path, mics):
    found = convert_one(tmp_path, mics, orientation=Orientation(flip_y=True), shift_px=(2, -3))
    assert found == ([12, 82, 35], [51, 6, 49])


def test_binned_coordinates_are_brought_to_the_micrograph_and_back(tmp_path, mics):
    write_picks(Picks("mic_1", [5, 40], [2.5, 25]), tmp_path / "in" / "mic_1.star")
    done = convert_picks(
        tmp_path / "in",
        tmp_path / "out",
        to="csv",
        micrographs=mics,
        orientation=Orientation(scale=2),
    )
    (picks,) = collect_picks(done.files).by_name.values()
    assert (picks.x_px.tolist(), picks.y_px.tolist()) == ([10, 80], [5, 50])
    done = convert_picks(done.files, tmp_path / "back", to="star", to_binned_by=2, micrographs=mics)
    (picks,) = collect_picks(done.files).by_name.values()
    assert (picks.x_px.tolist(), picks.y_px.tolist()) == ([5, 40], [2.5, 25])


def test_without_micrographs_what_needs_no_size_is_converted(tmp_path):
    write_picks(make_picks("mic_1"), tmp_path / "in" / "mic_1.box")
    done = convert_picks(
        tmp_path / "in",
        tmp_path / "out.csv",
        to="csv",
        orientation=Orientation(scale=2, swap_xy=True),
    )
    assert done.files == [tmp_path / "out.csv"]
    (picks,) = collect_picks(done.files).by_name.values()
    assert (picks.x_px.tolist(), picks.y_px.tolist()) == ([10, 100, 14], [20, 160, 66])
    assert picks.box_size_px == 40


def test_a_flip_without_the_size_says_what_is_needed(tmp_path):
    write_picks(make_picks("mic_1"), tmp_path / "in" / "mic_1.box")
    done = convert_picks(
        tmp_path / "in", tmp_path / "out", to="star", orientation=Orientation(flip_y=True)
    )
    (error,) = done.failures
    assert isinstance(error, ConventionError)
    assert "name the micrographs too (--micrographs)" in str(error)


def test_bad_files_are_named_and_the_others_converted(tmp_path, mics):
    folder = tmp_path / "in"
    write_picks(make_picks("mic_1"), folder / "mic_1.star")
    (folder / "broken.star").write_text("data_\nloop_\n_rlnCoordinateX #1\n1\n")
    write_picks(make_picks("stranger"), folder / "stranger.star")
    # a file in another scale: more than half of it lies outside
    write_picks(Picks("mic_2", [1000, 800, 20], [500, 400, 10]), folder / "mic_2.star")
    done = convert_picks(folder, tmp_path / "out", to="box", micrographs=mics, box_size_px=20)
    assert done.n_picks == {"mic_1": 3}
    assert done.pairing.unmatched_names == {"stranger": "no micrograph has this name"}
    broken, scale = done.failures
    assert isinstance(broken, FileFormatError)
    assert "broken.star: expected one table with rlnCoordinateX and rlnCoordinateY" in str(broken)
    assert "mic_2.mrc" in str(scale)
    assert "another binning (about 10.0 times)" in str(scale)


def test_coordinates_that_know_their_image_are_not_put_on_one_of_another_size(tmp_path, mics):
    """They would all fit inside."""
    half = Frame((30, 50), pixel_size_angstrom=4.0)
    picks = Picks("mic_1", [5, 40], [2.5, 25], frame=half, listing=Listing("J1/mic_1.mrc", uid=7))
    path = write_picks([picks], tmp_path / "picks.cs")
    done = convert_picks(path, tmp_path / "out", to="star", micrographs=mics)
    (error,) = done.failures
    assert "mic_1.mrc: is 100 x 60 px, but its coordinates are for an image of 50 x 30 px" in str(
        error
    )
    assert "deepem convert --binned-by 2" in str(error)
    done = convert_picks(
        path, tmp_path / "out", to="cryosparc", micrographs=mics, orientation=Orientation(scale=2)
    )
    (again,) = collect_picks(done.files).by_name.values()
    np.testing.assert_allclose(again.x_px, [10, 80], atol=1e-4)
    assert again.frame == Frame(SHAPE, pixel_size_angstrom=2.0)
    assert again.listing.uid == 7


def test_without_micrographs_the_image_is_turned_with_its_coordinates(tmp_path):
    wide = Frame((30, 50), pixel_size_angstrom=4.0)
    path = write_picks([Picks("mic_1", [5], [2], frame=wide)], tmp_path / "picks.cs")
    turn = Orientation(scale=2, swap_xy=True, flip_y=True)
    done = convert_picks(path, tmp_path / "out.cs", to="cryosparc", orientation=turn)
    (picks,) = collect_picks(done.files).by_name.values()
    assert picks.frame == Frame((100, 60), pixel_size_angstrom=2.0)
    np.testing.assert_allclose([picks.x_px[0], picks.y_px[0]], [4, 89], atol=1e-4)


def test_existing_files_are_never_replaced_unasked(tmp_path, mics):
    write_picks(make_picks("mic_1"), tmp_path / "in" / "mic_1.box")
    write_picks(make_picks("mic_2"), tmp_path / "in" / "mic_2.box")
    kept = write_picks(Picks("mic_2"), tmp_path / "out" / "mic_2.star")
    before = kept.read_bytes()
    with pytest.raises(OutputError, match=r"mic_2.star: exists already; .*--overwrite"):
        convert_picks(tmp_path / "in", tmp_path / "out", to="star")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mic_2.star"]
    assert kept.read_bytes() == before
    done = convert_picks(tmp_path / "in", tmp_path / "out", to="star", overwrite=True)
    assert len(done.files) == 2


def test_two_micrographs_of_one_name_in_a_format_are_not_written_over_each_other(tmp_path):
    write_picks([Picks("a__1", [1], [2]), Picks("a__2", [3], [4])], tmp_path / "in.csv")
    done = convert_picks(tmp_path / "in.csv", tmp_path / "out", to="eman2", overwrite=True)
    assert done.n_picks == {"a__1": 1}
    (error,) = done.failures
    assert "a_info.json: a__1 and a__2 have the same name in this format; rename" in str(error)


def test_a_damaged_file_that_would_be_updated_fails_alone(tmp_path):
    write_picks([Picks("a", [1], [2]), Picks("b", [3], [4])], tmp_path / "in.csv")
    damaged = tmp_path / "out" / "info" / "a_info.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{")
    done = convert_picks(tmp_path / "in.csv", tmp_path / "out", to="eman2")
    assert done.n_picks == {"b": 1}
    assert "a_info.json: line 1" in str(done.failures[0])
    assert damaged.read_text() == "{"


def test_a_micrograph_without_what_the_format_needs_fails_alone(tmp_path):
    known = Frame(SHAPE, pixel_size_angstrom=2.0)
    sets = [Picks("a", [1], [2], frame=known), Picks("b", [3], [4], frame=known)]
    write_picks(sets, tmp_path / "in.cs")
    write_picks(Picks("c", [5], [6]), tmp_path / "c.star")
    paths = [tmp_path / "in.cs", tmp_path / "c.star"]
    done = convert_picks(paths, tmp_path / "out.cs", to="cryosparc")
    assert done.n_picks == {"a": 1, "b": 1}
    assert "the size of c is not known; name the micrographs" in str(done.failures[0])


def test_relions_names_come_from_the_list_and_go_into_its_files(tmp_path, mics, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{file.path.relative_to(tmp_path)}\n" for file in mics)
    (tmp_path / "micrographs.star").write_text(f"data_\nloop_\n_rlnMicrographName #1\n{rows}")
    write_picks(make_picks("mic_2"), tmp_path / "in" / "mic_2_DW.box")
    done = convert_picks(
        "in", "External/job012", to="relion", micrographs=find_micrographs("micrographs.star")
    )
    assert done.pairing.rules == {"without cryoSPARC's number or endings such as _DW": 1}
    rows = (tmp_path / "External/job012/autopick.star").read_text().splitlines()
    assert rows[-1] == "mics/mic_2.mrc External/job012/mics/mic_2_autopick.star"


def test_many_files_in_several_processes_are_the_same_as_in_one(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(250):
        x_px, y_px = rng.uniform(0, 1000, (2, 3))
        write_picks(Picks("", x_px, y_px), tmp_path / "in" / f"mic_{number:03d}.star")
    (tmp_path / "in" / "mic_100.star").write_text("data_\n")
    folders = []
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        done = convert_picks(tmp_path / "in", out, to="csv", workers=workers)
        assert len(done.failures) == 1
        assert len(done.n_picks) == 249
        folders.append(out)
    one, two = ((folder / "picks.csv").read_bytes() for folder in folders)
    assert one == two


@pytest.mark.parametrize(
    "options", [{"to_binned_by": 0}, {"box_size_px": 0}, {"to": "nonsense"}, {"format": "nonsense"}]
)
def test_values_that_cannot_work_are_refused(options, tmp_path):
    write_picks(make_picks("mic_1"), tmp_path / "mic_1.box")
    with pytest.raises(ConfigError):
        convert_picks(tmp_path, tmp_path / "out", **{"to": "star", **options})
