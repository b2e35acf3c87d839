"""Find the share of the machine that this process may use, as control groups (v1 and v2) limit it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from carbon_lint.files import text_at
from carbon_lint.units import whole_number

# v1 writes "no limit" as the largest multiple of a page below 2^63.
_V1_UNLIMITED_BYTES = 1 << 62


def cpu_quota(root: Path) -> float | None:
    """Return how many CPUs the group may use at most, the tightest of its ancestors; `None` without a quota."""
    found = [_quota(*text_at(folder / "cpu.max").partition(" ")[::2]) for folder in _folders(root, "")]
    found += [
        _quota(text_at(folder / "cpu.cfs_quota_us"), text_at(folder / "cpu.cfs_period_us"))
        for folder in _folders(root, "cpu")
    ]
    return min((quota for quota in found if quota is not None), default=None)


def memory_limit_bytes(root: Path) -> int | None:
    """Return the bytes of memory that the group may use at most; `None` without a limit."""
    found = [whole_number(text_at(folder / "memory.max")) for folder in _folders(root, "")]
    found += [whole_number(text_at(folder / "memory.limit_in_bytes")) for folder in _folders(root, "memory")]
    return min((limit for limit in found if limit is not None and limit < _V1_UNLIMITED_BYTES), default=None)


def cpu_folder(root: Path) -> Path | None:
    """Return the folder that counts the CPU time of this process's group; `None` if the kernel does not count it."""
    # v1 first: if both are mounted, v2 holds no controller, and its figure is the whole machine's.
    folders = (folder for controller in ("cpuacct", "") for folder in _folders(root, controller))
    return next((folder for folder in folders if usage_s(folder) is not None), None)


def usage_s(folder: Path) -> float | None:
    """Return the CPU seconds that a control group has used; `None` if it is gone or does not count them."""
    nanoseconds = whole_number(text_at(folder / "cpuacct.usage"))
    if nanoseconds is not None:
        return nanoseconds / 1e9
    for line in text_at(folder / "cpu.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "usage_usec" and value.isdigit():
            return int(value) / 1e6
    return None


def group_of(root: Path, pid: int) -> Path | None:
    """Return the folder that counts the CPU time of a process's own group; `None` if it cannot be seen from here."""
    for controller in ("cpuacct", ""):
        path = _group_path(root, controller, str(pid)).strip("/")
        for mount in _mounts(root, controller):
            if path and usage_s(mount / path) is not None:
                return mount / path
    return None


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's group for a v1 controller (`""`: v2), innermost first.

    A container without its own cgroup namespace sees the host's path, which is not mounted there:
    the mount point itself is then the container's group.
    """
    path = _group_path(root, controller).strip("/")
    for mount in _mounts(root, controller):
        inner = mount / path
        yield from (each for each in (inner, *inner.parents) if each.is_relative_to(mount) and each.is_dir())


def _mounts(root: Path, controller: str) -> list[Path]:
    base = root / "sys/fs/cgroup"
    if controller:
        return [base / controller] + [link for link in base.glob(f"*{controller}*") if "," in link.name]
    return [base, base / "unified"]


def _group_path(root: Path, controller: str, process: str = "self") -> str:
    """Return `/a/b` for `cpu` of a line `4:cpu,cpuacct:/a/b`; the line `0::/a/b` is v2's."""
    for line in text_at(root / "proc" / process / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(",") and ".." not in path:
            return path
    return "/"


def _quota(quota: str, period: str) -> float | None:
    """Return the CPUs of a quota in microseconds a period; `max` and -1 mean no quota."""
    used, of = whole_number(quota), whole_number(period)
    return used / of if used and of else None
