"""Run one test over many cases in one item: `pytest.mark.parametrize` without the price of an item for each case."""

from __future__ import annotations

import functools
import inspect
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_OURS = ("tmp_path", "monkeypatch")


def cases(names: str | tuple[str, ...], values: Iterable[Any], ids=None):
    """Decorate a test as `pytest.mark.parametrize(names, values, ids)` would, all cases in one item.

    Every case runs, and all failures are raised, each with its case. `test.one_case` is the test without its cases.
    Each case has a folder of its own as `tmp_path`, a copy of the current folder as that, and its own `monkeypatch`;
    what was printed before it is gone from `capsys`. Other fixtures are shared by all cases.
    """
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    prepared = list(_prepared(arguments, list(values), ids))
    assert prepared, "there is no case"

    def decorate(test):
        signature = inspect.signature(test)
        wanted = [parameter for name, parameter in signature.parameters.items() if name not in arguments]
        added = [name for name in _OURS if name not in signature.parameters]

        @functools.wraps(test)
        def run_all(**fixtures):
            failures = []
            for number, (name, given) in enumerate(prepared):
                try:
                    _run(test, fixtures, given, added, number)
                except (Exception, pytest.fail.Exception, pytest.skip.Exception) as failure:  # noqa: BLE001  all of them are raised below
                    failure.add_note(f"case: {name}")
                    failures.append(_unskipped(failure))
            if len(failures) == 1:
                raise failures[0]
            if failures:
                raise BaseExceptionGroup(f"{len(failures)} of {len(prepared)} cases", failures)

        parameters = [*wanted, *(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in added)]
        run_all.__signature__ = signature.replace(parameters=parameters)
        del run_all.__wrapped__
        run_all.one_case = test
        return run_all

    return decorate


def _run(test, fixtures: dict[str, Any], given: dict[str, Any], added: list[str], number: int) -> None:
    folder = fixtures["tmp_path"] / f"case-{number}"
    work = folder / "work"
    before = Path.cwd()
    assert fixtures["tmp_path"] in before.parents, "the current folder is the test's own"
    shutil.copytree(before, work, symlinks=True)
    if "capsys" in fixtures:
        fixtures["capsys"].readouterr()
    with fixtures["monkeypatch"].context() as patch:
        own = {**fixtures, "tmp_path": folder, "monkeypatch": patch}
        os.chdir(work)
        try:
            test(**{name: value for name, value in own.items() if name not in added}, **given)
        finally:
            os.chdir(before)


def _unskipped(failure: BaseException) -> BaseException:
    """A skipped case would take the rest with it unseen, so it is a failure."""
    if not isinstance(failure, pytest.skip.Exception):
        return failure
    unskipped = AssertionError(f"a case was skipped: {failure}")
    unskipped.__notes__ = failure.__notes__
    return unskipped


def _prepared(arguments: list[str], values: list[Any], ids) -> Iterator[tuple[str, dict[str, Any]]]:
    named = [None] * len(values) if ids is None or callable(ids) else list(ids)
    for case, name in zip(values, named, strict=True):
        given, label = case, name
        if hasattr(case, "marks"):  # pytest.param
            assert not case.marks, "a case has no marks of its own"
            given, label = (case.values if len(arguments) > 1 else case.values[0]), case.id or name
        given = dict(zip(arguments, given, strict=True)) if len(arguments) > 1 else {arguments[0]: given}
        if label is None:
            label = "-".join(str(ids(value)) if callable(ids) else _shown(value) for value in given.values())
        yield label, given


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:99]}…"
