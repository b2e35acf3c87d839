"""CL108: A field still holds a placeholder."""

import re

from carbon_lint.lint.context import Context, string
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.template import is_mark
from carbon_lint.text import quoted, visible

# The first line is the Hub's documentation from 2021 on, word for word.
_PLACEHOLDER = (
    r"source of the information\b.*|as granular as possible\b.*|how much compute and what kind\b.*"
    r"|\"?pre-?training\"? or \"?fine-?tuning\"?"
    r"|\[?more information needed\]?|information needed|needs? more information|<[^<>]*>|\{\{.*\}\}|\[[^\[\]]*\]"
    r"|n/?\.?a\.?|tbd|todo|fixme|xxx+|\.\.\.|\?+|-+|unknown|unspecified"
    r"|not (?:specified|available|known|applicable|reported)"
    r"|number \(in grams of co2\)|none|null|to be (?:determined|filled|added)\b.*|your(?:[ _-][A-Za-z0-9]+)+"
)
_FLAGS = re.IGNORECASE | re.DOTALL

_LONGEST = 1000


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports fields that still hold the documentation's description of the field, a template's mark such as `[More
    Information Needed]` or `{{ source }}`, or `N/A`.

    ## Why is this bad?
    It looks as if the card stated the source of its figure. Leave out a field that you do not know.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: source of the information, either directly from AutoTrain, code carbon or from a scientific article
      training_type: pre-training or fine-tuning
      ...
    ```
    """
    for name, (_, value) in context.fields.items():
        text = string(value)
        if text is None and value.kind == "map" and is_mark(value.raw):
            text = value.raw
        if name != "emissions" and text is not None and is_placeholder(text):
            yield Hit(f"{visible(name)} holds the placeholder {quoted(text)}", *context.spot(value))


def is_placeholder(text: str) -> bool:
    """Return whether a value is a description of the field, a mark of a template, or a word for not known."""
    return len(text) <= _LONGEST and (
        is_mark(text) or re.fullmatch(_PLACEHOLDER, text.strip().strip("\"'`*_").strip(), _FLAGS) is not None
    )
