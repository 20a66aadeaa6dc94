from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.causes.alerts import Landscape, Level, Sign, Source

ONSET = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def landscape() -> Landscape:
    """shop calls cart, which needs a cache; three pods each, on two nodes."""
    pods = {f"{service}-{n}": service for service in ("shop", "cart") for n in range(3)}
    return Landscape(
        levels=dict.fromkeys(("shop", "cart", "cache"), Level.SERVICE)
        | dict.fromkeys(pods, Level.POD)
        | dict.fromkeys(("n1", "n2"), Level.NODE),
        service_of=pods,
        node_of={pod: "n1" if pod.endswith("0") else "n2" for pod in pods},
        callees={"shop": frozenset({"cart"}), "cart": frozenset({"cache"})},
    )


@pytest.fixture
def sign() -> Callable[..., Sign]:
    def make(
        component: str,
        name: str = "cpu",
        minutes: float = 0,
        source: Source = Source.METRIC,
        caller: str = "",
        text: str = "",
    ) -> Sign:
        return Sign(
            component,
            name,
            source,
            ONSET + timedelta(minutes=minutes),
            "up",
            caller,
            (text,) if text else (),
            id=f"{component}/{name}",
        )

    return make
