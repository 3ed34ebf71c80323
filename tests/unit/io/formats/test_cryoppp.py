"""CryoPPP tables: their rows are counted from the last one of the MRC file, from 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import ConventionError, FileFormatError
from deepem.io import read_picks, write_picks
from deepem.io.formats.cryoppp import read_cryoppp
from deepem.io.registry import find_format

# On a micrograph of 200 rows and 300 columns: row = 200 - y.
TABLE = """X-Coordinate,Y-Coordinate,Diameter,Class-Number
30,160,54,0
200.5,99.25,54,0
"""
SHAPE = (200, 300)


@pytest.fixture
def make(tmp_path):
    def make(text):
        path = tmp_path / "mic.01.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_rows_are_the_height_minus_y(make):
    path = make(TABLE)
    assert find_format(path).name == "cryoppp"
    asked = []
    (picks,) = read_picks(path, find_shape=lambda name: asked.append(name) or SHAPE)
    assert asked == ["mic.01"]
    assert picks.micrograph == "mic.01"
    assert picks.x_px.tolist() == [30, 200.5]
    assert picks.y_px.tolist() == [40, 100.75]
    assert np.isnan(picks.score).all()


@pytest.mark.parametrize("find_shape", [None, lambda name: None])
def test_without_the_height_the_cure_is_given(find_shape, make):
    with pytest.raises(ConventionError, match=r"the height of mic.01 is needed; give the microgra"):
        read_picks(make(TABLE), find_shape=find_shape)


@pytest.mark.parametrize(
    ("diameters", "box_size_px"),
    [
        ((54, 54), 82),
        ((40, 40), 60),
        ((40.0001, 40.0001), 62),
        ((40, 50), None),
        ((0, 0), None),
        (("", ""), None),
        ((40, ""), None),
    ],
)
def test_the_box_is_one_and_a_half_diameters_and_even(diameters, box_size_px, make):
    rows = "".join(f"1,2,{diameter}\n" for diameter in diameters)
    (picks,) = read_cryoppp(make("X-Coordinate,Y-Coordinate,Diameter\n" + rows))
    assert picks.box_size_px == box_size_px


def test_a_table_without_rows_has_no_particles(make):
    (picks,) = read_picks(make("X-Coordinate,Y-Coordinate\n"), find_shape=lambda name: SHAPE)
    assert len(picks) == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("X-Coordinate,Y\n1,2\n", r"has no column y_coordinate; it has X-Coordinate, Y. .*X-Coord"),
        (TABLE.replace("160", "?"), r"line 2, column Y-Coordinate: '\?' is not a finite number"),
        (TABLE.replace("54,0\n2", "big,0\n2"), r"line 2, column Diameter: 'big' is not a finite"),
    ],
)
def test_what_is_wrong_is_named(text, sentence, make):
    with pytest.raises(FileFormatError, match=sentence):
        read_picks(make(text), find_shape=lambda name: SHAPE)


def test_rows_are_turned_over_when_written(tmp_path):
    picks = Picks("mic", [30, 200.5], [40, 100.75], box_size_px=81, frame=Frame(SHAPE))
    path = write_picks(picks, tmp_path / "mic.csv", format="cryoppp")
    assert path.read_text() == "X-Coordinate,Y-Coordinate,Diameter\n30,160,54\n200.5,99.25,54\n"


def test_a_box_that_is_not_known_is_left_out(tmp_path):
    picks = Picks("mic", [30], [40], frame=Frame(SHAPE))
    path = write_picks(picks, tmp_path / "mic.csv", format="cryoppp")
    assert path.read_text() == "X-Coordinate,Y-Coordinate\n30,160\n"


centres = st.tuples(st.floats(-100, 20_000), st.floats(-100, 20_000))


@given(
    centres=st.lists(centres, min_size=1, max_size=5),
    half_box=st.integers(1, 500),
    height=st.integers(1, 10_000),
)
def test_what_is_written_is_read_back(centres, half_box, height, tmp_path_factory):
    x_px, y_px = np.array(centres).T
    frame = Frame((height, 300))
    picks = Picks("mic", x_px, y_px, box_size_px=2 * half_box, frame=frame)
    path = tmp_path_factory.getbasetemp() / "identity.csv"
    write_picks(picks, path, format="cryoppp", overwrite=True)
    (found,) = read_picks(path, find_shape=lambda name: frame.shape)
    np.testing.assert_allclose(found.x_px, x_px, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.y_px, y_px, atol=1e-6, rtol=0)
    assert found.box_size_px == 2 * half_box
