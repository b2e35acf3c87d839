r"""Put a run's figures into a model card, and change nothing else in it.

  carbon-lint card README.md --from r.json
  carbon-lint card README.md --from r.json --body
  carbon-lint card README.md --from emissions.csv --location FRA
  carbon-lint card README.md --from a/emissions.csv --from b/emissions.csv \
    --sum

emissions.csv is the file of CodeCarbon and of the transformers Trainer. If
the card does not exist, it is made. Writing a record twice changes nothing.

If the record belongs to a run group, the card states the sum over the group:
all of its records in the same folder. A smaller figure does not replace a
larger one of the same group unless you give --replace.

Exit status: 0 written, 2 if the card or the record cannot be read or
written, if one of several runs must be chosen, or if there is no figure that
can be trusted.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from difflib import unified_diff

from carbon_lint.card.from_record import CardChange, card_with_record
from carbon_lint.cli import csv_flags
from carbon_lint.cli.flags import add_keys, say
from carbon_lint.config import load
from carbon_lint.errors import UsageError
from carbon_lint.files import read_named, write_atomically
from carbon_lint.pipeline.card import card_bytes, check_no_other_is_meant, is_in_ci, whole_group
from carbon_lint.records.emissions_csv.record import record_from_csv
from carbon_lint.records.emissions_csv.table import looks_like_csv
from carbon_lint.records.intensity import priced
from carbon_lint.records.record import Record
from carbon_lint.records.store import load_record, record_file
from carbon_lint.text import terminal
from carbon_lint.units import format_emissions

_TOKEN = re.compile(rb"hf_[A-Za-z0-9]{20,}")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint card`."""
    parser.add_argument("card", metavar="CARD", help="the model card, such as README.md; made if it does not exist")
    parser.add_argument(
        "--from",
        dest="sources",
        metavar="FILE",
        action="append",
        required=True,
        help="a record (r.json) or emissions.csv; repeat it for several tables, and add --sum",
    )
    add_keys(parser, "training-type")
    parser.add_argument("--location-name", metavar="TEXT", help="the place in words, instead of the record's")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="allow a smaller figure to replace a larger one from the same run group",
    )
    parser.add_argument(
        "--allow-foreign",
        action="store_true",
        help="in CI: add up records of another repository in the same run group, too",
    )
    parser.add_argument(
        "--with-energy",
        action="store_true",
        help="also write energy_consumed (kWh), hours_used, cpu_model, ram_total_size and on_cloud, if they are known",
    )
    parser.add_argument(
        "--body", action="store_true", help="also write the section 'Environmental Impact' into the card's text"
    )
    parser.add_argument(
        "--force", action="store_true", help="with --body: replace this section even if a person wrote it"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--dry-run", action="store_true", help="show what would change, write nothing")
    shown.add_argument("--diff", action="store_true", help="show the change line by line, write nothing")
    csv_flags.add_arguments(parser, price_title="the place, for an emissions.csv or a record without grams")


def run(arguments: Namespace) -> int:
    """Write the card, print what changed, and return 0."""
    path = arguments.card
    check_no_other_is_meant(path)
    data = card_bytes(path)  # report what is wrong with the card before what is wrong with the record
    settings = load()
    with_body = arguments.body or settings.card_body
    if arguments.force and not with_body:
        raise UsageError("--force is for --body", hint="leave it out, or add --body")
    record, warnings = _evidence(arguments)
    change = card_with_record(
        data,
        path,
        record,
        training_type=_text(arguments.training_type, "--training-type") or settings.training_type,
        location_name=_text(arguments.location_name, "--location-name"),
        replace=arguments.replace,
        with_energy=arguments.with_energy,
        with_body=with_body,
        force=arguments.force,
    )
    if change.is_changed and not (arguments.dry_run or arguments.diff):
        write_atomically(path, change.after)
    say(*warnings, *change.notes)
    if arguments.diff:
        sys.stdout.write(_diff(change, path))
        return 0
    sys.stdout.write(_summary(change, path, record, is_dry_run=arguments.dry_run))
    return 0


def _evidence(arguments: Namespace) -> tuple[Record, tuple[str, ...]]:
    """Return the record, and what the user has to know about it."""
    sources = [record_file(source) for source in arguments.sources]
    records = [source for source in sources if not _is_table(source)]
    if not records:
        record = record_from_csv(sources, csv_flags.choice_of(arguments))
        tokens = dict.fromkeys(note for source in sources for note in _token_beside(source))
        return record, (*record.warnings, *tokens)
    if len(sources) > 1:
        tables = [source for source in sources if source not in records]
        if tables:
            raise UsageError(f"{records[0]} is a record, {tables[0]} an emissions.csv", hint="give one kind of file")
        raise UsageError(
            f"--from takes one record, and {len(records)} were given",
            hint=f"join them first: carbon-lint merge {' '.join(records)} -o run.json",
        )
    return _from_record(records[0], arguments)


def _is_table(source: str) -> bool:
    return looks_like_csv(read_named(source, "record")) or source.lower().endswith(".csv")


def _from_record(source: str, arguments: Namespace) -> tuple[Record, tuple[str, ...]]:
    for flag in csv_flags.given(arguments, with_price=False):
        raise UsageError(f"{flag} applies only to an emissions.csv, not to {source}", hint=f"leave {flag} out")
    place = csv_flags.place_of(arguments)
    only_own = not arguments.allow_foreign and is_in_ci(os.environ)
    whole = whole_group(load_record(source), source, only_own=only_own)
    return (whole.record if place is None else priced(whole.record, place)), whole.notes


def _token_beside(source: str) -> tuple[str, ...]:
    """Warn of the arguments that the Trainer saves beside the table: a token given as `hub_token=` is among them."""
    path = os.path.join(os.path.dirname(source), "training_args.bin")
    holds_token = False
    with suppress(OSError):
        if os.path.isfile(path):
            with open(path, "rb") as stream:
                holds_token = _TOKEN.search(stream.read(10_000_000)) is not None
    what = f"{path} holds a Hub token in clear text: revoke it, and log in instead of hub_token="
    return (what,) if holds_token else ()


def _text(value: str | None, flag: str) -> str | None:
    if value is not None and not value.strip():
        raise UsageError(f"{flag} is empty", hint=f"leave {flag} out to keep what the card says")
    return None if value is None else value.strip()


def _summary(change: CardChange, path: str, record: Record, *, is_dry_run: bool) -> str:
    if not change.is_changed:
        return f"{terminal(path)}: unchanged, it holds these figures already\n"
    done = "would be changed" if is_dry_run else "changed"
    if change.before is None:
        done = "is not there and would be made" if is_dry_run else "was not there and was made"
    lines = [f"{terminal(path)}: {done}"]
    for field in change.fields:
        new = f"{field.new!s}" if not isinstance(field.new, float) else f"{field.new:.15g}"
        # The record's figure: the card's is rounded already, and rounded again it may differ from what `run` said.
        grams = f" ({format_emissions(record.emissions_g or 0.0)})" if field.name == "emissions" else ""
        old = "" if field.old is None or field.old == new else f"  (was {terminal(field.old[:60])})"
        lines.append(f"  {field.name}: {terminal(new)}{grams}{old}")
    if change.section is not None:
        lines.append(f"  the section Environmental Impact: {change.section}")
    return "\n".join(lines) + "\n"


def _diff(change: CardChange, path: str) -> str:
    before = (change.before or b"").decode("utf-8", "replace").splitlines(keepends=True)
    after = change.after.decode("utf-8", "replace").splitlines(keepends=True)
    lines = unified_diff(before, after, f"{path} (now)", f"{path} (with the figures)", n=2)
    return "".join(terminal(line.rstrip("\r\n")) + "\n" for line in lines)
