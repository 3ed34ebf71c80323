"""Many micrographs are picked; one that fails is reported and stops nobody."""

import mrcfile
import numpy as np
import pytest

from deepem.errors import ConfigError, DeepEMError, FileFormatError, MicrographError, OutputError
from deepem.io import find_micrographs, open_micrograph, read_picks, write_mrc
from deepem.picking import Picker, pick_files
from deepem.simulation import write_scene


@pytest.fixture(scope="session")
def paths(simulate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("micrographs")
    scenes = simulate(3, seed=2, n_particles=6, shape=(140, 180))
    return [write_scene(scene, folder) for scene in scenes]


@pytest.fixture
def picker(model, monkeypatch):
    """Return a picker that counts what it picks."""
    picker = Picker(model)
    picker.picked = []

    def scan(micrograph):
        picker.picked.append(micrograph.name)
        return Picker.scan(picker, micrograph)

    monkeypatch.setattr(picker, "scan", scan)
    return picker


def files_in(folder):
    """Coordinate files; what was rejected has a folder of its own."""
    return sorted(path.name for path in folder.glob("*") if path.is_file())


def test_every_micrograph_gets_its_files(picker, paths, tmp_path):
    out = tmp_path / "new" / "picks"
    results = list(pick_files(picker, paths, out))
    assert [result.file.path for result in results] == paths
    assert files_in(out) == [
        f"mic_000{i}.{suffix}" for i in (1, 2, 3) for suffix in ("box", "star")
    ]
    for result in results:
        assert result.error is None
        expected = Picker.pick(picker, open_micrograph(result.file.path))
        assert len(expected) >= 5
        np.testing.assert_array_equal(result.picks.x_px, expected.x_px)
        (star,) = read_picks(out / f"{result.file.path.stem}.star")
        np.testing.assert_allclose(star.x_px, expected.x_px, atol=0.01)
        np.testing.assert_allclose(star.y_px, expected.y_px, atol=0.01)
        np.testing.assert_allclose(star.score, expected.score, atol=1e-5)
        (box,) = read_picks(out / f"{result.file.path.stem}.box")
        np.testing.assert_allclose(box.x_px, expected.x_px, atol=1)
        assert box.box_size_px == expected.box_size_px


def test_broken_micrographs_are_reported_and_the_others_picked(picker, paths, tmp_path):
    truncated = tmp_path / "truncated.mrc"
    truncated.write_bytes(paths[0].read_bytes()[:5000])
    flat = write_mrc(tmp_path / "flat.mrc", np.zeros((90, 90), np.float32), pixel_size_angstrom=15)
    given = [truncated, paths[0], tmp_path / "missing.mrc", flat, paths[1]]
    results = list(pick_files(picker, given, tmp_path / "out", formats=["star"]))
    assert [result.file.path for result in results] == given
    assert [type(result.error) for result in results] == [
        FileFormatError, type(None), FileFormatError, MicrographError, type(None),
    ]  # fmt: skip
    for result in results:
        assert (result.picks is None) == isinstance(result.error, DeepEMError)
        assert result.error is None or result.file.path.name in str(result.error)
    assert files_in(tmp_path / "out") == ["mic_0001.star", "mic_0002.star"]


def test_results_come_one_by_one(picker, paths, tmp_path):
    results = pick_files(picker, paths, tmp_path / "out", formats=["box"])
    next(results)
    assert picker.picked == ["mic_0001"]
    assert files_in(tmp_path / "out") == ["mic_0001.box"]


def test_existing_files_are_an_error_before_any_work(picker, paths, tmp_path):
    (tmp_path / "mic_0003.star").write_text("mine")
    with pytest.raises(OutputError, match=r"mic_0003\.star: exists already.*--out.*--overwrite"):
        next(pick_files(picker, paths, tmp_path))
    (tmp_path / "mic_0002.box").write_text("mine")
    with pytest.raises(OutputError, match=r"mic_0002\.box: exists already, and 1 more\. Choose"):
        next(pick_files(picker, paths, tmp_path))
    assert picker.picked == []
    assert files_in(tmp_path) == ["mic_0002.box", "mic_0003.star"]
    assert (tmp_path / "mic_0003.star").read_text() == "mine"


def test_files_of_other_formats_are_not_in_the_way(picker, paths, tmp_path):
    (tmp_path / "mic_0001.star").write_text("mine")
    assert len(list(pick_files(picker, paths[:1], tmp_path, formats=["box"]))) == 1
    assert (tmp_path / "mic_0001.star").read_text() == "mine"


def test_existing_files_are_replaced_when_asked(picker, paths, tmp_path):
    (tmp_path / "mic_0001.star").write_text("mine")
    (result,) = pick_files(picker, paths[:1], tmp_path, overwrite=True)
    (star,) = read_picks(tmp_path / "mic_0001.star")
    assert len(star) == len(result.picks)


def test_an_unknown_format_is_refused_before_any_work(picker, paths, tmp_path):
    with pytest.raises(ConfigError, match="choose from"):
        next(pick_files(picker, paths, tmp_path, formats=["star", "pdf"]))
    assert picker.picked == []
    assert files_in(tmp_path) == []


def test_the_pixel_size_can_be_given(picker, paths, tmp_path):
    unknown = write_mrc(tmp_path / "mic.mrc", np.array(open_micrograph(paths[0]).pixels()))
    (failed,) = pick_files(picker, [unknown], tmp_path / "one")
    assert "--pixel-size" in str(failed.error)
    (result,) = pick_files(picker, [unknown], tmp_path / "two", pixel_size_angstrom=15)
    expected = Picker.pick(picker, open_micrograph(paths[0]))
    np.testing.assert_array_equal(result.picks.x_px, expected.x_px)


def test_files_that_would_be_replaced_at_the_end_stop_it_at_the_beginning(picker, paths, tmp_path):
    """A coordinate file of RELION is written with the list, when all has been picked."""
    list_path = tmp_path / "out" / "autopick.star"
    list(pick_files(picker, paths[:1], tmp_path / "out", formats=["relion"]))
    list_path.unlink()
    picker.picked.clear()
    with pytest.raises(OutputError, match=r"_autopick.star: exists already.*--overwrite"):
        list(pick_files(picker, paths, tmp_path / "out", formats=["relion"]))
    assert picker.picked == []


def test_what_a_format_needs_is_missed_before_the_picking(picker, paths, tmp_path):
    """The fractions of cryoSPARC need a pixel size; hours later would be too late."""
    bare = write_mrc(tmp_path / "bare.mrc", np.array(open_micrograph(paths[0]).pixels()))
    first, second = pick_files(picker, [bare, paths[1]], tmp_path, formats=["cryosparc"])
    assert isinstance(first.error, ConfigError)
    assert "--pixel-size" in str(first.error)
    assert picker.picked == ["mic_0002"]
    (read,) = read_picks(tmp_path / "picks.csg")
    assert len(read) == len(second.picks)


def test_what_was_picked_before_an_interruption_is_kept(picker, paths, tmp_path):
    results = pick_files(picker, paths, tmp_path, formats=["star", "particles", "relion"])
    next(results)
    next(results)
    results.close()  # what Ctrl-C leads to
    assert len(read_picks(tmp_path / "particles.star")) == 2
    assert len(read_picks(tmp_path / "autopick.star")) == 2


def test_slices_of_a_stack_keep_their_own_coordinates(picker, paths, tmp_path):
    slices = np.stack([open_micrograph(path).pixels() for path in paths])
    size = open_micrograph(paths[0]).pixel_size_angstrom
    with mrcfile.new(tmp_path / "stack.mrcs") as file:
        file.set_data(slices.astype(np.float32))
        file.voxel_size = size
    results = list(pick_files(picker, find_micrographs(tmp_path), tmp_path, formats=["relion"]))
    read = {picks.micrograph: len(picks) for picks in read_picks(tmp_path / "autopick.star")}
    assert read == {f"stack_00000{n}": len(r.picks) for n, r in enumerate(results, start=1)}
