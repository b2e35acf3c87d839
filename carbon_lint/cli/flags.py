"""Add and read the flags that several verbs share. Nothing heavy is imported here: `check` shares one of them."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace, _ActionsContainer

    from carbon_lint.pipeline.options import Options


def add_place_arguments(parser: _ActionsContainer, *, is_run: bool = False) -> None:
    """Add the flags that say where the energy comes from. A run may span hours, an estimate is made in one."""
    from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE

    parser.add_argument(
        "--location", metavar="PLACE", help="FRA, USA/virginia, gcp/us-central1, ...; auto asks this machine's cloud"
    )
    parser.add_argument("--carbon-intensity", metavar="G_PER_KWH", help="carbon intensity in g/kWh, e.g. 56.04")
    add_unusual_argument(parser)
    parser.add_argument("--intensity-source", metavar="TEXT", help="where the figure of --carbon-intensity comes from")
    figure = "each hour's own" if is_run else "the present hour's"
    parser.add_argument(
        "--electricity-maps",
        metavar="ZONE",
        help=f"a zone of Electricity Maps, e.g. FR: use {figure} figure; the token is in {GRID_TOKEN_VARIABLE}",
    )


def add_unusual_argument(parser: _ActionsContainer) -> None:
    """Add the flag that accepts what is most likely an error of unit."""
    parser.add_argument(
        "--allow-unusual-intensity",
        action="store_true",
        help="accept a carbon intensity outside 1 to 1,500 g/kWh, the range of all grids",
    )


def add_format_argument(parser: _ActionsContainer, *formats: str) -> None:
    """Add `--format`: text by default, or JSON unless others are named."""
    formats = formats or ("text", "json")
    parser.add_argument("--format", choices=formats, default="text", help="format of the output (default text)")


def add_limit_arguments(parser: _ActionsContainer) -> None:
    """Add the two limits of a run."""
    parser.add_argument("--max-emissions", metavar="QUANTITY", help="limit of the emissions, e.g. '1 kg', '500 g'")
    parser.add_argument("--max-energy", metavar="QUANTITY", help="limit of the energy, e.g. '2 kWh', '250 Wh'")


def add_baseline_arguments(parser: _ActionsContainer) -> None:
    """Add the flags of the verbs that compare a run with what came before, in a group of their own."""
    from carbon_lint.records.ledger_url import LEDGER_FOLDER, LEDGER_VARIABLE

    group = parser.add_argument_group("compare with an earlier run")
    group.add_argument(
        "--baseline", metavar="SOURCE", help="the earlier run: card, record:PATH, ledger:BRANCH or hub:OWNER/MODEL"
    )
    group.add_argument(
        "--max-increase",
        metavar="INCREASE",
        help="allowed increase, e.g. '10%% and 5 g': fail if it is over both",
    )
    group.add_argument("--baseline-max-age", metavar="AGE", help="show an older run, but do not judge by it, e.g. 90d")
    group.add_argument(
        "--baseline-card", metavar="FILE", help="for --baseline card (default: as configured, else README.md)"
    )
    group.add_argument(
        "--ledger",
        metavar="URL",
        help=f"for --baseline ledger:BRANCH (default ${LEDGER_VARIABLE}, else {LEDGER_FOLDER})",
    )


def options_from(arguments: Namespace, *, without: tuple[str, ...] = ()) -> Options:
    """Return what the flags of any verb ask for, `without` those that mean something else to it. Raises UsageError."""
    import os

    from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE
    from carbon_lint.pipeline.options import read_options

    return read_options(
        {name: value for name, value in vars(arguments).items() if name not in without},
        grid_token=os.environ.get(GRID_TOKEN_VARIABLE),
        grid_token_hint=f"set {GRID_TOKEN_VARIABLE}, or use --location FRA",
    )


def put(text: str, path: str | None) -> None:
    """Write a report to the file that `--output` names, else to standard output. Raises OutputError."""
    if path is None:
        sys.stdout.write(text)
        return
    from carbon_lint.files import write_atomically

    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def spelled(option: str, value: str) -> str:
    """Return an option as it is typed: `--max-emissions '1 kg'`."""
    from shlex import quote

    return f"--{option} {value if value.isupper() else quote(value)}" if value else f"--{option}"
