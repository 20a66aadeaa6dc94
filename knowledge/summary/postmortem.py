"""The draft of a post-mortem: what is recorded, told without blame, and the questions it leaves.

Sections in the order in which they are read. What the record says stands with its sources; what
only people can answer (why, five times; what went well) is asked and not answered. People are named
as owners of actions and nowhere else.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.records import Change, Incident
from knowledge.summary.blameless import blameless, is_blameless
from knowledge.summary.compose import compose
from knowledge.summary.draft import say_value
from knowledge.summary.facts import Facts, read, suspect_change
from knowledge.summary.model import (
    Group,
    Statement,
    Summary,
    say_day,
    say_time,
    signal_id,
    sources_of,
)
from knowledge.summary.people import speakers, todos
from knowledge.summary.plain import BOT
from knowledge.summary.report import Part, Report, report

ROOM = 600
"""Words of the summary that the draft is made from: more than a summary, since it is read later."""


def postmortem(incident: Incident, now: datetime) -> Report:
    """The draft of the post-mortem of an incident, from what is recorded alone."""
    facts = read(incident)
    summary = compose(facts, now, ROOM)
    people = _people(incident)
    parts = (
        Part("Summary", tuple(_summary(incident, summary, people))),
        Part("Impact", tuple(_told(summary, Group.IMPACT, people))),
        Part("Time line (UTC)", tuple(_told(summary, Group.TIMELINE, people))),
        Part("Detection", tuple(_detection(facts))),
        Part("Cause", tuple(_cause(facts, summary, people))),
        Part("Ruled out", tuple(_told(summary, Group.RULED_OUT, people))),
        Part("Five whys", tuple(_whys(facts, summary)), open=True),
        Part("What went well", tuple(_well(facts)), open=True),
        Part("What went badly", tuple(_badly(facts)), open=True),
        Part("Action items", tuple(_actions(incident))),
    )
    title = f"Post-mortem of {incident.id}: {_title(incident, people)}"
    lead = (
        f"Draft from what is recorded, as of {now:%Y-%m-%d %H:%M} UTC. "
        "Blameless: people are named as owners of actions only."
    )
    return report(title, lead, now, parts, sources_of(incident))


def _people(incident: Incident) -> frozenset[str]:
    """Everybody whose name the record holds; a change that a service made itself has no person."""
    services = {c.service for c in incident.changes}
    names = {m.user for m in incident.thread} | {e.actor for e in incident.timeline}
    names |= {c.author for c in incident.changes if c.author not in services} | {
        incident.owner,
        incident.acknowledged_by,
    }
    return frozenset(n for n in names if n and n.lower() != BOT)


def _statement(group: Group, text: str, *sources: str) -> Statement:
    return Statement("", group, text, tuple(dict.fromkeys(s for s in sources if s)))


def _title(incident: Incident, people: frozenset[str]) -> str:
    title = incident.title
    return title if is_blameless(title, people) else incident.service or incident.id


def _told(summary: Summary, group: Group, people: frozenset[str]) -> Iterator[Statement]:
    """A group's statements without blame; those that cannot be told so are left out."""
    for statement in summary.of(group):
        text = blameless(statement.text, people)
        if text:
            said = text.rstrip(".") if group is Group.TIMELINE else text
            yield _statement(group, said, *statement.sources)


def _summary(incident: Incident, summary: Summary, people: frozenset[str]) -> Iterator[Statement]:
    title = _title(incident, people).rstrip(".")
    where = f" ({incident.service})" if incident.service else ""
    text = f"{incident.severity.value}{where}: {title}."
    yield _statement(Group.HEADLINE, text, incident.id)
    if incident.resolved_at is not None:
        length = say_duration(incident.resolved_at - incident.opened_at)
        text = (
            f"Opened {say_day(incident.opened_at)} {say_time(incident.opened_at)}, "
            f"resolved {say_time(incident.resolved_at)}, after {length}."
        )
    else:
        opened = f"{say_day(incident.opened_at)} {say_time(incident.opened_at)}"
        text = f"Opened {opened}; not resolved yet, so this draft is early."
    yield _statement(Group.STATE, text, incident.id)
    yield from list(_told(summary, Group.MITIGATION, people))[:2]


def _detection(facts: Facts) -> Iterator[Statement]:
    incident = facts.incident
    first = min(incident.signals, key=lambda s: s.starts_at, default=None)
    if first is None or first.starts_at > incident.opened_at:
        yield _statement(
            Group.HEADLINE,
            f"Opened by hand at {say_time(incident.opened_at)}; no alert had fired.",
            incident.id,
        )
    else:
        text = (
            f"Alert {first.name} fired at {say_time(first.starts_at)}{say_value(first.value)}; "
            f"the incident was opened at {say_time(incident.opened_at)}."
        )
        yield _statement(Group.HEADLINE, text, signal_id(first), incident.id)
    culprit = suspect_change(facts)
    noticed = min([incident.opened_at, *(s.starts_at for s in incident.signals)])
    if culprit is not None and culprit.at < noticed:
        lag = say_duration(noticed - culprit.at)
        text = f"From the change of {_when(culprit, incident)} until it was noticed: {lag}."
        ids = [signal_id(first)] if first is not None and first.starts_at == noticed else []
        yield _statement(Group.HEADLINE, text, culprit.id, *ids, incident.id)


def _when(change: Change, incident: Incident) -> str:
    same = change.at.date() == incident.opened_at.date()
    return say_time(change.at) if same else f"{say_day(change.at)} {say_time(change.at)}"


def _cause(facts: Facts, summary: Summary, people: frozenset[str]) -> Iterator[Statement]:
    told = list(_told(summary, Group.CAUSE, people))
    yield from told
    if not told:
        yield _statement(Group.CAUSE, "Not established in the record.", facts.incident.id)


def _whys(facts: Facts, summary: Summary) -> Iterator[Statement]:
    """Five whys: the first is answered by the record where it can be, the others are open."""
    incident = facts.incident
    culprit = suspect_change(facts)
    what = incident.service or incident.id
    answers = "; see Cause" if summary.of(Group.CAUSE) else ""
    asked: list[tuple[str, tuple[str, ...]]] = [
        (f"Why was {what} in trouble{answers}?", (incident.id,)),
    ]
    if culprit is not None:
        named = " ".join(filter(None, (culprit.service, culprit.version)))
        asked += [
            (f"Why could {named} have this effect?", (culprit.id,)),
            (f"Why did no test, review or staged rollout show it before {named} went live?",
             (culprit.id,)),
        ]  # fmt: skip
    else:
        asked += [
            ("Why did that lead to what users saw?", (incident.id,)),
            ("Why was that state possible at all?", (incident.id,)),
        ]
    asked += [
        ("Why was it noticed when it was, and not sooner?", (incident.id,)),
        ("Why did it take as long as it did to put right?", (incident.id,)),
    ]
    for n, (question, sources) in enumerate(asked, 1):
        yield _statement(Group.CAUSE, f"Why {n}: {question}", *sources)


def _responses(incident: Incident, facts: Facts) -> list[tuple[datetime, str]]:
    acts = [(e.at, e.id) for e in incident.timeline if e.kind == "action"]
    return sorted([*acts, *((c.at, c.id) for c in facts.responses)])


def _well(facts: Facts) -> Iterator[Statement]:
    incident = facts.incident
    first = min(incident.signals, key=lambda s: s.starts_at, default=None)
    if first is not None and first.starts_at <= incident.opened_at:
        text = f"The alert {first.name} fired before anybody asked: was it clear what to do?"
        yield _statement(Group.STATE, text, signal_id(first))
    acted = _responses(incident, facts)
    if acted:
        lag = say_duration(acted[0][0] - incident.opened_at)
        text = f"The first measure came {lag} after the opening: what made that possible?"
        yield _statement(Group.STATE, text, acted[0][1], incident.id)
    yield _statement(Group.STATE, "What helped that should be kept?", incident.id)


_LONG = timedelta(minutes=20)


def _badly(facts: Facts) -> Iterator[Statement]:
    incident = facts.incident
    for change_id, clause in list(facts.cleared.items())[:1]:
        text = (
            f"A change was suspected and cleared at {say_time(clause.at)}: what would have told "
            "that sooner?"
        )
        yield _statement(Group.STATE, text, change_id, clause.source)
    for fallen in facts.fallen[:1]:
        text = (
            f"A figure given at {say_time(fallen.at)} was corrected later: where should the right "
            "one have been?"
        )
        yield _statement(Group.STATE, text, fallen.source)
    acted = _responses(incident, facts)
    if acted and acted[0][0] - incident.opened_at > _LONG:
        lag = say_duration(acted[0][0] - incident.opened_at)
        text = f"The first measure took {lag}: what held it up?"
        yield _statement(Group.STATE, text, acted[0][1], incident.id)
    yield _statement(Group.STATE, "Where was luck needed?", incident.id)


_OWNER = re.compile(r"^@?(?P<who>[\w.-]+)\s*(?::|->|→|\s-\s)\s*(?P<what>.+)$", re.DOTALL)


def _actions(incident: Incident) -> Iterator[Statement]:
    """What was promised, with its owner where somebody took it."""
    people = speakers(incident.thread)
    for message in incident.thread:
        for item in todos(message, people):
            owned = _OWNER.match(item)
            first = item.split()[0].strip("@,").lower()
            if owned and owned["who"].lower() in people:
                text = f"{owned['what'].strip()} (owner: {owned['who']})"
            elif first in people:
                text = f"{item} (owner: {item.split()[0].strip('@,')})"
            elif re.match(r"i(?:'ll)?\b", item, re.IGNORECASE):
                text = f"{item} (owner: {message.user})"
            else:
                text = f"{item} (owner: nobody yet)"
            yield _statement(Group.NEXT_STEPS, text, message.id)
