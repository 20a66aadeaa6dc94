"""Pure: the card by which one team passes an incident to another."""

from collections.abc import Sequence
from datetime import datetime

from knowledge.durations import say_duration
from knowledge.handovers import Held, held
from knowledge.records import Event, Handover, HandoverState, Incident
from skills.cards.wording import LINE_LIMIT, People, clock, cut, same, stamp, who_has_it
from skills.contract import Button, Call, Form, FormField, Line, Reply, Section, Style, Tone

_SUMMARY = 1500
_TONES = {
    HandoverState.OFFERED: Tone.WARNING,
    HandoverState.ACCEPTED: Tone.GOOD,
    HandoverState.RETURNED: Tone.NEUTRAL,
}


def handover_card(
    handover: Handover,
    incident: Incident,
    every: Sequence[Handover],
    now: datetime,
    people: People = same,
    first: str = "",
    calls: Sequence[str] = (),
) -> Reply:
    """`every` are the incident's handovers, `first` is the team that it began with; `calls` are
    those who are to be called: whoever is on call there."""
    waiting = handover.state is HandoverState.OFFERED
    fields = {
        "Incident": f"{incident.id} {incident.severity.value}, {who_has_it(incident, people)}",
        "From": handover.from_team,
        "To": handover.to_team,
        "Offered": f"{stamp(handover.offered_at)} by {people(handover.offered_by)}",
        "Answered": _answer(handover, people),
        "Held so far": say_held(held(incident, first, every, now)),
    }
    return Reply(
        title=cut(_title(handover), 140),
        text=cut(incident.title, LINE_LIMIT),
        tone=_TONES[handover.state],
        fields={name: text for name, text in fields.items() if text},
        sections=(Section("What is known", _lines(handover.summary)),),
        buttons=(*(_answers(handover) if waiting else ()), _show(incident), _catch_up(incident)),
        calls=tuple(calls) if waiting else (),
        footer=f"{handover.id} · times as of {stamp(now)}",
        about=handover.incident,
    )


def handover_update(events: Sequence[Event]) -> Reply:
    """Its thread tells nothing of its own: the incident's time line does."""
    return Reply("", sections=(Section(lines=tuple(Line(event.text) for event in events)),))


def say_held(times: Sequence[Held]) -> str:
    """ "shop 42 min, depots 3 min"."""
    return ", ".join(f"{one.team or 'no team'} {say_duration(one.lasted)}" for one in times)


def say_answer(handover: Handover) -> str:
    """For the incident's time line, which names who did it."""
    took = say_duration(handover.waited(handover.answered_at or handover.offered_at))
    if handover.state is HandoverState.ACCEPTED:
        return f"accepted for {handover.to_team} after {took} ({handover.id})"
    return f"returned by {handover.to_team} after {took} ({handover.id}): {handover.reason}"


def _title(handover: Handover) -> str:
    what = {
        HandoverState.OFFERED: f"for {handover.to_team}: will you take it?",
        HandoverState.ACCEPTED: f"is with {handover.to_team}",
        HandoverState.RETURNED: f"was returned by {handover.to_team}",
    }[handover.state]
    return f"{handover.incident} {what}"


def _answer(handover: Handover, people: People) -> str:
    if handover.answered_at is None:
        return ""
    took = say_duration(handover.waited(handover.answered_at))
    reason = f": {handover.reason}" if handover.reason else ""
    at = clock(handover.answered_at, handover.offered_at.date())
    who = people(handover.answered_by)
    return f"{handover.state.value} by {who} at {at}, after {took}{reason}"


def _lines(summary: str) -> tuple[Line, ...]:
    return tuple(Line(line) for line in cut(summary, _SUMMARY).split("\n") if line.strip())


def _answers(handover: Handover) -> tuple[Button, ...]:
    why = FormField(
        "reason", "Why is it not yours?", hint="The other team goes on from this.", multiline=True
    )
    call = {"handover": handover.id}
    return (
        Button("Accept", Call("handover_answer", {**call, "answer": "accept"}), Style.PRIMARY),
        Button(
            "Return",
            Call("handover_answer", {**call, "answer": "return"}),
            form=Form(f"Return {handover.id}", (why,), submit="Return"),
        ),
    )


def _show(incident: Incident) -> Button:
    return Button(f"Show {incident.id}", Call("incident_show", {"incident": incident.id}))


def _catch_up(incident: Incident) -> Button:
    return Button("Catch me up", Call("incident_summary", {"incident": incident.id}))
