"""A picking that is resumed ends as one that was never broken off, and does nothing twice."""

import json
import os
import shutil

import numpy as np
import pytest

from deepem.cluster import LocalProcesses, ThisProcess
from deepem.errors import MicrographError, OutputError
from deepem.io import MicrographFile, open_micrograph, write_mrc
from deepem.io.atomic import write_atomically
from deepem.networks import load_model, save_model
from deepem.picking import Picker, pick_files
from deepem.simulation import write_scene

FORMATS = ("box", "star", "particles")


@pytest.fixture
def paths(simulate, tmp_path):
    scenes = simulate(4, seed=2, n_particles=6, shape=(140, 180))
    return [write_scene(scene, tmp_path / "mics") for scene in scenes]


@pytest.fixture
def picker(model, monkeypatch):
    """Return a picker that counts what it scans."""
    picker = Picker(model, edge_margin_px=60)  # so that some are left out
    picker.scanned = []

    def scan(micrograph):
        picker.scanned.append(micrograph.name)
        return Picker.scan(picker, micrograph)

    monkeypatch.setattr(picker, "scan", scan)
    return picker


def run(picker, paths, out, **options):
    return list(pick_files(picker, paths, out, formats=FORMATS, **options))


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def unbroken(picker, paths, tmp_path):
    run(picker, paths, tmp_path / "unbroken")
    picker.scanned.clear()
    return contents(tmp_path / "unbroken")


class DyingWorkers(ThisProcess):
    """Every item is done twice: its first worker died, at the end or while it wrote."""

    def __init__(self, out, *, while_it_wrote):
        self._out, self._while_it_wrote = out, while_it_wrote
        self._open_writers = []

    def run(self, function, items):
        """Apply a function twice to every item."""

        def do_twice(file):
            function(file)
            if self._while_it_wrote:
                scan = self._out / "candidates" / f"{file.name}.safetensors"
                scan.with_name(f"{file.name}.begun").touch()
                scan.unlink()
                for path in (scan, self._out / f"{file.name}.box"):
                    writer = write_atomically(path, overwrite=True)
                    writer.__enter__().write("half")
                    self._open_writers.append(writer)  # else it would tidy up
            return function(file)

        yield from super().run(do_twice, items)


@pytest.mark.parametrize("while_it_wrote", [False, True])
def test_what_a_worker_leaves_that_died_is_in_nobodys_way(
    while_it_wrote, picker, paths, unbroken, tmp_path
):
    out = tmp_path / "out"
    backend = DyingWorkers(out, while_it_wrote=while_it_wrote)
    results = run(picker, paths, out, backend=backend)
    assert [result.error for result in results] == [None] * 4
    assert contents(out) == unbroken


def test_what_a_run_leaves(unbroken):
    assert sorted(unbroken) == sorted(
        ["particles.star"]
        + [f"mic_000{n}.{suffix}" for n in range(1, 5) for suffix in ("box", "star")]
        + [f"{folder}/mic_000{n}.{suffix}" for n in range(1, 5)
           for folder, suffix in (("rejected", "csv"), ("candidates", "safetensors"))]
    )  # fmt: skip


@pytest.mark.parametrize("n_before", [0, 1, 3, 4])
def test_a_resumed_run_ends_as_an_unbroken_one(n_before, picker, paths, unbroken, tmp_path):
    out = tmp_path / "out"
    first = pick_files(picker, paths, out, formats=FORMATS)
    for _ in range(n_before):
        next(first)
    first.close()
    picker.scanned.clear()
    results = run(picker, paths, out, resume=True)
    assert picker.scanned == [f"mic_000{n}" for n in range(n_before + 1, 5)]
    assert [result.file.path for result in results] == paths
    assert contents(out) == unbroken


def test_resuming_gives_the_same_results_as_picking(picker, paths, tmp_path):
    fresh = run(picker, paths, tmp_path / "out")
    again = run(picker, paths, tmp_path / "out", resume=True)
    for one, other in zip(fresh, again, strict=True):
        for name in ("x_px", "y_px", "score", "std", "junk"):
            np.testing.assert_array_equal(getattr(one.picks, name), getattr(other.picks, name))
        assert one.picks.frame == other.picks.frame
        assert one.picks.listing == other.picks.listing
        assert one.picks.box_size_px == other.picks.box_size_px
        np.testing.assert_array_equal(one.candidate_scores, other.candidate_scores)
        assert one.verdict.count_reasons() == other.verdict.count_reasons()


def test_several_processes_make_the_same(picker, model, paths, unbroken, tmp_path):
    plain = Picker(model, edge_margin_px=60)
    with LocalProcesses(2) as backend:
        results = run(plain, paths, tmp_path / "out", backend=backend, threads_per_worker=1)
    assert sorted(result.file.name for result in results) == [f"mic_000{n}" for n in range(1, 5)]
    assert contents(tmp_path / "out") == unbroken


class _Killed(BaseException):
    """As if by kill -9: nobody catches it."""


@pytest.mark.parametrize("n_writes", range(1, 9))
def test_killed_between_any_two_files(n_writes, picker, paths, unbroken, tmp_path, monkeypatch):
    """Two micrographs of four files each; the end comes before the last file of each kind."""
    out = tmp_path / "out"
    left = n_writes
    sync = os.fsync

    def count(descriptor):
        nonlocal left
        left -= 1
        if left < 0:
            raise _Killed
        sync(descriptor)

    monkeypatch.setattr("deepem.io.atomic.os.fsync", count)
    monkeypatch.setattr("deepem.picking.batch.write_shared", lambda *_: None)
    with pytest.raises(_Killed):
        run(picker, paths, out)
    monkeypatch.undo()
    monkeypatch.setattr(picker, "scan", lambda micrograph: Picker.scan(picker, micrograph))
    run(picker, paths, out, resume=True)
    assert contents(out) == unbroken


def test_a_changed_micrograph_is_picked_again(picker, paths, unbroken, tmp_path):
    out = tmp_path / "unbroken"
    pixels = np.array(open_micrograph(paths[1]).pixels())[::-1]
    write_mrc(paths[1], pixels, pixel_size_angstrom=15, overwrite=True)
    run(picker, paths, out, resume=True)
    assert picker.scanned == ["mic_0002"]
    after = contents(out)
    assert after["mic_0002.star"] != unbroken["mic_0002.star"]
    assert after["mic_0001.star"] == unbroken["mic_0001.star"]
    run(picker, paths, tmp_path / "fresh")
    assert after == contents(tmp_path / "fresh")


def test_a_change_of_one_pixel_is_noticed_even_if_the_size_is_the_same(
    picker, paths, unbroken, tmp_path
):
    content = bytearray(paths[2].read_bytes())
    content[-1] ^= 1
    paths[2].write_bytes(content)
    run(picker, paths, tmp_path / "unbroken", resume=True)
    assert picker.scanned == ["mic_0003"]


def test_a_copy_with_another_time_is_recognised(picker, paths, unbroken, tmp_path):
    """What counts is the content: a copy, or a file that was touched, is not picked again."""
    for path in paths:
        os.utime(path, ns=(1, 1))
    run(picker, paths, tmp_path / "unbroken", resume=True)
    assert picker.scanned == []
    run(picker, paths, tmp_path / "fresh")
    assert contents(tmp_path / "unbroken") == contents(tmp_path / "fresh")


def test_a_folder_that_was_moved_is_recognised(picker, paths, unbroken, tmp_path):
    """The coordinate files that name the micrographs have the new names."""
    moved = [shutil.copy2(path, tmp_path / path.name) for path in paths]
    run(picker, moved, tmp_path / "unbroken", resume=True)
    assert picker.scanned == []
    assert contents(tmp_path / "unbroken") != unbroken
    run(picker, moved, tmp_path / "fresh")
    assert contents(tmp_path / "unbroken") == contents(tmp_path / "fresh")


def test_another_pixel_size_of_a_list_is_noticed(picker, paths, unbroken, tmp_path):
    changed = MicrographFile(paths[0], pixel_size_angstrom=14.0)
    run(picker, [changed, *paths[1:]], tmp_path / "unbroken", resume=True)
    assert picker.scanned == ["mic_0001"]


def test_short_memory_fails_one_micrograph_and_says_what_to_do(picker, paths, tmp_path):
    scan = picker.scan

    def run_out(micrograph):
        if micrograph.name == "mic_0002":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return scan(micrograph)

    picker.scan = run_out
    results = run(picker, paths, tmp_path / "out")
    assert [result.error is None for result in results] == [True, False, True, True]
    assert "mic_0002.mrc: there is not enough memory" in str(results[1].error)
    assert "--workers" in str(results[1].error)


def test_another_model_is_noticed_before_any_work(picker, model, paths, unbroken, tmp_path):
    out = tmp_path / "unbroken"
    changed = load_model(save_model(model, tmp_path / "other.deepem"))
    next(changed.network.parameters()).data.mul_(1.01)
    with pytest.raises(OutputError, match=r"other settings: model \w+ then, \w+ now.*--overwrite"):
        run(Picker(changed, edge_margin_px=60), paths, out, resume=True)
    assert contents(out) == unbroken


def test_another_threshold_is_noticed_before_any_work(picker, model, paths, unbroken, tmp_path):
    out = tmp_path / "unbroken"
    strict = Picker(model, edge_margin_px=60, threshold=0.99)
    with pytest.raises(OutputError, match=r"threshold [\d.]+ then, 0.99 now\. .*--overwrite"):
        run(strict, paths, out, resume=True)
    assert contents(out) == unbroken


def test_another_threshold_with_overwrite_needs_no_new_scan(
    picker, model, paths, unbroken, tmp_path, monkeypatch
):
    strict = Picker(model, edge_margin_px=60, threshold=0.99)
    run(strict, paths, tmp_path / "fresh")
    monkeypatch.setattr(strict, "scan", None)  # calling it would be an error
    run(strict, paths, tmp_path / "unbroken", resume=True, overwrite=True)
    assert contents(tmp_path / "unbroken") == contents(tmp_path / "fresh")


def test_a_file_that_was_deleted_is_written_again(picker, paths, unbroken, tmp_path):
    out = tmp_path / "unbroken"
    (out / "mic_0002.star").unlink()
    (out / "rejected" / "mic_0003.csv").unlink()
    run(picker, paths, out, resume=True)
    assert picker.scanned == []
    assert contents(out) == unbroken


def test_files_of_a_writer_that_was_killed_are_written_again(picker, paths, unbroken, tmp_path):
    """With other settings, say: they exist, and are not what they should be."""
    out = tmp_path / "unbroken"
    (out / "candidates" / "mic_0002.begun").touch()
    (out / "mic_0002.star").write_text("of other settings")
    (out / ".deepem-0123456789ab.part").write_text("half")
    os.utime(out / ".deepem-0123456789ab.part", (1, 1))
    run(picker, paths, out, resume=True)
    assert picker.scanned == []
    assert contents(out) == unbroken


def test_damaged_candidates_are_made_again(picker, paths, unbroken, tmp_path):
    out = tmp_path / "unbroken"
    (out / "candidates" / "mic_0002.safetensors").write_bytes(b"\0" * 100)
    run(picker, paths, out, resume=True)
    assert picker.scanned == ["mic_0002"]
    assert contents(out) == unbroken


def test_files_of_the_user_are_not_replaced(picker, paths, unbroken, tmp_path):
    """Micrographs have come, and one has coordinates that are not ours."""
    out = tmp_path / "unbroken"
    new = shutil.copy(paths[0], paths[0].with_name("mic_0005.mrc"))
    (out / "mic_0005.star").write_text("mine")
    with pytest.raises(OutputError, match=r"mic_0005\.star: exists already"):
        run(picker, [*paths, new], out, resume=True)
    assert picker.scanned == []
    assert (out / "mic_0005.star").read_text() == "mine"


def test_new_micrographs_are_picked(picker, paths, unbroken, tmp_path):
    out = tmp_path / "unbroken"
    new = shutil.copy(paths[0], paths[0].with_name("mic_0005.mrc"))
    run(picker, [*paths, new], out, resume=True)
    assert picker.scanned == ["mic_0005"]
    run(picker, [*paths, new], tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


def test_without_resume_the_way_to_go_on_is_named(picker, paths, unbroken, tmp_path):
    with pytest.raises(OutputError, match=r"exists already.*--resume"):
        run(picker, paths, tmp_path / "unbroken")
    assert picker.scanned == []


def test_a_micrograph_that_changes_meanwhile_fails_and_is_named(picker, paths, tmp_path):
    scan = picker.scan

    def change(micrograph):
        with micrograph.path.open("r+b") as file:
            file.seek(2000)
            file.write(b"\0\0\0\0")
        os.utime(micrograph.path, ns=(1, 1))
        return scan(micrograph)

    picker.scan = change
    (picked,) = run(picker, paths[:1], tmp_path / "out")
    assert isinstance(picked.error, MicrographError)
    assert "mic_0001.mrc: has changed while it was picked" in str(picked.error)
    assert not (tmp_path / "out").exists()


def test_candidates_hold_what_they_were_made_of(unbroken):
    header = unbroken["candidates/mic_0001.safetensors"]
    n_bytes = int.from_bytes(header[:8], "little")
    fields = json.loads(json.loads(header[8 : 8 + n_bytes])["__metadata__"]["deepem"])
    assert fields["scan"]["procedure"]
    assert fields["output"]["formats"] == "box, star, particles"
    assert fields["output"]["edge margin"] == "60 px"
    assert fields["content"]["n_bytes"] == 1024 + 140 * 180 * 4
