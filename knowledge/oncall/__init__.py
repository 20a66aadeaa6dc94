"""Who is on call, and who is told next when nobody takes an incident.

`OnCall()` is what holds where nothing is configured; `parse` makes one from the file of
TANDEM_ONCALL, and `knowledge.adapters.calendars.read_oncall` reads that file.
"""

from knowledge.oncall.policy import Aim, Level, Policy, Target
from knowledge.oncall.reading import CalendarLink, parse
from knowledge.oncall.roster import Assignment, OnCall, Shift
from knowledge.oncall.turns import Layer, Rotation, Turn, Turns, joined, overlay

__all__ = [
    "Aim",
    "Assignment",
    "CalendarLink",
    "Layer",
    "Level",
    "OnCall",
    "Policy",
    "Rotation",
    "Shift",
    "Target",
    "Turn",
    "Turns",
    "joined",
    "overlay",
    "parse",
]
