from collections import Counter
from collections.abc import Callable

import pytest

from knowledge.records import Incident, Tally
from knowledge.statistics.noise import (
    Noise,
    by_rule,
    noise_by,
    reduction,
    unattended_alerts,
    worth_deleting,
)

MakeTally = Callable[..., Tally]


def rule(name: str, instances: int, useful: int = 0, **given: int) -> Noise:
    values = {"deliveries": instances, "silenced": 0, "unattended": 0, **given}
    return Noise(name, instances, useful=useful, **values)


def test_reduction_counts_what_came_and_what_was_shown(tally: MakeTally) -> None:
    found = reduction([tally("A", 80), tally("B", 20)], 5)
    assert (found.deliveries, found.instances, found.cards) == (300, 100, 5)
    assert found.share == pytest.approx(0.95)


def test_nothing_in_is_no_reduction() -> None:
    assert reduction([], 0).share is None


def test_noise_is_what_opened_nothing_or_nobody_attended_to(tally: MakeTally) -> None:
    tallies = [tally("A", 10, in_incidents=6, silenced=1), tally("B", 5)]
    [a, b] = noise_by(tallies, {("A", "checkout"): 4}, by_rule)
    assert (a.name, a.noisy, a.useful, a.silenced, a.unattended) == ("A", 8, 2, 1, 4)
    assert (b.name, b.noisy, b.share) == ("B", 5, 1.0)


def test_unattended_alerts_are_counted_once_over_several_tallies(tally: MakeTally) -> None:
    tallies = [
        tally("A", 5, in_incidents=3, severity="warning"),
        tally("A", 5, in_incidents=3, severity="critical"),
    ]
    [found] = noise_by(tallies, {("A", "checkout"): 4}, by_rule)
    assert found.useful == 2


def test_more_unattended_than_tallied_makes_nothing_negative(tally: MakeTally) -> None:
    [found] = noise_by([tally("A", 5, in_incidents=2)], {("A", "checkout"): 40}, by_rule)
    assert (found.useful, found.noisy) == (0, 5)


def test_heartbeats_are_no_noise(tally: MakeTally) -> None:
    assert noise_by([tally("Watchdog", 99), tally("DeadMansSwitch", 1)], {}, by_rule) == []


def test_alerts_of_incidents_that_nobody_attended_to(incident: Callable[..., Incident]) -> None:
    incidents = [incident(1, end=5, by=""), incident(2, end=5, by=""), incident(3, ack=1, end=5)]
    assert unattended_alerts(incidents) == Counter({("HighErrorRate", "checkout"): 2})


def test_the_reason_and_the_saving_of_a_rule_that_may_go() -> None:
    [found] = worth_deleting([rule("DiskFull", 212), rule("Useful", 788, useful=700)], "30 days")
    assert found.rule == "DiskFull"
    assert found.reason == "fired 212 times in 30 days, in no incident"
    assert found.saves == pytest.approx(0.212)


@pytest.mark.parametrize(
    ("noise", "says"),
    [
        (rule("A", 50, silenced=50), "always silenced"),
        (rule("A", 50, unattended=9), "9 of them in incidents, none of which anybody attended to"),
        (rule("A", 50, useful=2), "2 of them in incidents that somebody attended to"),
    ],
)
def test_the_reason_says_what_became_of_its_alerts(noise: Noise, says: str) -> None:
    [found] = worth_deleting([noise], "7 days")
    assert found.reason == f"fired 50 times in 7 days, {says}"


@pytest.mark.parametrize("noise", [rule("Young", 11), rule("Good", 40, useful=20)])
def test_a_rule_is_kept_while_it_may_be_of_use(noise: Noise) -> None:
    assert worth_deleting([noise], "30 days") == []


def test_ten_at_most_the_largest_saving_first() -> None:
    found = worth_deleting([rule(f"R{n:02}", 20 + n) for n in range(15)], "30 days")
    assert [advice.rule for advice in found] == [f"R{n:02}" for n in range(14, 4, -1)]


def test_a_grave_rule_asks_for_another_look(tally: MakeTally) -> None:
    rules = noise_by([tally("Down", 30, severity="critical")], {}, by_rule)
    assert worth_deleting(rules, "7 days")[0].careful
