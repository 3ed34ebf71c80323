"""Many micrographs are picked; one that fails is reported and stops nobody."""

import numpy as np
import pytest

from deepem.errors import ConfigError, DeepEMError, FileFormatError, MicrographError, OutputError
from deepem.io import open_micrograph, read_picks, write_mrc
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

    def pick(micrograph):
        picker.picked.append(micrograph.name)
        return Picker.pick(picker, micrograph)

    monkeypatch.setattr(picker, "pick", pick)
    return picker


def files_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


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
