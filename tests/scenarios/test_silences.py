"""A silence from its preview to its end, on the whole bot."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

from running_world import World

from bot.playground.shown import Message
from knowledge.records import AlertRecord, Verdict

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


def deliver(world: World, *alerts: dict[str, Any]) -> None:
    body = {"version": "4", "status": "firing", "alerts": list(alerts)}
    assert world.webhook(body).status_code == 202


def recorded(world: World, name: str, test: Callable[[AlertRecord], bool]) -> AlertRecord:
    """The alert of that fingerprint once it passes the test."""
    end = monotonic() + 10
    while monotonic() < end:
        found = world.bot.parts.store.alerts.find(fingerprint=name)
        if found and test(found[-1]):
            return found[-1]
        sleep(0.05)
    raise AssertionError(f"{name}: {world.bot.parts.store.alerts.find(fingerprint=name)}")


def see(world: World, text: str) -> Message:
    return world.person("ada").wait_for(text, channel=CHANNEL, timeout=60)


def test_from_the_preview_to_the_end(world: World) -> None:
    ada = world.person("ada")
    deliver(world, alert("drum", "HighErrorRate"), alert("drum", "HighLatency"))
    card = ada.wait_for(
        lambda m: " INC-" in m.text_shown.partition("\n")[0] and "drum" in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )

    ada.command("/silence drum 2h because deploy", CHANNEL)
    preview = see(world, "Silence service=drum for 2 h?")
    assert preview.ephemeral
    assert "2 of" in preview.text_shown
    assert "altogether" in preview.text_shown, "a SEV1 would have been hidden"
    ada.click(preview, "Silence for 2 h")
    made = see(world, "holds until")
    assert "ada" in made.text_shown
    ben = world.person("ben")
    ben.wait_for(
        lambda m: m.thread_ts == card.ts and "silenced service=drum until" in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )

    later = alert("drum", "PodNotReady")
    deliver(world, later)
    hidden = recorded(world, "drum-PodNotReady", lambda r: r.verdict is Verdict.SILENCED)
    assert hidden.incident == ""
    assert hidden.silence in made.text_shown

    ada.command("/silences", CHANNEL)
    listed = see(world, "1 silence now")
    assert {"service=drum", "deploy"} <= set(listed.text_shown.split("\n"))

    ada.click(made, "End it now")
    see(world, f"{hidden.silence} has ended")
    deliver(world, later)
    counts = recorded(world, "drum-PodNotReady", lambda r: r.verdict is not Verdict.SILENCED)
    assert counts.incident or counts.verdict is Verdict.WAITING


def test_from_an_incidents_card(world: World) -> None:
    ada = world.person("ada")
    deliver(world, alert("flute", "HighErrorRate"), alert("flute", "HighLatency"))
    card = ada.wait_for(
        lambda m: " INC-" in m.text_shown.partition("\n")[0] and "flute" in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )
    ada.click(card, "More")
    more = ada.wait_for(lambda m: "Silence" in m.buttons, channel=CHANNEL, timeout=60)
    ada.click(more, "Silence")
    which = see(world, "Silence service=flute alertname=~HighErrorRate|HighLatency for how long?")
    ada.click(which, "Change")
    view = ada.wait_for_view("Silence alerts", timeout=60)
    ada.submit(view, {"match": "service=flute alertname=~'High.*'", "duration": "30m"})
    see(world, "Silence service=flute alertname=~High.* for 30 min?")


def test_one_who_only_reads_may_not(world: World) -> None:
    eva = world.person("eva")
    eva.command("/silence drum 2h", CHANNEL)
    refusal = eva.wait_for("Not allowed", channel=CHANNEL, timeout=60)
    assert "ada" in refusal.text_shown
