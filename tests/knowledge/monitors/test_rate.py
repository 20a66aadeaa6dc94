import json
import math

import pytest

from knowledge.monitors.judge import UNTOLD, Judged
from knowledge.monitors.rate import RateJudge
from knowledge.monitors.spec import MetricMonitor


def monitor(**fields: object) -> MetricMonitor:
    given = {"name": "m", "query": "q", "normal": "rate of change", "over": "10m", **fields}
    return MetricMonitor.model_validate(given)


def judged(judge: RateJudge, values: list[float], start: int = 0) -> list[Judged]:
    return [judge.feed(60.0 * minute, value) for minute, value in enumerate(values, start)]


def test_a_rise_within_the_time_is_told_in_words() -> None:
    judge = RateJudge(monitor(above=50))
    found = judged(judge, [100.0] * 15 + [130, 160, 160])
    assert [one.beyond for one in found[-3:]] == [False, True, True]
    assert judge.says() == "changed by +60 within 10 min, above 50"
    assert found[-1].high == 150
    assert math.isnan(found[-1].low)


def test_a_slow_rise_is_none() -> None:
    found = judged(RateJudge(monitor(above=50)), [4.0 * minute for minute in range(200)])
    assert not any(one.beyond for one in found)


def test_it_says_nothing_until_it_has_seen_the_time() -> None:
    found = judged(RateJudge(monitor(above=5)), [float(n**2) for n in range(12)])
    assert found[:10] == [UNTOLD] * 10
    assert found[10].beyond


def test_percent_of_the_value_before() -> None:
    judge = RateJudge(monitor(below=-50, percent=True))
    found = judged(judge, [200.0] * 15 + [90])
    assert found[-1].beyond
    assert judge.says() == "changed by -55 % within 10 min, below -50 %"
    assert judged(RateJudge(monitor(above=50, percent=True)), [0.0] * 12 + [5])[-1] == UNTOLD


def test_a_counter_that_starts_again_has_not_fallen() -> None:
    before = [1000.0 + 6 * minute for minute in range(30)]
    after = [6.0 * minute for minute in range(1, 15)]
    judge = RateJudge(monitor(above=100, below=10))
    found = judged(judge, before + after)
    told = [one for one in found if one != UNTOLD]
    assert all(one.back for one in told)
    # 60 in ten minutes, across the restart too.
    assert found[-5].high - after[-5] == pytest.approx(100 - 60)


def test_a_counter_that_crashes_again_and_again_stays_a_counter() -> None:
    values = [500.0 + n for n in range(40)] + [float(n % 5) for n in range(30)]
    assert not any(one.beyond for one in judged(RateJudge(monitor(below=-10)), values))


def test_a_gauge_that_falls_has_fallen() -> None:
    wobbling = [200.0 + (-1) ** n for n in range(40)]
    assert judged(RateJudge(monitor(below=-100)), [*wobbling, 20])[-1].beyond


def test_what_the_monitor_says_of_counters_holds() -> None:
    rising = [100.0 + n for n in range(40)]
    assert judged(RateJudge(monitor(below=-100, counter=False)), [*rising, 0])[-1].beyond
    wobbling = [200.0 + (-1) ** n for n in range(40)]
    told = judged(RateJudge(monitor(below=-100, counter=True)), [*wobbling, 20])[-1]
    assert not told.beyond


def test_a_counter_that_stands_still_grew_too_little() -> None:
    judge = RateJudge(monitor(below=1, counter=True))
    found = judged(judge, [float(n) for n in range(30)] + [30.0] * 12)
    assert found[-1].beyond
    assert judge.says() == "changed not at all within 10 min, below 1"


def test_it_must_be_well_back_within_the_limit() -> None:
    found = judged(RateJudge(monitor(above=50)), [0.0] * 11 + [60, 48, 44])
    assert [(one.beyond, one.back) for one in found[-3:]] == [
        (True, False),
        (False, False),
        (False, True),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_says_nothing(value: float) -> None:
    judge = RateJudge(monitor(above=1))
    judged(judge, [1.0] * 12)
    assert judge.feed(60.0 * 12, value) == UNTOLD
    assert judge.feed(60.0 * 13, 1.0).back


def test_time_that_goes_backwards_says_nothing() -> None:
    judge = RateJudge(monitor(above=1))
    judged(judge, [1.0] * 12)
    assert judge.feed(30.0, 99.0) == UNTOLD


def test_nothing_is_compared_across_a_long_hole() -> None:
    judge = RateJudge(monitor(above=50))
    judged(judge, [0.0] * 15)
    assert judged(judge, [500.0] * 9, start=200) == [UNTOLD] * 9
    assert judged(judge, [500.0] * 9, start=209)[-1].back


def test_it_goes_on_where_it_was_dumped() -> None:
    values = [1000.0 + 6 * minute for minute in range(30)] + [5.0 * n for n in range(40)]
    through = RateJudge(monitor(above=55, below=10))
    whole = judged(through, values)
    first = RateJudge(monitor(above=55, below=10))
    found = judged(first, values[:25])
    second = RateJudge(monitor(above=55, below=10), first.dump())
    found += judged(second, values[25:], start=25)
    assert [(a.beyond, a.back) for a in found] == [(a.beyond, a.back) for a in whole]
    assert RateJudge(monitor(above=1)).dump() == b""


def test_what_it_keeps_is_bounded() -> None:
    judge = RateJudge(monitor(above=50, over="1d", every="1s"))
    for second in range(20_000):
        judge.feed(float(second), 1.0)
    assert len(json.loads(judge.dump())["past"]) < 250
