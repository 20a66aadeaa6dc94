"""Two teams and one incident: asked whose it is, passed on by one, answered by the other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running_world import World, running_world, stand_ins

from knowledge.catalogue import Catalogue

CHANNEL = "#incidents"
TEAMS = Catalogue.from_tables(
    {
        "services": {
            "eta-model": {"team": "ml-platform", "calls": ["feature-store"]},
            "feature-store": {"team": "data"},
        }
    }
)


def alert(name: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": "eta-model", "severity": "critical"},
        "annotations": {"summary": "eta-model answers late"},
        "startsAt": (datetime.now(UTC) - timedelta(minutes=25)).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    parts = {**stand_ins(), "catalogue": TEAMS}
    with running_world("socket", tmp_path_factory.mktemp("bot"), parts=parts) as running:
        yield running


def test_an_incident_is_weighed_passed_on_and_answered(world: World) -> None:
    ada, ben = world.person("ada"), world.person("ben")
    answer = world.webhook(
        {"version": "4", "status": "firing", "alerts": [alert("Slow"), alert("ManyErrors")]}
    )
    assert answer.status_code == 202, answer.text
    card = ada.wait_for("INC-1", channel=CHANNEL, timeout=60)
    ada.say(CHANNEL, "@tandem is it the model or the infrastructure?", thread=card)
    verdict = ada.wait_for("How likely", channel=CHANNEL, timeout=60)
    assert "Not looked at" in verdict.text_shown

    ada.click(card, "More")
    ada.click(ada.wait_for("Tell others", channel=CHANNEL, timeout=60), "Hand over")
    view = ada.wait_for_view("Hand over", timeout=60)
    ada.submit(view, {"to": "data", "note": "the store answers late"})
    offer = ben.wait_for("for data: will you take it?", channel=CHANNEL, timeout=60)
    assert "the store answers late" in offer.text_shown

    ben.click(offer, "Return")
    ben.submit(ben.wait_for_view("Return", timeout=60), {"reason": "our p95 is fine"})
    answered = ben.wait_until(offer, lambda m: "was returned by data" in m.text_shown, timeout=60)
    assert "our p95 is fine" in answered.text_shown
    assert "Accept" not in answered.buttons
    told = ada.wait_for("returned by data after", channel=CHANNEL, timeout=60)
    assert "our p95 is fine" in told.text_shown
