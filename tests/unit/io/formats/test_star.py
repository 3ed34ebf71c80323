"""RELION STAR files of coordinates."""

import numpy as np
import pytest
import starfile
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import FileFormatError
from deepem.io import read_picks, write_picks

LOOP = "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n"
RELION_30 = """
# RELION; version 3.0

data_

loop_ 
_rlnCoordinateX #1 
_rlnCoordinateY #2 
_rlnAutopickFigureOfMerit #3 
_rlnClassNumber #4 
_rlnAnglePsi #5 
  839.125024    19.979167     0.624705            0     0.000000 
  899.062526   199.791672  -999.000000            0     0.000000 
 
"""  # noqa: W291, W293
MANY = """
# version 30001

data_optics

loop_
_rlnOpticsGroup #1
_rlnMicrographPixelSize #2
1 1.06

# version 30001

data_particles

loop_
_rlnMicrographName #1
_rlnCoordinateX #2
_rlnCoordinateY #3
MotionCorr/job002/mic_2.mrc 10.5 20
MotionCorr/job002/0001.mrc 30 40
MotionCorr/job002/mic_2.mrc 50 60
"""


@pytest.fixture
def read(tmp_path):
    def read(text, name="mic.star"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_picks(path)

    return read


def test_relion_3_0_is_read_without_any_shift(read):
    (picks,) = read(RELION_30, "mic_1_autopick.star")
    assert picks.micrograph == "mic_1"
    assert picks.x_px.tolist() == [839.125024, 899.062526]
    assert picks.y_px.tolist() == [19.979167, 199.791672]
    assert picks.score[0] == 0.624705
    assert np.isnan(picks.score[1])
    assert np.isnan(picks.std).all()
    assert picks.box_size_px is None


def test_a_file_of_many_micrographs_gives_picks_for_each(read):
    first, second = read(MANY)
    assert (first.micrograph, second.micrograph) == ("mic_2", "0001")
    assert first.x_px.tolist() == [10.5, 50]
    assert first.y_px.tolist() == [20, 60]
    assert second.x_px.tolist() == [30]


def test_a_micrograph_named_by_a_number_keeps_its_zeros(read):
    (picks,) = read("data_\nloop_\n_rlnMicrographName #1\n" + LOOP[13:] + "0001 2 3\n")
    assert picks.micrograph == "0001"


def test_columns_may_have_any_order(read):
    (picks,) = read(
        "data_images\nloop_\n_rlnAutopickFigureOfMerit #1\n_rlnCoordinateY #2\n_other #3\n"
        "_rlnCoordinateX #4\n0.9 20 a 10\n<NA> 40 b 30\n"
    )
    assert picks.x_px.tolist() == [10, 30]
    assert picks.y_px.tolist() == [20, 40]
    np.testing.assert_array_equal(picks.score, [0.9, np.nan])


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\ndata_b\n\nloop_\n_x #1\n"])
def test_an_empty_table_means_no_particles(end, read):
    (picks,) = read(LOOP + end)
    assert len(picks) == 0
    assert picks.micrograph == "mic"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"is empty \(0 bytes\); copy or transfer it again"),
        ("10 20\n30 40\n", "not a STAR file: it has no line that begins with data_.*'10 20'.*give"),
        ("data_\n", "expected one table.*found data_ with no columns"),
        (
            LOOP + "1 2 3\n",
            "line 6: '1 2 3' has 3 values, .*data_ has 2 columns; correct or delete",
        ),
        (LOOP + "1 2\n1 2 3\n", "line 7: '1 2 3' has 3 values"),
        (LOOP + "# x\n1 2\n\n3 abc\n", "line 9, column rlnCoordinateY: 'abc' .*delete the line"),
        (LOOP + "1 2\n3\n", "line 7: '3' has 1 values, .*has 2 columns"),
        (LOOP + "1 2\n3 <NA>\n", "line 7, column rlnCoordinateY: 'nan' .*delete the line"),
        (LOOP + "inf 2\n", "line 6, column rlnCoordinateX: 'inf' .*correct or delete the line"),
        (
            LOOP + "_rlnAutopickFigureOfMerit #3\n1 2 good\n",
            "line 7, column rlnAutopickFigureOfMerit: 'good' .*correct",
        ),
        (
            "data_mics\nloop_\n_a #1\n_b #2\n1 2\n\ndata_x\nloop_\n_c #1\n1\n",
            "expected one table.*found data_mics with a, b; data_x with c",
        ),
        (
            LOOP + "1 2\n\n" + LOOP.replace("data_", "data_b") + "3 4\n",
            "expected one table.*found data_ with rlnC.*; data_b with rlnC",
        ),
        (
            "data_coordinate_files\nloop_\n_rlnMicrographName #1\n_rlnMicrographCoordinates #2\n"
            "a.mrc nowhere/a.star\n",
            "nowhere/a.star: does not exist; check the name and the folder",
        ),
        (
            "data_micrographs\nloop_\n_rlnMicrographName #1\na.mrc\n",
            "expected one table.*If this is a list of micrographs, give it as MICROGRAPHS",
        ),
        (MANY.replace("job002/0001", "job003/mic_2"), "two micrographs alike: .*rename one"),
        (b"\xff\x00\xfe" * 100, "not a text file.*give a STAR file"),
    ],
)
def test_a_bad_file_is_explained(text, sentence, read):
    with pytest.raises(FileFormatError, match=sentence):
        read(text)


def test_a_file_that_was_corrected_is_read_again(read):
    with pytest.raises(FileFormatError, match="has 3 values"):
        read(LOOP + "1 2\n1 2 3\n")
    (picks,) = read(LOOP + "1 2\n3 4\n")
    assert picks.x_px.tolist() == [1, 3]


def test_the_written_file_is_that_of_relion(tmp_path):
    picks = Picks("mic", [839.125024, 15], [19.979167, -3.5], score=[0.624705, np.nan])
    path = write_picks(picks, tmp_path / "mic.star")
    assert path.read_text() == (
        "\n# version 30001\n\ndata_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n"
        "_rlnAutopickFigureOfMerit #3\n_rlnClassNumber #4\n_rlnAnglePsi #5\n"
        "   839.125024     19.979167      0.624705        0      0.000000\n"
        "    15.000000     -3.500000   -999.000000        0      0.000000\n"
    )
    table = starfile.read(path)
    assert table["rlnCoordinateX"].tolist() == [839.125024, 15]
    assert table["rlnClassNumber"].tolist() == [0, 0]


def test_no_picks_make_a_valid_empty_table(tmp_path):
    path = write_picks(Picks("mic"), tmp_path / "mic.star")
    assert list(starfile.read(path).columns)[:2] == ["rlnCoordinateX", "rlnCoordinateY"]
    (picks,) = read_picks(path)
    assert len(picks) == 0


positions = st.floats(-1000, 100_000)
scores = st.floats(-100, 100) | st.just(float("nan"))


@given(rows=st.lists(st.tuples(positions, positions, scores), max_size=5))
def test_what_is_written_is_read_back(rows, tmp_path_factory):
    x_px, y_px, score = np.array(rows).reshape(-1, 3).T
    path = tmp_path_factory.getbasetemp() / "identity.star"
    write_picks(Picks("identity", x_px, y_px, score=score), path, overwrite=True)
    (picks,) = read_picks(path)
    assert picks.micrograph == "identity"
    np.testing.assert_allclose(picks.x_px, x_px, atol=1e-6)
    np.testing.assert_allclose(picks.y_px, y_px, atol=1e-6)
    np.testing.assert_allclose(picks.score, score, atol=1e-6)
