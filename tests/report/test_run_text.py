"""What is printed at the end of a run."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget, LimitResult, Status, Verdict
from carbon_lint.records.record import Energy, Gpu, Hardware, Method, Methods, Outcome, StoppedBy
from carbon_lint.report.run import phrases, summary
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.run_report import RunReport
from tests.cases import cases
from tests.report.runs import RECORD, record, report_of


def test_a_run_within_budget_takes_a_dozen_lines_with_the_method_of_each_component():
    rendered = run_text.render(report_of(RECORD, judge(RECORD, Budget(max_emissions_g=1000))))

    assert rendered == (
        "carbon-lint: Within budget: 12.3 g of 1 kg (1.23 %)\n"
        "  emissions  12.3 g (11 to 21) CO2eq\n"
        "  energy     220 Wh (190 to 370)\n"
        "    GPU      180 Wh (energy counter)\n"
        "    CPU      30 Wh (load model)\n"
        "    RAM      10 Wh (constant)\n"
        "  intensity  56 g/kWh: France, CodeCarbon 3.3.2 (2023, 3 years old)\n"
        "  PUE        1.2\n"
        "  duration   2 min 05 s\n"
        "  measured   81.8 % of the energy, by sensors\n"
        "  left out   board, fans, disks, network and power supply: about 10 to 60 % on top\n"
        "  limit      max-emissions: 12.3 g (11 to 21), 82 % of it measured, 1 kg allowed, 988 g left\n"
    )


def test_a_run_over_budget_names_the_limit_and_by_how_much():
    verdict = judge(RECORD, Budget(max_emissions_g=5, max_energy_kwh=10))

    stopped = record(outcome=Outcome.OVER_BUDGET, stopped_by=StoppedBy.BUDGET, over_budget=True, exit_status=143)
    first, *rest = run_text.render(report_of(stopped, verdict)).splitlines()
    assert [line.split()[1] for line in rest if line.startswith("  limit ")] == ["max-emissions:", "max-energy:"]

    assert first == "carbon-lint: Stopped over budget: 12.3 of 5 g"
    let_finish = record(outcome=Outcome.OVER_BUDGET, over_budget=True, exit_status=0)
    assert run_text.render(report_of(let_finish, verdict)).splitlines()[0] == "carbon-lint: Over budget: 12.3 of 5 g"


def test_a_run_asked_for_energy_only_is_not_called_unmeasured():
    first = run_text.render(report_of(record(emissions_g=None, intensity=None))).splitlines()[0]

    assert first == "carbon-lint: 220 Wh, energy only, no budget given"


def test_an_undecided_verdict_gives_its_reason():
    rendered = run_text.render(report_of(RECORD, judge(RECORD, Budget(max_energy_kwh=0.215))))

    assert rendered.splitlines()[0] == "carbon-lint: Undecided: 220 Wh (190 to 370), limit 215 Wh"
    assert "  note: max-energy: 220 Wh " in rendered


def test_what_was_not_measured_is_named_and_is_never_a_number():
    unmeasured = record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )

    rendered = run_text.render(report_of(unmeasured))

    assert rendered.splitlines()[0] == "carbon-lint: Not measured: there is no trustworthy figure"
    assert "  emissions  not measured\n" in rendered
    assert "  energy     not measured\n" in rendered
    assert "  intensity  not stated, so energy only\n" in rendered
    assert not re.search(r"\b0 (g|kWh)", rendered)


def test_a_component_that_failed_is_not_measured_and_one_that_is_not_there_is_not_named():
    partly = record(energy_kwh=Energy(total=0.03, cpu=0.03), methods=Methods(cpu=Method.COUNTER, gpu=Method.COUNTER))

    rendered = run_text.render(report_of(partly))

    assert "    GPU      not measured (energy counter)\n" in rendered
    assert "RAM" not in rendered


def test_the_share_that_no_sensor_read_is_left_out_if_it_is_unknown():
    partly = record(energy_kwh=Energy(total=0.2, cpu=None, gpu=0.18), methods=Methods(cpu=Method.LOAD_MODEL))

    assert phrases.measured(partly) is None
    assert "modelled" not in run_text.render(report_of(partly))


@cases(
    ("changes", "message"),
    [
        ({"outcome": Outcome.FAILED, "exit_status": 3}, "The job failed with exit status 3: 12.3 g of 1 kg"),
        ({"outcome": Outcome.INTERRUPTED, "exit_status": 143}, "Cancelled: 12.3 g of 1 kg until then"),
    ],
)
def test_what_became_of_the_job_leads_and_never_the_verdict(changes, message):
    first = run_text.render(report_of(record(**changes), judge(RECORD, Budget(max_emissions_g=1000)))).splitlines()[0]

    assert first == f"carbon-lint: {message}"


def test_without_a_budget_the_figures_are_the_headline():
    first = run_text.render(report_of(RECORD)).splitlines()[0]

    assert first == "carbon-lint: 12.3 g CO2eq, 220 Wh, no budget given"
    of_a_node = run_text.render(RunReport(record=RECORD, is_share=True)).splitlines()[0]
    assert of_a_node == "carbon-lint: 12.3 g CO2eq, 220 Wh, a part of the budgeted job"


def test_a_sum_is_marked_as_a_sum():
    merged = record(run_group="night", merged_from=("a", "b"))

    assert "  scope      run group night, the sum of 2 records\n" in run_text.render(report_of(merged))
    assert "scope" not in run_text.render(report_of(RECORD))
    assert "Duration 2 min 05 s; run group night, the sum of 2 records." in summary.render(report_of(merged))


def test_colour_only_when_asked_for():
    verdict = judge(RECORD, Budget(max_emissions_g=1000))

    assert "\x1b[1;32m" in run_text.render(report_of(RECORD, verdict), colour=True)
    assert "\x1b" not in run_text.render(report_of(RECORD, verdict))


@given(st.text(max_size=80))
def test_nothing_in_a_record_can_steer_a_terminal_or_a_runner(hostile):
    odd = record(
        warnings=(hostile,),
        hardware=RECORD.hardware,
        intensity=RECORD.intensity.__class__(
            g_per_kwh=1.0, source=hostile, year=None, location=hostile, location_name=hostile
        ),
    )

    rendered = run_text.render(report_of(odd))

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", rendered.replace("\t", ""))
    assert "::" not in rendered
    assert "##[" not in rendered
    assert len(rendered.splitlines()) == len(run_text.render(report_of(record(warnings=("x",)))).splitlines())


def test_the_equivalents_are_arithmetic_on_the_cited_factors():
    car_g = 400 / 1.609344 * 10
    message = phrases.equivalents(record(emissions_g=car_g, energy_kwh=Energy(total=4.18 * 80 / 3600 * 3)))

    assert message is not None
    assert "driving 10 km in an average US passenger car (400 g CO2 per mile, EPA-420-F-23-014)" in message
    assert "bringing 3 litres of water from 20 °C to the boil" in message
    assert phrases.equivalents(record(emissions_g=None, energy_kwh=Energy(total=None))) is None


@cases(
    ("share", "shown"),
    [
        (0.0, "0 %"),
        (1e-9, "under 0.1 %"),
        (0.0123, "1.23 %"),
        (0.9999, "just under 100 %"),
        (1.0, "100 %"),
        (1.0001, "just over 100 %"),
        (1.5, "150 %"),
    ],
)
def test_a_share_is_never_rounded_over_its_limit(share, shown):
    assert phrases.percent(share) == shown


@cases(("increase_kwh", "words"), [(0.02, "20 Wh more than"), (-0.02, "20 Wh less than")])
def test_an_increase_is_printed_with_its_baseline(increase_kwh, words):
    limit = LimitResult(name="max-increase", unit="kWh", measured=increase_kwh, allowed=0.05)
    text = run_text.render(report_of(record(), Verdict(status=Status.PASS, limits=(limit,))))
    assert f"Within budget: {words} the baseline, 50 Wh more allowed" in text


def test_each_gpu_of_one_machine_is_shown_with_its_energy():
    def shown(*energies_kwh, indices=(0, 1), gpu_kwh=0.18):
        gpus = tuple(
            Gpu(index=index, name="H100", energy_kwh=kwh, is_shared=index == 1)
            for index, kwh in zip(indices, energies_kwh, strict=True)
        )
        energy = Energy(total=0.22, cpu=0.03, gpu=gpu_kwh, ram=0.01)
        lines = run_text.render(report_of(record(hardware=Hardware(gpus=gpus), energy_kwh=energy))).splitlines()
        return [line for line in lines if "GPU 1" in line]

    assert shown(0.15, 0.03) == ["             GPU 0 150 Wh, GPU 1 30 Wh (shared)"]
    assert shown(0.15, None) == []
    assert shown(0.15, 0.03, indices=(1, 1)) == []  # of two machines
    assert shown(0.15, 0.03, gpu_kwh=None) == []
    assert shown(0.18, indices=(1,)) == []
