from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.errors import NotFound, Unavailable
from knowledge.incidents import open_from
from knowledge.oncall import Assignment, Layer, OnCall, Rotation, Turn
from knowledge.records import Signal
from skills.contract import Context, Reply
from skills.oncall import skill
from skills.testing import context

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
NAMES = {"U1": "ada", "U2": "ben"}
ONCALL = OnCall(
    rotations={
        "platform": Rotation((Layer(("U1", "U2"), MONDAY, WEEK),)),
        "payments": Rotation((Layer(("U2", "U1"), MONDAY, WEEK),)),
        "empty": Rotation(()),
    },
    services={"checkout": Assignment("platform")},
    teams={"money": Assignment("payments")},
    default=Assignment("platform"),
)


def world(**given: Any) -> Context:
    values = {
        "oncall": ONCALL,
        "incidents": MemoryStore().incidents,
        "catalogue": Catalogue(teams={"ledger": "money"}),
        "now": MONDAY + timedelta(days=2),
        "people": lambda user: NAMES.get(user, user),
    }
    return context(**values | given)


def ask(service: str = "", **given: Any) -> Reply:
    return skill.run(world(**given), skill.args(service=service))


def test_who_until_when_and_who_is_next() -> None:
    reply = ask("checkout")
    assert reply.title == "ada is on call for checkout"
    assert reply.fields == {
        "Rotation": "platform",
        "Until": "Mon 09 Mar 09:00 UTC (in 5 d)",
        "Next": "ben, from Mon 09 Mar 09:00 UTC (in 5 d)",
    }
    assert "page checkout on-call" in reply.footer


def test_the_team_of_the_service_answers_where_the_file_does_not_name_it() -> None:
    reply = ask("ledger")
    assert (reply.title, reply.fields["Rotation"]) == ("ben is on call for ledger", "payments")


def test_the_default_says_that_it_is_the_default() -> None:
    reply = ask("search")
    assert reply.title == "ada is on call for search"
    assert reply.text == "Nothing names search, so this is the default rotation."


def test_nobody_is_said_to_be_nobody() -> None:
    assert ask("empty").title == "Nobody is on call for empty now"


def test_all_rotations_where_nothing_is_named() -> None:
    table = ask().table
    assert table is not None
    assert [row[:2] for row in table.rows] == [
        ("platform", "ada"),
        ("payments", "ben"),
        ("empty", "nobody"),
    ]


class Broken:
    def turns(self, start: datetime, end: datetime) -> Sequence[Turn]:
        raise Unavailable("the on-call calendar", "example.com does not answer")


def test_one_calendar_that_cannot_be_read_hides_no_other() -> None:
    oncall = OnCall(rotations={"broken": Broken(), **ONCALL.rotations})
    table = ask(oncall=oncall).table
    assert table is not None
    assert table.rows[0][1] == "not known: example.com does not answer"
    assert table.rows[1][1] == "ada"


def test_an_open_incident_of_the_service_can_be_paged_for() -> None:
    store = MemoryStore()
    signal = Signal("f", "x", MONDAY, MONDAY, service="checkout", severity="critical")
    store.incidents.open(open_from((signal,), MONDAY))
    (button,) = ask("checkout", incidents=store.incidents).buttons
    assert button.label == "Page ada for INC-1"
    assert button.call is not None
    assert button.call.args == {"incident": "INC-1", "whom": "U1"}
    in_thread = ask(incidents=store.incidents, thread="INC-1")
    assert in_thread.title == "ada is on call for checkout"


def test_a_name_that_nothing_knows_offers_the_nearest() -> None:
    oncall = OnCall(rotations=ONCALL.rotations, services=ONCALL.services)
    with pytest.raises(NotFound) as raised:
        ask("chekout", oncall=oncall)
    assert raised.value.nearest[0] == "checkout"


def test_nothing_configured_says_how_to() -> None:
    assert "TANDEM_ONCALL" in ask("checkout", oncall=OnCall()).text
