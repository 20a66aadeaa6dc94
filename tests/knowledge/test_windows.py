from datetime import UTC, datetime, timedelta

import pytest

from knowledge.windows import (
    Reference,
    Span,
    Version,
    Window,
    find_version,
    find_window,
    parse_rows,
    parse_window,
    split_against,
)

# A Sunday.
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def show(span: Span) -> str:
    return f"{span.start:%Y-%m-%d %H:%M} {span.end:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("24h", "2026-11-21 12:30", "2026-11-22 12:30"),
        ("last 7 days", "2026-11-15 12:30", "2026-11-22 12:30"),
        ("the last week", "2026-11-15 12:30", "2026-11-22 12:30"),
        ("today", "2026-11-22 00:00", "2026-11-22 12:30"),
        ("yesterday", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("yesterday 02:00-06:00", "2026-11-21 02:00", "2026-11-21 06:00"),
        ("last Thursday", "2026-11-19 00:00", "2026-11-20 00:00"),
        ("last Thursday 02:00-06:00", "2026-11-19 02:00", "2026-11-19 06:00"),
        ("thursday 22:00 to 03:00", "2026-11-19 22:00", "2026-11-20 03:00"),
        ("last Sunday", "2026-11-15 00:00", "2026-11-16 00:00"),
        ("Sunday", "2026-11-22 00:00", "2026-11-22 12:30"),
        ("since Monday", "2026-11-16 00:00", "2026-11-22 12:30"),
        ("since 2026-11-20 14:00", "2026-11-20 14:00", "2026-11-22 12:30"),
        ("since 9am", "2026-11-22 09:00", "2026-11-22 12:30"),
        ("2026-11-01", "2026-11-01 00:00", "2026-11-02 00:00"),
        ("2026-11-01 to 2026-11-08", "2026-11-01 00:00", "2026-11-09 00:00"),
        ("2026-11-01/2026-11-08", "2026-11-01 00:00", "2026-11-09 00:00"),
        ("2026-11-01 - 2026-11-08", "2026-11-01 00:00", "2026-11-09 00:00"),
        ("from 2026-11-01 14:00 to 18:00", "2026-11-01 14:00", "2026-11-01 18:00"),
        ("2026-11-01T14:00Z to 2026-11-02T02:00Z", "2026-11-01 14:00", "2026-11-02 02:00"),
        ("between 1 Nov and 3 Nov", "2026-11-01 00:00", "2026-11-04 00:00"),
        ("Nov 1 to Nov 3, 2026", "2026-11-01 00:00", "2026-11-04 00:00"),
        ("24 December", "2025-12-24 00:00", "2025-12-25 00:00"),
        ("6h ago to 2h ago", "2026-11-22 06:30", "2026-11-22 10:30"),
        ("2026-11-20 until now", "2026-11-20 00:00", "2026-11-22 12:30"),
        ("02:00-06:00", "2026-11-22 02:00", "2026-11-22 06:00"),
        ("2026-11-20 to 2026-11-30", "2026-11-20 00:00", "2026-11-22 12:30"),
    ],
)
def test_a_span_of_time(text: str, start: str, end: str) -> None:
    assert show(parse_window(text).span(NOW)) == f"{start} {end}"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        # The clocks went back on 2026-10-25 at 03:00 and forward on 2026-03-29 at 02:00.
        ("2026-10-25 Europe/Berlin", "2026-10-24 22:00", "2026-10-25 23:00"),
        ("2026-03-29 Europe/Berlin", "2026-03-28 23:00", "2026-03-29 22:00"),
        ("2026-03-29 02:30 to 04:00 Europe/Berlin", "2026-03-29 01:30", "2026-03-29 02:00"),
        ("2026-11-01 01:30-06:00 America/New_York", "2026-11-01 05:30", "2026-11-01 11:00"),
        ("yesterday Asia/Tokyo", "2026-11-20 15:00", "2026-11-21 15:00"),
        ("yesterday 02:00-06:00 UTC", "2026-11-21 02:00", "2026-11-21 06:00"),
    ],
)
def test_a_day_of_another_zone_has_its_own_hours(text: str, start: str, end: str) -> None:
    assert show(parse_window(text).span(NOW)) == f"{start} {end}"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("last week", "2026-11-12 02:00", "2026-11-19 02:00"),
        ("the day before", "2026-11-18 02:00", "2026-11-19 02:00"),
        ("the 7 days before that", "2026-11-12 02:00", "2026-11-19 02:00"),
        ("a week earlier", "2026-11-12 02:00", "2026-11-12 06:00"),
        ("same time last week", "2026-11-12 02:00", "2026-11-12 06:00"),
        ("the same hours a day earlier", "2026-11-18 02:00", "2026-11-18 06:00"),
        ("yesterday", "2026-11-21 00:00", "2026-11-22 00:00"),
    ],
)
def test_what_it_is_compared_with_comes_before_it(text: str, start: str, end: str) -> None:
    compared = parse_window("last Thursday 02:00-06:00").span(NOW)
    assert show(parse_window(text).span(NOW, compared)) == f"{start} {end}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soon", "'soon' is no span of time; write for example 24h, yesterday, 2026-11-01 to"),
        ("14:00", "is one moment and no window"),
        ("2026-13-01", "2026-13-01 is no day of the calendar"),
        ("2026-02-30 to 2026-03-02", "2026-02-30 is no day of the calendar"),
        ("yesterday 26:00-27:00", "26:00 is no time of day"),
        ("yesterday Europe/Atlantis", "'Europe/Atlantis' is no time zone that is known"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_remedy(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        parse_window(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-12-01", "'2026-12-01' lies in the future"),
        ("2026-11-08 to 2026-11-01", "ends before it begins"),
        ("0h", "must be longer than nothing"),
        ("a week earlier", "needs a window that it is earlier than"),
    ],
)
def test_a_span_that_cannot_be(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_window(text).span(NOW)


def test_rows_may_be_those_of_a_version_or_the_reference() -> None:
    assert parse_rows("v7") == Version("7")
    assert parse_rows("version 2.1") == Version("2.1")
    assert str(parse_rows("previous champion")) == "previous champion"
    assert parse_rows("the training data") == Reference()
    assert parse_rows("") == Reference()
    assert isinstance(parse_rows("7d"), Window)


@pytest.mark.parametrize(
    ("text", "window", "against"),
    [
        ("7d against last week", "7d", "last week"),
        ("v7 vs v6", "v7", "v6"),
        ("yesterday compared with a week earlier", "yesterday", "a week earlier"),
        ("against last week", "", "last week"),
        ("24h", "24h", ""),
    ],
)
def test_window_and_what_it_is_compared_with(text: str, window: str, against: str) -> None:
    assert split_against(text) == (window, against)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("drift of fraud last Thursday 02:00-06:00 please", "last Thursday 02:00-06:00"),
        ("did fraud move from 2026-11-01 to 2026-11-08?", "from 2026-11-01 to 2026-11-08"),
        ("fraud since Monday?", "since Monday"),
        ("how was churn on 2026-11-01", "2026-11-01"),
        ("is fraud drifting", ""),
        ("drift over the last 7 days", ""),
    ],
)
def test_the_window_in_a_longer_text(text: str, found: str) -> None:
    assert find_window(text) == found


def test_the_version_in_a_longer_text() -> None:
    assert find_version("fraud v7 or so") == "v7"
    assert find_version("fraud-v7") == ""


def test_spans_that_overlap() -> None:
    one, other = Span(NOW, NOW + timedelta(hours=2)), Span(NOW + timedelta(hours=1), NOW)
    assert one.overlap(other) is None
    assert one.overlap(Span(NOW - timedelta(hours=1), NOW + timedelta(hours=1))) == Span(
        NOW, NOW + timedelta(hours=1)
    )
