"""Words of a signal."""

from collections.abc import Mapping


def fill(template: str, words: Mapping[str, str]) -> str:
    """Braces that name nothing known stay as they are; labels are data, never templates."""
    out = template
    for name, value in words.items():
        out = out.replace("{" + name + "}", value)
    return out
