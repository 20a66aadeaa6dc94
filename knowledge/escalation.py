"""Pure: which step of an escalation policy is due, and what the time line says was done.

The time line is the only memory: a step that was taken is an entry of kind "paged" that names its
number and whom it told, so a crash or another replica can neither take it twice nor lose it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.durations import say_duration
from knowledge.findings import is_finding
from knowledge.incidents import TANDEM, counted, record
from knowledge.oncall import Policy, Target
from knowledge.records import Event, Incident, Severity, Signal, SignalKind

PAGED = "paged"
REMINDED = "reminded"
OWN_PAGES = "tandem/"
"""How the keys begin under which Tandem raises pages in other systems."""
_STARTS = frozenset({"opened", "reopened", "unacknowledged"})
"""After these an incident waits for somebody (again)."""
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{6,}")
_NAMED = r"(?:<[@#][A-Z0-9]+>|#[\w-]+)"
_TOLD = re.compile(rf"(?:paged|reminded) ({_NAMED}(?:(?:, | and ){_NAMED})*)")
_STEP = re.compile(r"\(step (\d+) of \d+\)")
_RAISED = re.compile(r"from (SEV[1-4]) to ")


@dataclass(frozen=True)
class Step:
    """What is to be done now. When several steps are overdue (the bot was down), they are one: its
    number is the last one's, and it tells everybody once."""

    number: int
    """Counted from 1, over all rounds."""
    of: int
    waited: timedelta
    """How long nobody has acknowledged the incident."""
    tell: tuple[Target, ...]


@dataclass(frozen=True)
class Page:
    """One page that the time line says was decided."""

    number: int
    """The place of its entry in the time line, counted from 1."""
    event: Event
    told: tuple[str, ...]
    """Ids of people, ids or names of channels."""

    @property
    def by_hand(self) -> bool:
        return self.event.actor != TANDEM

    def rings(self, pager: str) -> bool:
        """Is the service of that name to wake somebody? A person says so, or leaves it out."""
        if self.event.kind != PAGED:
            return False
        return not self.by_hand or pager in self.event.text.partition(": ")[0]


def due(incident: Incident, policy: Policy | None, now: datetime) -> Step | None:
    """The step that is due, or None: acknowledged, over, merged, too mild, a drift alone, or not
    yet."""
    if policy is None or not is_waiting(incident) or incident.severity > policy.least_severity:
        return None
    grave_since = pages_since(incident)
    if grave_since is None:
        return None
    start, since = _start(incident, policy.least_severity)
    since = max(since, grave_since)
    taken = _steps_taken(incident.timeline[start:])
    plan = list(_plan(policy))
    overdue = [
        (number, tell)
        for number, (after, tell) in enumerate(plan, start=1)
        if number > taken and since + after <= now
    ]
    if not overdue:
        return None
    targets = dict.fromkeys(target for _, tell in overdue for target in tell)
    return Step(overdue[-1][0], len(plan), now - since, tuple(targets))


def pages_since(incident: Incident) -> datetime | None:
    """From when on it may page at all; None where all that was noticed is that data moved. A drift
    is seldom worth a night: what it does to answers is measured, and that may page."""
    if not any(map(_is_quiet, incident.signals)):
        return incident.opened_at
    loud = (s.received_at for s in counted(incident.signals) if not _is_quiet(s))
    return min(loud, default=None)


def _is_quiet(signal: Signal) -> bool:
    """A drift, or a finding that says itself that it pages nobody, such as an estimate."""
    says_so = is_finding(signal) and signal.labels.get("pages", "").lower() == "no"
    return signal.kind is SignalKind.DRIFT or says_so


def is_waiting(incident: Incident) -> bool:
    """Open, and nobody has taken it."""
    return incident.is_open and not incident.acknowledged_by and not incident.merged_into


def step_taken(
    incident: Incident, step: Step, told: Sequence[str], now: datetime, why_nobody: str = ""
) -> Incident:
    """With the step on the time line. `told` are ids of people and channels; where there is none,
    `why_nobody` says why."""
    whom = mentions(told) if told else "nobody"
    problem = f"; {why_nobody}" if why_nobody else ""
    text = (
        f"paged {whom} (step {step.number} of {step.of}): not acknowledged for "
        f"{say_duration(step.waited)}{problem}"
    )
    return record(incident, PAGED, TANDEM, now, text)


def page_by_hand(
    incident: Incident, told: Sequence[str], by: str, now: datetime, why: str = "", where: str = ""
) -> Incident:
    """A person pages. `where` names the service that is to wake whoever it has on call, if any.
    The same page again within a minute is the same press twice."""
    names = (*map(_mention, told), *((where,) if where else ()))
    text = f"paged {_listed(names)}" + (f": {' '.join(why.split())}" if why.strip() else "")
    recent = [e for e in incident.timeline if now - e.at < timedelta(minutes=1)]
    if any((e.kind, e.actor, e.text) == (PAGED, by, text) for e in recent):
        return incident
    return record(incident, PAGED, by, now, text)


def pages(incident: Incident, after: int = 0) -> Iterator[Page]:
    """Pages and reminders on the time line beyond its first `after` entries, oldest first."""
    for number, event in enumerate(incident.timeline[after:], start=after + 1):
        if event.kind in (PAGED, REMINDED):
            yield Page(number, event, told_in(event.text))


def told_in(text: str) -> tuple[str, ...]:
    """Whom the entry of a page names. Only the head is read: a reason that mentions people pages
    nobody."""
    found = _TOLD.match(text)
    if found is None:
        return ()
    names = re.findall(_NAMED, found[1])
    return tuple(name if name.startswith("#") else name.strip("<@#>") for name in names)


def mentions(ids: Sequence[str]) -> str:
    """ "<@U1>, <@U2> and #leads": ids as the time line holds them; cards show names instead."""
    return _listed([_mention(one) for one in ids])


def page_key(incident_id: str) -> str:
    """The key of an incident's page in another system: the same for each repeat."""
    return f"{OWN_PAGES}{incident_id}"


def is_own_page(signal: Signal) -> bool:
    """Did Tandem raise this page itself? PagerDuty sends the key back as `incident_key`, Opsgenie
    as `alias`; such a signal is an echo and says nothing new."""
    keys = (signal.labels.get(name, "") for name in ("incident_key", "alias", "dedup_key"))
    return any(key.startswith(OWN_PAGES) for key in keys)


def is_person(target: str) -> bool:
    """An id of a person, as Slack makes them."""
    return _PERSON.fullmatch(target) is not None


def can_be_told(target: str) -> bool:
    """A person's id or a channel; other words (a name that no table knows) reach nobody."""
    return is_person(target) or target.startswith("#") or _CHANNEL.fullmatch(target) is not None


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _mention(target: str) -> str:
    if target.startswith("#"):
        return target
    return f"<@{target}>" if is_person(target) else f"<#{target}>"


def _plan(policy: Policy) -> Iterator[tuple[timedelta, tuple[Target, ...]]]:
    """All steps with their time from the start."""
    for turn in range(policy.repeat + 1):
        for level in policy.levels:
            yield turn * policy.every + level.after, level.tell


def _start(incident: Incident, least: Severity) -> tuple[int, datetime]:
    """From which entry on, and since when, the incident waits for somebody. What was too mild to
    page anybody waits since it became grave enough."""
    start, since = 0, incident.opened_at
    for number, event in enumerate(incident.timeline):
        raised = _RAISED.search(event.text) if event.kind == "severity" else None
        if event.kind in _STARTS or (raised and Severity(raised[1]) > least):
            start, since = number, event.at
    return start, since


def _steps_taken(timeline: Sequence[Event]) -> int:
    numbers = (
        int(found[1])
        for event in timeline
        if event.kind == PAGED and event.actor == TANDEM and (found := _STEP.search(event.text))
    )
    return max(numbers, default=0)
