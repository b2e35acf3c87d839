"""Writes the pages of `docs/` that say what the code says: rules, command line, exit codes, configuration.

python tools/generate_docs.py          write them
python tools/generate_docs.py --check  name the pages that would change, exit 1 where there is one
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tomllib
from pathlib import Path
from unittest import mock

from carbon_lint.cli import VERBS, main
from carbon_lint.config import Settings
from carbon_lint.config_file import KEYS
from carbon_lint.errors import ExitCode
from carbon_lint.lint.rules import load_all
from carbon_lint.report.rule_page import index_page, page

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTE = "<!-- Written by tools/generate_docs.py: change the code it speaks of, then run that. -->\n\n"
HELP_PYTHON = (3, 11)
"""argparse words its help differently from version to version; the page is that of the oldest one supported."""

EXIT_CODE_WORDS = {
    ExitCode.CLEAN: ("clean", "Nothing found, within the budget, published, or nothing to change."),
    ExitCode.FINDINGS: (
        "findings, or over budget",
        "`check` found something at or above `--fail-on`; `run` or `gate` found the run over a limit.",
    ),
    ExitCode.DID_NOT_RUN: (
        "did not run",
        (
            "A wrong flag or configuration, a file that cannot be read or written (`check` judges the others all the "
            "same). `find` or `audit` could not read the Hub, or the Hub has no model of that name."
        ),
    ),
    ExitCode.NOTHING_TO_CHECK: (
        "nothing to check",
        (
            "No model card was found in the folders given, not one card of an `audit` could be read, or the ledger has "
            "no such run. 0 if files were named that are there, as pre-commit does."
        ),
    ),
    ExitCode.NOT_PUBLISHED: (
        "could not publish",
        "`publish` or `run`: the Hub refused the card, or could not be reached; the message says what is known.",
    ),
    ExitCode.NOT_MEASURED: (
        "could not measure",
        "There is no trustworthy number: no location, no CodeCarbon, readings that failed. Never 0 g.",
    ),
    ExitCode.COMMAND_NOT_EXECUTABLE: ("the job's command cannot be executed", "As a shell says it."),
    ExitCode.COMMAND_NOT_FOUND: ("the job's command was not found", "As a shell says it."),
    ExitCode.INTERRUPTED: ("interrupted", "Ctrl-C. `run` has written its record first."),
}

CONFIG_EXAMPLE = """\
location = "FRA"                    # or "USA/virginia", "gcp/us-central1"
max-emissions = "5 kg"              # of one run, and of the figure on a card
max-energy = "20 kWh"
max-increase = "10% and 50 g"       # over the baseline: fails if more than both
baseline = "card"
baseline-max-age = "90d"

fail-on = "warning"
ignore = ["CL5"]                    # a code, the beginning of codes, or a name

[severity]
CL110 = "error"

[per-file-ignores]
"archive/**" = ["ALL"]

[[exception]]
limit = "max-emissions"
owner = "maintainer@example.org"
reason = "the larger tokenizer, agreed on in March"
until = 2026-12-31
"""

EXIT_CODES_PAGE = """\
# Exit codes

The exit code never depends on the output format.

| Code | Meaning | When |
| --- | --- | --- |
{rows}
`carbon-lint run` passes the job's own exit status through where the job failed, 128+n where signal n ended it, so a 1
may be the job's. `outcome` and `over_budget` in the record tell them apart, and are what to go by.
"""

CONFIG_PAGE = """\
# Configuration

`carbon-lint.toml`, or `[tool.carbon-lint]` in `pyproject.toml`, in the folder of the card or above it, up to the root
of the repository. The first one found is used, alone; nothing is read from the home folder or the environment. A flag
wins over the file, except that a limit can only be tightened: of a limit in the file and one given as flag or action
input, the lower one holds. An unknown key is an error. On a pull request the GitHub step takes the whole configuration
from the merge base ([github.md](github.md#limits-and-who-may-change-them)).

```toml
{example}```

| Key | Value | Default | What it is for |
| --- | --- | --- | --- |
{rows}
Editors that know JSON Schema check the file with [`schemas/config.schema.json`](../schemas/config.schema.json).
"""


def pages() -> dict[Path, str]:
    """Return every generated file by its path in the repository."""
    rules = load_all()
    return {
        Path("docs/rules/README.md"): NOTE + index_page(rules),
        **{Path(f"docs/rules/{rule.code}.md"): NOTE + page(rule) for rule in rules},
        Path("docs/cli.md"): NOTE + cli_page(),
        Path("docs/exit-codes.md"): NOTE + exit_codes_page(),
        Path("docs/config.md"): NOTE + config_page(),
        Path("schemas/config.schema.json"): config_schema(),
    }


def cli_page() -> str:
    """`--help` of the program and of each verb."""
    parts = [f"# Command line\n\n```console\n$ carbon-lint --help\n{_help()}```\n"]
    parts += [f"## carbon-lint {verb}\n\n```console\n$ carbon-lint {verb} --help\n{_help(verb)}```\n" for verb in VERBS]
    return "\n".join(parts)


def _help(*verb: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), mock.patch.dict(os.environ, {"COLUMNS": "100", "NO_COLOR": "1"}):
        main([*verb, "--help"])
    return said.getvalue()


def exit_codes_page() -> str:
    """What each exit status means."""
    rows = "".join(f"| {code.value} | {EXIT_CODE_WORDS[code][0]} | {EXIT_CODE_WORDS[code][1]} |\n" for code in ExitCode)
    return EXIT_CODES_PAGE.format(rows=rows)


def config_page() -> str:
    """Each key of the configuration."""
    rows = "".join(
        f"| `{name}` | {key.kind.words} | {_default(key.attribute)} | {key.purpose} |\n" for name, key in KEYS.items()
    )
    return CONFIG_PAGE.format(example=CONFIG_EXAMPLE, rows=rows)


def _default(attribute: str) -> str:
    value = getattr(Settings, attribute)
    if not value:
        return ""
    if isinstance(value, float):
        return f"`{value:g}{'s' if attribute.endswith('_s') else ''}`"
    return f"`{value}`" if isinstance(value, str) else ", ".join(f"`{item}`" for item in value)


def config_schema() -> str:
    """Return the JSON Schema of the configuration."""
    properties = {name: {"description": _sentence(key.purpose), **key.kind.schema} for name, key in KEYS.items()}
    address = {"type": "string", "description": "Address of this schema, for editors."}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://carbon-lint.dev/schemas/config@1.json",
        "title": "carbon-lint.toml",
        "description": "Configuration of carbon-lint: the whole of carbon-lint.toml, or the table [tool.carbon-lint] "
        "of pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {"$schema": address, **properties},
        "examples": [json.loads(json.dumps(tomllib.loads(CONFIG_EXAMPLE), default=str))],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def changed(wanted: dict[Path, str]) -> list[Path]:
    """The pages that are missing, differ, or are left over from a rule that is gone."""
    left_over = [path.relative_to(ROOT) for path in (DOCS / "rules").glob("*.md")]
    differ = [path for path, text in wanted.items() if not _is_same(ROOT / path, text)]
    return differ + [path for path in left_over if path not in wanted]


def _is_same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def run() -> int:
    """Write the pages, or compare them."""
    wanted = pages()
    differing = changed(wanted)
    if "--check" in sys.argv[1:]:
        print("".join(f"{path} is not what the code says\n" for path in differing), end="")
        return 1 if differing else 0
    for path in differing:
        target = ROOT / path
        if path not in wanted:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(wanted[path], encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(run())
