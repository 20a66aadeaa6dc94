"""Regular expressions that people type, matched in time linear in the value's length.

Python's `re` goes back: `(a+)+b` on thirty letters takes minutes, and values come from outside.
Here a pattern becomes a nondeterministic automaton that is walked one character at a time (K.
Thompson, "Regular expression search algorithm", CACM 11(6), 1968), and each step is kept once it
was computed. The language is what Prometheus and Alertmanager people write: classes, groups,
alternatives, repeats, a leading `(?i)`. What only backtracking can do is refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LONGEST = 400
"""Characters of a pattern."""
MOST_STATES = 1000
"""Counted repeats multiply: `((a{9}){9}){9}` is refused."""
MOST_STEPS = 20_000
"""Steps kept per pattern; beyond them the memory starts afresh."""

_TOKEN = re.compile(
    r"""\\. | \[\^?\]?(?:\\.|[^\]\\])*\] | \(\?[:i]?\)? | \{\d+(?:,\d*)?\} | .""", re.X | re.S
)
_COUNT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ESCAPES = frozenset("dDwWsStnrfv")

Test = Callable[[str], object]


@dataclass(frozen=True)
class _Character:
    test: Test


@dataclass(frozen=True)
class _Sequence:
    parts: "tuple[_Node, ...]"


@dataclass(frozen=True)
class _Either:
    ways: "tuple[_Node, ...]"


@dataclass(frozen=True)
class _Repeat:
    part: "_Node"
    least: int
    most: int | None


_Node = _Character | _Sequence | _Either | _Repeat


class Pattern:
    """A pattern that must match the whole value, as in Prometheus. Raises ValueError, in words,
    when it cannot be read or only backtracking could match it."""

    def __init__(self, text: str) -> None:
        self.text = text
        automaton = _Automaton(_parse(text))
        self._tests = automaton.tests
        self._final = automaton.final
        self._after = automaton.after
        self._start = automaton.closure({automaton.start})
        self._closure = automaton.closure
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, value: str) -> bool:
        states = self._start
        for character in value:
            known = self._steps.get((states, character))
            states = self._step(states, character) if known is None else known
            if not states:
                return False
        return self._final in states

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        reached = {self._after[s] for s in states if s in self._tests and self._tests[s](character)}
        following = self._closure(reached)
        if len(self._steps) >= MOST_STEPS:
            self._steps.clear()
        self._steps[states, character] = following
        return following


class _Automaton:
    """States are numbers. One with a test goes on to `after` by a character; `free` edges cost
    none."""

    def __init__(self, node: _Node) -> None:
        self.tests: dict[int, Test] = {}
        self.after: dict[int, int] = {}
        self._free: list[list[int]] = []
        self.start = self._new()
        self.final = self._add(node, self.start)

    def closure(self, states: set[int]) -> frozenset[int]:
        reached, waiting = set(states), list(states)
        while waiting:
            fresh = [s for s in self._free[waiting.pop()] if s not in reached]
            reached.update(fresh)
            waiting += fresh
        return frozenset(reached)

    def _new(self) -> int:
        if len(self._free) >= MOST_STATES:
            raise ValueError("its counted repeats multiply to too much")
        self._free.append([])
        return len(self._free) - 1

    def _add(self, node: _Node, start: int) -> int:
        """Build it from `start`; returns the state behind it."""
        match node:
            case _Character(test):
                # A state of its own: `start` may have other ways to go.
                here, end = self._new(), self._new()
                self._free[start].append(here)
                self.tests[here], self.after[here] = test, end
            case _Sequence(parts):
                end = start
                for part in parts:
                    end = self._add(part, end)
            case _Either(ways):
                end = self._new()
                for way in ways:
                    self._free[self._add(way, start)].append(end)
            case _Repeat():
                end = self._repeat(node, start)
        return end

    def _repeat(self, node: _Repeat, start: int) -> int:
        for _ in range(node.least):
            start = self._add(node.part, start)
        if node.most is None:
            again = self._new()
            self._free[start].append(again)
            self._free[self._add(node.part, again)].append(again)
            return again
        end = self._new()
        self._free[start].append(end)
        for _ in range(node.most - node.least):
            start = self._add(node.part, start)
            self._free[start].append(end)
        return end


# Reading


def _parse(text: str) -> _Node:
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text)} characters, {LONGEST} is the most")
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    flags = re.I if text.startswith("(?i)") else re.NOFLAG
    return _Reader(text[4:] if flags else text, flags).read()


class _Reader:
    """Recursive descent over tokens; `re` has found the pattern well formed before."""

    def __init__(self, text: str, flags: re.RegexFlag) -> None:
        self._tokens = _TOKEN.findall(text)
        self._flags = flags | re.S
        self._at = 0

    def read(self) -> _Node:
        return self._either()

    def _either(self) -> _Node:
        ways = [self._sequence()]
        while self._take("|"):
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else _Either(tuple(ways))

    def _sequence(self) -> _Node:
        return _Sequence(tuple(self._repeated()))

    def _repeated(self) -> Iterator[_Node]:
        while (token := self._token()) not in ("", "|", ")"):
            first = self._at == 0
            self._at += 1
            if token == "^" and first:
                continue
            if token == "$" and not self._token():
                continue
            yield self._with_repeats(self._part(token))

    def _with_repeats(self, part: _Node) -> _Node:
        counts = self._counts()
        if counts is None:
            return part
        # A lazy repeat (`.*?`) matches the same whole values.
        self._take("?")
        if self._counts() is not None:
            raise ValueError("possessive and doubled repeats cannot be used")
        return _Repeat(part, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        token = self._token()
        found = _COUNT.fullmatch(token)
        if token not in _REPEATS and not found:
            return None
        self._at += 1
        if found is None:
            return _REPEATS[token]
        least = int(found[1])
        if not found[2]:
            return least, least
        return least, int(found[3]) if found[3] else None

    def _part(self, token: str) -> _Node:
        if token in ("(", "(?:"):
            inner = self._either()
            self._take(")")
            return inner
        if token.startswith("(") or token in "^$":
            raise ValueError(f"{token!r} cannot be used here; only groups, classes and repeats can")
        if token[0] == "\\" and token[1].isalnum() and token[1] not in _ESCAPES:
            raise ValueError(f"{token!r} cannot be used; write the characters or a class [...]")
        # One character against one character: there is nothing to go back over.
        return _Character(re.compile(token, self._flags).fullmatch)

    def _token(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        taken = self._token() == token
        self._at += taken
        return taken
