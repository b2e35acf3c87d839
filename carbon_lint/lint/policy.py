"""Which rules run on a card, and how bad their findings are: the table of rules under the settings."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import RANK
from carbon_lint.lint.rules import CODES, NAMES, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbon_lint.config import Settings
    from carbon_lint.lint.diagnostic import Diagnostic


_OF_LIMITS = (("max-emissions", "CL401"), ("max-energy", "CL402"))


class Active:
    """The rules that run on a card: (what a card must have, module, code, severity) in order, and their codes."""

    def __init__(self, rules: tuple[tuple[str, str, str, str], ...]) -> None:
        self.rules = rules
        self.codes = frozenset(code for _, _, code, _ in rules)


class Policy:
    """The settings as the engine asks for them. One per `Settings`, used for many cards.

    Raises ConfigError if the settings name an unknown rule.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._globs: dict[str, tuple[str, ...]] = {
            glob: tuple(self._code(code, "per-file-ignores") for code in codes)
            for glob, codes in settings.per_file_ignores.items()
        }
        self._known: dict[tuple[str, ...], Active] = {(): self._active(())}

    def active_for(self, path: str) -> Active:
        """Return the rules that run on the card at `path`."""
        extra = self._ignored_at(path) if self._globs else ()
        if extra not in self._known:
            self._known[extra] = self._active(extra)
        return self._known[extra]

    def fails(self, diagnostics: Iterable[Diagnostic]) -> bool:
        """Return whether one of them is at least as bad as the settings' `fail-on`."""
        worst = RANK[self.settings.fail_on]
        return any(RANK[found.severity] <= worst for found in diagnostics)

    def _active(self, extra: tuple[str, ...]) -> Active:
        select = [self._code(code, "select") for code in self.settings.select]
        ignore = [self._code(code, "ignore") for code in self.settings.ignore]
        severities = {self._code(code, "severity"): word for code, word in self.settings.severity.items()}
        severities |= {code: "note" for limit, code in _OF_LIMITS if self.settings.exception_to(limit)}
        return Active(
            tuple(
                (TABLE[module][0], module, code, severities.get(_closest(code, severities), TABLE[module][1]))
                for code, module in CODES.items()
                if _weight(_closest(code, select)) > _weight(_closest(code, ignore)) and not _closest(code, extra)
            )
        )

    def _ignored_at(self, path: str) -> tuple[str, ...]:
        import os
        from fnmatch import fnmatchcase

        relative = os.path.relpath(os.path.abspath(path), self.settings.folder).replace(os.sep, "/")
        return tuple(code for glob, codes in self._globs.items() if fnmatchcase(relative, glob) for code in codes)

    def _code(self, text: str, key: str) -> str:
        """Return a code, the beginning of one, or a name, as a code or the beginning of one."""
        if text == "ALL" or any(code.startswith(text) for code in CODES):
            return text
        if text in NAMES:
            return NAMES[text]
        from carbon_lint.config_file import nearest

        hint = nearest(text, [*CODES, *NAMES], "known rules")
        raise self.settings.error(key, f"unknown rule {text!r}", hint=hint)


def check_rules(settings: Settings) -> None:
    """Raise ConfigError if the settings name an unknown rule."""
    Policy(settings)


def _closest(code: str, prefixes: Iterable[str]) -> str:
    """Return the longest of `prefixes` that a code begins with, the empty text for none."""
    return max((one for one in prefixes if one == "ALL" or code.startswith(one)), key=_weight, default="")


def _weight(prefix: str) -> int:
    """Return how much a beginning of a code says. If `select` and `ignore` say as much, `ignore` wins."""
    return 1 if prefix == "ALL" else len(prefix)
