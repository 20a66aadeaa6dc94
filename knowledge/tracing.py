"""One id through everything that follows from one thing: a request of a person, a webhook, a round.

It travels with the work as `knowledge.on_behalf` does, in a context variable. Ids have the form of
W3C Trace Context (https://www.w3.org/TR/trace-context/), so that a sender's own id goes on here,
and what OpenTelemetry shows and what the log says is found by the same id.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


@dataclass(frozen=True)
class Trace:
    """Where in which trace the work is."""

    id: str = ""
    """32 hexadecimal digits; empty outside of any."""
    span: str = ""
    """16 of them, where spans are recorded: what comes next is below it."""

    @property
    def traceparent(self) -> str:
        """As a header; empty outside of any span."""
        return f"00-{self.id}-{self.span}-01" if self.span else ""


_CURRENT: ContextVar[Trace] = ContextVar("trace", default=Trace())  # noqa: B039  it is frozen


def trace() -> Trace:
    """That of the work at hand."""
    return _CURRENT.get()


@contextmanager
def traced(at: Trace) -> Iterator[None]:
    """The work inside the block belongs to it."""
    token = _CURRENT.set(at)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def adopt(at: Trace) -> None:
    """From here to the end of the block of `traced` the work belongs to it: its cause was found
    only now. Nothing outside of such a block."""
    if _CURRENT.get().id:
        _CURRENT.set(at)


def begun() -> Trace:
    """A trace of its own."""
    return Trace(token_hex(16))


def of_name(name: str) -> Trace:
    """The trace of what has an id already: the same wherever and whenever that id is met."""
    return Trace(sha256(name.encode()).hexdigest()[:32])


def read_traceparent(header: str) -> Trace | None:
    """The sender's trace and span; None where there is none, or where it is malformed."""
    found = _TRACEPARENT.fullmatch(header.strip().lower())
    if found is None or not found[1].strip("0") or not found[2].strip("0"):
        return None
    return Trace(found[1], found[2])
