"""Pure: what a page and a reminder look like to whoever gets them.

Read half asleep, on a phone: what is wrong, how bad, why you, and one button.
"""

from collections.abc import Callable

from knowledge.escalation import Page, is_person
from knowledge.incidents import TANDEM
from knowledge.records import Incident, Severity
from skills.cards import say_state
from skills.contract import Button, Call, Reply, Style, Tone

MENTION_TITLE = 140
_TONES = {Severity.SEV1: Tone.BAD, Severity.SEV2: Tone.BAD, Severity.SEV3: Tone.WARNING}


def page_message(
    incident: Incident, page: Page, target: str, people: Callable[[str], str], link: str = ""
) -> Reply:
    """For one person, or for a channel. `link` leads to the incident's card."""
    asked = "You are paged" if is_person(target) else "Somebody is needed"
    return Reply(
        title=f"{asked}: {incident.id} · {incident.title}"[:MENTION_TITLE],
        text=_why(page, people),
        tone=_TONES.get(incident.severity, Tone.NEUTRAL),
        fields={
            "Severity": incident.severity.value,
            "Service": incident.service or "not known",
            "State": say_state(incident, page.event.at, people),
            "Alerts": f"{len(incident.firing)} firing of {len(incident.signals)}",
        },
        buttons=(
            Button(
                "Acknowledge",
                Call("incident_update", {"incident": incident.id, "action": "ack"}),
                style=Style.PRIMARY,
            ),
            *_look(incident, link),
        ),
        footer=f"paged {page.event.at:%Y-%m-%d %H:%M} UTC",
    )


def reminder_message(incident: Incident, page: Page, link: str = "") -> Reply:
    """The next update that was promised is due."""
    update = Call("stakeholder_update", {"incident": incident.id})
    return Reply(
        title=f"An update on {incident.id} is due"[:MENTION_TITLE],
        text=f"{incident.title}: {page.event.text.partition(': ')[2]}.",
        tone=Tone.WARNING,
        buttons=(Button("Draft it", update, style=Style.PRIMARY), *_look(incident, link)),
    )


def _look(incident: Incident, link: str) -> tuple[Button, ...]:
    catch_up = Button("Catch me up", Call("incident_summary", {"incident": incident.id}))
    return (catch_up, *((Button("Open the card", url=link),) if link else ()))


def _why(page: Page, people: Callable[[str], str]) -> str:
    """What the entry says after whom it names: the wait, or a person's own words."""
    if page.event.actor == TANDEM:
        waited = page.event.text.partition("): ")[2].partition(";")[0]
        return f"Nobody has taken it: {waited}." if waited else ""
    words = page.event.text.partition(": ")[2]
    by = people(page.event.actor)
    return f"{by} asks for you: {words}" if words else f"{by} asks for you."
