"""CL308: `training_type` does not fit `base_model`."""

import re

from carbon_lint.lint.context import Context, string
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.text import quoted

_PRE_TRAINING = re.compile(r"pre[- _]?train(?:ing|ed)", re.IGNORECASE)


def check(context: Context) -> Hits:
    """
    ## What it does
    Notes `training_type: pre-training` on a card that names a `base_model`.

    ## Why is this bad?
    A model with a base was fine-tuned from it; what it took to pre-train is the base model's figure, and is counted
    there.

    ## Known problems
    Pre-training that goes on from another model's weights is both. Silence the note there.

    ## Example
    ```yaml
    base_model: owner/base
    co2_eq_emissions:
      emissions: 12.5
      training_type: pre-training
      ...
    ```

    ## Use instead
    ```yaml
    base_model: owner/base
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    node, root = context.field("training_type"), context.card.root
    text = string(node)
    if node is None or text is None or root is None or not _PRE_TRAINING.fullmatch(text.strip()):
        return
    base = root.key("base_model")
    if base is not None:
        related = (("base_model is here", base.start, base.end),)
        yield Hit(f"training_type is {quoted(text)}, but the card has a base_model", *node.span, related=related)
