from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.incidents import open_from
from knowledge.records import Document, Incident, Signal
from knowledge.runbooks import fits, known_values, read_runbook

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def signal(name: str, ends_at: datetime | None = None, **labels: Any) -> Signal:
    return Signal(
        f"{name}{labels}", name, NOON, NOON, service="cdn", ends_at=ends_at, labels=labels
    )


def incident(*signals: Signal) -> Incident:
    return open_from(signals, NOON)


@pytest.mark.parametrize(
    ("tags", "fitting"),
    [
        (("alert:CacheMiss*",), True),
        (("alert:Disk*", "alert:CacheMissHigh"), True),
        (("alert:Disk*",), False),
        (("label:team=edge",), True),
        (("label:team=e*", "label:zone=eu"), True),
        (("alert:CacheMiss*", "label:team=shop"), False),
        (("alert:NodeDown", "label:team=edge"), False),
        (("cache",), False),
        ((), False),
    ],
)
def test_it_fits_by_alert_and_by_labels_of_that_alert(tags: tuple[str, ...], fitting: bool) -> None:
    runbook = read_runbook(Document("r", "r", "x", tags=tags))
    seen = incident(signal("CacheMissHigh", team="edge", zone="eu"), signal("NodeDown", team="hw"))
    assert fits(runbook, seen) is fitting


def test_what_an_incident_says() -> None:
    seen = incident(
        signal("CacheMissHigh", node="n1", zone="eu"),
        signal("CacheMissHigh", node="n2", zone="eu"),
        signal("NodeDown", NOON, node="n3"),
    )
    known = known_values(seen)
    assert known["service"] == ("cdn",)
    assert known["alert"] == ("CacheMissHigh",), "what is over says nothing while others fire"
    assert known["label:node"] == ("n1", "n2")
    assert known["label:zone"] == ("eu",)
