"""What goes wrong with the playground's Slack when it is told to."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.playground.playground import Timing
from bot.playground.serve import RunningPlayground
from bot.playground.troubles import Kind, Troubles

PATIENT = Timing(ack=30.0)
"""Nothing is sent again, however busy the machine."""


@pytest.fixture
def playground() -> Iterator[RunningPlayground]:
    with RunningPlayground(timing=PATIENT, rate_scale=None) as running:
        yield running


@pytest.fixture
def troubles(playground: RunningPlayground) -> Troubles:
    return playground.playground.troubles


@pytest.fixture
def web(playground: RunningPlayground) -> WebClient:
    return WebClient(playground.bot_token, base_url=playground.api_url, timeout=5)


def said(playground: RunningPlayground) -> list[str]:
    return [m.text for m in playground.client("ada").read("#general")]


def url_of(playground: RunningPlayground) -> str:
    app = WebClient(base_url=playground.api_url)
    return str(app.apps_connections_open(app_token=playground.app_token)["url"])


@contextmanager
def socket(playground: RunningPlayground) -> Iterator[ClientConnection]:
    with connect(url_of(playground)) as made:
        made.recv(timeout=5)
        yield made


def heard(line: ClientConnection, count: int) -> list[Any]:
    """The next events' texts, each acknowledged."""
    texts = []
    for _ in range(count):
        message = json.loads(line.recv(timeout=5))
        line.send(json.dumps({"envelope_id": message["envelope_id"]}))
        texts.append(message["payload"]["event"]["text"])
    return texts


@pytest.mark.parametrize(
    ("trouble", "status", "arrives"),
    [("down", 503, False), ("failing", 500, False), ("lost", 500, True)],
)
def test_calls_that_fail(
    playground: RunningPlayground,
    troubles: Troubles,
    web: WebClient,
    trouble: str,
    status: int,
    arrives: bool,
) -> None:
    getattr(troubles, trouble)()
    with pytest.raises(SlackApiError) as caught:
        web.chat_postMessage(channel="#general", text="hello")
    assert caught.value.response.status_code == status
    assert said(playground) == (["hello"] if arrives else [])
    assert troubles.happened[Kind(trouble)] == 1
    troubles.mend()
    web.chat_postMessage(channel="#general", text="again")
    assert said(playground)[-1] == "again"


def test_a_limited_call_says_how_long_to_wait(troubles: Troubles, web: WebClient) -> None:
    troubles.limited(retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        web.auth_test()
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"


@pytest.mark.parametrize(("trouble", "arrives"), [("slow", False), ("late", True)])
def test_calls_that_take_their_time(
    playground: RunningPlayground, troubles: Troubles, trouble: str, arrives: bool
) -> None:
    getattr(troubles, trouble)(1.5)
    impatient = WebClient(playground.bot_token, base_url=playground.api_url, timeout=1)
    with pytest.raises(OSError, match="timed out"):
        impatient.chat_postMessage(channel="#general", text="hello")
    assert bool(said(playground)) is arrives
    playground.client("ada").wait_for("hello", channel="#general", timeout=5)


def test_a_share_of_the_calls_is_troubled(troubles: Troubles, web: WebClient) -> None:
    troubles.failing(share=0.5)
    failed = 0
    for _ in range(40):
        try:
            web.auth_test()
        except SlackApiError:
            failed += 1
    assert failed == troubles.happened[Kind.FAILING]
    assert 5 < failed < 35


def test_nobody_has_a_socket_while_it_is_down(
    playground: RunningPlayground, troubles: Troubles
) -> None:
    url = url_of(playground)
    with socket(playground) as line:
        troubles.down()
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=5)
    with pytest.raises(InvalidStatus), connect(url):
        pass


def test_sockets_are_dropped_again_and_again(
    playground: RunningPlayground, troubles: Troubles
) -> None:
    troubles.drop_sockets(every_s=0.2)
    for _ in range(2):
        with socket(playground) as line, pytest.raises(ConnectionClosed):
            line.recv(timeout=5)


def test_events_come_twice(playground: RunningPlayground, troubles: Troubles) -> None:
    troubles.events(twice=True)
    with socket(playground) as line:
        playground.client("ada").say("#general", "hello")
        assert heard(line, 2) == ["hello", "hello"]


def test_events_come_late(playground: RunningPlayground, troubles: Troubles) -> None:
    troubles.events(late_s=0.4)
    with socket(playground) as line:
        began = time.monotonic()
        playground.client("ada").say("#general", "hello")
        assert heard(line, 1) == ["hello"]
        # Never earlier; how much later depends on the machine.
        assert time.monotonic() - began >= 0.4


def test_events_come_out_of_order(playground: RunningPlayground, troubles: Troubles) -> None:
    troubles.events(jitter_s=1.0)
    numbers = [str(n) for n in range(10)]
    with socket(playground) as line:
        for number in numbers:
            playground.client("ada").say("#general", number)
        got = heard(line, len(numbers))
    assert got != numbers
    assert sorted(got) == numbers
