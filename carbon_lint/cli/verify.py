"""Check the figure on a card against its evidence, without trusting the author.

  carbon-lint verify README.md --record r.json
  carbon-lint verify README.md --record r.json --journal r.jsonl.gz
  carbon-lint verify owner/model

It computes the figures again from the journal. Three lists show what is
proven, what is only claimed, and what cannot be known. Without --record it
reads the files that `publish --with-evidence` puts beside the card:
carbon-lint.json, carbon-lint.jsonl.gz and carbon-lint.sigstore.json.

Exit status: 0 if nothing contradicts the figure, 1 if something does, 3 if
the card has no figure.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_format_argument, read_flag, say
from carbon_lint.errors import UsageError
from carbon_lint.files import read_named
from carbon_lint.records.document import BUNDLE, JOURNAL, RECORD
from carbon_lint.records.journal import existing, journal_path
from carbon_lint.records.store import MARK, record_file
from carbon_lint.report.verification import render_json, render_text
from carbon_lint.text import quoted
from carbon_lint.units import parse_duration_s

if TYPE_CHECKING:
    from carbon_lint.verification.verify import VerifyRequest


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint verify`."""
    parser.add_argument("card", metavar="CARD", help="a model card, or a model on the Hub: owner/model")
    parser.add_argument(
        "--record", metavar="FILE", help="the record of the run (default: carbon-lint.json beside the card)"
    )
    parser.add_argument("--journal", metavar="FILE", help="the run's journal (default: the one beside the record)")
    parser.add_argument(
        "--bundle",
        metavar="FILE",
        help="the signature of the record (default: carbon-lint.sigstore.json beside the card)",
    )
    parser.add_argument(
        "--trusted-root",
        metavar="FILE",
        help="the keys to check signatures with (default: those of the public Sigstore, over the network)",
    )
    parser.add_argument("--revision", default="main", metavar="REF", help="branch or commit on the Hub (default main)")
    parser.add_argument("--timeout", default="60s", metavar="DURATION", help="for all requests (default 60s)")
    add_format_argument(parser)


def run(arguments: Namespace) -> int:
    """Check the figure, print what is known of it, return 0 or 1."""
    from carbon_lint.verification.verify import verify

    with ExitStack() as stack:
        if _is_on_hub(arguments.card):
            evidence = _from_hub(arguments, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        else:
            evidence = _from_files(arguments)
        found = verify(evidence)
    sys.stdout.write((render_json if arguments.format == "json" else render_text)(found))
    return 1 if found.is_contradicted else 0


def _is_on_hub(card: str) -> bool:
    """Return whether it names a model on the Hub: no such file, and nothing that only a file would have."""
    if os.path.exists(card):
        return False
    return "://" in card or (card.count("/") == 1 and card[0] not in "./~" and not card.lower().endswith(".md"))


def _from_files(arguments: Namespace) -> VerifyRequest:
    from carbon_lint.verification.verify import VerifyRequest

    card = read_named(arguments.card, "card")
    if card.lstrip().startswith(b"{") and MARK in card:
        raise UsageError(
            f"{quoted(arguments.card)} is a record, expected a model card",
            hint=f"carbon-lint verify README.md --record {shlex.quote(arguments.card)}",
        )
    folder = Path(arguments.card).parent
    record = arguments.record
    if record is None and (folder / RECORD).is_file():
        record = os.fspath(folder / RECORD)
    if record is None and (arguments.journal or arguments.bundle):
        given = "journal" if arguments.journal else "bundle"
        raise UsageError(f"--{given} is given without the record", hint="add --record r.json")
    record = None if record is None else os.fspath(record_file(record))
    journal = arguments.journal
    if journal is None and record is not None:
        beside = existing(journal_path(record))
        journal = os.fspath(beside) if beside.is_file() else None
    bundle = arguments.bundle or (os.fspath(folder / BUNDLE) if record and (folder / BUNDLE).is_file() else None)
    return VerifyRequest(
        card=card,
        card_name=arguments.card,
        record=None if record is None else read_named(record, "record"),
        record_name=record or "",
        folder_path=record,
        journal_path=journal,
        bundle=None if bundle is None else read_named(bundle, "bundle"),
        bundle_name=bundle or "",
        trusted_root=arguments.trusted_root,
    )


def _from_hub(arguments: Namespace, folder: Path) -> VerifyRequest:
    for name in ("record", "journal", "bundle"):
        if getattr(arguments, name) is not None:
            raise UsageError(
                f"--{name} is for a card that is a file, and {quoted(arguments.card)} is on the Hub",
                hint="download the card, or leave the option out: what lies beside the card is taken",
            )
    from carbon_lint.hub.client.endpoint import endpoint_of, notes_on
    from carbon_lint.hub.client.http import Deadline, UnansweredError
    from carbon_lint.hub.evidence import read_published
    from carbon_lint.verification.verify import VerifyRequest

    say(*notes_on(endpoint_of(os.environ)))
    deadline = Deadline(read_flag(arguments, "timeout", parse_duration_s))
    try:
        there = read_published(arguments.card, os.environ, arguments.revision, deadline)
    except UnansweredError as error:
        hint = f"nothing of {arguments.card} was checked: neither card, record, journal nor signature; try again"
        raise error.again(hint=hint) from error
    journal = folder / JOURNAL
    if there.journal is not None:
        journal.write_bytes(there.journal)
    return VerifyRequest(
        card=there.card,
        card_name=f"{arguments.card} at {there.sha[:12]}",
        record=there.record,
        record_name=RECORD,
        journal_path=None if there.journal is None else os.fspath(journal),
        bundle=there.bundle,
        bundle_name=BUNDLE,
        trusted_root=arguments.trusted_root,
    )
