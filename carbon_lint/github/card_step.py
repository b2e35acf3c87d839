"""The second half of the step: write the card, lint, publish."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from carbon_lint.errors import NoCardsError, PublishError
from carbon_lint.github import paths
from carbon_lint.github.publishing import Mode, not_published, publish, publish_mode, whole_group
from carbon_lint.github.wording import users_paths
from carbon_lint.lint.engine import LintRequest, lint_paths
from carbon_lint.pipeline import story as pipeline
from carbon_lint.report import REPORTERS, RenderOptions, write_outputs
from carbon_lint.report.run.sections import Publication

if TYPE_CHECKING:
    from pathlib import Path

    from carbon_lint.github.limits import Limits
    from carbon_lint.github.results import Step

FINDINGS = 1


class Finishing:
    """What is done with the record, and with the cards where there is none."""

    def __init__(self, step: Step, limits: Limits) -> None:
        self._step = step
        self._settings = limits.settings
        self._settings_in = limits.settings_in

    def write_card(self) -> None:
        """Put the record's figures into `card`. What was emitted until a run was cancelled or failed counts too."""
        record = self._step.result.record
        if self._step.inputs.card is None or record is None:
            return
        path = self._card_path()
        self._step.result.card_changed = False
        if record.emissions_g is None:
            self._step.console.warning(f"{self._step.inputs.card} was left as it is: no emissions were measured")
            return
        whole = whole_group(self._step, record)
        change = pipeline.write_card(whole.record, str(path), training_type=self._settings.training_type)
        self._step.result.card_changed = change.is_changed
        self._step.result.written.append(path)
        for note in (*whole.notes, *change.notes):
            self._step.console.notice(f"{self._step.inputs.card}: {note}")

    def lint(self) -> bool:
        """Lint the cards, but with `lint: false`: annotations, the list in the log, SARIF; True where findings fail."""
        if not self._step.inputs.lint:
            return False
        named = self._step.inputs.cards or ((self._step.inputs.card,) if self._step.inputs.card else ())
        for name in named:
            paths.inside(self._step.context, "cards" if self._step.inputs.cards else "card", name)
        request = LintRequest(
            tuple(named) or (".",),
            settings=self._settings if self._step.inputs.config else None,
            settings_in=self._settings_in,
            overrides={"fail-on": self._step.inputs.fail_on} if self._step.inputs.fail_on else {},
            ceilings=self._limits_of_cards(),
            ceilings_from="the step's input",
        )
        with contextlib.chdir(self._step.context.workspace):
            try:
                report, _ = lint_paths(request)
            except NoCardsError:
                if named or self._step.result.record is None:
                    raise
                return False  # a training without a card in the repository has nothing to lint
            for found in report.diagnostics:
                found.message = users_paths(self._step.context, found.message)
            self._step.result.lint = report
            self._show_findings()
        if report.is_failing:
            self._step.result.statuses.append(FINDINGS)
        return report.is_failing

    def _limits_of_cards(self) -> dict[str, str]:
        """The step's limits, where there is no run to hold to them. A card may state the sum of many runs."""
        if self._step.result.record is not None:
            return {}
        grams, kwh = self._step.inputs.max_emissions_g, self._step.inputs.max_energy_kwh
        limits = {"max-emissions": (grams, "g"), "max-energy": (kwh, "kWh")}
        return {name: f"{limit!r} {unit}" for name, (limit, unit) in limits.items() if limit is not None}

    def publish(self) -> None:
        """Commit the card to the Hub where that was asked for."""
        mode = publish_mode(self._step.inputs, self._step.context)
        if mode is None:
            return
        if self._step.result.record is None and self._step.inputs.card is None:
            self.leave_unpublished("there is neither a `card` nor a `record`")
            return
        if self._step.result.exit_status:
            self.leave_unpublished("the step has failed")
            return
        try:
            published = publish(self._step, self._own_card(), mode, self._settings)
        except PublishError as error:
            self._step.result.publication = Publication(why_not=error.message)
            self._show_why(error)
            if mode is not Mode.DRY_RUN:
                raise
            self._step.console.notice(f"what would be published could not be shown: {error.message}")
            return
        if mode is Mode.DRY_RUN:
            self._show_dry_run(published.diff)
        else:
            for note in published.notes:
                self._step.console.notice(note)
            self._step.result.card_url = published.url
            self._step.result.publication = Publication(url=published.url, is_changed=published.changed)
            done = "published" if published.changed else "unchanged, nothing committed"
            self._step.console.line(f"{done}: {published.url}")

    def leave_unpublished(self, reason: str) -> None:
        """Say why nothing is committed, where that was asked for."""
        if publish_mode(self._step.inputs, self._step.context) is not None:
            self._step.result.publication = Publication(why_not=reason)
            self._step.console.notice(f"not published: {reason}")

    def _show_why(self, error: PublishError) -> None:
        """What a refusal has to show besides its message: findings of a card, somebody else's change."""
        shown = "\n".join(getattr(error, "findings", ())) or getattr(error, "diff", "")
        if shown:
            self._step.console.line(shown)

    def _card_path(self) -> Path:
        return paths.inside(self._step.context, "card", self._step.inputs.card or "README.md")

    def _own_card(self) -> bytes | None:
        return None if self._step.inputs.card is None else self._card_path().read_bytes()

    def _show_findings(self) -> None:
        report = self._step.result.lint
        if report is None:
            return
        options = RenderOptions(base=str(self._step.context.workspace), folder=str(self._step.context.workspace))
        self._step.console.group("carbon-lint: findings")
        self._step.console.line(REPORTERS["text"](report, options).rstrip("\n"))
        self._step.console.end_group()
        if report.diagnostics:
            self._step.result.annotations = REPORTERS["github"](report, options)
        if self._step.inputs.sarif_file is not None:
            path = paths.inside(self._step.context, "sarif-file", self._step.inputs.sarif_file, may_be_temporary=True)
            write_outputs(report, [("sarif", str(path))], options)
            self._step.result.written.append(path)

    def _show_dry_run(self, diff: str | None) -> None:
        self._step.console.group("carbon-lint: what would be published")
        self._step.console.line(diff or "nothing: the Hub has this card already")
        self._step.console.end_group()
        reason = f"{not_published(self._step)}; the log shows the change"
        self._step.result.publication = Publication(why_not=reason)
        self._step.console.notice(f"not published: {reason}")
