"""From facts to a short summary: pick for each group, keep within the budget of words."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from knowledge.durations import say_duration
from knowledge.records import Change, Incident, Status
from knowledge.summary.draft import Draft, in_a_row, quote, say_value, shorten
from knowledge.summary.facts import Facts, denials, suspect_change
from knowledge.summary.model import Group, Statement, Summary, say_day, say_time, signal_id
from knowledge.summary.people import commander, owner, speakers, todos
from knowledge.summary.plain import BOT, clocks, content_words, is_hostile
from knowledge.summary.reading import Clause, hostile_messages, refusals
from knowledge.summary.suspects import Cleared, clears
from knowledge.summary.timeline import NOT_DONE, timeline

WORDS = 200
"""What the statements of a summary may cost at most, the times that they cite included; headings
come on top (20 words). It is read at 3 a.m."""

_SHARES = {
    Group.HEADLINE: (30, 40),
    Group.STATE: (12, 27),
    Group.OWNERS: (8, 10),
    Group.CAUSE: (34, 60),
    Group.RULED_OUT: (22, 44),
    Group.IMPACT: (26, 46),
    Group.TIMELINE: (40, 60),
    Group.NEXT_STEPS: (22, 54),
    Group.MITIGATION: (10, 22),
}
"""Words each group is sure of, and the most that it may take; the weighty groups first."""


def compose(facts: Facts, now: datetime, words: int = WORDS) -> Summary:
    """The summary of what was read, at most so many words."""
    incident = facts.incident
    drafts = [
        *_headline(incident, facts), *_cause(facts), *_ruled_out(facts), *_impact(facts),
        *_mitigation(facts), *_state(facts), *_owners(incident), *_next_steps(facts),
        *timeline(facts),
    ]  # fmt: skip
    kept = _fit([d for d in drafts if d.text.strip()], words)
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


_WANT = {
    Group.TIMELINE: 7.0, Group.NEXT_STEPS: 3.5, Group.IMPACT: 3.0, Group.CAUSE: 3.0,
    Group.RULED_OUT: 2.0, Group.MITIGATION: 1.5, Group.HEADLINE: 9.0, Group.STATE: 9.0,
    Group.OWNERS: 9.0,
}  # fmt: skip
"""How many statements of each kind are worth about the same as one of another."""


def _fit(drafts: Sequence[Draft], words: int) -> list[Draft]:
    """Keep what fits: first each group's sure share, then, while words are left, one more of the
    group that has the least of what is wanted of it."""
    kept: list[Draft] = []
    quoted: set[tuple[int, int]] = set()
    spent = dict.fromkeys(Group, 0)

    def take(draft: Draft, most: int) -> bool:
        fits = spent[draft.group] + draft.length <= most and not draft.clauses & quoted
        if not fits or sum(k.cost for k in kept) + draft.cost > words:
            return False
        spent[draft.group] += draft.length
        kept.append(draft)
        quoted.update(draft.clauses)
        return True

    waiting = {
        group: sorted((d for d in drafts if d.group is group), key=lambda d: -d.weight)
        for group in _SHARES
    }
    for group, (sure, _) in _SHARES.items():
        most = round(sure * min(1.0, words / WORDS))
        waiting[group] = [d for d in waiting[group] if not take(d, most)]
    while any(waiting.values()):
        have = Counter(d.group for d in kept)
        group = max((g for g in waiting if waiting[g]), key=lambda g: _WANT[g] / (1 + have[g]))
        take(waiting[group].pop(0), round(_SHARES[group][1] * words / WORDS))
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
        f" after alert {s.name} ({say_time(s.starts_at)}{say_value(s.value)})"
        for s in first if s.starts_at <= incident.opened_at
    )  # fmt: skip
    sources = (incident.id, *([opener.id] if opener else []), *(signal_id(s) for s in first))
    yield Draft(Group.HEADLINE, f"Opened {say_time(incident.opened_at)}{by}{alert}.", sources, 8)
    for message in hostile_messages(incident.thread)[:1]:
        text = f"The {say_time(message.at)} message holds instructions to the assistant; ignored."
        yield Draft(Group.HEADLINE, text, (message.id,), 2)


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


def say_change(change: Change, facts: Facts) -> str:
    day = "" if change.at.date() == facts.incident.opened_at.date() else f"{say_day(change.at)} "
    what = " ".join(filter(None, (change.service, change.version)))
    about = f": {change.summary}" if change.summary else ""
    return f"{day}{say_time(change.at)} {what}{about}"


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
    for found in facts.innocent:
        yield _acquittal(found, facts)
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


def _acquittal(found: Cleared, facts: Facts) -> Draft:
    """The suspect and what cleared it; the suspect's own words where the answer leaves them out."""
    whole = _with_evidence(found.by, facts)
    text = quote(whole)
    sources: tuple[str, ...] = (found.by.source,)
    if not found.named or whole.length < 3:
        asked = shorten(found.suspect.text.rstrip("?. "), 8)
        mark = "?" if found.suspect.question else ":"
        text = f"{asked[:1].upper()}{asked[1:]}{mark} {text}"
        sources = (found.suspect.source, *sources)
    weight = 3.6 + 0.4 * found.named - whole.length / 20
    return Draft(Group.RULED_OUT, text, sources, weight, None, whole.places)


_EVIDENCE = 18
"""Words of a denial together with what it is based on."""
_POINTS_BACK = re.compile(r"\b(?:it|that|this|them|they|which)\b", re.IGNORECASE)


def _with_evidence(clause: Clause, facts: Facts) -> Clause:
    """ "Not that" and "I lost it" say little without the sentence before them."""
    points_back = _POINTS_BACK.search(clause.text) and len(clause.words) <= 4
    if clause.length > 4 and not points_back:
        return clause
    before = [
        c for c in facts.clauses
        if c.message == clause.message and c.order < clause.order and not c.question
    ]  # fmt: skip
    mates = before[-2:]
    while mates and sum(m.length for m in mates) + clause.length > _EVIDENCE:
        mates = mates[1:]
    joined = frozenset((m.message, m.order) for m in mates)
    return replace(clause, text=in_a_row([*(m.text for m in mates), clause.text]), joined=joined)


_COUNTED = re.compile(
    r"\b(?:how many|how much|numbers?|exact|official|count\w*|impact|affected|lost)\b", re.I
)


_LEAD = re.compile(
    r"^(?:impact|damage|effect|correction|korrig\w+|update|computed)\s*:\s*", re.IGNORECASE
)
_EXPLAINS = 3.0
"""From this score on an explanation is one, whatever it counts."""
_SURE = 2.0
"""The least score of a clause that tells of the impact."""


def _impact(facts: Facts) -> Iterator[Draft]:
    last = max((c.message for c in facts.clauses), default=1) or 1
    asked = {c.message for c in facts.clauses if c.question and _COUNTED.search(c.text)}
    scored = [
        (_impact_score(c, last, asked), c) for c in facts.clauses if not c.question
    ]  # fmt: skip
    explains = {(c.message, c.order) for score, c in facts.causes if score >= _EXPLAINS}
    told = [(s, c) for s, c in scored if s >= _SURE and (c.message, c.order) not in explains]
    if not told:  # a guess that nobody corrected is the best that is known
        guesses = [
            (s, c)
            for s, c in scored
            if c.figures and "impact" in c.acts and s > 0 and not _ACT.search(c.text)
        ]
        told = sorted(guesses, key=lambda g: -g[0])[:1]
    for score, clause in told:
        about, source = _question_before(clause, facts)
        plain = _corrected(clause, facts)
        said = quote(replace(plain, text=_LEAD.sub("", plain.text)))
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


_ACT = re.compile(
    r"^(?:i )?(?:rolled|reverted|restarted|deployed|scaled|switched|moved|raised|lowered|killed)\b",
    re.IGNORECASE,
)
"""What was done is no impact, whatever numbers it has."""


def _impact_score(clause: Clause, last: int, asked: set[int]) -> float:
    acts = clause.acts
    if "chat" in acts or clause.length < 2 or is_todo(clause):
        return 0.0
    if (clears(clause) and "correct" not in acts) or _PROGRESS.search(clause.text):
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
    score += 0.7 * (len(clocks(clause.text)) > 1) + 1.3 * bool(_RANGE.search(clause.text))
    score += 2.2 * ("unknown" in acts)
    score -= 1.2 * ("hedge" in acts) + 0.8 * ("plan" in acts)
    score -= 0.6 * (clause.length > 28) + 0.8 * ("them" in clause.text.split())
    score -= 1.2 * (_ACT.search(clause.text) is not None)
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


_RANGE = re.compile(
    r"(\d?\d:\d\d)\s?(?:-|–|to|until|and|till|through|bis|und|hasta|a|à)\s?(\d?\d:\d\d)",
    re.IGNORECASE,
)


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
_WORSE = re.compile(
    r"\b(?:fills?|full|worse|fail(?:s|ing)?|broken|down|slow(?:er)?|gone again|not gone)\b", re.I
)
_CAMEL = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]{2,}(?![a-z])")


def _mitigation(facts: Facts) -> Iterator[Draft]:
    """What came of the measures, and decisions; the measures themselves are in the time line."""
    yield from _consents(facts)
    recorded = facts.incident.resolution
    if recorded and not is_hostile(recorded):
        text = f"{shorten(recorded, 20).rstrip('.')}."
        yield Draft(Group.MITIGATION, text, (facts.incident.id,), 9)
    acted = [e.at for e in facts.incident.timeline if e.kind == "action"]
    acted += [c.at for c in facts.responses]
    responded = min(acted, default=facts.incident.opened_at)
    watched = {
        w.lower() for s in facts.incident.signals for w in _CAMEL.findall(f"{s.name} {s.summary}")
    }
    for clause in facts.clauses:
        if clause.question or "chat" in clause.acts:
            continue
        decided = "decision" in clause.acts
        effect = clause.at > responded and _RECOVERY.search(clause.text) and clause.length >= 3
        if not decided and (NOT_DONE.search(clause.text) or _WORSE.search(clause.text)):
            continue
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


_STAYS = re.compile(
    r"\b(?:stays?|remains?|kept|keep(?:s|ing)?)\b.{0,20}\bopen\b|\bnot (?:yet )?clos\w+"
    r"|\bcan(?:not|'t) close\b|\bbleibt offen\b|\bsigue abiert\w+",
    re.IGNORECASE,
)
_WAITS = re.compile(
    r"\b(?:stays?|keep|until|forecast|waiting for|as soon as|still (?:red|above|failing|down))\b",
    re.IGNORECASE,
)


def _state(facts: Facts) -> Iterator[Draft]:
    incident = facts.incident
    word = incident.status.value
    events = [e for e in incident.timeline if e.kind == word]
    if incident.status is Status.RESOLVED and incident.resolved_at is not None:
        length = say_duration(incident.resolved_at - incident.opened_at)
        by = f" by {events[-1].actor}" if events and events[-1].actor else ""
        text = f"Status: resolved {say_time(incident.resolved_at)}{by}, after {length}."
        yield Draft(Group.STATE, text, (incident.id, *(e.id for e in events[-1:])), 9)
        return
    since = f" since {say_time(events[-1].at)}" if events and word != "open" else ""
    text = f"Status: still {word}." if word == "open" else f"Status: {word}{since}."
    yield Draft(Group.STATE, text, (incident.id, *(e.id for e in events[-1:])), 9)
    said = [c for c in facts.clauses if not c.question and "chat" not in c.acts and c.length > 2]
    for cue in (_STAYS, _WAITS):
        found = next((c for c in reversed(said) if cue.search(c.text)), None)
        if found is not None:
            brief = quote(
                replace(found, text=re.sub(r"^status \w+\W+", "", found.text, flags=re.I))
            )
            yield Draft(Group.STATE, brief, (found.source,), 5, None, found.places)
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


_PAST = re.compile(r"\b(?:was|were|finished|done|had|has been|have been|went)\b", re.IGNORECASE)


def _next_steps(facts: Facts) -> Iterator[Draft]:
    listed = ""
    people = speakers(facts.incident.thread)
    for message in facts.incident.thread:
        for place, item in enumerate(todos(message, people)):
            listed += f" {item}"
            yield Draft(
                Group.NEXT_STEPS, f"{shorten(item, 20)}.", (message.id,), 5 - place / 4, message.at
            )
    said = set(content_words(listed))
    for clause in facts.clauses:
        if clause.question or not _PROMISE.search(clause.text) or is_todo(clause):
            continue
        if _PAST.search(clause.text):
            continue
        if len(clause.words - said) >= 2 and clause.length > 4 and clause.message > 0:
            yield Draft(Group.NEXT_STEPS, quote(clause), (clause.source,), 3, None, clause.places)
