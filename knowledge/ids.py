"""How records are numbered (requests, silences, executions): as people read and write it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from knowledge.errors import NotFound

_DIGITS = re.compile(r"[\s_-]*0*(\d{1,9})\s*")


@dataclass(frozen=True)
class Ids:
    """Numbers as people read and write them: 7 is "APR-7"."""

    kind: str
    """What is numbered, as an error names it."""
    prefix: str

    def of(self, number: int) -> str:
        return f"{self.prefix}-{number}"

    def number(self, text: str) -> int | None:
        """7 for "APR-7", "apr7", "#7" and "7"; None for what is no such id."""
        bare = text.strip().removeprefix("#").lstrip().lower().removeprefix(self.prefix.lower())
        match = _DIGITS.fullmatch(bare)
        return int(match[1]) if match else None

    def unknown(self, text: str, newest: Iterable[int]) -> NotFound:
        """What to raise for an id that is not there, given the numbers there are."""
        return NotFound.among(self.kind, text, map(self.of, newest))


APPROVALS = Ids("approval", "APR")
SILENCES = Ids("silence", "SIL")
MOVES = Ids("move", "MOV")
HANDOVERS = Ids("handover", "HND")
EXECUTIONS = Ids("execution", "EXE")
