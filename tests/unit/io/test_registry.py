"""Coordinates are read and written in the format that the name or the suffix says."""

from dataclasses import replace

import numpy as np
import pytest

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError, OutputError
from deepem.io import PICK_FORMATS, pick_format, read_picks, write_picks
from deepem.io.registry import find_format

SHAPE = (150, 300)
PICKS = Picks(
    "mic",
    [30, 200],
    [40, 100],
    score=[0.9, 0.5],
    box_size_px=20,
    frame=Frame(SHAPE, pixel_size_angstrom=1.35),
)


def read_back(path, known, *, named):
    return read_picks(path, format=known.name if named else None, find_shape=lambda name: SHAPE)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_every_format_writes_and_reads_off_centre_picks(known, named, tmp_path):
    path = write_picks(PICKS, known.path_in(tmp_path, "mic"), format=known.name)
    (picks,) = read_back(path, known, named=named)
    assert picks.micrograph == "mic"
    # cryoSPARC keeps fractions of the height and the width in single precision.
    np.testing.assert_allclose(picks.x_px, [30, 200], atol=1e-4)
    np.testing.assert_allclose(picks.y_px, [40, 100], atol=1e-4)


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_a_written_file_is_read_without_saying_its_format(known, tmp_path):
    path = write_picks(PICKS, known.path_in(tmp_path, "mic"), format=known.name)
    assert find_format(path).read is known.read


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_no_format_overwrites_unasked_or_loses_the_old_file(known, tmp_path):
    path = known.path_in(tmp_path, "mic")
    assert not known.is_taken(path)
    assert write_picks(PICKS, path, format=known.name) == path
    assert known.is_taken(path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    fewer = replace(PICKS.take(np.array([1])), x_px=[1], y_px=[2])
    with pytest.raises(OutputError, match="--overwrite"):
        write_picks(fewer, path, format=known.name)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    write_picks(fewer, path, format=known.name, overwrite=True)
    (picks,) = read_back(path, known, named=True)
    np.testing.assert_allclose(picks.x_px, [1], atol=1e-4)


@pytest.mark.parametrize(
    "known",
    [known for known in PICK_FORMATS if known.one_file_for_all],
    ids=lambda known: known.name,
)
def test_one_file_holds_many_micrographs(known, tmp_path):
    other = replace(PICKS, micrograph="other.2", x_px=[7, 8], y_px=[9, 10])
    path = write_picks([PICKS, other], known.path_in(tmp_path, ""), format=known.name)
    first, second = read_back(path, known, named=True)
    assert (first.micrograph, second.micrograph) == ("mic", "other.2")
    np.testing.assert_allclose(second.x_px, [7, 8], atol=1e-4)
    np.testing.assert_allclose(second.y_px, [9, 10], atol=1e-4)


@pytest.mark.parametrize(
    ("file_name", "format"),
    [
        ("x.box", "box"),
        ("x.star", "star"),
        ("x.cbox", "cbox"),
        ("x.json", "eman2"),
        ("x.txt", "topaz"),
        ("x.tab", "topaz"),
        ("x.csv", "csv"),
        ("x.tsv", "tsv"),
        ("x.cs", "cryosparc"),
    ],
)
def test_a_suffix_means_the_plainest_format_that_has_it(file_name, format):
    assert pick_format(file_name).name == format


def test_names_of_formats_are_unique():
    names = [known.name for known in PICK_FORMATS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("choice", ["star", "a/mic.star", "a/mic.b.STAR"])
def test_a_format_is_chosen_by_name_or_suffix(choice):
    assert pick_format(choice).name == "star"


def test_a_given_format_comes_before_the_suffix(tmp_path):
    path = write_picks(PICKS, tmp_path / "mic.txt", format="box")
    assert path.read_text().startswith("20\t30\t20\t20\n")
    (picks,) = read_picks(path, format="box")
    assert picks.box_size_px == 20


@pytest.mark.parametrize("choice", ["mic.pdf", "imagic", ""])
def test_an_unknown_format_lists_those_that_are_known(choice):
    with pytest.raises(ConfigError, match=r"choose from box \(.box\), .*star \(.star\)") as caught:
        pick_format(choice)
    assert all(f"{known.name} ({known.suffix})" in str(caught.value) for known in PICK_FORMATS)


@pytest.mark.parametrize(
    ("stem", "micrograph"),
    [
        ("mic_1", "mic_1"),
        ("mic_1_autopick", "mic_1"),
        ("mic_1_manualpick", "mic_1"),
        ("mic_1_topazpicks", "mic_1"),
        ("mic_1_picks", "mic_1"),
        ("mic_1_pick", "mic_1"),
        ("mic_1_deepem", "mic_1"),
        ("mic_1_2", "mic_1_2"),
        ("topazpicks", "topazpicks"),
    ],
)
def test_the_micrograph_is_named_without_the_ending_of_its_picks(stem, micrograph, tmp_path):
    path = write_picks(PICKS, tmp_path / f"{stem}.box")
    (picks,) = read_picks(path)
    assert picks.micrograph == micrograph


@pytest.mark.parametrize("n_micrographs", [0, 2])
def test_a_format_for_one_micrograph_refuses_others(n_micrographs, tmp_path):
    with pytest.raises(ConventionError, match=f"got those of {n_micrographs}; write one file for"):
        write_picks([PICKS] * n_micrographs, tmp_path / "mic.star")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_coordinates_that_are_not_finite_are_never_written(bad, tmp_path):
    with pytest.raises(ConventionError, match="NaN or infinite; drop them first"):
        write_picks(replace(PICKS, x_px=[30, bad]), tmp_path / "mic.box")
    assert not list(tmp_path.iterdir())
