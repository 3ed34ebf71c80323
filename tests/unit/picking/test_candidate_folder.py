"""The pool of a folder follows its files, and reads none twice."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from deepem.core import Frame, Listing, Picks
from deepem.io import write_mrc
from deepem.io.file_content import FileContent
from deepem.picking import Picker, pick_files
from deepem.picking.candidate_folder import CandidateFolder, count_scanned
from deepem.picking.candidate_pool import AT_EDGE, IN_NO_WAY
from deepem.picking.limits import describe_limits, find_limits, parse_limits
from deepem.picking.scanned import Scanned, ScannedHeader, scanned_path, write_scanned

NAMES = frozenset({"a", "b", "c"})


def write(out, name, x_px, *, frame=Frame((100, 100)), output=None):  # noqa: B008
    x_px = np.array(x_px, dtype=float)
    n = x_px.size
    candidates = Picks(
        "another name",
        x_px,
        np.full(n, 50.0),
        score=np.full(n, 0.5),
        std=np.ones(n),
        box_size_px=30,
        frame=frame,
    )
    header = ScannedHeader(FileContent(1, 1, "x"), None, Listing(name), {}, output or {})
    path = scanned_path(out, name)
    write_scanned(Scanned(header, candidates, diameter_px=20.0), path)
    return path


def forbid_reading(monkeypatch):
    def read(path):
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr("deepem.picking.candidate_folder.read_scanned", read)


def age(folder, seconds=60):
    """Let a folder look as if nothing had been written into it for a while."""
    then = time.time() - seconds
    os.utime(folder, (then, then))


def test_a_missing_folder_is_an_empty_pool(tmp_path):
    folder = CandidateFolder(tmp_path / "none")
    assert not folder.refresh(NAMES)
    assert folder.pool.names == ()
    assert folder.read("a") is None
    assert count_scanned(tmp_path / "none", NAMES) == 0


def test_candidates_are_pooled_with_the_margin_of_the_picker(tmp_path):
    write(tmp_path, "a", [7.9, 8.0, 50.0, 91.0, 91.1])
    folder = CandidateFolder(tmp_path)
    assert folder.refresh(NAMES)
    pooled = folder.pool.of("a")
    assert pooled.fails.tolist() == [AT_EDGE, IN_NO_WAY, IN_NO_WAY, IN_NO_WAY, AT_EDGE]
    assert (pooled.name, pooled.shape, pooled.diameter_px, pooled.box_size_px) == (
        "a", (100, 100), 20.0, 30,
    )  # fmt: skip


def test_without_a_frame_nothing_is_at_the_edge(tmp_path):
    write(tmp_path, "a", [0.0], frame=None)
    folder = CandidateFolder(tmp_path)
    folder.refresh(NAMES)
    assert folder.pool.of("a").fails.tolist() == [IN_NO_WAY]


def test_new_changed_and_lost_files_are_noticed(tmp_path):
    write(tmp_path, "a", [50])
    write(tmp_path, "b", [50])
    write(tmp_path, "not wanted", [50])
    folder = CandidateFolder(tmp_path)
    assert folder.refresh(NAMES)
    before = folder.pool
    assert before.names == ("a", "b")
    assert not folder.refresh(NAMES)
    write(tmp_path, "a", [50, 60])
    write(tmp_path, "c", [])
    scanned_path(tmp_path, "b").unlink()
    assert folder.refresh(NAMES)
    assert folder.pool.names == ("a", "c")
    assert len(folder.pool) == 2
    assert before.names == ("a", "b")
    assert count_scanned(tmp_path, NAMES) == 2


def test_other_names_are_another_pool(tmp_path):
    write(tmp_path, "a", [50])
    write(tmp_path, "b", [50])
    folder = CandidateFolder(tmp_path)
    folder.refresh(NAMES)
    assert folder.refresh({"b"})
    assert folder.pool.names == ("b",)


def test_what_has_not_changed_is_not_read_again(tmp_path, monkeypatch):
    path = write(tmp_path, "a", [50])
    folder = CandidateFolder(tmp_path)
    folder.refresh(NAMES)
    forbid_reading(monkeypatch)
    assert not folder.refresh(NAMES)
    age(path.parent)
    assert not folder.refresh(NAMES)
    assert not folder.refresh(NAMES)
    write(tmp_path, "b", [50])
    with pytest.raises(AssertionError, match="is read"):
        folder.refresh(NAMES)


def test_a_quiet_folder_is_not_even_listed(tmp_path, monkeypatch):
    path = write(tmp_path, "a", [50])
    age(path.parent)
    folder = CandidateFolder(tmp_path)
    folder.refresh(NAMES)
    monkeypatch.setattr("deepem.picking.candidate_folder.os.scandir", None)
    assert not folder.refresh(NAMES)


@pytest.mark.parametrize("content", [b"", b"not safetensors"])
def test_a_damaged_file_has_no_candidates(tmp_path, content):
    write(tmp_path, "a", [50])
    scanned_path(tmp_path, "b").write_bytes(content)
    folder = CandidateFolder(tmp_path)
    assert folder.refresh(NAMES)
    assert folder.pool.names == ("a",)
    assert not folder.refresh(NAMES)
    write(tmp_path, "b", [50])
    assert folder.refresh(NAMES)
    assert folder.pool.names == ("a", "b")


def test_links_are_left_alone(tmp_path):
    path = write(tmp_path / "elsewhere", "a", [50])
    (tmp_path / "out" / "candidates").mkdir(parents=True)
    scanned_path(tmp_path / "out", "a").symlink_to(path)
    folder = CandidateFolder(tmp_path / "out")
    assert not folder.refresh(NAMES)
    assert count_scanned(tmp_path / "out", NAMES) == 0


def test_many_files_are_read_by_threads_that_agree(tmp_path):
    names = frozenset(f"mic_{number}" for number in range(150))
    for number in range(150):
        write(tmp_path, f"mic_{number}", [50] * (number % 3))
    folder = CandidateFolder(tmp_path)
    with ThreadPoolExecutor(4) as threads:
        has_changed = list(threads.map(folder.refresh, [names] * 8))
    assert sum(has_changed) == 1
    assert folder.pool.names == tuple(sorted(names))
    assert len(folder.pool) == 150


@pytest.mark.parametrize("limits", [(0.3, None), (0.0, (0.25, 1.75)), (0.123456789, (0.5, 3.25))])
def test_limits_are_read_back_from_what_was_written(tmp_path, limits):
    assert find_limits(tmp_path) is None
    write(tmp_path, "a", [], output=describe_limits(*limits))
    assert find_limits(tmp_path) == limits


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"threshold": "0.3"},
        {"threshold": "x", "std range": "any"},
        {"threshold": "0.3", "std range": "1"},
    ],
)
def test_other_texts_are_no_limits(output):
    assert parse_limits(output) is None


def test_what_deepem_pick_has_written_is_judged_as_it_was(tmp_path, model, simulate):
    files = []
    for scene in simulate(2, seed=4):
        path = tmp_path / f"{scene.micrograph.name}.mrc"
        files.append(write_mrc(path, scene.micrograph.pixels(), pixel_size_angstrom=15))
    picker = Picker(model, threshold=0.2)
    picked = list(pick_files(picker, files, tmp_path / "out"))
    folder = CandidateFolder(tmp_path / "out")
    folder.refresh({one.file.name for one in picked})
    counts = folder.pool.count(picker.threshold, model.header.std_range)
    assert counts.n_kept == sum(len(one.picks) for one in picked) > 0
    for reason, n in counts.rejected.items():
        assert n == sum(one.verdict.count_reasons().get(reason, 0) for one in picked)
    assert sum(counts.rejected.values()) > 0
    low, high = model.header.std_range
    assert find_limits(tmp_path / "out") == (0.2, pytest.approx((low, high), rel=1e-8))
