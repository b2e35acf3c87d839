"""A carbon intensity that no grid has is most likely an error of unit, and is refused wherever one can be given."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.config import Settings, parse
from carbon_lint.errors import CarbonLintError, PlaceError
from carbon_lint.github.inputs import ActionInputs
from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps
from carbon_lint.measurement.grid.hourly import hourly
from carbon_lint.pipeline.options import Options
from carbon_lint.pipeline.place import place_of_now
from carbon_lint.places import custom_place, every_place, unusual_intensity
from carbon_lint.records.merge.merge import NamedRecord, merge
from carbon_lint.records.record import Intensity
from carbon_lint.records.store import load_record, parse_record, render_record, write_record
from tests.cases import cases
from tests.measurement.fake_meter import FakeMeter
from tests.measurement.grid import TOKEN, Grid, hour_of
from tests.records.builders import a_record

ALLOW = "--allow-unusual-intensity"
usual = st.floats(1, 1500)
unusual = st.one_of(st.floats(1e-9, 0.999999), st.floats(1500.001, 1e12))


def with_intensity(g_per_kwh, **changes):
    record = a_record(emissions_g=g_per_kwh * 1.25, **changes)
    intensity = Intensity(g_per_kwh=g_per_kwh, source="given by the user", year=None, location=None)
    return replace(record, intensity=intensity)


@given(usual)
def test_a_usual_intensity_is_accepted_everywhere(g_per_kwh):
    assert custom_place(g_per_kwh).g_per_kwh == g_per_kwh
    assert ActionInputs.from_environ({"INPUT_CARBON-INTENSITY": repr(g_per_kwh)}).carbon_intensity == g_per_kwh
    parse_record(render_record(with_intensity(g_per_kwh)).encode(), "r.json")


@given(unusual)
def test_an_unusual_intensity_is_refused_everywhere_unless_it_is_allowed(g_per_kwh):
    data = render_record(with_intensity(g_per_kwh)).encode()
    for refuse in (
        lambda: custom_place(g_per_kwh),
        lambda: place_of_now(Options(carbon_intensity=g_per_kwh), Settings()),
        lambda: parse_record(data, "r.json"),
    ):
        with pytest.raises(CarbonLintError, match="outside 1 to 1,500 g/kWh"):
            refuse()
    assert custom_place(g_per_kwh, allow_unusual=True).is_unusual
    given = Options(carbon_intensity=g_per_kwh, allow_unusual_intensity=True)
    configured = parse(b"allow-unusual-intensity = true\n", "carbon-lint.toml")
    for options, settings in ((given, Settings()), (replace(given, allow_unusual_intensity=False), configured)):
        assert place_of_now(options, settings).is_unusual
    record = with_intensity(g_per_kwh)
    accepted = replace(record, intensity=replace(record.intensity, is_unusual=True))
    read = parse_record(render_record(accepted).encode(), "r.json")
    assert read.emissions_g == pytest.approx(g_per_kwh * 1.25)


def test_every_place_of_the_table_lies_in_the_range_or_is_refused_already():
    assert [place.code for place in every_place() if place.g_per_kwh and unusual_intensity(place.g_per_kwh)] == []


def test_the_message_names_the_error_of_unit():
    for given_g, hint in ((0.056, "0.056 kg/kWh = 56 g/kWh: write 56"), (56000, "56000 mg/kWh = 56 g/kWh: write 56")):
        with pytest.raises(PlaceError) as caught:
            custom_place(given_g)
        assert hint in caught.value.hint
        assert ("allow-unusual-intensity", "") in caught.value.suggest
    with pytest.raises(PlaceError) as caught:
        custom_place(1500.1)
    assert "= 1.5001 g/kWh" not in caught.value.hint, "no unit is guessed that gives hardly a grid's figure"


@cases("g_per_kwh", ["0.056", "56000"])
@cases("verb", ["run", "card", "estimate", "doctor"])
def test_every_verb_that_takes_an_intensity_refuses_one_that_no_grid_has(cli, verb, g_per_kwh):
    write_record(a_record(emissions_g=None, intensity=None), "r.json")
    argv = {
        "run": ["run", "--carbon-intensity", g_per_kwh, "--card", "README.md", "--", "touch", "ran"],
        "card": ["card", "README.md", "--from", "r.json", "--carbon-intensity", g_per_kwh],
        "estimate": ["estimate", "--gpu", "A100", "--hours", "1h", "--carbon-intensity", g_per_kwh],
        "doctor": ["doctor", "--carbon-intensity", g_per_kwh],
    }[verb]
    code, out, err = cli(*argv)
    assert code == (125 if verb in {"run", "doctor"} else 2)
    assert "outside 1 to 1,500 g/kWh" in out + err
    assert not Path("ran").exists()
    assert not Path("README.md").exists()
    if verb in {"card", "estimate"}:
        assert cli(*argv, ALLOW)[0] == 0


def test_a_run_that_is_allowed_marks_its_record_which_is_then_read_everywhere(cli, carbon_lint):
    done = carbon_lint("run", "--carbon-intensity", "0.5", ALLOW, "--record", "r.json", "--", "sleep", "0.3")
    assert done.returncode == 0, done.stderr
    assert json.loads(Path("r.json").read_text())["intensity"]["is_unusual"] is True
    assert cli("gate", "r.json", "--max-emissions", "1 kg")[0] == 0
    assert cli("card", "README.md", "--from", "r.json")[0] == 0


def test_the_configuration_is_held_to_the_range_and_has_its_own_key(carbon_lint):
    Path("carbon-lint.toml").write_text("carbon-intensity = 0.056\n")
    done = carbon_lint("run", "--record", "r.json", "--", "true")
    assert done.returncode == 125
    assert "carbon-lint.toml:1: carbon-intensity: carbon intensity 0.056 g/kWh is outside" in done.stderr
    Path("carbon-lint.toml").write_text("carbon-intensity = 0.056\nallow-unusual-intensity = true\n")
    assert carbon_lint("run", "--record", "r.json", "--", "true").returncode == 0


@cases("verb", ["gate", "card", "estimate", "report", "form", "ledger", "check", "publish"])
def test_every_verb_refuses_a_record_of_no_grid_unless_its_run_accepted_that(cli, verb):
    write_record(with_intensity(0.056), "r.json")
    Path("carbon-lint.toml").write_text("allow-unusual-intensity = true\n")  # for a run: the record speaks for itself
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    argv = {
        "gate": ["gate", "r.json", "--max-emissions", "1 kg"],
        "card": ["card", "README.md", "--from", "r.json"],
        "estimate": ["estimate", "--from-record", "r.json"],
        "report": ["report", "r.json"],
        "form": ["report", "r.json", "--format", "cyclonedx", "--model", "me/m", "--activity", "fine-tuning"],
        "ledger": ["ledger", "add", "r.json"],
        "check": ["check", "README.md", "--record", "r.json"],
        "publish": ["publish", "README.md", "--record", "r.json", "--to", "me/m"],
    }[verb]
    code, _, err = cli(*argv)
    assert code == 2
    assert "0.056 kg/kWh = 56 g/kWh" in err
    assert "allow-unusual-intensity" in err


@cases("figure", [0.056, 56000])
def test_an_answer_of_the_grid_is_held_to_the_range(figure):
    grid = Grid(lambda: hour_of(time.time(), figure))
    try:
        with pytest.raises(PlaceError, match="states an intensity that no grid has"):
            ElectricityMaps("FR", TOKEN, url=grid.url).latest()
        allowed = ElectricityMaps("FR", TOKEN, url=grid.url, allow_unusual=True)
        assert hourly(FakeMeter(), allowed).intensity.is_unusual
    finally:
        grid.close()


def test_a_sum_with_an_allowed_part_is_allowed_too():
    part = with_intensity(0.5)
    marked = replace(part, intensity=replace(part.intensity, is_unusual=True))
    later = a_record(run_id="later", started_at="2026-11-25T10:00:00Z", ended_at="2026-11-25T11:00:00Z")
    cleaner = replace(later, emissions_g=0.75, intensity=replace(marked.intensity, g_per_kwh=0.6))
    joined = merge([NamedRecord(name="a.json", record=marked), NamedRecord(name="b.json", record=cleaner)]).record
    write_record(joined, "sum.json")
    assert load_record("sum.json").intensity.is_unusual
