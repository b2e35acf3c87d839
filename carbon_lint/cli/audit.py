"""Check every card of an organisation, of a list of models, or of a file of cards.

  carbon-lint audit --author my-org
  carbon-lint audit --from cards.parquet --format json
  carbon-lint audit --author my-org --open-prs --max-prs 5 --yes

After Ctrl-C, the same command continues an audit of the Hub. An audit of a
file reports the cards that it has checked so far.

Exit status: 0 clean, 1 if a card has errors, 3 if no card could be read.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from carbon_lint import __version__
from carbon_lint.cli.flags import (
    add_format_argument,
    add_output_arguments,
    check_output,
    put,
    read_flag,
    say,
    show_wait,
    whole,
)
from carbon_lint.config import Settings, load
from carbon_lint.errors import HubError, UsageError
from carbon_lint.lint.batch import cores
from carbon_lint.text import plural
from carbon_lint.units import format_duration, parse_duration_s

if TYPE_CHECKING:
    from carbon_lint.hub.audit.cards import Tally
    from carbon_lint.hub.audit.run import AuditProgress
    from carbon_lint.hub.client.catalogue import Catalogue

CHECKPOINT = "carbon-lint-audit.jsonl"
DEFAULT_MAX_PRS = 10
LOG_EVERY_S = 30.0
SHOW_EVERY_S = 0.1
BAR = 24


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint audit`."""
    which = parser.add_argument_group("which cards").add_mutually_exclusive_group(required=True)
    which.add_argument("--author", metavar="NAME", help="all models of a user or organisation on the Hub")
    which.add_argument("--models", metavar="FILE", help="the models named in a file, one a line")
    which.add_argument("--from", metavar="FILE", dest="file", help="the cards in a .jsonl or .parquet file")
    add_format_argument(parser, "text", "json", "html", "sarif")
    add_output_arguments(parser)
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        default=CHECKPOINT,
        help=f"checkpoint of an audit of the Hub (default {CHECKPOINT})",
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit with 0 also if there are errors")
    parser.add_argument("--timeout", metavar="DURATION", help="for everything (default: no limit)")
    parser.add_argument("--token-file", metavar="FILE", type=Path, help="a file with the token and nothing else")
    _add_file_arguments(parser)
    pulls = parser.add_argument_group("corrections")
    pulls.add_argument("--open-prs", action="store_true", help="propose grams if a card's own figures prove kilograms")
    pulls.add_argument("--max-prs", metavar="N", help=f"at most so many (default {DEFAULT_MAX_PRS})")
    pulls.add_argument("--yes", action="store_true", help="open them; without --yes they are only listed")


def _add_file_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("for a file of cards (--from)")
    group.add_argument("--workers", metavar="N", help="number of processes (default: one per core)")
    group.add_argument("--stating-only", action="store_true", help="read only cards that mention CO2 or emissions")
    group.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="this machine (default), or a Ray cluster"
    )
    group.add_argument("--ray-address", metavar="ADDRESS", help="a running Ray cluster (default: start one here)")


def run(arguments: Namespace) -> int:
    """Audit, print the report, return 0 or 1."""
    from carbon_lint.hub.audit.cards import check_not_empty

    _refuse_what_cannot_be_combined(arguments)
    check_output(arguments, arguments.format)
    for name in ("workers", "max_prs"):
        read_flag(arguments, name, whole)  # before the hours that an audit takes
    settings = load(".")
    sums = _of_file(arguments, settings) if arguments.file else _of_hub(arguments, settings)
    check_not_empty(sums, arguments.file or arguments.models or arguments.author)
    return 1 if sums.with_errors and not arguments.exit_zero else 0


def _refuse_what_cannot_be_combined(arguments: Namespace) -> None:
    if arguments.file and arguments.open_prs:
        raise UsageError("--open-prs needs the Hub", hint="name the models by --models, or --author")
    if arguments.engine == "ray" and not arguments.file:
        raise UsageError(
            "--engine ray is for a file of cards", hint="the Hub's allowance of requests is the limit there"
        )


def _of_file(arguments: Namespace, settings: Settings) -> Tally:
    from carbon_lint.hub.audit.cards import tally
    from carbon_lint.hub.audit.run import audit_in_processes, watched
    from carbon_lint.hub.audit.sources import cards_in

    if arguments.engine == "ray":
        from carbon_lint.hub.audit.ray_engine import audit_on_ray

        verdicts = audit_on_ray(arguments.file, settings, arguments.ray_address, only_mentioning=arguments.stating_only)
    else:
        # handing a card to another process costs more than looking for a word in it
        workers = read_flag(arguments, "workers", whole) or (1 if arguments.stating_only else cores())
        cards = cards_in(arguments.file)
        verdicts = audit_in_processes(cards, settings, workers, only_mentioning=arguments.stating_only)
    with closing(_Show()) as show, _interrupt_asked_for() as is_asked_for:
        sums = tally(itertools.takewhile(lambda _: not is_asked_for(), watched(verdicts, show, of=None)))
    _write(sums, arguments, None)
    if is_asked_for():
        say(f"stopped; the report is of the first {sums.cards} cards")
        raise KeyboardInterrupt
    return sums


@contextmanager
def _interrupt_asked_for() -> Iterator[Callable[[], bool]]:
    """Yield whether Ctrl-C was pressed. The first is only noted, so the report still comes; a second one ends."""
    asked: list[int] = []

    def note(signum: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(signum)

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, previous)


def _of_hub(arguments: Namespace, settings: Settings) -> Tally:
    from carbon_lint.hub.client.auth import no_token
    from carbon_lint.hub.client.http import Deadline
    from carbon_lint.hub.client.session import open_catalogue, quiet_client

    timeout_s = read_flag(arguments, "timeout", parse_duration_s)
    with (
        quiet_client(),
        closing(_Show()) as show,
        open_catalogue(
            os.environ, deadline=Deadline(timeout_s, show.wait), token_file=arguments.token_file
        ) as catalogue,
    ):
        if arguments.open_prs and arguments.yes and catalogue.credentials is None:
            raise no_token(os.environ)
        try:
            sums = _audit_hub(arguments, settings, catalogue, show)
        except (KeyboardInterrupt, HubError):
            show.close()
            say(f"stopped; what was found is in {arguments.checkpoint}: the same command goes on from there")
            raise
        show.close()
        _write(sums, arguments, catalogue.endpoint)
        if arguments.open_prs:
            _open_prs(arguments, sums, settings, catalogue)
    return sums


def _audit_hub(arguments: Namespace, settings: Settings, catalogue: Catalogue, show: _Show) -> Tally:
    from carbon_lint.hub.audit.checkpoint import Checkpoint
    from carbon_lint.hub.audit.run import audit_models
    from carbon_lint.hub.audit.sources import ids_in, ids_of

    names = ids_of(arguments.author, catalogue) if arguments.author else ids_in(arguments.models)
    key = {"endpoint": catalogue.endpoint, "author": arguments.author, "models": arguments.models, "by": __version__}
    with Checkpoint(Path(arguments.checkpoint), key) as checkpoint:
        if before := checkpoint.done.keys() & names:
            say(f"{len(before)} of {len(names)} were judged before, going on")
        return audit_models(names, settings, catalogue, checkpoint, show)


def _write(sums: Tally, arguments: Namespace, endpoint: str | None) -> None:
    from carbon_lint.report.audit import RENDER, About

    title = arguments.file or arguments.author or arguments.models
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = RENDER[arguments.format](sums, About(title, when, endpoint))
    put(text, arguments.output)


def _open_prs(arguments: Namespace, sums: Tally, settings: Settings, catalogue: Catalogue) -> None:
    """Open the pull requests, or say which would be: on standard error, because the report is on standard output."""
    from carbon_lint.hub.publish.proposals import propose_each

    seen = new = 0
    most = read_flag(arguments, "max_prs", whole) or DEFAULT_MAX_PRS
    for done in propose_each(sums.proposals, settings, catalogue, most=most, is_meant=arguments.yes):
        seen, new = seen + 1, new + done.is_new
        name = f"would propose to {done.id}" if done.is_new and done.url is None else done.id
        say(f"{name}: {done.note} {done.url or ''}".rstrip())
    left = len(sums.proposals) - seen
    if left:
        say(f"stopped at --max-prs {most}; {left} more models may follow")
    if not arguments.yes:
        say(f"--yes opens {plural(new, 'pull request')}")


class _Show:
    """Show progress on standard error: a bar on a terminal, a line now and then in a log."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._every_s = SHOW_EVERY_S if self._is_terminal else LOG_EVERY_S
        self._last = time.monotonic()
        self._is_drawn = False

    def __call__(self, progress: AuditProgress) -> None:
        """Take one step; shown only now and then."""
        now = time.monotonic()
        if now - self._last < self._every_s:
            return
        self._last = now
        line = progress_line(progress)
        self._is_drawn = self._is_terminal
        sys.stderr.write(f"\r\x1b[K{line}" if self._is_terminal else f"carbon-lint: {line}\n")
        sys.stderr.flush()

    def wait(self, seconds: float, why: str) -> None:
        """Say why nothing moves."""
        self.close()
        show_wait(seconds, why)

    def close(self) -> None:
        """Take the bar away."""
        if self._is_drawn:
            sys.stderr.write("\r\x1b[K")
            self._is_drawn = False


def progress_line(progress: AuditProgress) -> str:
    """Return `[######      ] 120 of 480 cards, 12.0 s, about 36.0 s left`."""
    if progress.of is None:
        return f"{progress.done} cards, {format_duration(progress.elapsed_s)}"
    filled = round(BAR * progress.done / progress.of) if progress.of else BAR
    bar = "#" * filled + " " * (BAR - filled)
    left = "" if progress.left_s is None else f", about {format_duration(progress.left_s)} left"
    return f"[{bar}] {progress.done} of {progress.of} cards, {format_duration(progress.elapsed_s)}{left}"
