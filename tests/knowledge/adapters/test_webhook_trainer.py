"""Against a receiver that checks the signature as its documentation says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from knowledge.adapters.webhook_trainer import WebhookTrainer, signature
from knowledge.errors import Unavailable
from knowledge.records import Training

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
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
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def training(reason: str = "drift in the weather feed") -> Training:
    return Training("t1", "eta-model", "7", reason, {"days": "90"}, "U1", "ada", NOON)


def test_a_run_is_started_once_per_id_and_its_page_is_returned(receiver: Receiver) -> None:
    trainer = WebhookTrainer(receiver.url, SECRET)
    assert trainer.start(training()).url == "https://runs.example/1"
    assert trainer.start(training()).url == "https://runs.example/1"
    assert receiver.runs["t1"] == {
        "id": "t1",
        "model": "eta-model",
        "champion": "7",
        "reason": "drift in the weather feed",
        "parameters": {"days": "90"},
        "by": "U1",
        "by_name": "ada",
        "at": "2026-03-05T12:00:00+00:00",
    }


def test_another_secret_starts_nothing(receiver: Receiver) -> None:
    with pytest.raises(Unavailable, match="the signature is wrong"):
        WebhookTrainer(receiver.url, "guess").start(training())
    assert receiver.runs == {}


def test_a_receiver_that_is_away_is_named() -> None:
    with pytest.raises(Unavailable, match="training webhook"):
        WebhookTrainer("http://127.0.0.1:9/train", SECRET).start(training())
