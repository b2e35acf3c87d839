"""Commit a card to the Hugging Face Hub, exactly once, whatever the network does.

  carbon-lint publish README.md --to owner/model          the whole card
  carbon-lint publish --record r.json --to owner/model    a run's figures, into the card that is on the Hub

Nothing is committed where the card is there already. Exit status 4 where the card could not be published, 1 where the
card to be committed has errors.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, UsageError
from carbon_lint.text import terminal
from carbon_lint.units import parse_duration_s

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.hub.publish import Plan, Published, PublishRequest
    from carbon_lint.records.record import Record


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint publish`."""
    parser.add_argument("card", metavar="CARD", nargs="?", help="the card to publish whole")
    parser.add_argument("--to", metavar="MODEL", required=True, help="owner/model, or the address of its page")
    parser.add_argument("--record", metavar="FILE", help="what `carbon-lint run --record` wrote")
    block = parser.add_argument_group("with --record alone, for the block")
    block.add_argument("--training-type", metavar="TEXT", help="pre-training or fine-tuning; else kept as it is")
    block.add_argument(
        "--replace", action="store_true", help="also a smaller figure over a larger one of its run group"
    )
    where = parser.add_argument_group("where and how")
    where.add_argument("--revision", metavar="NAME", default="main", help="branch or refs/pr/N (default main)")
    where.add_argument("--create-pr", action="store_true", help="in a pull request; one that is open is updated")
    where.add_argument("--message", metavar="TEXT", help="the commit's first line")
    where.add_argument("--overwrite", action="store_true", help="also where somebody else changes the card meanwhile")
    where.add_argument("--dry-run", action="store_true", help="show the change, commit nothing")
    where.add_argument("--timeout", metavar="DURATION", default="2m", help="for the whole, waits included (default 2m)")
    where.add_argument("--token-file", metavar="FILE", type=Path, help="file that holds the token alone")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (default text)")
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="show the requests; twice: all the client logs"
    )


def run(arguments: Namespace) -> int:
    """Publish, print what became of it, and return 0."""
    from carbon_lint.hub.http import Deadline
    from carbon_lint.hub.publish import CardErrorsError, ChangedCardError, publish_card
    from carbon_lint.hub.pulls import publish_by_pull_request
    from carbon_lint.hub.session import logging_to_stderr, open_model

    if arguments.card is not None and (arguments.training_type or arguments.replace):
        raise UsageError("--training-type and --replace are for --record without a card", hint="leave them out")
    if arguments.create_pr and arguments.revision != "main":
        raise UsageError("--create-pr proposes to main", hint="leave --revision out, or --create-pr")
    record = None if arguments.record is None else _record(arguments.record)
    notes: list[str] = []
    deadline = Deadline(parse_duration_s(arguments.timeout))
    with (
        logging_to_stderr(arguments.verbose),
        open_model(
            arguments.to,
            os.environ,
            deadline=deadline,
            token_file=arguments.token_file,
            needs_token=not arguments.dry_run,
            on_wait=_say_wait,
        ) as repo,
    ):
        request = _request(arguments, _plan(arguments, record, repo.id, notes), record)
        try:
            publish = publish_by_pull_request if arguments.create_pr else publish_card
            published = publish(request, repo, deadline)
        except CardErrorsError as error:
            sys.stdout.write("".join(f"{line}\n" for line in error.findings))
            raise
        except ChangedCardError as error:
            sys.stdout.write(_escaped(error.diff))
            raise
    _print(replace(published, notes=tuple(notes)), arguments.format)
    return 0


def _request(arguments: Namespace, plan: Plan, record: Record | None) -> PublishRequest:
    from carbon_lint.config import load
    from carbon_lint.hub.judging import emissions_of, linter
    from carbon_lint.hub.publish import PublishRequest
    from carbon_lint.lint.evidence import from_records

    evidence = None if arguments.record is None else from_records([arguments.record])
    return PublishRequest(
        plan=plan,
        revision=arguments.revision,
        record=record,
        check=linter(load("."), evidence),
        emissions_of=emissions_of,
        overwrite=arguments.overwrite,
        title=arguments.message,
        dry_run=arguments.dry_run,
    )


def _plan(arguments: Namespace, record: Record | None, repo_id: str, notes: list[str]) -> Plan:
    """The whole card where one is named, else the record's figures in the card that is on the Hub."""
    from carbon_lint.card.figures import card_with_record
    from carbon_lint.hub.publish import EditedCard, WholeCard

    if arguments.card is not None:
        return WholeCard(_read(arguments.card))
    if record is None:
        raise UsageError("nothing to publish", hint="name a card, or a record by --record r.json")

    def edit(theirs: bytes) -> bytes:
        change = card_with_record(
            theirs, f"{repo_id}/README.md", record, training_type=arguments.training_type, replace=arguments.replace
        )
        notes[:] = change.notes
        return change.after

    return EditedCard(edit, repo_id)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint="name the card to publish") from error


def _record(path: str) -> Record:
    from carbon_lint.records.store import load_record

    return load_record(path)


def _say_wait(seconds: float, why: str) -> None:
    sys.stderr.write(f"carbon-lint: {terminal(why)}; trying again in {seconds:.1f} s\n")


def _print(published: Published, form: str) -> None:
    if form == "json":
        sys.stdout.write(json.dumps(_as_json(published), indent=2) + "\n")
        return
    sys.stderr.write("".join(f"carbon-lint: note: {terminal(note)}\n" for note in published.notes))
    where = published.repo_id if published.revision == "main" else f"{published.repo_id} ({published.revision})"
    if published.diff is not None:
        change = _escaped(published.diff)
        sys.stdout.write(change or f"unchanged: {where} has this card already\n")
    elif published.changed and published.pull_request is not None:
        sys.stdout.write(f"proposed to {published.repo_id} in pull request {published.pull_request}\n{published.url}\n")
    elif published.changed:
        sys.stdout.write(f"published to {where}\n{published.url}\n")
    else:
        sys.stdout.write(f"unchanged: {where} has this card already, nothing was committed\n{published.url}\n")


def _as_json(published: Published) -> dict[str, object]:
    return {
        "format": 1,
        "model": published.repo_id,
        "revision": published.revision,
        "changed": published.changed,
        "commit": published.oid,
        "url": published.url,
        "pull_request": published.pull_request,
        "diff": published.diff,
        "notes": list(published.notes),
    }


def _escaped(diff: str) -> str:
    return "".join(f"{terminal(line)}\n" for line in diff.split("\n")[:-1])
