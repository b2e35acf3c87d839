"""Hide what looks like a secret in command lines and other text. The one list of what a token looks like.

A command line is kept in the record, and from there reaches the journal, the summary, the comment and every report, so
it is written down without its secrets (`command`). Other text that may hold some goes through `text`.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "***"

# What the issuers and public secret scanning say of their tokens: (what stays readable, what is hidden after it).
# Minimum lengths lie below the real ones, but above those of the words that begin alike (`npm_config`, `hf_hub`).
_RANDOM = r"(?=[\w\-]{0,80}[A-Z0-9]|\w{16})[\w\-]{16,}"  # not `sk-learn-with-forests`
TOKENS = (
    ("hf_", r"(?:jwt_[\w.\-]{8,}|(?:[A-Za-z0-9]{8,}+(?!\w*\.\w{1,4}\b)))"),  # Hugging Face; not `hf_finetuning.py`
    ("api_org_", r"\w{16,}"),  # Hugging Face, organisations
    ("gh[pousr]_", r"[\w.\-]{16,}"),  # GitHub; `ghs_` may go on as a JSON Web Token
    ("github_pat_", r"\w{16,}"),
    ("gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|wt)-", r"[\w.\-]{16,}"),  # GitLab
    ("(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|APKA|AROA)", r"[A-Z0-9]{12,}"),  # AWS
    ("sk-(?:proj-|ant-|or-|svcacct-|admin-)?", _RANDOM),  # OpenAI, Anthropic, OpenRouter
    ("(?:sk|rk|pk)_(?:live|test)_", r"\w{10,}"),  # Stripe
    ("xox[a-z]-", r"[\w\-]{8,}"),  # Slack
    ("xapp-", r"[\w\-]{16,}"),
    ("AIza", r"[\w\-]{20,}"),  # Google
    (r"ya29\.", r"[\w.\-]{16,}"),
    ("GOCSPX-", r"[\w\-]{16,}"),
    ("npm_", r"[A-Za-z0-9]{30,}"),
    ("pypi-", _RANDOM),
    ("dckr_(?:pat|oat)_", r"[\w\-]{16,}"),  # Docker Hub
    ("dop_v1_", r"\w{16,}"),  # DigitalOcean
    ("nvapi-", _RANDOM),  # NVIDIA
    ("gsk_", r"[A-Za-z0-9]{20,}"),  # Groq
    ("r8_", r"[A-Za-z0-9]{20,}"),  # Replicate
    ("wandb_v1_", r"\w{16,}"),  # Weights & Biases
    ("glsa_", r"\w{16,}"),  # Grafana
    (r"SG\.", r"[\w\-]{16,}\.[\w\-]{16,}"),  # SendGrid
    ("shp(?:at|ca|pa|ss)_", r"[A-Za-z0-9]{16,}"),  # Shopify
    ("tskey-", r"[\w\-]{16,}"),  # Tailscale
    ("eyJ", r"[\w\-]+\.[\w\-]+\.[\w\-]*"),  # JSON Web Tokens
)

# A variable or a flag whose name holds one of these holds a secret.
_STEMS = ("token", "key", "secret", "password", "passwd", "passphrase", "credential")
# Unless it is another word,
_OTHER_WORDS = re.compile(
    r"tokeni[sz].*|keyword.*|keyboard.*|keyframe.*|keypoint.*|keystroke.*|keymap.*|(?:mon|tur|hoc|don|joc|whis)key.*"
)
# or counts, names or places such things: `max_new_tokens`, `--pad-token`, `--num-key-value-heads`, `--token-file`.
_COUNTS = {"max", "min", "num", "n", "nb", "per"}
_BEFORE = {
    "tokens": {"new", "special", "extra", "added", "image", "audio", "video", "total", "target", "stop"},
    "token": {"pad", "eos", "bos", "unk", "mask", "sep", "cls", "special", "stop", "start", "end", "begin", "image"},
    "key": {"sort", "group", "primary", "foreign", "text", "image", "label", "prompt", "metric", "target", "caption"},
}
_AFTER = {
    "token": {"id", "ids", "idx", "index", "type", "count", "length", "len", "size", "limit", "dropout", "level"},
    "tokens": {"count", "length", "len", "size", "limit", "per"},
    "key": {"value", "values", "dim", "size", "length", "padding", "mask", "heads", "states", "column", "field"},
}
_PLACES = {"file", "path", "dir", "folder"}
_NO_SECRET = re.compile(r"(?i)true|false|yes|no|on|off|none|null|\*+")
_NUMBER = re.compile(r"[+-]?[\d._]+(?:e[+-]?\d+)?", re.IGNORECASE)
_REFERENCE = re.compile(r"\$(?:\w+|\{\w+\}|\(.*)|`.*", re.DOTALL)
_LONG = 8  # from here on a secret is hidden within words too
_SHORTEST = 4  # what is shorter than this is hidden only beside its own name

_NAME = rf"(?=[\w.\-]*?(?:{'|'.join(_STEMS)}|_pat(?![a-z0-9])))[\w.\-]++"
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s'"`;&|()<>\\])+"""
_NAMED = rf"""(?ixs)
    (?<![\w.\-])(?<!://)
    (?: (?P<quote>["']) (?P<inner>{_NAME}) (?P<inner_is>\s*[=:]\s*|(?<=\w)\s+)
            (?P<all>(?:(?!(?P=quote))[^\\]|\\.){{1,8192}})
      | (?P<name>{_NAME}) (?P<is>["'\]]{{0,2}}\s*[=:](?!//)\s*|\s+(?!-{{1,2}}[A-Za-z])) (?P<value>{_VALUE})
    )
"""
_AUTHORISED = (
    r"""((?i:\bauthorization)["']?\s*[:=]\s*["']?(?i:(?:basic|token|bearer|digest)\s+)?|\bBearer\s+)([^\s'"]+)"""
)
_URL = r"(?<=://)([^/\s:@'\"]*):([^/\s'\"]+)@|(?<=://)([\w\-]{20,})@"

_QUERY = r"([?&])([\w.\-]+)=([^&\s'\"#]+)"

_LOGIN_FLAGS = ("-u", "--user", "-U", "--proxy-user")
_LOGIN = rf"""(\bcurl\s(?:[^|;&\n]{{0,200}}?\s)?(?:{"|".join(_LOGIN_FLAGS)})[\s=]?\s*["']?[^\s:'"]+:)([^\s'"]+)"""


def text(given: str, secrets: Iterable[str | None] = ()) -> str:
    """Return `given` without these secrets, and without anything that looks like a token."""
    shown = _without(given, [secret for secret in secrets if secret])
    shown = re.sub(_URL, _url_hidden, shown)
    shown = re.sub(_QUERY, _query_hidden, shown)
    shown = re.sub(_AUTHORISED, rf"\1{HIDDEN}", shown)
    shown = re.sub(_LOGIN, rf"\1{HIDDEN}", shown)
    for start, rest in TOKENS:
        shown = re.sub(rf"(?<![A-Za-z0-9])({start}){rest}", rf"\1{HIDDEN}", shown)
    return shown


def script(given: str, secrets: Iterable[str | None] = ()) -> str:
    """Return `given`, a line of a shell or of a message, also without the value of what is named like a secret."""
    given = re.sub(_URL, _url_hidden, _without(given, [secret for secret in secrets if secret]))
    pattern, shown, done = re.compile(_NAMED), [], 0
    while (match := pattern.search(given, done)) is not None:
        hidden, end = _value_hidden(match)
        shown += [given[done : match.start()], hidden]
        done = end
    return text("".join([*shown, given[done:]]))


def command(words: Iterable[str], secrets: Iterable[str | None] = ()) -> tuple[str, ...]:
    """Return a command line with its secrets hidden and all else unchanged."""
    known = tuple(secrets)
    shown: list[str] = []
    is_value = False
    for word in words:
        is_flag = re.fullmatch(r"--?[A-Za-z][\w.\-]*", word) is not None
        if is_value and not is_flag and not _is_plain(shown[-1], word):
            shown.append(HIDDEN)
            is_value = False
            continue
        is_script = bool(shown) and re.fullmatch("-[a-z]*c", shown[-1]) is not None  # `bash -c`, `python -c`
        if "curl" in shown and shown[-1] in _LOGIN_FLAGS:
            shown.append(_login_hidden(word))
        else:
            shown.append(script(word, known) if is_script else _word(word, known))
        is_value = is_flag and names_a_secret(word)
    return tuple(shown)


def _login_hidden(word: str) -> str:
    """Return `name:password`, as curl's `-u` takes it, without the password."""
    name, colon, password = word.partition(":")
    return f"{name}:{HIDDEN}" if colon and password else word


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables that are named like a secret, also those within JSON."""
    return tuple(dict.fromkeys(_secrets_of(environ)))


def names_a_secret(name: str) -> bool:
    """Return whether a variable or flag of this name is secret: `WANDB_API_KEY`, `--hf-token`, not `--tokenizer`."""
    is_variable = name.upper() == name
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    words = [word for word in re.split(r"[^a-z0-9]+", parted) if word]
    return any(
        any(stem in word for stem in _STEMS) and not _is_harmless(words, at, is_variable=is_variable)
        for at, word in enumerate(words)
    ) or (is_variable and words[-1:] == ["pat"] and len(words) > 1)


def _is_harmless(words: list[str], at: int, *, is_variable: bool) -> bool:
    word = words[at]
    if _OTHER_WORDS.fullmatch(word):
        return True
    before, after = set(words[:at]), set(words[at + 1 : at + 2])
    is_count = word in {"tokens", "keys"} and bool(before & _COUNTS)
    is_pair = word == "key" and bool(after & {"value", "values"})
    if is_variable or is_count or is_pair:
        # A variable's name is taken at its word: too much hidden is better than a secret shown.
        return is_count or is_pair
    return bool(before & _BEFORE.get(word, set()) or after & _AFTER.get(word, set()) or set(words[-1:]) & _PLACES)


def _secrets_of(values: Mapping[str, object], depth: int = 0) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _secrets_of(value, depth)
        elif isinstance(value, str) and names_a_secret(name):
            is_count = _NUMBER.fullmatch(value) is not None and name.upper().endswith("S")
            if not (is_count or _NO_SECRET.fullmatch(value)):
                yield value
                yield from (line for line in value.splitlines() if len(line) >= _LONG and line != value)
        elif isinstance(value, str) and value.startswith("{") and not depth:
            try:
                document = json.loads(value)
            except (ValueError, RecursionError):
                continue
            yield from _secrets_of(document, depth + 1) if isinstance(document, dict) else ()


def _without(given: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LONG:
            given = given.replace(secret, HIDDEN)
        elif len(secret) >= _SHORTEST and secret in given:
            given = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, given)
    return given


def _word(word: str, secrets: tuple[str | None, ...]) -> str:
    named = re.fullmatch(r"(-{0,2}[A-Za-z_][\w.\-]*)([=:])([^\s=].*)", word, re.DOTALL)
    if named is not None and names_a_secret(named[1]) and not named[3].startswith("//"):
        return word if _is_plain(named[1], named[3]) else f"{named[1]}{named[2]}{HIDDEN}"
    return script(word, secrets)


def _url_hidden(match: re.Match[str]) -> str:
    return f"{HIDDEN}@" if match[3] else f"{match[1]}:{HIDDEN}@"


def _query_hidden(match: re.Match[str]) -> str:
    """Hide a signature or a secret in an address: `?sig=` of Azure, `&X-Amz-Signature=` of S3."""
    name = match[2].lower()
    is_secret = name == "sig" or name.endswith("signature") or names_a_secret(name)
    return f"{match[1]}{match[2]}={HIDDEN}" if is_secret else match[0]


def _value_hidden(match: re.Match[str]) -> tuple[str, int]:
    """Return the replacement for a name and its value, and the offset to continue at."""
    is_quoted = match["quote"] is not None
    name, separator, value = match.group(*(("inner", "inner_is", "all") if is_quoted else ("name", "is", "value")))
    before = f"{match['quote'] or ''}{name}{separator}"
    is_sentence = not (name.startswith("-") or re.search("[=:]", separator))  # `the token is`
    if is_sentence or not names_a_secret(name):
        return before, match.start() + len(before)
    mark = value[0] if value[:1] in {'"', "'"} and value[-1:] == value[0] and value.count(value[0]) == 2 else ""  # noqa: PLR2004
    bare = value[1:-1] if mark else value
    is_reference = mark != "'" and _REFERENCE.fullmatch(bare) is not None
    is_shown = bare in {"", "$"} or is_reference or _is_plain(name, bare)
    return before + (value if is_shown else f"{mark}{HIDDEN}{mark}"), match.end()


def _is_plain(name: str, value: str) -> bool:
    """Return whether a value is a count or a switch, as after `--image-tokens`: not a secret."""
    is_count = name.lower().rstrip("=:").endswith(("tokens", "keys")) and _NUMBER.fullmatch(value) is not None
    return is_count or _NO_SECRET.fullmatch(value) is not None
