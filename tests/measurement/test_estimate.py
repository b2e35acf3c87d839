"""`carbon-lint estimate`: a range before the job runs, and what it rests on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from carbon_lint.errors import InputError, UsageError
from carbon_lint.estimate.job import Device, estimate_job, estimate_record, find_gpu
from carbon_lint.estimate.machine import _rows, find_host, find_runner
from carbon_lint.places import find_place
from carbon_lint.records.ranges import uncertainty_of
from carbon_lint.records.record import Energy, Hardware, Method, Methods, Outcome
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.records.builders import FRANCE as FRANCE_IN_A_RECORD
from tests.records.builders import a_record

FRANCE = find_place("FRA")


def record(total=1.0, gpu=0.9, cpu=0.1, **changes):
    """A GPU and a CPU in France, and nothing known of the machine."""
    values = {
        "emissions_g": 56.0,
        "energy_kwh": Energy(total=total, gpu=gpu, cpu=cpu),
        "methods": Methods(gpu=Method.COUNTER, cpu=Method.LOAD_MODEL),
        "intensity": replace(FRANCE_IN_A_RECORD, g_per_kwh=56.0),
        "hardware": Hardware(),
    }
    return a_record(**values | changes)


@cases(
    ("text", "watts"),
    [
        ("A100", 400),
        ("a100-pcie", 300),
        ("NVIDIA A100-SXM4-80GB", 400),
        ("Tesla T4", 70),
        ("rtx 3090", 350),
        ("GeForce RTX 3090", 350),
        ("h100", 700),
        ("MI300X", 750),
    ],
)
def test_a_gpu_is_found_by_its_common_names(text, watts):
    assert find_gpu(text).max_power_w == watts


def test_a_gpu_that_is_not_known_is_refused_with_the_nearest_and_a_way_out():
    with pytest.raises(UsageError) as caught:
        find_gpu("H1000")
    assert "h100" in caught.value.hint
    assert "--power" in caught.value.hint


def test_eight_gpus_for_twelve_hours_are_a_range_below_their_rating():
    result = estimate_job(device=find_gpu("A100"), count=8, hours=12, place=FRANCE)
    rated_kwh = 8 * 12 * 0.4
    assert result.energy_kwh.high == pytest.approx(rated_kwh)
    assert result.energy_kwh.low < result.energy_kwh.likely < result.energy_kwh.high
    assert result.emissions_g.likely == pytest.approx(result.energy_kwh.likely * 44.18)
    assert any("datasheet" in text for text in result.sources)
    assert any("Ember" in text for text in result.sources)
    assert "--host-power" in result.left_out[0]


def test_the_machine_around_them_and_the_building_are_added_when_given():
    plain = estimate_job(device=find_gpu("T4"), count=1, hours=10, place=None)
    whole = estimate_job(device=find_gpu("T4"), count=1, hours=10, place=None, pue=1.2, host_power_w=100)
    assert whole.energy_kwh.likely == pytest.approx(1.2 * (plain.energy_kwh.likely + 1.0))
    assert whole.left_out == ()
    assert whole.emissions_g is None


@cases(
    "wrong",
    [
        {"count": 0},
        {"count": 10**400},
        {"hours": 0},
        {"hours": -1},
        {"hours": 1e300},
        {"hours": float("nan")},
        {"hours": float("inf")},
        {"pue": 0.5},
        {"pue": float("nan")},
    ],
)
def test_a_job_that_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError):
        estimate_job(device=find_gpu("T4"), **({"count": 1, "hours": 1.0, "place": None} | wrong))


def test_a_record_is_scaled_with_its_own_doubt_and_intensity():
    result = estimate_record(record(), scale=40, place=None)
    assert result.energy_kwh.likely == pytest.approx(40)
    assert result.emissions_g.likely == pytest.approx(40 * 56)
    own = uncertainty_of(record()).energy_kwh
    assert result.energy_kwh.high == pytest.approx(40 * (own.high + 0.1)), "its own range, and 10 % of scaling"
    assert result.energy_kwh.low == pytest.approx(40 * (own.low - 0.1))
    assert any("France" in text for text in result.sources)


def test_a_record_can_be_priced_elsewhere_and_in_another_building():
    result = estimate_record(record(pue=1.2), scale=1, place=find_place("POL"), pue=1.5)
    assert result.energy_kwh.likely == pytest.approx(1.25)
    assert result.emissions_g.likely == pytest.approx(1.25 * find_place("POL").g_per_kwh)


def test_a_record_of_a_very_short_run_is_marked_as_short():
    assert any("start-up" in text for text in estimate_record(record(duration_s=2.0), scale=40, place=None).left_out)


def test_a_record_without_energy_is_refused():
    with pytest.raises(InputError, match="holds no energy"):
        estimate_record(record(total=None, gpu=None, cpu=None), scale=2, place=None)


def test_a_device_that_takes_nothing_is_refused():
    """`--power '0 W'` would promise a training for 0 g."""
    with pytest.raises(UsageError, match="takes no energy"):
        estimate_job(device=Device(name="device", max_power_w=0.0, source="--power"), count=1, hours=1, place=FRANCE)


def test_an_estimate_from_a_run_that_failed_is_marked():
    sources = estimate_record(record(outcome=Outcome.FAILED, exit_status=1), scale=2, place=None).sources
    assert any("failed" in text for text in sources)


@cases("scale", [0, -1, float("nan"), float("inf"), 1e308])
def test_a_scale_that_is_not_above_zero_is_refused(scale):
    with pytest.raises(UsageError):
        estimate_record(record(), scale=scale, place=None)


def test_the_verb_prints_range_sources_and_a_budget(cli):
    code, out, err = cli("estimate", "--gpu", "A100", "--count", "8", "--hours", "12h", "--location", "FRA")
    assert (code, err) == (0, "")
    assert "emissions  about 1.29 kg (0.75 to 1.7) CO2eq" in out
    assert "energy     about 29.2 kWh (17 to 38)" in out
    assert "--max-emissions '1.7 kg'" in out
    assert "arXiv 2506.14551" in out


def test_the_verb_as_json(cli, tmp_path):
    write_record(record(), tmp_path / "r.json")
    code, out, _ = cli("estimate", "--from-record", tmp_path / "r.json", "--scale", "40", "--format", "json")
    data = json.loads(out)
    assert code == 0
    assert data["format"] == "carbon-lint/estimate@2"
    assert data["emissions_g"]["likely"] == pytest.approx(2240)


@cases(
    "argv",
    [
        (),
        ("--gpu", "A100"),
        ("--gpu", "A100", "--hours", "x"),
        ("--gpu", "A100", "--hours", "1h", "--count", "1.5"),
        ("--gpu", "A100", "--power", "3 W", "--hours", "1h"),
        ("--gpu", "A100", "--hours", "1h", "--scale", "3"),
        ("--from-record", "r.json", "--hours", "1h"),
        ("--power", "300", "--hours", "1h"),
        ("--from-record", "missing.json"),
        ("--cpu", "Mystery 9000", "--memory", "16 GiB", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "0 GiB", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "99999 TiB", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--threads", "0", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--sockets", "0", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--sockets", "1", "--threads", "129", "--hours", "1h"),
        ("--cpu", "Xeon E5-2670", "--memory", "16 GiB", "--threads", "16", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--load", "50", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--load", "101%", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--load=-1%", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--load", "nan%", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB", "--host-power", "9 W", "--hours", "1h"),
        ("--cpu", "EPYC 7763", "--memory", "16 GiB"),
        ("--runner", "ubuntu-latest", "--cpu", "EPYC 7763", "--hours", "1h"),
        ("--runner", "ubuntu-lates", "--hours", "1h"),
        ("--gpu", "A100", "--load", "50%", "--hours", "1h"),
        ("--gpu", "A100", "--threads", "4", "--hours", "1h"),
    ],
)
def test_wrong_flags_are_a_usage_error_in_one_line_and_a_hint(cli, argv):
    code, out, err = cli("estimate", *argv)
    assert (code, out) == (2, "")
    assert err.startswith("carbon-lint: ")
    assert "Traceback" not in err


def test_the_error_names_the_flag_that_is_wrong(cli):
    cpu = ("--cpu", "EPYC 7763", "--memory", "16 GiB")
    for name, text, flags in (
        ("--memory", "16", ("--cpu", "EPYC 7763", "--hours", "1h")),
        ("--power", "300", ("--hours", "1h")),
        ("--host-power", "3 kg", ("--gpu", "A100", "--hours", "1h")),
        ("--hours", "0h", cpu),
        ("--count", "2000000", ("--gpu", "A100", "--hours", "1h")),
    ):
        assert cli("estimate", *flags, name, text)[2].startswith(f"carbon-lint: {name}")
    assert "1000 of 1024 threads" in cli("estimate", *cpu, "--threads", "1000", "--hours", "1h")[1]


def test_a_scale_of_zero_is_not_taken_for_one(cli, tmp_path):
    write_record(record(), tmp_path / "r.json")
    code, out, err = cli("estimate", "--from-record", tmp_path / "r.json", "--scale", "0")
    assert (code, out) == (2, "")
    assert "--scale 0 is not above 0" in err


def test_an_unknown_location_gives_no_estimate(cli):
    code, _, err = cli("estimate", "--gpu", "A100", "--hours", "1h", "--location", "US")
    assert code == 2
    assert "USA" in err


def test_a_host_is_estimated_by_the_models_of_run():
    """Four of an EPYC 7763's 128 threads and 16 GiB: the hosted runner of GitHub."""
    host = find_host("AMD EPYC 7763 64-Core Processor", memory_gib=16, threads=4)
    result = estimate_job(host=host, load=0.5, hours=2, place=FRANCE)
    assert result.energy_kwh.likely == pytest.approx(2 * (280 * 4 / 128 * (0.12 + 0.63 / 2) + 0.2 * 16) / 1000)
    assert result.emissions_g.likely == pytest.approx(result.energy_kwh.likely * FRANCE.g_per_kwh)
    assert result.energy_kwh.low < result.energy_kwh.likely < result.energy_kwh.high
    anything = estimate_job(host=host, hours=2, place=None).energy_kwh
    assert anything.low < result.energy_kwh.low < result.energy_kwh.high < anything.high, "of any load"


def test_whole_sockets_are_a_machine_also_with_smt_off_and_threads_alone_a_part_of_one():
    powers = {
        (sockets, threads): find_host("EPYC 7763", memory_gib=1, sockets=sockets, threads=threads).cpu
        for sockets, threads in ((None, None), (2, None), (2, 256), (2, 128), (2, 16), (None, 4), (None, 256))
    }
    watts = {given: power.full_power_w * power.share for given, power in powers.items()}
    assert list(watts.values()) == pytest.approx([280, 560, 560, 560, 560 * 16 / 256, 280 * 4 / 128, 560])
    listed = find_host("Xeon E5-2670", memory_gib=1, sockets=2, threads=32)
    assert listed.cpu.full_power_w == 230
    assert any("--threads 32 is not used" in source for source in listed.sources)
    for name in (
        "2 x Intel Xeon E5-2670",
        "2x Xeon E5-2670",
        "Dual Intel Xeon E5-2670 (2.60 GHz)",
        "2 Xeon E5-2670",
        "Xeon E5-2670 x2",
        "Xeon E5-2670 2.60 GHz, 2 chips",
        "Xeon E5-2670 (16 cores, 2 chips, 8 cores/chip)",
    ):
        assert find_host(name, memory_gib=1, sockets=None).cpu.full_power_w == 230
        assert find_host(name, memory_gib=1, sockets=2).cpu.full_power_w == 230
    with pytest.raises(UsageError, match="disagree"):
        find_host("2 x Xeon E5-2670", memory_gib=1, sockets=4)


def test_every_hosted_runner_has_a_processor_and_gpus_that_are_known():
    for label in _rows():
        runner = find_runner(label)
        host = find_host(runner.cpu, memory_gib=runner.memory_gib, threads=runner.threads)
        assert 0 < host.power_w(0.0).low < host.power_w(1.0).high < 2000, label
        assert runner.gpu is None or find_gpu(runner.gpu).max_power_w > 0
    assert find_runner("hf-jobs-a10g-small").gpu == "A10G"
    assert find_runner("hf-jobs-rtx-pro-6000x4").gpu_count == 4


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("ubuntu-lates", "ubuntu-latest"),
        ("hf-jobs-a10g-smal", "hf-jobs-a10g-small"),
        ("hf-jobs-h100", "--gpu and --count"),
        ("hf-jobs-inf2x6", "hf jobs hardware"),
    ],
)
def test_a_runner_that_is_in_no_table_has_a_way_out(label, hint):
    with pytest.raises(UsageError) as caught:
        find_runner(label)
    assert hint in caught.value.hint


def test_the_verb_states_range_left_out_and_intensity_of_a_host(cli):
    flags = ("--cpu", "AMD EPYC 7763", "--sockets", "2", "--threads", "256", "--memory", "256 GiB")
    code, out, _ = cli("estimate", *flags, "--load", "50%", "--hours", "1h", "--location", "FRA", "--format", "json")
    data = json.loads(out)
    assert code == 0
    assert (
        list(data["energy_kwh"])
        == list(data["left_out_share"])
        == list(data["emissions_g"])
        == ["low", "likely", "high"]
    )
    assert 0.1 < data["energy_kwh"]["low"] < data["energy_kwh"]["likely"] < data["energy_kwh"]["high"] < 0.6
    assert data["intensity"]["location"] == "FRA"
    assert set(data["intensity"]) == {"g_per_kwh", "source", "year", "basis", "location"}


def test_the_verb_takes_the_location_of_the_configuration(cli, tmp_path):
    (tmp_path / "carbon-lint.toml").write_text('location = "POL"\n')
    code, out, _ = cli("estimate", "--runner", "hf-jobs-t4-small", "--hours", "1h", "--format", "json")
    assert (code, json.loads(out)["intensity"]["location"]) == (0, "POL")
    _, out, _ = cli("estimate", "--gpu", "T4", "--hours", "1h", "--location", "FRA", "--format", "json")
    assert json.loads(out)["intensity"]["location"] == "FRA", "a flag wins"
