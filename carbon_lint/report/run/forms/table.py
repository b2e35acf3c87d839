"""List the forms that a record can be written as, each by the module of this folder that has its name.

A `Subject` holds what a form states and no record knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

from carbon_lint.errors import UsageError
from carbon_lint.records.record import Record
from carbon_lint.text import quoted

ACTIVITIES = ("training", "fine-tuning", "validation", "inference", "other")
"""What the energy was spent on, in CycloneDX's words (bom-1.6 `energyConsumption.activity`)."""

_LEAST, _MOST = 1e-100, 1e100  # grams can be divided by such a number, and stay finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the user states: the model that the energy made, the activity, and terms by name. `None` is not stated."""

    model: str | None = None
    activity: str | None = None
    terms: Mapping[str, str] = field(default_factory=dict)

    def number(self, term: str, *, example: str) -> float | None:
        """Return the number of a term, `None` if it is not stated. Raises UsageError for anything else."""
        text = self.terms.get(term)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not _LEAST < value < _MOST:
            raise UsageError(f"--term {term}={quoted(text)} is not a number above zero", hint=f"like {term}={example}")
        return value


class Form(NamedTuple):
    """One form.

    Attributes:
        needs: of `model` and `activity`, what the user must name.
        terms: term that no record knows -> what it means.
        required: terms without which the form is not valid.
        sign: a pattern that each document of the form matches, so that a new one may replace it.
    """

    needs: tuple[str, ...] = ()
    terms: Mapping[str, str] = {}
    required: tuple[str, ...] = ()
    sign: bytes = b""


FORMS = {
    "cyclonedx": Form(
        needs=("model", "activity"),
        sign=rb'(?s)"bomFormat": "CycloneDX".*"name": "carbon-lint"',
    ),
    "spdx": Form(
        needs=("model", "activity"),
        sign=rb'(?s)spdx\.org/rdf.*"name": "carbon-lint"',
    ),
    "annex-xi": Form(
        needs=("model",),
        terms={"compute": "operations used for training, in FLOP, like 1.2e21"},
        sign=rb"\A<!-- carbon-lint annex-xi -->",
    ),
    "boamps": Form(
        needs=("model", "activity"),
        terms={
            "task-family": "like 'text classification'",
            "data-type": "tabular, audio, boolean, image, video, object, text, token, word or other",
            "infra-type": "publicCloud, privateCloud, onPremise or other",
            "algorithm": "like 'transformers' or 'randomForest'",
        },
        required=("task-family", "data-type", "infra-type"),
        sign=rb'(?s)"formatVersionSpecificationUri": "[^"]*BoAmps.*carbon-lint',
    ),
    "sci": Form(
        needs=("model",),
        terms={
            "functional-unit": "FLOP, training-token or parameter",
            "units": "how many of them, like 3e12",
            "basis": "gross or effective",
            "rationale": "why this unit",
            "embodied": "embodied emissions of the hardware for this run, like '12 kg'",
        },
        sign=rb'"specification": "SCI for AI',
    ),
    "codecarbon-csv": Form(
        sign=rb"\Atimestamp,project_name,run_id,[^\n]*,carbon_lint_scope,",
    ),
}


def render(name: str, record: Record, subject: Subject) -> str:
    """Return the record as the form `name`.

    Raises UsageError if a name or a term is missing or unknown, MissingFigureError if the record lacks a figure that
    the form must state.
    """
    form = FORMS[name]
    missing = [f"--{need}" for need in form.needs if getattr(subject, need) is None]
    if missing:
        raise UsageError(
            f"--format {name} needs {' and '.join(missing)}",
            hint="the record does not say which model the energy made, and by what: it is never guessed",
        )
    unknown = sorted(set(subject.terms) - set(form.terms))
    if unknown:
        known = f"it takes {', '.join(form.terms)}" if form.terms else "it takes none"
        raise UsageError(f"--format {name} has no term {quoted(unknown[0])}", hint=known)
    lacking = [term for term in form.required if term not in subject.terms]
    if lacking:
        raise UsageError(
            f"--format {name} must state {', '.join(lacking)}, which no record knows",
            hint="; ".join(f"--term {term}=... ({form.terms[term]})" for term in lacking),
        )
    text: str = import_module(f"carbon_lint.report.run.forms.{name.replace('-', '_')}").render(record, subject)
    return text


def terms_of(pairs: Iterable[str]) -> dict[str, str]:
    """Read `NAME=VALUE` pairs. Raises UsageError if one has no name or value, or a name comes twice."""
    terms: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not name.strip() or not value.strip():
            raise UsageError(f"--term {quoted(pair)} is not NAME=VALUE", hint="like --term task-family=chatbot")
        if name.strip() in terms:
            raise UsageError(f"--term {name.strip()} is given twice", hint="give each term once")
        terms[name.strip()] = value.strip()
    return terms
