"""The scripted investigator uses tools as it is told."""

import pytest

from knowledge.adapters.memory.investigator import ScriptedInvestigator
from knowledge.errors import Unavailable
from knowledge.ports import Found, ReadTool, Tool
from knowledge.records import Claim, ToolResult

LOOK = ReadTool(Tool("look", "Look"), lambda args: Found(f"looked at {args['service']}"))


def test_it_uses_the_tools_that_are_there_and_tells_each_result() -> None:
    told: list[ToolResult] = []
    scripted = ScriptedInvestigator(
        [("look", {"service": "cart"}), ("fly", {})], [Claim("cart", ("r1",))]
    )
    found = scripted.investigate("why?", [LOOK], told.append)
    assert [result.text for result in found.results] == ["looked at cart"]
    assert list(found.results) == told
    assert (scripted.asked, scripted.offered) == (["why?"], ["look"])


def test_its_error_is_raised() -> None:
    with pytest.raises(Unavailable):
        ScriptedInvestigator(error=Unavailable("the language model", "gone")).investigate(
            "why?", [], [].append
        )
