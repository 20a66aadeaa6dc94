from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.promotion.canary import (
    EVIDENCE,
    Watched,
    after_look,
    ended,
    endpoint_reading,
    figure_rule,
    incidents_reading,
    look_readings,
    say_canary,
    shows_news,
    slots_of,
    watched,
)
from knowledge.promotion.figures import RULES, Judged
from knowledge.promotion.policy import CanaryRule
from knowledge.records import Approval, ApprovalStatus, Canary, CanaryState, Look, Reading

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CANARY = Canary(NOON + DAY)
APPROVAL = Approval(
    "APR-3", "fraud", "7", "6", "zoe", "Zoe", NOON, status=ApprovalStatus.APPROVED, canary=CANARY
)
FINE = Reading("latency", 0.1, 0.1, False, "latency 100 ms before, 100 ms since")
BAD = Reading("errors", 0.002, 0.031, True, "errors 0.20% before, 3.1% since")


def look(verdict: str, hours: float, **figures: float) -> Look:
    at = NOON + timedelta(hours=hours)
    return Look("fraud", at, at, at, 500, verdict, "7", figures, ("amount moved",))


def test_worse_is_by_evidence_and_says_both_figures() -> None:
    bad = endpoint_reading("errors", Judged(0.002, 0.031, (1.0, EVIDENCE)))
    assert bad == BAD
    assert not endpoint_reading("errors", Judged(0.002, 0.031, (EVIDENCE, EVIDENCE / 2))).worse
    assert endpoint_reading("latency", Judged(0.1, 0.15)).says == (
        "latency 100 ms before, 150 ms since"
    )
    assert endpoint_reading("volume", Judged(40.0, 12.5)).says == ("volume 40 before, 12.5 since")


def test_the_policy_names_its_own_limits() -> None:
    rule = CanaryRule(limits={"latency": 1.0, "queue": 0.5})
    found = figure_rule("latency", rule)
    assert found is not None
    assert found.limit == 1.0
    assert figure_rule("errors", rule) == RULES["errors"]
    assert figure_rule("queue", rule) is not None
    assert figure_rule("temperature", rule) is None
    assert slots_of(CanaryRule()) == 287


@pytest.mark.parametrize(
    ("before", "since", "minutes", "worse"),
    [
        (2, 0, 60, False),
        (2, 1, 600, False),  # one in a day's watch is what such a service has
        (2, 2, 20, True),
        (200, 3, 60, False),  # a noisy service
        (200, 60, 60, True),
        (0, 2, 30, True),
    ],
)
def test_incidents_count_by_how_many_are_usual(
    before: int, since: int, minutes: int, worse: bool
) -> None:
    reading = incidents_reading(before, timedelta(days=14), since, timedelta(minutes=minutes))
    assert reading.worse is worse
    assert f"{before} in the 14 days before" in reading.says


def test_what_the_monitor_found_before_already_is_no_news() -> None:
    bad = [look("broken", 1), look("broken", 2)]
    assert look_readings(look("stable", -1), bad)[0].worse
    assert not look_readings(look("broken", -1), bad)[0].worse
    assert not look_readings(look("stable", -1), bad[:1])[0].worse
    assert not look_readings(None, bad)[0].worse
    assert look_readings(look("stable", -1), []) == ()


def test_figures_of_looks_are_shown_where_there_are_two_to_compare() -> None:
    before = look("stable", -1, drift=0.02, rows=500.0)
    found = look_readings(before, [look("stable", 1, drift=0.3, rows=400.0, missing=0.1)])
    assert [r.says for r in found[1:]] == ["drift 0.02 before, 0.3 since"]


@pytest.mark.parametrize(
    ("seen", "hours", "state"),
    [
        (Watched((FINE,), 1), 1, CanaryState.WATCHING),
        (Watched((FINE, BAD), 2), 1, CanaryState.WORSE),
        (Watched((FINE,), 1), 24, CanaryState.FINE),
        (Watched((FINE, BAD), 2), 24, CanaryState.WORSE),
        (Watched((), 0, ("errors cannot be read",)), 24, CanaryState.UNKNOWN),
        (Watched((FINE,), 1, ("errors cannot be read",)), 24, CanaryState.UNKNOWN),
        (Watched((), 0), 24, CanaryState.UNKNOWN),
        (Watched((), 0, ("errors cannot be read",)), 1, CanaryState.WATCHING),
    ],
)
def test_it_is_fine_only_where_everything_could_be_compared(
    seen: Watched, hours: int, state: CanaryState
) -> None:
    assert watched(CANARY, seen, NOON + timedelta(hours=hours)).state is state


def test_the_end_of_a_watch_is_told_once() -> None:
    seen = Watched((FINE, BAD), 2)
    worse = watched(CANARY, seen, NOON)
    told = after_look(APPROVAL, worse, seen, NOON)
    assert [e.text for e in told.timeline] == [
        "it got worse since v7 serves: errors 0.20% before, 3.1% since"
    ]
    assert after_look(told, ended(CANARY, NOON), seen, NOON) == told


def test_a_look_that_changes_nothing_is_not_told() -> None:
    seen = Watched((FINE,), 1)
    looked = after_look(APPROVAL, watched(CANARY, seen, NOON), seen, NOON)
    assert looked.timeline == ()
    assert looked.canary is not None
    assert looked.canary.readings == (FINE,)
    assert shows_news(CANARY, looked.canary)
    assert not shows_news(looked.canary, replace(looked.canary, looked_at=NOON + DAY))


def test_unknown_is_said_to_be_unknown() -> None:
    unknown = replace(CANARY, state=CanaryState.UNKNOWN)
    said = say_canary(APPROVAL, unknown, ("errors cannot be read (prometheus: it is down)",))
    assert said == (
        "whether v7 is worse than before is not known: errors cannot be read "
        "(prometheus: it is down)"
    )
    assert "nothing to compare" in say_canary(APPROVAL, unknown)


@pytest.mark.parametrize("state", CanaryState)
def test_every_state_has_words(state: CanaryState) -> None:
    assert "v7" in say_canary(APPROVAL, replace(CANARY, state=state, readings=(BAD,)))


def test_that_nothing_got_worse_says_of_what_only_the_first_hours_were_judged() -> None:
    over = watched(CANARY, Watched((FINE,), 1, short=("errors", "latency")), NOON + DAY)
    assert over.state is CanaryState.FINE
    assert say_canary(APPROVAL, over) == (
        "v7 was watched until 2026-03-06 12:00 UTC; nothing got worse; of errors, latency too few "
        "earlier days are known to judge more than the first 2 h"
    )
