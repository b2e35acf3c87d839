"""Write what repeats the code: pages of `docs/`, each `action.yml`, the schema of the configuration.

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
from typing import TYPE_CHECKING, Any
from unittest import mock

import yaml

from carbon_lint.cli import main
from carbon_lint.config import default_words
from carbon_lint.config_keys import KEYS, sentence
from carbon_lint.errors import ExitCode
from carbon_lint.github.inputs import FIELDS
from carbon_lint.github.interface import FROM_GITHUB, INPUTS, LINT_INPUTS, LINT_OUTPUTS, OUTPUTS
from carbon_lint.lint.rule import load_all
from carbon_lint.report.rule_page import index_page, page
from carbon_lint.verbs import VERBS

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the tests read this file from elsewhere
from docs_text import CONFIG_EXAMPLE, CONFIG_PAGE, EXIT_CODES_PAGE, IN_THE_JOB, INPUTS_PAGE, RECORD_PAGE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTE = "<!-- Written by tools/generate_docs.py: change the code it speaks of, then run that. -->\n\n"
HELP_PYTHON = (3, 11)
"""argparse words its help differently from version to version; the page is that of the oldest one supported."""

ACTIONS = {
    "action": (
        "carbon-lint",
        (
            "Measure a training's emissions, check them against a budget, write them into the model card, lint it and "
            "publish it"
        ),
        "runs:\n  using: docker\n  image: Dockerfile\n",
    ),
    "in-job": (
        "carbon-lint in the job",
        (
            "carbon-lint in the job's own environment, with its GPUs and its Python. The same inputs and outputs as "
            "the container action"
        ),
        IN_THE_JOB.format(command='$GITHUB_ACTION_PATH/run.sh"'),
    ),
    "lint": (
        "carbon-lint, lint only",
        (
            "Lint model cards, and install no more than that needs. The inputs and outputs mean what they do in the "
            "container action"
        ),
        IN_THE_JOB.format(command='$GITHUB_ACTION_PATH/../in-job/run.sh" core'),
    ),
}

EXIT_CODE_WORDS = {
    ExitCode.CLEAN: "nothing to object to: clean, within the budget, published, or nothing to change",
    ExitCode.FINDINGS: "findings at or above `--fail-on`, or over the budget",
    ExitCode.DID_NOT_RUN: (
        "did not run: an option, the configuration or a file is wrong, or the Hub could not be read; or what it prints "
        "on stdout cannot be written"
    ),
    ExitCode.NOTHING_TO_CHECK: "nothing to check; 0 if files were named that are there, as pre-commit does",
    ExitCode.NOT_PUBLISHED: "could not publish: the message says what is known of the card on the Hub",
    ExitCode.NOT_MEASURED: "could not measure a job, or judge what was measured. Never 0 g",
    ExitCode.COMMAND_NOT_EXECUTABLE: "the job's command cannot be executed, as a shell says it",
    ExitCode.COMMAND_NOT_FOUND: "the job's command was not found, as a shell says it",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; `run` has written its record first",
}

# What happened -> verb -> exit code. `tests/hub/test_exit_codes.py` makes each of it happen.
EXIT_CODES_BY_VERB: dict[str, dict[str, int]] = {
    "nothing to object to": dict.fromkeys(VERBS, 0),
    "findings, or over a limit": {"run": 1, "gate": 1, "check": 1, "publish": 1, "audit": 1, "verify": 1, "ledger": 1},
    "an option that does not exist": dict.fromkeys(VERBS, 2),
    "`carbon-lint.toml` is wrong": dict.fromkeys(
        ("run", "gate", "card", "check", "doctor", "estimate", "publish", "audit", "ledger", "report", "init"), 2
    ),
    "a file that was named is not there": dict.fromkeys(
        (
            "run",
            "gate",
            "card",
            "check",
            "estimate",
            "publish",
            "audit",
            "verify",
            "merge",
            "recover",
            "ledger",
            "report",
            "init",
        ),
        2,
    ),
    "what it prints on stdout cannot be written": dict.fromkeys((verb for verb in VERBS if verb != "run"), 2),
    "no card, no model or no run was found": {"check": 3, "audit": 3, "verify": 3, "ledger": 3},
    "the location is not known": {"run": 125, "doctor": 125, "card": 2, "check": 2, "estimate": 2, "init": 2},
    "a quantity or a carbon intensity cannot be read": dict.fromkeys(
        (verb for verb in VERBS if verb not in {"merge", "recover", "init", "rules"}), 2
    ),
    "a record without a figure": {
        "gate": 125,
        "ledger": 125,
        "publish": 1,
        **dict.fromkeys(("card", "merge", "estimate", "init"), 2),
    },
    "the Hub cannot be reached": {
        "publish": 4,
        **dict.fromkeys(("run", "gate", "report", "find", "audit", "verify"), 2),
    },
    "the extra `hub` is not installed": {
        "publish": 4,
        **dict.fromkeys(("run", "gate", "report", "find", "audit", "verify"), 2),
    },
    "the job exits with 7": {"run": 7},
    "the job's command is not there": {"run": 127},
}


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
        Path("action.yml"): action("action"),
        Path("in-job/action.yml"): action("in-job"),
        Path("lint/action.yml"): action("lint", LINT_INPUTS, LINT_OUTPUTS),
        Path("docs/inputs.md"): NOTE + inputs_page(),
        Path("docs/record.md"): NOTE + record_page(),
    }


def action(name: str, inputs: Collection[str] = tuple(INPUTS), outputs: Collection[str] = tuple(OUTPUTS)) -> str:
    """Return the metadata of an action: `action` runs in the image, `in-job` and `lint` in the job."""
    title, what, runs = ACTIONS[name]
    described = {
        "name": title,
        "description": what,
        "author": "carbon-lint",
        "branding": {"icon": "wind", "color": "green"},
        "inputs": {
            key: {"description": text, "required": False, "default": _default(key)}
            for key, text in INPUTS.items()
            if key in inputs
        },
        "outputs": {key: _output(name, key, text) for key, text in OUTPUTS.items() if key in outputs},
    }
    shown = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=1000)
    return f"# Written by tools/generate_docs.py from carbon_lint/github/interface.py.\n{shown}{runs}"


def _default(name: str) -> str:
    """Return the default of an input, as a workflow writes it."""
    default = FIELDS[name].default
    if isinstance(default, bool):
        return str(default).lower()
    return default if isinstance(default, str) else FROM_GITHUB.get(name, "")


def _output(action_name: str, key: str, text: str) -> dict[str, str]:
    value = {"value": f"${{{{ steps.carbon-lint.outputs.{key} }}}}"} if action_name != "action" else {}
    return {"description": text, **value}


def inputs_page() -> str:
    """Return the tables of inputs and outputs, as both actions have them."""
    defaults = {key: f"`{_default(key)}`" if _default(key) else "-" for key in INPUTS}
    inputs = "".join(f"| `{key}` | {defaults[key]} | {text} |\n" for key, text in INPUTS.items())
    outputs = "".join(f"| `{key}` | {text} |\n" for key, text in OUTPUTS.items())
    return INPUTS_PAGE.format(inputs=inputs, outputs=outputs)


def record_page() -> str:
    """Return the fields of a record, from its JSON Schema."""
    schema = json.loads((ROOT / "schemas" / "record.schema.json").read_text(encoding="utf-8"))
    rows = "".join(f"| `{name}` | {kind} | {text} |\n" for name, kind, text in _fields(schema, ""))
    return RECORD_PAGE.format(format=schema["properties"]["format"]["const"], rows=rows)


def _fields(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and description of each field below `schema`, those of inner objects and lists by their path."""
    for name, field in schema.get("properties", {}).items():
        yield f"{prefix}{name}", _type(field), field.get("description", "").replace("|", "\\|").replace("\n", " ")
        for inner in (field, *field.get("oneOf", ()), *field.get("anyOf", ())):
            yield from _fields(inner, f"{prefix}{name}.")
            yield from _fields(inner.get("items", {}), f"{prefix}{name}[].")


def _type(field: dict[str, Any]) -> str:
    """Return the type of a field in words, such as `number or null`."""
    choices = field.get("oneOf") or field.get("anyOf")
    if choices:
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join("null" if value is None else f"`{value}`" for value in field["enum"])
    kinds = field.get("type", "any")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


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
    """Return what each exit status means, and what each verb makes of what happened."""
    rows = "".join(f"| {code.value} | {EXIT_CODE_WORDS[code]} |\n" for code in ExitCode)
    table = "".join(
        f"| {what} | {' | '.join(str(codes.get(verb, '')) for verb in VERBS)} |\n"
        for what, codes in EXIT_CODES_BY_VERB.items()
    )
    verbs = " | ".join(f"`{verb}`" for verb in VERBS)
    return EXIT_CODES_PAGE.format(rows=rows, verbs=verbs, columns=" --- |" * len(VERBS), table=table)


def config_page() -> str:
    """Each key of the configuration."""
    rows = "".join(
        f"| `{name}` | {key.kind.words} | {_code(default_words(key.attribute))} | {key.purpose} |\n"
        for name, key in KEYS.items()
    )
    return CONFIG_PAGE.format(example=CONFIG_EXAMPLE, rows=rows)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def config_schema() -> str:
    """Return the JSON Schema of the configuration."""
    properties = {name: {"description": sentence(key.purpose), **key.kind.schema} for name, key in KEYS.items()}
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


def changed(wanted: dict[Path, str]) -> list[Path]:
    """Return the files that are missing, differ, or are left over from a rule that is gone."""
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
