"""Micrographs are picked as they appear; a watch stops when asked, and goes on where it was."""

import logging
import os
import shutil
import threading
import time
from contextlib import closing

import pytest

from deepem.cluster import ThisProcess
from deepem.errors import FileFormatError, OutputError
from deepem.io import read_picks
from deepem.picking import Picker, pick_files
from deepem.picking.file_picker import FilePicker
from deepem.picking.watch import STOP_FILES, watch_folder
from deepem.simulation import write_scene

INTERVAL_S = 0.1
FORMATS = ("star", "particles")


@pytest.fixture
def made(simulate, tmp_path):
    """Micrographs that are ready to appear."""
    scenes = simulate(4, seed=2, n_particles=6, shape=(140, 180))
    return [write_scene(scene, tmp_path / "made") for scene in scenes]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mics").mkdir()
    return tmp_path / "mics"


@pytest.fixture
def picker(model, monkeypatch):
    """Return a picker that counts what it scans."""
    picker = Picker(model)
    picker.scanned = []

    def scan(micrograph):
        picker.scanned.append(micrograph.name)
        return Picker.scan(picker, micrograph)

    monkeypatch.setattr(picker, "scan", scan)
    return picker


def watch(picker, folder, out):
    pick_one = FilePicker(picker, out, formats=FORMATS, resume=True)
    return closing(watch_folder(pick_one, [folder], ThisProcess(), interval_s=INTERVAL_S))


def next_picked(running, seconds=20):
    deadline = time.monotonic() + seconds
    for picked in running:
        if picked is not None:
            return picked
        assert time.monotonic() < deadline, "nothing was picked in time"
    return None


def appear(path, folder):
    """As a program writes it: under another name first."""
    shutil.copyfile(path, folder / "part")
    (folder / "part").rename(folder / path.name)


def tables(out):
    return {path.name: path.read_text() for path in out.glob("*.star")}


def test_micrographs_are_picked_as_they_appear(picker, made, folder, tmp_path):
    out = tmp_path / "out"
    with watch(picker, folder, out) as running:
        assert next(running) is None
        for path in made[:3]:
            appear(path, folder)
            assert next_picked(running).file.name == path.stem
            assert (out / f"{path.stem}.star").exists()
    list(pick_files(picker, made[:3], tmp_path / "at_once", formats=FORMATS))
    assert tables(out).keys() == tables(tmp_path / "at_once").keys()
    for name, text in tables(out).items():
        if name != "particles.star":  # it has the paths of the micrographs
            assert text == tables(tmp_path / "at_once")[name]
    assert len(read_picks(out / "particles.star")) == 3


@pytest.mark.parametrize("name", STOP_FILES)
def test_a_stop_file_stops_it_and_is_taken_away(name, picker, made, folder, tmp_path):
    out = tmp_path / "out"
    for path in made:
        appear(path, folder)
    with watch(picker, folder, out) as running:
        next_picked(running)
        (out / name).touch()
        assert [picked for picked in running if picked is not None] == []
    assert not (out / name).exists()
    assert len(picker.scanned) == 1
    assert len(read_picks(out / "particles.star")) == 1


def test_a_stop_file_of_an_earlier_run_does_not_stop_the_next(picker, made, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "STOP").touch()
    appear(made[0], folder)
    with watch(picker, folder, tmp_path / "out") as running:
        assert next_picked(running).file.name == made[0].stem


def test_a_second_watch_goes_on_where_the_first_was(picker, made, folder, tmp_path):
    out = tmp_path / "out"
    for path in made[:2]:
        appear(path, folder)
    with watch(picker, folder, out) as running:
        next_picked(running)
    appear(made[2], folder)
    with watch(picker, folder, out) as running:
        names = [next_picked(running).file.name for _ in range(3)]
    assert names == [path.stem for path in made[:3]]
    assert picker.scanned == names
    assert len(read_picks(out / "particles.star")) == 3


def test_another_model_is_noticed(picker, model, made, folder, tmp_path):
    appear(made[0], folder)
    with watch(picker, folder, tmp_path / "out") as running:
        next_picked(running)
    with (
        watch(Picker(model, threshold=0.9), folder, tmp_path / "out") as running,
        pytest.raises(OutputError, match="threshold"),
    ):
        next_picked(running)


def test_it_survives_the_folder_of_micrographs_vanishing(picker, made, folder, tmp_path, caplog):
    caplog.set_level(logging.WARNING, "deepem")
    appear(made[0], folder)
    with watch(picker, folder, tmp_path / "out") as running:
        next_picked(running)
        folder.rename(tmp_path / "away")
        for _ in range(3):
            assert next(running) is None
        (tmp_path / "away").rename(folder)
        appear(made[1], folder)
        assert next_picked(running).file.name == made[1].stem
    assert "is not there; waiting for it" in caplog.text


def test_a_file_that_vanishes_while_it_is_read_is_picked_when_it_is_back(
    picker, made, folder, tmp_path
):
    scan = picker.scan
    away = tmp_path / "away"

    def lose(micrograph):
        picker.scan = scan
        away.mkdir()
        shutil.move(micrograph.path, away)
        raise FileFormatError(micrograph.path, "does not exist")

    picker.scan = lose
    appear(made[0], folder)
    with watch(picker, folder, tmp_path / "out") as running:
        while not away.exists():
            assert next(running) is None
        shutil.move(away / made[0].name, folder)
        picked = next_picked(running)
    assert picked.error is None
    assert picked.file.name == made[0].stem


def test_it_waits_for_the_folder_of_coordinates(picker, made, folder, tmp_path, caplog):
    """A new folder would hide the one that comes back when the network does."""
    caplog.set_level(logging.WARNING, "deepem")
    out, away = tmp_path / "out", tmp_path / "away"
    appear(made[0], folder)
    with watch(picker, folder, out) as running:
        next_picked(running)
        assert next(running) is None
        out.rename(away)
        appear(made[1], folder)
        timer = threading.Timer(1.0, lambda: away.rename(out))
        timer.start()
        assert next_picked(running).file.name == made[1].stem
        timer.join()
    assert sorted(path.name for path in out.glob("mic*.star")) == ["mic_0001.star", "mic_0002.star"]
    assert "is not there any more; waiting for it" in caplog.text


def test_a_full_disk_is_waited_for(picker, made, folder, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.WARNING, "deepem")
    sync, n_failures = os.fsync, 2

    def fail(descriptor):
        nonlocal n_failures
        if n_failures:
            n_failures -= 1
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr("deepem.io.atomic.os.fsync", fail)
    appear(made[0], folder)
    with watch(picker, folder, tmp_path / "out") as running:
        assert next_picked(running).error is None
    assert caplog.text.count("the disk is full; free some space") == 2


def test_a_broken_micrograph_is_reported_and_the_others_go_on(picker, made, folder, tmp_path):
    (folder / "broken.mrc").write_bytes(b"no micrograph")
    os.utime(folder / "broken.mrc", (1, 1))
    appear(made[0], folder)
    with watch(picker, folder, tmp_path / "out") as running:
        assert next_picked(running).file.name == made[0].stem
        failed = next_picked(running)
    assert failed.file.name == "broken"
    assert "broken.mrc" in str(failed.error)


def test_coordinates_of_the_user_are_not_replaced_and_the_others_go_on(
    picker, made, folder, tmp_path
):
    out = tmp_path / "out"
    appear(made[0], folder)
    with watch(picker, folder, out) as running:
        next_picked(running)
        (out / "mic_0002.star").write_text("mine")
        appear(made[1], folder)
        assert "mic_0002.star: exists already" in str(next_picked(running).error)
        appear(made[2], folder)
        assert next_picked(running).error is None
    assert (out / "mic_0002.star").read_text() == "mine"


def test_a_broken_micrograph_that_is_mended_is_picked(picker, made, folder, tmp_path):
    """Its transfer had stopped for too long."""
    content = made[0].read_bytes()
    (folder / made[0].name).write_bytes(content[:5000])
    with watch(picker, folder, tmp_path / "out") as running:
        assert "is truncated" in str(next_picked(running).error)
        (folder / made[0].name).write_bytes(content)
        assert next_picked(running).error is None
