"""Ticket systems: `ports.Tickets` over each one's REST API.

`create` looks first whether the incident's ticket is there already, by a label or a correlation id,
so that a crash between creating and remembering makes no second one. What was made before the
incident began is another incident's, of a store that is gone.
"""

from datetime import datetime, timedelta

from knowledge.records import Incident

MARGIN = timedelta(days=1)
"""Clocks and time zones differ."""


def made_for(incident: Incident, created_at: datetime) -> bool:
    return created_at >= incident.opened_at - MARGIN
