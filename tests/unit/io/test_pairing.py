"""Coordinates find their micrograph by name, and only theirs."""

import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError
from deepem.io import find_micrographs, open_micrograph, pair_picks, place_picks, write_picks


def mics(*names):
    return [f"mics/{name}.mrc" for name in names]


@pytest.fixture
def save(tmp_path):
    """Write coordinate files, each with a different number of picks."""

    def save(*names):
        for n_picks, name in enumerate(names, start=1):
            write_picks(Picks("", [1] * n_picks, [2] * n_picks, box_size_px=10), tmp_path / name)
        return tmp_path

    return save


def counts(pairing):
    return {file.name: len(picks) for file, picks in pairing.pairs}


def test_similar_names_are_never_mixed(save):
    folder = save("mic_1.box", "mic_10.box", "mic_1_2.box")
    pairing = pair_picks(mics("mic_10", "mic_1_2", "mic_1", "mic_11"), folder)
    assert counts(pairing) == {"mic_10": 2, "mic_1_2": 3, "mic_1": 1}
    assert [file.name for file, _ in pairing.pairs] == ["mic_10", "mic_1_2", "mic_1"]
    assert [picks.micrograph for _, picks in pairing.pairs] == ["mic_10", "mic_1_2", "mic_1"]
    assert [file.name for file in pairing.unlabelled] == ["mic_11"]


@pytest.mark.parametrize(("picked", "other"), [("mic_10", "mic_1"), ("mic_1", "mic_10")])
def test_a_similar_name_alone_does_not_match(picked, other, save):
    folder = save(f"{picked}.box")
    with pytest.raises(
        ConventionError, match=rf"for example {picked}.box and {other}.mrc. A coordinate file has"
    ):
        pair_picks(mics(other), folder)


@pytest.mark.parametrize(
    "ending", ["", "_autopick", "_manualpick", "_topazpicks", "_picks", "_pick", "_deepem"]
)
def test_endings_of_other_programs_are_known(ending, save):
    assert counts(pair_picks(mics("mic_1"), save(f"mic_1{ending}.star"))) == {"mic_1": 1}


def test_the_full_name_comes_before_the_one_without_ending(save):
    folder = save("a_picks.star")
    assert counts(pair_picks(mics("a", "a_picks"), folder)) == {"a_picks": 1}
    assert counts(pair_picks(mics("a"), folder)) == {"a": 1}


def test_a_star_file_of_many_micrographs_matches_by_their_names(tmp_path):
    path = tmp_path / "particles.star"
    path.write_text(
        "data_particles\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n"
        "job/a.mrc 1 2\njob/b.mrc 3 4\njob/a.mrc 5 6\njob/elsewhere.mrc 7 8\n"
    )
    pairing = pair_picks(mics("b", "a", "c"), [path])
    assert counts(pairing) == {"b": 1, "a": 2}
    assert pairing.unmatched_picks == []
    assert [file.name for file in pairing.unlabelled] == ["c"]


def test_two_formats_for_one_micrograph_ask_for_a_choice(save):
    folder = save("a.box", "a.star")
    with pytest.raises(ConventionError, match=r"a.box and .*a.star; choose .*--picks-format"):
        pair_picks(mics("a"), folder)
    assert counts(pair_picks(mics("a"), folder, format="box")) == {"a": 1}
    assert counts(pair_picks(mics("a"), folder, format="star")) == {"a": 2}


def test_two_files_of_one_format_ask_for_one(save):
    folder = save("a.star", "a_autopick.star")
    with pytest.raises(ConventionError, match=r"two files.*give only one of them"):
        pair_picks(mics("a"), folder)


def test_a_bad_file_fails_alone_and_the_summary_names_all_problems(save):
    folder = save("a.box", "stranger.box")
    (folder / "b.box").write_text("not numbers\n")
    gone = folder / "gone.box"
    pairing = pair_picks(mics("a", "b", "c", "d", "e", "f"), [folder, gone])
    assert counts(pairing) == {"a": 1}
    assert pairing.unmatched_picks == [folder / "stranger.box"]
    assert [path for path, _ in pairing.failures] == [folder / "b.box", gone]
    assert all(isinstance(error, FileFormatError) for _, error in pairing.failures)
    lines = pairing.summary().splitlines()
    assert lines[0] == "Micrographs without coordinates: b.mrc, c.mrc, d.mrc and 2 more."
    assert lines[1] == "Coordinate files without a micrograph: stranger.box."
    assert "line 1: 'not numbers'" in lines[2]
    assert "does not exist" in lines[3]
    assert len(lines) == 4


def test_without_problems_the_summary_is_empty(save):
    assert pair_picks(mics("a"), save("a.box")).summary() == ""


def test_an_empty_file_is_a_micrograph_without_particles_not_without_labels(save, tmp_path):
    (tmp_path / "a.box").touch()
    pairing = pair_picks(mics("a"), tmp_path)
    assert counts(pairing) == {"a": 0}
    assert pairing.unlabelled == []


def test_other_files_in_the_folder_are_left_alone(save):
    folder = save("a.box")
    for name in ("notes.txt", ".hidden.box", "a.mrc"):
        (folder / name).write_text("x")
    pairing = pair_picks(mics("a"), folder)
    assert counts(pairing) == {"a": 1}
    assert pairing.summary() == ""


def test_what_cannot_be_paired_at_all_is_explained(save, tmp_path):
    with pytest.raises(FileFormatError, match=r"holds no coordinates; expected .box, .*\.star"):
        pair_picks(mics("a"), tmp_path)
    folder = save("a.box")
    with pytest.raises(FileFormatError, match=r"holds no coordinates; expected .star files"):
        pair_picks(mics("a"), folder, format="star")
    with pytest.raises(ConfigError, match="micrographs: none are given"):
        pair_picks([], folder)
    with pytest.raises(ConventionError, match="same name"):
        pair_picks(["one/a.mrc", "two/a.mrc"], folder)


def test_real_micrographs_open_and_pair(shared_data):
    n_picks = 0
    for folder in {path.parent for path in shared_data.rglob("*.mrc")}:
        micrographs = find_micrographs(folder)
        for path in micrographs:
            micrograph = open_micrograph(path)
            assert micrograph.pixels().shape == micrograph.shape
            assert micrograph.pixels().std() > 0
        if any(folder.glob("*.box")):
            pairing = pair_picks(micrographs, folder, format="box")
            assert pairing.summary() == ""
            for path, picks in pairing.pairs:
                placed = place_picks(picks, open_micrograph(path))
                assert len(placed) == len(picks) > 0
                n_picks += len(placed)
    assert n_picks > 5000
