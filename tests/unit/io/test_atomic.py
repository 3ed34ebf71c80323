"""A file is written completely or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from deepem.errors import FileFormatError, OutputError
from deepem.io import write_atomically
from deepem.io.atomic import remove_leftovers_of


def test_text_is_utf8_with_unix_line_ends(tmp_path):
    path = tmp_path / "a" / "b" / "out.txt"
    with write_atomically(path) as file:
        file.write("1 Å\n")
    assert path.read_bytes() == b"1 \xc3\x85\n"


def test_bytes_are_written_in_binary_mode(tmp_path):
    with write_atomically(tmp_path / "out.bin", mode="wb") as file:
        file.write(b"\x00\n\r\n")
    assert (tmp_path / "out.bin").read_bytes() == b"\x00\n\r\n"


def test_the_file_is_not_there_before_the_end(tmp_path):
    path = tmp_path / "out.txt"
    with write_atomically(path) as file:
        file.write("x")
        file.flush()
        assert not path.exists()
    assert path.exists()


def write_half(path, error):
    with write_atomically(path, overwrite=True) as file:
        file.write("half")
        raise error


def write_while_another(path, write_other):
    with write_atomically(path) as file:
        file.write("slow")
        write_other()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_in_the_middle_leaves_nothing(error, tmp_path):
    with pytest.raises(error):
        write_half(tmp_path / "out.txt", error)
    assert not list(tmp_path.iterdir())


def test_what_killed_writers_of_one_file_left_can_be_removed(tmp_path):
    one, other = tmp_path / f"{'[1]':µ>120}.star", tmp_path / "other.star"
    one.write_text("old")
    writers = [write_atomically(path, overwrite=True) for path in (one, one, other)]
    for writer in writers:
        writer.__enter__()  # and never comes to its end
    assert len(list(tmp_path.iterdir())) == 4
    remove_leftovers_of(one)
    assert len(list(tmp_path.iterdir())) == 2
    remove_leftovers_of(other)
    assert list(tmp_path.iterdir()) == [one]
    assert one.read_text() == "old"


def test_a_failure_in_the_middle_keeps_the_old_file(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write_half(path, RuntimeError)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with (
        pytest.raises(OutputError, match=r"overwrite=True \(--overwrite\)"),
        write_atomically(path) as file,
    ):
        file.write("new")
    assert path.read_text() == "old"
    with write_atomically(path, overwrite=True) as file:
        file.write("new")
    assert path.read_text() == "new"


def test_an_existing_file_is_noticed_before_the_work(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(OutputError):
        write_while_another(path, lambda: pytest.fail("the work was done in vain"))


def test_of_two_writers_the_second_gets_the_error(tmp_path):
    path = tmp_path / "out.txt"

    def write_other():
        with write_atomically(path) as fast:
            fast.write("fast")

    with pytest.raises(OutputError, match="exists already; pass overwrite=True"):
        write_while_another(path, write_other)
    assert path.read_text() == "fast"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("is_raced", [False, True])
def test_a_file_system_without_links_works_too(is_raced, tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "out.txt"
    if is_raced:
        with pytest.raises(OutputError, match="exists already"):
            write_while_another(path, lambda: path.write_text("fast"))
        assert path.read_text() == "fast"
    else:
        with write_atomically(path) as file:
            file.write("new")
        assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_permissions_follow_the_umask(umask, expected, tmp_path):
    before = os.umask(umask)
    try:
        with write_atomically(tmp_path / "out.txt") as file:
            file.write("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == expected


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_explained_and_leaves_nothing(tmp_path):
    with (
        pytest.raises(OutputError, match="the disk is full; free some space"),
        write_atomically(tmp_path / "out.txt"),
        open("/dev/full", "w") as full,  # noqa: PTH123
    ):
        full.write("x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.EROFS, "read-only file system; choose another folder"),
        (errno.EDQUOT, "quota is used up; free some space"),
        (errno.EACCES, "no permission; choose another folder"),
        (errno.EIO, "cannot be written: Input/output error"),
    ],
)
def test_errors_of_the_system_come_with_their_cure(number, cure, tmp_path):
    with pytest.raises(OutputError, match=cure), write_atomically(tmp_path / "out.txt"):
        raise OSError(number, os.strerror(number))
    assert not list(tmp_path.iterdir())


def test_our_own_errors_pass_unchanged(tmp_path):
    with (
        pytest.raises(FileFormatError, match=r"other.mrc: is bad"),
        write_atomically(tmp_path / "out.txt"),
    ):
        raise FileFormatError("other.mrc", "is bad")


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_folder_is_not_replaced(overwrite, tmp_path):
    (tmp_path / "out").mkdir()
    with (
        pytest.raises(OutputError, match="is a folder; give the name of a file"),
        write_atomically(tmp_path / "out", overwrite=overwrite),
    ):
        pass
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize("name", ["file/out.txt", "file/deeper/out.txt"])
def test_a_file_in_the_place_of_a_folder_is_explained(name, tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(OutputError, match=r"a file.*choose another"),
        write_atomically(tmp_path / name),
    ):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_explained(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with (
            pytest.raises(OutputError, match="no permission; choose another folder"),
            write_atomically(tmp_path / "out.txt"),
        ):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_name_at_the_limit_is_possible_and_a_longer_one_explained(tmp_path):
    with write_atomically(tmp_path / ("x" * 255)) as file:
        file.write("x")
    with (
        pytest.raises(OutputError, match="choose a shorter one"),
        write_atomically(tmp_path / ("x" * 256)),
    ):
        pass
