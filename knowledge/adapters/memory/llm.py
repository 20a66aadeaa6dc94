"""A language model that reads a script, for tests and the offline demo."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.errors import Unavailable
from knowledge.ports import Choice, Tool


@dataclass(frozen=True)
class Asked:
    """One question as it reached the model."""

    instructions: str
    text: str
    tools: tuple[str, ...] = ()


class ScriptedLLM:
    """Answers in the order of its script; an exception in the script is raised.

    When the script is used up it is Unavailable, as a model is that has gone away.
    """

    def __init__(self, script: Iterable[str | Choice | Exception | None] = ()) -> None:
        self._script = deque(script)
        self.asked: list[Asked] = []

    @property
    def name(self) -> str:
        return "scripted"

    def choose(self, instructions: str, text: str, tools: Sequence[Tool]) -> Choice | None:
        self.asked.append(Asked(instructions, text, tuple(t.name for t in tools)))
        answer = self._next()
        known = {t.name for t in tools}
        return answer if isinstance(answer, Choice) and answer.tool in known else None

    def write(self, instructions: str, text: str) -> str:
        self.asked.append(Asked(instructions, text))
        answer = self._next()
        if not isinstance(answer, str):
            raise Unavailable("the language model", "it gave an empty answer")
        return answer

    def _next(self) -> str | Choice | None:
        if not self._script:
            raise Unavailable("the language model", "its script is used up")
        answer = self._script.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer
