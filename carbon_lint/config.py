"""Find `carbon-lint.toml`, or `[tool.carbon-lint]` in `pyproject.toml`, and hold what it states as typed `Settings`.

Searched from a folder upward to the repository's root (the folder that holds `.git`), outside a repository to the root
of the file system; the first hit is used, alone, with no layer below it or in the environment. The file is parsed and
checked once, when it is read; what it may hold is in `config_keys`. On the check path: that is imported only if a file
exists.
"""

from __future__ import annotations

import os
from types import MappingProxyType

from carbon_lint import debug
from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypeVar

    from carbon_lint.config_file import StatedValue
    from carbon_lint.errors import CarbonLintError, ConfigError
    from carbon_lint.limits import BudgetException, Machine, MaxIncrease, Source, WindowBudget

    _Error = TypeVar("_Error", bound=CarbonLintError)

FILE_NAME = "carbon-lint.toml"
FILE_NAMES = (FILE_NAME, "pyproject.toml")
DEFAULT = "default"
PLACE_KEYS = ("location", "electricity-maps", "carbon-intensity")
"""The keys, and the options, that state the carbon intensity. At most one of them is set."""
HARMLESS_KEYS = frozenset({"training-type"})
"""Keys that a pull request may set for itself, because no value loosens anything. All others are the merge base's."""
_OUR_NAME = b"carbon-lint"


def default_words(attribute: str) -> str:
    """Return the default of an attribute of `Settings` as the configuration writes it; empty if it has none."""
    value = getattr(Settings, attribute)
    if isinstance(value, float) and value:
        return f"{value:g}{'s' if attribute.endswith('_s') else ''}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value if isinstance(value, str) else ""


class KeyChange(Value):
    """Hold how a pull request changes one key: how each side states it, `none` if it does not."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before} -> {self.after}"


class Settings:
    """Hold every value of the configuration, typed, in its unit; a value that is not stated is the default below.

    Frozen. `None` is not stated. `source` names where a value came from.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = MappingProxyType({})
    per_file_ignores: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    include: tuple[str, ...] = ()
    fail_on: str = "error"
    max_emissions_g: float | None = None
    max_energy_kwh: float | None = None
    max_increase: MaxIncrease | None = None
    baseline: Source | None = None
    baseline_max_age_s: float | None = None
    location: str | None = None
    carbon_intensity_g_per_kwh: float | None = None
    allow_unusual_intensity: bool = False
    electricity_maps: str | None = None
    pue: float = 1.0
    cpu_power_w: float | None = None
    ram_power_w: float | None = None
    on_exceed: str = "stop"
    stop_when: str = "likely"
    on_modelled: str = "figure"
    grace_s: float = 30.0
    require: tuple[str, ...] = ()
    run_group: str | None = None
    training_type: str | None = None
    card: str | None = None
    card_body: bool = False
    pass_env: tuple[str, ...] = ()
    machine: tuple[Machine, ...] = ()
    exception: tuple[BudgetException, ...] = ()
    budget: tuple[WindowBudget, ...] = ()

    path: str | None
    folder: str
    _stated: Mapping[str, StatedValue]

    def __init__(
        self, stated: Mapping[str, StatedValue] | None = None, *, path: str | None = None, folder: str = "."
    ) -> None:
        """Take what was `stated` by key; `path` names the file, `folder` is where it lies."""
        values: dict[str, Any] = {"path": path, "folder": folder, "_stated": stated or {}}
        if stated:
            from carbon_lint.config_keys import KEYS

            values |= {KEYS[key].attribute: one.value for key, one in stated.items()}
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: `with_values` returns other settings."""
        raise AttributeError(f"Settings are frozen: {name} cannot be set")

    @property
    def has_budget(self) -> bool:
        """True if a limit of emissions or energy is set."""
        return self.max_emissions_g is not None or self.max_energy_kwh is not None

    @property
    def place_key(self) -> str | None:
        """The one of `PLACE_KEYS` that is set, or None."""
        return next((key for key in PLACE_KEYS if key in self._stated), None)

    def states(self, key: str) -> bool:
        """Return True if the key is set, and not to an empty list."""
        return key in self._stated and self._stated[key].value not in ((), {})

    def stated(self, key: str) -> str | None:
        """Return the value as it was written, None if the key is not set."""
        return str(self._stated[key].written) if key in self._stated else None

    def source(self, key: str) -> str:
        """Return where the value came from: `default`, `PATH:LINE` of the file, or what `with_values` was given."""
        return self._stated[key].source if key in self._stated else DEFAULT

    def error(self, key: str, message: str, *, hint: str | None = None) -> ConfigError:
        """Return the error of a value that only its user can judge, with the place of the value in the file."""
        from carbon_lint.errors import ConfigError

        if key not in self._stated:
            return ConfigError(message, hint=hint, option=key)
        one = self._stated[key]
        return ConfigError(f"{one.source}: {key}: {message}", hint=hint, option=key, path=one.path, line=one.line)

    def placed(self, key: str, error: _Error) -> _Error:
        """Return an error in the value of a key, with the place of the value in the file."""
        one = self._stated[key]
        message = f"{one.source}: {key}: {error.message}"
        return error.again(message=message, option=None, path=one.path, line=one.line)

    def beside(self, name: str) -> str:
        """Return a path that the file states as the program opens it: paths are relative to the file's folder."""
        return os.path.normpath(os.path.join(self.folder, name))

    def exception_to(self, limit: str) -> BudgetException | None:
        """Return an exception that lifts a limit today; `None` if there is none."""
        if not self.exception:
            return None
        from datetime import UTC, datetime

        today = datetime.now(UTC).date()
        return next((one for one in self.exception if one.limit == limit and one.holds_on(today)), None)

    def on_machine(self, node: str) -> Machine:
        """Return what holds on a machine: of each value the first `[[machine]]` table that matches and states it.

        Power that no table states is that of the keys `cpu-power` and `ram-power`.
        """
        from fnmatch import fnmatchcase

        from carbon_lint.limits import Machine

        found = [one for one in self.machine if fnmatchcase(node.lower(), one.match.lower())]
        return Machine(
            match=next((one.match for one in found if one.location), node),
            location=next((one.location for one in found if one.location), None),
            cpu_power_w=next((one.cpu_power_w for one in found if one.cpu_power_w is not None), self.cpu_power_w),
            ram_power_w=next((one.ram_power_w for one in found if one.ram_power_w is not None), self.ram_power_w),
        )

    def with_values(self, values: Mapping[str, Any], source: str) -> Settings:
        """Return these settings, with `values` (by key, checked as the file's are) over them."""
        if not values:
            return self
        from carbon_lint.config_file import Origin

        origin = Origin(source)
        return self._with({**self._stated, **{key: origin.stated(key, value) for key, value in values.items()}})

    def with_keys_of(self, other: Settings, keys: Iterable[str]) -> Settings:
        """Return these settings, with what `other` states of `keys` in place of what they state themselves."""
        taken = set(keys)
        kept = {key: one for key, one in self._stated.items() if key not in taken}
        return self._with(kept | {key: one for key, one in other._stated.items() if key in taken})

    def changes_to(self, proposed: Settings) -> tuple[KeyChange, ...]:
        """Return the keys whose values differ in `proposed`, without those that a pull request may set for itself."""
        if not (self._stated or proposed._stated):
            return ()
        from carbon_lint.config_keys import KEYS

        return tuple(
            KeyChange(name, self._written(name), proposed._written(name))
            for name, key in KEYS.items()
            if name not in HARMLESS_KEYS and getattr(self, key.attribute) != getattr(proposed, key.attribute)
        )

    def _written(self, key: str) -> str:
        from carbon_lint.config_file import shown

        written = self._stated[key].written if key in self._stated else None
        return written if isinstance(written, str) else shown(written)

    def _with(self, stated: Mapping[str, StatedValue]) -> Settings:
        return Settings(stated, path=self.path, folder=self.folder)


def load(start_folder: str = ".") -> Settings:
    """Return the settings that hold in a folder. Raises ConfigError if the file cannot be used."""
    path = find(start_folder)
    debug.log("config", "configuration for %s: %s", start_folder, path or "no file, so the defaults")
    return Settings() if path is None else load_file(path)


def find(start_folder: str, memo: dict[str, str | None] | None = None) -> str | None:
    """Return the configuration file for a folder, or None. A `pyproject.toml` counts only with our table in it.

    `memo` remembers the answer for every folder on the way, for those that ask for many.
    """
    folder = os.path.abspath(start_folder)
    known: dict[str, str | None] = {} if memo is None else memo
    visited = []
    found = None
    while folder not in known:
        visited.append(folder)
        found = _file_in(folder)
        parent = os.path.dirname(folder)
        if found or parent == folder or os.path.exists(os.path.join(folder, ".git")):
            break
        folder = parent
    else:
        found = known[folder]
    known.update(dict.fromkeys(visited, found))
    return found


def _file_in(folder: str) -> str | None:
    plain = os.path.join(folder, FILE_NAME)
    if os.path.isfile(plain):
        return plain
    project = os.path.join(folder, "pyproject.toml")
    return project if os.path.isfile(project) and counts(project, _bytes(project)) else None


def counts(path: str, data: bytes) -> bool:
    """Return whether the file is a configuration: a `pyproject.toml` is one only with our table in it."""
    if os.path.basename(path) != "pyproject.toml":
        return True
    if _OUR_NAME not in data:  # most of them: a hook does not pay for the parser
        return False
    from carbon_lint.config_file import has_table

    return has_table(data)


def load_file(path: str) -> Settings:
    """Return the settings of one file, which must exist. Raises ConfigError."""
    debug.log("config", "read %s", path)
    return parse(_bytes(path), path)


def parse(data: bytes, path: str, note: str = "") -> Settings:
    """Read the settings of a file that holds `data`; `note` follows its name in messages. Raises ConfigError."""
    from carbon_lint.config_file import read_file

    is_pyproject = os.path.basename(path) == "pyproject.toml"
    stated, name = read_file(data, from_here(path), is_pyproject=is_pyproject, note=note)
    settings = Settings(stated, path=name, folder=os.path.dirname(path) or ".")
    places = sorted((key for key in PLACE_KEYS if key in stated), key=lambda key: stated[key].line or 0)
    if len(places) > 1:
        raise settings.error(places[1], f"{places[0]} is set too", hint="keep one of the two")
    return settings


def from_here(path: str) -> str:
    """Return `path` as someone in the current folder would type it."""
    below = os.path.relpath(path) if os.path.isabs(path) else path
    return path if below.startswith(os.pardir) else below


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        from carbon_lint.errors import ConfigError
        from carbon_lint.files import why

        raise ConfigError(f"cannot read {path}: {why(error)}", path=path) from error
