"""Against a receiver that checks the signature as its documentation says."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from knowledge.adapters.trainers.system import Order
from knowledge.adapters.trainers.webhook import Webhook, signature
from knowledge.errors import Unavailable
from knowledge.records import RunState

MakeOrder = Callable[..., Order]
SECRET = "s3cret"


@dataclass
class Receiver:
    """Starts one run per delivery id, for those who know the secret."""

    runs: dict[str, Mapping[str, object]] = field(default_factory=dict)
    url: str = ""

    def take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        delivery, stamp = headers["X-Tandem-Delivery-Id"], headers["X-Tandem-Timestamp"]
        if headers["X-Tandem-Signature"] != signature(SECRET, delivery, stamp, body):
            return 401, {"message": "the signature is wrong"}
        self.runs.setdefault(delivery, json.loads(body))
        return 202, {"url": f"https://runs.example/{len(self.runs)}"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = state.take(dict(self.headers), body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/train"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_is_started_once_per_id_and_its_page_is_returned(
    receiver: Receiver, order: MakeOrder
) -> None:
    trainer = Webhook(receiver.url, SECRET)
    first = trainer.start(order("train", days=90))
    assert trainer.start(order("train", days=90)) == first
    assert first.url == "https://runs.example/1"
    assert receiver.runs["0c9f" * 8] == {
        "id": "0c9f" * 8,
        "model": "eta-model",
        "champion": "7",
        "reason": "drift",
        "parameters": {"days": 90},
        "by": "U1",
        "by_name": "ada",
        "at": "2026-03-05T12:00:00+00:00",
        "job": "train",
    }


def test_it_is_not_asked_how_it_goes_on(receiver: Receiver, order: MakeOrder) -> None:
    trainer = Webhook(receiver.url, SECRET)
    run = trainer.start(order(""))
    assert run.state is RunState.ASKED
    assert trainer.look(run) == run
    assert "job" not in receiver.runs["0c9f" * 8]


def test_another_secret_starts_nothing(receiver: Receiver, order: MakeOrder) -> None:
    with pytest.raises(Unavailable, match="the signature is wrong"):
        Webhook(receiver.url, "guess").start(order(""))
    assert receiver.runs == {}


def test_a_receiver_that_is_away_or_hangs_is_named(hanging: str, order: MakeOrder) -> None:
    with pytest.raises(Unavailable, match="training webhook"):
        Webhook("http://127.0.0.1:9/train", SECRET).start(order(""))
    with pytest.raises(Unavailable, match="did not answer in time"):
        Webhook(hanging, SECRET, timeout=0.1).start(order(""))
