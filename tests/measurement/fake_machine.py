"""File trees that look like other machines: /proc/cpuinfo, control groups v1 and v2, RAPL."""

from __future__ import annotations

EPYC_7763 = {
    "vendor_id": "AuthenticAMD",
    "cpu family": "25",
    "model": "1",
    "model name": "AMD EPYC 7763 64-Core Processor",
}
XEON_8370C = {
    "vendor_id": "GenuineIntel",
    "cpu family": "6",
    "model": "106",
    "model name": "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz",
}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def machine(root, processor, *, threads=2, sockets=1, is_virtual=True, memory_gib=7.0):
    """/proc of a machine with `threads` like `processor`."""
    flags = "fpu vme sse2" + (" hypervisor" if is_virtual else "")
    blocks = []
    for number in range(threads):
        socket = number * sockets // threads
        lines = {"processor": str(number), **processor, "physical id": str(socket), "flags": flags}
        blocks.append("".join(f"{key}\t: {value}\n" for key, value in lines.items()))
    write(root / "proc/cpuinfo", "\n".join(blocks) + "\n")
    if not (root / "proc/stat").exists():
        write(root / "proc/stat", "".join(f"cpu{name} 1 0 0 1 0 0 0 0 0 0\n" for name in ("", *range(threads))))
    write(root / "proc/meminfo", f"MemTotal:       {round(memory_gib * (1 << 20))} kB\nMemFree: 1 kB\n")
    return root


def cgroup_v2(root, path="/", **files):
    """`cgroup_v2(root, "/a/b", cpu_max="50000 100000")`."""
    write(root / "proc/self/cgroup", f"0::{path}\n")
    for name, text in files.items():
        write(root / "sys/fs/cgroup" / path.strip("/") / name.replace("_", ".", 1), text)
    return root


def cgroup_v1(root, path="/", **files):
    """`cgroup_v1(root, "/docker/x", cpu={"cpu.cfs_quota_us": "50000", ...}, memory={...})`."""
    lines = [f"{number}:{controller}:{path}" for number, controller in enumerate(files, 2)]
    write(root / "proc/self/cgroup", "\n".join([*lines, "0::/"]) + "\n")
    for controller, values in files.items():
        for name, text in values.items():
            write(root / "sys/fs/cgroup" / controller / path.strip("/") / name, text)
    return root


def rapl(root, *packages_uj, dram_uj=(), psys_uj=None, range_uj=262_143_328_850):
    """Counters at these values: packages, the memory of each, the platform. Returns their folders, in this order."""
    zones = [(f"intel-rapl:{number}", f"package-{number}", value) for number, value in enumerate(packages_uj)]
    zones += [(f"intel-rapl:{number}:0", "dram", value) for number, value in enumerate(dram_uj)]
    zones += [] if psys_uj is None else [(f"intel-rapl:{len(packages_uj)}", "psys", psys_uj)]
    folders = []
    for folder_name, name, energy_uj in zones:
        folder = root / "sys/class/powercap" / folder_name
        write(folder / "name", f"{name}\n")
        write(folder / "energy_uj", f"{energy_uj}\n")
        write(folder / "max_energy_range_uj", f"{range_uj}\n")
        folders.append(folder)
    return folders
