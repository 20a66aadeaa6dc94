from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.incidents import acknowledge, open_from, resolve, set_severity
from knowledge.records import Incident, Message, Severity, Signal
from knowledge.updates import draft, next_update, promised, reminded, reminder_due, told

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def opened() -> Incident:
    signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity="critical")
    return replace(open_from((signal,), NOON), id="INC-12")


def said(*texts: str) -> tuple[Message, ...]:
    return tuple(
        Message(str(n), NOON + n * timedelta(minutes=1), "ada", text)
        for n, text in enumerate(texts, start=1)
    )


def test_a_draft_says_what_since_when_what_is_done_and_when_there_is_more() -> None:
    assert draft(opened(), NOON, NOON + HOUR) == (
        "We have trouble with checkout since 12:00 UTC: high error rate.\n"
        "What is done: the team is being called.\n"
        "Next update by 13:00 UTC."
    )


def test_a_draft_takes_impact_and_measures_from_the_thread() -> None:
    thread = said(
        "about 12 % of payments fail for customers in Germany",
        "rolled back checkout to 4.11 just now",
    )
    text = draft(replace(acknowledge(opened(), "U1", NOON), thread=thread), NOON + HOUR)
    assert "12 %" in text
    assert "What is done: a recent change was undone." in text
    assert "Next update" not in text


def test_an_acknowledged_incident_without_measures_is_worked_on() -> None:
    assert "the team is working on it" in draft(acknowledge(opened(), "U1", NOON), NOON)


def test_what_is_over_is_said_to_be_over_and_promises_nothing() -> None:
    over = resolve(opened(), "U1", NOON + HOUR, "rolled back the deploy")
    assert draft(over, NOON + HOUR, NOON + 2 * HOUR) == (
        "Resolved: the trouble with checkout is over. It began at 12:00 UTC and lasted 1 h.\n"
        "What fixed it: a recent change was undone."
    )


def test_a_very_long_resolution_leaves_a_draft_that_a_form_can_hold() -> None:
    over = resolve(opened(), "U1", NOON + HOUR, "word " * 1000)
    assert len(draft(over, NOON + HOUR)) < 600


@pytest.mark.parametrize(
    ("severity", "at"), [("SEV1", "12:30"), ("SEV2", "13:00"), ("SEV3", "16:00"), ("SEV4", "12:00")]
)
def test_the_graver_the_sooner_comes_the_next_one(severity: str, at: str) -> None:
    incident = set_severity(opened(), Severity(severity), "U1", NOON)
    assert f"{next_update(incident, NOON + timedelta(minutes=4)):%H:%M}" == at


def test_a_promise_is_remembered_and_reminded_of_once() -> None:
    incident = told(opened(), "#status", "U1", NOON, NOON + HOUR)
    assert incident.timeline[-1].text == (
        "sent an update to #status; next update by 2026-03-05 13:00 UTC"
    )
    assert promised(incident) == NOON + HOUR
    assert reminder_due(incident, NOON + HOUR - timedelta(seconds=1)) is None
    assert reminder_due(incident, NOON + HOUR) == NOON + HOUR
    once = reminded(incident, NOON + HOUR)
    assert once.timeline[-1].text == ("reminded <@U1>: the next update was promised by 13:00 UTC")
    assert reminder_due(once, NOON + 2 * HOUR) is None
    assert reminded(once, NOON + 2 * HOUR) is once


def test_the_owner_is_reminded_rather_than_the_author() -> None:
    incident = told(acknowledge(opened(), "U7", NOON), "#status", "U1", NOON, NOON)
    assert reminded(incident, NOON).timeline[-1].text.startswith("reminded <@U7>:")


def test_each_update_makes_its_own_promise_and_the_last_one_counts() -> None:
    first = reminded(told(opened(), "#status", "U1", NOON, NOON + HOUR), NOON + HOUR)
    second = told(first, "#status", "U1", NOON + HOUR, NOON + 2 * HOUR)
    assert reminder_due(second, NOON + HOUR) is None
    assert reminder_due(second, NOON + 2 * HOUR) == NOON + 2 * HOUR
    last = told(second, "#status", "U1", NOON + 2 * HOUR, None)
    assert promised(last) is None
    assert reminder_due(last, NOON + 9 * HOUR) is None


def test_what_is_over_owes_no_update() -> None:
    incident = told(opened(), "#status", "U1", NOON, NOON + HOUR)
    assert reminder_due(resolve(incident, "U1", NOON), NOON + 2 * HOUR) is None
    assert promised(opened()) is None
