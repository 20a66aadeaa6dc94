"""Answers are read as models give them, well formed or not."""

import json

import pytest

from knowledge.investigation.answer import MOST_CLAIMS, read_answer
from knowledge.records import Claim

CLAIM = Claim("checkout p95 is 910 ms", ("r1", "r3"))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"findings": [{"text": CLAIM.text, "evidence": ["r1", "r3"]}], "unknown": ""}),
        '```json\n{"findings": [{"text": "checkout p95 is\\n910 ms", "evidence": "r1, r3"}]}\n```',
        'Here: {"claims": [{"text": "checkout p95 is 910 ms", "evidence": ["r1", "r3", "r1"]}]}',
        "Findings:\n- checkout p95 is 910 ms [r1, r3]\nThat is all.",
        "1. checkout p95 is 910 ms (r1 and r3).",
    ],
)
def test_claims_are_found(text: str) -> None:
    assert read_answer(text)[0] == (CLAIM,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It is slow.",
        "{not json",
        "[]",
        '{"findings": "none"}',
        '{"findings": [1, {"text": 2}]}',
    ],
)
def test_what_is_no_claim_is_none(text: str) -> None:
    assert read_answer(text)[0] == ()


def test_what_it_could_not_find_out_is_kept() -> None:
    assert read_answer('{"findings": [], "unknown": " no logs "}') == ((), "no logs")


def test_there_are_not_more_than_a_reader_takes() -> None:
    many = [{"text": f"claim {n}", "evidence": ["r1"]} for n in range(20)]
    assert len(read_answer(json.dumps({"findings": many}))[0]) == MOST_CLAIMS
