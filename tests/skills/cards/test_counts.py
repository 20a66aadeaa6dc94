from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.incidents import open_from, with_signals
from knowledge.records import AlertRecord, Incident, Signal
from skills.cards.counts import Counts

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def signal(fingerprint: str, minutes: int = 0, pod: str = "", ended: bool = False) -> Signal:
    at = NOW + timedelta(minutes=minutes)
    labels = {"pod": pod} if pod else {}
    ends_at = at + timedelta(minutes=1) if ended else None
    return Signal(fingerprint, "Down", at, at, service="cart", labels=labels, ends_at=ends_at)


def incident(*signals: Signal) -> Incident:
    return replace(open_from(signals, NOW), id="INC-1")


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        ([signal("a")], "1 firing of 1"),
        ([signal("a"), signal("b", ended=True)], "1 firing of 2"),
        ([signal("a", pod="p1"), signal("b", pod="p2")], "2 firing of 2, in 2 pods"),
    ],
)
def test_counts_of_a_small_incident(signals: list[Signal], said: str) -> None:
    assert Counts.of(incident(*signals)).say() == said


def test_the_history_knows_repeats_and_what_was_let_go() -> None:
    flaps = [signal("a", 2 * n, ended=True) for n in range(2001)]
    storm = with_signals(incident(signal("b")), flaps, NOW)
    assert len(storm.signals) == 2
    records = [AlertRecord(s, NOW, deliveries=3) for s in [*flaps, signal("b")]]
    assert Counts.of(storm, records).say() == "1 firing of 2,002; sent again 4,004 times"


def test_an_end_that_tells_of_another_alert_is_not_counted() -> None:
    end = replace(signal("a"), ends_at=NOW)
    told = with_signals(incident(signal("a", -5)), (end,), NOW)
    assert Counts.of(told, [AlertRecord(end, NOW)]).say() == "0 firing of 1"


def test_nothing_yet() -> None:
    assert Counts.of(replace(incident(signal("a")), signals=())).say() == "none yet"
