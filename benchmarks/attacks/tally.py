"""What is counted of an attack: inputs, let in, crashes, secrets; and the classes of attacks."""

import logging
import random
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from knowledge.errors import TandemError

if TYPE_CHECKING:
    from benchmarks.attacks.world import World

T = TypeVar("T")

TOO_SLOW_S = 3.0
"""One input that takes so much of a processor counts as a crash: others wait behind it."""
MOST_PROBLEMS = 12


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    @property
    def said(self) -> bytes:
        return b"\n".join(value for _, value in self.headers) + b"\n" + self.body


@dataclass
class Row:
    """One class of attack, and what came of it."""

    name: str
    expected: str
    secrets_planted: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: int = 0
    let_in: int = 0
    crashed: int = 0
    secrets: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        return self.let_in + self.crashed + self.secrets

    def saw(self, answer: Answer, case: str, *, let_in: bool = False) -> None:
        """One request and its answer. 503 is an answer: the bot says that it cannot now."""
        self.inputs += 1
        if answer.status >= 500 and answer.status != 503:
            self.crash(f"{case}: answered {answer.status}")
        if let_in:
            self.enters(f"{case}: answered {answer.status} {answer.body[:80]!r}")
        self.look(answer.said, case)

    def look(self, text: bytes | str, case: str) -> None:
        """Count a secret that stands in what goes out."""
        told = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        found = [name for name, secret in self.secrets_planted.items() if secret.encode() in told]
        if found:
            self.secrets += 1
            self.note(f"{case}: tells {', '.join(found)}")

    def attempt(
        self,
        call: Callable[[], T],
        case: object,
        allowed: tuple[type[Exception], ...] = (TandemError,),
    ) -> T | None:
        """One input for a function: it returns, or refuses with one of `allowed`, and soon."""
        self.inputs += 1
        begun = time.thread_time()
        result: T | None = None
        try:
            result = call()
        except allowed:
            pass
        except Exception as error:  # noqa: BLE001 whatever it is, it is counted
            frames = traceback.extract_tb(error.__traceback__)
            where = next(
                (f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames)), "?"
            )
            self.crash(f"{shortened(case)}: {type(error).__name__}: {str(error)[:90]} ({where})")
        if (took := time.thread_time() - begun) > TOO_SLOW_S:
            self.crash(f"{shortened(case)}: took {took:.1f} s")
        return result

    def check(self, holds: bool, case: object) -> None:
        """One input that must not get in."""
        self.inputs += 1
        if not holds:
            self.enters(shortened(case))

    def enters(self, why: str) -> None:
        self.let_in += 1
        self.note(f"let in: {why}")

    def crash(self, why: str) -> None:
        self.crashed += 1
        self.note(f"crash: {why}")

    def note(self, problem: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem.encode("ascii", "backslashreplace").decode())


def shortened(case: object) -> str:
    text = case if isinstance(case, str) else repr(case)
    return text if len(text) <= 140 else f"{text[:120]}… ({len(text)} characters)"


class Watch(logging.Handler):
    """Reads the log that the bot writes meanwhile, as it is formatted: tracebacks and secrets."""

    def __init__(self, secrets: Mapping[str, str], form: logging.Formatter) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(form)
        self._secrets = secrets
        self._guard = threading.Lock()
        self.tracebacks: list[str] = []
        self.leaks: list[str] = []
        self.lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        found = [name for name, secret in self._secrets.items() if secret in text]
        with self._guard:
            self.lines += 1
            if record.exc_info:
                self.tracebacks.append(text[-300:])
            if found:
                self.leaks.append(f"{record.name} tells {', '.join(found)}: {text[:100]!r}")


@dataclass(frozen=True)
class Class:
    """A class of attack. `run` is given how many inputs are wanted of it, about."""

    name: str
    expected: str
    inputs: int
    """In a whole run."""
    run: Callable[["World", Row, int], Awaitable[None]]
    changes: bool = False
    """Whether honest requests among the bad ones may change what is stored."""
    quick: bool = True
    """Whether a few of its inputs take less than a second."""


def seeded(name: str) -> random.Random:
    """The same inputs in every run."""
    return random.Random(f"tandem:{name}")


def spread(items: Iterable[T], number: int) -> list[T]:
    """So many of them, evenly from all; all where there are fewer."""
    listed = list(items)
    if number >= len(listed):
        return listed
    return [listed[i * len(listed) // number] for i in range(number)]
