"""Makers of the incidents and alerts that figures are computed of; times in minutes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from knowledge.incidents import acknowledge, open_from, resolve, resolve_when_quiet, with_signals
from knowledge.records import AlertRecord, Incident, Signal, Tally, Verdict

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def monday() -> datetime:
    return MONDAY


@pytest.fixture
def incident() -> Callable[..., Incident]:
    return _incident


@pytest.fixture
def tally() -> Callable[..., Tally]:
    return _tally


@pytest.fixture
def record() -> Callable[..., AlertRecord]:
    return _record


def _signal(name: str, at: datetime, **given: Any) -> Signal:
    values: dict[str, Any] = {
        "fingerprint": name,
        "starts_at": at,
        "received_at": at,
        "service": "checkout",
        "severity": "critical",
        **given,
    }
    return Signal(name=name, **values)


def _incident(
    number: int,
    *,
    at: datetime = MONDAY,
    detect: float = 1,
    ack: float | None = None,
    end: float | None = None,
    by: str = "U1",
    name: str = "HighErrorRate",
    **given: Any,
) -> Incident:
    """Opened at `at`. With `by` "" it ends by itself."""
    alert = _signal(name, at - timedelta(minutes=detect), fingerprint=f"f{number}", **given)
    found = replace(open_from([alert], at), id=f"INC-{number}")
    if ack is not None:
        found = acknowledge(found, "U1", at + timedelta(minutes=ack))
    if end is None:
        return found
    over = at + timedelta(minutes=end)
    if by:
        return resolve(found, by, over)
    ended = replace(alert, ends_at=over, received_at=over)
    return resolve_when_quiet(with_signals(found, [ended], over), over)


def _tally(name: str, instances: int, **given: Any) -> Tally:
    values: dict[str, Any] = {
        "service": "checkout",
        "severity": "warning",
        "source": "alertmanager",
        "deliveries": 3 * instances,
        "in_incidents": 0,
        "silenced": 0,
        "firing_s": 60.0 * instances,
        **given,
    }
    return Tally(name=name, instances=instances, **values)


def _record(
    name: str, at: datetime, *, minutes: float | None = 1, incident: str = "", **given: Any
) -> AlertRecord:
    ends_at = None if minutes is None else at + timedelta(minutes=minutes)
    about = {key: given.pop(key) for key in ("fingerprint", "service", "labels") if key in given}
    verdict = Verdict.OPENED if incident else Verdict.WAITING
    values: dict[str, Any] = {"incident": incident, "verdict": verdict, **given}
    return AlertRecord(_signal(name, at, ends_at=ends_at, **about), at, **values)
