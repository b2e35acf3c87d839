"""Fixes: put into the text by offset, and kept only where the result reads better and nothing else changed.

Every set of fixes is tried on the text in memory first: it is read again and linted again. It is kept where it
leaves less to find, no new error, and every value that it did not touch as it was. The file is written once, at the
end.
"""

from __future__ import annotations

from collections import Counter

from carbon_lint.card.read import read_card
from carbon_lint.lint.diagnostic import SEVERITIES, Severity
from carbon_lint.lint.engine import Judged, examine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbon_lint.card.document import Card, Node
    from carbon_lint.lint.diagnostic import Diagnostic, Edit, Fix
    from carbon_lint.lint.engine import LintRequest
    from carbon_lint.lint.policy import Policy

_BOM = "\ufeff"
_PASSES = 8
"""A fix may uncover another (a list made a map, then its keys renamed); more rounds than rules that do so."""


def fix_file(request: LintRequest, card: Card, policy: Policy) -> Judged:
    """Mend a card, write it unless the request is dry, and return what is left. Raises OutputError."""
    fixed = fix_card(card, policy, request)
    diagnostics, suppressed = examine(fixed, policy, request.evidence)
    if fixed.text == card.text:
        return Judged(card.path, diagnostics, suppressed)
    if request.is_dry:
        diagnostics, suppressed = examine(card, policy, request.evidence)
    judged = Judged(card.path, diagnostics, suppressed)
    judged.diff = _diff(card, fixed)
    if not request.is_dry:
        from carbon_lint.files import write_atomically

        write_atomically(card.path, _encoded(fixed))
        judged.is_fixed = True
    return judged


def fix_card(card: Card, policy: Policy, request: LintRequest) -> Card:
    """The card with every fix that the request allows and that stands the test; the same card where there is none."""
    for _ in range(_PASSES):
        found, _ = examine(card, policy, request.evidence)
        fixes = [
            diagnostic.fix
            for diagnostic in found
            if diagnostic.fix and (diagnostic.fix.is_safe or request.fix == "unsafe")
        ]
        better = _first_that_holds(card, found, fixes, policy, request)
        if better is None:
            break
        card = better
    return card


def _first_that_holds(
    card: Card, found: list[Diagnostic], fixes: list[Fix], policy: Policy, request: LintRequest
) -> Card | None:
    """All fixes at once, or, where that does not stand the test, the first that does alone."""
    together = _without_overlap(fixes)
    tries = [together, *([fix] for fix in fixes)] if len(together) > 1 else [[fix] for fix in fixes]
    for some in tries:
        edits = [edit for fix in some for edit in fix.edits]
        after = _reread(card, apply(card.text, edits))
        if _keeps_all_else(card, after, edits):
            left, _ = examine(after, policy, request.evidence)
            # A block that comes to light may have faults of its own, which nobody could see before.
            if _is_hidden(card) or _is_better(found, left):
                return after
    return None


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` with edits that do not overlap, put in from the back."""
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _without_overlap(fixes: list[Fix]) -> list[Fix]:
    """The fixes in order, without those that touch characters that an earlier one touches."""
    kept: list[Fix] = []
    taken: list[Edit] = []
    for fix in fixes:
        if not any(edit.start < other.end + 1 and other.start < edit.end + 1 for edit in fix.edits for other in taken):
            kept.append(fix)
            taken.extend(fix.edits)
    return kept


def _is_better(before: list[Diagnostic], after: list[Diagnostic]) -> bool:
    """Fewer findings, the worst counted first, and no kind of error that was not there, or not so often."""
    errors = Counter(diagnostic.code for diagnostic in before if diagnostic.severity == Severity.ERROR)
    errors.subtract(diagnostic.code for diagnostic in after if diagnostic.severity == Severity.ERROR)
    return min(errors.values(), default=0) >= 0 and _by_severity(after) < _by_severity(before)


def _is_hidden(card: Card) -> bool:
    return len(card.problems) == 1 and card.problems[0].kind == "laxer-reader"


def _by_severity(found: list[Diagnostic]) -> tuple[int, ...]:
    return tuple(sum(diagnostic.severity == severity for diagnostic in found) for severity in SEVERITIES)


def _keeps_all_else(before: Card, after: Card, edits: list[Edit]) -> bool:
    """Whether every value that no edit touched is the same, and so is the text below the front matter."""
    if after.problems or after.root is None:
        return False
    if _is_hidden(before):
        return True  # its edits are of the fences alone, and there were no values before
    if before.problems or before.root is None:
        return False
    if before.text[before.body[0] :] != after.text[after.body[0] :]:
        return False
    untouched = Counter(_leaves(before.root, edits))
    untouched.subtract(_leaves(after.root, ()))
    return max(untouched.values(), default=0) <= 0


def _leaves(node: Node, edits: Iterable[Edit], name: str = "") -> Iterator[tuple[str, str, str]]:
    """(key, type, text) of every scalar that no edit touches, with the nearest key's name."""
    edits = tuple(edits)
    if node.kind == "scalar":
        # A block without a value gets one where its fields are moved into it.
        if node.raw and not _touched(node, edits):
            yield name, node.type, node.text
        return
    for item in node.items_list():
        yield from _leaves(item, edits, name)
    for key, value in node.own_items():
        if not _touched(key, edits):
            yield from _leaves(value, edits, key.raw)


def _touched(node: Node, edits: tuple[Edit, ...]) -> bool:
    return any(edit.start < node.end and node.start < edit.end for edit in edits)


def _reread(card: Card, text: str) -> Card:
    return read_card((_BOM * card.had_bom + text).encode("utf-8", "surrogatepass"), card.path)


def _encoded(card: Card) -> bytes:
    return (_BOM * card.had_bom + card.text).encode("utf-8")


def _diff(before: Card, after: Card) -> str:
    from difflib import unified_diff

    from carbon_lint.text import visible

    lines = unified_diff(
        before.text.splitlines(keepends=True),
        after.text.splitlines(keepends=True),
        f"a/{visible(before.path)}",
        f"b/{visible(after.path)}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
