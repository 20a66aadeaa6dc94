"""What people type, per skill: the router's training text, written by hand and never shown.

`<skill>.txt` holds one phrase a line. Names of models, services, alerts and runbooks stand in
braces, so that the router can also learn where in a sentence a name stands; `PHRASES` has the
braces removed. All names and people are invented. `none` matters most: reports, prohibitions,
suppositions, requests to a person and quoted text that only look like commands.
"""

from collections.abc import Mapping
from importlib.resources import files


def unmarked(phrase: str) -> str:
    """The phrase as a person types it: braces removed."""
    return phrase.replace("{", "").replace("}", "")


def _read() -> dict[str, tuple[str, ...]]:
    found = (f for f in files(__name__).iterdir() if f.name.endswith(".txt"))
    return {
        file.name.removesuffix(".txt"): tuple(filter(None, file.read_text("utf-8").split("\n")))
        for file in sorted(found, key=lambda file: file.name)
    }


MARKED: Mapping[str, tuple[str, ...]] = _read()
"""Phrases by skill, names in braces."""

PHRASES: Mapping[str, tuple[str, ...]] = {
    skill: tuple(unmarked(p) for p in phrases) for skill, phrases in MARKED.items()
}
"""Phrases by skill, as typed."""
