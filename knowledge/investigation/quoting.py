"""Results as a language model sees them: numbered, masked, cut, and fenced off as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from knowledge.ports import ReadTool
from knowledge.records import ToolResult
from knowledge.redact import CREDENTIALS, Mask, kind_of, redact, visible

MOST_CHARACTERS = 4000
"""Of one result. The start of a reply says the most."""
CUT = "\n(cut: the rest is not shown)"
NO_MORE = "Not run: this investigation has used all its looks. Answer with what you have."


def quoted(text: str, result_id: str, tool: str, fence: str) -> str:
    """Data between marks that no text can forge: `fence` is drawn anew for each investigation, and
    taken out of the text all the same. Characters that nobody sees are taken out too."""
    inside = visible(text).replace(fence, "")
    return f"[{fence} begin {result_id} {tool}]\n{inside}\n[{fence} end {result_id}]"


@dataclass
class Desk:
    """What lies between the model and its tools, for one investigation; safe on many threads.

    What goes to the model is masked with one mask; arguments that it gives are unmasked for the
    tool, save for credentials, which no tool needs.
    """

    fence: str
    most_results: int
    on_result: Callable[[ToolResult], None] = lambda result: None
    results: list[ToolResult] = field(default_factory=list)
    mask: Mask = field(default_factory=Mask)
    _lock: Lock = field(default_factory=Lock)
    _given: int = 0

    def masked(self, text: str) -> str:
        """For the model."""
        with self._lock:
            hidden, self.mask = redact(text, self.mask)
        return hidden

    def use(self, tool: ReadTool, args: Mapping[str, Any]) -> str:
        """Run a tool and quote what it found."""
        number = self._next()
        if number > self.most_results:
            return NO_MORE
        given = {name: self._unmasked(value) for name, value in args.items()}
        found = tool.run(given)
        result = ToolResult(f"r{number}", tool.tool.name, given, found.text, found.ok)
        with self._lock:
            self.results.append(result)
        self.on_result(result)
        return quoted(self.masked(_cut(found.text)), result.id, result.tool, self.fence)

    def for_reader(self, text: str) -> str:
        """What the model wrote, for people."""
        return self.mask.for_reader(text)

    def in_order(self) -> tuple[ToolResult, ...]:
        with self._lock:
            return tuple(sorted(self.results, key=lambda result: int(result.id[1:])))

    def _next(self) -> int:
        with self._lock:
            self._given += 1
            return self._given

    def _unmasked(self, value: Any) -> Any:
        if isinstance(value, str):
            open_ones = {p: v for p, v in self.mask.hidden.items() if kind_of(p) not in CREDENTIALS}
            return Mask(open_ones).unmask(value)
        if isinstance(value, list):
            return [self._unmasked(item) for item in value]
        return value


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + CUT
