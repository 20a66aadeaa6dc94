"""A small shop and its alerts."""

from datetime import UTC, datetime, timedelta

import pytest

from knowledge.catalogue import Catalogue
from knowledge.records import Signal

START = datetime(2026, 3, 5, 12, tzinfo=UTC)
EDGES = [
    ["web", "checkout"],
    ["checkout", "cart"],
    ["checkout", "payment"],
    ["cart", "redis"],
    ["web", "search"],
]
PODS = [
    {"cluster": "eu", "service": s, "pod": f"{s}-{n}", "node": f"n{(i + n) % 4}"}
    for i, s in enumerate(("web", "checkout", "cart", "payment", "redis", "search"))
    for n in range(2)
]


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


class Alerts:
    """Makes alerts: `alerts("HighErrorRate", "cart", 20)` begins 20 s after START."""

    def __call__(
        self,
        name: str,
        service: str,
        second: float,
        *,
        delay: float = 0,
        ended: float | None = None,
        severity: str = "critical",
        source: str = "alertmanager",
        **labels: str,
    ) -> Signal:
        labels = {"cluster": "eu", **labels}
        extra = "/".join(v for k, v in sorted(labels.items()) if k != "cluster")
        return Signal(
            fingerprint=f"{name}/{service}/{extra}",
            name=name,
            starts_at=at(second),
            received_at=at(second + delay),
            source=source,
            ends_at=None if ended is None else at(ended),
            service=service,
            severity=severity,
            labels=labels,
        )


@pytest.fixture
def alerts() -> Alerts:
    return Alerts()


@pytest.fixture
def shop() -> Catalogue:
    zones = {"n0": "a", "n1": "a", "n2": "b", "n3": "b"}
    return Catalogue.from_topology({"edges": EDGES, "pods": PODS, "zones": zones})
