"""The scripted model keeps to its script."""

import pytest

from knowledge.adapters.memory.llm import ScriptedLLM
from knowledge.errors import Unavailable
from knowledge.ports import Choice, Tool

TOOL = Tool("help", "Help")


def test_it_answers_in_order_and_remembers_what_it_was_asked() -> None:
    llm = ScriptedLLM(["one", Choice("help", {}), None])
    assert llm.write("be brief", "first") == "one"
    assert llm.choose("choose", "second", [TOOL]) == Choice("help", {})
    assert llm.choose("choose", "third", [TOOL]) is None
    assert [(a.text, a.tools) for a in llm.asked] == [
        ("first", ()),
        ("second", ("help",)),
        ("third", ("help",)),
    ]


def test_it_never_chooses_what_was_not_offered() -> None:
    assert ScriptedLLM([Choice("promotion", {})]).choose("", "", [TOOL]) is None


def test_at_the_end_of_its_script_it_is_gone() -> None:
    with pytest.raises(Unavailable):
        ScriptedLLM().write("", "hello")


def test_an_error_in_the_script_is_raised() -> None:
    with pytest.raises(Unavailable, match="asleep"):
        ScriptedLLM([Unavailable("the model", "asleep")]).write("", "hello")
