"""Pure: which component is at fault, from alerts alone."""

from knowledge.causes.alerts.files import AlertCase, read_alert_cases, read_graph
from knowledge.causes.alerts.landscape import Landscape, Level
from knowledge.causes.alerts.rank import rank_alerts
from knowledge.causes.alerts.rarity import Window, window
from knowledge.causes.alerts.signs import Sign, Source, landscape_of, read_signals

__all__ = [
    "AlertCase",
    "Landscape",
    "Level",
    "Sign",
    "Source",
    "Window",
    "landscape_of",
    "rank_alerts",
    "read_alert_cases",
    "read_graph",
    "read_signals",
    "window",
]
