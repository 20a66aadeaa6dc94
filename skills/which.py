"""Which incident a person means: by its id, or the one in whose thread they ask."""

from knowledge.errors import BadArgs
from knowledge.records import Incident
from skills.contract import Context

MOST_OPEN = 50


def incident_named(ctx: Context, text: str, field: str = "incident") -> Incident:
    """Raises BadArgs with an example when none is named, NotFound with the nearest ids."""
    named = text.strip() or ctx.thread
    if named:
        return ctx.incidents.get(named)
    newest = [incident.id for incident in ctx.incidents.find(open_only=True, limit=3)]
    example = ", ".join(newest) or "INC-12"
    raise BadArgs(field, "it does not say which", f"Name one, for example {example}")


def other_open(ctx: Context, incident: Incident) -> list[Incident]:
    """The other open incidents, the likeliest to be the same first: of the same service or a
    neighbour of it in the catalogue, then the nearest in time."""
    near = {incident.service, *incident.suspects} - {""}
    near |= {n for s in near for n in (*ctx.catalogue.callers(s), *ctx.catalogue.callees(s))}
    others = [i for i in ctx.incidents.find(open_only=True, limit=MOST_OPEN) if i.id != incident.id]
    return sorted(
        others,
        key=lambda i: (
            not near & {i.service, *i.suspects, *(s.service for s in i.signals)},
            abs(i.opened_at - incident.opened_at),
        ),
    )
