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


GUESS = SourceText(
    "M3", NOON, "cy", "cy maybe 40 hosts of eu-west are slow, bo deployed at 11:50", "cy"
)
CLOUD = SourceText("M4", NOON, "cy", "cy 742 customers had 1,312 failed payments, 17% of all", "cy")


@pytest.mark.parametrize(
    ("source", "before", "text", "problem"),
    [
        (GUESS, "Maybe 40 hosts are slow.", "40 hosts are slow.", "a guess became a fact"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe 40 hosts are slow because of bo.", "a cause"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe bo made 40 hosts slow.", "bo is named"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe 40 hosts are slow since Monday.", "'Monday'"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe all 40 hosts are slow.", "'all'"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe not 40 hosts are slow.", "a denial"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe 40 hosts are slow, this is fixed.", "'fixed'"),
        (GUESS, "Maybe 40 hosts are slow.", "Maybe 40 min hosts are slow.", "changed its unit"),
        (CLOUD, "742 customers had 1,312 failed payments.",
         "742 payments of 1,312 customers failed.", "counts something else"),
        (CLOUD, "742 customers had 1,312 failed payments.",
         "Hundreds (742) of customers had 1,312 failed payments.", "'Hundreds'"),
        (SOURCES[0], "1,312 payments failed on api v2.1.0.", "1,312 payments failed on the api.",
         "identifier"),
        (SOURCES[1], "It was not the cache.", "The cache was fine, it was not a cause.", "a cause"),
    ],
)  # fmt: skip
def test_hostile_wordings_are_refused(
    source: SourceText, before: str, text: str, problem: str
) -> None:
    problems = verify(text, [source], people=["ann", "bo", "cy"], wording_of=before)
    assert any(problem in p for p in problems), problems


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("Maybe 40 hosts are slow.", "About 40 hosts may be slow."),
        ("742 customers had 1,312 failed payments.", "1,312 payments of 742 customers failed."),
    ],
)
def test_honest_wordings_pass(before: str, text: str) -> None:
    assert verify(text, [GUESS, CLOUD], people=["ann", "bo"], wording_of=before) == ()
