"""EMAN2 info files: boxes are updated, and nothing else in them changes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import FileFormatError, OutputError
from deepem.io import pick_format, read_picks, write_picks
from deepem.io.formats.eman2 import find_base_name, has_boxes

# As EMAN2 lays it out: a value a line, and keys of other programs of EMAN2 around the boxes.
INFO = """{
"boxes": [
[
130,
50,
"manual"
],
[20.5, 37, "auto_convnet", 0.75],
[5, 5, "refbad"],
[6, 6, "refbg"],
[7, 8, "refgood"]
],
"boxes_rct": [[1, 2, "manual", 3]],
"ctf": [{"__class__": "EMAN2Ctf", "defocus": 1.25, "background": [0.5, NaN]}, null],
"quality": 5
}"""
PICKS = Picks(
    "mic",
    [130.0, 20.5],
    [50.49, 37],
    score=[np.nan, 0.75],
    box_size_px=64,
    frame=Frame((200, 300), pixel_size_angstrom=1.35),
)


@pytest.fixture
def info(tmp_path):
    """Make a file in the folder ``info`` of an EMAN2 project."""
    folder = tmp_path / "info"
    folder.mkdir()

    def make(name, text):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_boxes_are_centres_and_examples_of_no_particle_are_left_out(info):
    (picks,) = read_picks(info("mic.01_info.json", INFO))
    assert picks.micrograph == "mic.01"
    assert picks.x_px.tolist() == [130, 20.5, 7]
    assert picks.y_px.tolist() == [50, 37, 8]
    np.testing.assert_array_equal(picks.score, [np.nan, 0.75, np.nan])
    assert picks.box_size_px is None


@pytest.mark.parametrize(
    ("project", "box_size_px"),
    [
        ('{"global.boxsize": 64, "global.apix": 1.0}', 64),
        ('{"global.boxsize": 64.0}', 64),
        ("{}", None),
        ('{"global.boxsize": -1}', None),
        ('{"global.boxsize": 64.5}', None),
        ('{"global.boxsize": "64"}', None),
    ],
)
def test_the_box_size_is_that_of_the_project(project, box_size_px, info):
    info("project.json", project)
    (picks,) = read_picks(info("mic_info.json", INFO))
    assert picks.box_size_px == box_size_px


def test_no_boxes_in_the_list_means_no_particles(info):
    (picks,) = read_picks(info("mic_info.json", '{"boxes": []}'))
    assert len(picks) == 0
    assert picks.micrograph == "mic"


@pytest.mark.parametrize("name", ["mic_info.json", "project.json"])
def test_a_file_without_boxes_says_nothing_about_particles(name, info):
    assert read_picks(info(name, '{"quality": 5}')) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"boxes": [[1, 2, "manual"]\n}', r"line 2, column 1: is not JSON .*restore the file"),
        ("", r"line 1, column 1: is not JSON"),
        ("[[1, 2]]", r"is not an info file of EMAN2; expected an object in braces"),
        ('{"boxes": {"a": 1}}', r"has 'boxes' that are no list; expected \[\[x, y, tag\]"),
        ('{"boxes": [[1, 2, "manual"], [3]]}', r"box 1 \(counted from 0\) is \[3\]; expected \[x,"),
        ('{"boxes": [["a", 2, "manual"]]}', r"box 0 .* is \[\"a\", 2, \"manual\"\]; expected"),
        ('{"boxes": [[NaN, 2, "manual"]]}', r"box 0 .* is \[NaN, 2"),
        ('{"boxes": [7]}', r"box 0 .* is 7; expected"),
    ],
)
def test_what_is_wrong_is_named(text, sentence, info):
    with pytest.raises(FileFormatError, match=sentence):
        read_picks(info("mic_info.json", text))


def test_another_json_file_is_not_taken_for_an_info_file(info):
    with pytest.raises(FileFormatError, match=r"has no 'boxes', so it is not an info file of EMAN"):
        read_picks(info("results.json", '{"f1": 0.9}'))


def test_a_damaged_project_file_is_named(info):
    info("project.json", "{")
    with pytest.raises(FileFormatError, match=r"project.json: line 1, column 2: is not JSON"):
        read_picks(info("mic_info.json", INFO))


def test_whole_pixels_are_written_with_the_tag_of_the_network(tmp_path):
    path = write_picks(PICKS, tmp_path / "info" / "mic_info.json")
    assert json.loads(path.read_text()) == {
        "boxes": [[130, 50, "auto_convnet"], [21, 37, "auto_convnet", 0.75]]
    }


def test_no_picks_are_an_empty_list(tmp_path):
    path = write_picks(Picks("mic"), tmp_path / "info" / "mic_info.json")
    assert json.loads(path.read_text()) == {"boxes": []}


@pytest.mark.parametrize("boxes", ["", '"boxes": [],'])
def test_a_file_without_boxes_is_completed_unasked_and_its_keys_stay(boxes, info):
    path = info("mic_info.json", f'{{"zeta": 1, {boxes} "ctf": [0.1, {{"b": [1e-07, NaN]}}]}}')
    assert not has_boxes(path)
    write_picks(PICKS, path)
    content = json.loads(path.read_text())
    assert [key for key in content if key != "boxes"] == ["zeta", "ctf"]
    assert repr(content["ctf"]) == "[0.1, {'b': [1e-07, nan]}]"
    assert len(content["boxes"]) == 2


def test_boxes_are_replaced_only_when_asked_and_everything_else_stays_in_order(info):
    path = info("mic_info.json", INFO)
    assert has_boxes(path)
    with pytest.raises(
        OutputError, match=r"has boxes already; pass overwrite=True \(--overwrite\)"
    ):
        write_picks(PICKS, path)
    assert path.read_text() == INFO
    write_picks(PICKS, path, overwrite=True)
    before, after = json.loads(INFO), json.loads(path.read_text())
    assert list(after) == ["boxes", "boxes_rct", "ctf", "quality"]
    assert after["boxes"] == [[130, 50, "auto_convnet"], [21, 37, "auto_convnet", 0.75]]
    assert [repr(after[key]) for key in list(after)[1:]] == [
        repr(before[key]) for key in list(before)[1:]
    ]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["mic_info.json", "project.json"])
def test_a_damaged_file_is_named_and_nothing_is_lost(name, overwrite, info):
    path = info(name, '{"ctf": [1,\n')
    with pytest.raises(FileFormatError, match=rf"{name}: line 2, column 1: is not JSON"):
        write_picks(PICKS, path.with_name("mic_info.json"), overwrite=overwrite)
    assert path.read_text() == '{"ctf": [1,\n'
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_the_project_gets_the_sizes_that_it_lacks(tmp_path):
    write_picks(PICKS, tmp_path / "info" / "mic_info.json")
    project = json.loads((tmp_path / "info" / "project.json").read_text())
    assert project == {"global.boxsize": 64, "global.apix": 1.35}


def test_the_values_of_a_project_never_change(info, tmp_path):
    text = '{"global.boxsize": 128, "project_name": "x", "global.apix": 2.0}'
    project = info("project.json", text)
    write_picks(PICKS, tmp_path / "info" / "mic_info.json")
    assert project.read_text() == text


def test_a_missing_box_size_joins_the_other_keys_of_the_project(info, tmp_path):
    project = info("project.json", '{"z": [1, {"a": null}], "global.apix": 2.0}')
    write_picks(PICKS, tmp_path / "info" / "mic_info.json")
    content = json.loads(project.read_text())
    assert list(content.items()) == [
        ("z", [1, {"a": None}]),
        ("global.apix", 2.0),
        ("global.boxsize", 64),
    ]


def test_outside_of_a_folder_info_and_without_sizes_there_is_no_project(tmp_path):
    write_picks(PICKS, tmp_path / "picks" / "mic_info.json")
    write_picks(Picks("mic", [1], [2]), tmp_path / "info" / "mic_info.json")
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json"))
    assert names == ["info/mic_info.json", "picks/mic_info.json"]


@pytest.mark.parametrize(
    ("micrograph", "base"),
    [
        ("mic_1", "mic_1"),
        ("mic.0001", "mic.0001"),
        ("mic 1", "mic 1"),
        ("mic__ctf_flip", "mic"),
        ("mic__a__b", "mic"),
        ("mic_1_ptcls", "mic_1"),
    ],
)
def test_files_are_named_as_e2boxer_looks_for_them(micrograph, base, tmp_path):
    assert find_base_name(micrograph) == base
    path = pick_format("eman2").path_in(tmp_path, micrograph)
    assert path == tmp_path / "info" / f"{base}_info.json"


centres = st.tuples(st.floats(-100, 20_000), st.floats(-100, 20_000))


@given(centres=st.lists(centres, max_size=5), score=st.none() | st.floats(-1e6, 1e6))
def test_what_is_written_is_read_back_to_half_a_pixel(centres, score, tmp_path_factory):
    x_px, y_px = np.array(centres).reshape(-1, 2).T
    scores = np.full(x_px.size, np.nan if score is None else score)
    path = tmp_path_factory.getbasetemp() / "identity_info.json"
    write_picks(Picks("mic", x_px, y_px, score=scores), path, overwrite=True)
    (picks,) = read_picks(path)
    assert len(picks) == len(centres)
    assert np.abs(picks.x_px - x_px).max(initial=0) <= 0.5
    assert np.abs(picks.y_px - y_px).max(initial=0) <= 0.5
    np.testing.assert_array_equal(picks.score, scores)
