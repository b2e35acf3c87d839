"""What `--to` and HF_ENDPOINT may be: whatever is pasted, either a model's id comes out or a usage error."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from carbon_lint.errors import UsageError
from carbon_lint.hub.client.target import parse_endpoint, parse_target
from tests.cases import cases

HUB = "https://huggingface.co"
PIECES = st.sampled_from(
    [
        "https://",
        "http://[",
        "huggingface.co",
        "hf.co",
        "/",
        "..",
        ".",
        "acme",
        "m",
        "datasets",
        "tree",
        "main",
        "?",
        "#",
    ]
)
PASTED = st.text(max_size=60) | st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join)


@given(PASTED)
@example("http://[")
@example("https://huggingface.co/acme/m/../../x")
@example("acme/m\n")
def test_a_models_id_comes_out_or_a_usage_error(text):
    try:
        found = parse_target(text, HUB)
    except UsageError:
        return
    assert re.fullmatch(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*", found, re.ASCII)
    assert ".." not in found


@given(PASTED)
@example("http://[")
@example("http://host:notaport")
@example("HTTP://0")
def test_an_endpoint_is_an_address_or_a_usage_error(text):
    try:
        found = parse_endpoint(text)
    except UsageError:
        return
    assert re.match(r"https?://[^/]", found, re.IGNORECASE)
    assert not found.endswith("/")


@cases(
    ("text", "model"),
    [
        ("acme/m", "acme/m"),
        (" acme/m ", "acme/m"),
        ("https://huggingface.co/acme/m", "acme/m"),
        ("https://huggingface.co/acme/m/", "acme/m"),
        ("https://hf.co/acme/m?library=transformers#usage", "acme/m"),
        ("huggingface.co/acme/m", "acme/m"),
        ("https://huggingface.co/acme/m/tree/main", "acme/m"),
        ("https://huggingface.co/acme/m/blob/main/README.md", "acme/m"),
        ("https://huggingface.co/acme/m/discussions/4", "acme/m"),
        ("https://huggingface.co/acme/m/settings", "acme/m"),
    ],
)
def test_an_id_or_the_address_of_a_page_names_a_model(text, model):
    assert parse_target(text, HUB) == model


def test_a_mirror_behind_a_path_is_an_endpoint_and_its_pages_name_models():
    mirror = parse_endpoint("https://mirror.example/huggingface/")
    assert mirror == "https://mirror.example/huggingface"
    assert parse_target(f"{mirror}/acme/m", mirror) == "acme/m"
