"""No token of a command line is written down, and everything else stays readable."""

from __future__ import annotations

import json
import shlex
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint import redact
from tests.cases import cases

ALNUM = string.ascii_letters + string.digits
# A prefix as its issuer writes it, and how long what follows is.
ISSUED = {
    "hf_": 34, "hf_jwt_": 60, "ghp_": 36, "gho_": 36, "ghu_": 36, "ghr_": 36, "ghs_": 36,
    "github_pat_": 82, "glpat-": 20, "sk-": 48,
    "sk-proj-": 120, "sk-ant-api03-": 90, "xoxb-": 40, "xoxp-": 60, "xoxa-": 40, "AIza": 35, "npm_": 36,
    "pypi-": 150, "dckr_pat_": 27, "nvapi-": 60, "gsk_": 50, "r8_": 37, "sk_live_": 24,
}  # fmt: skip
NAMES = (
    "HF_TOKEN", "WANDB_API_KEY", "MY_SECRET", "DB_PASSWORD", "PASSWD", "AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS",
    "COMET_APIKEY", "X_TOKEN_Y",
)  # fmt: skip
FLAGS = ("--token", "--api-key", "--hf_token", "--wandb.api_key", "-password", "--clientSecret", "--db-passwd")


@st.composite
def issued(draw):
    """A token as one of the issuers makes them."""
    kind = draw(st.sampled_from([*ISSUED, "AKIA", "ASIA", "jwt"]))
    if kind == "jwt":  # what GitHub's installation tokens are becoming
        parts = [draw(st.text(ALNUM + "-_", min_size=20, max_size=60)) for _ in range(3)]
        return f"ghs_{parts[0]}", ".".join(parts)
    alphabet = string.ascii_uppercase + string.digits if kind in {"AKIA", "ASIA"} else ALNUM
    length = ISSUED.get(kind, 16)
    return kind, draw(st.text(alphabet, min_size=length, max_size=length))


SHAPES = (
    lambda token: ["python", "train.py", token],
    lambda token: ["python", "train.py", "--token", token],
    lambda token: ["python", "train.py", f"--token={token}"],
    lambda token: ["env", f"HF_TOKEN={token}", "python", "train.py"],
    lambda token: ["bash", "-c", f"git clone https://x-access-token:{token}@github.com/a/b && python train.py"],
    lambda token: ["bash", "-c", f"curl -H 'Authorization: Bearer {token}' https://example.org/?q={token}"],
    lambda token: ["python", "-c", f"login('{token}')"],
)


@given(issued(), st.sampled_from(SHAPES))
def test_a_token_of_any_issuer_is_hidden_in_any_place(token, shape):
    start, rest = token
    shown = redact.command(shape(start + rest))
    assert rest not in shlex.join(shown)
    assert "python" in shown[0] or "python" in " ".join(shown) or shown[0] == "bash"


VALUE = st.text(string.ascii_letters + string.digits + "!#%+,./:?@^_~-$", min_size=6, max_size=60).filter(
    lambda value: (
        not value.startswith(("-", "$", "//"))
        and not value.isdigit()
        and not any(c in value for c in ("true", "no", "on"))
    )
)


@given(st.sampled_from(NAMES), st.sampled_from(FLAGS), VALUE)
def test_the_value_of_what_is_named_like_a_secret_is_hidden(name, flag, value):
    for words in (
        ["env", f"{name}={value}", "train"],
        ["train", flag, value],
        ["train", f"{flag}={value}"],
        ["bash", "-c", f"{name}={shlex.quote(value)} train {flag} {shlex.quote(value)}"],
        ["bash", "-c", f'{name}="{value}" train "{flag}={value}"'],
        ["python", "-c", f"f({name.lower()}='{value}', **{{'{name}': '{value}'}})"],
        ["curl", "-d", json.dumps({name.lower(): value})],
    ):
        assert value not in " ".join(redact.command(words)), words


@given(st.sampled_from(NAMES), VALUE.filter(lambda value: len(value) >= 8))
def test_the_value_of_such_a_variable_is_hidden_wherever_it_stands(name, value):
    secrets = redact.secrets_of({name: value, "CARBON_LINT_INPUTS": json.dumps({"hf-token": f"z{value}z"})})
    shown = redact.command(["train", f"x{value}x", value, f"--resume=z{value}z", f"https://me:{value}@host/"], secrets)
    assert value not in " ".join(shown)


@cases(
    "words",
    [
        ["python", "train.py", "--tokenizer", "bert-base-uncased", "--max-tokens", "512", "--key-value", "x"],
        ["python", "train.py", "--num-key-value-heads", "8", "--pad_token", "<pad>", "--max_new_tokens=64"],
        ["python", "hf_train.py", "hf_finetuning.py", "hf_hub_download", "--keyword", "spam", "--token-file", "/t"],
        [
            "bash",
            "-c",
            'TOKENIZERS_PARALLELISM=false python t.py --token "$HF_TOKEN" --api-key ${KEY} --password $(pw)',
        ],
        ["python", "-m", "sk-learn-random-forests", "npm_config_cache=/tmp", "xoxo-party", "mask-rcnn-resnet50-fpn-v2"],
        ["python", "t.py", "--use-auth-token", "true", "--text-key", "text", "monkey=1", "s3://bucket/key/model.bin"],
        ["git", "clone", "https://user@github.com/a/b"],
    ],
)
def test_all_but_secrets_stays_readable(words):
    assert list(redact.command(words)) == words


def test_the_password_of_curls_login_is_hidden_and_a_users_group_is_not():
    for flag in ("-u", "--user", "--proxy-user"):
        assert redact.command(["curl", "-s", flag, "me:pass1", "http://x"])[3] == "me:***"
        for line in (f"curl {flag} me:pass1 http://x", f"cd a && curl -s {flag} 'me:pass1' http://x"):
            assert "pass1" not in redact.text(line)
            assert "pass1" not in redact.command(["bash", "-c", line])[2]
    for words in (["docker", "run", "-u", "1000:1000", "x"], ["curl", "-u", "me", "http://x:80/"]):
        assert list(redact.command(words)) == words
        assert redact.text(" ".join(words)) == " ".join(words)


def test_a_variable_that_only_sounds_like_a_secret_hides_nothing():
    environ = {"TOKENIZERS_PARALLELISM": "false", "MAX_TOKENS": "512", "USE_TOKEN": "true", "KEYBOARD": "qwertyuiop"}
    assert redact.secrets_of(environ) == ()


def test_a_personal_access_token_is_known_by_the_name_of_its_variable():
    assert redact.command(["bash", "-c", "GH_PAT=abc123 train"]) == ("bash", "-c", "GH_PAT=*** train")


def test_a_short_secret_is_hidden_as_a_word_of_its_own_and_within_no_other():
    assert redact.command(["train", "hunter2", "hunter22"], ["hunter2"]) == ("train", "***", "hunter22")


@given(issued(), st.sampled_from(SHAPES))
def test_a_command_line_that_is_read_back_and_hidden_again_stays_as_it_is(token, shape):
    once = redact.command(shape("".join(token)))
    assert redact.command(once) == once


@pytest.mark.slow
@cases("piece", ["key", '"key=', "--key ", '"token \\', "sk-", "eyJ.", "ghs_", "://a:", "Bearer "])
def test_a_long_command_line_is_read_in_no_time(piece):
    from time import process_time

    def seconds(size):
        started = process_time()
        redact.command(["bash", "-c", piece * (size // len(piece))])
        return process_time() - started

    assert seconds(64_000) < 12 * seconds(16_000) + 0.5, "four times as long, not sixteen"


def test_a_signed_address_loses_its_signature_and_nothing_else():
    azure, s3 = "https://a.net/b?sig=abcdefg&se=2026", "s3://b/k?X-Amz-Signature=deadbeef&X-Amz-Expires=60"
    assert redact.text(azure) == "https://a.net/b?sig=***&se=2026"
    assert redact.command(["curl", s3]) == ("curl", "s3://b/k?X-Amz-Signature=***&X-Amz-Expires=60")
    assert redact.text("https://a.net?token=abc&design=7") == "https://a.net?token=***&design=7"
