"""Pure: what Tandem's own monitors found, as far as its signal tells.

A finding is a signal of a monitor: a metric, a model's input, its data, its performance. The rules
that treat findings apart from other alerts ask here which they are.
"""

from datetime import datetime, timedelta

from knowledge.durations import parse_duration
from knowledge.incidents import counted, severity_of
from knowledge.records import Incident, Matcher, Signal, SignalKind
from knowledge.silences import MOST_MATCHERS

MODEL_KINDS = frozenset({SignalKind.DRIFT, SignalKind.QUALITY, SignalKind.PERFORMANCE})
"""Findings about a model rather than about a service."""
OWN_KINDS = MODEL_KINDS | {SignalKind.METRIC}
"""What Tandem's own monitors find was tested for significance there."""
_STATE_LABELS = ("verdict", "columns")
"""Labels that say in which way a model is wrong."""
_NOT_ITS_NAME = frozenset({"__name__", "monitor", "sure", "model", "pages", "service"})
"""Labels of a metric's finding that do not name its series."""
_TELLING = (
    SignalKind.PERFORMANCE,
    SignalKind.QUALITY,
    SignalKind.METRIC,
    SignalKind.DRIFT,
    SignalKind.ALERT,
)
"""Of several findings the first of these is what a card is about."""
_SURE = (
    (0.95, "very sure"),
    (0.80, "sure"),
    (0.65, "fairly sure"),
    (0.0, "not very sure"),
)
"""From this score on. 0.5 is where a monitor begins to fire."""


def is_finding(signal: Signal) -> bool:
    return signal.kind in OWN_KINDS


def findings(incident: Incident) -> tuple[Signal, ...]:
    """The incident's findings, in the order in which they came."""
    return tuple(filter(is_finding, counted(incident.signals)))


def only_findings(incident: Incident) -> bool:
    """Has nobody but Tandem noticed anything?"""
    signals = counted(incident.signals)
    return bool(signals) and all(map(is_finding, signals))


def lead(incident: Incident) -> Signal | None:
    """The finding that its card is about: firing before ended, grave before mild, what hurts before
    what might, the first before later ones."""
    return min(
        findings(incident),
        key=lambda s: (
            not s.firing,
            severity_of(s.severity),
            _TELLING.index(s.kind),
            s.starts_at,
            s.fingerprint,
        ),
        default=None,
    )


def monitor_of(signal: Signal) -> str:
    """The key of the monitor that found it: "metric:checkout-p99"; empty where it does not say."""
    return signal.labels.get("monitor", "")


def model_of(signal: Signal) -> str:
    """The model it is about; empty for a metric of no model."""
    model = signal.labels.get("model", "")
    return model or (signal.service if signal.kind in MODEL_KINDS else "")


def places_of(signal: Signal) -> frozenset[str]:
    """The service it is about, its model, and the service that answers for the model."""
    named = (signal.service, model_of(signal), signal.labels.get("served_by", ""))
    return frozenset(named) - {""}


def sure_of(signal: Signal) -> float | None:
    """How sure the monitor was, 0-1; None where it does not say."""
    try:
        sure = float(signal.labels.get("sure", ""))
    except ValueError:
        return None
    return sure if 0.0 <= sure <= 1.0 else None


def say_sure(sure: float) -> str:
    """ "very sure (0.97)"."""
    words = next(words for least, words in _SURE if sure >= least)
    return f"{words} ({sure:.2f})"


def window_of(signal: Signal) -> timedelta:
    """The span of a model's log that was looked at; nothing where it does not say."""
    try:
        return max(parse_duration(signal.labels.get("window", "")), timedelta())
    except (ValueError, OverflowError):
        return timedelta()


def onset(signal: Signal) -> datetime:
    """From when on something may be its cause: a window's finding may have begun with it."""
    return signal.starts_at - window_of(signal)


def snooze_matchers(finding: Signal, *, as_it_is: bool = False) -> tuple[Matcher, ...]:
    """What hides this finding when it comes again, and no other one of its monitor; `as_it_is`:
    only while the same columns are wrong in the same way."""
    said = [("monitor", monitor_of(finding)), ("name", finding.name), ("service", finding.service)]
    if as_it_is:
        said += [(label, finding.labels.get(label, "")) for label in _STATE_LABELS]
    if finding.kind not in MODEL_KINDS:
        said += sorted((k, v) for k, v in finding.labels.items() if k not in _NOT_ITS_NAME)
    return tuple(Matcher(label, "=", value) for label, value in said if value)[:MOST_MATCHERS]
