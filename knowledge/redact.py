"""Mask secrets and personal data before text leaves for a language model; unmask for the reader.

A mask is a placeholder such as `<EMAIL_1>`: the same value always gets the same one, so a model can
still tell two addresses apart, and what it writes can be unmasked afterwards.

Text is also read as its next reader would decode it: percent signs, backslashes, HTML entities,
invisible and look-alike wide characters, base64 and hexadecimal. What turns out to be secret then
is hidden in the form in which it stands.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from types import MappingProxyType

CREDENTIALS = frozenset({"KEY", "LOGIN", "TOKEN", "SECRET", "ENCODED"})
"""Kinds that open something. Nobody needs them in what a model wrote."""

SHOWN_INSTEAD = "[secret]"


@dataclass(frozen=True)
class Mask:
    """What was hidden: placeholder -> original."""

    hidden: Mapping[str, str] = field(default_factory=dict)

    def unmask(self, text: str) -> str:
        """Put the originals back. Placeholders that were never given out stay as they are."""
        return _PLACEHOLDER.sub(lambda m: self.hidden.get(m.group(), m.group()), text)

    def for_reader(self, text: str) -> str:
        """What a model wrote, for people: names, addresses and numbers are put back, credentials
        are not. A model can be talked into repeating those where more people read along."""

        def shown(m: re.Match[str]) -> str:
            if m.group() not in self.hidden:
                return m.group()
            return SHOWN_INSTEAD if kind_of(m.group()) in CREDENTIALS else self.hidden[m.group()]

        return _PLACEHOLDER.sub(shown, text)


def kind_of(placeholder: str) -> str:
    """ "EMAIL" of "<EMAIL_1>"."""
    return placeholder[1 : placeholder.rindex("_")]


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
    (
        "TOKEN",
        # Broken over lines, by whatever breaks them: what follows must look like a part of it.
        re.compile(
            r"\b(?:eyJ|sk-|gh[pousr]_|github_pat_|xox[abeprs]-|xapp-|glpat-|hf_|npm_|pypi-|AKIA|ASIA"
            r"|AIza|ya29\.|dop_v1_|SG\.|[rs]k_(?:live|test)_)[\w.-]*"
            r"(?:[\\\"'+ \t]*\r?\n[\s\"'+|>#]*(?=[\w.-]*\d)[\w.-]{3,})+"
        ),
    ),
    ("LOGIN", re.compile(r"(?<=://)(?P<value>[^\s/@:]*:[^\s/]+)(?=@)")),
    (
        "TOKEN",
        re.compile(
            # The first letter in either case: a summary may have made it the start of a sentence.
            r"\b(?:[Ee]yJ[\w-]{5,}\.[\w-]+\.[\w-]*|[Ss]k-[\w-]{12,}|[Gg]h[pousr]_\w{16,}"
            r"|[Gg]ithub_pat_\w{20,}|"
            r"[Xx]ox[abeprs]-[\w-]{8,}|[Xx]app-[\w-]{8,}|[Gg]lpat-[\w-]{12,}|[Hh]f_\w{16,}"
            r"|[Nn]pm_\w{20,}|[Pp]ypi-[\w-]{20,}|"
            r"(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|ya29\.[\w-]{10,}|dop_v1_\w{20,}|"
            r"SG\.[\w-]{10,}\.[\w-]{10,}|[rs]k_(?:live|test)_\w{10,})"
        ),
    ),
    ("TOKEN", re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/_.~-]{8,}=*)")),
    (
        "SECRET",
        re.compile(
            r"(?i)(?:\b|_)(?:password|passwd|passwort|pwd|secret|token|api[_-]?key|apikey"
            r"|access[_-]?key|mot de passe|contraseña|kennwort|"
            r"private[_-]?key|client[_-]?secret|credentials?|passphrase)(?:\\*[\"'])?\s*"
            r"(?:=>|=|:|\bis\b)\s*(?:[|>]-?\s*\n\s*)?"
            r"(?P<value>\"[^\"]{1,120}\"|'[^']{1,120}'|(?:\\+[\"'])?[^\s\"',;&<>\\]{3,})"
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
    ("HASH", re.compile(r"\b(?=[A-Fa-f0-9]*\d)(?=[A-Fa-f0-9]*[a-fA-F])[A-Fa-f0-9]{32,}\b")),
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
    plain = _encoded(_decodable(plain, hide), hide)
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


# Read as decoded ------------------------------------------------------------------------------

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff"
)
_UNIT = re.compile(
    rf"%(?:25)*(?P<percent>[0-9A-Fa-f]{{2}})|\\+(?:u00|x)(?P<code>[0-9A-Fa-f]{{2}})"
    rf"|\\+(?P<escaped>[\"'/])|&(?:amp;)?(?P<entity>#?\w{{2,8}};)|(?P<hidden>[{_INVISIBLE}])"
)
"""One character in the disguise of several, or none that is seen."""
_RUN = re.compile(
    r"(?<![\w+/])[A-Za-z0-9+/_-]{12,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]{8,})*={0,2}(?![\w+/])"
)
_DEEPEST = 2
"""Encodings inside encodings that are followed."""


def visible(text: str) -> str:
    """Without characters that nobody sees: they carry messages past those who read along."""
    return re.sub(f"[{_INVISIBLE}]", "", text)


def _decodable(text: str, hide: Callable[[str, str], str]) -> str:
    """Hide what a rule finds in the decoded text and what is written in disguise."""
    if text.isascii() and _UNIT.search(text) is None:
        return text
    spans = _Spans(text)
    for kind, rule in _RULES:
        for m in rule.finditer(spans.decoded):
            name = "value" if "value" in rule.groupindex else 0
            spans.take(kind, m.span(name), m.span())
    return spans.hidden_by(hide)


class _Spans:
    """A text, what it says once decoded, and which parts of it are to be hidden."""

    def __init__(self, text: str) -> None:
        self._text = text
        parts = list(_characters(text))
        self.decoded = "".join(said for said, _, _ in parts)
        self._from = [start for said, start, _ in parts for _ in said]
        self._to = [end for said, _, end in parts for _ in said]
        self._kinds: list[str] = [""] * len(text)

    def take(self, kind: str, span: tuple[int, int], found: tuple[int, int]) -> None:
        """Hide a span of the decoded text, if what a rule found there is in disguise: the rest is
        found as it is."""
        if span[0] >= span[1] or self._raw(found) == self.decoded[slice(*found)]:
            return
        if _PLACEHOLDER.search(self._raw(span)):
            return
        first, last = self._from[span[0]], self._to[span[1] - 1]
        if not any(self._kinds[first:last]):
            self._kinds[first:last] = [f"{kind} {first}"] * (last - first)

    def _raw(self, span: tuple[int, int]) -> str:
        return self._text[self._from[span[0]] : self._to[span[1] - 1]]

    def hidden_by(self, hide: Callable[[str, str], str]) -> str:
        parts = []
        for kind, characters in groupby(zip(self._kinds, self._text, strict=True), lambda p: p[0]):
            raw = "".join(c for _, c in characters)
            parts.append(hide(kind.partition(" ")[0], raw) if kind else raw)
        return "".join(parts)


def _characters(text: str) -> Iterator[tuple[str, int, int]]:
    """(what it says, where it stands) of each character, in disguise or not."""
    at = 0
    for m in _UNIT.finditer(text):
        yield from _plain(text, at, m.start())
        yield _said(m), m.start(), m.end()
        at = m.end()
    yield from _plain(text, at, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for i in range(start, end):
        c = text[i]
        yield (c if c.isascii() else unicodedata.normalize("NFKC", c)), i, i + 1


def _said(m: re.Match[str]) -> str:
    if code := m["percent"] or m["code"]:
        return chr(int(code, 16))
    if m["escaped"]:
        return m["escaped"]
    return html.unescape(f"&{m['entity']}") if m["entity"] else ""


def _encoded(text: str, hide: Callable[[str, str], str], depth: int = 1) -> str:
    """Hide runs of base64 and hexadecimal that hold something secret."""

    def one(m: re.Match[str]) -> str:
        run = m.group()
        telling = any(_is_telling(said, depth) for said in _readings(re.sub(r"\s", "", run)))
        return hide("ENCODED", run) if telling else run

    return _RUN.sub(one, text)


def _readings(run: str) -> Iterator[str]:
    """The texts that a run may stand for."""
    bare = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    with_padding = bare + "=" * (-len(bare) % 4)
    decoders = (partial(base64.b64decode, with_padding, validate=True), partial(bytes.fromhex, run))
    for decode in decoders:
        try:
            said = decode().decode("utf-8")
        except (ValueError, binascii.Error):
            continue
        if said.isprintable() or all(c.isprintable() or c.isspace() for c in said):
            yield said


def _is_telling(said: str, depth: int) -> bool:
    found: list[str] = []

    def note(kind: str, value: str) -> str:
        found.append(value)
        return value

    if depth < _DEEPEST:
        _encoded(said, note, depth + 1)
    _decodable(said, note)
    return bool(found) or any(rule.search(said) for _, rule in _RULES)
