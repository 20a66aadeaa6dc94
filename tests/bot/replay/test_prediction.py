"""What `prediction` writes is what the scorer of correlation reads."""

import json
from datetime import datetime
from typing import Any

from bot.replay import Result, histories, replay
from bot.replay.prediction import prediction
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from tests.bot.replay.conftest import TOPOLOGY, Write, alert, storm, webhook


def check(predicted: Any, lines: list[Any]) -> None:
    """The scorer's demands: each instance once, by its own text, in a group or in none; each card
    with a group and a time that it can read, and roots by their names."""
    sent = {(a["fingerprint"], a["startsAt"]) for line in lines for a in line["payload"]["alerts"]}
    assigned = [(a["fingerprint"], a["startsAt"]) for a in predicted["assignments"]]
    assert sorted(assigned) == sorted(sent)
    groups = {a["group"] for a in predicted["assignments"]}
    assert all(group is None or (isinstance(group, str) and group) for group in groups)
    for card in predicted["cards"]:
        assert card["group"] in groups
        assert datetime.fromisoformat(card["posted_at"].replace("Z", "+00:00")).tzinfo
        assert all(isinstance(root, str) for root in card["roots"])


def test_the_scorer_can_read_it(result: Result) -> None:
    predicted = json.loads(json.dumps(prediction(result)))
    check(predicted, storm())
    assert len(predicted["cards"]) == 1
    assert predicted["cards"][0]["roots"][0] == "orders-db"


def test_starts_are_told_as_the_payload_wrote_them(write: Write) -> None:
    odd = {**alert("HighErrorRate", 0, service="web"), "startsAt": "2026-03-05T14:00:00+02:00"}
    lines = [webhook(1, odd, alert("HighLatency", 0, service="web"))]
    result = replay(histories([write(lines)])[0], Catalogue.from_topology(TOPOLOGY), MemoryStore())
    check(prediction(result), lines)
