"""An incident is called after what is probably at fault, and renamed when that becomes clearer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from knowledge.incidents import TANDEM, TITLE_LIMIT, name_of, severity_of
from knowledge.records import Event, Incident, Signal

SUSPECTS = 3


def with_suspects(incident: Incident, suspects: Sequence[str], now: datetime) -> Incident:
    """The incident with these suspects, likeliest first; the very same one when it has them.

    When the likeliest one changes, the title and the service follow, and the time line says so.
    """
    suspects = tuple(suspects[:SUSPECTS])
    if suspects == incident.suspects or not suspects:
        return incident
    after = replace(incident, suspects=suspects)
    if incident.suspects[:1] == suspects[:1]:
        return after
    after = _called_after(after, suspects[0])
    if not incident.suspects or after.title == incident.title:
        return after
    said = Event(
        f"E{len(incident.timeline) + 1}",
        now,
        "suspect",
        TANDEM,
        f"probably at fault: {suspects[0]}, rather than {incident.suspects[0]}",
    )
    return replace(after, timeline=(*after.timeline, said), updated_at=now)


def _called_after(incident: Incident, suspect: str) -> Incident:
    """Named by the gravest alert on the suspect; unchanged when no alert is on it."""
    on_it = [s for s in incident.signals if is_on(s, suspect)]
    if not on_it:
        return incident
    worst = min(on_it, key=lambda s: (not s.firing, severity_of(s.severity), s.starts_at))
    title = f"{suspect}: {name_of(worst)}"
    title = title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1].rstrip() + "…"
    return replace(incident, title=title, service=suspect)


def is_on(signal: Signal, suspect: str) -> bool:
    """Is the alert about this service, node or zone, by its service or any of its labels?"""
    return signal.service == suspect or suspect in signal.labels.values()
