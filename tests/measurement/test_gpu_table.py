"""The table of accelerators: each line against its own words, against names that drivers show, and against CL208."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.data import load
from carbon_lint.errors import UsageError
from carbon_lint.estimate import job
from carbon_lint.estimate.job import find_gpu
from carbon_lint.lint.evidence import models_in
from carbon_lint.lint.hardware import bounds, rated_w
from tests.cases import cases
from tests.conftest import ROOT

LINES = load("gpu_power.json")
MAKERS = ("nvidia.com", "amd.com", "cloud.google.com")
LISTS = ("techpowerup.com", "arXiv", "github.com/")


def test_every_line_is_plausible_and_has_its_source():
    for line in LINES:
        assert 20 <= line.get("min_power_w", line["max_power_w"]) <= line["max_power_w"] <= 2000, line
        assert line["basis"] in {"maker", "listed"}, line
        if line["basis"] == "maker":
            assert any(f"({site}" in line["source"] for site in MAKERS), line
            assert "listed" not in line["source"], line
        else:
            assert any(site in line["source"] for site in LISTS), line


def test_no_name_means_two_cards():
    meant = [(job._normal(name), line["name"]) for line in LINES for name in (line["name"], *line["aliases"])]
    assert len({name for name, _ in meant}) == len(set(meant))


def test_a_card_is_found_by_its_full_name():
    assert [find_gpu(line["name"].upper()).name for line in LINES] == [line["name"] for line in LINES]


@cases(
    ("shown", "watts"),
    [
        ("NVIDIA A100-PCIE-40GB", 250),
        ("NVIDIA A100 80GB PCIe", 300),
        ("NVIDIA A100-SXM4-40GB", 400),
        ("NVIDIA H100 80GB HBM3", 700),
        ("NVIDIA H100 PCIe", 350),
        ("NVIDIA H200", 700),
        ("NVIDIA B200", 1000),
        ("NVIDIA A10G", 300),
        ("Tesla K80", 150),
        ("NVIDIA L40S", 350),
        ("Tesla V100-SXM2-16GB", 300),
        ("Tesla V100-PCIE-32GB", 250),
        ("Tesla P100-PCIE-16GB", 250),
        ("Tesla P100-SXM2-16GB", 300),
        ("NVIDIA GeForce RTX 2080 Ti", 250),
        ("NVIDIA RTX 6000 Ada Generation", 300),
        ("Quadro RTX 6000", 260),
        ("AMD Instinct MI325X", 1000),
        ("Google TPU v4", 192),
        ("Intel Gaudi 2", 600),
    ],
)
def test_the_names_that_drivers_show_are_found(shown, watts):
    assert find_gpu(shown).max_power_w == watts


def test_a_name_written_as_one_word_is_the_same_card():
    for line in LINES:
        word = "".join(line["name"].split())
        if {other["name"] for other in LINES if "".join(other["name"].split()) == word} == {line["name"]}:
            assert find_gpu(word).name == line["name"]


@cases(
    ("written", "watts"),
    [
        ("RTX4090", 450),
        ("GeForce RTX4090", 450),
        ("rtx3080ti", 350),
        ("GTX1080Ti", 250),
        ("TeslaT4", 70),
        ("A100 80 GB", 400),
    ],
)
def test_a_name_is_found_without_its_blanks(written, watts):
    assert find_gpu(written).max_power_w == watts


@cases(
    "hardware",
    [
        "1 x RTX4090",
        "2xRTX3080Ti",
        "8xA100",
        "A100x8",
        "4 x TeslaV100",
        "1x GTX1080Ti",
        "2x RTXA6000",
        "1 x RTX 3080 Ti",
        "4 x A100 80 GB",
    ],
)
def test_cl208_recognises_a_card_that_is_written_as_one_word(hardware):
    found = bounds(hardware, 10.0, None)
    assert found is not None
    assert found.is_counted


@cases("name", ["TPU v5e", "TPU v6e", "Trainium", "H20"])
def test_an_accelerator_whose_power_is_not_published_is_refused_with_a_way_out(name):
    with pytest.raises(UsageError) as caught:
        find_gpu(name)
    assert "--power" in caught.value.hint


def test_cl208_allows_for_the_power_that_estimate_takes():
    for line in LINES:
        for model in models_in(line["name"]) & rated_w().keys():
            least, most = rated_w()[model]
            assert least <= line["max_power_w"] <= most, line


def test_what_cl208_recognises_is_plausible_and_a_card_of_the_table():
    assert set(rated_w()) <= {found for line in LINES for found in models_in(line["name"])}
    for model, (least, most) in rated_w().items():
        assert 20 <= least <= most <= 2000, model
        assert most <= 2 * least, model


@cases("hardware", ["4 x TPU v4", "8 x Intel Gaudi 2", "2 x TITAN RTX", "8 x MI325X"])
def test_cl208_bounds_accelerators_other_than_current_nvidia_cards(hardware):
    found = bounds(hardware, 10.0, None)
    assert found is not None
    assert found.is_counted


@given(
    st.sampled_from(["8 x NVIDIA A100", "T4", "2 x RTX 3090, 4 x RTX 3090", "4 x TPU v4", "1 x Tesla V100"]),
    st.floats(min_value=0.1, max_value=5000),
    st.sampled_from([None, "Paris, France", "Warsaw, Poland", "Quebec, Canada"]),
)
def test_the_numbers_that_cl208_shows_give_the_range_that_it_shows(hardware, hours, place):
    hours = float(f"{hours:.4g}")
    found = bounds(hardware, hours, place)
    shown = re.fullmatch(
        r"(\S+) h x (\d+)(?: to (\d+))? x .+ at (\S+) W \(.*\) to (\S+) W \(.*\) and (\S+) to (\S+) g/kWh", found.reason
    )
    hours_shown, fewest, most, low_w, high_w, low, high = (float(text) if text else None for text in shown.groups())
    assert found.least_g == pytest.approx(hours_shown * fewest * low_w * low / 1000)
    assert found.most_g == pytest.approx(hours_shown * (most or fewest) * high_w * high / 1000)


@cases("hardware", ["a2-highgpu-1g", "EC2 p4d.24xlarge", "a VM of type A2"])
def test_cl208_takes_no_machine_type_for_a_card(hardware):
    assert bounds(hardware, 10.0, None) is None


def test_the_page_on_measuring_counts_the_accelerators_rightly():
    page = " ".join((ROOT / "docs" / "measuring.md").read_text(encoding="utf-8").split())
    kinds = [line["basis"] for line in LINES]
    assert f"{len(kinds)} accelerators, {kinds.count('maker')} as their makers rate them" in page
