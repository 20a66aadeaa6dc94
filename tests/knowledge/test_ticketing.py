from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.errors import BadArgs
from knowledge.incidents import acknowledge, add_note, merge_into, open_from, record, resolve
from knowledge.records import Incident, Severity, Signal, Ticket
from knowledge.ticketing import (
    ask_for,
    body_of,
    marker,
    news,
    state_of,
    title_of,
    with_ticket,
    without_ticket,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def opened(count: int = 1) -> Incident:
    signals = [
        Signal(f"f{n}", f"Alert{n}", NOON, NOON, service="checkout", severity="critical")
        for n in range(count)
    ]
    return replace(open_from(signals, NOON), id="INC-12", title="checkout: High error rate")


def test_the_state_follows_the_incident() -> None:
    taken = acknowledge(opened(), "U1", NOON)
    states = [state_of(i) for i in (opened(), taken, resolve(taken, "U1", NOON))]
    assert states == ["open", "in progress", "resolved"]


def test_title_and_marker() -> None:
    assert title_of(opened()) == "SEV1 checkout: High error rate"
    assert len(title_of(replace(opened(), title="x" * 500))) == 160
    assert marker(opened()) == "tandem-inc-12"


def test_the_body_says_what_is_known() -> None:
    body = body_of(opened(12), "https://example.com/card")
    assert "Severity: SEV1" in body
    assert "- Alert9" in body
    assert "- and 2 more" in body
    assert "https://example.com/card" in body
    assert "Alerts that fire" not in body_of(replace(opened(), signals=()))


def test_news_are_what_readers_want_since_they_were_last_told() -> None:
    incident = add_note(opened(), "restarted the pods", "U1", NOON + MINUTE)
    incident = record(incident, "paged", "Tandem", NOON + MINUTE, "paged <@U1>")
    incident = resolve(incident, "U1", NOON + 30 * MINUTE, "rolled back")
    assert news(incident, 1, lambda user: "ada") == (
        "2026-03-05 12:01 UTC ada: restarted the pods\n"
        "2026-03-05 12:30 UTC ada: resolved: rolled back\n"
        "It lasted 30 min."
    )
    assert news(incident, len(incident.timeline)) == ""


def test_a_ticket_is_asked_for_once_opened_and_kept() -> None:
    asked = ask_for(opened(), "jira", "U1", NOON)
    assert asked.timeline[-1].text == "asked for a ticket in Jira"
    assert ask_for(asked, "jira", "U2", NOON) is asked
    both = ask_for(asked, "github", "U2", NOON)
    there = with_ticket(both, Ticket("jira", "OPS-1", "https://j/OPS-1", "open"), NOON)
    assert [(t.system, t.key) for t in there.tickets] == [("github", ""), ("jira", "OPS-1")]
    assert there.timeline[-1].text == "ticket OPS-1 is open in Jira"
    assert there.timeline[-1].url == "https://j/OPS-1"
    assert with_ticket(there, there.tickets[1], NOON) is there
    moved = with_ticket(there, replace(there.tickets[1], status="resolved"), NOON)
    assert moved.timeline == there.timeline


def test_one_that_cannot_be_opened_may_be_asked_for_again() -> None:
    asked = ask_for(opened(), "jira", "U1", NOON)
    given_up = without_ticket(asked, "jira", "answers 400: no such project", NOON)
    assert given_up.tickets == ()
    assert given_up.timeline[-1].text == "no ticket in Jira: answers 400: no such project"
    assert ask_for(given_up, "jira", "U1", NOON).tickets == (Ticket("jira", ""),)


def test_one_that_is_there_is_not_given_up() -> None:
    there = with_ticket(ask_for(opened(), "jira", "U1", NOON), Ticket("jira", "OPS-1"), NOON)
    assert without_ticket(there, "jira", "x", NOON) is there


def test_what_was_merged_gets_no_ticket_of_its_own() -> None:
    merged = merge_into(opened(), "INC-2", "U1", NOON)
    with pytest.raises(BadArgs, match="goes on as INC-2"):
        ask_for(merged, "jira", "U1", NOON)


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_is_in_the_title(severity: Severity) -> None:
    assert title_of(replace(opened(), severity=severity)).startswith(severity)
