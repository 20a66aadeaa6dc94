from datetime import UTC, datetime
from typing import Any

import pytest

from bot.webhooks.fields import LABELS_LIMIT, TEXT_LIMIT, Fields, bounded, fires, scalar, span, tags
from knowledge.errors import BadArgs
from skills.testing import NOON

SECONDS = int(NOON.timestamp())


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-05T12:00:00Z",
        "2026-03-05T13:00:00+01:00",
        "2026-03-05T12:00:00.000+0000",
        "2026-03-05 12:00:00",
        SECONDS,
        float(SECONDS),
        SECONDS * 1_000,
        SECONDS * 1_000_000,
        SECONDS * 1_000_000_000,
        str(SECONDS),
        str(SECONDS * 1_000),
    ],
)
def test_a_moment_in_any_form(given: object) -> None:
    assert Fields({"at": given}).moment("at") == NOON


@pytest.mark.parametrize(
    "given", [None, "", "null", 0, -1, "-1", "0001-01-01T00:00:00Z", "$DATE", "{State}", [], {}]
)
def test_what_says_no_moment(given: object) -> None:
    assert Fields({"at": given, "then": SECONDS}).moment("at", "then") == NOON
    assert Fields({"at": given}).moment("at") is None


@pytest.mark.parametrize(
    "given",
    ["soon", True, "2026-02-30T00:00:00Z", 1e300, float("nan"), "9999-12-31T23:59:59-12:00"],
)
def test_what_is_no_moment_is_refused_with_the_remedy(given: object) -> None:
    with pytest.raises(BadArgs, match="Use RFC 3339") as caught:
        Fields({"at": given}, "alerts[2]").moment("at")
    assert caught.value.field == "alerts[2].at"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("checkout", "checkout"),
        (" checkout ", "checkout"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (True, "true"),
        ("$5 of 10", "$5 of 10"),
        ("{a} and {b}", "{a} and {b}"),
        *(
            (nothing, "else")
            for nothing in (None, "", "null", "N/A", "$ALERT_ID", "${a.b}", "{PID}")
        ),
        *((nothing, "else") for nothing in ("{{incident.id}}", "$severity")),
    ],
)
def test_a_word_is_the_first_that_says_something(given: object, read: str) -> None:
    assert Fields({"a": given, "b": "else"}).word("a", "b") == read


@pytest.mark.parametrize(
    ("read", "field"),
    [
        (lambda f: f.word("list"), "x.list"),
        (lambda f: f.text("number"), "x.number"),
        (lambda f: f.need("missing", "also", remedy="Add it"), "x.missing"),
        (lambda f: f.child("list"), "x.list"),
        (lambda f: f.need_child("missing", "Add it"), "x.missing"),
        (lambda f: f.items("number"), "x.number"),
        (lambda f: f.texts("list"), "x.list"),
        (lambda f: f.texts("mixed"), "x.mixed.n"),
        (lambda f: f.time("number"), "x.number"),
    ],
)
def test_a_field_of_another_kind_is_named_by_its_path(read: Any, field: str) -> None:
    with pytest.raises(BadArgs) as caught:
        read(Fields({"list": [1], "number": 7, "mixed": {"n": 1}}, "x"))
    assert caught.value.field == field
    assert caught.value.remedy


def test_what_is_missing_is_empty() -> None:
    fields = Fields({})
    assert (fields.text("a"), fields.word("a"), fields.items("a"), fields.texts("a")) == (
        "",
        "",
        [],
        {},
    )
    assert fields.child("a") == Fields({}, "a")
    assert fields.child("a").child("b").path == "a.b"


def test_plain_values_become_labels_and_others_are_left_out() -> None:
    values = {"a": "x", "b": 2, "c": None, "d": [], "e": {}, "f": False}
    assert Fields(values).plain() == {"a": "x", "b": "2", "f": "false"}
    assert Fields(values).plain("b", "z") == {"b": "2"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("env:prod, urgent,team:a:b,late", {"tags": "urgent, late", "env": "prod", "team": "a:b"}),
        (["env:prod", 7], {"tags": "7", "env": "prod"}),
        ("", {}),
        ("{Tags}", {}),
        ("env:", {}),
        (None, {}),
        ({"a": 1}, {}),
    ],
)
def test_tags_become_labels(given: object, read: dict[str, str]) -> None:
    assert tags(given) == read


def test_labels_are_bounded_and_storable() -> None:
    many = bounded({f"l{n}": "v" for n in range(LABELS_LIMIT + 3)})
    assert many["tandem_note"] == "3 more were left out"
    assert len(many) == LABELS_LIMIT + 1
    assert bounded({"a\0": "\ud800"}) == {"a": "?"}
    assert len(scalar("x" * 100_000)) == TEXT_LIMIT


def test_a_state_that_is_not_known_offers_those_that_are() -> None:
    with pytest.raises(BadArgs, match="Use one of firing, resolved"):
        fires(Fields({}), "status", "melted", ("firing",), ("resolved",))


def test_a_span_without_its_start_begins_at_its_end() -> None:
    early = datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert span(True, None, early, NOON) == (NOON, None)
    assert span(True, early, None, NOON) == (early, None)
    assert span(False, early, None, NOON) == (early, NOON)
    assert span(False, None, early, NOON) == (early, early)
