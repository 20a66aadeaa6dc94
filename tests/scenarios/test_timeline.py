"""A message gets onto an incident's time line: by a reaction, or by its menu."""

from datetime import UTC, datetime
from typing import Any

from running_world import World

from bot.playground.shown import Message
from bot.slack.manifest import ADD_TO_TIMELINE
from knowledge.records import Event, Incident

CHANNEL = "#incidents"


def alert(service: str, name: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": service, "severity": "critical"},
        "annotations": {"summary": f"{name} on {service}"},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{service}-{name}",
    }


def card_of(world: World, service: str) -> tuple[Incident, Message]:
    """A new incident of that service, and its card."""
    both = [alert(service, "HighErrorRate"), alert(service, "HighLatency")]
    body = {"version": "4", "status": "firing", "alerts": both}
    assert world.webhook(body).status_code == 202

    def is_card(message: Message) -> bool:
        title = message.text_shown.partition("\n")[0]
        return " INC-" in title and service in title and not message.thread_ts

    card = world.person("ada").wait_for(is_card, channel=CHANNEL, timeout=60)
    incidents = world.bot.parts.store.incidents.find(service=service)
    return incidents[0], card


def said(world: World, name: str, text: str, thread: str = "") -> Message:
    ts = world.person(name).say(CHANNEL, text, thread)
    return world.person("ada").wait_for(lambda m: m.ts == ts, channel=CHANNEL, timeout=5)


def messages_on(world: World, incident: Incident) -> list[Event]:
    timeline = world.bot.parts.store.incidents.get(incident.id).timeline
    return [event for event in timeline if event.kind == "message"]


def told(world: World, card: Message, text: str) -> Message:
    """The update of the incident's thread that tells of it."""
    return world.person("ben").wait_for(
        lambda m: m.is_bot and m.thread_ts == card.ts and text in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )


def test_a_reaction_puts_a_message_of_the_thread_on_the_time_line(world: World) -> None:
    incident, card = card_of(world, "till")
    reply = said(world, "ben", "the pool of till-db is exhausted", card.ts)
    world.person("ada").react(reply, "pushpin")
    assert "ben" in told(world, card, "the pool of till-db is exhausted").text_shown
    (event,) = messages_on(world, incident)
    assert event.at.timestamp() == float(reply.ts)
    assert reply.ts.replace(".", "") in event.url

    world.person("chloe").react(reply, "memo")
    world.person("ada").react(reply, "pushpin", remove=True)
    second = said(world, "ben", "failing over", card.ts)
    world.person("chloe").react(second, "memo")
    told(world, card, "failing over")
    texts = [event.text for event in messages_on(world, incident)]
    assert texts == ["the pool of till-db is exhausted", "failing over"]


def test_one_who_only_reads_is_told_why_nothing_came_of_it(world: World) -> None:
    incident, card = card_of(world, "scale")
    reply = said(world, "ben", "looks like the release", card.ts)
    world.person("eva").react(reply, "memo")
    world.person("eva").wait_for("Not allowed", channel=CHANNEL, timeout=60)
    assert messages_on(world, incident) == []
    world.person("ada").react(reply, "memo")
    told(world, card, "looks like the release")


def test_the_menu_of_a_message_elsewhere_asks_which_incident(world: World) -> None:
    incident, card = card_of(world, "gate")
    message = said(world, "chloe", "vendor: fixed at 14:20")
    world.person("ada").shortcut(ADD_TO_TIMELINE, message)
    view = world.person("ada").wait_for_view("Add to time line", timeout=60)
    world.person("ada").submit(view, {"incident": incident.id})
    assert "vendor: fixed at 14:20" in told(world, card, "vendor").text_shown
    world.person("ada").wait_for(f"On the time line of {incident.id}", channel=CHANNEL, timeout=60)
    assert [event.text for event in messages_on(world, incident)] == ["vendor: fixed at 14:20"]
