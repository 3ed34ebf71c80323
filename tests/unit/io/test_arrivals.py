"""Micrographs are handed on when they are complete, once, whatever else happens in the folder."""

import logging
import os
import shutil
import threading
import time

import numpy as np
import pytest

from deepem.io import write_mrc
from deepem.io.arrivals import Arrivals, wait_for_change

INTERVAL_S = 0.15


def make(path, side=40):
    pixels = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    return write_mrc(path, pixels, overwrite=True)


def names(files):
    return [file.name for file in files]


def look_until(arrivals, n, seconds=5.0):
    found = []
    deadline = time.monotonic() + seconds
    while len(found) < n and time.monotonic() < deadline:
        found += names(arrivals.look(at_most=100))
        time.sleep(0.02)
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mics").mkdir()
    return tmp_path / "mics"


def test_a_file_is_handed_on_once_after_it_has_rested(folder):
    arrivals = Arrivals([folder], interval_s=INTERVAL_S)
    make(folder / "a.mrc")
    begun = time.monotonic()
    assert arrivals.look(at_most=100) == []
    assert look_until(arrivals, 1) == ["a"]
    assert time.monotonic() - begun >= INTERVAL_S
    assert look_until(arrivals, 1, seconds=3 * INTERVAL_S) == []


def test_an_old_file_need_not_rest(folder):
    os.utime(make(folder / "a.mrc"), (1, 1))
    assert names(Arrivals([folder], interval_s=60).look(at_most=100)) == ["a"]


def test_a_growing_file_is_left_until_it_is_complete(folder):
    content = make(folder / "a.mrc").read_bytes()
    (folder / "a.mrc").unlink()
    arrivals = Arrivals([folder], interval_s=INTERVAL_S)
    with (folder / "a.mrc").open("wb", buffering=0) as file:
        for first in range(0, len(content), 1500):
            file.write(content[first : first + 1500])
            time.sleep(INTERVAL_S / 3)
            assert arrivals.look(at_most=100) == []
    assert look_until(arrivals, 1) == ["a"]


def test_a_file_that_rests_in_the_middle_is_not_complete(folder):
    """Its header promises more than there is."""
    content = make(folder / "a.mrc").read_bytes()
    arrivals = Arrivals([folder], interval_s=INTERVAL_S)
    (folder / "a.mrc").write_bytes(content[:3000])
    assert look_until(arrivals, 1, seconds=4 * INTERVAL_S) == []
    (folder / "a.mrc").write_bytes(content)
    assert look_until(arrivals, 1) == ["a"]


def test_a_file_that_stays_broken_is_handed_on_in_the_end(folder):
    (folder / "a.mrc").write_bytes(b"no micrograph")
    arrivals = Arrivals([folder], interval_s=0.02)
    assert look_until(arrivals, 1) == ["a"]


def test_other_files_and_hidden_ones_are_not_seen(folder):
    for name in ("a.txt", ".b.mrc", "c.mrc.part"):
        (folder / name).write_bytes(b"x")
    arrivals = Arrivals([folder], interval_s=0)
    assert arrivals.look(at_most=100) == []
    make(folder / "d.mrc")
    assert names(arrivals.look(at_most=100)) == ["d"]


def test_no_more_than_asked_for(folder):
    for number in range(5):
        os.utime(make(folder / f"m{number}.mrc"), (1, 1))
    arrivals = Arrivals([folder], interval_s=1)
    assert names(arrivals.look(at_most=2)) == ["m0", "m1"]
    assert names(arrivals.look(at_most=2)) == ["m2", "m3"]
    assert names(arrivals.look(at_most=2)) == ["m4"]


def test_what_is_forgotten_comes_again(folder):
    os.utime(make(folder / "a.mrc"), (1, 1))
    arrivals = Arrivals([folder], interval_s=1)
    (file,) = arrivals.look(at_most=100)
    arrivals.forget(file)
    assert names(arrivals.look(at_most=100)) == ["a"]


def test_what_has_failed_comes_again_when_it_has_changed(folder):
    os.utime(make(folder / "a.mrc"), (1, 1))
    arrivals = Arrivals([folder], interval_s=0)
    (file,) = arrivals.look(at_most=100)
    arrivals.give_up(file)
    assert arrivals.look(at_most=100) == []
    make(folder / "a.mrc", side=50)
    assert look_until(arrivals, 1) == ["a"]


def test_a_folder_may_come_later_and_go_for_a_while(folder, tmp_path, caplog):
    caplog.set_level(logging.WARNING, "deepem")
    folder.rmdir()
    arrivals = Arrivals([folder], interval_s=0)
    for _ in range(3):
        assert arrivals.look(at_most=100) == []
    assert caplog.text.count("is not there; waiting for it") == 1
    folder.mkdir()
    make(folder / "a.mrc")
    assert look_until(arrivals, 1) == ["a"]
    assert caplog.text.count("is there again") == 1
    shutil.move(folder, tmp_path / "away")
    assert arrivals.look(at_most=100) == []
    assert caplog.text.count("is not there; waiting for it") == 2
    shutil.move(tmp_path / "away", folder)
    make(folder / "b.mrc")
    assert look_until(arrivals, 1) == ["b"]


def test_patterns_reach_folders_that_come_later(folder, tmp_path):
    arrivals = Arrivals([tmp_path / "square_*" / "*.mrc"], interval_s=0)
    assert arrivals.look(at_most=100) == []
    make(tmp_path / "square_1" / "a.mrc")
    assert look_until(arrivals, 1) == ["a"]


def test_two_of_one_name_are_one_and_the_other_is_named(folder, tmp_path, caplog):
    caplog.set_level(logging.WARNING, "deepem")
    make(folder / "a.mrc")
    make(tmp_path / "other" / "a.mrc")
    arrivals = Arrivals([folder, tmp_path / "other"], interval_s=0)
    for _ in range(3):
        arrivals.look(at_most=100)
    assert caplog.text.count("has the name of") == 1
    assert "rename it" in caplog.text


@pytest.mark.parametrize("is_there", [True, False])
def test_waiting_ends_after_its_time(is_there, folder):
    begun = time.monotonic()
    wait_for_change([folder if is_there else folder / "missing"], 0.3)
    assert 0.25 < time.monotonic() - begun < 3


def test_waiting_ends_when_something_happens(folder):
    pytest.importorskip("watchfiles")
    timer = threading.Timer(0.3, make, [folder / "a.mrc"])
    timer.start()
    begun = time.monotonic()
    wait_for_change([folder], 20)
    assert time.monotonic() - begun < 10
    timer.join()
