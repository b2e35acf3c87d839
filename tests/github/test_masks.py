"""Which of the job's masks reach the runner: a secret's, and none that would hide our report."""

from __future__ import annotations

import base64
import re

from hypothesis import example, given
from hypothesis import strategies as st

from carbon_lint.github.masks import MIN_CHARACTERS, honoured
from carbon_lint.github.pump import Filter
from carbon_lint.text import command_data
from tests.cases import cases
from tests.github.runner import parse_commands
from tests.github.test_pump import passed

OUR_LINES = (
    "over budget: max-emissions: 683 ug is over the limit of 1 ug",
    "carbon-lint: 31.7 µg CO2eq, 0.566 mWh, no budget given",
    "not passed to later steps: GITHUB_ENV: PYTHONPATH is not the job's to set",
    "the step was cancelled",
)
TOKENS = st.from_regex(r"(ghp_|hf_|sk-|[0-9a-f]{4})[A-Za-z0-9]{20,40}", fullmatch=True)


def masks_of(line):
    return [command.data for command in parse_commands(passed(line).decode("utf-8", "replace"))]


@given(st.sampled_from(OUR_LINES).flatmap(lambda line: st.tuples(st.just(line), *[st.integers(0, len(line))] * 2)))
@example((OUR_LINES[0], 0, len("over budget")))
@example((OUR_LINES[2], OUR_LINES[2].index("GITHUB_ENV:"), OUR_LINES[2].index(" PYTHONPATH")))
def test_no_part_of_a_line_of_ours_can_be_masked(cut):
    line, start, end = cut
    assert honoured(line[start:end]) == ()


@cases(
    "mask",
    [
        *("0", "true", "g", "s3cret", "over budget", "Within budget", "emissions", "carbon-lint", "over-budget"),
        # What the runner would mask besides: each line, what is in quotes, what is beside an ampersand.
        *("long enough for one\ng", "long enough for one\r\nover budget", '"over budget"', "'Within budget'"),
        *("xxxxxxxxxxxx&over budget", "over budget&xxxxxxxxxxxx", '"budget"  '),
    ],
)
@cases("form", [b"::add-mask::%s\n", b"##[add-mask]%s\n", b"x\n ::ADD-MASK::%s\n"])
def test_a_mask_that_is_short_or_ours_is_not_honoured_and_its_text_is_not_shown(mask, form):
    shown = passed(form % command_data(mask).encode())
    set_masks = [command.data for command in parse_commands(shown.decode()) if command.name == "add-mask"]
    assert set_masks in ([], ["long enough for one"])
    if not set_masks:
        assert b"a mask was not set" in shown
        assert len(mask) < 4 or mask.encode() not in shown.replace(b"carbon-lint:", b"")


@given(TOKENS)
def test_a_token_is_masked_whole_and_every_long_line_of_a_secret(token):
    assert masks_of(f"::add-mask::{token}\n".encode()) == [token]
    assert honoured(f"{token}\n{token[::-1]}\r\nshort") == (token, token[::-1])


@cases("secret", ["correct horse battery staple", "pässwörter-überall", "a1b2c3d4e5f6a7b8"])
def test_a_passphrase_is_masked_although_it_is_made_of_words(secret):
    assert honoured(secret) == (secret,)


@given(st.text(max_size=60), st.integers(1, 9))
def test_whatever_is_asked_for_only_long_masks_come_of_it(text, size):
    job_output = Filter()
    line = f"::add-mask::{command_data(text)}\n".encode("utf-8", "backslashreplace")
    out = b"".join(job_output.feed(line[at : at + size]) for at in range(0, len(line), size)) + job_output.finish()
    for command in parse_commands(out.decode("utf-8", "replace")):
        assert command.name != "add-mask" or len(command.data) >= MIN_CHARACTERS


def test_a_key_in_base64_is_masked_although_it_has_slashes_and_equals_signs():
    key = base64.b64encode(bytes(range(30, 70))).decode()
    assert re.search(r"[+/=]", key)
    assert honoured(key) == (key,)
