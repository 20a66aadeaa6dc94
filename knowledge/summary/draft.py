"""A statement in the making, and how what was said is quoted in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.summary.model import Group
from knowledge.summary.reading import Clause

CITED = frozenset({Group.IMPACT, Group.CAUSE, Group.RULED_OUT, Group.MITIGATION})
"""The groups that quote people: where there is no link, the time of the message is named."""


@dataclass(frozen=True)
class Draft:
    """A statement that is not numbered yet; `weight` decides who stays when words are short."""

    group: Group
    text: str
    sources: tuple[str, ...]
    weight: float = 1.0
    at: datetime | None = None
    clauses: frozenset[tuple[int, int]] = frozenset()
    """(message, order) of what it quotes: nothing is quoted twice."""

    @property
    def length(self) -> int:
        return len(self.text.split()) + 1

    @property
    def cost(self) -> int:
        """Words with the time that is cited after what somebody said."""
        return self.length + (self.group in CITED)


def quote(clause: Clause) -> str:
    """A clause as it was said, cut when it is long."""
    text = shorten(clause.text, 20).rstrip(".:, ")
    return f"{text[:1].upper()}{text[1:]}."


def shorten(text: str, most: int) -> str:
    """At most so many words, ending where a part of the sentence ends if that loses little."""
    words = text.split()
    if len(words) <= most:
        return text
    cut = " ".join(words[:most])
    comma = max(cut.rfind(","), cut.rfind(";"), cut.rfind(" - "))
    return cut[:comma] if comma > len(cut) // 2 else cut + " ..."


def in_a_row(parts: Sequence[str]) -> str:
    """Sentences as parts of one: "same error, so it's not the model"."""
    first, *rest = parts
    plain = (p if re.match(r"I\b|\w*[A-Z\d]{2}", p) else f"{p[:1].lower()}{p[1:]}" for p in rest)
    return ", ".join([first, *plain])


def say_value(value: str) -> str:
    """An alert's value as it follows the alert's name."""
    return f", {value}" if value else ""
