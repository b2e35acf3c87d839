"""Decide what is published, for `publish` and the step alike: the figures, or all of the card if that is asked for."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from carbon_lint.card.transfer import stated_figures
from carbon_lint.config import Settings
from carbon_lint.errors import CarbonLintError, ExitCode
from carbon_lint.hub.client.remote import ModelRepo
from carbon_lint.hub.publish.card import CardErrorsError, Published, PublishRequest, linter, whole_card
from carbon_lint.hub.publish.figures import Publishing, figures_only
from carbon_lint.lint.evidence import from_records
from carbon_lint.pipeline.card import whole_group
from carbon_lint.pipeline.gate import judge_run, reason_not_to_publish
from carbon_lint.pipeline.options import Options, Surroundings
from carbon_lint.pipeline.plan import plan_run
from carbon_lint.records.comparable import identity_of
from carbon_lint.records.document import BUNDLE, JOURNAL, RECORD
from carbon_lint.records.journal import COMPRESSED, existing, journal_path
from carbon_lint.records.record import Outcome, Record
from carbon_lint.records.store import record_file, render_record
from carbon_lint.report.run.run_report import RunReport

Way = Callable[[PublishRequest, ModelRepo], Published]
"""How a request is carried out: by a commit, by a pull request, or by the merge of a draft."""


class NotPassedError(CarbonLintError):
    """The run did not pass, so nothing is published of it."""

    exit_code = ExitCode.FINDINGS


def refuse_unless_passed(record: Record, path: str, settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise NotPassedError if the step would publish nothing of a run either: see reason_not_to_publish.

    The limits are those of the configuration. A baseline that would only be shown need not be there.

    Raises InputError if a baseline or a ledger cannot be read, MeasurementError if the record at `path` holds no figure
    for one of the limits.
    """
    if settings.max_increase is None:
        settings = settings.with_keys_of(Settings(), ("baseline",))
    around = Surroundings(run=identity_of(record), environ=environ, is_measuring=False, record_path=path)
    plan = plan_run(Options(), settings, around)
    has_completed = record.outcome is Outcome.COMPLETED
    why_not = reason_not_to_publish(judge_run(record, plan) if has_completed else RunReport(record=record))
    if why_not is not None:
        raise NotPassedError(
            f"not published: {why_not}; the Hub is as it was",
            hint="measure a run that completes within its limits, and publish its record",
        )


def publish(
    publishing: Publishing,
    settings: Settings,
    repo: ModelRepo,
    by: Way,
    **given: Any,
) -> Published:
    """Publish in one way; `given` is what the front end alone knows of the request.

    The card is linted with the record as evidence. Raises HubError; CardErrorsError if a local card contradicts the
    record.
    """
    notes: list[str] = []
    record, card = publishing.record, publishing.card
    whole = None
    if record is not None:
        whole = whole_group(record, publishing.record_path, only_own=publishing.only_own_group)
    has_evidence = record is not None and publishing.record_path is not None
    evidence = from_records([publishing.record_path or ""]) if has_evidence else None
    if card is not None and publishing.whole_card:
        new_card = whole_card(card)
    else:
        is_stated = card is not None and "emissions" in stated_figures(card, publishing.card_name)
        own = linter(settings, evidence, publishing.card_name)
        if card is not None and has_evidence and is_stated and (findings := own(card)):
            # if the card contradicts the record, its author has to say which is right
            raise CardErrorsError(findings, f"{publishing.card_name}, compared with {publishing.record_path},")
        new_card = figures_only(publishing, whole, repo.id, notes)
    request = PublishRequest(
        new_card=new_card,
        record=record,
        check=linter(settings, evidence),
        dry_run=publishing.is_dry,
        files={} if whole is None else _evidence(publishing, whole.record),
        **given,
    )
    return replace(by(request, repo), notes=tuple(notes))


def _evidence(publishing: Publishing, whole: Record) -> dict[str, bytes]:
    """Return the files that go beside the card: who signed the record, if that lies here, and what `verify` reads.

    The figure of a run group is that of its sum, which has no journal and no signature.
    """
    record, path = publishing.record, publishing.record_path
    if record is None or path is None:
        return {}
    if whole.run_id != record.run_id:
        return {RECORD: render_record(whole).encode()} if publishing.with_evidence else {}
    file = Path(record_file(path))
    bundle = file.with_name(BUNDLE)
    files = {BUNDLE: bundle.read_bytes()} if bundle.is_file() else {}
    if publishing.with_evidence:
        files[RECORD] = file.read_bytes()
        journal = existing(journal_path(file))
        if journal.is_file():
            data = journal.read_bytes()
            files[JOURNAL] = data if journal.suffix == COMPRESSED else gzip.compress(data, mtime=0)
    return files
