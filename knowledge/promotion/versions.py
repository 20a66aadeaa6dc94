"""Versions and names as people type them, and the aliases that mean something."""

import re
from collections.abc import Iterable

from knowledge.errors import NotFound

CHAMPION = "champion"
PREVIOUS_CHAMPION = "previous_champion"


def plain_version(text: str) -> str:
    """ "v7", "V7", " 7 " and "version 7" are "7"; "2.3.1" stays as it is."""
    return re.sub(r"^(version\s*|v\.?\s*)(?=\d)", "", text.strip(), flags=re.IGNORECASE)


def show_version(version: str) -> str:
    """ "7" is shown as "v7"; anything that is not a plain number as it is."""
    return f"v{version}" if version.isdigit() else version


def find_name(asked: str, known: Iterable[str]) -> str:
    """The one known name that is meant: exact, else without regard to case and separators, else
    the only one that holds all the words ("eta" is "eta-model"). Raises NotFound.among."""
    names = list(known)
    if asked in names:
        return asked
    words = name_words(asked)
    same = [n for n in names if name_words(n) == words]
    holding = [n for n in names if words and set(words) <= set(name_words(n))]
    for candidates in (same, holding):
        if len(candidates) == 1:
            return candidates[0]
    raise NotFound.among("model", asked, holding or names)


def name_words(name: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9]+", name.lower()) if w]
