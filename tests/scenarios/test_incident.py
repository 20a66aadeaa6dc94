"""A machine notices: an alert becomes one card, is acted on by people, and resolves."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from running_world import World

from bot.playground.shown import Message

CHANNEL = "#incidents"


BEGAN = datetime.now(UTC)
"""Alerts of long ago would be taken for chronic ones."""
ENDED = BEGAN + timedelta(minutes=5)


def alert(service: str, name: str = "HighErrorRate", *, ended: bool = False) -> dict[str, Any]:
    ends = ENDED.isoformat() if ended else "0001-01-01T00:00:00Z"
    return {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": name, "service": service, "severity": "critical"},
        "annotations": {"summary": f"Many requests to {service} fail"},
        "startsAt": BEGAN.isoformat(),
        "endsAt": ends,
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": f"{service}-{name}",
    }


def batch(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "status": "firing", "alerts": list(alerts)}


def trouble(service: str, *, ended: bool = False) -> dict[str, Any]:
    """Two signs of one trouble: what an incident is opened on."""
    return batch(*(alert(service, name, ended=ended) for name in ("HighErrorRate", "SlowRequests")))


def card_of(world: World, service: str, *wanted: str) -> Message:
    def is_card(message: Message) -> bool:
        shown = message.text_shown
        title = shown.partition("\n")[0]
        is_card_text = "*Alerts*" in shown or "*Monitor*" in shown
        mine = " INC-" in title and service in title and is_card_text
        return mine and all(words in shown for words in wanted)

    return world.person("ada").wait_for(is_card, channel=CHANNEL, timeout=60)


def test_an_alert_is_one_card_that_is_edited_until_it_resolves(world: World) -> None:
    assert world.webhook(trouble("basket")).status_code == 202
    card = card_of(world, "basket", "not acknowledged")
    assert {"Acknowledge", "Resolve", "Catch me up"} <= set(card.buttons)

    world.webhook(batch(alert("basket"), alert("basket", "PodNotReady")))
    world.webhook(batch(alert("basket")))
    assert card_of(world, "basket", "3 firing").ts == card.ts

    world.person("ada").click(card_of(world, "basket"), "Acknowledge")
    assert card_of(world, "basket", "acknowledged by ada").ts == card.ts

    world.webhook(trouble("basket", ended=True))
    world.webhook(batch(alert("basket", "PodNotReady", ended=True)))
    assert card_of(world, "basket", "resolved").ts == card.ts
    told = world.person("ben").thread(CHANNEL, card.ts)[1:]
    assert any("acknowledged" in m.text_shown for m in told)
    cards = [m for m in world.person("ben").read(CHANNEL) if "basket" in m.text_shown]
    assert len(cards) == 1


def test_one_who_only_reads_is_told_why_a_button_does_nothing(world: World) -> None:
    world.webhook(trouble("depot"))
    card = card_of(world, "depot")
    eva = world.person("eva")
    eva.click(card, "Acknowledge")
    refusal = eva.wait_for("Not allowed", channel=CHANNEL, timeout=60)
    assert "ada" in refusal.text_shown
    assert "not acknowledged" in card_of(world, "depot").text_shown
    assert not any("Not allowed" in m.text_shown for m in world.person("ben").read(CHANNEL))


def test_changing_severity_asks_in_a_window(world: World) -> None:
    world.webhook(trouble("label-printer"))
    ada = world.person("ada")
    ada.click(card_of(world, "label-printer"), "More")
    more = ada.wait_for("Who is on it", channel=CHANNEL, timeout=60)
    ada.click(more, "Change severity")
    view = ada.wait_for_view("Severity", timeout=60)
    ada.submit(view, {"value": "SEV3"})
    card_of(world, "label-printer", "SEV3")


def test_the_cause_is_asked_for_and_confirmed(world: World) -> None:
    world.webhook(trouble("returns"))
    card = card_of(world, "returns")
    ada = world.person("ada")
    ada.click(card, "Why?")
    answer = ada.wait_for("What speaks for it", channel=CHANNEL, timeout=60)
    assert "probably returns" in answer.text_shown
    ada.click(answer, "This was it")
    card_of(world, "returns", "*Cause*\n•  returns", "ada found the cause: returns")


def test_catching_up_is_for_the_asker_alone(world: World) -> None:
    world.webhook(trouble("tracking"))
    card = card_of(world, "tracking")
    chloe = world.person("chloe")
    chloe.click(card, "Catch me up")
    mine = chloe.wait_for("Post here", channel=CHANNEL, timeout=60)
    assert "tracking" in mine.text_shown
    seen = world.person("ben").thread(CHANNEL, card.ts)
    assert not any("Post here" in m.text_shown for m in seen)
    chloe.click(mine, "Post here")
    world.person("ben").wait_for(
        lambda m: "tracking" in m.text_shown and m.ts != card.ts, channel=CHANNEL, timeout=60
    )


def test_words_in_the_thread_of_a_card_are_about_its_incident(world: World) -> None:
    world.webhook(trouble("pricing"))
    card = card_of(world, "pricing")
    ada = world.person("ada")
    ada.say(CHANNEL, "rolling back pricing 3.2 now", thread=card)
    ada.say(CHANNEL, "@tandem acknowledge this", thread=card)
    asked = ada.wait_for(lambda m: "cknowledge" in str(m.buttons), channel=CHANNEL, timeout=60)
    assert "not acknowledged" in card_of(world, "pricing").text_shown
    button = next(b for b in asked.buttons if "cknowledge" in b or b == "Do it")
    ada.click(asked, button)
    card_of(world, "pricing", "acknowledged by ada")


def test_a_malformed_alert_is_named_and_loses_nothing_else(world: World) -> None:
    bad = {**alert("search"), "startsAt": "yesterday"}
    answer = world.webhook(batch(*trouble("routing")["alerts"], bad))
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert answer.json()["refused"][0]["field"] == "alerts[2].startsAt"
    card_of(world, "routing")
    assert world.webhook(b"{").status_code == 400
    assert world.webhook(json.dumps({"alerts": 3}).encode()).json()["error"]["field"] == "alerts"
    assert world.webhook(batch(alert("x")), token="wrong").status_code == 401


def test_a_resolved_incident_is_found_as_a_past_one(world: World) -> None:
    signs = ("MooringLost", "WindTooStrong")
    world.webhook(batch(*(alert("zeppelin", name) for name in signs)))
    card_of(world, "zeppelin")
    world.webhook(batch(*(alert("zeppelin", name, ended=True) for name in signs)))
    card_of(world, "zeppelin", "resolved")
    ada = world.person("ada")
    ada.command("/similar many requests to zeppelin fail mooring lost", channel=CHANNEL)

    def found(message: Message) -> bool:
        return "Past incidents" in message.text_shown and "zeppelin: " in message.text_shown

    ada.wait_for(found, channel=CHANNEL, timeout=60)
