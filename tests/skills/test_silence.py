from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import AlertRecord, Incident, Severity, Signal
from knowledge.silences import say_matchers
from skills.contract import Audience, BadArgs, Context, NotFound, Reply, Style, Tone
from skills.silence import Args, StartArgs, silence_start, skill
from skills.testing import NOON, context

HOUR = timedelta(hours=1)


def signal(number: int, name: str = "DiskFull", service: str = "checkout") -> Signal:
    return Signal(
        f"f{number}", name, NOON - HOUR, NOON - HOUR, service=service, severity="critical"
    )


@pytest.fixture
def store() -> MemoryStore:
    """INC-1 (SEV1) is of checkout alone, INC-2 of checkout and cart; three alerts are of none."""
    store = MemoryStore()
    alone = [signal(1), signal(2)]
    both = [signal(3, "SlowRequests"), signal(4, "SlowRequests", "cart")]
    for signals in (alone, both):
        incident = store.incidents.open(open_from(signals, NOON - HOUR))
        store.alerts.record([AlertRecord(s, NOON - HOUR, 3, incident=incident.id) for s in signals])
    store.incidents.change("INC-2", lambda i: replace(i, severity=Severity.SEV3))
    store.alerts.record([AlertRecord(signal(n, "Blip", "search"), NOON - HOUR) for n in (5, 6, 7)])
    return store


def world(store: MemoryStore, **given: Any) -> Context:
    return context(incidents=store.incidents, alerts=store.alerts, silences=store.silences, **given)


def ask(store: MemoryStore, thread: str = "", click: bool = False, **given: Any) -> Reply:
    return skill.run(world(store, thread=thread, via_button=click), Args(**given))


def press(store: MemoryStore, reply: Reply, label: str) -> Reply:
    button = next(b for b in reply.buttons if b.label == label)
    assert button.call is not None
    if button.call.skill == "silence":
        return ask(store, click=True, **button.call.args)
    assert button.call.skill == "silence_start"
    return silence_start.run(world(store, via_button=True), StartArgs(**button.call.args))


def incident(store: MemoryStore, number: int) -> Incident:
    return store.incidents.get(f"INC-{number}")


def test_first_it_shows_what_would_have_been_hidden(store: MemoryStore) -> None:
    reply = ask(store, service="search", duration="2h", reason="deploy")
    assert reply.title == "Silence service=search for 2 h?"
    assert reply.audience is Audience.ASKER
    assert reply.fields["Last 7 days"] == "3 of 7 alerts hidden"
    assert reply.fields["Ends"] == "2026-03-05 14:00 UTC"
    assert reply.fields["Asked by"] == "ada"
    assert reply.fields["Why"] == "deploy"
    assert [line.text for s in reply.sections for line in s.lines] == ["Blip: 3 alerts"]
    assert reply.tone is Tone.NEUTRAL
    assert store.silences.find() == []


def test_the_button_of_the_preview_sets_it(store: MemoryStore) -> None:
    reply = ask(store, service="search", duration="2h", reason="deploy")
    done = press(store, reply, "Silence for 2 h")
    assert done.title == "SIL-1 holds until 2026-03-05 14:00 UTC"
    assert [b.label for b in done.buttons] == ["End it now", "Prolong"]
    (made,) = store.silences.find()
    assert say_matchers(made.matchers) == "service=search"
    assert (made.starts_at, made.ends_at) == (NOON, NOON + 2 * HOUR)
    assert (made.created_by, made.reason, made.kind) == ("U1", "deploy", "silence")


def test_pressed_twice_it_is_set_once(store: MemoryStore) -> None:
    reply = ask(store, service="search", duration="2h")
    press(store, reply, "Silence for 2 h")
    again = press(store, reply, "Silence for 2 h")
    assert again.title.startswith("SIL-1 holds")
    assert "set already" in again.text
    longer = press(store, ask(store, service="search", duration="4h"), "Silence for 4 h")
    assert longer.title.startswith("SIL-2 holds")


def test_a_grave_incident_that_nobody_would_have_heard_of_is_a_warning(store: MemoryStore) -> None:
    reply = ask(store, service="checkout", duration="1h")
    assert reply.text == "It would have hidden INC-1 (SEV1) altogether."
    assert reply.tone is Tone.BAD
    button = reply.buttons[0]
    assert button.style is Style.DANGER
    assert "INC-1" in button.confirm
    assert reply.fields["Last 7 days"] == (
        "3 of 7 alerts hidden, 1 incident not opened, 1 incident smaller"
    )
    lines = [line.text for section in reply.sections for line in section.lines]
    assert any(line.startswith("*INC-1* SEV1") and "all its 2 alerts" in line for line in lines)
    assert any(line.startswith("*INC-2* SEV3") and "1 of its 2 alerts" in line for line in lines)


def test_it_is_on_the_time_line_of_the_incidents_it_touches(store: MemoryStore) -> None:
    done = press(
        store, ask(store, service="cart", duration="1h", reason="known"), "Silence for 1 h"
    )
    assert "INC-2" in done.text
    assert incident(store, 2).timeline[-1].kind == "silenced"
    assert incident(store, 2).timeline[-1].text == (
        "silenced service=cart until 2026-03-05 13:00 UTC (SIL-1) because known"
    )
    assert incident(store, 1).timeline[-1].kind != "silenced"
    assert {"card:INC-2", "thread:INC-2"} <= {d.key for d in store.outbox.due(NOON)}


def test_without_a_length_the_usual_ones_are_offered(store: MemoryStore) -> None:
    reply = ask(store, alert="DiskFull")
    assert [b.label for b in reply.buttons] == ["1h", "4h", "24h", "Change"]
    assert press(store, reply, "4h").title == "Silence alertname=DiskFull for 4 h?"


def test_nothing_said_asks_and_offers_open_incidents(store: MemoryStore) -> None:
    reply = ask(store)
    assert reply.title == "Silence what?"
    assert [b.label for b in reply.buttons] == ["Say what", "Alerts of INC-2", "Alerts of INC-1"]
    form = reply.buttons[0].form
    assert form is not None
    assert {f.name for f in form.fields} <= set(Args.model_fields)


@pytest.mark.parametrize("given", [{"incident": "INC-2"}, {"thread": "INC-2"}])
def test_an_incidents_services_and_rules_are_filled_in(
    store: MemoryStore, given: dict[str, str]
) -> None:
    reply = ask(store, **given)
    assert "service=~cart|checkout" in reply.title
    change = reply.buttons[-1].form
    assert change is not None
    assert change.fields[0].initial == "service=~cart|checkout alertname=SlowRequests"
    assert press(store, reply, "1h").fields["Last 7 days"].startswith("2 of 7 alerts")


def test_a_press_on_the_card_sets_nothing_yet(store: MemoryStore) -> None:
    reply = ask(store, click=True, incident="INC-1")
    assert reply.title.startswith("Silence service=checkout")
    assert not reply.about
    assert store.silences.find() == []


def test_a_name_that_never_came_gets_a_hint(store: MemoryStore) -> None:
    reply = ask(store, service="chekout", duration="1h")
    assert reply.text == "It would have hidden nothing lately. Did you mean checkout?"
    assert reply.tone is Tone.WARNING


def test_one_for_later_is_a_maintenance_window(store: MemoryStore) -> None:
    reply = ask(store, service="search", duration="4h", start="22:00")
    assert reply.fields["Begins"] == "2026-03-05 22:00 UTC"
    done = press(store, reply, "Silence for 4 h")
    assert done.title == ("SIL-1 holds from 2026-03-05 22:00 UTC until 2026-03-06 02:00 UTC")
    assert store.silences.get("SIL-1").kind == "maintenance"


def test_now_means_when_the_button_is_pressed(store: MemoryStore) -> None:
    reply = ask(store, service="search", duration="1h")
    button = reply.buttons[0]
    assert button.call is not None
    later = replace(world(store, via_button=True), now=NOON + HOUR / 4)
    silence_start.run(later, StartArgs(**button.call.args))
    assert store.silences.get("SIL-1").ends_at == NOON + HOUR / 4 + HOUR


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"service": "x", "duration": "soon"}, "duration", "not a length of time"),
        ({"service": "x", "duration": "31d"}, "duration", "too long"),
        ({"service": "x", "duration": "2h", "start": "after lunch"}, "start", "is no time"),
        ({"service": "x", "duration": "2h", "start": "2026-03-01 10:00"}, "start", "is over"),
        ({"match": "severity=~'.*'", "duration": "2h"}, "match", "nearly every alert"),
        ({"match": "checkout", "duration": "2h"}, "match", "has no ="),
        ({"service": "x" * 600}, "service", "too long"),
        ({"service": "x", "duration": "9" * 40 + "d"}, "duration", ""),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(
    store: MemoryStore, given: dict[str, str], field: str, says: str
) -> None:
    with pytest.raises(BadArgs) as caught:
        ask(store, **given)
    assert caught.value.field == field
    assert says in caught.value.problem
    assert caught.value.remedy


def test_everything_may_be_silenced_when_it_is_typed_out(store: MemoryStore) -> None:
    reply = ask(store, match="everything", duration="10m")
    assert reply.title == "Silence everything for 10 min?"
    assert reply.tone is Tone.BAD


def test_an_unknown_incident_is_not_found(store: MemoryStore) -> None:
    with pytest.raises(NotFound):
        ask(store, incident="INC-99")


def test_an_incident_of_very_many_rules_is_silenced_by_its_services(store: MemoryStore) -> None:
    signals = [signal(n, f"ARuleWithAVeryLongName{n}") for n in range(100, 150)]
    made = store.incidents.open(open_from(signals, NOON))
    assert ask(store, incident=made.id, duration="1h").title.startswith(
        "Silence service=checkout for"
    )
