"""The STAR files of Gautomatch, crYOLO and Warp."""

import numpy as np
import pytest
import starfile
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.io import pick_format, read_picks, write_picks

PICKS = Picks("mic", [30.25, 200.5], [40, 100.75], score=[0.9, np.nan], box_size_px=20)
GAUTOMATCH = """
data_

loop_
_rlnCoordinateX #1
_rlnCoordinateY #2
_rlnAnglePsi #3
_rlnClassNumber #4
_rlnAutopickFigureOfMerit #5
30.25 40 65.00 0 0.9
200.5 100.75 120.00 3 -999
"""
CRYOLO = """
data_

loop_
_rlnCoordinateX #1
_rlnCoordinateY #2
30.25 40
200.5 100.75
"""
WARP = """
data_

loop_
_rlnCoordinateX #1
_rlnCoordinateY #2
_rlnMicrographName #3
_rlnAutopickFigureOfMerit #4
30.25 40 mic.mrc 0.9
200.5 100.75 mic.mrc -999
"""
DIALECTS = [
    ("gautomatch", "mic_automatch.star", GAUTOMATCH),
    ("cryolo", "STAR/mic.star", CRYOLO),
    ("warp", "matching/mic_deepem.star", WARP),
]


@pytest.mark.parametrize(("name", "file_name", "text"), DIALECTS)
@pytest.mark.parametrize("is_named", [True, False])
def test_a_file_is_read_without_any_shift(name, file_name, text, is_named, tmp_path):
    path = pick_format(name).path_in(tmp_path, "mic")
    assert path == tmp_path / file_name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    (picks,) = read_picks(path, format=name if is_named else None)
    assert picks.micrograph == "mic"
    assert picks.x_px.tolist() == [30.25, 200.5]
    assert picks.y_px.tolist() == [40, 100.75]
    expected = [np.nan, np.nan] if name == "cryolo" else [0.9, np.nan]
    np.testing.assert_array_equal(picks.score, expected)


@pytest.mark.parametrize(("name", "file_name", "text"), DIALECTS)
def test_the_head_is_written_as_the_program_does(name, file_name, text, tmp_path):
    path = write_picks(PICKS, tmp_path / file_name, format=name)
    n_lines = text.index("30.25")
    assert path.read_text()[:n_lines] == text[:n_lines]
    table = starfile.read(path)
    assert table["rlnCoordinateX"].tolist() == [30.25, 200.5]
    assert table["rlnCoordinateY"].tolist() == [40, 100.75]


def test_gautomatch_counts_classes_from_0(tmp_path):
    path = write_picks(PICKS, tmp_path / "mic_automatch.star", format="gautomatch")
    table = starfile.read(path)
    assert table["rlnClassNumber"].tolist() == [0, 0]
    assert table["rlnAnglePsi"].tolist() == [0, 0]
    assert table["rlnAutopickFigureOfMerit"].tolist() == [0.9, -999]


@pytest.mark.parametrize("name", ["mic.01", "mic 1", "mic__a", "mic%d", "100%"])
def test_warp_names_the_average_whatever_its_name(name, tmp_path):
    picks = Picks(name, [1, 2], [3, 4], score=[0.5, 0.25])
    path = write_picks(picks, tmp_path / "x.star", format="warp")
    assert starfile.read(path)["rlnMicrographName"].tolist() == [f"{name}.mrc"] * 2
    (found,) = read_picks(path)
    assert found.micrograph == name


@pytest.mark.parametrize("name", ["gautomatch", "cryolo", "warp"])
def test_no_picks_are_a_table_without_rows(name, tmp_path):
    path = write_picks(Picks("mic"), tmp_path / "mic.star", format=name)
    (picks,) = read_picks(path)
    assert len(picks) == 0
    assert picks.micrograph == "mic"


centres = st.tuples(st.floats(-100, 20_000), st.floats(-100, 20_000))


@pytest.mark.parametrize("name", ["gautomatch", "cryolo", "warp"])
@given(centres=st.lists(centres, min_size=1, max_size=5), score=st.just(np.nan) | st.floats(-9, 9))
def test_what_is_written_is_read_back(name, centres, score, tmp_path_factory):
    x_px, y_px = np.array(centres).T
    picks = Picks("mic", x_px, y_px, score=[score] * len(x_px))
    path = tmp_path_factory.getbasetemp() / "identity.star"
    write_picks(picks, path, format=name, overwrite=True)
    (found,) = read_picks(path, format=name)
    np.testing.assert_allclose(found.x_px, x_px, atol=1e-6, rtol=0)
    np.testing.assert_allclose(found.y_px, y_px, atol=1e-6, rtol=0)
    if name != "cryolo":
        np.testing.assert_allclose(found.score, picks.score, atol=1e-6, rtol=0)
