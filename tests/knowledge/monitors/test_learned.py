import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.monitors.judge import Judged
from knowledge.monitors.learned import LearnedJudge, LocalClock
from knowledge.monitors.spec import MetricMonitor

BERLIN = ZoneInfo("Europe/Berlin")


def monitor(**fields: object) -> MetricMonitor:
    return MetricMonitor.model_validate({"name": "m", "query": "q", "normal": "auto", **fields})


def level(n: int = 2000, seed: int = 1) -> NDArray[np.float64]:
    return 50 + np.random.default_rng(seed).normal(0, 1, n)


def judged(judge: LearnedJudge, values: NDArray[np.float64], start: int = 0) -> list[Judged]:
    return [judge.feed(60.0 * n, float(value)) for n, value in enumerate(values, start)]


def test_a_value_far_from_usual_is_told_with_what_was_usual() -> None:
    judge = LearnedJudge(monitor())
    judged(judge, level())
    found = judged(judge, np.full(5, 150.0), 2000)
    assert any(one.beyond for one in found)
    assert judge.sure >= 0.5
    assert "150" in judge.says()
    assert "about 50" in judge.says()


@pytest.mark.parametrize(("side", "fires"), [("above", False), ("below", True)])
def test_the_side_that_counts(side: str, fires: bool) -> None:
    judge = LearnedJudge(monitor(side=side))
    judged(judge, level())
    assert any(one.beyond for one in judged(judge, np.full(5, -50.0), 2000)) is fires


def test_a_newcomer_learns_quietly() -> None:
    found = judged(LearnedJudge(monitor()), np.array([1.0, 100, 3, 7, 1e6, 2] * 5))
    assert not any(one.beyond or one.back for one in found)


def test_a_raised_bar_keeps_what_was_learned() -> None:
    first = LearnedJudge(monitor())
    judged(first, level())
    raised = LearnedJudge(monitor(sure=0.95), first.dump())
    assert not any(one.beyond for one in judged(raised, np.full(2, 58.0), 2000))
    assert any(one.beyond for one in judged(raised, np.full(5, 5000.0), 2002))


def test_a_restart_changes_nothing() -> None:
    values = np.concatenate([level(), np.full(20, 90.0), level(300, 2)])
    whole = judged(LearnedJudge(monitor()), values)
    first = LearnedJudge(monitor())
    found = judged(first, values[:2010])
    found += judged(LearnedJudge(monitor(), first.dump()), values[2010:], 2010)
    assert [(a.beyond, a.score) for a in found] == [(b.beyond, b.score) for b in whole]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_starts_nothing(value: float) -> None:
    judge = LearnedJudge(monitor())
    judged(judge, level())
    assert not judge.feed(60.0 * 2000, value).beyond
    assert not judge.feed(60.0 * 2001, 50.0).beyond


@pytest.mark.parametrize("dumped", [b"0.0 0 0 0 nonsense", b"0.0"])
def test_what_cannot_be_read_is_refused(dumped: bytes) -> None:
    with pytest.raises(ValueError, match="state"):
        LearnedJudge(monitor(), dumped)


def test_an_episode_is_over_soon_after_the_value_is_back() -> None:
    judge = LearnedJudge(monitor())
    judged(judge, level())
    found = judged(judge, np.concatenate([np.full(30, 150.0), level(40, 2)]), 2000)
    assert all(one.beyond for one in found[:30])
    back = [n for n, one in enumerate(found) if one.back]
    assert 34 <= back[0] <= 39
    assert not any(one.beyond for one in found[back[0] :])


def test_a_short_departure_does_not_last() -> None:
    found = LearnedJudge(monitor())
    judged(found, level())
    lasting = judged(found, np.concatenate([np.full(3, 150.0), level(20, 2)]), 2000)
    assert sum(one.beyond for one in lasting) < 8


def local(at: datetime) -> float:
    """The hour of the day that the clock gives."""
    return LocalClock("Europe/Berlin")(at.timestamp()) % 86400 / 3600


def test_the_clock_follows_the_place() -> None:
    assert local(datetime(2026, 1, 15, 11, tzinfo=UTC)) == 12
    assert local(datetime(2026, 7, 15, 10, tzinfo=UTC)) == 12
    at = datetime(2026, 7, 15, 10, tzinfo=UTC).timestamp()
    assert LocalClock("UTC")(at) == at


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_daylight_saving_never_turns_the_time_back(day: datetime) -> None:
    clock = LocalClock("Europe/Berlin")
    times = [clock(day.timestamp() + 60 * minute) for minute in range(24 * 60)]
    steps = np.diff(times)
    assert steps.min() >= 0
    assert times[0] - day.timestamp() == day.astimezone(BERLIN).utcoffset().total_seconds()  # type: ignore[union-attr]
    last = datetime.fromtimestamp(day.timestamp() + 60 * 1439, BERLIN)
    assert times[-1] % 86400 // 60 == last.hour * 60 + last.minute
