"""Commit a card to the Hugging Face Hub, exactly once, even if the network fails.

  The figures of a run, into the card on the Hub:
    carbon-lint publish --record r.json --to owner/model
  The figures of README.md, into the card on the Hub:
    carbon-lint publish README.md --to owner/model
  All of README.md, over the card on the Hub:
    carbon-lint publish README.md --whole-card --to owner/model
  A draft pull request that the training pushes to, then weights and card
  together on main:
    carbon-lint publish --stage --to owner/model
    carbon-lint publish --merge refs/pr/3 --record r.json --to owner/model

Only the figures change unless you give --whole-card. A model without a card
gets all of CARD. If the Hub has the figures already, nothing is committed.
Nothing is published of a run that did not complete, that went over a limit it
was measured under, or that is over the limits of carbon-lint.toml.

Exit status: 0 done, 1 if the card has errors or the run did not pass,
4 if the card could not be published, 125 if the record has no figure for a
limit of carbon-lint.toml.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_format_argument, add_keys, read_flag, say, show_wait
from carbon_lint.config import Settings, load
from carbon_lint.errors import UsageError
from carbon_lint.files import read_named
from carbon_lint.pipeline.card import is_in_ci
from carbon_lint.records.provenance import check_origin
from carbon_lint.records.record import Record
from carbon_lint.records.store import load_record
from carbon_lint.report.layout import json_text
from carbon_lint.report.publication import as_json, as_text
from carbon_lint.text import terminal
from carbon_lint.units import parse_duration_s

if TYPE_CHECKING:
    from carbon_lint.hub.client.remote import ModelRepo
    from carbon_lint.hub.publish.card import Loss, Published
    from carbon_lint.hub.publish.figures import Publishing
    from carbon_lint.pipeline.publish import Way


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint publish`."""
    parser.add_argument("card", metavar="CARD", nargs="?", help="the card that states the figures")
    parser.add_argument("--to", metavar="MODEL", required=True, help="owner/model, or the address of its page")
    parser.add_argument("--record", metavar="FILE", help="what `carbon-lint run --record` wrote")
    parser.add_argument(
        "--whole-card", action="store_true", help="replace all of the card on the Hub by CARD; shows what is lost"
    )
    _add_block_arguments(parser)
    where = parser.add_argument_group("where and how")
    where.add_argument("--revision", metavar="REF", default="main", help="branch or refs/pr/N (default main)")
    where.add_argument("--create-pr", action="store_true", help="open a pull request, or update the open one")
    where.add_argument("--message", metavar="TEXT", help="the commit's first line")
    where.add_argument(
        "--force", action="store_true", help="with --whole-card: replace it even if somebody edited it in between"
    )
    where.add_argument("--dry-run", action="store_true", help="show the change, commit nothing")
    where.add_argument("--lineage", action="store_true", help="show the emissions of the base models, and the sum")
    where.add_argument(
        "--timeout", metavar="DURATION", default="2m", help="for everything, with all waits (default 2m)"
    )
    where.add_argument("--token-file", metavar="FILE", type=Path, help="a file with the token and nothing else")
    staged = parser.add_argument_group("weights and card together")
    staged.add_argument(
        "--stage", action="store_true", help="open a draft pull request and print its ref to train into"
    )
    staged.add_argument("--stage-key", metavar="TEXT", help="a name to find this draft again (default in CI: the run)")
    staged.add_argument("--merge", metavar="REF", help="merge the draft REF if the run of --record has passed")
    add_format_argument(parser)


def _add_block_arguments(parser: ArgumentParser) -> None:
    block = parser.add_argument_group("with --record, for the block")
    add_keys(block, "training-type")
    block.add_argument(
        "--replace", action="store_true", help="allow a smaller figure to replace a larger one from the same run group"
    )
    block.add_argument("--allow-foreign", action="store_true", help="in CI: accept a record that another run made")
    block.add_argument(
        "--with-evidence",
        action="store_true",
        help="also publish record and journal, for `carbon-lint verify MODEL`; they name command, host and commit",
    )


def run(arguments: Namespace) -> int:
    """Publish, print what became of it, and return 0."""
    from carbon_lint.hub.client.endpoint import notes_on
    from carbon_lint.hub.client.http import Deadline
    from carbon_lint.hub.client.session import open_model, quiet_client
    from carbon_lint.hub.publish.card import AGAIN_IS_SAFE, CardErrorsError, ChangedCardError

    _refuse_what_cannot_be_combined(arguments)
    settings = load(".")
    record = None if arguments.record is None else _record(arguments, settings)
    with (
        quiet_client(),
        open_model(
            arguments.to,
            os.environ,
            deadline=Deadline(read_flag(arguments, "timeout", parse_duration_s), show_wait),
            token_file=arguments.token_file,
            needs_token=not arguments.dry_run,
        ) as repo,
    ):
        say(*notes_on(repo.endpoint))
        try:
            if arguments.stage:
                return _stage(arguments, repo)
            return _publish(arguments, record, settings, repo)
        except CardErrorsError as error:
            sys.stdout.write("".join(f"{line}\n" for line in error.findings))
            raise
        except ChangedCardError as error:
            sys.stdout.write("".join(f"{terminal(line)}\n" for line in error.diff.split("\n")[:-1]))
            raise
        except KeyboardInterrupt as interrupt:
            state = str(interrupt) or f"look at {repo.endpoint}/{repo.id} to see what is there"
            say(f"stopped: {state}; {AGAIN_IS_SAFE}")
            raise


def _refuse_what_cannot_be_combined(arguments: Namespace) -> None:
    if arguments.stage and (arguments.card or arguments.record or arguments.create_pr or arguments.dry_run):
        raise UsageError("--stage opens an empty draft", hint="publish the card after the training, with --merge")
    if arguments.merge and (arguments.record is None or arguments.card or arguments.create_pr or arguments.dry_run):
        raise UsageError("--merge needs --record, and takes no card", hint="write --merge refs/pr/3 --record r.json")
    if (arguments.training_type or arguments.replace) and (arguments.record is None or arguments.whole_card):
        raise UsageError("--training-type and --replace are for the figures of a --record", hint="leave them out")
    if arguments.with_evidence and arguments.record is None:
        raise UsageError("--with-evidence is for the evidence of a --record", hint="add --record r.json")
    if arguments.whole_card and arguments.card is None:
        raise UsageError(
            "--whole-card needs the card", hint="write carbon-lint publish README.md --whole-card --to ..."
        )
    if arguments.force and not arguments.whole_card:
        raise UsageError(
            "--force is for --whole-card: figures go into the card as somebody's edit left it", hint="leave it out"
        )
    if (arguments.create_pr or arguments.stage or arguments.merge) and arguments.revision != "main":
        raise UsageError("a pull request is to main", hint="leave --revision out")
    if not arguments.stage and arguments.card is None and arguments.record is None:
        raise UsageError("nothing to publish", hint="name a card, or a record by --record r.json")


def _stage(arguments: Namespace, repo: ModelRepo) -> int:
    """Open the draft. The ref alone goes to standard output, for `REF=$(carbon-lint publish --stage ...)`."""
    from carbon_lint.hub.publish.stage import stage_release

    staged = stage_release(repo, _stage_key(arguments))
    if arguments.format == "json":
        document = {"format": 1, "model": staged.repo_id, "pull_request": staged.num, "revision": staged.ref}
        sys.stdout.write(json_text({**document, "url": staged.url, "is_new": staged.is_new}))
    else:
        done = "opened the draft" if staged.is_new else "found the draft of this run"
        say(f"{done} {staged.url}; train with hub_revision={staged.ref!r}")
        sys.stdout.write(f"{staged.ref}\n")
    return 0


def _stage_key(arguments: Namespace) -> str | None:
    """Return the key of a workflow run's draft, for all its attempts: a job that is run again finds its first draft."""
    if arguments.stage_key:
        return " ".join(arguments.stage_key.split())
    run_id = os.environ.get("GITHUB_RUN_ID")
    names = (os.environ.get("GITHUB_REPOSITORY"), run_id, os.environ.get("GITHUB_JOB"))
    return " ".join(name for name in names if name) if run_id else None


def _publish(arguments: Namespace, record: Record | None, settings: Settings, repo: ModelRepo) -> int:
    from carbon_lint.hub.publish.card import publish_card
    from carbon_lint.hub.publish.pulls import publish_by_pull_request
    from carbon_lint.hub.publish.stage import merge_release, parse_ref
    from carbon_lint.pipeline.publish import publish

    by: Way = publish_by_pull_request if arguments.create_pr else publish_card
    if arguments.merge:
        by = partial(merge_release, parse_ref(arguments.merge))
    published = publish(
        _publishing(arguments, record, settings, repo.id),
        settings,
        repo,
        by,
        revision=arguments.revision,
        overwrite=arguments.force,
        title=arguments.message,
        on_loss=_say_loss,
    )
    if arguments.lineage:
        published = replace(published, notes=(*published.notes, *_lineage(published, repo)))
    if arguments.format == "json":
        sys.stdout.write(as_json(published))
        return 0
    say(*(f"note: {note}" for note in published.notes))
    sys.stdout.write(as_text(published))
    return 0


def _lineage(published: Published, repo: ModelRepo) -> list[str]:
    from carbon_lint.card.read import read_card
    from carbon_lint.hub.client.catalogue import Catalogue
    from carbon_lint.hub.publish.lineage import lineage

    catalogue = Catalogue(repo.endpoint, repo.credentials)
    card = read_card(published.card, "README.md")
    return lineage(None if card.root is None else card.root.plain, card.emissions_g, catalogue)


def _publishing(arguments: Namespace, record: Record | None, settings: Settings, repo_id: str) -> Publishing:
    from carbon_lint.hub.publish.figures import Publishing

    return Publishing(
        is_dry=arguments.dry_run,
        card=None if arguments.card is None else read_named(arguments.card, "card"),
        card_name=arguments.card or "",
        whole_card=arguments.whole_card,
        record=record,
        record_path=arguments.record,
        only_own_group=not arguments.allow_foreign and is_in_ci(os.environ),
        with_evidence=arguments.with_evidence,
        card_body=settings.card_body,
        training_type=arguments.training_type or settings.training_type,
        replace=arguments.replace,
        whole_switch="--whole-card",
        first_hint=f"name a card to begin with: carbon-lint publish README.md --record r.json --to {repo_id}",
    )


def _record(arguments: Namespace, settings: Settings) -> Record:
    """Return the record. Raises CarbonLintError if it is another run's, or its run did not pass."""
    from carbon_lint.pipeline.publish import refuse_unless_passed

    record = load_record(arguments.record)
    if not arguments.allow_foreign:
        check_origin(record, arguments.record, os.environ, switch="--allow-foreign")
    refuse_unless_passed(record, arguments.record, settings, os.environ)
    return record


def _say_loss(lost: Loss) -> None:
    say(f"warning: {lost}:")
    sys.stderr.write("".join(f"  {terminal(line)}\n" for line in lost.shown()))
