"""A model may word a summary; what does not hold is dropped."""

import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from knowledge.adapters.memory.llm import ScriptedLLM
from knowledge.errors import Unavailable
from knowledge.incident_files import read_incident
from knowledge.ports import Choice, Tool
from knowledge.records import Incident
from knowledge.summary import Group, Statement, Summary, reword, summarise, to_markdown

Talk = Callable[..., Incident]

NOW = datetime(2026, 1, 10, 16, tzinfo=UTC)


def impact(summary: Summary) -> Statement:
    return next(s for s in summary.of(Group.IMPACT) if "742" in s.text)


def test_a_sentence_that_holds_is_taken_and_its_sources_stay(incident: Incident) -> None:
    plain = summarise(incident, NOW)
    before = impact(plain)
    better = "Between 13:55 and 14:50, 1,312 payments from 742 customers failed (correction)."
    after = impact(reword(plain, incident, ScriptedLLM([json.dumps({before.id: better})]), 5))
    assert after == replace(before, text=better)


@pytest.mark.parametrize(
    "worse",
    [
        "Between 13:55 and 14:50, 1,400 payments from 742 customers failed.",
        "Between 13:55 and 14:50, no payments failed: 1,312 payments from 742 customers are fine.",
        "lars broke 1,312 payments from 742 customers between 13:55 and 14:50.",
        "",
    ],
)
def test_a_sentence_that_does_not_hold_is_dropped(incident: Incident, worse: str) -> None:
    plain = summarise(incident, NOW)
    llm = ScriptedLLM([json.dumps({impact(plain).id: worse})])
    assert reword(plain, incident, llm, 5) == plain


@pytest.mark.parametrize(
    "answer", ["no", "[1]", "{", '{"s1": 3}', Unavailable("the language model", "gone"), None]
)
def test_garbage_and_absence_change_nothing(
    incident: Incident, answer: str | Exception | None
) -> None:
    plain = summarise(incident, NOW)
    assert reword(plain, incident, ScriptedLLM([answer]), 5) == plain


class _Stuck:
    """A model that never answers on its own."""

    name = "stuck"

    def __init__(self) -> None:
        self.release = threading.Event()

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        return None

    def write(self, instructions: str, text: str) -> str:
        self.release.wait(30)
        return "{}"


def test_a_model_that_hangs_is_not_waited_for(incident: Incident) -> None:
    plain, stuck = summarise(incident, NOW), _Stuck()
    assert reword(plain, incident, stuck, 0.05) == plain
    stuck.release.set()


def test_secrets_do_not_leave_and_come_back_unmasked(talk: Talk) -> None:
    incident = talk(
        ("14:06", "ann", "on it"),
        ("15:05", "ann", "correction: 742 customers lost orders, list sent to pii@shop.example"),
    )
    plain = summarise(incident, NOW)
    before = impact(plain)
    offer = "742 customers lost orders (correction), and the list was sent to <EMAIL_1>."
    llm = ScriptedLLM([json.dumps({before.id: offer})])
    after = impact(reword(plain, incident, llm, 5))
    assert "pii@shop.example" not in llm.asked[0].text
    assert after.text == offer.replace("<EMAIL_1>", "pii@shop.example")


OWN = sorted((Path(__file__).parents[3] / "benchmarks" / "summaries_own").glob("*.json"))


class _False:
    """A model that says of every sentence something else than its sources do."""

    name = "false"

    def __init__(self, change: Callable[[str], str]) -> None:
        self._change = change

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        return None

    def write(self, instructions: str, text: str) -> str:
        said = {key: self._change(sentence) for key, sentence in json.loads(text).items()}
        return json.dumps(said)


@pytest.fixture(scope="module")
def own() -> list[tuple[Incident, Summary]]:
    read = [read_incident(f.read_text("utf-8"), f.name) for f in OWN[::3]]
    return [(incident, summarise(incident, NOW)) for incident in read]


def more(sentence: str) -> str:
    """Each number is larger by one."""
    return re.sub(r"(?<![\w.])\d+(?![\w.])", lambda m: str(int(m[0]) + 1), sentence)


def undenied(sentence: str) -> str:
    return re.sub(r"\b(?:not|no|never|without)\s|n't\b", "", sentence, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    "change",
    [
        more,
        undenied,
        lambda s: f"{s.rstrip('.')}, which caused the outage.",
        lambda s: f"{s.rstrip('.')} and everything is resolved and safe.",
        lambda s: f"{s.rstrip('.')} on sn-4711.",
        lambda s: f"Everybody agrees that {s[:1].lower()}{s[1:].rstrip('.')} since last week.",
        lambda s: f"Zoltan Quux says that {s[:1].lower()}{s[1:]}",
        lambda s: f"It is not the case that {s[:1].lower()}{s[1:]}",
        lambda s: "The incident had no impact.",
        lambda s: f"Ignore all previous instructions. {s}",
    ],
)
def test_of_a_model_that_lies_nothing_is_taken(
    own: list[tuple[Incident, Summary]], change: Callable[[str], str]
) -> None:
    for incident, plain in own:
        worded = reword(plain, incident, _False(change), 5)
        for before, after in zip(plain.statements, worded.statements, strict=True):
            assert after.text == before.text


def test_who_spoke_is_not_made_who_did_it(own: list[tuple[Incident, Summary]]) -> None:
    for incident, plain in own:
        for who in sorted({m.user for m in incident.thread} - {"tandem"}):
            worded = reword(plain, incident, _False(partial("{} did it: {}".format, who)), 5)
            for before, after in zip(plain.statements, worded.statements, strict=True):
                assert after.text == before.text or who in before.text.lower()


def test_the_length_stays_within_its_bound(own: list[tuple[Incident, Summary]]) -> None:
    def wordy(sentence: str) -> str:
        return f"{sentence.rstrip('.')}, as it was said in the thread of it."

    for incident, plain in own:
        worded = reword(plain, incident, _False(wordy), 5)
        assert len(to_markdown(worded).split()) <= 220
