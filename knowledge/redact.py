"""Mask secrets and personal data before text leaves for a language model; unmask for the reader.

A mask is a placeholder such as `<EMAIL_1>`: the same value always gets the same one, so a model can
still tell two addresses apart, and what it writes can be unmasked afterwards.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType


@dataclass(frozen=True)
class Mask:
    """What was hidden: placeholder -> original."""

    hidden: Mapping[str, str] = field(default_factory=dict)

    def unmask(self, text: str) -> str:
        """Put the originals back. Placeholders that were never given out stay as they are."""
        return _PLACEHOLDER.sub(lambda m: self.hidden.get(m.group(), m.group()), text)


_PLACEHOLDER = re.compile(r"<[A-Z]+_\d+>")

# In this order: the more telling first, so that a password inside a URL is not taken for an e-mail
# address. A group named `value` is what is hidden; without one it is the whole match.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "KEY",
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----"
            r"|\Z)", re.DOTALL
        ),
    ),
    ("LOGIN", re.compile(r"(?<=://)(?P<value>[^\s/@:]*:[^\s/]+)(?=@)")),
    (
        "TOKEN",
        re.compile(
            r"\b(?:eyJ[\w-]{5,}\.[\w-]+\.[\w-]*|sk-[\w-]{12,}|gh[pousr]_\w{16,}"
            r"|github_pat_\w{20,}|"
            r"xox[abeprs]-[\w-]{8,}|xapp-[\w-]{8,}|glpat-[\w-]{12,}|hf_\w{16,}|npm_\w{20,}"
            r"|pypi-[\w-]{20,}|"
            r"(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|ya29\.[\w-]{10,}|dop_v1_\w{20,}|"
            r"SG\.[\w-]{10,}\.[\w-]{10,}|[rs]k_(?:live|test)_\w{10,})"
        ),
    ),
    ("TOKEN", re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/_.~-]{8,}=*)")),
    (
        "SECRET",
        re.compile(
            r"(?i)(?:\b|_)(?:password|passwd|passwort|pwd|secret|token|api[_-]?key|apikey"
            r"|access[_-]?key|"
            r"private[_-]?key|client[_-]?secret|credentials?|passphrase)[\"']?\s*(?:=|:|\bis\b)\s*"
            r"(?P<value>\"[^\"\n]+\"|'[^'\n]+'|[^\s\"',;&<>]{3,})"
        ),
    ),
    ("EMAIL", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("CARD", re.compile(r"(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d.-])")),
    (
        "IP",
        re.compile(
            r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d"
            r"|1?\d?\d)(?![\w]|\.\d)"
        ),
    ),
    ("IP", re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])")),
    (
        "IP",
        re.compile(
            r"(?i)(?<![\w:])(?=[0-9a-f:]*[0-9a-f])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?::"
            r"(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?(?![\w:])"
        ),
    ),
    (
        "PHONE",
        re.compile(r"(?<![\w.:/-])(?:\+\d{1,3}[\s./-]?|00\d{1,3}[\s./-]?"
        r"|\(?0\d{1,4}\)?[\s./-])(?:\(?\d{1,4}\)?[\s./-]?){2,5}\d(?![\w:])"),
    ),
    ("KEY", re.compile(r"\b(?=[A-Fa-f0-9]*\d)(?=[A-Fa-f0-9]*[a-fA-F])[A-Fa-f0-9]{32,}\b")),
    (
        "KEY",
        re.compile(r"(?<![\w/+])(?=[\w+/-]*\d)(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])[A-Za-z0-9+/_-]{36,}={0,2}(?![\w/+])"),
    ),
)  # fmt: skip


def redact(text: str, mask: Mask | None = None) -> tuple[str, Mask]:
    """The text without secrets and personal data, and the mask that undoes it.

    Give the mask of an earlier text to keep the same placeholders in a second one. Placeholders
    that stand in the text already (somebody typed `<EMAIL_1>`) are hidden too, so that unmasking
    cannot mistake them.
    """
    hidden = dict(mask.hidden) if mask else {}
    given = {value: placeholder for placeholder, value in hidden.items()}

    def hide(kind: str, value: str) -> str:
        if value not in given:
            number = 1 + sum(p.startswith(f"<{kind}_") for p in hidden)
            given[value] = f"<{kind}_{number}>"
            hidden[given[value]] = value
        return given[value]

    plain = _PLACEHOLDER.sub(lambda m: hide("LITERAL", m.group()), text)
    for kind, rule in _RULES:
        plain = _outside(plain, rule, partial(hide, kind))
    return plain, Mask(MappingProxyType(hidden))


def _outside(text: str, rule: re.Pattern[str], hide: Callable[[str], str]) -> str:
    """Apply a rule to the text between the placeholders that are there already."""

    def one(m: re.Match[str]) -> str:
        name = "value" if "value" in rule.groupindex else 0
        start, end = m.start(name) - m.start(), m.end(name) - m.start()
        whole = m.group()
        value = whole[start:end]
        if not value or _PLACEHOLDER.search(value):
            return whole
        return f"{whole[:start]}{hide(value)}{whole[end:]}"

    return rule.sub(one, text)
