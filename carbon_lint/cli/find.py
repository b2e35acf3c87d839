"""Find models on the Hugging Face Hub by the emissions that their cards state.

  carbon-lint find --max 100g --task text-classification
  carbon-lint find --greener-than owner/model

It takes grams only from a number, or from text with one clear unit. It counts
the figures that it cannot read; --show-unreadable lists them. You need no
token.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from carbon_lint.cli.hub_extra import need_hub, show_wait
from carbon_lint.errors import UsageError
from carbon_lint.hub.client.target import parse_target
from carbon_lint.text import quoted, spreadsheet, terminal
from carbon_lint.units import format_emissions, parse_duration_s, parse_emissions_g

if TYPE_CHECKING:
    from carbon_lint.hub.client.catalogue import Catalogue
    from carbon_lint.hub.search.find import FindRequest, FindResult, FoundModel

_STATED_WIDTH = 32


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint find`."""
    limits = parser.add_argument_group("which")
    limits.add_argument("--max", metavar="QUANTITY", help="the most emissions, e.g. 100g or '2 kg'")
    limits.add_argument("--min", metavar="QUANTITY", help="the least emissions")
    limits.add_argument("--greener-than", metavar="MODEL", help="same task, lower emissions, more downloads than this")
    limits.add_argument("--task", metavar="NAME", help="e.g. text-classification")
    limits.add_argument("--author", metavar="NAME", help="a user or organisation")
    limits.add_argument("--library", metavar="NAME", help="e.g. transformers")
    limits.add_argument("--search", metavar="TEXT", help="text in the model's name")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--sort",
        choices=("emissions", "downloads", "likes"),
        default="emissions",
        help="order of the list (default: emissions)",
    )
    shown.add_argument("--limit", metavar="N", type=int, help="show at most N models")
    shown.add_argument(
        "--format", choices=("text", "json", "csv"), default="text", help="format of the output (default text)"
    )
    shown.add_argument("--show-unreadable", action="store_true", help="list what could not be read, and why")
    parser.add_argument("--timeout", metavar="DURATION", default="10m", help="for everything (default 10m)")


def run(arguments: Namespace) -> int:
    """Search, print, return 0."""
    need_hub("find")
    from carbon_lint.hub.client.session import open_catalogue, quiet_client
    from carbon_lint.hub.search.find import find, greener_than

    request = _request(arguments)
    timeout_s = parse_duration_s(arguments.timeout)
    with (
        quiet_client(),
        open_catalogue(os.environ, timeout_s=timeout_s, on_wait=show_wait) as catalogue,
    ):
        if arguments.greener_than:
            model = parse_target(arguments.greener_than, catalogue.endpoint)
            request = greener_than(model, request, catalogue)
        result = find(request, catalogue)
    sys.stdout.write(_RENDER[arguments.format](result, catalogue, arguments))
    return 0


def _request(arguments: Namespace) -> FindRequest:
    from carbon_lint.hub.search.find import FindRequest, Sort

    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit} leaves nothing", hint="give 1 or more, or leave it out")
    request = FindRequest(
        max_g=None if arguments.max is None else parse_emissions_g(arguments.max),
        min_g=None if arguments.min is None else parse_emissions_g(arguments.min),
        task=arguments.task,
        author=arguments.author,
        library=arguments.library,
        search=arguments.search,
        sort=Sort(arguments.sort),
        limit=arguments.limit,
    )
    if request.max_g is not None and request.min_g is not None and request.min_g > request.max_g:
        raise UsageError(f"--min {arguments.min} is more than --max {arguments.max}", hint="swap them")
    return request


def _json(result: FindResult, catalogue: Catalogue, _arguments: Namespace) -> str:
    from carbon_lint.hub.search.find import rows

    document = {
        "format": 1,
        "models": list(rows(result.models, catalogue.endpoint)),
        "unreadable": list(rows(result.unreadable, catalogue.endpoint)),
        "seen": result.seen,
        "within": result.within,
        "zeros_left_out": result.zeros,
        "is_complete": result.is_complete,
    }
    return json.dumps(document, indent=2) + "\n"


def _csv(result: FindResult, catalogue: Catalogue, arguments: Namespace) -> str:
    from carbon_lint.hub.search.find import rows

    shown = result.models + (result.unreadable if arguments.show_unreadable else ())
    out = io.StringIO()
    columns = ["id", "emissions_g", "stated", "is_converted", "note", "source", "task", "library", "downloads", "likes"]
    columns.append("url")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows(shown, catalogue.endpoint):
        writer.writerow({name: spreadsheet(value) if isinstance(value, str) else value for name, value in row.items()})
    return out.getvalue()


def _table(result: FindResult, _catalogue: Catalogue, arguments: Namespace) -> str:
    lines = []
    if result.models:
        lines += _columns(result.models)
    else:
        lines.append("no model within the limits")
    lines += ["", *_sums(result, arguments)]
    if arguments.show_unreadable and result.unreadable:
        lines.append("")
        lines += [f"{terminal(it.entry.id)}: {_reason(it)}" for it in result.unreadable]
    return "".join(f"{line}\n" for line in lines)


def _sums(result: FindResult, arguments: Namespace) -> list[str]:
    """Return what was looked at, and what became of it."""
    readable = result.seen - len(result.unreadable)
    so_far = "" if result.is_complete else " so far, more may follow"
    sums = f"{result.within} of {readable} readable figures fit{so_far}"
    if result.within > len(result.models):
        sums += f" (--limit shows {len(result.models)} of them)"
    if result.unreadable:
        hint = "" if arguments.show_unreadable else " (--show-unreadable lists them)"
        sums += f"; {len(result.unreadable)} could not be read{hint}"
    if not result.zeros:
        return [sums]
    return [sums, f"{result.zeros} left out: zero is often a placeholder"]


def _columns(models: tuple[FoundModel, ...]) -> list[str]:
    head = ["emissions", "downloads", "likes", "task", "model", "note"]
    cells = [
        [
            format_emissions(it.stated.emissions_g or 0.0),
            _count(it.entry.downloads),
            _count(it.entry.likes),
            terminal(it.entry.task or "-"),
            terminal(it.entry.id),
            _note(it),
        ]
        for it in models
    ]
    widths = [max(len(row[index]) for row in [head, *cells]) for index in range(len(head))]
    right = {0, 1, 2}
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *cells]
    ]


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _note(found: FoundModel) -> str:
    if found.stated.is_converted:
        return f"{_stated(found)}, {found.stated.note}"
    return found.stated.note or ""


def _reason(found: FoundModel) -> str:
    return f"{_stated(found)}: {found.stated.note}" if found.stated.text else found.stated.note or ""


def _stated(found: FoundModel) -> str:
    return quoted(found.stated.text, _STATED_WIDTH)


_RENDER = {"text": _table, "json": _json, "csv": _csv}
