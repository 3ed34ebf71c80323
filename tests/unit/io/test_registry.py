"""Coordinates are read and written in the format that the name or the suffix says."""

from dataclasses import replace

import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, OutputError
from deepem.io import PICK_FORMATS, pick_format, read_picks, write_picks

PICKS = Picks("mic", [30, 200], [40, 100], score=[0.9, 0.5], box_size_px=20)


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_every_format_writes_and_reads_off_centre_picks(known, tmp_path):
    path = write_picks(PICKS, tmp_path / f"mic{known.suffix}")
    (picks,) = read_picks(path)
    assert picks.micrograph == "mic"
    assert picks.x_px.tolist() == [30, 200]
    assert picks.y_px.tolist() == [40, 100]


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_no_format_overwrites_unasked_or_loses_the_old_file(known, tmp_path):
    path = write_picks(PICKS, tmp_path / f"mic{known.suffix}")
    before = path.read_bytes()
    fewer = Picks("mic", [1], [2], box_size_px=20)
    with pytest.raises(OutputError, match="--overwrite"):
        write_picks(fewer, path)
    assert path.read_bytes() == before
    write_picks(fewer, path, overwrite=True)
    (picks,) = read_picks(path)
    assert len(picks) == 1


@pytest.mark.parametrize("choice", ["star", "a/mic.star", "a/mic.b.STAR"])
def test_a_format_is_chosen_by_name_or_suffix(choice):
    assert pick_format(choice).name == "star"


def test_a_given_format_comes_before_the_suffix(tmp_path):
    path = write_picks(PICKS, tmp_path / "mic.txt", format="box")
    assert path.read_text().startswith("20\t30\t20\t20\n")
    (picks,) = read_picks(path, format="box")
    assert picks.box_size_px == 20


@pytest.mark.parametrize("choice", ["mic.txt", "relion", ""])
def test_an_unknown_format_lists_those_that_are_known(choice):
    with pytest.raises(ConfigError, match=r"choose from box \(.box\), star \(.star\)"):
        pick_format(choice)


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
