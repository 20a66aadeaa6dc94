from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from knowledge.adapters.frames.times import (
    TimeColumn,
    epoch_unit,
    from_epoch,
    local_to_utc,
    moment_of,
    parse_times,
    to_epoch,
)
from knowledge.errors import UserError

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_numbers_is_told_by_their_size(unit: str) -> None:
    numbers = np.array([to_epoch(NOON, unit), np.nan])
    found = epoch_unit(TimeColumn("at", "auto"), numbers)
    assert found == unit
    times = from_epoch(numbers, found)
    assert times[0] == np.datetime64("2026-03-05T12:00")
    assert np.isnat(times[1])
    assert from_epoch(np.array([to_epoch(NOON, unit)], dtype=np.int64), unit)[0] == times[0]


def test_a_unit_that_is_set_is_not_guessed() -> None:
    assert epoch_unit(TimeColumn("at", "ms"), np.array([5.0])) == "ms"


@pytest.mark.parametrize(
    ("shown", "utc"),
    [
        ("2026-01-10T12:00", "2026-01-10T11:00"),
        ("2026-07-10T12:00", "2026-07-10T10:00"),
        # The clock goes from 02:00 to 03:00: this time was never shown.
        ("2026-03-29T02:30", "2026-03-29T01:30"),
        # And back from 03:00 to 02:00: shown twice, taken as the first.
        ("2026-10-25T02:30", "2026-10-25T00:30"),
        ("2026-10-25T03:00", "2026-10-25T02:00"),
    ],
)
def test_wall_times_follow_daylight_saving(shown: str, utc: str) -> None:
    found = local_to_utc(np.array([shown, "NaT"], dtype="datetime64[us]"), "Europe/Berlin")
    assert found[0] == np.datetime64(utc)
    assert np.isnat(found[1])


def test_texts_keep_their_own_zone() -> None:
    time = TimeColumn("at", zone="Europe/Berlin")
    texts = ["2026-07-10T12:00:00+05:00", "2026-07-10T12:00:00", None]
    found = parse_times(texts, "log.csv", time)
    assert found[:2].tolist() == [datetime(2026, 7, 10, 7), datetime(2026, 7, 10, 10)]
    with pytest.raises(UserError, match=r"log\.csv: time column 'at': .* write ISO 8601"):
        parse_times(["yesterday"], "log.csv", time)


def test_what_databases_give_as_a_moment() -> None:
    berlin = TimeColumn("at", "auto", "Europe/Berlin")
    offset = timezone(timedelta(hours=2))
    assert moment_of(datetime(2026, 3, 5, 14, tzinfo=offset), berlin) == NOON
    assert moment_of(datetime(2026, 3, 5, 13), berlin) == NOON
    assert moment_of("2026-03-05 12:00:00+00:00", berlin) == NOON
    assert moment_of(NOON.timestamp() * 1000, berlin) == NOON
    assert moment_of(None, berlin) is None


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(UserError, match="'Berlin' is not known; write one such as Europe/Berlin"):
        parse_times(["2026-07-10"], "log.csv", TimeColumn("at", zone="Berlin"))
