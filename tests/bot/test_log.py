import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from bot.log import masked, set_up
from knowledge.on_behalf import on_behalf
from knowledge.tracing import Trace, traced


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token xoxb-12-ab-CD used", "token *** used"),
        ("with xapp-1-A0-99-abc", "with ***"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer ***"),
        ("postgresql://tandem:pa55@db:5432/x", "postgresql://***@db:5432/x"),
        ("redis://:pa55@cache/0", "redis://***@cache/0"),
        ("GET /signals/azure?token=abc&x=1", "GET /signals/azure?token=***&x=1"),
        ("https://x.example/c.ics?a=1&api_key=k", "https://x.example/c.ics?a=1&api_key=***"),
        ("authorization: basic dTpw", "authorization: basic ***"),
        ("key -----BEGIN PRIVATE KEY-----\nab\n-----END PRIVATE KEY----- end", "key *** end"),
        ("postgresql://u:p@ss@db/x", "postgresql://***@db/x"),
        ("basic functions and a bearer", "basic functions and a bearer"),
        ("http://127.0.0.1:8080/healthz", "http://127.0.0.1:8080/healthz"),
        ("sqlite:///tandem.db", "sqlite:///tandem.db"),
        ("mail ada@northwind.example at 12:00", "mail ada@northwind.example at 12:00"),
    ],
)
def test_secrets_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Puts the loggers back as they were."""
    root, ours = logging.getLogger(), logging.getLogger("tandem")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)


def test_one_line_an_event_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("info")
    logging.getLogger("tandem.turn").info("turn %s with %s", 1, "xoxb-1-2")
    logging.getLogger("tandem.turn").debug("too much")
    logging.getLogger("httpx").info("a library talks")
    logging.getLogger("httpx").warning("something is wrong")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("INFO    tandem.turn: turn 1 with ***")
    assert second.endswith("WARNING httpx: something is wrong")


def test_traces_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("warning")
    try:
        raise ValueError("connecting with xoxb-77-secret")
    except ValueError:
        logging.getLogger("tandem").exception("failed")
    written = capsys.readouterr().err
    assert "ValueError: connecting with ***" in written
    assert "secret" not in written


def test_a_line_names_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("info")
    with traced(Trace("a" * 32)):
        logging.getLogger("tandem.turn").info("inside")
    assert capsys.readouterr().err.endswith(f"tandem.turn: inside trace={'a' * 32}\n")


def test_json_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("info", "json")
    log = logging.getLogger("tandem.turn")
    log.info('says "xoxb-1-2"\nand more')
    with traced(Trace("a" * 32, "b" * 16)), on_behalf(turn="Ev1", user="U1", purpose="stats"):
        try:
            raise ValueError("connecting with postgresql://tandem:pa55@db/x")
        except ValueError:
            log.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == 'says "***"\nand more'
    assert (first["level"], first["logger"]) == ("info", "tandem.turn")
    assert datetime.fromisoformat(first["at"]).tzinfo is not None
    assert "trace" not in first
    assert (second["trace"], second["span"]) == ("a" * 32, "b" * 16)
    assert (second["turn"], second["user"], second["skill"]) == ("Ev1", "U1", "stats")
    assert "ValueError: connecting with postgresql://***@db/x" in second["error"]
