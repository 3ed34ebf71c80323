"""Plain tables, whatever separates their columns and however these are called."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import FileFormatError
from deepem.io import read_picks, write_picks

TABLE = """micrograph,x_px,y_px,score,std,box_size_px
mic_2,130.25,50,0.5,1.25,60
0001,30,40,,,
mic_2,-14.5,37.75,0.25,1.5,60
"""
RELION_NAMES = "rlnMicrographName,rlnCoordinateX,rlnCoordinateY,rlnAutopickFigureOfMerit"


@pytest.fixture
def read(tmp_path):
    def read(text, name="picks.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_picks(path)

    return read


@pytest.mark.parametrize("name", ["picks.csv", "picks.tsv"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_delimiter_is_told_from_the_content(name, delimiter, line_end, read):
    first, second = read(TABLE.replace(",", delimiter).replace("\n", line_end), name)
    assert (first.micrograph, second.micrograph) == ("mic_2", "0001")
    assert first.x_px.tolist() == [130.25, -14.5]
    assert first.y_px.tolist() == [50, 37.75]
    assert first.score.tolist() == [0.5, 0.25]
    assert first.std.tolist() == [1.25, 1.5]
    assert first.box_size_px == 60
    assert second.x_px.tolist() == [30]
    assert np.isnan(second.score).all()
    assert second.box_size_px is None
    assert first.listing is None


@pytest.mark.parametrize(
    "header",
    [
        "micrograph_name,x,y,confidence",
        "Image_Name,X_Coord,Y_Coord,Score",
        "filename,x-coordinate,y-coordinate,figure_of_merit",
        f"_{RELION_NAMES.replace(',', ',_')}",
        '"Micrograph" , "x px" , "y px" , "probability"',
        "\ufeffmicrograph,x_px,y_px,fom",
        "# made by hand\n\nMICROGRAPH,X,Y,SCORE",
    ],
)
def test_usual_names_of_columns_are_understood(header, read):
    (picks,) = read(f"{header}\nfolder/mic.01.mrc,130.25,50,0.5\n")
    assert picks.micrograph == "mic.01"
    assert (picks.x_px[0], picks.y_px[0], picks.score[0]) == (130.25, 50, 0.5)


def test_columns_may_have_any_order_and_others_are_left_alone(read):
    (picks,) = read("note,y,class,x,micrograph\nnice,50,a,130,m\n,37,b,16,m\n")
    assert picks.x_px.tolist() == [130, 16]
    assert picks.y_px.tolist() == [50, 37]
    assert np.isnan(picks.score).all()


def test_a_name_out_of_relion_stays_known(read):
    (picks,) = read(f"{RELION_NAMES}\nMotionCorr/job002/mic.mrc,1,2,0.5\n")
    assert picks.micrograph == "mic"
    assert picks.listing.path == "MotionCorr/job002/mic.mrc"


def test_without_a_column_for_it_the_micrograph_is_named_by_the_file(read):
    (picks,) = read("x,y\n130,50\n", "mic.01_picks.csv")
    assert picks.micrograph == "mic.01"
    assert picks.x_px.tolist() == [130]


@pytest.mark.parametrize("text", ["x,y\n", "micrograph,x_px,y_px\n\n"])
def test_a_table_without_rows_has_no_particles(text, read):
    (picks,) = read(text, "mic.csv")
    assert picks.micrograph == "mic"
    assert len(picks) == 0


@pytest.mark.parametrize("missing", ["", "nan", "NaN", "<NA>", "None"])
def test_a_score_may_be_missing(missing, read):
    (picks,) = read(f"x,y,score\n1,2,{missing}\n3,4,0.5\n")
    np.testing.assert_array_equal(picks.score, [np.nan, 0.5])


def test_blank_lines_and_delimiters_at_the_end_do_no_harm(read):
    (picks,) = read('x,y,score,,\n1,2,0.5,,\n\n  \n3,4,0.25,,\n"5",6,0.125\n')
    assert picks.x_px.tolist() == [1, 3, 5]


def test_blanks_behind_delimiters_do_no_harm(read):
    (picks,) = read("x, y, micrograph\n1, 2, mic\n3,4,mic\n")
    assert picks.micrograph == "mic"


def test_a_name_may_be_quoted(read):
    first, second = read('micrograph,x,y\n"a,b",1,2\nc d,3,4\n')
    assert (first.micrograph, second.micrograph) == ("a,b", "c d")


@pytest.mark.parametrize("name", ["NA", "nan", "1.50", "True", "1e5", "007"])
def test_any_name_is_kept_as_it_stands(name, read):
    (picks,) = read(f"micrograph,x,y\n{name},1,2\n{name},3,4\n")
    assert picks.micrograph == name


def test_names_may_be_numbers_at_first_and_texts_far_below(read):
    n_rows = 40_000  # pandas reads pieces of a quarter of a megabyte
    first, second = read("micrograph,x,y\n" + "0001,1,2\n" * n_rows + "mic,3,4\n" * n_rows)
    assert (first.micrograph, second.micrograph) == ("0001", "mic")
    assert (len(first), len(second)) == (n_rows, n_rows)
    assert set(second.x_px) == {3}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"is empty \(0 bytes\)"),
        ("\n\n", r"line 1: '' is not a header; expected .* micrograph,x_px,y_px,score"),
        ("mic,1,2\n", r"line 1: 'mic,1,2' is not a header; expected the names of the columns"),
        ("1\t2\n3\t4\n", r"line 1: '1\t2' is not a header"),
        ("micrograph,x,z\nm,1,2\n", r"line 1: has no column y_px; it has micrograph, x, z. Name"),
        ("x y\n1 2\n", r"no column x_px and no column y_px; it has x y.*commas, tabs or semicolon"),
        ("x,y\n1,2\n\n3,a\n", r"line 4, column y: 'a' is not a finite number .*correct or delete"),
        ("x,y\n1,\n", r"line 2, column y: '' is not a finite number"),
        ("x,y\n1,inf\n", r"line 2, column y: 'inf' is not a finite number"),
        ("x,y,score\n1,2,-inf\n", r"line 2, column score: '-inf' is not a finite number"),
        ("x,y,score\n1,2,high\n", r"line 2, column score: 'high' is not a finite number"),
        ("x;y\n1,5;2,5\n", r"line 2, column x: '1,5' is not a finite number \(with a decimal poi"),
        ("x,y\n1,5,2,5\n", r"line 2: '1,5,2,5' has 4 values, but the header has 2 columns"),
        ("x,y,score\n1,2,0.5\n3,4\n", r"line 3: '3,4' has 2 values, but the header has 3"),
        ("micrograph,x,y\n,1,2\n", r"line 2, column micrograph: no micrograph is named"),
        ("micrograph,x,y\nm,1,2\n ,1,2\n", r"line 3, column micrograph: no micrograph is named"),
        (
            "micrograph,x,y\na/mic.mrc,1,2\nb/mic.mrc,1,2\n",
            r"names two micrographs alike: a/mic.mrc and b/mic.mrc; rename one or split it",
        ),
        ("x,y,box_size\n1,2,60\n3,4,80\n", r"picks has boxes of 60 and 80 px; expected one size"),
        ("x,y,box_size\n1,2,60.5\n", r"has the box size 60.5; expected a whole number of pixels"),
        ("x,y\n".encode("utf-16"), r"not a UTF-8 text file; give a table as text"),
        (b"x,y,n\n1,2,\xe9\n" + b"1,2,3\n" * 2000, r"is not a UTF-8 text"),
        (b"x,y,n\n" + b"1,2,3\n" * 20000 + b"1,2,\xe9\n", r"is not UTF-8 text; save it again as U"),
        (b"PK\x03\x04\x00\x00", r"is a zip archive; unpack it first"),
    ],
)
def test_what_is_wrong_is_named(text, sentence, read):
    with pytest.raises(FileFormatError, match=sentence):
        read(text)


def test_a_bad_value_far_below_is_found(read):
    with pytest.raises(FileFormatError, match=r"line 150002, column x: 'oops' is not a finite"):
        read("x,y\n" + "1,2\n" * 150_000 + "oops,2\n")


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileFormatError, match="does not exist; check the name"):
        read_picks(tmp_path / "gone.csv")


def test_what_is_known_is_written(tmp_path):
    picks = [
        Picks("mic_2", [130.25, -14.5], [50, 37.75], score=[0.5, 0.25], std=[1.25, 1.5],
              box_size_px=60),
        Picks("empty", box_size_px=60),
        Picks("0001", [30], [40]),
    ]  # fmt: skip
    rows = "mic_2,130.25,50,0.5,1.25,60\nmic_2,-14.5,37.75,0.25,1.5,60\n0001,30,40,,,\n"
    text = "micrograph,x_px,y_px,score,std,box_size_px\n" + rows
    assert write_picks(picks, tmp_path / "picks.csv").read_bytes() == text.encode()
    tsv = write_picks(picks, tmp_path / "picks.tsv")
    assert tsv.read_bytes() == text.replace(",", "\t").encode()


def test_columns_that_nobody_knows_are_left_out(tmp_path):
    path = write_picks(Picks("a,b", [1.5], [2]), tmp_path / "picks.csv")
    assert path.read_text() == 'micrograph,x_px,y_px\n"a,b",1.5,2\n'
    assert write_picks([], path, overwrite=True).read_text() == "micrograph,x_px,y_px\n"


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")) | st.just(" "))
columns = st.tuples(
    st.floats(-100, 20_000),
    st.floats(-100, 20_000),
    st.just(np.nan) | st.floats(-1e3, 1e3),
    st.just(np.nan) | st.floats(0, 10),
)


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@given(
    rows=st.lists(columns, min_size=1, max_size=5),
    box_size_px=st.none() | st.integers(1, 999),
    name=names.map(lambda text: f"m{text.replace('/', '').replace('@', '')}1".replace("\\", "")),
)
def test_what_is_written_is_read_back(suffix, rows, box_size_px, name, tmp_path_factory):
    x_px, y_px, score, std = np.array(rows).T
    picks = [
        Picks(name, x_px, y_px, score=score, std=std, box_size_px=box_size_px),
        Picks("other", [1], [2], box_size_px=30),
    ]
    path = tmp_path_factory.getbasetemp() / f"identity.{suffix}"
    write_picks(picks, path, overwrite=True)
    found, other = read_picks(path)
    assert (found.micrograph, other.micrograph) == (name, "other")
    for column in ("x_px", "y_px", "score", "std"):
        np.testing.assert_allclose(
            getattr(found, column), getattr(picks[0], column), atol=1e-6, rtol=0
        )
    assert (found.box_size_px, other.box_size_px) == (box_size_px, 30)
