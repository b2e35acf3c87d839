from __future__ import annotations

import errno
import os
import stat

import pytest

from carbon_lint.errors import InputError, OutputError
from carbon_lint.files import check_is_ours, read_file, write_atomically


def test_a_new_file_gets_the_mode_of_the_umask(tmp_path):
    write_atomically(tmp_path / "new", b"x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~umask


def test_a_file_made_read_only_is_left_alone_even_for_root(tmp_path):
    path = tmp_path / "card"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(OutputError, match="read-only"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_what_cannot_be_written_leaves_nothing_beside_it(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_atomically(tmp_path / "folder", b"x")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".home", "folder", "work"]


def test_a_full_disk_is_not_taken_for_a_folder_without_the_right_to_write(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        write_atomically(tmp_path / "new", b"x")
    assert caught.value.hint == "free some space, or name a file on another disk"


def test_a_missing_file_gives_nothing_and_what_is_not_a_file_is_refused(tmp_path):
    assert read_file(str(tmp_path / "absent"), "card") is None
    os.mkfifo(tmp_path / "pipe")
    for path, says in ((tmp_path, "is a folder"), (tmp_path / "pipe", "not a regular file"), ("a\0b", "cannot read")):
        with pytest.raises(InputError, match=says):
            read_file(str(path), "card")


def test_a_file_too_large_to_be_ours_is_refused_without_being_read_whole(tmp_path):
    path = tmp_path / "weights.bin"
    path.touch()
    os.truncate(path, 10**12)
    with pytest.raises(OutputError, match=r"weights\.bin exists and is not a record"):
        check_is_ours(path, "a record", lambda data: True)


def test_a_current_folder_that_is_gone_is_an_output_error(tmp_path, monkeypatch):
    """A job may remove the folder that it runs in: `run` prints the record if it cannot write it."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OutputError, match=r"cannot write r\.json: No such file"):
        write_atomically("r.json", b"x")
