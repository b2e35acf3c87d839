"""The table of sockets: each line against its own words, and against the list that ships with CodeCarbon."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import codecarbon
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.measurement.host import processor
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.measurement.host.processor import find_socket, near_names, plain_name
from tests.cases import cases
from tests.conftest import ROOT
from tests.measurement.fake_machine import XEON_8370C, machine

TABLE = processor.cpu_table()
LINES = TABLE["parts"] + TABLE["generations"] + TABLE["arm"]
LIST = Path(codecarbon.__file__).parent / "data/hardware/cpu_power.csv"
MAKERS = ("amd.com", "ark.intel.com", "amperecomputing.com", "nvidia.com", "heise.de")
LISTS = ("cpu-world.com", "cpubenchmark.net", "wikichip.org", "Boavizta", "mlco2/codecarbon")
# CodeCarbon's list has 205 W, typed in by hand; Intel's own has 270 W.
KNOWN_TO_DIFFER = {"Intel Xeon Platinum 8370C"}


def planned(root, affinity=1000):
    return plan_cpu(None, root=root, affinity=affinity)


def public_part(line):
    """The part whose power a line takes, as CodeCarbon's list spells it; None if that list cannot have it."""
    named = re.search(r"(?:that of|as) ((?:EPYC|Xeon) [^:]+):", line["source"])
    part = named[1] if named else line.get("match", "").replace("\\", "")
    if line["basis"] == "listed" or "part" in line or re.search("Altra|Grace", str(line)):
        return None
    brand = "AMD" if part.startswith("EPYC") else "Intel" if part.startswith("Xeon") else "Intel Xeon"
    return f"{brand} {part}"


def test_every_line_is_plausible_and_has_its_source():
    for line in LINES:
        assert 50 <= line["tdp_w"] <= 600, line
        assert 16 <= line["threads"] <= 384, line
        assert 1.2 <= line["tdp_w"] / line["threads"] <= 10, line
        assert line["basis"] in {"maker", "listed", "stand-in"}, line
        assert any(site in line["source"] for site in (*MAKERS, *LISTS, "heise.de", "tomshardware.com")), line


def test_the_warning_of_a_line_that_takes_anothers_power_is_one_plain_line_without_its_sources():
    for line in (line for line in LINES if line["basis"] == "stand-in"):
        message = processor._socket(line).doubt
        assert len(message) <= 150
        assert line["as"] in message
        assert ".com" not in message
        assert line["as"].split(" of ")[0].split()[-1] in line["source"]


def test_a_line_that_is_not_its_makers_is_marked():
    for line in LINES:
        message = {
            "maker": any(line["source"].endswith(f"({site})") for site in MAKERS) and "not" not in line["source"],
            "listed": "publishes no TDP" in line["source"] and any(site in line["source"] for site in LISTS),
            "stand-in": bool(re.search(r"that of |, as |: as ", line["source"])),
        }
        assert message[line["basis"]], line["source"]


def test_a_power_attributed_to_a_public_part_is_that_in_codecarbons_list():
    """Its list was read off amd.com and ark.intel.com by a program: a check that does not rest on our own reading."""
    with LIST.open(encoding="utf-8", newline="") as file:
        listed = {row["Name"]: row["TDP"] for row in csv.DictReader(file)}
    public = {part: line["tdp_w"] for line in LINES if (part := public_part(line))}
    assert len(public) > 20
    assert {part for part, tdp_w in public.items() if float(listed[part]) != tdp_w} == KNOWN_TO_DIFFER


@cases("name", ["Intel Celeron 1000A", "Intel Quark Microcontroller D1000"])
def test_a_power_in_codecarbons_list_that_is_zero_or_not_a_number_is_not_known(tmp_path, name):
    plan = planned(machine(tmp_path, {"model name": name}, threads=1, is_virtual=False))
    assert plan.max_power_w == 4.0
    assert "`cpu-power`" in plan.warnings[0]


def test_no_name_stands_twice_and_none_hides_another():
    names = [line["match"] for line in TABLE["parts"]]
    assert len(set(names)) == len(names)
    for line in TABLE["parts"]:
        shown = f"{line['match']} Processor".replace("\\", "")
        assert find_socket(shown).name == line["match"].replace("\\", "")


@cases(
    ("spelt", "name", "tdp_w"),
    [
        ("AMD EPYC 7742 2.25Ghz", "EPYC 7742", 225),
        ("Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz", "Intel Xeon E5-2670", 115),
        ("Intel Xeon E5-2470 2.30 GHz (Intel Turbo Boost Technology up to 3.10 GHz)", "Intel Xeon E5-2470", 95),
        ("Intel Xeon Platinum 8280, 2.70 GHz", "Platinum 8280", 205),
        ("Intel Xeon E5-2660V2", "Intel Xeon E5-2660 v2", 95),
        ("Intel Xeon E3-1265LV3", "Intel Xeon E3-1265L v3", 45),
        ("Intel Xeon E5-2670 (2.30GHz)", "Intel Xeon E5-2670", 115),
        ("Xeon E-2288G", "Intel Xeon E-2288G", 95),
        ("AMD Opteron 6366 HE (AMD Turbo CORE Technology up to 3.10GHz)", "AMD Opteron 6366 HE", 85),
        ("AMD Ryzen 7 3700X 8-Core Processor", "AMD Ryzen 7 3700X", 65),
        ("Azure Cobalt 100", "Azure Cobalt 100 (Neoverse N2)", 250),
        ("Intel(R) Xeon(R) CPU           E7- 4870  @ 2.40GHz", "Intel Xeon E7-4870", 130),
        ("Intel(R) Core(TM) i3 CPU         540  @ 3.07GHz", "Intel Core i3-540", 73),
        ("Intel(R) Xeon(R) CPU Max 9480", "Intel Xeon CPU Max 9480", 350),
        ("AMD EPYC7763", "EPYC 7763", 280),
        ("Intel Xeon 6 6787P", "Intel Xeon 6787P", 350),
        ("AMD Ryzen Threadripper PRO 5995WX 64-Cores", "AMD Ryzen Threadripper PRO 5995WX", 280),
        ("Intel Pentium Dual-Core E2140", "Intel Pentium Dual-Core E2140", 65),
        ("AMD Opteron X2170", "AMD Opteron X2170", 25),  # not the X2 170 of 110 W
        ("Opteron X21-70", None, None),
        ("AMD Athlon 631 (65W)", "AMD Athlon 631 (65W)", 65),
        ("AMD Phenom II X4 955", None, None),  # of 95 or 125 W
        ("Intel Xeon Platinum 8480", None, None),  # not the 8480+
        ("Ampere(R) Altra(R) Max Processor M128-30", "Altra Max M128-30", 250),
        ("Ampere Altra Q64-24", "Altra Q64-24", 95),
        ("Neoverse-N1", "Arm Neoverse N1", 210),
        ("Graviton3", "AWS Graviton3", 222.2),  # 64 of 144 threads
        ("Amazon Graviton 2", "AWS Graviton2", 168),
        ("Google Axion", "Google Axion", 250),
        ("NVIDIA Grace CPU Superchip", "Grace Superchip", 500),
        ("NVIDIA Grace Hopper", "NVIDIA Grace", 250),
        ("AMD EPYC-Rome Processor", "AMD Rome", 225),
        ("Intel Xeon Processor (Skylake, IBRS)", "Intel Skylake or Cascade Lake", 205),
        ("Intel Ice Lake", "Intel Ice Lake", 270),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", None, None),
        ("Intel Core i7 Skylake", None, None),
        ("Mystery 9000", None, None),
        ("", None, None),
    ],
)
def test_a_processor_is_found_however_it_is_spelt(spelt, name, tdp_w):
    found = find_socket(spelt)
    assert (found and found.name, found and found.tdp_w) == (name, tdp_w)


def test_servers_of_codecarbons_list_are_found_with_their_own_power():
    with LIST.open(encoding="utf-8", newline="") as file:
        listed = [
            (row["Name"], float(row["TDP"])) for row in csv.DictReader(file) if re.search("Xeon|EPYC", row["Name"])
        ]
    every_third = [*listed[::3], ("Intel Xeon Platinum 8370C", 205)]
    found = [(name, tdp_w, find_socket(name)) for name, tdp_w in every_third]
    assert len(found) > 400
    assert {name for name, tdp_w, socket in found if socket is None or socket.tdp_w != tdp_w} == KNOWN_TO_DIFFER


def test_a_processor_that_is_not_known_has_near_names():
    assert "AMD EPYC 7763" in near_names("AMD EPYC 77633 64-Core Processor")
    assert near_names("") == []


@given(st.text(max_size=40))
def test_any_text_is_a_processor_or_none(text):
    assert plain_name(plain_name(text)) == plain_name(text)
    found = find_socket(text)
    assert found is None or 0 < found.tdp_w <= 1000


def test_generations_do_not_overlap():
    taken = [
        (row["vendor"], row["family"], model)
        for row in TABLE["generations"]
        for model in range(row["models"][0], row["models"][1] + 1)
    ]
    assert len(set(taken)) == len(taken)


def test_the_page_on_measuring_counts_the_lines_rightly():
    page = " ".join((ROOT / "docs" / "measuring.md").read_text(encoding="utf-8").split())
    kinds = [line["basis"] for line in TABLE["parts"]]
    for text in (
        f"{len(kinds)} named parts",
        f"{kinds.count('maker')} as AMD or Intel state them",
        f"{kinds.count('listed')} as public lists have them",
        f"{kinds.count('stand-in')} after a similar part",
    ):
        assert text in page


def test_four_vcpus_of_a_xeon_made_for_azure_take_the_power_that_intel_states(tmp_path):
    """CodeCarbon has 205 W for it, Intel's own list 270 W."""
    plan = planned(machine(tmp_path, XEON_8370C, threads=4))
    assert plan.max_power_w == pytest.approx(270 * 4 / 64)
    assert plan.warnings == ()


@cases(
    ("name", "warning"),
    [
        (
            "AMD EPYC 9V74 80-Core Processor",
            r"estimated: no power is published for the EPYC 9V74; used that of a similar one \(EPYC 9654\)",
        ),
        ("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "not from its maker: .* cpu-world.com"),
    ],
)
def test_a_power_that_its_maker_does_not_state_is_marked(tmp_path, name, warning):
    (message,) = planned(machine(tmp_path, {"model name": name})).warnings
    assert re.search(warning, message)


@cases(
    ("name", "watts_of_two"),
    [
        ("AMD EPYC 7763 64-Core Processor", 280 / 64),
        ("AMD EPYC 9V74 80-Core Processor", 360 / 80),
        ("AMD EPYC 7B12", 240 / 64),
        ("AMD EPYC 9R14", 360 / 48),
        ("Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz", 270 / 32),
        ("Intel(R) Xeon(R) Platinum 8272CL CPU @ 2.60GHz", 195 / 26),
        ("Intel(R) Xeon(R) CPU E5-2673 v4 @ 2.30GHz", 135 / 20),
        ("Intel(R) Xeon(R) Platinum 8480+", 350 / 56),
        ("Intel(R) Xeon(R) Platinum 8480C", 350 / 56),
        ("INTEL(R) XEON(R) PLATINUM 8573C", 350 / 56),
        ("Intel(R) Xeon(R) 6973P-C", 500 / 96),
        ("AMD EPYC 9V45 96-Core Processor", 400 / 96),
        ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 150 / 20),
    ],
)
def test_the_names_that_clouds_show_are_found(tmp_path, name, watts_of_two):
    plan = planned(machine(tmp_path, {"model name": name}))
    assert plan.max_power_w == pytest.approx(watts_of_two)


def test_a_host_that_hides_its_model_is_taken_by_its_generation(tmp_path):
    hidden = {
        "vendor_id": "GenuineIntel",
        "cpu family": "6",
        "model": "106",
        "model name": "Intel(R) Xeon(R) Processor @ 2.60GHz",
    }
    plan = planned(machine(tmp_path, hidden, threads=8))
    assert plan.max_power_w == pytest.approx(270 * 8 / 80)
    named = planned(machine(tmp_path / "named", {"model name": "Intel(R) Xeon(R) Platinum 8380"}, threads=8)).power
    hidden_w, named_w = plan.power.power_w(0.5), named.power_w(0.5)
    assert hidden_w.low == pytest.approx(0.8 * named_w.low)
    assert hidden_w.high == pytest.approx(1.7 * named_w.high)
    assert hidden_w.likely == named_w.likely
    assert "Ice Lake" in plan.warnings[0]


@cases(
    ("implementer", "part", "watts_of_four"),
    [
        ("0x41", "0xd0c", 210 * 4 / 80),  # Ampere Altra, AWS Graviton2
        ("0x41", "0xd40", 500 * 4 / 144),  # AWS Graviton3
        ("0x41", "0xd4f", 500 * 4 / 144),  # AWS Graviton4, Google Axion, NVIDIA Grace
        ("0x6d", "0xd49", 250 * 4 / 128),  # Azure Cobalt 100
        ("0x41", "0xd49", 250 * 4 / 128),
        ("0xc0", "0xac3", 350 * 4 / 192),  # AmpereOne
    ],
)
def test_an_arm_host_is_taken_by_its_part_number(tmp_path, implementer, part, watts_of_four):
    shown = {"BogoMIPS": "243.75", "CPU implementer": implementer, "CPU part": part}
    # no flag there says that it is virtual
    plan = planned(machine(tmp_path, shown, threads=4, is_virtual=False))
    assert plan.max_power_w == pytest.approx(watts_of_four)
    assert re.fullmatch(
        r"CPU power is estimated: no power is published for .*; used that of a similar one \(.+\)",
        plan.warnings[0],
    )
