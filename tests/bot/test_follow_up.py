"""A question that leans on the one before means what a person would take it to mean."""

import pytest

from bot.follow_up import Meant, Said, Several, filled, meant, said
from bot.slots import Known
from skills.contract import Button, Call, Reply, Section
from skills.registry import installed

SKILLS = installed()
KNOWN = Known(services=("checkout", "billing"), models=("fraud", "churn-guard"))
LISTED = Said(
    Call("incident_list", {"status": "open"}), (("incident", "INC-4"), ("incident", "INC-7"))
)
SUMMED = Said(
    Call("incident_summary", {"incident": "INC-4"}),
    (("incident", "INC-4"), ("incident", "INC-7")),
)
DRIFT = Said(Call("model_drift", {"model": "fraud", "window": "7d"}), (("model", "fraud"),))
ONCALL = Said(Call("oncall", {"service": "checkout"}))


def summary(incident: str) -> Call:
    return Call("incident_summary", {"incident": incident})


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("the second one", LISTED, summary("INC-7")),
        ("what about the last one?", LISTED, summary("INC-7")),
        ("#2 please", LISTED, summary("INC-7")),
        ("number 1", LISTED, summary("INC-4")),
        ("y el segundo?", LISTED, summary("INC-7")),
        ("what about the other one?", LISTED, Several((summary("INC-4"), summary("INC-7")))),
        ("and the other one?", SUMMED, summary("INC-7")),
        ("und das andere?", SUMMED, summary("INC-7")),
        ("summarise the second one", LISTED, "summarise INC-7"),
        ("and INC-9?", SUMMED, summary("INC-9")),
        (
            "what about churn-guard?",
            DRIFT,
            Call("model_drift", {"model": "churn-guard", "window": "7d"}),
        ),
        (
            "and over the last 30 days?",
            DRIFT,
            Call("model_drift", {"model": "fraud", "window": "30d"}),
        ),
        ("and billing?", ONCALL, Call("oncall", {"service": "billing"})),
        ("what about resolved ones?", LISTED, Call("incident_list", {"status": "resolved"})),
    ],
)
def test_what_leans_on_the_talk_before(text: str, before: Said, expected: Meant) -> None:
    assert meant(text, before, SKILLS, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("and who is on call for checkout?", DRIFT),
        ("what about lunch?", DRIFT),
        ("and?", DRIFT),
        ("the other one", DRIFT),
        ("the fifth one", LISTED),
        ("the last deploy broke it", LISTED),
        ("the other team is on it", SUMMED),
        ("promote fraud 9", DRIFT),
    ],
)
def test_what_stands_for_itself(text: str, before: Said) -> None:
    assert meant(text, before, SKILLS, KNOWN) is None


def test_it_stands_for_what_was_talked_about() -> None:
    asked = filled(Call("model_status", {}), "which version of it is live?", DRIFT, SKILLS)
    assert asked == Call("model_status", {"model": "fraud"})


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (Call("model_status", {"model": "churn"}), "is it live?"),
        (Call("model_status", {}), "which version is live?"),
        (Call("help", {}), "what is this?"),
        (Call("incident_summary", {}), "what is it about?"),
    ],
)
def test_nothing_is_filled_in_without_need_or_ground(call: Call, text: str) -> None:
    assert filled(call, text, DRIFT, SKILLS) == call


def test_an_answer_is_remembered_by_what_its_buttons_are_about() -> None:
    reply = Reply(
        "Open",
        sections=(
            Section("a", buttons=(Button("Show", summary("INC-4")),)),
            Section("b", buttons=(Button("Show", summary("INC-7")), Button("x", url="y"))),
        ),
        buttons=(Button("All", Call("incident_list", {})),),
        about="INC-4",
    )
    assert said(LISTED.call, reply) == LISTED
