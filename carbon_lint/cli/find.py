"""Find models on the Hugging Face Hub by the emissions that their cards state.

  carbon-lint find --max 100g --task text-classification
  carbon-lint find --greener-than owner/model

It takes grams only from a number, or from text with one clear unit. It counts
the figures that it cannot read; --show-unreadable lists them. You need no
token.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_format_argument, read_flag, show_wait, whole
from carbon_lint.errors import UsageError
from carbon_lint.hub.client.target import parse_target
from carbon_lint.report.search import RENDER
from carbon_lint.units import parse_duration_s, parse_emissions_g

if TYPE_CHECKING:
    from carbon_lint.hub.search.find import FindRequest


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint find`."""
    limits = parser.add_argument_group("which")
    limits.add_argument("--max", metavar="QUANTITY", help="the most emissions, such as 100g or '2 kg'")
    limits.add_argument("--min", metavar="QUANTITY", help="the least emissions")
    limits.add_argument("--greener-than", metavar="MODEL", help="same task, lower emissions, more downloads than this")
    limits.add_argument("--task", metavar="NAME", help="of this task, such as text-classification")
    limits.add_argument("--author", metavar="NAME", help="a user or organisation")
    limits.add_argument("--library", metavar="NAME", help="of this library, such as transformers")
    limits.add_argument("--search", metavar="TEXT", help="text in the model's name")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--sort",
        choices=("emissions", "downloads", "likes"),
        default="emissions",
        help="order of the list (default: emissions)",
    )
    shown.add_argument("--limit", metavar="N", help="show at most N models")
    add_format_argument(shown, "text", "json", "csv")
    shown.add_argument("--show-unreadable", action="store_true", help="list what could not be read, and why")
    parser.add_argument("--timeout", metavar="DURATION", default="10m", help="for everything (default 10m)")


def run(arguments: Namespace) -> int:
    """Search, print, return 0."""
    from carbon_lint.hub.client.http import Deadline
    from carbon_lint.hub.client.session import open_catalogue, quiet_client
    from carbon_lint.hub.search.find import find, greener_than

    request = _request(arguments)
    deadline = Deadline(read_flag(arguments, "timeout", parse_duration_s), show_wait)
    with quiet_client(), open_catalogue(os.environ, deadline=deadline) as catalogue:
        model = read_flag(arguments, "greener_than", lambda text: parse_target(text, catalogue.endpoint))
        if model is not None:
            request = greener_than(model, request, catalogue)
        result = find(request, catalogue)
    sys.stdout.write(RENDER[arguments.format](result, catalogue.endpoint, show_unreadable=arguments.show_unreadable))
    return 0


def _request(arguments: Namespace) -> FindRequest:
    from carbon_lint.hub.search.find import FindRequest, Sort

    request = FindRequest(
        max_g=read_flag(arguments, "max", parse_emissions_g),
        min_g=read_flag(arguments, "min", parse_emissions_g),
        task=arguments.task,
        author=arguments.author,
        library=arguments.library,
        search=arguments.search,
        sort=Sort(arguments.sort),
        limit=read_flag(arguments, "limit", whole),
    )
    if request.max_g is not None and request.min_g is not None and request.min_g > request.max_g:
        raise UsageError(f"--min {arguments.min} is more than --max {arguments.max}", hint="swap them")
    return request
