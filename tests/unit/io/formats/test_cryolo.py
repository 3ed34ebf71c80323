"""crYOLO's .cbox files: corners become centres and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import ConfigError, FileFormatError
from deepem.io import read_picks, write_picks

CBOX = """
data_global

_cbox_format_version 1.0


data_cryolo

loop_
_CoordinateX #1
_CoordinateY #2
_CoordinateZ #3
_Width #4
_Height #5
_Depth #6
_EstWidth #7
_EstHeight #8
_Confidence #9
_NumBoxes #10
_Angle #11
100.0 20.25 <NA> 61.0 61.0 1.0 58.5 60.1 0.875 12 <NA>
-14.5 7.0 <NA> 61.0 61.0 1.0 <NA> <NA> <NA> <NA> <NA>


data_cryolo_include

loop_
_slice_index #1

"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "mic.01.cbox"
        path.write_text(text, encoding="utf-8")
        (picks,) = read_picks(path)
        return picks

    return read


def test_corners_become_centres_exactly(read):
    picks = read(CBOX)
    assert picks.micrograph == "mic.01"
    assert picks.x_px.tolist() == [130.5, 16]
    assert picks.y_px.tolist() == [50.75, 37.5]
    np.testing.assert_array_equal(picks.score, [0.875, np.nan])
    assert picks.box_size_px == 61


def test_the_bare_lines_of_old_versions_are_read(read):
    picks = read("100.5\t20\t60\t60\t0.5\t58.2\t57.9\n\n-14 7 60 60 0.25\r\n")
    assert picks.x_px.tolist() == [130.5, 16]
    assert picks.y_px.tolist() == [50, 37]
    assert picks.score.tolist() == [0.5, 0.25]
    assert picks.box_size_px == 60


@pytest.mark.parametrize("sizes", ["60 80", "60.5 60.5", "0 0"])
def test_boxes_that_are_no_squares_of_whole_pixels_have_no_size(sizes, read):
    picks = read(f"10 20 {sizes} 0.5\n")
    assert picks.box_size_px is None
    width, height = map(float, sizes.split())
    assert (picks.x_px[0], picks.y_px[0]) == (10 + width / 2, 20 + height / 2)


def test_filaments_and_files_without_confidence_are_read(read):
    text = "data_cryolo\nloop_\n_CoordinateX\n_CoordinateY\n_Width\n_Height\n_filamentid\n"
    picks = read(text + "10 20 60 60 0\n30 40 60 60 1\n")
    assert picks.x_px.tolist() == [40, 60]
    assert np.isnan(picks.score).all()


@pytest.mark.parametrize("text", ["", "\n\n", CBOX[: CBOX.index("100.0")]])
def test_an_empty_file_means_no_particles(text, read):
    picks = read(text)
    assert len(picks) == 0
    assert picks.box_size_px is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 2 3\n", r"line 1: '1 2 3' is not a box of crYOLO; expected five to seven numbers"),
        ("1 2 60 60 0.5\n1 2 60 60\n", r"line 2: '1 2 60 60' is not a box"),
        ("1 2 60 a 0.5\n", r"line 1: '1 2 60 a 0.5' is not a box"),
        ("1 2 60 nan 0.5\n", r"line 1.* is not a box"),
        ("1 2 3 4 5 6 7 8\n", r"line 1.* is not a box"),
        (CBOX.replace("20.25", "x"), r"line 21, column CoordinateY: 'x' is not a finite number"),
        (
            "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n1 2\n",
            r"has no table with CoordinateX and Width, found data_ with rlnCoordinateX, .*to .star",
        ),
        (
            CBOX.replace("20.25 <NA>", "20 3").replace("7.0 <NA>", "7 4"),
            r"holds boxes in 2 slices of a tomogram; expected those of one micrograph",
        ),
    ],
)
def test_what_is_wrong_is_named(text, sentence, read):
    with pytest.raises(FileFormatError, match=sentence):
        read(text)


def test_all_columns_and_tables_are_written(tmp_path):
    picks = Picks("mic", [130.5, 16], [50.75, 37.5], score=[0.875, np.nan], box_size_px=61)
    text = write_picks(picks, tmp_path / "mic.cbox").read_text()
    expected = CBOX[: CBOX.index("100.0")] + (
        "100.000000 20.250000 <NA> 61 61 1 61 61 0.875000 <NA> <NA>\n"
        "-14.500000 7.000000 <NA> 61 61 1 61 61 <NA> <NA> <NA>\n"
    )
    assert text.startswith(expected)
    assert text.split() == (expected + CBOX[CBOX.index("\ndata_cryolo_include") :]).split()


@pytest.mark.parametrize("box_size_px", [None, 60])
def test_no_picks_are_an_empty_file(box_size_px, tmp_path):
    path = write_picks(Picks("mic", box_size_px=box_size_px), tmp_path / "mic.cbox")
    assert path.read_bytes() == b""
    (picks,) = read_picks(path)
    assert len(picks) == 0


def test_without_box_size_the_cure_is_given(tmp_path):
    with pytest.raises(ConfigError, match=r"box_size_px: .*give it \(--box-size\)"):
        write_picks(Picks("mic", [1], [2]), tmp_path / "mic.cbox")
    assert not list(tmp_path.iterdir())


centres = st.tuples(st.floats(-100, 20_000), st.floats(-100, 20_000))


@given(
    centres=st.lists(centres, min_size=1, max_size=5),
    box_size_px=st.integers(1, 999),
    score=st.just(np.nan) | st.floats(-1, 1),
)
def test_what_is_written_is_read_back(centres, box_size_px, score, tmp_path_factory):
    x_px, y_px = np.array(centres).T
    picks = Picks("mic", x_px, y_px, score=[score] * len(x_px), box_size_px=box_size_px)
    path = write_picks(picks, tmp_path_factory.getbasetemp() / "identity.cbox", overwrite=True)
    (found,) = read_picks(path)
    np.testing.assert_allclose(found.x_px, x_px, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.y_px, y_px, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.score, picks.score, atol=1e-6, rtol=0)
    assert found.box_size_px == box_size_px
