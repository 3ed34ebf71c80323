"""EMAN2 .box files: corners become centres and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import ConfigError, FileFormatError
from deepem.io import read_picks, write_picks


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "mic.box"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (picks,) = read_picks(path)
        return picks

    return read


def test_corners_become_centres(read):
    picks = read("100\t20\t60\t60\n-14\t7\t60\t60\n")
    assert picks.micrograph == "mic"
    assert picks.box_size_px == 60
    assert picks.x_px.tolist() == [130, 16]
    assert picks.y_px.tolist() == [50, 37]
    assert np.isnan(picks.score).all()


def test_an_odd_box_has_its_centre_on_its_middle_pixel(read):
    picks = read("10 20 5 5\n")
    assert (picks.x_px[0], picks.y_px[0]) == (12, 22)


def test_decimals_blanks_comments_and_files_from_windows_are_read(read):
    picks = read("\ufeff# made by hand\r\n\r\n  10.5 20.25  60.0 60  \r\n")
    assert (picks.x_px[0], picks.y_px[0]) == (40.5, 50.25)


@pytest.mark.parametrize(
    ("fifth", "score"), [("0.75", 0.75), ("0", 0), ("-1", None), ("-2", None), ("-3", None)]
)
def test_the_fifth_number_is_a_score_unless_negative(fifth, score, read):
    found = read(f"10 20 60 60 {fifth}\n").score[0]
    assert np.isnan(found) if score is None else found == score


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_file_means_no_particles(text, read):
    picks = read(text)
    assert len(picks) == 0
    assert picks.box_size_px is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10 20\n", r"line 1: '10 20' has two columns: perhaps a plain list.*x_corner y_corner"),
        ("10 20 60 60\n1 2 3\n", r"line 2: '1 2 3' has 3 columns; expected four or five numbers"),
        ("1 2 3 3 5 6\n", "has 6 columns; expected four or five"),
        (
            "10,20,60,60\n",
            "not all numbers; expected four or five numbers separated by blanks or tabs",
        ),
        ("x y w h\n", "line 1: 'x y w h' is not all numbers; expected"),
        ("nan 20 60 60\n", "line 1: 'nan 20 60 60'.*is not all numbers"),
        ("10 20 60 50\n", "line 1.*a box of 60 x 50 pixels; expected a square box"),
        ("10 20 0 0\n", "box size 0; expected a whole number of pixels above 0"),
        ("10 20 60.5 60.5\n", "box size 60.5; expected a whole number"),
        ("1 2 60 60\n\n3 4 80 80\n", "60 in line 1 and 80 in line 3; expected one size"),
        (b"\xff\xfe\x00\x01" * 50, "not a text file.*give a file of coordinates"),
        (b"\x00\x01" * 50, "not a text file.*give a file of coordinates"),
    ],
)
def test_a_bad_line_is_named_with_what_was_expected(text, sentence, read):
    with pytest.raises(FileFormatError, match=sentence):
        read(text)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileFormatError, match="does not exist; check the name"):
        read_picks(tmp_path / "gone.box")


def test_four_whole_numbers_with_tabs_are_written(tmp_path):
    picks = Picks("mic", [130.0, 15.5, 15.49], [50, 37, -0.5], score=[1, 2, 3], box_size_px=60)
    path = write_picks(picks, tmp_path / "mic.box")
    assert path.read_bytes() == b"100\t20\t60\t60\n-14\t7\t60\t60\n-15\t-30\t60\t60\n"


def test_without_box_size_the_cure_is_given(tmp_path):
    with pytest.raises(ConfigError, match=r"box_size_px: .*give it \(--box-size\)"):
        write_picks(Picks("mic", [1], [2]), tmp_path / "mic.box")
    assert not list(tmp_path.iterdir())


positions = st.floats(-100, 20_000)


@given(
    centres=st.lists(st.tuples(positions, positions), max_size=5),
    box_size_px=st.integers(1, 500),
)
def test_what_is_written_is_read_back_to_half_a_pixel(centres, box_size_px, tmp_path_factory):
    x_px, y_px = np.array(centres).reshape(-1, 2).T
    path = tmp_path_factory.getbasetemp() / "identity.box"
    write_picks(Picks("mic", x_px, y_px, box_size_px=box_size_px), path, overwrite=True)
    (picks,) = read_picks(path)
    assert len(picks) == len(centres)
    assert np.abs(picks.x_px - x_px).max(initial=0) <= 0.5
    assert np.abs(picks.y_px - y_px).max(initial=0) <= 0.5
    # Once on whole pixels, centres stay where they are.
    write_picks(Picks("mic", picks.x_px, picks.y_px, box_size_px=box_size_px), path, overwrite=True)
    (again,) = read_picks(path)
    np.testing.assert_array_equal(again.x_px, picks.x_px)
