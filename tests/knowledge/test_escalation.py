from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.escalation import (
    Step,
    can_be_told,
    due,
    is_own_page,
    mentions,
    page_by_hand,
    page_key,
    pages,
    step_taken,
    told_in,
)
from knowledge.incidents import (
    acknowledge,
    merge_into,
    open_from,
    reopen,
    resolve,
    set_severity,
    unacknowledge,
    with_signals,
)
from knowledge.oncall import Aim, Level, Policy, Target
from knowledge.records import Incident, Severity, Signal, SignalKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PRIMARY, BACKUP = Target(Aim.ON_CALL), Target(Aim.NEXT)
LEADS = Target(Aim.CHANNEL, "#leads")
POLICY = Policy(
    "standard",
    (Level(5 * MINUTE, (PRIMARY,)), Level(15 * MINUTE, (PRIMARY, BACKUP, LEADS))),
    repeat=1,
    every=30 * MINUTE,
)


def after(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


def opened(severity: str = "critical") -> Incident:
    signal = Signal("f1", "HighErrorRate", NOON, NOON, service="checkout", severity=severity)
    return replace(open_from((signal,), NOON), id="INC-12")


def take(incident: Incident, minutes: float, told: tuple[str, ...] = ("U1",)) -> Incident:
    step = due(incident, POLICY, after(minutes))
    assert step is not None
    return step_taken(incident, step, told, after(minutes))


def numbers(incident: Incident, until: int) -> list[tuple[int, int]]:
    """(minute, step) of all that is done when it is looked every minute."""
    done = []
    for minute in range(until):
        step = due(incident, POLICY, after(minute))
        if step is not None:
            incident = step_taken(incident, step, ("U1",), after(minute))
            done.append((minute, step.number))
    return done


def test_each_step_is_due_once_at_its_time_and_all_again_in_the_second_round() -> None:
    assert numbers(opened(), 300) == [(5, 1), (15, 2), (35, 3), (45, 4)]


def test_nothing_is_due_before_its_time_or_without_a_policy() -> None:
    assert due(opened(), POLICY, after(4.9)) is None
    assert due(opened(), None, after(60)) is None


def test_a_step_says_whom_it_tells_and_how_long_nobody_came() -> None:
    assert due(opened(), POLICY, after(5)) == Step(1, 4, 5 * MINUTE, (PRIMARY,))


def test_steps_that_are_overdue_together_tell_everybody_once() -> None:
    step = due(opened(), POLICY, after(50))
    assert step == Step(4, 4, 50 * MINUTE, (PRIMARY, BACKUP, LEADS))
    assert due(step_taken(opened(), step, ("U1",), after(50)), POLICY, after(500)) is None


Life = Callable[[Incident], Incident]
ENDS: dict[str, Life] = {
    "acknowledged": lambda i: acknowledge(i, "U1", after(1)),
    "resolved": lambda i: resolve(i, "U1", after(1)),
    "merged": lambda i: merge_into(i, "INC-2", "U1", after(1)),
    "made mild": lambda i: set_severity(i, Severity.SEV4, "U1", after(1)),
}


@pytest.mark.parametrize("what", ENDS)
def test_it_stops_when_the_incident_is(what: str) -> None:
    assert due(ENDS[what](opened()), POLICY, after(60)) is None


def test_mild_incidents_page_nobody_and_those_made_grave_wait_from_then() -> None:
    mild = opened("info")
    assert mild.severity is Severity.SEV4
    assert due(mild, POLICY, after(600)) is None
    grave = set_severity(mild, Severity.SEV1, "U1", after(60))
    assert due(grave, POLICY, after(64)) is None
    assert due(grave, POLICY, after(65)) == Step(1, 4, 5 * MINUTE, (PRIMARY,))


def test_a_severity_that_was_grave_already_changes_no_waiting() -> None:
    graver = set_severity(take(opened(), 5), Severity.SEV2, "U1", after(10))
    assert due(graver, POLICY, after(14)) is None
    step = due(graver, POLICY, after(15))
    assert step is not None
    assert step.number == 2


def test_a_reopened_incident_starts_again_though_it_was_acknowledged_before() -> None:
    before = acknowledge(take(opened(), 5), "U1", after(6))
    again = reopen(resolve(before, "U1", after(20)), "U2", after(100))
    assert due(again, POLICY, after(104)) is None
    step = due(again, POLICY, after(105))
    assert step is not None
    assert step.number == 1


def test_one_that_was_given_back_starts_again() -> None:
    given_back = unacknowledge(acknowledge(take(opened(), 5), "U1", after(6)), "U1", after(40))
    step = due(given_back, POLICY, after(45))
    assert step is not None
    assert (step.number, step.waited) == (1, 5 * MINUTE)


def test_pages_by_hand_count_for_no_step() -> None:
    by_hand = page_by_hand(opened(), ("U2",), "U9", after(1), "please look (step 4 of 4)")
    step = due(by_hand, POLICY, after(5))
    assert step is not None
    assert step.number == 1


def test_the_time_line_says_who_was_told_and_why() -> None:
    incident = take(take(opened(), 5), 15, ("U1", "U2", "#leads"))
    assert [e.text for e in incident.timeline[1:]] == [
        "paged <@U1> (step 1 of 4): not acknowledged for 5 min",
        "paged <@U1>, <@U2> and #leads (step 2 of 4): not acknowledged for 15 min",
    ]
    assert [(p.number, p.told, p.by_hand) for p in pages(incident)] == [
        (2, ("U1",), False),
        (3, ("U1", "U2", "#leads"), False),
    ]
    assert [p.number for p in pages(incident, after=2)] == [3]


def test_a_step_that_reaches_nobody_says_so_and_is_taken() -> None:
    step = due(opened(), POLICY, after(5))
    assert step is not None
    incident = step_taken(opened(), step, (), after(5), "nobody is on call")
    assert incident.timeline[-1].text.endswith("not acknowledged for 5 min; nobody is on call")
    assert next(pages(incident)).told == ()
    assert due(incident, POLICY, after(6)) is None


def test_pressed_twice_is_one_page_and_later_it_is_another() -> None:
    once = page_by_hand(opened(), ("U2",), "U9", after(1), "help")
    assert page_by_hand(once, ("U2",), "U9", after(1.5), "help") is once
    assert page_by_hand(once, ("U2",), "U9", after(3), "help") is not once
    assert page_by_hand(once, ("U3",), "U9", after(1.5), "help") is not once


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("paged <@U1>: wake <@U2> and #general too", ("U1",)),
        ("paged <@U1> and <#C0LEADS00>: x", ("U1", "C0LEADS00")),
        ("paged #on-call-leads", ("#on-call-leads",)),
        ("reminded <@U1>: the next update", ("U1",)),
        ("paged nobody (step 1 of 2): <@U2>", ()),
        ("paged PagerDuty: <@U2>", ()),
        ("note: paged <@U1>", ()),
    ],
)
def test_only_the_head_of_an_entry_names_whom_to_tell(text: str, told: tuple[str, ...]) -> None:
    assert told_in(text) == told


@pytest.mark.parametrize("told", [("U1",), ("U1", "#a-b"), ("U1", "W2222", "C0LEADS00")])
def test_what_is_written_is_read(told: tuple[str, ...]) -> None:
    assert told_in(f"paged {mentions(told)} (step 1 of 1): x") == told
    assert all(map(can_be_told, told))


@pytest.mark.parametrize("words", ["", "Ada Osei", "ada", "user@example.com"])
def test_words_that_no_table_knows_reach_nobody(words: str) -> None:
    assert not can_be_told(words)


@pytest.mark.parametrize("label", ["incident_key", "alias", "dedup_key"])
def test_our_own_page_is_known_when_it_comes_back(label: str) -> None:
    signal = Signal("f", "x", NOON, NOON, labels={label: page_key("INC-12")})
    assert page_key("INC-12") == "tandem/INC-12"
    assert is_own_page(signal)
    assert not is_own_page(replace(signal, labels={label: "srv01/cpu", "note": "tandem/INC-12"}))


# What Tandem found itself


def found(kind: SignalKind, severity: str = "critical", **labels: str) -> Signal:
    return Signal(
        kind.value,
        kind.value,
        NOON,
        NOON,
        kind=kind,
        service="eta",
        severity=severity,
        labels=labels,
    )


def incident_of(*signals: Signal) -> Incident:
    return replace(open_from(signals, NOON), id="INC-12")


@pytest.mark.parametrize("severity", ["warning", "critical", "page"])
def test_a_drift_alone_never_pages(severity: str) -> None:
    drift = incident_of(found(SignalKind.DRIFT, severity))
    assert due(drift, POLICY, after(24 * 60)) is None
    raised = set_severity(drift, Severity.SEV1, "U1", after(1))
    assert due(raised, POLICY, after(24 * 60)) is None


@pytest.mark.parametrize("kind", [SignalKind.PERFORMANCE, SignalKind.QUALITY, SignalKind.METRIC])
def test_what_drift_does_to_answers_pages(kind: SignalKind) -> None:
    step = due(incident_of(found(kind), found(SignalKind.DRIFT)), POLICY, after(5))
    assert step is not None
    assert step.number == 1


def test_a_finding_may_say_that_it_pages_nobody() -> None:
    estimate = found(SignalKind.PERFORMANCE, pages="no")
    assert due(incident_of(estimate), POLICY, after(60)) is None
    # The label of somebody else's alert is theirs.
    alert = found(SignalKind.ALERT, pages="no")
    assert due(incident_of(alert), POLICY, after(60)) is not None


def test_when_an_alert_joins_a_drift_the_wait_begins_with_the_alert() -> None:
    alert = replace(found(SignalKind.ALERT), starts_at=after(300), received_at=after(300))
    joined = with_signals(incident_of(found(SignalKind.DRIFT, "warning")), [alert], after(300))
    assert due(joined, POLICY, after(304)) is None
    step = due(joined, POLICY, after(305))
    assert step is not None
    assert (step.number, step.waited) == (1, 5 * MINUTE)
