import json

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable
from knowledge.incident_files import read_incident
from knowledge.incidents import acknowledge, open_from
from knowledge.records import AlertRecord, Message, Signal
from skills.contract import Context, Reply
from skills.incident_export import Args, skill
from skills.testing import NOON, context

FIRES = Signal("f", "Down", NOON, NOON, service="cart", labels={"pod": "cart|1"}, summary="<b>cart")


def world(**given: object) -> Context:
    store = MemoryStore()
    store.incidents.open(acknowledge(open_from((FIRES,), NOON), "U1", NOON))
    store.alerts.record([AlertRecord(FIRES, NOON, 4, "INC-1")])
    return context(
        incidents=store.incidents,
        alerts=store.alerts,
        people=lambda user_id: {"U1": "ada"}.get(user_id, user_id),
        **given,
    )


def files(reply: Reply) -> dict[str, str]:
    return {a.name: a.content.decode() for a in reply.attachments}


def test_markdown_to_read() -> None:
    said = Message("1", NOON, "ben", "on it", url="https://slack.example/1")
    text = files(skill.run(world(read_thread=lambda _: (said,)), Args(incident="1")))["INC-1.md"]
    assert text.startswith("# INC-1: cart: &lt;b>cart\n")
    assert "| Alerts | 1 firing of 1; sent again 3 times |" in text
    assert "- 12:00 ada acknowledged" in text
    assert "- ada: acknowledged" in text
    assert "- 12:00 ben: on it ([source](<https://slack.example/1>))" in text
    assert text.endswith("Exported 2026-03-05 12:00 UTC. Times are in UTC.\n")


def test_json_that_can_be_read_again() -> None:
    text = files(skill.run(world(), Args(incident="1")))["INC-1.json"]
    again = read_incident(text)
    assert (again.id, again.owner, again.signals[0].labels["pod"]) == ("INC-1", "ada", "cart|1")
    assert json.loads(text)["alerts"][0]["deliveries"] == 4


def test_without_the_thread_it_is_exported_all_the_same() -> None:
    def gone(incident: str) -> tuple[Message, ...]:
        raise Unavailable("slack", "is out of reach")

    assert len(skill.run(world(read_thread=gone), Args(incident="1")).attachments) == 2
