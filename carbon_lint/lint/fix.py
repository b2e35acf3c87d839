"""Fixes: put into the text by offset, and kept only if the result reads better and nothing else changed.

Every set of fixes is tried on the text in memory first: it is read again and linted again. It is kept if it
leaves less to find, no new error, and every value that it did not touch as it was. The file is written once, at the
end.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter

from carbon_lint.card.edit import encode
from carbon_lint.card.read import read_card
from carbon_lint.lint.card_linter import examine
from carbon_lint.lint.context import pairs_of
from carbon_lint.lint.diagnostic import ERROR, SEVERITIES, edited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.card.document import Card, Node
    from carbon_lint.lint.diagnostic import Diagnostic, Edit, Fix
    from carbon_lint.lint.evidence import Evidence
    from carbon_lint.lint.policy import Policy

_PASSES = 8
"""A fix may uncover another (a list made a map, then its keys renamed); more rounds than rules that do so."""


def fix_card(card: Card, policy: Policy, evidence: Evidence | None = None, *, allow_unsafe: bool = False) -> Card:
    """Return the card with every fix that the request allows and that stands the test, or the same card without one."""
    for _ in range(_PASSES):
        found, _ = examine(card, policy, evidence)
        fixes = [each.fix for each in found if each.fix and (each.fix.is_safe or allow_unsafe)]
        better = _first_that_holds(card, found, fixes, policy, evidence)
        if better is None:
            break
        card = better
    return card


def _first_that_holds(
    card: Card, found: list[Diagnostic], fixes: list[Fix], policy: Policy, evidence: Evidence | None
) -> Card | None:
    """Return the card with all fixes at once or, if that fails the test, with the first that passes it alone."""
    together = _without_overlap(fixes)
    tries = [together, *([fix] for fix in fixes)] if len(together) > 1 else [[fix] for fix in fixes]
    for some in tries:
        edits = [edit for fix in some for edit in fix.edits]
        after = read_card(encode(card, edited(card.text, edits)), card.path)
        if _keeps_all_else(card, after, edits):
            left, _ = examine(after, policy, evidence)
            seen = _of_known_fields(card, after, left)
            if _is_hidden(card) or _comes_to_light(card, after) or _is_better(found, seen):
                return after
    return None


def _without_overlap(fixes: list[Fix]) -> list[Fix]:
    """Return the fixes in order, without those that touch characters that an earlier one touches."""
    kept: list[Fix] = []
    taken: list[tuple[int, int]] = []
    for fix in fixes:
        if not any(_meets(edit, taken) for edit in fix.edits):
            kept.append(fix)
            for edit in fix.edits:
                insort(taken, _place(edit))
    return kept


def _place(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def _meets(edit: Edit, taken: list[tuple[int, int]]) -> bool:
    """Return whether an edit overlaps or adjoins one of those that are taken, which are in order and do not."""
    at = bisect_right(taken, (edit.end, len(taken) and taken[-1][1]))
    return at > 0 and taken[at - 1][1] >= edit.start


def _is_better(before: list[Diagnostic], after: list[Diagnostic]) -> bool:
    """Return whether there are fewer findings, the worst counted first, and no error more of any kind.

    As many findings are better, too, if fewer of them can be fixed: what is left cannot be fixed.
    """
    errors = Counter(diagnostic.code for diagnostic in before if diagnostic.severity == ERROR)
    errors.subtract(diagnostic.code for diagnostic in after if diagnostic.severity == ERROR)
    return min(errors.values(), default=0) >= 0 and _weight(after) < _weight(before)


def _comes_to_light(before: Card, after: Card) -> bool:
    """Return whether the block's fields can be read only now: they may have faults of their own, which were hidden."""
    was, now = before.block and before.block.kind, after.block and after.block.kind
    return now is not None and (was is None or (was != "map" and now == "map"))


def _of_known_fields(before: Card, after: Card, left: list[Diagnostic]) -> list[Diagnostic]:
    """Return the findings without those in a field that had another name before: no rule knew it, and looked at it."""
    known = {key.text for key, _ in pairs_of(before.block)}
    new = [(key.start, value.end) for key, value in pairs_of(after.block) if key.text not in known]
    return [each for each in left if not any(start <= each.start and each.end <= end for start, end in new)]


def _is_hidden(card: Card) -> bool:
    return len(card.problems) == 1 and card.problems[0].kind == "laxer-reader"


def _weight(found: list[Diagnostic]) -> tuple[int, ...]:
    counts = [sum(diagnostic.severity == severity for diagnostic in found) for severity in SEVERITIES]
    return (*counts, sum(diagnostic.fix is not None for diagnostic in found))


def _keeps_all_else(before: Card, after: Card, edits: list[Edit]) -> bool:
    """Return whether every value that no edit touched is the same, and so is the text below the front matter."""
    if after.problems or after.root is None:
        return False
    if _is_hidden(before):
        return True  # its edits are of the fences alone, and there were no values before
    if before.problems or before.root is None:
        return False
    if before.text[before.body[0] :] != after.text[after.body[0] :]:
        return False
    untouched = Counter(_leaves(before.root, sorted(edits, key=_place)))
    untouched.subtract(_leaves(after.root, []))
    return max(untouched.values(), default=0) <= 0


def _is_touched(node: Node, edits: list[Edit]) -> bool:
    at = bisect_left(edits, node.end, key=lambda edit: edit.start)
    return at > 0 and node.start < edits[at - 1].end


def _leaves(node: Node, edits: list[Edit], name: str = "") -> Iterator[tuple[str, str, str]]:
    """Return (key, type, text) of every written scalar that no edit, in order, touches, with the nearest key's name."""
    if node.kind == "scalar" or node.is_alias:
        # A block without a value gets one if its fields are moved into it.
        if node.raw and not _is_touched(node, edits):
            yield name, node.type, node.raw if node.is_alias else node.text
        return
    for item in node.items_list():
        yield from _leaves(item, edits, name)
    for key, value in node.own_items():
        if not _is_touched(key, edits):
            yield from _leaves(value, edits, key.raw)
