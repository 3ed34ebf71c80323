"""Topaz tables: whole pixels of many micrographs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import FileFormatError
from deepem.io import read_picks, write_picks
from deepem.io.registry import find_format

TABLE = """image_name\tx_coord\ty_coord\tscore
mic_2\t130\t50\t-1.5
0001\t30\t40\t0.25
mic_2\t16\t37\t2
"""


@pytest.fixture
def read(tmp_path):
    def read(text, name="topaz.txt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_picks(path)

    return read


@pytest.mark.parametrize("name", ["topaz.txt", "extracted.tab"])
def test_each_image_has_its_centres_and_scores(name, read):
    first, second = read(TABLE, name)
    assert (first.micrograph, second.micrograph) == ("mic_2", "0001")
    assert first.x_px.tolist() == [130, 16]
    assert first.y_px.tolist() == [50, 37]
    assert first.score.tolist() == [-1.5, 2]
    assert second.x_px.tolist() == [30]
    assert first.box_size_px is None
    assert first.listing is None


def test_decimals_extensions_and_a_missing_score_are_read(read):
    (picks,) = read("image_name\tx_coord\ty_coord\nmic.01.mrc\t10.25\t20.5\n")
    assert picks.micrograph == "mic.01"
    assert (picks.x_px[0], picks.y_px[0]) == (10.25, 20.5)
    assert np.isnan(picks.score).all()


def test_a_table_without_rows_has_no_particles(read):
    (picks,) = read("image_name\tx_coord\ty_coord\tscore\n")
    assert len(picks) == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mic\t10\t20\n", r"line 1: 'mic\t10\t20' is not a header; expected .* image_name, x_coo"),
        ("image_name\tx_coord\nmic\t1\n", r"has no column y_coord; it has image_name, x_coord"),
        ("image_name\tx_coord\ty_coord\nmic\t1\ta\n", r"line 2, column y_coord: 'a' is not a fini"),
        ("xcoor ycoor\n1 2\n", r"has no column x_coord and no column y_coord; it has xcoor ycoor"),
        ("x_coord\ty_coord\n1\t2\n", r"has no column image_name"),
    ],
)
def test_what_is_wrong_is_named(text, sentence, read):
    with pytest.raises(FileFormatError, match=sentence):
        read(text)


def test_it_is_recognised_by_its_header(tmp_path):
    path = tmp_path / "any.txt"
    path.write_text(TABLE, encoding="utf-8")
    assert find_format(path).name == "topaz"


def test_whole_pixels_with_tabs_are_written(tmp_path):
    picks = [
        Picks("mic.01", [130.5, 15.49], [50, -0.5], score=[0.5, -2]),
        Picks("empty"),
        Picks("mic b", [1], [2]),
    ]
    path = write_picks(picks, tmp_path / "topaz.txt")
    assert path.read_bytes() == (
        b"image_name\tx_coord\ty_coord\tscore\n"
        b"mic.01\t131\t50\t0.5\nmic.01\t15\t0\t-2\nmic b\t1\t2\t\n"
    )


def test_scores_that_nobody_knows_are_left_out(tmp_path):
    path = write_picks(Picks("mic", [1], [2]), tmp_path / "topaz.txt")
    assert path.read_text() == "image_name\tx_coord\ty_coord\nmic\t1\t2\n"


names = st.text(st.characters(codec="utf-8", categories=("L", "N")) | st.sampled_from("_-. "))
centres = st.tuples(st.floats(-100, 20_000), st.floats(-100, 20_000))


@given(
    centres=st.lists(centres, min_size=1, max_size=5),
    score=st.just(np.nan) | st.floats(-1e3, 1e3),
    name=names.map(lambda text: f"m{text}1"),
)
def test_what_is_written_is_read_back_to_half_a_pixel(centres, score, name, tmp_path_factory):
    x_px, y_px = np.array(centres).T
    picks = Picks(name, x_px, y_px, score=[score] * len(x_px))
    path = write_picks(picks, tmp_path_factory.getbasetemp() / "identity.txt", overwrite=True)
    (found,) = read_picks(path)
    assert found.micrograph == name
    assert np.abs(found.x_px - x_px).max() <= 0.5
    assert np.abs(found.y_px - y_px).max() <= 0.5
    np.testing.assert_allclose(found.score, picks.score, rtol=1e-11)
