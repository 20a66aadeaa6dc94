"""From facts to a short summary: pick for each group, keep within the budget of words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from knowledge.durations import say_duration
from knowledge.records import Change, Incident, Status
from knowledge.summary.facts import Facts, clears, denials
from knowledge.summary.model import Group, Statement, Summary, say_day, say_time, signal_id
from knowledge.summary.reading import (
    BOT,
    Clause,
    clean,
    clocks,
    commander,
    content_words,
    hostile_messages,
    is_hostile,
    owner,
    refusals,
    todos,
)

WORDS = 187
"""What the statements of a summary may hold at most (headings and citations come on top): it is
read at 3 a.m."""

_SHARES = {
    Group.HEADLINE: (30, 40),
    Group.STATE: (12, 20),
    Group.OWNERS: (8, 10),
    Group.CAUSE: (34, 60),
    Group.RULED_OUT: (18, 32),
    Group.IMPACT: (26, 46),
    Group.TIMELINE: (40, 60),
    Group.NEXT_STEPS: (20, 40),
    Group.MITIGATION: (10, 22),
}
"""Words each group is sure of, and the most that it may take; the weighty groups first."""


@dataclass(frozen=True)
class Draft:
    """A statement that is not numbered yet; `weight` decides who stays when words are short."""

    group: Group
    text: str
    sources: tuple[str, ...]
    weight: float = 1.0
    at: datetime | None = None
    clauses: frozenset[tuple[int, int]] = frozenset()
    """(message, order) of what it quotes: nothing is quoted twice."""

    @property
    def length(self) -> int:
        return len(self.text.split()) + 1


def compose(facts: Facts, now: datetime) -> Summary:
    """The summary of what was read, at most WORDS words."""
    incident = facts.incident
    cause = list(_cause(facts))
    ruled = list(_ruled_out(facts))
    impact = list(_impact(facts))
    timeline = list(_timeline(facts))
    effect = list(_mitigation(facts))
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
    """Keep what fits: first each group's sure share, then more of each while words are left."""
    kept: list[Draft] = []
    quoted: set[tuple[int, int]] = set()
    spent = dict.fromkeys(Group, 0)
    for share in (0, 1):
        for group, limits in _SHARES.items():
            mine = (d for d in drafts if d.group is group and d not in kept)
            for draft in sorted(mine, key=lambda d: -d.weight):
                fits = spent[group] + draft.length <= limits[share] and not draft.clauses & quoted
                if fits and sum(spent.values()) + draft.length <= WORDS:
                    spent[group] += draft.length
                    kept.append(draft)
                    quoted |= draft.clauses
    order = list(Group)
    return sorted(kept, key=lambda d: (order.index(d.group), drafts.index(d)))


def _headline(incident: Incident, facts: Facts) -> Iterator[Draft]:
    named = incident.service.lower() in incident.title.lower()
    where = f" ({incident.service})" if incident.service and not named else ""
    yield Draft(
        Group.HEADLINE, f"{incident.severity.value}{where}: {incident.title}.", (incident.id,), 9
    )
    opener = next((e for e in incident.timeline if e.kind == "opened"), None)
    by = f" by {opener.actor}" if opener and opener.actor.lower() not in ("", BOT) else ""
    first = sorted(incident.signals, key=lambda s: s.starts_at)[:1]
    alert = "".join(
        f" after alert {s.name} ({say_time(s.starts_at)}{_value(s.value)})"
        for s in first if s.starts_at <= incident.opened_at
    )  # fmt: skip
    sources = (incident.id, *([opener.id] if opener else []), *(signal_id(s) for s in first))
    yield Draft(Group.HEADLINE, f"Opened {say_time(incident.opened_at)}{by}{alert}.", sources, 8)
    others = sorted(incident.signals, key=lambda s: s.starts_at)[1:3]
    if others:
        listed = ", ".join(f"{s.name}{_value(s.value).replace(',', '')}" for s in others)
        yield Draft(Group.HEADLINE, f"Also: {listed}.", tuple(signal_id(s) for s in others), 7)
    for message in hostile_messages(incident.thread)[:1]:
        text = f"The {say_time(message.at)} message holds instructions to the assistant; ignored."
        yield Draft(Group.HEADLINE, text, (message.id,), 2)


def _value(value: str) -> str:
    return f", {value}" if value else ""


def _cause(facts: Facts) -> Iterator[Draft]:
    if facts.incident.cause and not is_hostile(facts.incident.cause):
        text = f"{shorten(facts.incident.cause, 30).rstrip('.')}."
        yield Draft(Group.CAUSE, text, (facts.incident.id,), 9)
    culprit = suspect_change(facts)
    if culprit is not None:
        yield Draft(Group.CAUSE, f"Change: {say_change(culprit, facts)}.", (culprit.id,), 5)
    for score, clause in facts.causes[:6]:
        whole = _with_evidence(clause, facts)
        yield Draft(Group.CAUSE, quote(whole), (clause.source,), score, clause.at, whole.places)
    extra = [c for c in facts.clauses if "contributing" in c.acts and not c.question]
    for clause in sorted(extra, key=lambda c: c.length)[:1]:
        yield Draft(
            Group.CAUSE, f"Contributing: {quote(clause)}", (clause.source,), 4, None, clause.places
        )
    if culprit is None and not facts.causes and not facts.incident.cause:
        yield Draft(Group.CAUSE, "Not established.", (facts.incident.id,), 1)
        last = max(facts.changes_before, key=lambda change: change.at, default=None)
        if last is not None and last.id not in facts.cleared:
            told = f"Last change before it: {say_change(last, facts)}."
            yield Draft(Group.CAUSE, told, (last.id,), 1)


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
    """A clause as it was said, cut when it is long."""
    text = shorten(clause.text, 20).rstrip(".:, ")
    return f"{text[:1].upper()}{text[1:]}."


def shorten(text: str, most: int) -> str:
    """At most so many words, ending where a part of the sentence ends if that loses little."""
    words = text.split()
    if len(words) <= most:
        return text
    cut = " ".join(words[:most])
    comma = max(cut.rfind(","), cut.rfind(";"), cut.rfind(" - "))
    return cut[:comma] if comma > len(cut) // 2 else cut + " ..."


_OUTRIGHT = re.compile(
    r"\bnot (?:the|a|v?\d)?\s*\w+|\bno \w+ possible\b|\btwo different\b|\beither\b|\bruled out\b",
    re.I,
)


def _ruled_out(facts: Facts) -> Iterator[Draft]:
    for change in facts.changes_before:
        clause = facts.cleared.get(change.id)
        if clause is not None:
            what = " ".join(filter(None, (change.service, change.version)))
            whole = _with_evidence(clause, facts)
            text = f"{what}: {quote(whole)}"
            yield Draft(Group.RULED_OUT, text, (change.id, clause.source), 5, None, whole.places)
    for clause in denials(facts):
        outright = _OUTRIGHT.search(clause.text) is not None
        suspected = any(
            c.message < clause.message
            and (c.question or "hedge" in c.acts)
            and c.words & clause.words
            for c in facts.clauses
        )  # fmt: skip
        weight = 2 - clause.length / 20 + 0.3 * bool(clause.figures) + 1.2 * outright + suspected
        whole = _with_evidence(clause, facts)
        yield Draft(Group.RULED_OUT, quote(whole), (clause.source,), weight, None, whole.places)
    for proposal, answer in refusals(facts.clauses, facts.incident.thread):
        text = f"Rejected: {proposal.text.rstrip('?')}."
        sources = (proposal.source, answer.id)
        yield Draft(Group.RULED_OUT, text, sources, 3.9, None, proposal.places)


_POINTS_BACK = re.compile(r"\b(?:it|that|this|them|they|which)\b", re.IGNORECASE)


def _with_evidence(clause: Clause, facts: Facts) -> Clause:
    """ "Not that" and "I lost it" say little without the sentence before them."""
    points_back = _POINTS_BACK.search(clause.text) and len(clause.words) <= 4
    if clause.length > 4 and not points_back:
        return clause
    mates = [
        c for c in facts.clauses
        if c.message == clause.message and c.order < clause.order and not c.question
    ][-2:]  # fmt: skip
    if sum(m.length for m in mates) > 14:
        return clause
    joined = frozenset((m.message, m.order) for m in mates)
    return replace(clause, text=", ".join([*(m.text for m in mates), clause.text]), joined=joined)


_COUNTED = re.compile(
    r"\b(?:how many|how much|numbers?|exact|official|count\w*|impact|affected|lost)\b", re.I
)


def _impact(facts: Facts) -> Iterator[Draft]:
    last = max((c.message for c in facts.clauses), default=1) or 1
    asked = {c.message for c in facts.clauses if c.question and _COUNTED.search(c.text)}
    for clause in facts.clauses:
        if clause.question:
            continue
        score = _impact_score(clause, last, asked)
        if score < 2.0:
            continue
        about, source = _question_before(clause, facts)
        said = quote(_corrected(clause, facts))
        yield Draft(
            Group.IMPACT, about + said, (*source, clause.source), score, None, clause.places
        )
    yield from _window(facts)


_PROGRESS = re.compile(
    r"\b(\d+)(?: of |/)(?:the )?\1\b|\d\s?\w*/(?:s|sec|min|h"
    r"|hour)\b",
    re.IGNORECASE,
)
"""All of all ("40/40") and rates ("900 orders/min") tell how it recovers, not whom it hurt."""


def _impact_score(clause: Clause, last: int, asked: set[int]) -> float:
    acts = clause.acts
    if "chat" in acts or clause.length < 2 or is_todo(clause):
        return 0.0
    if clears(clause) or _PROGRESS.search(clause.text):
        return 0.0
    score = 1.0 * ("impact" in acts) + 0.8 * bool(clause.figures)
    score += 0.6 * (clause.message > 0.55 * last) + 0.6 * ("correct" in acts)
    score += 0.8 * any(0 < clause.message - a <= 4 for a in asked)
    score += 0.9 * (
        re.search(
            r"\d of (?:the )?\d|[€$£]|\b(?:eur|usd|peak|lost|published|max)\b", clause.text, re.I
        )
        is not None
    )
    score += 0.7 * (len(clocks(clause.text)) > 1)
    score += 2.2 * ("unknown" in acts)
    score -= 1.2 * ("hedge" in acts) + 0.8 * ("plan" in acts)
    score -= 0.6 * (clause.length > 28) + 0.8 * ("them" in clause.text.split())
    if not clause.figures and "unknown" not in acts:
        score -= 0.9
    return score


def is_todo(clause: Clause) -> bool:
    return bool(re.match(r"\s*(?:ais?|todo|action)\b", f"{clause.lead}{clause.text}", re.I))


_SAID = re.compile(
    r"\bi (?:said|wrote)\b\s*\S*\d\S*\s*(?P<noun>[a-z]+)?[^,]*,\s*(?:it's|it is|actually)?\s*",
    re.IGNORECASE,
)


def _corrected(clause: Clause, facts: Facts) -> Clause:
    """Of "I said 74 orders, it's 61" stands "61 orders"; "official: 430" takes its noun from the
    figure that it replaces."""
    said = _SAID.search(clause.text)
    if said:
        noun = f" {said['noun']}" if said["noun"] else ""
        return replace(clause, text=f"{clause.text[said.end() :]}{noun} (corrected)")
    bare = {w for w in clause.words if w.isalpha()} <= {"official", "exact", "correct", "actual"}
    before = [c for c in facts.fallen if c.message == clause.message and c.order < clause.order]
    if bare and before and before[-1].figures:
        old = before[-1].figures[-1]
        noun = " ".join(before[-1].text[old.start + len(old.text) :].split()[:2])
        return replace(clause, text=f"{clause.text} {noun}".strip())
    return clause


_RANGE = re.compile(r"(\d?\d:\d\d)\s?(?:-|to|until|and|till)\s?(\d?\d:\d\d)", re.IGNORECASE)


def _window(facts: Facts) -> Iterator[Draft]:
    """From when to when it hurt, also where the count in the same breath was corrected."""
    for clause in facts.fallen:
        span = _RANGE.search(clause.text)
        if span:
            text = f"Affected {span[1]}-{span[2]}."
            yield Draft(Group.IMPACT, text, (clause.source,), 3.6)
            return


def _question_before(clause: Clause, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """A bare number needs the question that it answers."""
    if any(w.isalpha() for w in clause.words) and "unknown" not in clause.acts:
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
_CAMEL = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]{2,}(?![a-z])")


def _mitigation(facts: Facts) -> Iterator[Draft]:
    """What came of the measures, and decisions; the measures themselves are in the time line."""
    yield from _consents(facts)
    recorded = facts.incident.resolution
    if recorded and not is_hostile(recorded):
        text = f"{shorten(recorded, 20).rstrip('.')}."
        yield Draft(Group.MITIGATION, text, (facts.incident.id,), 9)
    responded = min([c.at for c in facts.responses], default=facts.incident.opened_at)
    watched = {
        w.lower() for s in facts.incident.signals for w in _CAMEL.findall(f"{s.name} {s.summary}")
    }
    for clause in facts.clauses:
        if clause.question or "chat" in clause.acts:
            continue
        decided = "decision" in clause.acts
        effect = clause.at > responded and _RECOVERY.search(clause.text) and clause.length >= 3
        if decided or effect:
            weight = 2.8 * decided + 1.0 * bool(effect) + 0.5 * bool(clause.figures)
            weight += 1.0 * bool(effect and clause.words & watched)
            weight += 0.5 * (re.search(r"\b(?:now|again|flat|back)\b", clause.text) is not None)
            weight -= 0.8 * ("plan" in clause.acts and not decided)
            yield Draft(
                Group.MITIGATION, quote(clause), (clause.source,), weight, clause.at, clause.places
            )


def _consents(facts: Facts) -> Iterator[Draft]:
    """Somebody was asked by name and agreed."""
    for asked in facts.clauses:
        names = re.findall(r"@([\w.-]+)", asked.text) if asked.question else []
        for clause in facts.clauses:
            agrees = re.match(
                r"\s*(?:ok|yes|approve\w*|fine|agreed|go)\b", f"{clause.lead} {clause.text}", re.I
            )
            if clause.user in names and 0 < clause.message - asked.message <= 6 and agrees:
                text = f"{clause.user} agreed: {shorten(clause.text, 10)}."
                yield Draft(
                    Group.MITIGATION, text, (asked.source, clause.source), 3.5, None, clause.places
                )
                break


def _state(incident: Incident) -> Iterator[Draft]:
    word = incident.status.value
    events = [e for e in incident.timeline if e.kind == word]
    if incident.status is Status.RESOLVED and incident.resolved_at is not None:
        length = say_duration(incident.resolved_at - incident.opened_at)
        by = f" by {events[-1].actor}" if events and events[-1].actor else ""
        text = f"Status: resolved {say_time(incident.resolved_at)}{by}, after {length}."
        yield Draft(Group.STATE, text, (incident.id, *(e.id for e in events[-1:])), 9)
        return
    yield Draft(
        Group.STATE,
        f"Status: still {word}." if word == "open" else f"Status: {word}.",
        (incident.id,),
        9,
    )
    for message in reversed(incident.thread):
        if is_hostile(message.text) or todos(message):
            continue
        if re.search(
            r"\b(?:stays?|keep|until|forecast|waiting for|as soon as)\b", message.text, re.I
        ):
            said = re.sub(r"^status \w+\W+", "", clean(message.text), flags=re.I).rstrip(". ")
            text = shorten(said, 14)
            yield Draft(Group.STATE, f"{text[:1].upper()}{text[1:]}.", (message.id,), 5)
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
    r"\bby (?:monday|tuesday|wednesday|thursday|friday|tomorrow|eod|\d)|\b(?:postmortem|pm|rca"
    r"|write-?up) by\b|\btomorrow\b|"
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
            yield Draft(Group.NEXT_STEPS, quote(clause), (clause.source,), 3, None, clause.places)


def _timeline(facts: Facts) -> Iterator[Draft]:
    """What happened when, oldest first; a change and the note of it are one event."""
    events = sorted(_events(facts), key=lambda d: d.at or facts.incident.opened_at)
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
    if a.sources == b.sources:
        return True
    apart = abs((a.at - b.at).total_seconds())
    words_a, words_b = set(content_words(a.text[5:])), set(content_words(b.text[5:]))
    return apart == 0 or (apart <= 600 and len(words_a & words_b) >= 1 and a.weight != b.weight)


def _events(facts: Facts) -> Iterator[Draft]:
    i = facts.incident
    culprit = suspect_change(facts)
    for change in facts.changes_before:
        known = change is culprit or change.id in facts.cleared
        weight = 5.0 if change is culprit else 4.5 if known else 2.5
        brief = _brief(change, short=change is culprit or change.kind in _VERBS)
        yield _event(change.at, brief, (change.id,), weight, i)
    yield from _onset(facts)
    yield from _found(facts)
    yield _event(i.opened_at, "incident opened", (i.id,), 8, i)
    for s in i.signals:
        if s.starts_at > i.opened_at and not is_hostile(f"{s.summary} {s.description}"):
            yield _event(s.starts_at, f"alert {s.name}", (signal_id(s),), 2.6, i)
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
        if at < facts.noticed:
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
    best = sorted((c for _, c in facts.causes[:3]), key=lambda c: c.at)
    late = [c for c in best if c.at > facts.incident.opened_at]
    for clause in late[:1]:
        text = f"{clause.user}: {shorten(clause.text, 5)}"
        yield _event(clause.at, text, (clause.source,), 4.2, facts.incident)


_NOT_DONE = re.compile(
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
        if acts & {"plan", "denial", "hedge"} or _NOT_DONE.search(clause.text):
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
        yield replace(draft, clauses=clause.places)


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
