"""Every parser once more, with inputs that hypothesis searches for and makes small.

Where `parsers` makes mistakes in honest inputs by a rate, hypothesis draws where to change an
honest input and what to put there, or a whole input of its kind, and brings the smallest one of
those that break a parser.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning

from benchmarks.attacks.nasty import NUMBERS, TEXTS, altered, altered_bytes, dumped, mutated
from benchmarks.attacks.parsers import Target, payload, targets
from benchmarks.attacks.tally import Class, Row, spread
from benchmarks.attacks.world import World

T = TypeVar("T", str, bytes)

MOST_EDITS = 6
FEWEST = 3
"""Examples of a target, in a sample too."""

_TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(TEXTS))
_SCALARS = st.one_of(_TEXTS, st.sampled_from(NUMBERS), st.integers(), st.floats())


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4)


_JSON = st.recursive(_SCALARS, _grown, max_leaves=12)


@st.composite
def _edited(draw: st.DrawFn, honest: T, put: st.SearchStrategy[T]) -> T:
    """Some places of a text cut, exchanged, filled."""
    made = honest
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        at = draw(st.integers(0, len(made)))
        until = at + draw(st.integers(0, 20))
        made = made[:at] + draw(put) + made[until:]
    return made


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every part of a JSON value, itself first."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at, *(place for key, part in inner for place in _places(part, (*at, key)))]


def _with(value: Any, at: tuple[Any, ...], part: Any) -> Any:
    """The value with another part there."""
    if not at:
        return part
    copy = value.copy()
    copy[at[0]] = _with(value[at[0]], at[1:], part)
    return copy


@st.composite
def _changed(draw: st.DrawFn, honest: Any) -> Any:
    """Some parts of a JSON value, or all of it, exchanged for anything."""
    made = honest
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        made = _with(made, draw(st.sampled_from(_places(made))), draw(_JSON))
    return made


def _of_text(honest: str) -> st.SearchStrategy[Any]:
    return st.one_of(_edited(honest, _TEXTS), st.text())


def _of_bytes(honest: bytes) -> st.SearchStrategy[Any]:
    return st.one_of(_edited(honest, st.binary(max_size=20)), st.binary())


def _of_payload(honest: Any) -> st.SearchStrategy[Any]:
    sent = st.one_of(_changed(honest), _JSON).map(dumped)
    return st.one_of(sent, _of_bytes(dumped(honest)))


_KINDS: Mapping[Callable[..., Any], Callable[[Any], st.SearchStrategy[Any]]] = {
    altered: _of_text,
    altered_bytes: _of_bytes,
    mutated: _changed,
    payload: _of_payload,
}
"""By what `parsers` alters them with: each kind of input has one."""


@contextmanager
def beside_a_bot() -> Iterator[None]:
    """Whose threads take random numbers, of which hypothesis thinks that they are its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        yield


def search(row: Row, target: Target, examples: int) -> None:
    """So many inputs for one parser; the smallest one that breaks it is a crash."""

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of([_KINDS[target.alter](honest) for honest in target.honest]))
    def reads(drawn: Any) -> None:
        row.inputs += 1
        one = Row(row.name, row.expected)
        target.attempt(one, drawn)
        assert not one.problems, one.problems[0]

    try:
        with beside_a_bot():
            reads()
    except AssertionError as error:
        row.crashed += 1
        row.note(str(error))


async def _all(world: World, row: Row, inputs: int) -> None:
    every = list(targets())
    chosen = spread(every, max(1, inputs // FEWEST))
    for target in chosen:
        search(row, target, max(FEWEST, inputs // len(chosen)))


CLASSES = (
    Class(
        "every parser, searched by hypothesis",
        "read, or refused in words",
        40_000,
        _all,
        quick=False,
    ),
)
