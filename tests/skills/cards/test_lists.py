from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.incidents import acknowledge, open_from
from knowledge.records import Incident, Signal
from skills.cards import incident_list
from skills.contract import Tone

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=12)


def people(user_id: str) -> str:
    return {"U1": "ada"}.get(user_id, user_id)


def incident() -> Incident:
    fires = Signal("a", "HighErrorRate", NOW, NOW, service="checkout", severity="critical")
    return replace(open_from((fires,), NOW), id="INC-12")


def test_a_list_of_incidents() -> None:
    reply = incident_list([incident(), acknowledge(incident(), "U1", NOW)], LATER, people=people)
    assert reply.title == "2 open incidents"
    assert reply.tone is Tone.BAD
    assert reply.table is not None
    assert reply.table.rows[1][:3] == ("INC-12", "SEV1", "checkout: High error rate")
    assert reply.table.rows[1][-1] == "ada"


@pytest.mark.parametrize(
    ("count", "rows", "footer"), [(1, 1, ""), (30, 20, "the newest 20 are shown")]
)
def test_a_long_list_is_cut_and_says_so(count: int, rows: int, footer: str) -> None:
    reply = incident_list([incident()] * count, NOW)
    assert reply.table is not None
    assert len(reply.table.rows) == rows
    assert reply.footer == footer


def test_an_empty_list_is_good_news() -> None:
    assert incident_list([], NOW, "open SEV1").title == "No open SEV1 incidents"
