import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from knowledge.detection import ALARM, Detector, Family, Looks, Reading, Side

Values = NDArray[np.float64]
Times = Callable[[int], Values]
DAY = 1440


def starts(detector: Detector, times: Values, values: Values) -> list[int]:
    return [int(row) for row in np.flatnonzero(detector.feed_many(times, values).started)]


def test_a_quiet_level_is_no_news(times: Times, level: Values) -> None:
    detector = Detector()

    assert starts(detector, times(2000), level) == []
    assert detector.family is Family.LEVEL
    assert detector.says() == ""


def test_a_spike_is_one_episode_with_a_reason(times: Times, level: Values) -> None:
    values = level.copy()
    values[1500:1504] = 90
    detector = Detector()

    read = detector.feed_many(times(2000), values)

    assert np.flatnonzero(read.started).tolist() == [1500]
    assert np.flatnonzero(read.score >= ALARM).tolist() == [1500]
    assert 1503 < np.flatnonzero(read.ended)[0] < 1620
    assert "90" in detector.says()
    assert detector.says().endswith(".")


def test_the_band_holds_what_is_normal(times: Times, level: Values) -> None:
    read = Detector().feed_many(times(2000), level)
    settled = slice(1000, 2000)

    assert np.isnan(read.expected[:299]).all()
    assert np.mean((level >= read.low)[settled] & (level <= read.high)[settled]) > 0.999
    assert np.abs(read.expected[settled] - 50).max() < 5


def test_the_band_is_about_as_wide_as_the_noise(times: Times, level: Values, daily: Values) -> None:
    """About 2 is the noise of the level; of the day it is 3 % of at most 800."""
    for values, widest in ((level, 40.0), (daily, 350.0)):
        read = Detector().feed_many(times(len(values)), values)
        settled = slice(len(values) // 2, len(values))
        assert ((read.high - read.low)[settled] < widest).all()
        assert (read.low <= read.expected)[settled].all()
        assert (read.expected <= read.high)[settled].all()


@pytest.mark.parametrize(("times_the_band", "told"), [(1.1, True), (0.9, False)])
@pytest.mark.parametrize("side", [-1, 1])
def test_beyond_the_band_one_point_is_an_alarm(
    times_the_band: float, told: bool, side: int, times: Times, level: Values
) -> None:
    at, detector = times(2001), Detector(Looks.NOVELTY)
    last = detector.feed_many(at[:2000], level)[1999]
    dumped = detector.dump()
    edge = Detector.load(dumped).feed(at[2000], last.expected)
    limit = edge.high if side > 0 else edge.low

    reading = Detector.load(dumped).feed(
        at[2000], edge.expected + times_the_band * (limit - edge.expected)
    )

    assert reading.started is told


def test_of_plain_noise_hardly_anything_is_told(times: Times) -> None:
    """Nine days of noise about a level and nine about a daily wave; four sigma may come once."""
    told = 0
    wave = 20 * np.sin(2 * np.pi * np.arange(3 * DAY) / DAY)
    for seed in (1, 2, 3):
        noise = np.random.default_rng(seed).standard_normal(3 * DAY)
        for values in (50 + 2 * noise, 100 + wave + noise):
            told += len(starts(Detector(), times(3 * DAY), values))

    assert told <= 1


def test_the_band_stays_where_it_was_while_an_episode_lasts(times: Times, level: Values) -> None:
    values = level.copy()
    values[1500:1560] = 90

    read = Detector().feed_many(times(2000), values)
    during = slice(1501, 1560)

    assert np.flatnonzero(read.started).tolist() == [1500]
    assert np.flatnonzero(read.ended).tolist() == [1564]
    assert (read.high[during] < 80).all()
    assert (np.abs(read.expected[during] - 50) < 5).all()


def test_a_level_that_stays_new_is_over_after_three_hours(times: Times, level: Values) -> None:
    values = np.concatenate([level, level + 25])

    read = Detector().feed_many(times(4000), values)

    assert np.flatnonzero(read.started).tolist() == [2000]
    assert np.flatnonzero(read.ended).tolist() == [2180]


def test_a_night_value_by_day_is_wrong_though_it_is_in_range(times: Times, daily: Values) -> None:
    values = daily.copy()
    noon = 6 * DAY + 360
    values[noon : noon + 30] = 420.0
    assert daily.min() < 420 < daily.max()
    detector = Detector()

    assert noon in starts(detector, times(len(values)), values)
    assert detector.family is Family.SEASONAL


def test_a_deploy_is_told_once_and_then_normal(times: Times, level: Values) -> None:
    values = np.concatenate([level, level + 25, level + 25])

    assert starts(Detector(), times(6000), values) == [2000]


def test_a_small_shift_shows_in_the_mean_of_many_points(times: Times, level: Values) -> None:
    values = level.copy()
    values[1500:] += 5
    detector = Detector(Looks.SHIFT)

    first = starts(detector, times(2000), values)[0]

    assert 1500 < first < 1560
    assert "over the last" in detector.says()
    assert "above" in detector.says()


def test_more_restless_at_the_same_level_is_seen(times: Times, level: Values) -> None:
    values = level.copy()
    values[1500:1700] += np.random.default_rng(3).normal(0, 12, 200)

    assert 1500 <= starts(Detector(), times(2000), values)[0] < 1520


def test_a_constant_that_changes(times: Times) -> None:
    values = np.full(1000, 45.0)
    values[900:] = 46.0
    detector = Detector()

    assert starts(detector, times(1000), values) == [900]
    assert detector.says() == "46, where 100% of all points are 45."
    assert detector.family is Family.SPARSE


def test_a_constant_is_no_news(times: Times) -> None:
    assert starts(Detector(), times(1000), np.full(1000, 45.0)) == []


def test_a_single_error_among_zeros_is_no_news_and_many_are(times: Times) -> None:
    values = (np.random.default_rng(4).random(3000) < 0.05).astype(float)
    values[2500:2505] = [6, 9, 12, 8, 7]
    detector = Detector()

    assert starts(detector, times(3000), values) == [2500]
    assert detector.family is Family.SPARSE
    assert detector.says() == "6, where 95% of all points are 0."


def test_a_counter_is_judged_by_its_rate_and_may_reset(times: Times) -> None:
    rates = np.random.default_rng(5).normal(100, 5, 3000)
    rates[2500:2510] = 400
    total = np.cumsum(rates)
    total[1800:] -= total[1799]
    detector = Detector(Looks.NOVELTY)

    assert starts(detector, times(3000), total) == [2500]
    assert "400 each 1 min" in detector.says()


def test_a_series_that_falls_a_little_is_no_counter(times: Times) -> None:
    values = np.cumsum(np.random.default_rng(6).normal(1, 0.2, 1000))
    values[600] = values[599] - 0.5

    read = Detector().feed_many(times(1000), values)

    assert read.expected[-1] == pytest.approx(values[-1], rel=0.05) or math.isnan(read.expected[-1])


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e300])
def test_what_is_no_number_is_passed_over(wrong: float, times: Times, level: Values) -> None:
    plain, disturbed = Detector(), Detector()
    at = times(2000)
    plain.feed_many(at[:1000], level[:1000])
    disturbed.feed_many(at[:1000], level[:1000])

    reading = disturbed.feed(at[1000], wrong)

    assert reading.score == 0
    assert (reading.started, reading.ended, reading.firing) == (False, False, False)
    assert disturbed.feed(at[1001], 51.0).score == plain.feed(at[1001], 51.0).score


def test_a_gap_in_polling_is_caught_up_without_an_alarm(times: Times) -> None:
    """Ten hours are missing, in which the level went on to wander."""
    rng = np.random.default_rng(7)
    values = 100 + np.cumsum(rng.normal(0, 0.02, 6000)) + rng.normal(0, 0.5, 6000)
    kept = np.r_[0:3000, 3600:6000]

    told = starts(Detector(), times(6000)[kept], values[kept])

    assert [row for row in told if 3000 <= row < 3300] == []


def test_stamps_that_repeat_or_run_backwards_are_judged_too(times: Times, level: Values) -> None:
    at = times(2000)
    at[700] = at[699]
    at[800:810] = at[800:810][::-1]
    at[900] = math.nan
    values = level.copy()
    values[1500:1503] = 95

    assert starts(Detector(), at, values) == [1500]


def test_a_season_survives_the_change_of_the_clocks(times: Times) -> None:
    """From the tenth day on people come an hour earlier: told on that day, and not again."""
    minutes = np.arange(16 * DAY)
    local = minutes + np.where(minutes >= 10 * DAY, 60, 0)
    level = 500 + 300 * np.sin(2 * np.pi * local / DAY)
    values = level * (1 + 0.03 * np.random.default_rng(9).standard_normal(16 * DAY))

    told = starts(Detector(Looks.SEASONAL), times(16 * DAY), values)

    assert len([row for row in told if 10 * DAY <= row < 11 * DAY]) <= 3
    assert [row for row in told if row >= 11 * DAY] == []


def test_one_side_only(times: Times, level: Values) -> None:
    values = level.copy()
    values[1200:1204] = 90
    values[1600:1604] = 10
    at = times(2000)
    sides: tuple[Side, ...] = ("both", "above", "below")

    told = [starts(Detector(Looks.NOVELTY, side=side), at, values) for side in sides]

    assert told == [[1200, 1600], [1200], [1600]]


def test_a_higher_bar_wants_more_evidence(times: Times, level: Values) -> None:
    values = level.copy()
    values[1200:1204] = 63
    values[1600:1604] = 200
    at = times(2000)

    assert starts(Detector(sure=0.5), at, values) == [1200, 1600]
    assert starts(Detector(sure=0.7), at, values) == [1600]


@pytest.mark.parametrize("sure", [0.0, 1.0, -1.0, math.nan])
def test_a_bar_is_between_0_and_1(sure: float) -> None:
    with pytest.raises(ValueError, match="sure"):
        Detector(sure=sure)


def test_one_by_one_is_the_same_as_many(times: Times, daily: Values) -> None:
    at, values = times(6000), daily[:6000].copy()
    values[5000:5010] *= 2
    single = Detector()

    one_by_one = [single.feed(float(a), float(v)) for a, v in zip(at, values, strict=True)]

    for row, (many, one) in enumerate(
        zip(Detector().feed_many(at, values), one_by_one, strict=True)
    ):
        assert _same(many, one), row


def test_scores_do_not_know_the_future(times: Times, daily: Values) -> None:
    at, values = times(5000), daily[:5000]
    whole = Detector().feed_many(at, values).score

    for size in (1, 299, 3000, 4321):
        assert (
            Detector().feed_many(at[:size], values[:size]).score.tolist() == whole[:size].tolist()
        )


def test_a_restart_goes_on_exactly(times: Times, daily: Values) -> None:
    at, values = times(9000), daily[:9000].copy()
    values[7000:7100] *= 1.8
    whole = Detector(side="above", sure=0.6).feed_many(at, values)
    for cut in (10, 5000, 7050):
        before = Detector(side="above", sure=0.6)
        before.feed_many(at[:cut], values[:cut])

        dumped = before.dump()
        after = Detector.load(dumped)

        assert len(dumped) < 8000
        assert after.says() == before.says()
        for row, reading in enumerate(after.feed_many(at[cut:], values[cut:]), cut):
            assert _same(reading, whole[row]), (cut, row)


def test_a_loaded_detector_may_have_another_bar(times: Times, level: Values) -> None:
    before = Detector(sure=0.5)
    before.feed_many(times(1000), level[:1000])

    strict = Detector.load(before.dump(), sure=0.9)

    assert before.feed(times(1001)[-1], 90.0).started
    assert not strict.feed(times(1001)[-1], 90.0).started


@pytest.mark.parametrize("junk", [b"", b"junk", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_what_is_no_state_is_refused(junk: bytes) -> None:
    with pytest.raises(ValueError, match="state"):
        Detector.load(junk)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=True), st.floats(allow_nan=True)), min_size=1, max_size=500
    )
)
def test_nothing_breaks_it(points: list[tuple[float, float]]) -> None:
    detector = Detector()
    for at, value in points * 3:
        reading = detector.feed(at, value)
        assert 0 <= reading.score <= 1
    assert Detector.load(detector.dump()).feed(0.0, 0.0).score <= 1


def _same(one: Reading, other: Reading) -> bool:
    numbers = ("score", "expected", "low", "high")
    return all(
        getattr(one, name) == getattr(other, name)
        or (math.isnan(getattr(one, name)) and math.isnan(getattr(other, name)))
        for name in numbers
    ) and (one.firing, one.started, one.ended, one.family) == (
        other.firing,
        other.started,
        other.ended,
        other.family,
    )
