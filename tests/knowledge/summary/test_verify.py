"""The verifier refuses what its sources do not say."""

from datetime import UTC, datetime

import pytest

from knowledge.summary import SourceText, verify

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCES = (
    SourceText("M1", NOON, "ann", "ann 1,312 payments failed 11:55-12:40 on api v2.1.0", "ann"),
    SourceText("M2", NOON, "bo", "bo it was not the cache", "bo"),
)


@pytest.mark.parametrize(
    "text",
    [
        "1,312 payments failed from 11:55 to 12:40.",
        "1312 payments failed on api v2.1.0.",
        "According to ann, payments failed for 45 min.",
        "It was not the cache.",
    ],
)
def test_what_the_sources_say_passes(text: str) -> None:
    assert verify(text, SOURCES, people=["ann", "bo", "cleo"]) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1,313 payments failed.", "number 1,313"),
        ("Payments failed until 12:41.", "time 12:41"),
        ("Payments failed on api v2.1.1.", "identifier v2.1.1"),
        ("According to cleo, payments failed.", "name cleo"),
        ("The payments of Globex failed.", "name Globex"),
        ("Payments failed for 55 min.", "number 55"),
    ],
)
def test_what_they_do_not_say_is_named(text: str, problem: str) -> None:
    assert any(problem in p for p in verify(text, SOURCES, people=["ann", "bo", "cleo"]))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("It was the cache.", "denial"),
        ("It was not the cache, and all is resolved.", "resolved"),
        ("Everything works perfectly not wonderful today.", "most of its words"),
    ],
)
def test_another_wording_keeps_the_meaning(text: str, problem: str) -> None:
    problems = verify(text, SOURCES[1:], wording_of="It was not the cache.")
    assert any(problem in p for p in problems)


def test_another_wording_keeps_the_numbers() -> None:
    before = "1,312 payments failed 11:55-12:40."
    assert verify("Payments failed from 11:55 to 12:40.", SOURCES[:1], wording_of=before)
    assert not verify("From 11:55 to 12:40, 1,312 payments failed.", SOURCES[:1], wording_of=before)
