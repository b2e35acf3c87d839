"""What GitHub and editors read beside the documentation: issue forms, the pull-request template, the devcontainer."""

from __future__ import annotations

import json
import re

from carbon_lint.project import REPOSITORY_URL
from tests.conftest import ROOT
from tests.schemas import check_jsonschema

FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


def test_the_issue_forms_are_forms():
    forms = sorted(path for path in FORMS.glob("*.yml") if path.name != "config.yml")
    assert len(forms) > 2
    for schema, paths in (("issue-forms", forms), ("issue-config", [FORMS / "config.yml"])):
        code, output = check_jsonschema("--builtin-schema", f"vendor.github-{schema}", *paths)
        assert code == 0, output


def test_the_links_of_the_issue_page_lead_to_this_project():
    urls = re.findall(r"url: (\S+)", (FORMS / "config.yml").read_text(encoding="utf-8"))
    assert len(urls) == 2
    for url in urls:
        assert url.startswith(f"{REPOSITORY_URL}/")
        path = url.partition("/blob/main/")[2]
        assert not path or (ROOT / path).exists()


def test_the_devcontainer_and_the_template_call_what_there_is():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    target = container["postCreateCommand"].removeprefix("make .venv")
    assert f"$(VENV){target}:" in makefile
    template = (ROOT / ".github" / "pull_request_template.md").read_text(encoding="utf-8")
    for name in re.findall(r"`make (\w+)`", template):
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name
