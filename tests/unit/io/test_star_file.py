"""Tables are found in STAR files of all programs, and every error has its line."""

import numpy as np
import pytest

from deepem.errors import FileFormatError
from deepem.io.star_file import find_star_tables, format_texts

TWO = """# made by hand
data_optics
loop_
_group #1
_size #2
1 1.06

data_particles

loop_
_name #1 
_x #2
_score #3
a.mrc 1.5 0.9
# between
'b c.mrc' 2.5 <NA>

a.mrc -3e1 None  # the last
"""  # noqa: W291


@pytest.fixture
def find(tmp_path):
    def find(text):
        path = tmp_path / "file.star"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return find_star_tables(path)

    return find


def test_tables_are_found_with_their_columns_and_rows(find):
    optics, particles = find(TWO)
    assert (optics.name, optics.columns, optics.n_rows) == ("optics", ["group", "size"], 1)
    assert (particles.name, particles.n_rows, particles.line) == ("particles", 3, 14)
    assert "score" in particles
    assert "group" not in particles


def test_micrographs_whose_names_begin_as_a_table_does_are_rows(find):
    """A folder data_01, or a file data_0001.mrc, as users call theirs."""
    text = (
        "data_micrographs\nloop_\n_name #1\n_x #2\ndata_01/a.mrc 1\ndata_0001.mrc 2\n"
        "\ndata_optics # comment\nloop_\n_group #1\n1\n"
    )
    micrographs, optics = find(text)
    assert (micrographs.n_rows, optics.name, optics.n_rows) == (2, "optics", 1)
    frame = micrographs.read(texts=["name"], numbers=["x"])
    assert frame["name"].tolist() == ["data_01/a.mrc", "data_0001.mrc"]
    assert frame["x"].tolist() == [1, 2]


def test_only_the_wanted_columns_are_read(find):
    _, particles = find(TWO)
    frame = particles.read(numbers=["x"], optional=["score", "absent"], texts=["name"])
    assert set(frame.columns) == {"x", "score", "name"}
    assert frame["x"].tolist() == [1.5, 2.5, -30]
    np.testing.assert_array_equal(frame["score"], [0.9, np.nan, np.nan])
    assert frame["name"].tolist() == ["a.mrc", "b c.mrc", "a.mrc"]


def test_names_that_look_like_numbers_stay_as_they_are(find):
    (table,) = find("data_\nloop_\n_name\n_x\n0010 1\n1e3 2\nnan 3\n")
    assert table.read(texts=["name"])["name"].tolist() == ["0010", "1e3", "nan"]


@pytest.mark.parametrize("mark", ["'", '"'])
def test_blanks_in_quotation_marks_belong_to_the_value(mark, find):
    (table,) = find(f"data_\nloop_\n_x\n_name\n1 plain\n2 {mark}two words{mark}\n3 o'hara\n")
    names = ["plain", "two words", "o'hara"]
    if mark == "'":
        (table,) = find("data_\nloop_\n_x\n_name\n1 plain\n2 'two words'\n3 ohara\n")
        names[2] = "ohara"
    assert table.read(numbers=["x"], texts=["name"])["name"].tolist() == names


def test_what_is_formatted_is_read_back(find):
    names = ["a", "two words", "x/y.mrc"]
    rows = "\n".join(f"{text} 1" for text in format_texts(names))
    (table,) = find(f"data_\nloop_\n_name\n_x\n{rows}\n")
    assert table.read(texts=["name"])["name"].tolist() == names


def test_a_table_of_one_row_may_be_written_without_loop(find):
    (table,) = find("data_general\n\n_version 1.0\n_name 'two words'\n_x 3\n")
    frame = table.read(numbers=["x"], texts=["name"])
    assert (frame["x"][0], frame["name"][0]) == (3, "two words")


@pytest.mark.parametrize("start", ["", "\ufeff", "# x\n\n", "\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_windows_and_leading_lines_are_read(start, end, find):
    (table,) = find((start + "data_a\nloop_\n_x #1\n1\n2\n").replace("\n", end))
    assert table.name == "a"
    assert table.read(numbers=["x"])["x"].tolist() == [1, 2]


def test_an_empty_table_has_its_columns_and_no_rows(find):
    empty, after = find(
        "data_a\nloop_\n_x #1\n_name #2\n\n# version 30001\n\ndata_b\nloop_\n_y\n1\n"
    )
    frame = empty.read(numbers=["x"], texts=["name"])
    assert len(frame) == 0
    assert set(frame.columns) == {"x", "name"}
    assert after.read(numbers=["y"])["y"].tolist() == [1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TWO.replace("2.5", "2,5"), "line 16, column x: '2,5' is not a finite number; correct"),
        (TWO.replace("2.5", "inf"), "line 16, column x: 'inf' is not a finite number"),
        (TWO.replace("0.9", "good"), "line 14, column score: 'good' is not a finite number"),
        (TWO.replace(" -3e1", ""), "line 18: .* has 2 values, .*data_particles has 3 columns"),
        (TWO.replace("1.5 0.9", "1.5 0.9 7"), "line 14: .* has 4 values"),
        (
            TWO.replace("_x #2", "_y #2"),
            r"no column x in its table data_particles \(it has name, y",
        ),
        ("data_\n_x 1 2\n", "line 2: '_x 1 2' has 2 values; expected one, or a line loop_"),
        ("x,y\n1,2\n", r"is not a STAR file: .*it begins with 'x,y'.*name its format"),
        (b"\x93NUMPY\x00\x01" * 9, "not a text file"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip; decompress it first"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, sentence, find):
    with pytest.raises(FileFormatError, match=sentence):
        find(text)[-1].read(numbers=["x"], optional=["score"], texts=["name"])
