"""Pure: incidents -> Reply. Shared by skills and by whoever sends cards."""

from skills.cards.card import (
    SEVERITY_OPTIONS,
    incident_buttons,
    incident_card,
    incident_list,
    say_state,
    severity_button,
    thread_update,
)

__all__ = [
    "SEVERITY_OPTIONS",
    "incident_buttons",
    "incident_card",
    "incident_list",
    "say_state",
    "severity_button",
    "thread_update",
]
