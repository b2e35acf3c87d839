"""Find the configuration that holds: the repository's own, of a pull request that of its merge base.

On a pull request the whole configuration is that of its merge base, because almost every key can loosen a limit: the
place scales grams, `pue` scales energy, `ignore` silences the linter. What the pull request changes is listed, and
holds once it is merged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from carbon_lint import config
from carbon_lint.config import KeyChange, Settings
from carbon_lint.errors import ConfigError
from carbon_lint.github import api
from carbon_lint.github.base import BaseUnknownError, MergeBase, is_ours, open_base, read_at
from carbon_lint.github.checkout import find_checkout, start_folder
from carbon_lint.github.paths import inside
from carbon_lint.github.results import Step
from carbon_lint.pipeline.limits import budget_of
from carbon_lint.pipeline.options import Options
from carbon_lint.text import quoted

_FETCH_HINT = "give `actions/checkout` the line `fetch-depth: 0`"
_API_HINT = ", or this step `github-token: ${{ github.token }}` and the job `permissions: contents: read`"
_OF_BASE = " of the merge base"
_PLACE = (*config.PLACE_KEYS, "machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What holds for this step.

    Attributes:
        settings: the configuration that holds: the checkout's, on a pull request the merge base's.
        settings_in: the same for a card in a folder; `None` if each card's own file is looked up in the checkout.
        changes: what the pull request itself changes in the configuration.
        notes: lines for the log and the record on where the configuration came from.
    """

    settings: Settings
    settings_in: Callable[[str], Settings] | None = None
    base: MergeBase | None = None
    changes: tuple[KeyChange, ...] = ()
    notes: tuple[str, ...] = ()


def load_settings(step: Step) -> Settings:
    """Return the configuration of the checkout. Raises ConfigError."""
    if step.inputs.config is None:
        root = find_checkout(step, lambda folder: is_ours(step, folder)) or step.context.workspace
        return config.load(str(start_folder(step, root)))
    path = inside(step.context, "config", step.inputs.config)
    if not path.is_file():
        raise ConfigError(f"input 'config': there is no file {quoted(step.inputs.config)}", hint="leave `config` out")
    return config.load_file(str(path))


def configuration_of(step: Step, options: Options) -> Configuration:
    """Return what holds. Raises ConfigError, on a pull request also if its merge base cannot be read."""
    head = load_settings(step)
    if not step.context.is_pull_request:
        return Configuration(settings=head)
    try:
        base = open_base(step)
        configured = _Configurations(base)
        settings = _base_settings(step, configured).with_keys_of(head, config.HARMLESS_KEYS)
        changes = (*settings.changes_to(head), *configured.changes_below(settings, head))
    except BaseUnknownError as error:
        raise ConfigError(
            f"the configuration of a pull request's merge base counts, and cannot be read: {error}",
            hint=_FETCH_HINT + (_API_HINT if api.is_installed() else ""),
        ) from error
    settings, notes = _placed(options, settings, head)
    return Configuration(
        settings=settings,
        settings_in=None if step.inputs.config else configured.settings_in,
        base=base,
        changes=tuple(change for change in changes if not notes or change.name not in _PLACE),
        notes=notes,
    )


def _placed(options: Options, settings: Settings, head: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Take the place from a pull request that is the first to name one, unless a limit in grams hangs on it."""
    is_named = any((options.location, options.carbon_intensity, options.electricity_maps))
    is_priced = (
        budget_of(options, settings).max_emissions_g is not None
        or any(budget.max_emissions_g is not None for budget in settings.budget)
        or options.max_increase
        or settings.max_increase
    )
    named = [key for key in _PLACE if head.states(key)]
    if is_named or is_priced or not named or any(settings.states(key) for key in _PLACE):
        return settings, ()
    note = f"the merge base names no place; `{named[0]}` of this pull request is used, as no limit in grams holds"
    return settings.with_keys_of(head, _PLACE), (note,)


def _base_settings(step: Step, configured: _Configurations) -> Settings:
    """Return the configuration of the merge base, by the name that it has there."""
    root = Path(os.path.realpath(configured.base.root))
    if step.inputs.config is None:
        return configured.settings_in(str(start_folder(step, configured.base.root)))
    path = inside(step.context, "config", step.inputs.config)
    data = read_at(configured.base, path)
    if data is not None and config.counts(str(path), data):
        return config.parse(data, str(path), _OF_BASE)
    return configured.settings_in(str(path.parent if root in path.resolve().parents else root))


class _Configurations:
    """The files of configuration of a merge base, looked up as `config.find` looks them up in a checkout."""

    def __init__(self, base: MergeBase) -> None:
        self.base = base
        self._root = os.path.abspath(base.root)
        self._known: dict[str, Settings] = {}

    def settings_in(self, folder: str) -> Settings:
        """Return the settings that hold in a folder of the workspace. Raises BaseUnknownError, ConfigError."""
        folder = os.path.abspath(folder or ".")
        if folder not in self._known:
            found = self._file_in(folder)
            is_last = not folder.startswith(f"{self._root}{os.sep}")
            self._known[folder] = found or (config.Settings() if is_last else self.settings_in(os.path.dirname(folder)))
        return self._known[folder]

    def changes_below(self, settings: Settings, head: Settings) -> tuple[KeyChange, ...]:
        """Return what the pull request changes in other files of configuration, those of a monorepo's folders."""
        names = {name for name in self.base.names() or () if name.rpartition("/")[2] in config.FILE_NAMES}
        names |= set(_files_of_configuration(self._root))
        changes = []
        for folder in sorted({os.path.dirname(name) for name in names}):
            path = os.path.join(self._root, folder) if folder else self._root
            before, after = self.settings_in(path), config.load(path) if os.path.isdir(path) else config.Settings()
            if (before.path, after.path) != (settings.path, head.path):
                changes += [
                    config.KeyChange(f"{folder or '.'}: {one.name}", one.before, one.after)
                    for one in before.changes_to(after)
                ]
        return tuple(changes)

    def _file_in(self, folder: str) -> Settings | None:
        for name in config.FILE_NAMES:
            path = os.path.join(folder, name)
            data = read_at(self.base, Path(path))
            if data is not None and config.counts(path, data):
                return config.parse(data, path, _OF_BASE)
        return None


def _files_of_configuration(root: str) -> Iterable[str]:
    """Yield the files of configuration of a checkout by name, without those in hidden folders."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in files if name in config.FILE_NAMES)
