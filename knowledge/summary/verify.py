"""Does a sentence say only what its sources say?

It checks what can be checked without understanding: numbers and what they count, clock times and
days, identifiers, names, whether a denial stayed a denial and a guess a guess, that no cause was
made out of two things that stood side by side, and that no news of the graver kind ("resolved",
"approved") came from nowhere. It cannot see everything; that is why the extractive sentence is the
rule and another wording the exception.
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
    With `wording_of` (the sentence that this one rewrites), also negation, certainty, causality,
    people, what numbers count, graver words and new content words are compared.
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
        problems += _rewording(text, wording_of, said, frozenset(p.lower() for p in people))
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
    return [f"identifier {i} is not in the sources" for i in _ids(text) if i.lower() not in known]


def _ids(text: str) -> list[str]:
    """Versions, hosts, ticket numbers: words with digits that are no plain numbers."""
    found = (m.group().strip(".,;:()-/") for m in _IDENT.finditer(text))
    return [i for i in found if i and not _PLAIN.match(i)]


def _names(text: str, said: str, people: Iterable[str]) -> list[str]:
    known = said.lower()
    words = set(content_words(said)) | set(re.findall(r"\w+", known))
    odd = [n for n in _NAME.findall(text) if n not in OWN_WORDS and n.lower() not in words]
    spoken = set(re.findall(r"[\w.-]+", text.lower()))
    odd += [p for p in people if p.lower() in spoken and p.lower() not in words]
    return [f"name {n} is not in the sources" for n in dict.fromkeys(odd)]


_CAUSAL = re.compile(
    r"\b(?:because|since(?! \d)|due to|caus\w+|as a result|result(?:s|ed|ing)? (?:of|in|from)"
    r"|led to|leads? to|leading to|trigger\w*|thanks to|owing to|therefore|thus|hence"
    r"|consequently|broke"
    r"|brought|blam\w+|fault|culprit|responsible|so that|made \w+ (?:fail|crash|slow)|which (?:made"
    r"|broke|crashed|stopped)|after which|explain\w*|reason)\b",
    re.IGNORECASE,
)
_GUESS = re.compile(
    r"\b(?:maybe|perhaps|probabl\w+|possibl\w+|might|may|could|seems?|appears?|apparently|likely"
    r"|suspect\w*|i think|guess\w*|about|around|roughly|approximately|circa|estimate\w*|almost"
    r"|nearly|at least|up to|not (?:sure|certain|known|confirmed)|unconfirmed)\b|~|\?",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(
    r"\b(?:maybe|perhaps|probabl\w+|possibl\w+|might|apparently|suspect\w*|i think|guess\w*"
    r"|unconfirmed|not (?:sure|certain|known|confirmed))\b|\?",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august"
    r"|september|october|november|december|yesterday|today|tonight|tomorrow|noon|midnight|overnight"
    r"|weekend|last (?:week|month|night)|next (?:week|month))\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\b(?:dozens?|hundreds?|thousands?|millions?|billions?|half|third|quarter|twice|double[ds]?"
    r"|triple[ds]?|all|every|everyone|everybody|none|most|majority|few|many|several|entire|whole"
    r"|completely|fully|total|only)\b",
    re.IGNORECASE,
)
_COUNTED_BY = 3
"""Words between a number and what it counts."""


def _rewording(text: str, before: str, said: str, people: frozenset[str]) -> list[str]:
    known = f"{before} {said}".lower()
    return [
        *_denial_and_doubt(text, before),
        *_from_nowhere(text, before, known),
        *_new_people(text, before, people),
        *_counted(text, known),
        *_kept(text, before, known),
    ]


def _denial_and_doubt(text: str, before: str) -> list[str]:
    problems = []
    if len(_NEGATION.findall(text)) != len(_NEGATION.findall(before)):
        problems.append("a denial appeared or disappeared")
    if _UNCERTAIN.search(before) and not _GUESS.search(text):
        problems.append("a guess became a fact")
    if len(_CAUSAL.findall(text)) > len(_CAUSAL.findall(before)):
        problems.append("a cause that the sentence did not name")
    return problems


def _from_nowhere(text: str, before: str, known: str) -> list[str]:
    """Graver words, days and amounts that stand nowhere."""
    grave = [w for w in _GRAVE.findall(text) if w.lower() not in known]
    days = [w for w in _WHEN.findall(text) if w.lower() not in known]
    amounts = [w for w in _AMOUNT.findall(text) if not re.search(rf"\b{w}\b", before, re.I)]
    found = dict.fromkeys(w for w in (*grave, *days, *amounts))
    return [f"{w!r} is not in the sources" for w in found]


def _new_people(text: str, before: str, people: frozenset[str]) -> list[str]:
    """Who said it is not who did it: a rewording names nobody whom the sentence does not name."""
    spoken = set(re.findall(r"[\w.-]+", text.lower()))
    old = set(re.findall(r"[\w.-]+", before.lower()))
    return [f"{p} is named by the rewording only" for p in sorted(people & spoken - old)]


def _counted(text: str, known: str) -> list[str]:
    """Numbers that were tied to something else: "742 payments" of "742 customers"."""
    problems = []
    for figure in figures(text):
        noun = next(iter(content_words(text[figure.start + len(figure.text) :][:30])), "")
        there = [f for f in figures(known) if f.value == figure.value]
        if not there:
            continue
        if figure.kind not in {f.kind for f in there}:
            problems.append(f"{figure.text} changed its unit")
        owners = _values_of(noun, known) if noun else set()
        if owners and figure.value not in owners:
            problems.append(f"{figure.text} counts something else in the sources")
    return problems


def _values_of(noun: str, text: str) -> set[float]:
    """The numbers that stand shortly before a noun, the nearest of each time it is said."""
    found = set()
    numbers = list(figures(text))
    for m in re.finditer(rf"\b{re.escape(noun)}\w{{0,2}}\b", text):
        before = [f for f in numbers if f.start < m.start()]
        if before:
            between = text[before[-1].start + len(before[-1].text) : m.start()]
            if len(between.split()) <= _COUNTED_BY and not re.search(r"[.;:]\s", between):
                found.add(before[-1].value)
    return found


def _kept(text: str, before: str, known: str) -> list[str]:
    problems = []
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
    if [i for i in _ids(before) if i.lower() not in text.lower()]:
        problems.append("it leaves out an identifier")
    if is_hostile(text):
        problems.append("it speaks to its reader instead of about the incident")
    return problems
