"""Pure: does a runbook fit an incident, and what does the incident say for its parameters?"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from knowledge.records import Incident, Signal
from knowledge.runbooks.parameters import LABEL
from knowledge.runbooks.reading import Runbook


def fits(runbook: Runbook, incident: Incident) -> bool:
    """One of its alerts is among the incident's, and each label it names is on that alert. A
    runbook that names neither fits by search only."""
    if not (runbook.alerts or runbook.labels):
        return False
    return any(_is_meant(runbook, signal) for signal in incident.signals)


def _is_meant(runbook: Runbook, signal: Signal) -> bool:
    named = not runbook.alerts or any(fnmatchcase(signal.name, p) for p in runbook.alerts)
    return named and all(
        fnmatchcase(signal.labels.get(name, ""), value) for name, value in runbook.labels
    )


def known_values(incident: Incident) -> dict[str, tuple[str, ...]]:
    """What the incident says, by where a parameter may come from; several values where its alerts
    differ. Alerts that still fire go first; values are data of whoever sent the alert."""
    signals = incident.firing or incident.signals
    known = {
        "service": _distinct([incident.service]),
        "severity": (incident.severity.value,),
        "incident": (incident.id,),
        "alert": _distinct(signal.name for signal in signals),
    }
    names = dict.fromkeys(name for signal in signals for name in signal.labels)
    labels = {LABEL + n: _distinct(s.labels.get(n, "") for s in signals) for n in names}
    return known | labels


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
