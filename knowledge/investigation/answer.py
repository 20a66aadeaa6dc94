"""Reads what a language model answers at the end of an investigation."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.records import Claim

MOST_CLAIMS = 6
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_ID = re.compile(r"\br\d+\b")
_CITED = re.compile(
    r"^\s*(?:[-*•]|\d+[.)])?\s*(?P<text>.+?)\s*[\[(](?P<ids>r\d+[^\])]*)[\])][.]?\s*$"
)
_FORGIVEN = ("findings", "claims", "answer")


def read_answer(text: str) -> tuple[tuple[Claim, ...], str]:
    """The claims, and what it says it could not find out. Small models forget the form: lines that
    end in "[r1, r2]" are read too. What names no result is no claim."""
    data = _data(text)
    if data is None:
        return tuple(_lines(text))[:MOST_CLAIMS], ""
    items: list[object] = next((data[k] for k in _FORGIVEN if isinstance(data.get(k), list)), [])
    claims = [claim for item in items if (claim := _claim(item)) is not None]
    unknown = data.get("unknown")
    return tuple(claims[:MOST_CLAIMS]), unknown.strip() if isinstance(unknown, str) else ""


def _data(text: str) -> Mapping[str, Any] | None:
    found = _OBJECT.search(text)
    try:
        data = json.loads(found.group()) if found else None
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _claim(item: object) -> Claim | None:
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        return None
    evidence = item.get("evidence")
    named = " ".join(map(str, evidence)) if isinstance(evidence, list) else str(evidence or "")
    text = " ".join(item["text"].split())
    return Claim(text, tuple(dict.fromkeys(_ID.findall(named)))) if text else None


def _lines(text: str) -> Iterator[Claim]:
    for line in text.splitlines():
        found = _CITED.match(line)
        if found:
            yield Claim(found["text"], tuple(dict.fromkeys(_ID.findall(found["ids"]))))
