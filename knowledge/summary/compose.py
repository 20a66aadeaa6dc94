"""From facts to a short summary: pick for each group, keep within the budget of words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from knowledge.durations import say_duration
from knowledge.records import Change, Incident, Status
from knowledge.summary.facts import Facts, denials
from knowledge.summary.model import Group, Statement, Summary, say_day, say_time
from knowledge.summary.reading import (
    Clause,
    clean,
    clocks,
    commander,
    content_words,
    hostile_messages,
    is_hostile,
    owner,
    todos,
)

WORDS = 215
"""What a summary may hold at most: it is read at 3 a.m."""

_SHARES = {
    Group.HEADLINE: 40,
    Group.IMPACT: 48,
    Group.CAUSE: 62,
    Group.RULED_OUT: 32,
    Group.MITIGATION: 28,
    Group.STATE: 16,
    Group.OWNERS: 10,
    Group.NEXT_STEPS: 40,
    Group.TIMELINE: 80,
}
"""How many words each group may take at most; together more than WORDS, since few need all."""

_PRIORITY = (
    Group.HEADLINE, Group.STATE, Group.OWNERS, Group.CAUSE, Group.IMPACT,
    Group.TIMELINE, Group.NEXT_STEPS, Group.RULED_OUT, Group.MITIGATION,
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A statement that is not numbered yet; `weight` decides who stays when words are short."""

    group: Group
    text: str
    sources: tuple[str, ...]
    weight: float = 1.0
    at: datetime | None = None

    @property
    def length(self) -> int:
        return len(self.text.split()) + 1


def compose(facts: Facts, now: datetime) -> Summary:
    """The summary of what was read, at most WORDS words."""
    incident = facts.incident
    used: set[tuple[int, int]] = set()
    cause = list(_cause(facts, used))
    ruled = list(_ruled_out(facts, used))
    impact = list(_impact(facts, used))
    timeline = list(_timeline(facts, used))
    effect = list(_mitigation(facts, used))
    drafts = [
        *_headline(incident, facts),
        *cause, *ruled, *impact, *effect, *_state(incident), *_owners(incident),
        *_next_steps(facts), *timeline,
    ]  # fmt: skip
    kept = _fit([d for d in drafts if d.text.strip()])
    return Summary(
        incident=incident.id,
        title=incident.title,
        status=incident.status,
        as_of=now,
        statements=tuple(
            Statement(f"s{n}", d.group, d.text, tuple(dict.fromkeys(d.sources)))
            for n, d in enumerate(kept, 1)
        ),
    )


def _fit(drafts: Sequence[Draft]) -> list[Draft]:
    """Keep what fits: each group within its share, all within WORDS, the weighty first."""
    kept: list[Draft] = []
    total = 0
    for group in _PRIORITY:
        spent = 0
        mine = sorted((d for d in drafts if d.group is group), key=lambda d: -d.weight)
        for draft in mine:
            if spent + draft.length > _SHARES[group] or total + draft.length > WORDS:
                continue
            spent, total = spent + draft.length, total + draft.length
            kept.append(draft)
    order = list(Group)
    return sorted(kept, key=lambda d: (order.index(d.group), drafts.index(d)))


def _headline(incident: Incident, facts: Facts) -> Iterator[Draft]:
    where = f" ({incident.service})" if incident.service else ""
    yield Draft(
        Group.HEADLINE, f"{incident.severity.value}{where}: {incident.title}.", (incident.id,), 9
    )
    opener = next((e for e in incident.timeline if e.kind == "opened"), None)
    by = f" by {opener.actor}" if opener and opener.actor not in ("", "tandem") else ""
    first = sorted(incident.signals, key=lambda s: s.starts_at)[:1]
    alert = "".join(
        f" after alert {s.name} ({say_time(s.starts_at)}{_value(s.value)})"
        for s in first if s.starts_at <= incident.opened_at
    )  # fmt: skip
    sources = (incident.id, *([opener.id] if opener else []), *(s.id for s in first))
    yield Draft(
        Group.HEADLINE, f"Opened {say_time(incident.opened_at)}{by}{alert}.", sources, 8
    )
    others = sorted(incident.signals, key=lambda s: s.starts_at)[1:3]
    if others:
        listed = ", ".join(f"{s.name}{_value(s.value).replace(',', '')}" for s in others)
        yield Draft(Group.HEADLINE, f"Also: {listed}.", tuple(s.id for s in others), 7)
    for message in hostile_messages(incident.thread)[:1]:
        text = f"The {say_time(message.at)} message holds instructions to the assistant; ignored."
        yield Draft(Group.HEADLINE, text, (message.id,), 2)


def _value(value: str) -> str:
    return f", {value}" if value else ""


def _cause(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    if facts.incident.cause and not is_hostile(facts.incident.cause):
        yield Draft(Group.CAUSE, facts.incident.cause, (facts.incident.id,), 9)
    culprit = suspect_change(facts)
    if culprit is not None:
        yield Draft(Group.CAUSE, f"Change: {say_change(culprit, facts)}.", (culprit.id,), 5)
    for score, clause in facts.causes[:6]:
        used.add((clause.message, clause.order))
        yield Draft(Group.CAUSE, quote(clause), (clause.source,), score, clause.at)
    for clause in facts.clauses:
        if "contributing" in clause.acts and not clause.question and clause.length < 18:
            used.add((clause.message, clause.order))
            yield Draft(Group.CAUSE, f"Contributing: {quote(clause)}", (clause.source,), 2.1)
            break


def suspect_change(facts: Facts) -> Change | None:
    """The change before the trouble that the explanations speak of most, unless it was cleared."""
    able = [c for c in facts.changes_before if c.id not in facts.cleared]
    best = max(able, key=lambda c: facts.suspicion[c.id], default=None)
    return best if best is not None and facts.suspicion[best.id] > 0 else None


def say_change(change: Change, facts: Facts) -> str:
    day = "" if change.at.date() == facts.incident.opened_at.date() else f"{say_day(change.at)} "
    what = " ".join(filter(None, (change.service, change.version)))
    about = f": {change.summary}" if change.summary else ""
    return f"{day}{say_time(change.at)} {what}{about}"


def quote(clause: Clause) -> str:
    """A clause as it was said, cut at a comma when it is long, with its author and time."""
    text = shorten(clause.text, 20)
    return f"{text[:1].upper()}{text[1:]} ({clause.user} {say_time(clause.at)})."


def shorten(text: str, most: int) -> str:
    """At most so many words, ending where a part of the sentence ends if that loses little."""
    words = text.split()
    if len(words) <= most:
        return text
    cut = " ".join(words[:most])
    comma = max(cut.rfind(","), cut.rfind(";"), cut.rfind(" - "))
    return cut[:comma] if comma > len(cut) // 2 else cut + " ..."


def _ruled_out(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    for change in facts.changes_before:
        clause = facts.cleared.get(change.id)
        if clause is None or (clause.message, clause.order) in used:
            continue
        used.add((clause.message, clause.order))
        what = " ".join(filter(None, (change.service, change.version)))
        text = f"{what}: {quote(_with_evidence(clause, facts))}"
        yield Draft(Group.RULED_OUT, text, (change.id, clause.source), 4)
    for clause in sorted(denials(facts), key=lambda c: c.length):
        if (clause.message, clause.order) in used:
            continue
        used.add((clause.message, clause.order))
        weight = 3 - clause.length / 20 + 0.5 * bool(clause.figures)
        yield Draft(Group.RULED_OUT, quote(clause), (clause.source,), weight)


def _with_evidence(clause: Clause, facts: Facts) -> Clause:
    """"Not that" says little without the sentence before it."""
    if clause.length > 4:
        return clause
    mates = [c for c in facts.clauses if c.message == clause.message and c.order < clause.order]
    return replace(clause, text="; ".join([*(m.text for m in mates[-2:]), clause.text]))


_COUNTED = re.compile(
    r"\b(?:how many|how much|numbers?|exact|official|count\w*|impact|affected|lost)\b", re.I
)


def _impact(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    last = max((c.message for c in facts.clauses), default=1) or 1
    asked = {c.message for c in facts.clauses if c.question and _COUNTED.search(c.text)}
    for clause in facts.clauses:
        if (clause.message, clause.order) in used or clause.question:
            continue
        score = _impact_score(clause, last, asked)
        if score < 2.0:
            continue
        used.add((clause.message, clause.order))
        about, source = _question_before(clause, facts)
        yield Draft(
            Group.IMPACT, about + quote(_corrected(clause)), (clause.source, *source), score
        )


def _impact_score(clause: Clause, last: int, asked: set[int]) -> float:
    acts = clause.acts
    if "chat" in acts or clause.length < 2 or is_todo(clause):
        return 0.0
    score = 1.0 * ("impact" in acts) + 0.8 * bool(clause.figures)
    score += 0.6 * (clause.message > 0.55 * last) + 0.6 * ("correct" in acts)
    score += 0.8 * any(0 < clause.message - a <= 4 for a in asked)
    score += 0.6 * (re.search(r"\d of (?:the )?\d|[€$£]|\b(?:eur|usd|peak|lost|published|max)\b", clause.text, re.I) is not None)
    score += 0.7 * (len(clocks(clause.text)) > 1)
    score += 0.6 * ("unknown" in acts)
    score -= 1.0 * ("hedge" in acts and "impact" not in acts) + 0.8 * ("plan" in acts)
    score -= 0.6 * (clause.length > 28)
    if not clause.figures and "unknown" not in acts:
        score -= 0.9
    return score


def is_todo(clause: Clause) -> bool:
    return bool(re.match(r"\s*(?:ais?|todo|action)\b", f"{clause.lead}{clause.text}", re.I))


def _corrected(clause: Clause) -> Clause:
    """Of "I said 74, it's 61" only the second half stands."""
    after = re.search(r"\bi (?:said|wrote)\b[^,]*,\s*(?:it's|it is|actually)?\s*", clause.text, re.I)
    return replace(clause, text=f"{clause.text[after.end():]} (corrected)") if after else clause


def _question_before(clause: Clause, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """A bare number needs the question that it answers."""
    if len([w for w in clause.words if w.isalpha()]) > 1:
        return "", ()
    asked = [
        c for c in facts.clauses if c.question and 0 < clause.message - c.message <= 2
    ]  # fmt: skip
    if not asked or asked[-1].length > 9:
        return "", ()
    return f"{asked[-1].text.rstrip('?')}: ", (asked[-1].source,)


_RECOVERY = re.compile(
    r"\b(?:now|again|flat|back to|max|drained|empty|on time|everywhere|all)\b|%", re.IGNORECASE
)


def _mitigation(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    """What came of the measures, and decisions; the measures themselves are in the time line."""
    responded = min([c.at for c in facts.responses], default=facts.incident.opened_at)
    for clause in facts.clauses:
        if (clause.message, clause.order) in used or clause.question or "chat" in clause.acts:
            continue
        decided = "decision" in clause.acts
        effect = clause.at > responded and _RECOVERY.search(clause.text) and clause.length >= 3
        if not decided and not effect:
            continue
        weight = 1.5 * decided + 1.0 * bool(effect) + 0.5 * bool(clause.figures)
        weight -= 0.8 * ("plan" in clause.acts and not decided)
        used.add((clause.message, clause.order))
        yield Draft(Group.MITIGATION, quote(clause), (clause.source,), weight, clause.at)


def _state(incident: Incident) -> Iterator[Draft]:
    word = incident.status.value
    events = [e for e in incident.timeline if e.kind == word]
    if incident.status is Status.RESOLVED and incident.resolved_at is not None:
        length = say_duration(incident.resolved_at - incident.opened_at)
        by = f" by {events[-1].actor}" if events and events[-1].actor else ""
        text = f"Status: resolved {say_time(incident.resolved_at)}{by}, after {length}."
        yield Draft(
            Group.STATE, text, (incident.id, *(e.id for e in events[-1:])), 9
        )
        return
    yield Draft(Group.STATE, f"Status: still {word}." if word == "open" else f"Status: {word}.", (incident.id,), 9)
    for message in reversed(incident.thread):
        if is_hostile(message.text) or todos(message):
            continue
        if re.search(r"\b(?:stays?|keep|until|forecast|waiting for|as soon as)\b", message.text, re.I):
            text = shorten(clean(message.text).rstrip(". "), 14)
            yield Draft(Group.STATE, f"{text} ({message.user} {say_time(message.at)}).", (message.id,), 5)
            return


def _owners(incident: Incident) -> Iterator[Draft]:
    who, source = commander(incident.thread)
    if who:
        yield Draft(Group.OWNERS, f"Incident commander: {who}.", (source,), 9)
    mine, source = owner(incident.thread)
    if mine and mine != who:
        yield Draft(Group.OWNERS, f"Owner: {mine}.", (source,), 8)
    recorded = incident.owner or incident.acknowledged_by
    if recorded and not who and not mine:
        yield Draft(Group.OWNERS, f"Owner: {recorded}.", (incident.id,), 8)


_PROMISE = re.compile(
    r"\bby (?:monday|tuesday|wednesday|thursday|friday|tomorrow|me|eod|\d)|\btomorrow\b|"
    r"\bas soon as\b|\bwhen (?:the |real )?\w+ arrive", re.IGNORECASE
)  # fmt: skip


def _next_steps(facts: Facts) -> Iterator[Draft]:
    listed = ""
    for message in facts.incident.thread:
        for place, item in enumerate(todos(message)):
            listed += f" {item}"
            yield Draft(
                Group.NEXT_STEPS, f"{shorten(item, 16)}.", (message.id,), 5 - place / 4, message.at
            )
    said = set(content_words(listed))
    for clause in facts.clauses:
        if clause.question or not _PROMISE.search(clause.text) or is_todo(clause):
            continue
        if len(clause.words - said) >= 2 and clause.length > 4 and clause.message > 0:
            yield Draft(Group.NEXT_STEPS, quote(clause), (clause.source,), 3)


def _timeline(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    """What happened when, oldest first; a change and the note of it are one event."""
    events = sorted(_events(facts, used), key=lambda d: d.at or facts.incident.opened_at)
    kept: list[Draft] = []
    for draft in events:
        twin = next((k for k in kept if _same_event(k, draft)), None)
        if twin is None:
            kept.append(draft)
        elif len(twin.sources) < 3:
            kept[kept.index(twin)] = replace(twin, sources=(*twin.sources, *draft.sources))
    yield from kept


def _same_event(a: Draft, b: Draft) -> bool:
    """Two records of one thing: within ten minutes and about the same words."""
    if a.at is None or b.at is None:
        return False
    apart = abs((a.at - b.at).total_seconds())
    words_a, words_b = set(content_words(a.text[5:])), set(content_words(b.text[5:]))
    return apart == 0 or (apart <= 600 and len(words_a & words_b) >= 1 and a.weight != b.weight)


def _events(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    i = facts.incident
    culprit = suspect_change(facts)
    for change in facts.changes_before:
        known = change is culprit or change.id in facts.cleared
        weight = 5.0 if change is culprit else 4.5 if known else 2.5
        yield _event(change.at, _brief(change), (change.id,), weight, i)
    yield _event(i.opened_at, "incident opened", (i.id,), 8, i)
    for s in i.signals:
        if s.starts_at > i.opened_at and not is_hostile(f"{s.summary} {s.description}"):
            yield _event(s.starts_at, f"alert {s.name}", (s.id,), 2.6, i)
    for change in facts.responses:
        yield _event(change.at, _brief(change), (change.id,), 7, i)
    for e in i.timeline:
        if e.kind not in ("opened", "resolved", "alert") and not is_hostile(e.text) and e.text:
            yield _event(e.at, f"{shorten(clean(e.text), 9)}", (e.id,), 6.5, i)
    yield from _acts(facts, used)


def _acts(facts: Facts, used: set[tuple[int, int]]) -> Iterator[Draft]:
    """What people say they did."""
    for clause in facts.clauses:
        acts = clause.acts
        if "action" not in acts or clause.question or clause.length > 16 or "chat" in acts:
            continue
        if acts & {"plan", "denial", "hedge"} or (clause.message, clause.order) in used:
            continue
        weight = 3.2 + 0.6 * bool(clocks(clause.text)) + 0.6 * (clause.length < 8) + 0.3 * bool(clause.figures)
        text = f"{shorten(clause.text, 9)}"
        used.add((clause.message, clause.order))
        yield _event(clause.at, text, (clause.source,), weight, facts.incident)


def _brief(change: Change) -> str:
    what = " ".join(filter(None, (change.version or change.service, "")))
    words = set(content_words(what))
    about = change.summary if set(content_words(change.summary)) - words else ""
    return shorten(f"{what.strip()} {about}".strip(), 10)


def _event(
    at: datetime, text: str, sources: Iterable[str], weight: float, incident: Incident
) -> Draft:
    day = "" if at.date() == incident.opened_at.date() else f"{say_day(at)} "
    return Draft(Group.TIMELINE, f"{day}{say_time(at)} {text}", tuple(sources), weight, at)
