import math

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.monitors.forecast import ForecastJudge, score_of
from knowledge.monitors.judge import UNTOLD, Judged
from knowledge.monitors.spec import MetricMonitor

HOUR = 60
"""Polls."""


def monitor(**fields: object) -> MetricMonitor:
    given = {"name": "disk", "query": "q", "normal": "forecast", "above": 100, "within": "6h"}
    return MetricMonitor.model_validate({**given, **fields})


def judged(
    judge: ForecastJudge, values: NDArray[np.float64], start: int = 0, step_s: float = 60.0
) -> list[Judged]:
    return [judge.feed(step_s * n, float(value)) for n, value in enumerate(values, start)]


def noise(n: int, size: float, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, size, n)


def alarms(values: NDArray[np.float64], **fields: object) -> list[int]:
    found = judged(ForecastJudge(monitor(**fields)), values)
    return [n for n, one in enumerate(found) if one.beyond]


def test_a_disk_that_fills_is_told_about_six_hours_ahead() -> None:
    # 2.5 % an hour: it is full after 24 hours.
    values = 40 + 2.5 * np.arange(24 * HOUR) / HOUR + noise(24 * HOUR, 0.3)
    found = alarms(values)
    assert 17 * HOUR <= found[0] <= 19 * HOUR
    judge = ForecastJudge(monitor())
    judged(judge, values[: 20 * HOUR])
    assert "an hour; at this rate it reaches 100 in " in judge.says()
    assert judge.sure > 0.9


def test_words_say_when_and_how_sure() -> None:
    judge = ForecastJudge(monitor(above=None, below=10))
    judged(judge, 100 - 3.0 * np.arange(28 * HOUR + 1) / HOUR)
    assert judge.says() == (
        "16 and changing by -3 an hour; at this rate it reaches 10 in about 2 h, at 06:00 UTC "
        "(99 % sure that within 6 h)"
    )


def test_what_fills_suddenly_is_told_before_it_is_full() -> None:
    # Calm for a day, then 40 % in forty minutes.
    values = np.concatenate([50 + noise(24 * HOUR, 0.2), 50 + np.arange(50.0)])
    found = alarms(values)
    assert found
    assert found[0] <= 24 * HOUR + 35


@pytest.mark.parametrize("seed", range(3))
def test_a_level_with_noise_is_no_forecast(seed: int) -> None:
    assert alarms(70 + noise(24 * HOUR, 5, seed)) == []


def test_a_random_walk_far_from_the_limit_is_left_alone() -> None:
    walk = 50 + np.cumsum(noise(24 * HOUR, 0.05, 3))
    assert alarms(walk) == []


def test_a_daily_rise_that_turns_every_day_is_known_after_some_days() -> None:
    hours = np.arange(6 * 24 * 12) / 12
    values = 60 + 25 * np.sin(2 * np.pi * hours / 24) + noise(len(hours), 0.5)
    found = judged(ForecastJudge(monitor()), values, step_s=300)
    assert not any(one.beyond for one in found[4 * 24 * 12 :])


def test_a_new_rise_on_top_of_the_daily_one_is_told() -> None:
    hours = np.arange(6 * 24 * 12) / 12
    daily = 40 + 10 * np.sin(2 * np.pi * hours / 24) + noise(len(hours), 0.5)
    leak = np.maximum(0, hours - 120) * 8.0
    judge = ForecastJudge(monitor())
    found = [
        float(hours[n])
        for n, one in enumerate(judged(judge, daily + leak, step_s=300))
        if one.beyond
    ]
    assert found
    full = float(hours[np.argmax(daily + leak >= 100)])
    assert 120 < found[0] <= full - 1


def test_a_trend_that_ends_is_taken_back() -> None:
    rising = 40 + 5.0 * np.arange(10 * HOUR) / HOUR
    values = np.concatenate([rising, np.full(6 * HOUR, 90.0) + noise(6 * HOUR, 0.1)])
    found = judged(ForecastJudge(monitor()), values)
    assert found[10 * HOUR - 1].beyond
    assert found[-1].back


def test_beyond_already_is_said() -> None:
    judge = ForecastJudge(monitor())
    assert judge.feed(0.0, 101.0).beyond
    assert judge.says() == "101, already above 100"


def test_a_restart_changes_nothing() -> None:
    values = 40 + 2.5 * np.arange(24 * HOUR) / HOUR + noise(24 * HOUR, 0.3)
    whole = judged(ForecastJudge(monitor()), values)
    first = ForecastJudge(monitor())
    found = judged(first, values[:1000])
    second = ForecastJudge(monitor(), first.dump())
    found += judged(second, values[1000:], 1000)
    assert [(a.beyond, a.back, a.score) for a in found] == [
        (b.beyond, b.back, b.score) for b in whole
    ]
    assert len(first.dump()) < 20_000


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_says_nothing(value: float) -> None:
    judge = ForecastJudge(monitor())
    assert judge.feed(0.0, value) == UNTOLD


def test_time_that_goes_backwards_says_nothing() -> None:
    judge = ForecastJudge(monitor())
    judge.feed(600.0, 1.0)
    assert judge.feed(60.0, 500.0) == UNTOLD


def test_a_constant_stays_what_it_is() -> None:
    found = judged(ForecastJudge(monitor()), np.full(12 * HOUR, 50.0))
    assert found[-1].back
    assert found[-1].score == 0


def test_the_product_s_alarm_is_a_probability_of_nine_in_ten() -> None:
    assert [score_of(p) for p in (0, 0.9, 1)] == [0, 0.5, 1]
