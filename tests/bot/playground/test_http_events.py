"""HTTP mode against a bare server that answers as a test tells it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from bot.playground.client import ActError
from bot.playground.serve import RunningPlayground


@dataclass
class Endpoint:
    """Keeps what came; `answers` are (status, headers) for each request, then 200."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    echo: bool = True
    url: str = ""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    kept = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((dict(self.headers), body))
            verifying = b"url_verification" in body
            status, headers = (200, {}) if verifying or not kept.answers else kept.answers.pop(0)
            said = body if verifying and kept.echo else b""
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}/slack/events"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


@pytest.fixture
def playground(quick: Any, endpoint: Endpoint) -> Iterator[RunningPlayground]:
    with RunningPlayground(timing=quick, rate_scale=None) as running:
        running.use_http(endpoint.url)
        endpoint.got.clear()
        yield running


def test_requests_are_signed(
    playground: RunningPlayground, endpoint: Endpoint, eventually: Any
) -> None:
    playground.client("ada").say("#general", "hello")
    eventually(lambda: endpoint.got)
    headers, body = endpoint.got[0]
    assert SignatureVerifier(playground.signing_secret).is_valid_request(body, headers)
    assert not SignatureVerifier("another").is_valid_request(body, headers)
    assert headers["Content-Type"] == "application/json"


def test_commands_are_forms(playground: RunningPlayground, endpoint: Endpoint) -> None:
    playground.client("ada").command("/x now", channel="#general")
    form = parse_qs(endpoint.got[0][1].decode())
    assert form["command"] == ["/x"]
    assert form["text"] == ["now"]


def test_an_event_is_sent_three_times_more(
    playground: RunningPlayground, endpoint: Endpoint, eventually: Any
) -> None:
    endpoint.answers = [(500, {})] * 3
    playground.client("ada").say("#general", "hello")
    eventually(lambda: len(endpoint.got) == 4)
    numbers = [headers.get("X-Slack-Retry-Num") for headers, _ in endpoint.got]
    assert numbers == [None, "1", "2", "3"]
    assert endpoint.got[1][0]["X-Slack-Retry-Reason"] == "http_error"
    assert len({body for _, body in endpoint.got}) == 1


def test_an_app_can_decline_repeats(
    playground: RunningPlayground, endpoint: Endpoint, eventually: Any
) -> None:
    endpoint.answers = [(500, {"X-Slack-No-Retry": "1"})]
    ada = playground.client("ada")
    ada.say("#general", "refused for good")
    eventually(lambda: endpoint.got)
    endpoint.answers = [(500, {})]
    ada.say("#general", "sent again")
    eventually(lambda: len(endpoint.got) == 3)
    assert [b"for good" in body for _, body in endpoint.got] == [True, False, False]


def test_a_url_must_answer_the_challenge(playground: RunningPlayground, endpoint: Endpoint) -> None:
    endpoint.echo = False
    with pytest.raises(ActError, match="the challenge did not come back"):
        playground.use_http(endpoint.url)


@pytest.mark.parametrize("url", ["http://example.org/slack/events", "", "file:///etc/passwd"])
def test_a_url_must_be_on_this_machine(playground: RunningPlayground, url: str) -> None:
    with pytest.raises(ActError, match="is not on this machine"):
        playground.use_http(url)


def test_a_failing_command_is_not_repeated(
    playground: RunningPlayground, endpoint: Endpoint
) -> None:
    endpoint.answers = [(500, {})]
    with pytest.raises(ActError, match="http_error"):
        playground.client("ada").command("/x")
    assert len(endpoint.got) == 1
