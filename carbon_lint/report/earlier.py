"""Tell an earlier report of ours from any other file: a new report may only replace one of its own format."""

from __future__ import annotations

import re

from carbon_lint.files import check_is_ours
from carbon_lint.report.run.forms.table import FORMS

# What every report of the format holds, whatever it reports on.
_SIGNS = {
    "text": rb"\A(?:carbon-lint: |audit of )|(?:\A|\n)\d+ files? checked: [^\n]*\n(?:`carbon-lint rules [^\n]*\n)?\Z",
    "concise": rb"\A(?:[^\n]+:\d+:\d+: (?:error|warning|note) CL\d{3} [^\n]*\n)+\Z",
    "json": rb'\A\{\s*"format": 1,\s*"(?:carbon_lint|audited)"',
    "github": rb"\A(?:::(?:error|warning|notice) |\d+ files? checked: )",
    "gitlab": rb'\A\s*\[\s*(?:\]|\{\s*"description": "CL\d{3} )',
    "sarif": rb'"driver": \{\s*"name": "carbon-lint"',
    "html": rb"<title>[^<]*carbon-lint",
    "markdown": rb"(?s)\A## (?:carbon-lint\n|.*<summary>How to reproduce</summary>\n)",
    "badge": rb"\A<!-- carbon-lint badge -->",
    "badge-json": rb'\A\{\s*"schemaVersion": 1,\s*"label"',
    "comment": rb"\A<!-- carbon-lint ",
    "record": rb'\A\{\s*"format": "carbon-lint/record@',
    "month-text": rb"(?m)^Time: +(?:\d{4}-\d\d|the last )",
    "month-markdown": rb"\A<!-- carbon-lint month",
    "month-issue": rb"\A<!-- carbon-lint told ",
    "month-notice": rb"\A(?:[^\n]*the budget [^\n]* (?:is used up|has reached )[^\n]*\n\n)+\Z",
    "month-csv": rb"\Aperiod,by,name,runs,share,emissions_g_low,",
    "month-json": rb'\A\{\s*"format": "carbon-lint/month@',
}


def check_replaceable(path: str, name: str) -> None:
    """Raise OutputError if a file is at `path` that is neither blank nor an earlier report in the format `name`."""
    form = name.removeprefix("month-")  # a page or a badge is known alike, whatever it is of
    sign = re.compile(FORMS[form].sign if form in FORMS else _SIGNS[name if name in _SIGNS else form])
    what = "a carbon-lint record" if form == "record" else f"an earlier report of carbon-lint as {form}"
    check_is_ours(path, what, lambda data: sign.search(data) is not None)
