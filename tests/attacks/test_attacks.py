"""A sample of `make attacks`: the same classes, the same bot, a few inputs of each."""

import asyncio
import re
from collections.abc import Iterator

import pytest
import yaml

from benchmarks.attacks.__main__ import CLASSES, MODULES, measure, table
from benchmarks.attacks.forged import post
from benchmarks.attacks.nasty import altered
from benchmarks.attacks.openapi import FILE
from benchmarks.attacks.parsers import Target, targets
from benchmarks.attacks.searched import search
from benchmarks.attacks.signing import SENDERS, slack, slash
from benchmarks.attacks.tally import Answer, Class, Row
from benchmarks.attacks.world import World, attacked

INPUTS = 6
QUICK = [one for one in CLASSES if one.quick]
PARSERS = list(targets())
TOGETHER = 20


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with attacked() as running:
        yield running


@pytest.mark.parametrize("one", QUICK, ids=lambda one: one.name)
def test_nothing_gets_in_nothing_crashes_and_nothing_is_told(world: World, one: Class) -> None:
    row = asyncio.run(measure(world, one, INPUTS / one.inputs))
    assert row.inputs >= 3
    assert (row.let_in, row.crashed, row.secrets) == (0, 0, 0), row.problems


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.path)
def test_what_the_forgeries_are_made_of_would_get_in(world: World, sender: object) -> None:
    """Else it would prove nothing that they do not: the signature is good, whatever is said of the
    body."""
    answer = asyncio.run(post(world, sender.signed()))  # type: ignore[attr-defined]
    assert answer.status in (200, 202, 400)


@pytest.mark.parametrize("number", range(0, len(PARSERS), TOGETHER))
def test_no_parser_stumbles(number: int) -> None:
    """Over what hypothesis finds; each of them, however small the sample is."""
    row = Row("parsers", "read, or refused")
    for target in PARSERS[number : number + TOGETHER]:
        search(row, target, INPUTS)
    assert row.inputs >= len(PARSERS[number : number + TOGETHER]) * INPUTS / 2
    assert row.problems == []


def test_hypothesis_finds_a_parser_that_stumbles() -> None:
    """And brings the smallest input that breaks it."""
    row = Row("parsers", "read, or refused")
    search(row, Target("a length", lambda said: 1 // (len(said) < 3), ["ab"], altered), 200)
    assert row.crashed == 1
    assert re.match("crash: a length: '...': ZeroDivisionError", row.problems[0])


def test_a_signed_command_gets_in(world: World) -> None:
    body = slash(world.people["eva"], "list", trigger="test.1")
    answer = asyncio.run(post(world, slack(world.playground.signing_secret, body)))
    assert answer.status == 200


def test_the_openapi_has_every_address_of_the_http_side(world: World) -> None:
    routes = {route.path for route in world.app.routes}  # type: ignore[attr-defined]
    assert set(yaml.safe_load(FILE.read_text("utf-8"))["paths"]) == routes


def test_each_bad_end_is_counted_and_said() -> None:
    row = Row("x", "y", {"token": "s3cret"})
    row.saw(Answer(500, [], b"no"), "a crash")
    row.saw(Answer(202, [], b"s3cret"), "a leak", let_in=True)
    row.saw(Answer(503, [], b"later"), "an answer")
    row.attempt(lambda: 1 // 0, "an exception")
    row.attempt(lambda: int("x"), "a refusal", (ValueError,))
    assert (row.inputs, row.let_in, row.crashed, row.secrets) == (5, 1, 2, 1)
    assert len(row.problems) == 4
    assert "| x | 5 | 1 | 2 | 1 | y |" in table([row])


def test_there_are_enough_in_a_whole_run() -> None:
    assert sum(one.inputs for one in CLASSES) >= 100_000
    assert len({one.name for one in CLASSES}) == len(CLASSES) >= len(MODULES)
