"""Socket Mode: the protocol itself, with slack_sdk's clients and bare sockets."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.playground.client import ActError
from bot.playground.serve import RunningPlayground


@pytest.fixture
def playground(quick: Any) -> Iterator[RunningPlayground]:
    with RunningPlayground(timing=quick, rate_scale=None) as running:
        yield running


def url_of(playground: RunningPlayground) -> str:
    web = WebClient(base_url=playground.api_url)
    return str(web.apps_connections_open(app_token=playground.app_token)["url"])


def receive(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=5))
    return message


def test_hello_comes_first_and_a_url_works_once(playground: RunningPlayground) -> None:
    url = url_of(playground)
    with connect(url) as socket:
        hello = receive(socket)
        assert hello["type"] == "hello"
        assert hello["connection_info"]["app_id"] == "A0PLAYGRND"
        with pytest.raises(InvalidStatus), connect(url):
            pass


def test_no_more_than_ten_sockets(playground: RunningPlayground) -> None:
    with ExitStack() as stack:
        for number in range(1, 11):
            socket = stack.enter_context(connect(url_of(playground)))
            assert receive(socket)["num_connections"] == number
        with pytest.raises(InvalidStatus), connect(url_of(playground)):
            pass


def test_each_payload_goes_to_one_socket() -> None:
    # Slack's own times: nothing is sent again while this test reads one socket after the other.
    with RunningPlayground() as playground, ExitStack() as stack:
        sockets = [stack.enter_context(connect(url_of(playground))) for _ in range(2)]
        for socket in sockets:
            receive(socket)
        ada = playground.client("ada")
        sent = [ada.say("#general", f"message {number}") for number in range(20)]
        got = [m["payload"]["event"]["ts"] for socket in sockets for m in _all(socket)]
        assert sorted(got) == sent


def _all(socket: ClientConnection) -> Iterator[dict[str, Any]]:
    """Acknowledge and give what comes, until nothing has come for a while."""
    while True:
        try:
            message = json.loads(socket.recv(timeout=0.15))
        except TimeoutError:
            return
        socket.send(json.dumps({"envelope_id": message["envelope_id"]}))
        yield message


def test_an_event_without_an_ack_is_sent_again(playground: RunningPlayground) -> None:
    with connect(url_of(playground)) as socket:
        receive(socket)
        playground.client("ada").say("#general", "hello")
        first, second = receive(socket), receive(socket)
        assert first["retry_attempt"] == 0
        assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
        assert first["envelope_id"] != second["envelope_id"]
        assert first["payload"]["event_id"] == second["payload"]["event_id"]
        socket.send(json.dumps({"envelope_id": second["envelope_id"]}))
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.7)


def test_an_ack_of_another_envelope_acknowledges_nothing(playground: RunningPlayground) -> None:
    with connect(url_of(playground)) as socket:
        receive(socket)
        socket.send(json.dumps({"envelope_id": "made-up"}))
        socket.send("not json")
        with pytest.raises(ActError, match="dispatch_failed"):
            playground.client("ada").command("/x")


def test_a_refresh_is_announced(playground: RunningPlayground) -> None:
    with connect(url_of(playground)) as socket:
        receive(socket)
        assert playground.client("ada").state()["app"]["mode"] == "socket"
        playground.refresh_sockets()
        gone = receive(socket)
        assert (gone["type"], gone["reason"]) == ("disconnect", "refresh_requested")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
    assert playground.client("ada").state()["app"]["mode"] == "none"


def test_without_a_socket_a_command_fails(playground: RunningPlayground) -> None:
    with pytest.raises(ActError, match="connection_failed"):
        playground.client("ada").command("/x")


@pytest.mark.parametrize("world", ["socket"], indirect=True)
def test_bolt_comes_back_after_a_refresh(world: Any, eventually: Any) -> None:
    ada = world.playground.client("ada")
    world.playground.refresh_sockets()

    def taken() -> bool:
        """False while the socket that is being closed is still the only one."""
        try:
            ada.command("/echo back", channel="#general")
        except ActError:
            return False
        return True

    eventually(taken, 15.0)
    assert ada.wait_for("you typed back")
