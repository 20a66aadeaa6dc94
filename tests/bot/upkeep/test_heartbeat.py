import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.upkeep.heartbeat import STUCK, Heartbeat
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Unavailable, UserError
from skills.testing import NOON


class Switch(ThreadingHTTPServer):
    """Keeps who was asked, and with what."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[tuple[str, str, str]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping/key-17"


class _Asked(BaseHTTPRequestHandler):
    server: Switch

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.server.asked.append((self.command, self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _take

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def switch() -> Iterator[Switch]:
    server = Switch()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def heartbeat(switch: Switch, wrong: list[str], **given: Any) -> Heartbeat:
    values: dict[str, Any] = {"fail_url": f"{switch.url}/fail", "outbox": MemoryStore().outbox}
    return Heartbeat(switch.url, wrong=lambda: wrong, now=lambda: NOON, **(values | given))


def test_it_is_told_while_all_is_well(switch: Switch) -> None:
    told: list[bool] = []
    heartbeat(switch, [], told=lambda: told.append(True)).work()
    assert switch.asked == [("GET", "/ping/key-17", "")]
    assert told == [True]


def test_what_is_wrong_is_told_where_failures_go(switch: Switch) -> None:
    heartbeat(switch, ["loops: stuck: intake", "database: does not answer"]).work()
    said = "loops: stuck: intake\ndatabase: does not answer"
    assert switch.asked == [("POST", "/ping/key-17/fail", said)]


def test_without_such_an_address_its_silence_tells(switch: Switch) -> None:
    heartbeat(switch, ["loops: stuck: intake"], fail_url="").work()
    assert switch.asked == []


def test_people_who_hear_nothing_are_a_failure(switch: Switch) -> None:
    outbox = MemoryStore().outbox
    outbox.put("card:INC-1", NOON - STUCK)
    heartbeat(switch, [], outbox=outbox).work()
    outbox.put("card:INC-2", NOON - STUCK - timedelta(minutes=1))
    heartbeat(switch, [], outbox=outbox).work()
    assert [asked[0] for asked in switch.asked] == ["GET", "POST"]
    assert switch.asked[1][2] == "outbox: something has waited 11 min for Slack"


def test_a_switch_that_refuses_has_not_been_told(switch: Switch) -> None:
    told: list[bool] = []
    switch.status = 404
    with pytest.raises(Unavailable, match="status 404") as raised:
        heartbeat(switch, [], told=lambda: told.append(True)).work()
    assert told == []
    assert "key-17" not in str(raised.value)


def test_a_switch_that_is_away_is_named_without_its_key(switch: Switch) -> None:
    gone = Heartbeat("http://127.0.0.1:9/key-17", "", list, MemoryStore().outbox, lambda: NOON)
    with pytest.raises(Unavailable) as raised:
        gone.work()
    assert "key-17" not in str(raised.value)


@pytest.mark.parametrize("url", ["ftp://a/b", "hc-ping.com/key-17", "https://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UserError, match="TANDEM_HEARTBEAT_URL is no address") as raised:
        Heartbeat(url, "", list, MemoryStore().outbox, lambda: NOON)
    assert "key-17" not in str(raised.value)
