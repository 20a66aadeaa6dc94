from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from knowledge.model_or_infra import Case, Kind, Reading, Watched
from knowledge.model_or_infra.measure import LEFT, measure, read, unusual
from tests.knowledge.model_or_infra.served import BEGAN, NOW, ago, case, watched


def of(seen: Watched) -> Reading:
    found = measure(seen, Case(NOW, BEGAN))
    assert found is not None
    return found


def test_what_stays_as_it_was_is_as_usual() -> None:
    calm = of(watched(Kind.LATENCY))
    assert calm.unusual < LEFT
    assert calm.since is None
    assert calm.now == pytest.approx(0.1, rel=0.02)


def test_what_jumps_is_told_with_its_onset_and_that_it_was_sudden() -> None:
    slow = of(watched(Kind.LATENCY, 0.8, ago(60)))
    assert slow.unusual > 10
    assert slow.since is not None
    assert abs(slow.since - ago(60)) <= timedelta(minutes=10)
    assert slow.sudden is True
    assert slow.up


def test_what_grows_for_hours_is_slow() -> None:
    grown = of(watched(Kind.REALISED, 20.0, ago(170), timedelta(hours=2.5)))
    assert grown.sudden is False


@pytest.mark.parametrize(("to", "off"), [(700.0, True), (2100.0, False)])
def test_only_the_worse_way_counts(to: float, off: bool) -> None:
    """A GPU's clock that rises is no trouble."""
    assert (of(watched(Kind.GPU, to, ago(60))).unusual > LEFT) is off


def test_volume_may_leave_its_range_either_way() -> None:
    fewer = of(watched(Kind.VOLUME, 40.0, ago(60)))
    more = of(watched(Kind.VOLUME, 160.0, ago(60)))
    assert fewer.unusual > LEFT
    assert not fewer.up
    assert more.unusual > LEFT
    assert more.up


def test_a_single_spike_is_no_news_and_no_onset() -> None:
    seen = watched(Kind.ERRORS, 0.3, ago(40))
    values = seen.values.copy()
    values[-9] = 0.5
    found = of(replace(seen, values=values))
    assert found.since is not None
    assert found.since >= ago(50)
    alone = watched(Kind.ERRORS)
    spiked = alone.values.copy()
    spiked[-2] = 0.5
    assert of(replace(alone, values=spiked)).unusual < LEFT


def test_what_matters_to_nobody_is_not_unusual_however_steady_it_was() -> None:
    steady = watched(Kind.ERRORS)
    values = np.where(steady.times >= ago(60).timestamp(), 0.0025, 0.002)
    assert of(replace(steady, values=values)).unusual < LEFT


def test_the_time_of_day_is_usual() -> None:
    """What doubles at this hour every day has not left its usual range; at another hour it has."""
    times = np.arange(NOW.timestamp() - 4 * 86_400, NOW.timestamp(), 600.0)
    hour = (times % 86_400) / 3600
    values = np.where((hour >= 10) & (hour < 13), 180.0, 90.0)
    busy = Watched(Kind.VOLUME, "requests", times, values)
    assert of(busy).unusual < LEFT
    early = replace(busy, values=np.where(times >= ago(60).timestamp(), 400.0, values))
    assert of(early).unusual > LEFT


@pytest.mark.parametrize("began", [NOW - timedelta(days=3), NOW])
def test_without_a_before_or_a_since_nothing_is_said(began: datetime) -> None:
    assert measure(watched(Kind.CPU), Case(NOW, began)) is None


def test_holes_and_the_future_are_left_out() -> None:
    seen = watched(Kind.CPU)
    values = seen.values.copy()
    values[::3] = np.nan
    later = np.append(seen.times, NOW.timestamp() + 600)
    found = of(replace(seen, times=later, values=np.append(values, 99.0)))
    assert found.unusual < LEFT


def test_an_alert_stands_in_for_a_signal_that_has_no_series() -> None:
    fires = Reading(Kind.GPU, "GpuClockThrottled", None, None, 6.5, ago(30))
    readings = read(replace(case({}, without=(Kind.GPU,)), readings=(fires,)))
    assert fires in readings
    assert unusual(readings) == (fires,)
    assert fires not in read(replace(case({}), readings=(fires,)))
