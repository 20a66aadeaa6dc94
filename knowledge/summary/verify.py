"""Does a sentence say only what its sources say?

It checks what can be checked without understanding: numbers, clock times, identifiers, names,
whether a denial stayed a denial, and that no news of the graver kind ("resolved", "approved") came
from nowhere. It cannot see that true words were put together into an untruth; that is why the
extractive sentence is the rule and another wording the exception.
"""

import re
from collections.abc import Iterable, Sequence

from knowledge.summary.model import SourceText, Statement
from knowledge.summary.plain import clocks, content_words, figures, is_hostile

_IDENT = re.compile(
    r"(?<![\w/])(?=[\w./:+-]*\d)(?=[\w./:+-]*[a-z_])[a-z0-9][\w./:+-]*\w", re.IGNORECASE
)
_PLAIN = re.compile(
    r"\d+(?:[.,]\d+)*(?:k|m|bn|%|h\d*m?|s|d|min|ms|x|gi?b?|mb|am|pm|st|nd|rd|th"
    r"|z)?$",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,;:(] )[A-Z][a-zA-Z]{2,}\b")
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nor|neither|without|cannot|unaffected|ruled out|unrelated"
    r"|unchanged)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_GRAVE = re.compile(
    r"\b(?:resolved|fixed|approved|authori[sz]ed|all clear|root cause|promoted|rolled back"
    r"|deleted|"
    r"purged|breach\w*|confirmed|completed|restored|safe)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<!\d)\d?\d:\d\d(?!\d)")
_LENGTH = re.compile(r"\b(\d+) h(?: (\d+) min)?\b|\b(\d+) min\b")

OWN_WORDS = frozenset(
    [
        "Alert",
        "Change",
        "Incident",
        "Severity",
        "Status",
        "Detected",
        "Opened",
        "Owner",
        "Commander",
        "UTC",
        "Now",
        "Ruled",
        "Cause",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
)
"""Capitalised words that the composer itself puts into a sentence."""


def verify(
    statement: Statement | str,
    sources: Sequence[SourceText],
    *,
    people: Iterable[str] = (),
    wording_of: str = "",
) -> tuple[str, ...]:
    """What is wrong with a statement, in words; empty when nothing was found.

    `people` are those who could be confused: naming one who is not in the sources is a problem.
    With `wording_of` (the sentence that this one rewrites), also negation, graver words and new
    content words are compared.
    """
    text = statement.text if isinstance(statement, Statement) else statement
    said = " ".join(f"{s.id} {s.label} {s.author} {s.text}" for s in sources)
    problems = [
        *_times(text, said),
        *_numbers(text, said, sources),
        *_identifiers(text, said),
        *_names(text, said, people),
    ]
    if wording_of:
        problems += _rewording(text, wording_of, said)
    return tuple(problems)


def _times(text: str, said: str) -> list[str]:
    known = set(clocks(said))
    return [f"time {t} is not in the sources" for t in clocks(text) if t not in known]


def _numbers(text: str, said: str, sources: Sequence[SourceText]) -> list[str]:
    timeless = _CLOCK.sub(" ", said)
    known = {f.value for f in figures(timeless)}
    known |= {float(n) for n in re.findall(r"\d+(?:\.\d+)?", timeless)}
    known |= {float(n.replace(",", "")) for n in re.findall(r"\d{1,3}(?:,\d{3})+", timeless)}
    plain = _LENGTH.sub(lambda m: " " if _is_span(m, said, sources) else m.group(), text)
    return [
        f"number {f.text} is not in the sources" for f in figures(plain) if f.value not in known
    ]


def _is_span(m: re.Match[str], said: str, sources: Sequence[SourceText]) -> bool:
    """Is a length of time the difference of two moments of the sources?"""
    minutes = int(m[3]) if m[3] else 60 * int(m[1]) + int(m[2] or 0)
    moments = {s.at.hour * 60 + s.at.minute for s in sources}
    moments |= {int(t[:2]) * 60 + int(t[3:]) for t in clocks(said)}
    exact = {abs((a.at - b.at).total_seconds()) // 60 for a in sources for b in sources}
    spans = {abs(a - b) for a in moments for b in moments} | exact
    return any(abs(minutes - span) <= 1 for span in spans)


def _identifiers(text: str, said: str) -> list[str]:
    known = said.lower()
    found = (m.group().strip(".,;:()-/") for m in _IDENT.finditer(text))
    return [
        f"identifier {i} is not in the sources"
        for i in found
        if i and not _PLAIN.match(i) and i.lower() not in known
    ]


def _names(text: str, said: str, people: Iterable[str]) -> list[str]:
    known = said.lower()
    words = set(content_words(said)) | set(re.findall(r"\w+", known))
    odd = [n for n in _NAME.findall(text) if n not in OWN_WORDS and n.lower() not in words]
    spoken = set(re.findall(r"[\w.-]+", text.lower()))
    odd += [p for p in people if p.lower() in spoken and p.lower() not in words]
    return [f"name {n} is not in the sources" for n in dict.fromkeys(odd)]


def _rewording(text: str, before: str, said: str) -> list[str]:
    problems = []
    if bool(_NEGATION.search(text)) != bool(_NEGATION.search(before)):
        problems.append("a denial appeared or disappeared")
    known = f"{before} {said}".lower()
    grave = [w for w in _GRAVE.findall(text) if w.lower() not in known]
    problems += [f"{w!r} is not in the sources" for w in grave]
    words, old = set(content_words(text)), set(content_words(known))
    if words and len(words & old) < 0.6 * len(words):
        problems.append("most of its words are not in the sources")
    kept = set(content_words(before))
    if kept and len(words & kept) < 0.4 * len(kept):
        problems.append("it leaves out most of what it rewrites")
    lost = {f.value for f in figures(before)} - {f.value for f in figures(text)}
    if lost:
        problems.append("it leaves out a number")
    if set(clocks(before)) - set(clocks(text)):
        problems.append("it leaves out a time")
    if is_hostile(text):
        problems.append("it speaks to its reader instead of about the incident")
    return problems
