"""`carbon-lint.toml`, or `[tool.carbon-lint]` in `pyproject.toml`: found, checked, and handed on with its sources.

Searched from a folder upward to the repository's root (the folder that holds `.git`); the first hit is used, alone.
There is no layer in the home folder and none in the environment. Every value knows where it came from.

On the check path: the TOML reader is imported only where a file exists. `KEYS` is the whole vocabulary. Each room reads
the keys that are its own, by the name that they have in the file, and checks what only it can judge (`lint.policy` the
rule codes): `settings.text("location")`, `settings.max_emissions_g`, `settings.tables("machine")`,
`settings.source("location")`.
"""

from __future__ import annotations

import os

from carbon_lint.errors import CarbonLintError, ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

FILE_NAME = "carbon-lint.toml"
FILE_NAMES = (FILE_NAME, "pyproject.toml")
DEFAULT = "default"
_TABLE = "tool.carbon-lint"
_MOST_SHOWN = 160

# kind of value -> what a message calls it
_KINDS = {
    "codes": 'a list of rule codes, such as ["CL203", "CL5"]',
    "severity": 'one of "error", "warning", "note"',
    "severities": "a table of rule code = severity",
    "globs": "a table of glob = list of rule codes",
    "text": "a string",
    "texts": "a list of strings",
    "emissions": 'an emissions quantity with its unit, such as "1.5 kg"',
    "energy": 'an energy quantity with its unit, such as "2 kWh"',
    "duration": 'a duration with its unit, such as "30s"',
    "number": "a number",
    "flag": "true or false",
    "tables": "an array of tables",
}

# key -> (kind, what it is for). Keys are spelt as the flags are. Tested equal to schemas/config.schema.json.
KEYS: dict[str, tuple[str, str]] = {
    "select": ("codes", "rules to run: codes, beginnings of codes, names, or ALL"),
    "ignore": ("codes", "rules not to run; the longer match of select and ignore wins"),
    "severity": ("severities", "severity of a rule, instead of its own"),
    "per-file-ignores": ("globs", "rules not to run on the cards that a glob matches"),
    "include": ("texts", "in folders, files like these globs are cards too, not only README.md"),
    "fail-on": ("severity", "the least severity that makes the exit status 1"),
    "max-emissions": ("emissions", "budget of one run, and of the figure on a card"),
    "max-energy": ("energy", "energy budget of one run, and of the figure on a card"),
    "max-increase": ("text", 'how much more than the baseline is let through, such as "10% and 5 g"'),
    "baseline": ("text", "what a run is compared with: card, record:PATH, ledger:NAME or hub:OWNER/MODEL"),
    "baseline-max-age": ("text", 'age in days from which a baseline is stale, such as "90d"'),
    "location": ("text", "where the job runs: FRA, USA/virginia, gcp/us-central1, auto"),
    "carbon-intensity": ("number", "carbon intensity in g/kWh, instead of a location"),
    "allow-unusual-intensity": ("flag", "accept a carbon intensity outside 1 to 1,500 g/kWh"),
    "electricity-maps": ("text", "zone of Electricity Maps, instead of a location: each hour at its own figure"),
    "pue": ("number", "power usage effectiveness of the data centre, 1 or more"),
    "on-exceed": ("text", "what to do with a job over a hard limit: stop or finish"),
    "on-modelled": ("text", "what an undecided verdict does: figure (the figure decides), fail or pass"),
    "grace": ("duration", "time between TERM and KILL"),
    "require": ("texts", "components that must have been read from a counter"),
    "run-group": ("text", "name that joins resumed and retried runs"),
    "training-type": ("text", "training_type for the card"),
    "card": ("text", "path of the model card"),
    "pass-env": ("texts", "variables handed to the job although they are secrets"),
    "machine": ("tables", "location by machine name: match, location"),
    "exception": ("tables", "budget exceptions: owner, reason, end date"),
}
PLACE_KEYS = ("location", "electricity-maps", "carbon-intensity")
"""The keys, and the flags, that say the intensity."""
HARMLESS_KEYS = frozenset({"training-type"})
"""Keys that a pull request may set for itself, because no value loosens anything. All others are the merge base's."""
_DEFAULTS: dict[str, Any] = {
    "select": ("ALL",),
    "ignore": (),
    "severity": {},
    "per-file-ignores": {},
    "fail-on": "error",
    "include": (),
    "require": (),
    "pass-env": (),
    "machine": (),
    "exception": (),
    "allow-unusual-intensity": False,
}


class Change:
    """A key whose value a pull request changes: how each side states it, `none` if it does not."""

    __slots__ = ("after", "before", "name")

    def __init__(self, name: str, before: str, after: str) -> None:
        self.name = name
        self.before = before
        self.after = after

    def __str__(self) -> str:
        return f"{self.name}: {self.before} -> {self.after}"


class Settings:
    """Values by key, each with its source. Immutable: `with_values` gives another."""

    __slots__ = ("_sources", "_values", "folder", "path")

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        sources: Mapping[str, str] | None = None,
        *,
        path: str | None = None,
        folder: str = ".",
    ) -> None:
        self._values = dict(values or {})
        self._sources = dict(sources or {})
        self.path = path
        self.folder = folder

    def get(self, key: str) -> Any:
        """The value of a key of `KEYS`; None where it has neither a value nor a default. Quantities are text."""
        return self._values[key] if key in self._values else _DEFAULTS.get(key)

    def source(self, key: str) -> str:
        """Return where the value came from: `default`, `PATH:LINE` of the file, or what `with_values` was given."""
        return self._sources.get(key, DEFAULT)

    def name(self, error: CarbonLintError, key: str) -> None:
        """Put the file and the key before the message of an error that its value has made; a default has no file."""
        if self.source(key) != DEFAULT:
            error.message = f"{self.source(key)}: {key}: {error.message}"

    def only_one(self, *keys: str) -> str | None:
        """The one of the keys that has a value, None where none has.

        Raises ConfigError where more have: they say the same thing, and one would be passed over unseen.
        """
        found = [key for key in keys if self.get(key) is not None]
        if len(found) > 1:
            raise ConfigError(f"{self.source(found[0])}: {' and '.join(found)} are both set", hint="leave one of them")
        return found[0] if found else None

    def text(self, key: str) -> str | None:
        """A value that is a string, or None."""
        value = self.get(key)
        return value if isinstance(value, str) else None

    def tables(self, key: str) -> tuple[dict[str, Any], ...]:
        """The tables of `[[key]]`, in their order in the file."""
        return tuple(self.get(key) or ())

    def with_values(self, values: Mapping[str, Any], source: str) -> Settings:
        """These settings, with `values` (checked as the file's are) over them."""
        checked = {key: _checked(key, value, source) for key, value in values.items()}
        sources = dict.fromkeys(checked, source)
        return Settings({**self._values, **checked}, {**self._sources, **sources}, path=self.path, folder=self.folder)

    def with_keys_of(self, other: Settings, keys: Iterable[str]) -> Settings:
        """Return these settings, with what `other` says of `keys` in place of what they say themselves."""
        taken = set(keys)

        def of(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
            kept = {key: value for key, value in mine.items() if key not in taken}
            return kept | {key: value for key, value in theirs.items() if key in taken}

        values, sources = of(self._values, other._values), of(self._sources, other._sources)
        return Settings(values, sources, path=self.path, folder=self.folder)

    def changes_to(self, proposed: Settings) -> tuple[Change, ...]:
        """Return the keys whose values differ in `proposed`, without those that a pull request may set for itself."""
        return tuple(
            Change(key, _shown(self._values.get(key)), _shown(proposed._values.get(key)))
            for key in KEYS
            if key not in HARMLESS_KEYS and self.get(key) != proposed.get(key)
        )

    @property
    def pue(self) -> float:
        """Power usage effectiveness, 1.0 where none is set. Raises ConfigError where it cannot be one."""
        value = self.get("pue")
        if value is not None and not 1 <= value < float("inf"):
            raise ConfigError(
                f"{self.source('pue')}: pue: {value} is not 1 or more", hint="1.0 is a building without losses"
            )
        return 1.0 if value is None else float(value)

    @property
    def max_emissions_g(self) -> float | None:
        """The budget in grams, or None."""
        return self._parsed("max-emissions", "parse_emissions_g")

    @property
    def max_energy_kwh(self) -> float | None:
        """The energy budget in kWh, or None."""
        return self._parsed("max-energy", "parse_energy_kwh")

    def _parsed(self, key: str, parser: str) -> float | None:
        text = self.text(key)
        if text is None:
            return None
        from carbon_lint import units

        parse: Callable[[str], float] = getattr(units, parser)
        return parse(text)


def load(start_folder: str = ".") -> Settings:
    """The settings that hold in a folder. Raises ConfigError where the file cannot be used."""
    path = find(start_folder)
    return Settings() if path is None else load_file(path)


def find(start_folder: str, memo: dict[str, str | None] | None = None) -> str | None:
    """The configuration file for a folder, or None. A `pyproject.toml` counts only with our table in it.

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
    return os.path.basename(path) != "pyproject.toml" or _TABLE.encode() in data


def load_file(path: str) -> Settings:
    """The settings of one file, which must exist. Raises ConfigError."""
    return parse(_bytes(path), path)


def parse(data: bytes, path: str, note: str = "") -> Settings:
    """Read the settings of a file that holds `data`; `note` follows its name in messages. Raises ConfigError."""
    import tomllib

    from carbon_lint.toml_lines import lines_of_keys

    name = f"{_from_here(path)}{note}"
    try:
        text = data.decode("utf-8-sig")
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: not TOML: {error}", hint="see docs/config.md for an example") from error
    table = ""
    if os.path.basename(path) == "pyproject.toml":
        document = document.get("tool", {}).get("carbon-lint", {})
        table = _TABLE
    lines = lines_of_keys(text, table)
    sources = {key: f"{_from_here(path)}:{lines[key]}{note}" if key in lines else name for key in document}
    values = {key: _checked(key, value, sources[key]) for key, value in document.items() if key != "$schema"}
    return Settings(values, sources, path=name, folder=os.path.dirname(path) or ".")


def _from_here(path: str) -> str:
    """`path` as someone in the current folder would type it."""
    below = os.path.relpath(path) if os.path.isabs(path) else path
    return path if below.startswith(os.pardir) else below


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    import json

    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _checked(key: str, value: object, source: str) -> Any:
    """`value` as `Settings` holds it. Raises ConfigError for an unknown key or a value of another kind."""
    if key not in KEYS:
        raise ConfigError(f"{source}: unknown key {key!r}", hint=nearest(key, KEYS, "known keys"))
    kind = KEYS[key][0]
    reader = _READERS[kind]
    try:
        read = reader(value)
    except CarbonLintError as error:
        raise ConfigError(f"{source}: {key}: {error.message}", hint=error.hint) from error
    if read is None:
        raise ConfigError(f"{source}: {key} must be {_KINDS[kind]}, found {value!r}")
    return read


def nearest(word: str, known: Iterable[str], what: str) -> str:
    """A hint for a word that is not known: the nearest of `known`, or all of them."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"{what}: {', '.join(known)}"


def _severity(value: object) -> str | None:
    return value if isinstance(value, str) and value in {"error", "warning", "note"} else None


def _severities(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict) or any(_severity(severity) is None for severity in value.values()):
        return None
    return dict(value)


def _globs(value: object) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, dict):
        return None
    read = {glob: _texts(codes) for glob, codes in value.items()}
    return {glob: codes for glob, codes in read.items() if codes is not None} if None not in read.values() else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...] | None:
    is_texts = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return tuple(value) if is_texts else None  # type: ignore[arg-type]  # is_texts says so


def _quantity(parser: str) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        from carbon_lint import units

        if not isinstance(value, str):
            return None
        getattr(units, parser)(value)
        return value

    return read


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tables(value: object) -> tuple[dict[str, Any], ...] | None:
    is_tables = isinstance(value, list | tuple) and all(isinstance(item, dict) for item in value)
    return tuple(value) if is_tables else None  # type: ignore[arg-type]  # is_tables says so


_READERS: dict[str, Callable[[object], Any]] = {
    "codes": _texts,
    "severity": _severity,
    "severities": _severities,
    "globs": _globs,
    "text": _text,
    "texts": _texts,
    "emissions": _quantity("parse_emissions_g"),
    "energy": _quantity("parse_energy_kwh"),
    "duration": _quantity("parse_duration_s"),
    "number": _number,
    "flag": _flag,
    "tables": _tables,
}
