"""Set up the templates of pages: every text is escaped, and harmless in a log that it is printed to."""

from __future__ import annotations

from typing import Any

from carbon_lint import __version__
from carbon_lint.errors import UsageError
from carbon_lint.project import install_hint
from carbon_lint.report.plot import NARROW, WIDE
from carbon_lint.text import terminal


def render(package: str, template: str, **values: Any) -> str:
    """Return a page by a template of `package` or of all pages. Raises UsageError if there is no Jinja2."""
    try:
        import jinja2  # noqa: PLC0415  an extra, and slow to load
    except ImportError as error:
        raise UsageError("the html format needs Jinja2: the package is missing", hint=install_hint("html")) from error
    templates = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader("carbon_lint.report")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return templates.get_template(template).render(version=__version__, sizes=(WIDE, NARROW), **values)


def _harmless(value: Any) -> Any:
    """Return a text so that it cannot act in a CI log that the page is printed to."""
    return terminal(value) if type(value) is str else value
