"""Hold the fixed text of the pages and files that `generate_docs.py` writes."""

IN_THE_JOB = """\
runs:
  using: composite
  steps:
    - id: carbon-lint
      shell: bash
      env:
        CARBON_LINT_INPUTS: ${{{{ toJSON(inputs) }}}}
      # exec, so that a cancelled run's signal reaches Python and not only the shell.
      run: exec bash "{command}
"""

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

[[budget]]                          # of a team, over time: docs/budgets.md
name = "vision"
models = ["acme/vit-*"]             # globs; left out: every run
window = "month"                    # or an age, such as "30d"
max-emissions = "10 kg"
warn-at = "80%"
owner = "@ann"
"""

EXIT_CODES_PAGE = """\
# Exit codes

The exit code never depends on the output format.

| Code | Meaning |
| --- | --- |
{rows}
`carbon-lint run` passes the job's own exit status through if the job failed, and 128+n if signal n ended it, so a 1 may
be the job's. `outcome` and `over_budget` in the record tell them apart, and are what to go by.

## What happened, by verb

The same thing can mean more to one verb than to another: without a location nothing is measured by `run` (125), while
`estimate` was called wrongly (2); a Hub that refuses is a failed publication only for `publish` (4). The GitHub step
ends as `run`, `gate`, `check` and `publish` do, whichever of them it came to.

| What happened | {verbs} |
| --- |{columns}
{table}"""

CONFIG_PAGE = """\
# Configuration

The configuration is `carbon-lint.toml`, or `[tool.carbon-lint]` in `pyproject.toml`. `check` looks for it in the folder
of each card, `init` in the folder that it is given, and every other verb and `measure` of Python in the folder you are
in, wherever the card or record lies. If it is not there, they look in the folders above, up to the root of the
repository (the folder that holds `.git`). Outside a repository they look up to the root of the file system: a file in
your home folder holds for all below it. The first one found is used, alone. No environment variable sets a key of it.

A flag wins over the file, except that a limit can only be tightened: of a limit in the file and one given as flag or
action input, the lower one holds. An unknown key is an error. On a pull request the GitHub step takes the whole
configuration from the merge base ([github.md](github.md#limits-and-who-may-change-them)).

A path in the file is relative to the folder of the file, wherever carbon-lint is started: `card`, the `record:PATH` of
`baseline`, and the globs of `per-file-ignores`.

A place in the file (`location`, `carbon-intensity`, `electricity-maps`) is that of runs to come: only a flag prices a
record or an `emissions.csv` that is there already.

```toml
{example}```

| Key | Value | Default | What it is for |
| --- | --- | --- | --- |
{rows}
Editors that know JSON Schema check the file with [`schemas/config.schema.json`](../schemas/config.schema.json).
"""

INPUTS_PAGE = """\
# Inputs and outputs of the GitHub step

Both actions have the same: `uses: OWNER/carbon-lint@v0` and `uses: OWNER/carbon-lint/in-job@v0`. A path is relative to
the workspace. An input that is not listed here stops the step before the job. [The guide](guides/action.md) shows them
at work.

## Inputs

| Input | Default | What it is |
| --- | --- | --- |
{inputs}
## Outputs

The step writes them before it ends, also if it fails, is cancelled or runs out of time.

| Output | What it is |
| --- | --- |
{outputs}"""

RECORD_PAGE = """\
# The record

A record is the JSON file that `carbon-lint run --record r.json` writes. It holds all that is known about one run.
Its format is `{format}`; the JSON Schema is [`schemas/record.schema.json`](../schemas/record.schema.json).

`null` means *not measured*. It never means 0. A unit is part of the name: `emissions_g`, `energy_kwh`, `duration_s`.

| Field | Type | What it is |
| --- | --- | --- |
{rows}"""
