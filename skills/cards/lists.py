"""Pure: many incidents as a table."""

from collections.abc import Sequence
from datetime import datetime

from knowledge.records import Incident
from skills.cards.wording import People, cut, same, say_state, tone
from skills.contract import Audience, Button, Call, Reply, Table, Tone

SHOWN_ROWS = 20


def incident_list(
    incidents: Sequence[Incident], now: datetime, what: str = "open", people: People = same
) -> Reply:
    """A table, newest first; `what` says in words which incidents were asked for."""
    if not incidents:
        return Reply(title=f"No {what} incidents", tone=Tone.GOOD, audience=Audience.ASKER)
    shown = incidents[:SHOWN_ROWS]
    plural = "incident" if len(incidents) == 1 else "incidents"
    return Reply(
        title=f"{len(incidents)} {what} {plural}",
        tone=max((tone(i) for i in incidents), key=_gravity),
        table=Table(
            ("Id", "Severity", "Incident", "State", "Alerts firing", "Owner"),
            tuple(_row(incident, now, people) for incident in shown),
            right=("Alerts firing",),
        ),
        buttons=tuple(
            Button(f"Catch me up on {i.id}", Call("incident_summary", {"incident": i.id}))
            for i in shown[:3]
        ),
        footer=f"the newest {len(shown)} are shown" if len(shown) < len(incidents) else "",
        audience=Audience.ASKER,
    )


def _row(incident: Incident, now: datetime, people: People) -> tuple[str, ...]:
    return (
        incident.id,
        incident.severity.value,
        cut(incident.title, 80),
        say_state(incident, now, people),
        str(len(incident.firing)),
        people(incident.owner) if incident.owner else "nobody",
    )


def _gravity(shown: Tone) -> int:
    return (Tone.GOOD, Tone.NEUTRAL, Tone.WARNING, Tone.BAD).index(shown)
