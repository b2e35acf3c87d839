"""Whose emissions a statement is about: this model's, or a car's, a data set's, another model's, a single request's.

The answer leans to "not this model's": a figure that is missed costs one comparison, a foreign one is a false alarm.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from carbon_lint.card.markup import pattern

_CUT = r"""
    (?:on|with|over|using|via|through|in|across)\b[^,.;:|]{0,60}?\b(?:data[ -]?sets?|corpus|corpora|benchmarks?)\b
"""
# What nothing later in the sentence makes this model's own training.
_NEVER = r"""
    \b(?:offset(?:s|ting)?|sav(?:e|es|ed|ings?)(?![ ](?:to|in|as|at)\b)|avoid(?:s|ed|ing)?|prevent(?:s|ed)?
      |reduc(?:es|ing|tions?)|reduced[ ](?:\w+[ ]){0,3}by|compensat\w+|sequest\w+|absorb\w*
      |(?:predict|forecast)\w*[ ](?:\w+[ ]){0,4}?(?:emissions?|CO2|footprints?)
      |(?:emissions?|CO2|footprint)[ ](?:predict|forecast)\w*
      |if|would|could|might|e\.g|(?:for|an)[ ](?:example|instance)|example[ ]?(?=:)|hypothetical\w*|suppos\w+|imagine
      |budgets?|limits?|thresholds?|targets?|goals?|quota|allowance|market[ -]based)\b
"""
# What is about something else, unless this model is named again behind it.
_OTHER = r"""
    \b(?:cars?|vehicles?|driv(?:e|es|ing|en)|flights?|fly(?:ing)?|planes?|trains?[ ]travel|households?|passengers?
      |(?:average|typical)[ ](?:person|human|american|citizen|family)|per[ ]capita|trees?|smart-?phones?
      |gasoline|petrol|miles|kilomet(?:re|er)s?|km
      |data[ -]?sets?|corpus|corpora|data[ ](?:collection|preparation|processing|loading|cleaning|creation)
      |(?:loading|creating|collecting|preparing|cleaning|downloading|storing)[ ](?:of[ ])?(?:the[ ])?data
      |compar(?:ed?|ing|isons?)|versus|vs|unlike|opposed|instead|than|whereas
      |an?[ ](?:large|big|huge|typical|single|standard)[ ](?:[\w-]{1,20}[ ]){0,2}
       (?:models?|transformers?|networks?|LLMs?)
      |baselines?|teacher|predecessors?|competitors?
      |(?:base|original|parent|teacher|pre-?trained|previous|earlier|older|larger|bigger|another|other|similar
         |comparable|such)
       [ ](?:[\w-]{1,20}[ ])?(?:models?|versions?|checkpoints?|networks?|LLMs?))\b
"""
_OWN = (
    r"\b(?:ours|we|(?:our|this)[ ](?:[\w-]{1,24}[ ]){0,3}(?:model|training|run|fine-?tuning|experiments?)"
    r"|the[ ](?:(?:final|resulting|trained|fine-?tuned|presented|proposed|full|whole|entire)[ ])?"
    r"(?:model|training|run))\b"
)
_BEHIND = (
    r"[^.,;:\d]{0,40}?\b(?:by|of|from|for|like)[ ]+(?:(?:an?|the|one|average|typical|single)[ ]+){0,3}"
    rf"(?:{_OTHER})|\W{{0,3}}(?:(?:was|were|is|are|have[ ]been)[ ])?(?:saved|avoided)\b"
)
_BOUND = (
    r"(?:\bthan|\bup[ ]to|\bat[ ](?:most|least)|\bunder|\bbelow|\babove|\bover|\bmaximum(?:[ ]of)?|\bminimum(?:[ ]of)?"
    r"|\bbetween|[<>\u2264\u2265])[ ]{0,3}(?:about|approximately|around|~)?[ ~]{0,3}$"
)
_RATES = (
    r"(?<!\bas[ ])\bper\b(?![ -]?cent)"
    r"|\b(?:each|every|hourly|daily|weekly|monthly|yearly|annual(?:ly)?|intensity|factor)\b"
    r"|\bfor[ ](?:one|a[ ]single)\b"
    r"|/[ ]?(?:[kM]?Wh|h|hour|request|query|token|image|inference|prediction|sample|prompt|day|year|epoch|step|km"
    r"|mile)s?\b"
)
_SERVING = r"\b(?:inferences?|serving|deployment|deployed|predictions?|requests?|queries)\b"
# Models that cards compare themselves with.
_NAMES = (
    r"\b(?P<family>Chat-?GPT|GPT|BLOOM|OPT(?=-?\d)|Gopher|PaLM|(?:Distil|Ro|Al|De)?BERTa?(?=\b|-|_)|T5|Llama|Falcon"
    r"|Mistral|Mixtral|Chinchilla|Gemini|Gemma|Claude|Meena|Switch[ ]Transformer|Evolved[ ]Transformer"
    r"|Transformer[ ]big|ELMo|GLaM|LaMDA|Megatron|Stable[ ]Diffusion|DALL.?E|Qwen|DeepSeek|OLMo|Pythia|XLNet)(?![a-z])"
)
_HEADING = r"^(?P<level>\#{1,6})[ \t]+(?P<title>[^\n]{1,300})"
_TITLE = r"^[ -]{0,12}(?:name|model_name|model_id|title|model)[ ]?:[^\n]{1,200}"
_ASIDE = (
    r"\b(?:data[ -]?sets?|corpus|training[ ]data|examples?|usage|how[ ]to|getting[ ]started|quick[ ]?start|inference"
    r"|features?|schema|related|comparisons?|other[ ]models|baselines?|templates?)\b"
)
_ABOUT_CARBON = r"emission|carbon|environment|footprint|co.?2|climate|energy|sustainab|impact"


_LEAST_NAME = 5
"""Letters and digits that a row's name needs to be looked for among the headings."""


class Subjects:
    """What a card calls itself, and which of its sections are about something else."""

    def __init__(self, text: str, start: int) -> None:
        self._starts: list[int] = []
        self._are_asides: list[bool] = []
        path: list[tuple[int, bool]] = []
        titles = [match[0] for match in re.finditer(_TITLE, text[:start], re.MULTILINE | re.IGNORECASE)]
        for match in re.finditer(_HEADING, text[start:], re.MULTILINE | re.VERBOSE):
            level, title = len(match["level"]), match["title"]
            while path and path[-1][0] >= level:
                path.pop()
            is_aside = re.search(_ASIDE, title, re.IGNORECASE | re.VERBOSE) is not None or (bool(path) and path[-1][1])
            is_aside = is_aside and re.search(_ABOUT_CARBON, title, re.IGNORECASE) is None
            path.append((level, is_aside))
            self._starts.append(start + match.start())
            self._are_asides.append(is_aside)
            titles.append(title)
        self._names = "\n".join(titles).lower()
        self._bare_names = re.sub(r"[^\w\n]+|_", "", self._names)

    def is_aside(self, position: int) -> bool:
        """Return whether the text at `position` is in a section on data, on usage, or on other models."""
        number = bisect_right(self._starts, position) - 1
        return number >= 0 and self._are_asides[number]

    def names_other(self, text: str) -> int:
        """Return where the last name of a model that is not this card's ends in `text`; 0 if there is none."""
        ends = [
            match.end()
            for match in pattern(_NAMES).finditer(text)
            if match["family"].lower().removeprefix("chat-") not in self._names
        ]
        return max(ends, default=0)

    def is_foreign(self, before: str, label: int, behind: str) -> bool:
        """Return whether an amount belongs to something else.

        `before` is the sentence up to the number, `label` is where its label starts in it, `behind` follows the unit.
        """
        if pattern(_NEVER).search(before) or pattern(_BOUND).search(before) or pattern(_BEHIND).match(behind):
            return True
        if self.names_other(re.split(r"[,;:.\d]", behind, maxsplit=1)[0]):
            return True
        near = before[max(0, label - 40) :]
        if pattern(_RATES).search(near) or _is_rate_behind(behind):
            return True
        if pattern(_SERVING).search(near) and "train" not in near.lower():
            return True
        return self._is_about_other(before)

    def is_rate_or_other(self, label: str) -> bool:
        """Return whether a column's or a row's label names a rate, or something else than this model's training."""
        return pattern(_RATES).search(label) is not None or self.is_other_subject(label)

    def is_own(self, name: str) -> bool:
        """Return whether a row's or a column's name is that of this model."""
        if re.search(r"\b(?:ours?|this (?:model|work|run))\b", name, re.IGNORECASE):
            return True
        bare = re.sub(r"[\W_]+", "", name.lower())
        return len(bare) >= _LEAST_NAME and bare in self._bare_names

    def is_other_subject(self, name: str) -> bool:
        """Return whether a row's or a column's name is that of something else than this model's training."""
        return (
            pattern(_NEVER).search(name) is not None
            or (pattern(_SERVING).search(name) is not None and "train" not in name.lower())
            or self._is_about_other(name)
        )

    def _is_about_other(self, text: str) -> bool:
        rest = pattern(_CUT).sub(lambda match: "_" * len(match[0]), text)
        other = max((match.end() for match in pattern(_OTHER).finditer(rest)), default=0)
        other = max(other, self.names_other(rest))
        own = max((match.end() for match in pattern(_OWN).finditer(text)), default=0)
        return other > 0 and other >= own


def _is_rate_behind(behind: str) -> bool:
    near = re.split(r"[,;\d]", behind, maxsplit=1)[0][:60]
    return re.search(r"(?<!\bas )\bper\b(?! ?cent)|\b(?:each|every)\b", near, re.IGNORECASE) is not None
