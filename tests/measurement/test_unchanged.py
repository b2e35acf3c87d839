"""What need not be read again, and that no change is missed."""

from __future__ import annotations

import os

from carbon_lint.measurement.unchanged import Unchanged


def aged(path, seconds=10.0):
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def test_a_file_is_unchanged_only_if_its_time_stamp_is_old_and_the_same(tmp_path):
    path = tmp_path / "progress"
    is_unchanged = Unchanged(path)
    assert not is_unchanged(), "nothing is there"
    path.write_text("a")
    assert [is_unchanged(), is_unchanged()] == [False, False], "two changes within one tick of the kernel look like one"
    aged(path)
    assert [is_unchanged(), is_unchanged()] == [False, True]
    path.write_text("b")
    assert not is_unchanged()
    path.unlink()
    assert not is_unchanged()


def test_a_folder_changes_with_what_is_in_it(tmp_path):
    is_unchanged = Unchanged(tmp_path)
    aged(tmp_path)
    assert [is_unchanged(), is_unchanged()] == [False, True]
    (tmp_path / "call").touch()
    assert not is_unchanged()
