"""Pure: the one card of an incident, edited in place as it changes.

What, where, how bad, for how long, who is on it, why probably, what to press. It says nothing that
grows stale without being edited: moments rather than ages, and an age with the moment it is of.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.durations import say_duration
from knowledge.incidents import TANDEM, counted, name_of, severity_of
from knowledge.records import (
    AlertRecord,
    DocumentKind,
    Event,
    Execution,
    Hit,
    Incident,
    Signal,
)
from knowledge.remediation.views import Offer
from skills.cards.buttons import finding_buttons, incident_buttons
from skills.cards.cause import cause, impact, is_on, other_changes
from skills.cards.counts import Counts
from skills.cards.execution import open_executions, run_buttons
from skills.cards.finding import (
    Noticed,
    also_found,
    explanation,
    finding_fields,
    finding_footer,
    is_alone,
    others_alerts,
    tandem_noticed,
    verdict,
    why,
)
from skills.cards.wording import (
    LINE_LIMIT,
    People,
    clock,
    count,
    cut,
    same,
    say_event,
    stamp,
    tone,
    who_has_it,
    whole_steps,
)
from skills.contract import Line, Picture, Reply, Section, Source

SHOWN_ALERTS = 3
SHOWN_EVENTS = 4
SHOWN_MOVES = 2
SHOWN_SIMILAR = 3
_MOVES = frozenset({"merged", "split"})


def incident_card(
    incident: Incident,
    similar: Sequence[Hit] = (),
    picture: Picture | None = None,
    people: People = same,
    *,
    catalogue: Catalogue | None = None,
    records: Sequence[AlertRecord] = (),
    now: datetime | None = None,
    noticed: Noticed | None = None,
    executions: Sequence[Execution] = (),
    offers: Sequence[Offer] = (),
) -> Reply:
    """`records` are the incident's alerts from the history: with them the counts know repeats.
    `now` is what its age is told as of; without it, as of the incident's last change. `noticed` is
    what is known of the finding that leads it, where Tandem found something itself. `executions`
    are the open ones of runbooks, `offers` those that could be begun."""
    where = catalogue or Catalogue()
    if noticed is not None and is_alone(incident):
        return _finding_card(incident, noticed, similar, people, where, now)
    # What Tandem found is told in a section of its own.
    alerts, alert_sources = telling_alerts(others_alerts(incident) if noticed else incident)
    blamed, cause_sources = cause(incident, where)
    seen, seen_sources = _similar(similar)
    runbooks, runbook_sources = _runbooks(incident, similar)
    tickets, ticket_sources = _tickets(incident)
    found, found_sources = tandem_noticed(noticed, incident)
    helps = (seen, runbooks) if incident.is_open else (seen,)
    sections = (
        blamed,
        found,
        impact(incident, where),
        alerts,
        other_changes(incident),
        _moves(incident, people),
        Section("What happened", _history(incident, people)),
        *(() if incident.merged_into else helps),
        _under_way(executions, offers if incident.is_open else (), incident, people),
        tickets,
    )
    return Reply(
        title=cut(f"{incident.id} · {incident.title}", 140),
        text=_ended(incident),
        tone=tone(incident),
        fields=_fields(incident, people, where, records, now or incident.updated_at),
        sections=tuple(section for section in sections if section.lines or section.buttons),
        pictures=(*(() if picture is None else (picture,)), *(noticed.pictures if noticed else ())),
        sources=(
            *cause_sources,
            *found_sources,
            *alert_sources,
            *seen_sources,
            *(runbook_sources if incident.is_open else ()),
            *ticket_sources,
        ),
        buttons=incident_buttons(incident),
        footer=f"opened {stamp(incident.opened_at)} · updated {stamp(incident.updated_at)}",
        about=incident.id,
    )


def _finding_card(
    incident: Incident,
    noticed: Noticed,
    similar: Sequence[Hit],
    people: People,
    catalogue: Catalogue,
    now: datetime | None,
) -> Reply:
    """While nobody else noticed anything: the finding, and what probably explains it."""
    finding = noticed.finding
    explained, explained_sources = explanation(noticed)
    seen, seen_sources = _similar(similar)
    tickets, ticket_sources = _tickets(incident)
    sections = (
        explained if not incident.cause else Section("Cause", (Line(incident.cause),)),
        also_found(noticed, incident),
        impact(replace(incident, service=finding.service, suspects=()), catalogue),
        Section("What happened", _history(incident, people)),
        seen,
        tickets,
    )
    # It is as old as what was found, and its alerts are this finding and its like.
    found = replace(incident, opened_at=finding.starts_at)
    fields = _fields(found, people, catalogue, (), now or incident.updated_at)
    del fields["Alerts"]
    since = {"Since": opened.removeprefix("since ")} if (opened := fields.pop("Open", "")) else {}
    said = finding_footer(noticed)
    return Reply(
        title=cut(f"{incident.id} · {verdict(finding)}", 140),
        text="\n".join(filter(None, (_normal_again(finding, incident), why(finding)))),
        tone=tone(incident),
        fields={**since, **finding_fields(noticed), **fields},
        sections=tuple(section for section in sections if section.lines),
        pictures=noticed.pictures,
        sources=(*explained_sources, *seen_sources, *ticket_sources),
        buttons=finding_buttons(incident, finding, noticed.promoted),
        footer=f"found {stamp(finding.starts_at)} · updated {stamp(incident.updated_at)}"
        + (f" · {said}" if said else ""),
        about=incident.id,
    )


def _normal_again(finding: Signal, incident: Incident) -> str:
    if finding.ends_at is None:
        return _ended(incident)
    at = clock(finding.ends_at, incident.opened_at.date())
    return " ".join(filter(None, (f"It is normal again since {at} UTC.", _ended(incident))))


def telling_alerts(
    incident: Incident, most: int = SHOWN_ALERTS
) -> tuple[Section, tuple[Source, ...]]:
    """The most telling alerts: firing before ended, on the suspect before elsewhere, grave before
    mild, rare before common; each rule once while there are others."""
    shown = _most_telling(incident, most)
    alike = Counter(map(_kind, counted(incident.signals)))
    sources = tuple(Source(f"A{n}", "alert", s.url) for n, s in enumerate(shown, start=1) if s.url)
    linked = {source.key for source in sources}
    lines = tuple(
        Line(_say_signal(s, incident, alike[_kind(s)]), (f"A{n}",) if f"A{n}" in linked else ())
        for n, s in enumerate(shown, start=1)
    )
    heading = "Firing now" if incident.firing else "Alerts, all ended"
    return Section(heading, lines, bullets=True), sources


def _most_telling(incident: Incident, most: int) -> list[Signal]:
    suspect = incident.suspects[0] if incident.suspects else ""
    alerts = counted(incident.signals)
    common = Counter(signal.name for signal in alerts)

    def rank(signal: Signal) -> tuple[bool, bool, str, int, datetime]:
        elsewhere = not is_on(signal, suspect)
        severity = severity_of(signal.severity)
        return not signal.firing, elsewhere, severity, common[signal.name], signal.starts_at

    ordered = sorted(alerts, key=rank)
    by_rule = {s.name: s for s in reversed(ordered)}
    by_place = {(s.name, s.service): s for s in reversed(ordered)}
    once = [s for s in ordered if by_rule[s.name] is s]
    again = [s for s in ordered if by_place[s.name, s.service] is s and by_rule[s.name] is not s]
    # Two rules may say the same thing in the same words.
    told = {(name_of(s), s.service): s for s in reversed([*once, *again])}
    return [s for s in (*once, *again) if told[name_of(s), s.service] is s][:most]


def _kind(signal: Signal) -> tuple[str, str, bool]:
    return signal.name, signal.service, signal.firing


def _say_signal(signal: Signal, incident: Incident, alike: int) -> str:
    """`alike`: how many there are of the same rule, service and state."""
    what = name_of(signal)
    elsewhere = signal.service and signal.service != incident.service
    detail = " ".join(signal.description.split())
    about = f": {detail}" if detail and detail != what else ""
    day = incident.opened_at.date()
    when = f"since {clock(signal.starts_at, day)}"
    if signal.ends_at is not None:
        when = f"{clock(signal.starts_at, day)} to {clock(signal.ends_at, day)}"
    often = f", {count(alike, 'alert')}" if alike > 1 else ""
    place = f" on {signal.service}" if elsewhere else ""
    return f"*{cut(what + place, 100)}*{cut(about, LINE_LIMIT)} ({when}{often})"


def _fields(
    incident: Incident,
    people: People,
    catalogue: Catalogue,
    records: Sequence[AlertRecord],
    now: datetime,
) -> dict[str, str]:
    team = catalogue.team(catalogue.canonical(incident.service)) if incident.service else ""
    service = incident.service or "not known"
    counts = Counts.of(incident, records)
    moved = f"all in {incident.merged_into} now"
    return {
        "Severity": incident.severity.value,
        "Service": f"{service} (team {team})" if team else service,
        "State": _state(incident, people),
        **_age(incident, now),
        "Owner": people(incident.owner) if incident.owner else "nobody yet",
        "Alerts": moved if incident.merged_into else counts.say(),
    }


def _state(incident: Incident, people: People) -> str:
    if incident.merged_into:
        return f"merged into {incident.merged_into}"
    if incident.is_open:
        return f"{incident.status}, {who_has_it(incident, people)}"
    by = next((e.actor for e in reversed(incident.timeline) if e.kind == "resolved"), TANDEM)
    return "resolved on its own" if by == TANDEM else f"resolved by {people(by)}"


def _age(incident: Incident, now: datetime) -> dict[str, str]:
    day = incident.opened_at.date()
    began = clock(incident.opened_at)
    if incident.resolved_at is not None:
        lasted = max(incident.resolved_at - incident.opened_at, timedelta())
        until = clock(incident.resolved_at, day)
        return {"Lasted": f"{say_duration(lasted)}, {began} to {until} UTC"}
    age = whole_steps(max(now - incident.opened_at, timedelta()))
    if not age:
        return {"Open": f"since {began} UTC"}
    by = clock(incident.opened_at + age, day)
    return {"Open": f"since {began} UTC, {say_duration(age)} by {by}"}


def _ended(incident: Incident) -> str:
    """How it ended, in a sentence."""
    if incident.merged_into:
        return f"It goes on as {incident.merged_into}, which has its alerts."
    if incident.is_open or not incident.resolution:
        return ""
    return f"What fixed it: {cut(' '.join(incident.resolution.split()), 500)}"


def _history(incident: Incident, people: People) -> tuple[Line, ...]:
    day = incident.opened_at.date()
    return tuple(Line(say_event(e, people, day)) for e in _latest(incident))


def _latest(incident: Incident) -> list[Event]:
    """The latest entries, in the order in which they happened: a message may be put there late."""
    return sorted(incident.timeline[-SHOWN_EVENTS:], key=lambda event: event.at)


def _moves(incident: Incident, people: People) -> Section:
    """Merges and splits that the latest events do not show: an alert that is gone is looked for."""
    moves = [e for e in incident.timeline[:-SHOWN_EVENTS] if e.kind in _MOVES]
    day = incident.opened_at.date()
    lines = tuple(Line(say_event(e, people, day)) for e in moves[-SHOWN_MOVES:])
    return Section("Merged and split", lines, bullets=True)


def _similar(hits: Sequence[Hit]) -> tuple[Section, tuple[Source, ...]]:
    shown = [h for h in hits if h.document.kind is DocumentKind.INCIDENT][:SHOWN_SIMILAR]
    lines = tuple(Line(_say_hit(hit), (hit.document.id,)) for hit in shown)
    sources = tuple(Source(h.document.id, h.document.id, h.document.url) for h in shown)
    return Section("Seen before", lines, bullets=True), sources


def _say_hit(hit: Hit) -> str:
    document = hit.document
    date = f" ({document.date})" if document.date else ""
    fixed = f". What fixed it: {document.resolution}" if document.resolution else ""
    return cut(f"{hit.band}: {document.title}{date}{fixed}", LINE_LIMIT)


def _runbooks(incident: Incident, hits: Sequence[Hit]) -> tuple[Section, tuple[Source, ...]]:
    """Those that the alerts name, then those that the search found."""
    named = {s.runbook_url: f"for {name_of(s)}" for s in incident.signals if s.runbook_url}
    found = {
        h.document.url: h.document.title
        for h in hits
        if h.document.kind is DocumentKind.RUNBOOK and h.document.url
    }
    shown = list((named | found).items())[:SHOWN_SIMILAR]
    lines = tuple(Line(cut(text, 100), (f"R{n}",)) for n, (_, text) in enumerate(shown, start=1))
    sources = tuple(Source(f"R{n}", "runbook", url) for n, (url, _) in enumerate(shown, start=1))
    return Section("Runbooks", lines, bullets=True), sources


def _under_way(
    executions: Sequence[Execution],
    offers: Sequence[Offer],
    incident: Incident,
    people: People,
) -> Section:
    """Runbooks that somebody goes through, and those that could be begun."""
    begun = {execution.runbook for execution in executions}
    buttons = run_buttons(offers, incident.id, begun)
    lines = tuple(map(Line, open_executions(executions, people)))
    return Section("Runbooks to run", lines, bullets=True, buttons=buttons)


def _tickets(incident: Incident) -> tuple[Section, tuple[Source, ...]]:
    lines = tuple(
        Line(f"{t.key}" + (f" ({t.status})" if t.status else ""), (f"T{t.key}",) if t.url else ())
        for t in incident.tickets
    )
    sources = tuple(Source(f"T{t.key}", t.system, t.url) for t in incident.tickets if t.url)
    return Section("Tickets", lines, bullets=True), sources
