from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks.changes import parse
from knowledge.errors import BadArgs
from knowledge.records import Change
from skills.testing import NOON

SMALLEST = {"service": "checkout", "summary": "new coupon rules"}


def test_the_smallest_change_happened_now_and_is_a_deploy() -> None:
    change = parse(SMALLEST, NOON)
    assert change == Change(change.id, NOON, "deploy", "checkout", "new coupon rules")
    assert change.id


def test_all_that_is_given_is_kept_and_what_is_not_ours_is_ignored() -> None:
    given = {
        **SMALLEST,
        "id": "d-1",
        "kind": "flag",
        "version": "4.12.0",
        "author": "ines",
        "url": "https://ci.example/1",
        "at": "2026-03-05T13:00:00+02:00",
        "pipeline": {"stage": "prod"},
    }
    at = datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert parse(given, NOON) == Change(
        "d-1", at, "flag", "checkout", "new coupon rules", "4.12.0", "ines", "https://ci.example/1"
    )


@pytest.mark.parametrize(
    ("at", "read"),
    [("2026-03-05T11:00:00", NOON - timedelta(hours=1)), (NOON.timestamp(), NOON), (None, NOON)],
)
def test_times_are_read_as_utc_where_they_say_nothing(at: object, read: datetime) -> None:
    assert parse({**SMALLEST, "at": at}, NOON).at == read


def test_the_same_words_at_the_same_moment_are_one_change() -> None:
    first = parse(SMALLEST, NOON)
    assert parse(SMALLEST, NOON).id == first.id
    assert parse(SMALLEST, NOON + timedelta(seconds=1)).id != first.id
    assert parse({**SMALLEST, "version": "2"}, NOON).id != first.id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"summary": "x"}, "service"),
        ({"service": "", "summary": "x"}, "service"),
        ({"service": "a"}, "summary"),
        ({"service": "a", "summary": "x" * 2001}, "summary"),
        ({"service": ["a"], "summary": "x"}, "service"),
        ({"service": "a", "summary": "\ud800"}, "summary"),
        ({**SMALLEST, "at": "yesterday"}, "at"),
        ({**SMALLEST, "at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({**SMALLEST, "author": None}, "author"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(BadArgs) as refused:
        parse(body, NOON)
    assert refused.value.field == field
    assert refused.value.remedy


values = st.none() | st.text(max_size=20) | st.integers() | st.floats() | st.lists(st.integers())


@given(
    st.dictionaries(
        st.sampled_from(["service", "summary", "kind", "version", "id", "at", "other"]), values
    )
)
def test_whatever_comes_it_is_a_change_or_a_named_mistake(body: dict[str, Any]) -> None:
    try:
        change = parse(body, NOON)
    except BadArgs as refused:
        wrong = refused.field
    else:
        assert change.at.tzinfo is UTC
        assert change.id
        return
    assert wrong in {*body, "service", "summary"}
