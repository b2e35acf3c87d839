"""Describe the inputs and outputs of the step: the one table of what action.yml and docs/inputs.md state.

`tools/generate_docs.py` writes both actions and the tables of the documentation from it. `inputs` reads the inputs.
"""

from __future__ import annotations

from carbon_lint.config import default_words
from carbon_lint.config_keys import KEYS


def _key(name: str, more: str = "") -> str:
    """Return the words on an input that is a key of the configuration, too."""
    key = KEYS[name]
    configured = default_words(key.attribute)
    words = f"{key.purpose}{more}{f'. As configured, else {configured}' if configured else ''}"
    return f"{words[0].upper()}{words[1:]}"


INPUTS = {
    "command": "What to run and measure, a `bash -euo pipefail` script. Without it nothing is measured: lint, gate or publish only",
    "setup": "Script that runs before the measuring starts, such as `pip install -r requirements.txt`",
    "working-directory": "Folder in which `setup` and `command` run; the workspace by default",
    "location": _key("location", ". Needed for grams, unless another input states the carbon intensity"),
    "carbon-intensity": _key("carbon-intensity"),
    "allow-unusual-intensity": _key("allow-unusual-intensity"),
    "electricity-maps": _key("electricity-maps"),
    "electricity-maps-token": "Token of Electricity Maps; by default the variable ELECTRICITYMAPS_API_TOKEN of the step. Never given to the command",
    "max-emissions": _key("max-emissions"),
    "max-energy": _key("max-energy"),
    "baseline": _key("baseline"),
    "max-increase": _key("max-increase"),
    "on-exceed": _key("on-exceed"),
    "stop-when": _key("stop-when"),
    "on-modelled": _key("on-modelled"),
    "grace": _key("grace"),
    "expected-duration": "How long the job should take, such as 2h: to warn of a limit it is heading over if it prints no progress",
    "require": _key("require"),
    "run-group": _key("run-group"),
    "card": "Model card that gets the figures, relative to the workspace",
    "card-body": _key("card-body", ", here and on the Hub"),
    "cards": "Cards or folders to lint, one a line; the card, or every README.md, by default",
    "lint": "Lint the cards",
    "fail-on": _key("fail-on"),
    "config": "Path of carbon-lint.toml; found by itself by default",
    "publish": "auto commits on the default branch only (push or schedule); always; pr opens a pull request on the Hub; never",
    "replace-card": "Replace the whole card on the Hub by `card`, its text included; the log shows what is lost. By default only the figures change",
    "hub-repo": "Model on the Hugging Face Hub whose card gets the figures, OWNER/NAME. If the command is stopped or fails, the commits that it pushed there are listed",
    "hf-token": "Hugging Face token with write access to hub-repo. Not needed with a Trusted Publisher. Never given to the command",
    "pass-env": _key("pass-env"),
    "remote-ok": "Run a command whose work is done elsewhere (ssh, kubectl, srun, a remote Docker), and measure its client alone",
    "leave-containers": "Neither count nor stop the containers that the command's scripts start",
    "pr-comment": "Write the result into one comment on the pull request (permission pull-requests: write)",
    "github-token": "Token for the comment and for the limits of a pull request's base",
    "sarif-file": "Write the lint findings as SARIF to this path, for github/codeql-action/upload-sarif",
    "summary": "Write the result into the step's summary",
    "record": "Path of the record, or a folder/ for one a run: written if command is given, else read. carbon-lint-record.json by default",
    "allow-foreign": "Read a `record` that was not made by this run of this repository, such as one of a cluster",
    "attestations": "Write what the next step, `actions/attest`, signs: grams, kWh, methods, hashes and run. docs/verifying.md has both steps",
    "with-evidence": "Publish the record, its journal and its signature beside the card, for `carbon-lint verify OWNER/MODEL`",
    "comment-on": "When to update the comment: change, always or failure",
    "job-index": "Index of the job in its matrix, part of the record's key",
    "baseline-max-age": _key("baseline-max-age"),
}
"""Name -> what it is for."""

FROM_GITHUB = {"github-token": "${{ github.token }}", "job-index": "${{ strategy.job-index }}"}
"""The defaults that only a workflow can state; `ActionInputs` has all others."""

OUTPUTS = {
    "outcome": "completed, over-budget, failed, interrupted or unmeasured; empty if nothing was measured",
    "verdict": "pass, fail or inconclusive; empty without a limit, and for a run that was cancelled within it",
    "emissions-g": "Emissions in grams; empty if not measured",
    "energy-kwh": "Energy in kWh; empty if not measured",
    "budget-used": "Share of the tightest limit, 1 at the limit; empty without one",
    "over-budget": "true or false",
    "undecided": "true if the limit lies within the error of an estimated figure",
    "card-changed": "true if the card was changed",
    "card-url": "The commit or pull request on the Hub; empty if there is none",
    "record": "Path of the record, relative to the workspace",
    "attestation-predicate": "Path of what is to be signed, for `predicate-path` of actions/attest; empty unless `attestations` is true",
    "attestation-type": "Its type, for `predicate-type`",
    "errors": "Number of lint errors",
    "warnings": "Number of lint warnings",
}
"""Name -> what it holds."""

LINT_INPUTS = ("cards", "fail-on", "config", "sarif-file", "summary")
LINT_OUTPUTS = ("errors", "warnings")
"""What the action that only lints takes and sets; all of it means what it does in the others."""
