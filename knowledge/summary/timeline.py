"""What happened when: changes, alerts, recorded events and what people say they did."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.records import Change, Incident
from knowledge.summary.draft import Draft, say_value, shorten
from knowledge.summary.facts import Facts, speaks_of, suspect_change, topic
from knowledge.summary.model import Group, say_day, say_time, signal_id
from knowledge.summary.plain import clean, clocks, content_words, is_hostile


def timeline(facts: Facts) -> Iterator[Draft]:
    """What happened when, oldest first; a change and the note of it are one event, told as the
    surer of the two tells it."""
    events = sorted(_events(facts), key=lambda d: d.at or facts.incident.opened_at)
    kept: list[Draft] = []
    for draft in events:
        twin = next((k for k in kept if _same_event(k, draft)), None)
        if twin is None:
            kept.append(draft)
            continue
        surer, other = (draft, twin) if draft.weight > twin.weight else (twin, draft)
        sources = (*surer.sources, *other.sources)[:3]
        kept[kept.index(twin)] = replace(surer, sources=sources)
    yield from sorted(kept, key=lambda d: d.at or facts.incident.opened_at)


_SAME = timedelta(minutes=10)
_ALIKE = 0.5
"""Share of the shorter text's words that two records of one thing have in common."""


def _same_event(a: Draft, b: Draft) -> bool:
    """Two records of one thing: close in time and about the same words, or at the same instant."""
    if a.at is None or b.at is None:
        return False
    if FIXED == a.weight == b.weight:
        return False
    if a.sources == b.sources:
        return True
    words_a, words_b = _told(a), _told(b)
    if a.at == b.at:
        return bool(words_a & words_b) or FIXED not in (a.weight, b.weight)
    common = len(words_a & words_b)
    alike = common >= _ALIKE * min(len(words_a), len(words_b))
    return abs(a.at - b.at) <= _SAME and common > 0 and alike and a.weight != b.weight


def _told(draft: Draft) -> frozenset[str]:
    """The words of an event without its time; versions and counts are words here."""
    text = draft.text.split(" ", 1)[-1]
    return frozenset(_stem_verb(w) for w in (*content_words(text), *_DIGITS.findall(text)))


_DIGITS = re.compile(r"(?<![\w.:])\d+(?:\.\d+)?(?![\w:])")


def _stem_verb(word: str) -> str:
    """ "restored", "restoring" and "restore" are one word here."""
    return re.sub(r"(?:ing|ed|e)$", "", word) if len(word) > 5 else word


FIXED = 8.0
"""The weight of what every time line has: first alert, opening, end."""


def _events(facts: Facts) -> Iterator[Draft]:
    i = facts.incident
    culprit = suspect_change(facts)
    for change in facts.changes_before:
        suspected = any((f.by.words | f.suspect.words) & topic(change) for f in facts.innocent)
        known = change is culprit or change.id in facts.cleared or suspected
        weight = 5.0 if change is culprit else 4.5 if known else 2.5
        brief = _brief(change, short=change is culprit or change.kind in _VERBS)
        yield _event(change.at, brief, (change.id,), weight, i)
    yield from _onset(facts)
    yield from _found(facts)
    yield _opening(i)
    if i.resolved_at is not None:
        yield _event(i.resolved_at, "resolved", (i.id,), 3.0, i)
    for s in i.signals:
        if s.starts_at > i.opened_at and not is_hostile(f"{s.summary} {s.description}"):
            yield _event(
                s.starts_at, f"alert {s.name}{say_value(s.value)}", (signal_id(s),), 3.6, i
            )
    for change in facts.responses:
        yield _event(change.at, _brief(change), (change.id,), 7, i)
    for e in i.timeline:
        if (
            e.kind not in ("opened", "resolved", "alert", "alerts")
            and not is_hostile(e.text)
            and e.text
        ):
            yield _event(e.at, f"{shorten(clean(e.text), 9)}", (e.id,), 6.5, i)
    yield from _acts(facts)


def _opening(incident: Incident) -> Draft:
    """The first alert and the opening, in one line."""
    first = min(incident.signals, key=lambda s: s.starts_at, default=None)
    if first is None or first.starts_at >= incident.opened_at:
        return _event(incident.opened_at, "incident opened", (incident.id,), FIXED, incident)
    text = f"{first.name}, {say_time(incident.opened_at)} incident opened"
    return _event(first.starts_at, text, (signal_id(first), incident.id), FIXED, incident)


_BEGAN = re.compile(r"\b(?:began|begin|started|start|since|from)\s+(?:at\s+)?(\d?\d:\d\d)", re.I)


def _onset(facts: Facts) -> Iterator[Draft]:
    """When the trouble began, where somebody says that it was before the alarm."""
    opened = facts.incident.opened_at
    for clause in facts.clauses:
        began = _BEGAN.search(clause.text)
        if began is None or clause.question:
            continue
        hour, minute = began[1].split(":")
        at = opened.replace(hour=int(hour), minute=int(minute), second=0)
        told = any(abs(c.at - at) <= timedelta(minutes=3) for c in facts.changes_before)
        if at < facts.noticed and not told:
            start = (
                max(clause.text.rfind("but ", 0, began.start()) + 4, 0)
                if "but " in clause.text[: began.start()]
                else 0
            )
            text = re.sub(r"\b(?:at )?$", "", clause.text[start : began.start()]).strip()
            verb = clause.text[began.start() : began.end()].split()[0]
            said = f"{shorten(text, 6)} {verb}" if verb.lower() != "from" else shorten(text, 6)
            yield _event(at, said.removesuffix(" since"), (clause.source,), 6, facts.incident)


def _found(facts: Facts) -> Iterator[Draft]:
    """When the first of the best explanations was given."""
    best = [c for _, c in facts.causes[:1]]
    late = [c for c in best if c.at > facts.incident.opened_at]
    for clause in late[:1]:
        text = f"{clause.user} names the cause"
        yield _event(clause.at, text, (clause.source,), 4.2, facts.incident)


NOT_DONE = re.compile(
    r"^(?:change|enable|disable|kill|roll|stop|do|try|let|please|put|switch|scale|restart"
    r"|release)\b"
    r"|\bnever\b|\bnot\b", re.IGNORECASE
)  # fmt: skip


def _acts(facts: Facts) -> Iterator[Draft]:
    """What people say they did."""
    for clause in facts.clauses:
        acts = clause.acts
        if "action" not in acts or clause.question or clause.length > 16 or "chat" in acts:
            continue
        if acts & {"plan", "denial", "hedge"} or NOT_DONE.search(clause.text):
            continue
        if any(speaks_of(clause, c) for c in facts.changes_before):
            continue
        weight = (
            3.2
            + 0.6 * bool(clocks(clause.text))
            + 0.6 * (clause.length < 8)
            + 0.3 * bool(clause.figures)
        )
        brief = shorten(clause.text, 9)
        text = brief if len(clause.words) > 1 else f"{clause.user}: {brief}"
        draft = _event(clause.at, text, (clause.source,), weight, facts.incident)
        # One with a time of its own belongs into the time line even where it is quoted elsewhere.
        yield draft if clocks(clause.text) else replace(draft, clauses=clause.places)


_VERBS = {"deploy": "deployed", "model": "promoted"}


def _brief(change: Change, *, short: bool = False) -> str:
    """A change as one event; short where the cause already tells what it did."""
    kind = "" if change.kind in ("deploy", "action", "infra", "config") else change.kind
    what = " ".join(filter(None, (kind, change.version or change.service)))
    if short:
        return f"{what} {_VERBS.get(change.kind, '')}".strip()
    about = "" if change.summary.lower() in what.lower() else change.summary
    return shorten(f"{what} {about}".strip(), 10)


def _event(
    at: datetime, text: str, sources: Iterable[str], weight: float, incident: Incident
) -> Draft:
    day = "" if at.date() == incident.opened_at.date() else f"{say_day(at)} "
    return Draft(Group.TIMELINE, f"{day}{say_time(at)} {text}", tuple(sources), weight, at)
