from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.text_view import draw
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import BadArgs, NotFound
from knowledge.handovers import accept
from knowledge.incidents import acknowledge, open_from, resolve
from knowledge.records import AlertRecord, Event, Handover, Signal, Verdict
from skills.contract import Context, Reply
from skills.stats import skill
from skills.testing import NOON, context

DAY = timedelta(days=1)
CATALOGUE = Catalogue(teams={"checkout": "payments", "search": "discovery"})


def alert(name: str, days_ago: float, service: str, number: int = 0) -> Signal:
    at = NOON - days_ago * DAY
    return Signal(f"{name}{number}", name, at, at, service=service, ends_at=at + timedelta(hours=1))


@pytest.fixture
def store() -> MemoryStore:
    """A month: twelve incidents of checkout, resolved within 31 to 42 minutes, and a rule of
    search that fired ninety times for nothing."""
    made = MemoryStore()
    for number in range(12):
        signal = alert("HighErrorRate", 2 * number + 1, "checkout")
        opened = signal.starts_at + timedelta(minutes=1)
        incident = made.incidents.open(open_from([signal], opened))
        made.alerts.record([AlertRecord(signal, opened, 3, incident.id, Verdict.OPENED)])

        def end(i: Any, opened: Any = opened, number: int = number) -> Any:
            seen = acknowledge(i, "U7", opened + timedelta(minutes=4))
            return resolve(seen, "U7", opened + timedelta(minutes=31 + number))

        made.incidents.change(incident.id, end)
    for number in range(90):
        signal = alert("DiskFull", 0.3 * number + 0.1, "search", number)
        made.alerts.record([AlertRecord(signal, signal.starts_at, 2)])
    return made


def asked(store: MemoryStore, **args: Any) -> Reply:
    return skill.run(world(store), skill.args(**args))


def world(store: MemoryStore) -> Context:
    return context(
        incidents=store.incidents,
        alerts=store.alerts,
        silences=store.silences,
        handovers=store.handovers,
        catalogue=CATALOGUE,
        people=lambda user: {"U7": "ada"}.get(user, user),
    )


def test_the_overview_says_what_matters(store: MemoryStore) -> None:
    reply = asked(store)
    assert reply.title == "12 incidents and 102 alerts in 30 days"
    assert reply.fields["Time to detect"].startswith("median 1 min, mean 1 min, 90 % within 1 min")
    assert reply.fields["Time to acknowledge"].startswith("median 4 min")
    assert reply.fields["Time to resolve"].startswith("median 36 min, mean 36 min")
    assert reply.fields["Noise"] == "88% of the alerts were of no use"
    assert len(reply.pictures) == 2
    assert "`DiskFull` fired 90 times in 30 days, in no incident; 88% of all alerts" in draw(reply)


def test_few_incidents_give_no_mean(store: MemoryStore) -> None:
    reply = asked(store, window="3d")
    assert reply.fields["Time to resolve"] == "not enough data (2)"


def test_what_was_before_is_beside_it(store: MemoryStore) -> None:
    reply = asked(store, window="12d")
    assert reply.fields["Time to resolve"].endswith("; before 40 min, no clear change")


def test_times_by_severity_service_and_team(store: MemoryStore) -> None:
    table = asked(store, show="times").table
    assert table is not None
    assert [row[0] for row in table.rows] == ["all", "SEV3", "team payments", "checkout"]
    assert table.rows[0][:2] == ("all", "12")


def test_noise_by_rule(store: MemoryStore) -> None:
    reply = asked(store, show="noise")
    assert reply.title == "88% of 102 alerts were of no use"
    assert reply.table is not None
    assert reply.table.rows[0] == ("DiskFull", "90", "90", "0", "0", "0")
    assert "discovery: 90 of 90 alerts (100%)" in draw(reply)


def test_rules_to_delete_can_be_silenced_or_looked_at(store: MemoryStore) -> None:
    reply = asked(store, show="rules")
    [section] = reply.sections
    assert section.lines[0].text == (
        "Fired 90 times in 30 days, in no incident. Deleting it cuts 88% of all alerts."
    )
    silence, see = (button.call for button in section.buttons)
    assert silence is not None
    assert silence.args["alert"] == "DiskFull"
    assert see is not None
    assert asked(store, **see.args).title == "DiskFull: 90 alerts in 30 days"


def test_a_rule_that_is_of_use_is_shown_with_its_incidents(store: MemoryStore) -> None:
    reply = asked(store, rule="higherrorrate")
    assert reply.text == ""
    assert "INC-1 checkout: High error rate" in draw(reply)


def test_pages_by_person_and_night(store: MemoryStore) -> None:
    night = NOON.replace(hour=3)
    paged = Event("E9", night, "paged", "Tandem", "paged <@U7>")
    store.incidents.change("INC-1", lambda i: replace(i, timeline=(*i.timeline, paged)))
    reply = asked(store, show="pages")
    assert reply.table is not None
    assert reply.table.rows == (("ada", "1", "1", "1"),)
    assert "Nobody was paged" in asked(store, show="pages", of="search").title


@pytest.mark.parametrize(
    ("of", "alerts"), [("Search", "90 alerts"), ("payments", "12 alerts"), ("", "102 alerts")]
)
def test_limited_to_a_service_or_a_team(store: MemoryStore, of: str, alerts: str) -> None:
    assert alerts in asked(store, of=of).title


def test_unknown_names_offer_the_nearest(store: MemoryStore) -> None:
    with pytest.raises(NotFound) as caught:
        asked(store, of="chekout")
    assert caught.value.nearest[0] == "checkout"
    with pytest.raises(NotFound) as caught:
        asked(store, rule="DiskFul")
    assert caught.value.nearest[0] == "DiskFull"


@pytest.mark.parametrize("args", [{"window": "2y"}, {"window": "0d"}, {"show": "everybody"}])
def test_wrong_arguments_say_what_would_be_right(store: MemoryStore, args: Any) -> None:
    with pytest.raises((BadArgs, ValueError), match=r"[Ww]rite|Use"):
        asked(store, **args)


@pytest.mark.parametrize("show", ["overview", "times", "noise", "rules", "pages"])
def test_nothing_is_said_to_be_nothing(show: str) -> None:
    reply = asked(MemoryStore(), show=show)
    assert "Nothing to count" in reply.title or "Nobody was paged" in reply.title


def test_the_times_tell_who_held_what_was_passed_on(store: MemoryStore) -> None:
    incident = store.incidents.find(limit=1)[0]
    at = incident.opened_at
    offer = Handover("", incident.id, "shop", "data", at, "U1", "why", side="infrastructure")
    store.handovers.open(offer)
    store.handovers.change("HND-1", accept("U2", at + timedelta(minutes=5)))
    (section,) = [s for s in asked(store, show="times").sections if s.heading == "Handed over"]
    told = [line.text for line in section.lines]
    assert told[0] == "1 handover: 1 accepted, 0 returned, answered after 5 min (median)"
    assert told[1] == "Held to be at fault: infrastructure 1, 0 returned"
    assert "data " in told[2]
    assert "Handed over" not in draw(asked(store, show="times", of="checkout"))
