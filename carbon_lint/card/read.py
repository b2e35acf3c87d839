"""Read a model card's bytes. Whatever they are, a `Card` comes back and what is wrong is in its `problems`."""

from __future__ import annotations

from codecs import BOM_UTF8

from carbon_lint.card import fence
from carbon_lint.card.document import Card, Problem
from carbon_lint.card.yaml.plain import is_plainly_fine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.document import Parsed
    from carbon_lint.card.fence import FrontMatter


def read_card(data: bytes, path: str) -> Card:
    """Return the card in `data`. Never raises on content; `path` is only carried along."""
    had_bom = data.startswith(BOM_UTF8)
    encoded = data[len(BOM_UTF8) :] if had_bom else data
    problems: tuple[Problem, ...] = ()
    try:
        text = encoded.decode()
    except UnicodeDecodeError as error:
        text = encoded.decode(errors="replace")
        problems = (_not_utf8(encoded, error),)
    front_matter, parsed = fence.find(text), None
    if front_matter is None:
        problems = (*problems, _no_front_matter(text))
    elif not is_plainly_fine(text[front_matter.start : front_matter.end]):
        parsed = _parse(text, front_matter)
        problems += parsed.problems
    return Card(
        path,
        text,
        had_bom=had_bom,
        front_matter=front_matter,
        problems=problems,
        parsed=parsed,
        parse=_parse,
        python_error=_python_error if parsed else None,
    )


def _parse(text: str, front_matter: FrontMatter) -> Parsed:
    from carbon_lint.card.yaml.compose import compose  # noqa: PLC0415  with PyYAML, which a plain card never needs

    return compose(text, front_matter.start, front_matter.end)


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> Problem:
    # Offsets are of the text, so what comes before the bad byte is decoded as the text itself was.
    before = data[: error.start].decode(errors="replace")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem("not-utf8", "the card is UTF-16, expected UTF-8", 0, 0)
    at = len(before)
    return Problem("not-utf8", f"the byte 0x{data[error.start]:02x} is not UTF-8, which the Hub expects", at, at + 1)


def _no_front_matter(text: str) -> Problem:
    from carbon_lint.card.lax import find_lax  # noqa: PLC0415  its patterns take 1 ms, and few cards need them

    lax = find_lax(text)
    none = Problem("no-front-matter", "the card has no front matter: metadata between two `---` lines", 0, 0)
    return none if lax is None else lax[1]


def _python_error(card: Card) -> Problem | None:
    from carbon_lint.card.yaml.pyyaml import error_of  # noqa: PLC0415  asked for few cards, and start-up counts

    return error_of(card)
