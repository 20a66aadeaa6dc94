import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest

from knowledge.adapters.prometheus import Prometheus
from knowledge.errors import Unavailable, UserError

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SAMPLE = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [
            {
                "metric": {"code": "200", "service": "checkout"},
                "values": [[1795307570, "9.056560000000003"], [1795307575, "21.369101999999994"]],
            },
            {"metric": {"code": "500"}, "values": [[1795307570, "NaN"], [1795307575, "+Inf"]]},
        ],
    },
    "warnings": ["one target is slow"],
}


def answering(respond: Callable[[httpx.Request], httpx.Response]) -> Prometheus:
    client = httpx.Client(transport=httpx.MockTransport(respond))
    return Prometheus("http://prometheus:9090/", client=client)


def test_a_captured_answer_is_read_and_numbers_only_are_kept() -> None:
    prometheus = answering(lambda request: httpx.Response(200, json=SAMPLE))
    ok, failed = prometheus.range("rate(x[1m])", NOON, NOON + timedelta(hours=1), 5)
    assert ok.labels == {"code": "200", "service": "checkout"}
    assert ok.times.tolist() == [1795307570, 1795307575]
    assert ok.values[0] == pytest.approx(9.05656)
    assert failed.values.tolist() == [np.inf]
    assert prometheus.warnings == ("one target is slow",)


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def _stall(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("", request=request)


@pytest.mark.parametrize(
    ("respond", "said", "retry"),
    [
        (_refuse, "does not answer: connection refused", True),
        (_stall, "took longer than 10 s", True),
        (lambda request: httpx.Response(502, text="<html>"), "is this a Prometheus", True),
        (lambda request: httpx.Response(401, json={}), "HTTP 401", False),
        (lambda request: httpx.Response(503, json={"status": "error"}), "HTTP 503", True),
    ],
)
def test_failures_say_whether_to_try_again(
    respond: Callable[[httpx.Request], httpx.Response], said: str, retry: bool
) -> None:
    with pytest.raises(Unavailable, match=said) as raised:
        answering(respond).instant("up", NOON)
    assert raised.value.retry is retry


class _Drip(BaseHTTPRequestHandler):
    """A byte of its answer every hundredth of a second, for four seconds."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "400")
        self.end_headers()
        with suppress(OSError):
            for _ in range(400):
                self.wfile.write(b" ")
                time.sleep(0.01)

    def log_message(self, *args: object) -> None:
        """Quiet."""


def test_an_answer_that_drips_ends_at_the_timeout() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Drip) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        prometheus = Prometheus(f"http://127.0.0.1:{server.server_port}", timeout=0.2)
        try:
            with pytest.raises(Unavailable, match=r"took longer than 0\.2 s"):
                prometheus.instant("up", NOON)
        finally:
            prometheus.close()
            server.shutdown()
            thread.join()


def test_a_long_range_takes_longer_steps() -> None:
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(httpx.QueryParams(request.content.decode()))
        return httpx.Response(200, json=SAMPLE)

    answering(respond).range("up", NOON, NOON + timedelta(days=7), 5)
    assert timedelta(days=7).total_seconds() / float(asked[0]["step"]) < 11_000


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (apt-get install prometheus)")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text(json.dumps({"global": {"scrape_interval": "1s"}}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/d"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, f"--web.listen-address={address}"], stderr=log)
    prometheus = Prometheus(f"http://{address}")
    try:
        deadline = time.monotonic() + 30
        while not _answers(prometheus):
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield prometheus
    finally:
        prometheus.close()
        server.terminate()
        server.wait(20)


def _answers(prometheus: Prometheus) -> bool:
    try:
        return bool(prometheus.instant("vector(1)", datetime.now(UTC)))
    except Unavailable:
        return False


@pytest.mark.prometheus
def test_a_real_prometheus(real: Prometheus) -> None:
    now = datetime.now(UTC)
    (one,) = real.instant("vector(42)", now)
    assert (one.value, one.labels) == (42, {})
    assert real.instant("1 / 0", now)[0].value == np.inf
    assert real.instant("0 / vector(0)", now) == []
    assert real.instant("nothing_at_all", now) == []
    (series,) = real.range("vector(7)", now - timedelta(minutes=1), now, 15)
    assert series.values.tolist() == [7] * 5
    with pytest.raises(UserError, match="parse error"):
        real.instant("rate(", now)
    with pytest.raises(UserError, match="needs a vector"):
        real.instant("up[5m]", now)


def test_a_named_source_is_named_in_its_errors() -> None:
    nowhere = Prometheus("http://127.0.0.1:1", timeout=2, name="eu", token="t0ken")
    with pytest.raises(Unavailable, match=r"^eu: http://127\.0\.0\.1:1 does not answer") as raised:
        nowhere.instant("up", NOON)
    assert "t0ken" not in str(raised.value)
    with pytest.raises(UserError, match="source 'eu': 'nonsense' is not a URL"):
        Prometheus("nonsense", name="eu").instant("up", NOON)


def test_a_token_is_sent() -> None:
    asked: list[str | None] = []

    class Guarded(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(SAMPLE).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    guarded = Prometheus(f"http://127.0.0.1:{server.server_port}", token="t0ken")
    guarded.range("x", NOON, NOON + timedelta(hours=1), 60)
    guarded.close()
    server.shutdown()
    server.server_close()
    assert asked == ["Bearer t0ken"]
