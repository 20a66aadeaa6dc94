"""Against a small server of the test's own that speaks /v1/embeddings."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from knowledge.adapters.openai_embedder import OpenAIEmbedder
from knowledge.errors import Unavailable


class Endpoint(BaseHTTPRequestHandler):
    """The vector of a text is (its length, 1); the model's name says how to misbehave."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = asked["model"]
        if model.startswith("status-"):
            self._answer(int(model.removeprefix("status-")), {"error": {"message": "no"}})
            return
        rows = [
            {"object": "embedding", "index": i, "embedding": [float(len(text)), 1.0]}
            for i, text in enumerate(asked["input"])
        ]
        if model == "short":
            rows.pop()
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        # Out of order on purpose: the index counts.
        body = {"object": "list", "data": rows[::-1], "model": model, "usage": usage}
        self._answer(200, body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _answer(self, status: int, body: object) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(payload)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_rows_are_in_order_and_of_length_one(base_url: str) -> None:
    embedder = OpenAIEmbedder("small", base_url)
    texts = ["x" * (n + 1) for n in range(70)]
    rows = embedder.encode(texts)
    assert rows.shape == (70, 2)
    assert (np.diff(rows[:, 0] / rows[:, 1]) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    assert (embedder.dimensions, embedder.name, embedder.ready) == (2, "openai:small", True)
    assert embedder.encode([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("model", "why", "retry"),
    [
        ("status-401", "OPENAI_API_KEY", False),
        ("status-404", "TANDEM_EMBEDDER", False),
        ("status-400", "answered 400", False),
        ("status-429", "answered 429", True),
        ("status-503", "answered 503", True),
        ("short", "gave 1 vectors for 2 texts", True),
    ],
)
def test_failures_are_translated(base_url: str, model: str, why: str, retry: bool) -> None:
    with pytest.raises(Unavailable, match=why) as caught:
        OpenAIEmbedder(model, base_url).encode(["a", "b"])
    assert caught.value.retry is retry


def test_secrets_stay_here(base_url: str) -> None:
    """The vector of a text is its length: as many characters arrived as the masked text has."""
    as_long_as_masked = "x" * len("key <TOKEN_1>")
    secret, other = OpenAIEmbedder("m", base_url).encode(
        ["key sk-abcdefghijklmnopqrstu", as_long_as_masked]
    )
    assert np.allclose(secret, other)


def test_nobody_there() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        OpenAIEmbedder("small", "http://127.0.0.1:9/v1", timeout_s=1).encode(["a"])
