"""Open an incident's ticket in Jira, ServiceNow or GitHub; from then on it is kept in step.

Only the wish is written down here: the ticket is opened by the courier, which tries again after a
failure and makes no second one.
"""

from pydantic import BaseModel, Field

from knowledge.errors import NotFound, UserError
from knowledge.records import Incident, Ticket
from knowledge.ticketing import ask_for, name_of, ticket_in
from skills.contract import (
    Audience,
    Button,
    Call,
    Context,
    Reply,
    Role,
    Skill,
    Style,
    Tone,
)
from skills.which import incident_named


class Args(BaseModel):
    incident: str = Field("", description="incident, e.g. INC-4; empty in its own thread")
    system: str = Field("", description="jira, servicenow or github; empty where one is set up")


def run(ctx: Context, args: Args) -> Reply:
    incident = incident_named(ctx, args.incident)
    systems = [tickets.system for tickets in ctx.tickets]
    if not systems:
        raise UserError(
            "No ticket system is set up. Set JIRA_URL, SERVICENOW_URL or GITHUB_REPOSITORY and "
            "what belongs to it."
        )
    system = _system(args.system, systems)
    if not system:
        return _choose(incident, systems)
    there = ticket_in(incident, system)
    if there is not None:
        return _there(incident, there)
    if not ctx.via_button:
        return _propose(incident, system)
    after = ctx.incidents.change(
        incident.id,
        lambda stored: ask_for(stored, system, ctx.user.id, ctx.now),
        tell=("card", "thread", "ticket"),
    )
    return Reply(
        title=f"A ticket for {incident.id} is being opened in {name_of(system)}",
        text="Its link comes onto the card and into the thread in a moment.",
        tone=Tone.GOOD,
        about=after.id,
        audience=Audience.ASKER,
    )


def _system(said: str, systems: list[str]) -> str:
    """One of ours; empty where it has to be chosen. Raises NotFound."""
    word = said.strip().lower().replace(" ", "")
    if not word:
        return systems[0] if len(systems) == 1 else ""
    if word not in systems:
        raise NotFound.among("ticket system", said.strip()[:80], systems)
    return word


def _choose(incident: Incident, systems: list[str]) -> Reply:
    return Reply(
        title=f"Open the ticket of {incident.id} where?",
        text=incident.title,
        buttons=tuple(Button(name_of(s), _call(incident, s)) for s in systems),
        audience=Audience.ASKER,
    )


def _there(incident: Incident, ticket: Ticket) -> Reply:
    where = name_of(ticket.system)
    if not ticket.key:
        title = f"The ticket of {incident.id} is on its way to {where} already"
        return Reply(title=title, text=incident.title, audience=Audience.ASKER)
    link = (Button(f"Open {ticket.key}"[:75], url=ticket.url),) if ticket.url else ()
    return Reply(
        title=f"{incident.id} has the ticket {ticket.key} in {where}",
        text=incident.title,
        fields={"State": ticket.status} if ticket.status else {},
        buttons=link,
        audience=Audience.ASKER,
    )


def _propose(incident: Incident, system: str) -> Reply:
    return Reply(
        title=f"Open a ticket for {incident.id} in {name_of(system)}?",
        text=incident.title,
        buttons=(Button("Open it", _call(incident, system), style=Style.PRIMARY),),
        audience=Audience.ASKER,
    )


def _call(incident: Incident, system: str) -> Call:
    return Call("ticket", {"incident": incident.id, "system": system})


skill = Skill(
    name="ticket",
    summary="Open an incident's ticket in Jira, ServiceNow or GitHub",
    examples=("open a ticket for INC-4", "create a jira ticket for INC-12"),
    phrases=(
        "file a ticket for INC-7",
        "raise a servicenow ticket for INC-31",
        "make a github issue out of INC-9",
        "we need a jira for INC-12",
        "create a ticket for this incident",
        "open an issue in github for INC-5",
        "log INC-40 in jira",
    ),
    args=Args,
    run=run,
    needs=Role.OPERATE,
    asks_first=True,
)
