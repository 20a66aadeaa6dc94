"""Two `tandem run` that Slack calls by HTTP, behind a load balancer that asks each in turn: what a
person began with one goes on with the other.

The tests go on from each other, in their order.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

import httpx
import pytest
from replicated import AGAIN_S, CHANNEL, Replicated, empty_database, replicas
from servers import answers, wait_until

from bot.playground.client import PersonClient

COMMANDS = 20
PATIENCE_S = 2.5
"""For one that is ready: Slack waits three seconds."""


class Balancer(ThreadingHTTPServer):
    """Sends each request to the next one that says it is ready and lets itself be connected to."""

    daemon_threads = True

    def __init__(self, urls: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self._urls = urls
        self._turn = count()
        self.answered = dict.fromkeys(urls, 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def forward(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response | None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            url = self._urls[next(self._turn) % len(self._urls)]
            if not answers(f"{url}/readyz"):
                continue
            try:
                answer = httpx.post(url + path, content=body, headers=headers, timeout=10)
            except httpx.ConnectError:
                continue  # It has ended since.
            self.answered[url] += 1
            return answer
        return None


class _Forward(BaseHTTPRequestHandler):
    server: Balancer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.forward(self.path, body, dict(self.headers))
        content = answer.content if answer else b""
        self.send_response(answer.status_code if answer else 503)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "") if answer else "")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def balancing(urls: list[str]) -> Iterator[Balancer]:
    with Balancer(urls) as balancer:
        thread = Thread(target=partial(balancer.serve_forever, poll_interval=0.05))
        thread.start()
        yield balancer
        balancer.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def two(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with (
        empty_database(postgresql_url, "balanced") as database,
        replicas(2, database, tmp_path_factory.mktemp, "http", tandem_drain_seconds=1) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def balancer(two: Replicated) -> Iterator[Balancer]:
    with balancing([bot.url for bot in two.bots]) as balancer:
        two.playground.use_http(f"{balancer.url}/slack/events")
        yield balancer


@pytest.fixture
def ada(two: Replicated, balancer: Balancer) -> PersonClient:
    return two.playground.client("ada")


def opened(ada: PersonClient, title: str) -> None:
    """By hand: a command, a press and a form."""
    ada.command(f"/incident open {title} sev2", CHANNEL)
    service = title.partition(":")[0]
    asked = ada.wait_for(f"Open an incident of {service}?", channel=CHANNEL, timeout=AGAIN_S)
    ada.click(asked, "Open")
    view = ada.wait_for_view("Open an incident", timeout=AGAIN_S)
    ada.submit(view, {"text": "told by a customer"})


def test_a_form_goes_on_with_whoever_gets_it(
    two: Replicated, balancer: Balancer, ada: PersonClient
) -> None:
    opened(ada, "payment: customers are charged twice")
    card = two.card("opened it by hand: told by a customer")
    ada.click(card, "Acknowledge")
    two.card("acknowledged by ada")
    assert min(balancer.answered.values()) >= 2


def test_a_talk_goes_on_with_whoever_hears_it(two: Replicated, ada: PersonClient) -> None:
    first = ada.say("#general", "@tandem list open incidents")
    ada.wait_for("customers are charged twice", channel="#general", after=first, timeout=AGAIN_S)
    for number in range(2):
        asked = ada.say("#general", "@tandem what about resolved ones?")
        ada.wait_for(lambda m: "resolved" in m.text_shown, "#general", AGAIN_S, after=asked)
        told = ada.thread("#general", asked)
        assert len(told) == 2, f"question {number}"


def test_an_event_that_both_hear_is_answered_once(two: Replicated, ada: PersonClient) -> None:
    two.playground.playground.troubles.events(twice=True)
    asked = [ada.say("#general", f"@tandem list incidents {n}") for n in range(6)]
    last = ada.say("#general", "@tandem help")
    ada.wait_for(lambda m: m.thread_ts == last, "#general", AGAIN_S, after=last)
    two.playground.playground.troubles.mend()
    for ts in asked:
        ada.wait_for(lambda m, ts=ts: m.thread_ts == ts, "#general", AGAIN_S)  # type: ignore[misc]
    assert [len(ada.thread("#general", ts)) for ts in asked] == [2] * 6


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_while_one_leaves_all_are_answered(
    two: Replicated, balancer: Balancer, ada: PersonClient, how: signal.Signals
) -> None:
    leaving, stays = two.bots
    before = dict(balancer.answered)
    for number in range(COMMANDS):
        if number == COMMANDS // 4:
            leaving.tell(how)
        # Raises when nobody acknowledges it.
        ada.command(f"/incident list nowhere{number}", CHANNEL)
    # What a killed one had acknowledged and not answered is asked again by the person.
    for number in range(COMMANDS if how is signal.SIGTERM else 0):
        ada.wait_for(f"nowhere{number}'", CHANNEL, AGAIN_S)
    wait_until(lambda: not leaving.is_alive(), "it does not end", seconds=AGAIN_S)
    assert balancer.answered[stays.url] - before[stays.url] >= COMMANDS // 2
    opened(ada, f"ledger{how.name}: books do not balance")
    ada.wait_for(f"*Service*\nledger{how.name}", CHANNEL, AGAIN_S)
    leaving.start()
    wait_until(partial(answers, f"{leaving.url}/readyz"), "it is not back", seconds=AGAIN_S)
