"""An investigator that follows a script, for tests: it uses tools as it is told, then claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.errors import Unavailable
from knowledge.investigation import Desk
from knowledge.ports import ReadTool
from knowledge.records import Claim, Ended, Investigation, ToolResult

Step = tuple[str, Mapping[str, Any]]
"""A tool's name and its arguments."""


@dataclass
class ScriptedInvestigator:
    """Implements the `Investigator` port. A step whose tool is not there is left out, as an agent
    does; `error` is raised instead of an answer."""

    steps: Sequence[Step] = ()
    claims: Sequence[Claim] = ()
    ended: Ended = Ended.ANSWERED
    error: Unavailable | None = None
    asked: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    """Names of the tools that it was given."""

    @property
    def name(self) -> str:
        return "scripted"

    def investigate(
        self, question: str, tools: Sequence[ReadTool], on_result: Callable[[ToolResult], None]
    ) -> Investigation:
        self.asked.append(question)
        self.offered = [tool.tool.name for tool in tools]
        if self.error is not None:
            raise self.error
        desk = Desk("data-0", len(self.steps), on_result)
        by_name = {tool.tool.name: tool for tool in tools}
        for name, args in self.steps:
            if name in by_name:
                desk.use(by_name[name], args)
        return Investigation(
            claims=tuple(self.claims),
            results=desk.in_order(),
            ended=self.ended,
            prompt="investigate@0",
            tokens=1000,
            cost=0.02,
            seconds=3,
        )
