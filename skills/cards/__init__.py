"""Pure: incidents -> Reply. Shared by skills and by whoever sends cards."""

from skills.cards.buttons import (
    SEVERITY_OPTIONS,
    incident_buttons,
    more_sections,
    severity_button,
    update_call,
)
from skills.cards.card import incident_card
from skills.cards.export import markdown
from skills.cards.lists import incident_list
from skills.cards.thread import Entry, thread_update, timeline, timeline_reply
from skills.cards.wording import say_state

__all__ = [
    "SEVERITY_OPTIONS",
    "Entry",
    "incident_buttons",
    "incident_card",
    "incident_list",
    "markdown",
    "more_sections",
    "say_state",
    "severity_button",
    "thread_update",
    "timeline",
    "timeline_reply",
    "update_call",
]
