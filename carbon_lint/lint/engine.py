"""Run the rules: over one card, one text, or the files of a request."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from types import MappingProxyType

from carbon_lint.config import Settings, find, load_file
from carbon_lint.lint.card_linter import examine
from carbon_lint.lint.context import mentions_carbon_bytes
from carbon_lint.lint.diagnostic import Diagnostic, LintReport
from carbon_lint.lint.discover import CARD_NAME, CardFile
from carbon_lint.lint.policy import Policy
from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from carbon_lint.card.document import Card
    from carbon_lint.limits import BudgetException
    from carbon_lint.lint.evidence import Evidence


_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FORMAT, _REGULAR = 0o170000, 0o100000  # S_IFMT and S_IFREG of <sys/stat.h>, without importing `stat`
_LEAST_READ = 4096
_FOLDERS_REMEMBERED = 2000

# Nothing but a model card has these.
_OF_A_MODEL = frozenset(
    (
        *("co2_eq_emissions", "pipeline_tag", "library_name", "model-index", "base_model", "widget", "inference"),
        *("model_name", "base_model_relation"),
    )
)
_COMMON = frozenset(("license", "language", "tags", "datasets", "metrics", "thumbnail"))
_KEY = r"^[ \t]*[\"']?([A-Za-z][\w-]*)[\"']?[ \t]*:"
_SEARCHED = 20_000  # characters


class LintRequest(Value):
    """What `check` was asked for.

    `settings` are used for every card; if they are None each card's own file of configuration is looked up, and
    `overrides` (keys of `config.KEYS`) put over it; `settings_in` gives the settings of a folder from elsewhere.
    `ceilings` are limits (`max-emissions`, `max-energy`) that a configuration can tighten and not loosen, and
    `ceilings_from` says who set them. `exceptions` hold beside those of the settings.
    `is_hook` skips named files that are not model cards.
    `fix` is None, `safe` or `unsafe`; `is_dry` leaves the files as they are.
    """

    paths: tuple[str, ...]
    include: tuple[str, ...] = ()
    settings: Settings | None = None
    settings_in: Callable[[str], Settings] | None = None
    overrides: Mapping[str, Any] = MappingProxyType({})
    ceilings: Mapping[str, str] = MappingProxyType({})
    ceilings_from: str = "command line"
    exceptions: tuple[BudgetException, ...] = ()
    evidence: Evidence | None = None
    is_hook: bool = False
    fix: str | None = None
    is_dry: bool = False


class CheckedFile(Value, frozen=False):
    """What became of one file."""

    path: str
    diagnostics: list[Diagnostic]
    suppressed: int = 0
    is_failing: bool = False
    is_skipped: bool = False
    is_unread: bool = False
    is_fixed: bool = False
    diff: str = ""

    def __init__(self, path: str, diagnostics: list[Diagnostic], suppressed: int = 0) -> None:  # as of `FrontMatter`
        self.path = path
        self.diagnostics = diagnostics
        self.suppressed = suppressed

    @property
    def is_silent(self) -> bool:
        """Whether it was checked and there is nothing more to say."""
        is_noted = self.is_skipped or self.is_unread or self.is_fixed
        return not (self.diagnostics or self.suppressed or is_noted or self.diff)


class Checker:
    """Judges files one by one, with the settings that hold for each. Used in this process or in several."""

    def __init__(self, request: LintRequest) -> None:
        self.request = request
        self._files: dict[str, str | None] = {}  # folder -> its file of configuration
        self._policies: dict[str | None, Policy] = {}  # by file of configuration
        self._last: tuple[str, Policy] | None = None  # files come folder by folder

    def policy_for(self, path: str) -> Policy:
        """Return the policy for a card. Raises ConfigError."""
        folder = os.path.dirname(path)
        if self._last is None or self._last[0] != folder:
            self._last = (folder, self._policy_in(folder))
        return self._last[1]

    def included_in(self, folder: str) -> tuple[tuple[str, str], ...]:
        """Return the globs of further cards that a folder's configuration names, and the folder's path below it."""
        settings = self.policy_for(os.path.join(folder, CARD_NAME)).settings
        globs = settings.include
        if not globs:
            return ()
        above = os.path.relpath(os.path.abspath(folder), os.path.abspath(settings.folder)).replace(os.sep, "/")
        return tuple(("" if above == "." else above + "/", glob) for glob in globs)

    def _policy_in(self, folder: str) -> Policy:
        file = None
        if self.request.settings is None and self.request.settings_in is not None:
            return Policy(self._overridden(self.request.settings_in(folder)))
        if self.request.settings is None:
            if len(self._files) > _FOLDERS_REMEMBERED:
                self._files.clear()
            file = find(folder or ".", self._files)
        if file not in self._policies:
            settings = self.request.settings or (load_file(file) if file else Settings())
            self._policies[file] = Policy(self._overridden(settings))
        return self._policies[file]

    def _overridden(self, settings: Settings) -> Settings:
        """Return the settings with what the request puts over them."""
        if self.request.ceilings:
            wanted = Settings().with_values(self.request.ceilings, self.request.ceilings_from)
            tighter = {
                key: self.request.ceilings[key]
                for key, ceiling, own in (
                    ("max-emissions", wanted.max_emissions_g, settings.max_emissions_g),
                    ("max-energy", wanted.max_energy_kwh, settings.max_energy_kwh),
                )
                if ceiling is not None and (own is None or ceiling < own)
            }
            settings = settings.with_values(tighter, self.request.ceilings_from)
        if self.request.exceptions:
            every = [one._asdict() for one in (*settings.exception, *self.request.exceptions)]
            settings = settings.with_values({"exception": every}, settings.source("exception"))
        return settings.with_values(self.request.overrides, "command line")

    def check(self, found: CardFile, data: bytes | None = None) -> CheckedFile:
        """Lint one file, and fix it if that was asked for. Its `data` is read, unless it came from standard input."""
        policy = self.policy_for(found.path)
        try:
            data = read_bytes(found.path) if data is None else data
        except OSError as error:
            checked = CheckedFile(found.path, _unreadable(found.path, error, policy))
            checked.is_unread = True
        else:
            checked = self._check(found, data, policy)
        checked.is_failing = policy.fails(checked.diagnostics)
        return checked

    def _check(self, found: CardFile, data: bytes, policy: Policy) -> CheckedFile:
        from carbon_lint.card.read import read_card

        card = read_card(data, found.path)
        if (self.request.is_hook or not found.is_named) and not _is_model_card(card):
            checked = CheckedFile(found.path, [])
            checked.is_skipped = True
            return checked
        is_alone = self.request.evidence is None and not policy.settings.has_budget
        if is_alone and not card.problems and not mentions_carbon_bytes(data) and card.pyyaml_error is None:
            return CheckedFile(found.path, [])  # like most cards: no rule can find anything
        diagnostics, suppressed = examine(card, policy, self.request.evidence)
        if self.request.fix is not None and any(diagnostic.fix for diagnostic in diagnostics):
            return self._fixed(card, policy)
        return CheckedFile(found.path, diagnostics, suppressed)

    def _fixed(self, card: Card, policy: Policy) -> CheckedFile:
        """Fix a card, write it unless the request is dry, and return what is left. Raises OutputError."""
        from carbon_lint.card.edit import encode
        from carbon_lint.lint.fix import fix_card
        from carbon_lint.text import unified_diff, visible

        request = self.request
        fixed = fix_card(card, policy, request.evidence, allow_unsafe=request.fix == "unsafe")
        shown = card if request.is_dry else fixed
        checked = CheckedFile(card.path, *examine(shown, policy, request.evidence))
        if fixed.text == card.text:
            return checked
        checked.diff = unified_diff(card.text, fixed.text, f"a/{visible(card.path)}", f"b/{visible(card.path)}")
        if not request.is_dry:
            from carbon_lint.files import write_atomically

            write_atomically(card.path, encode(fixed, fixed.text))
            checked.is_fixed = True
        return checked


class FileSources:
    """Path -> text, read when a reporter asks: a report of many cards does not hold them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self._last: tuple[str, str | None] = ("", None)

    def get(self, path: str) -> str | None:
        """Return the text, or None if the file cannot be read."""
        if path in self._given:
            return self._given[path]
        if self._last[0] != path:
            from carbon_lint.card.read import read_card

            try:
                self._last = (path, read_card(read_bytes(path), path).text)
            except OSError:
                self._last = (path, None)
        return self._last[1]


def lint_card(card: Card, settings: Settings, evidence: Evidence | None = None) -> list[Diagnostic]:
    """Return the diagnostics of one card, in order. Raises ConfigError if the settings name an unknown rule."""
    return examine(card, _policy_of(settings), evidence)[0]


@lru_cache(maxsize=16)
def _policy_of(settings: Settings) -> Policy:
    return Policy(settings)


def lint_text(text: bytes, path: str, settings: Settings, evidence: Evidence | None = None) -> list[Diagnostic]:
    """Return the diagnostics of a card's bytes. What is about to be written or published is linted by this."""
    from carbon_lint.card.read import read_card

    return lint_card(read_card(text, path), settings, evidence)


def collect(
    files: Iterable[CheckedFile], sources: Mapping[str, str] = MappingProxyType({})
) -> tuple[LintReport, list[str]]:
    """Return one report from many files."""
    diagnostics: list[Diagnostic] = []
    fixed = []
    diffs = []
    checked = skipped = unread = suppressed = 0
    is_failing = False
    for one in files:
        diagnostics.extend(one.diagnostics)
        checked += not (one.is_skipped or one.is_unread)
        skipped += one.is_skipped
        unread += one.is_unread
        suppressed += one.suppressed
        is_failing = is_failing or one.is_failing or one.is_unread
        if one.is_fixed:
            fixed.append(one.path)
        if one.diff:
            diffs.append(one.diff)
    diagnostics.sort()
    report = LintReport(
        diagnostics=tuple(diagnostics),
        files_checked=checked,
        files_skipped=skipped,
        files_unread=unread,
        suppressed=suppressed,
        fixed=tuple(fixed),
        is_failing=is_failing,
        sources=FileSources(sources),  # type: ignore[arg-type]  # the reporters ask by `get` alone
    )
    return report, diffs


def _near_name(path: str) -> str:
    """Return which file of the folder may be meant; the empty text if no file is like it."""
    from difflib import get_close_matches

    from carbon_lint.text import quoted

    folder, name = os.path.split(path)
    try:
        names = {one.lower(): one for one in os.listdir(folder or os.curdir)}
    except OSError:
        return ""
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.8)
    return f"; did you mean {quoted(os.path.join(folder, names[near[0]]))}?" if near else ""


def _unreadable(path: str, error: OSError, policy: Policy) -> list[Diagnostic]:
    from carbon_lint.card.read import read_card
    from carbon_lint.files import why

    near = _near_name(path) if isinstance(error, FileNotFoundError) else ""
    reason = f"{why(error)}{near}"
    return examine(read_card(b"", path), policy, unreadable=reason)[0]


def read_bytes(path: str) -> bytes:
    """Return the bytes of a regular file. Raises OSError, also for a FIFO, which would block, or a device."""
    # Opened without blocking and checked by what was opened: between a look and an opening the file could change.
    descriptor = os.open(path, os.O_RDONLY | _NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _FORMAT != _REGULAR:
            raise OSError(0, "not a regular file")
        parts = []
        while part := os.read(descriptor, max(status.st_size + 1, _LEAST_READ)):
            parts.append(part)
            if len(part) == status.st_size:
                break  # a byte more was asked for and did not come: this is the end, known with one call less
    finally:
        os.close(descriptor)
    return b"".join(parts)


def _is_model_card(card: Card) -> bool:
    """Return whether a README that was not named is a model card: the Hub, or a laxer reader, sees metadata in it.

    One of another kind may well have two rules with `license: MIT` between them, or show front matter in a code block.
    """
    if card.front_matter is not None:
        return True
    if not any(problem.kind == "laxer-reader" for problem in card.problems):
        return False
    from carbon_lint.card.lax import find_lax

    found = find_lax(card.text)
    if found is None:
        return False
    lax, problem = found
    before = card.text[: lax.open_start].strip()
    if problem.detail == "code-fence" and before.strip("`~").strip() not in {"", "yaml", "yml", "YAML"}:
        return False
    keys = set(re.compile(_KEY, re.MULTILINE).findall(card.text, lax.start, min(lax.end, lax.start + _SEARCHED)))
    return bool(keys & _OF_A_MODEL) or len(keys & _COMMON) >= (2 if before else 1)
