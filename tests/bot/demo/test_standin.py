"""The stand-in: Prometheus's API as our client reads it, Alertmanager's webhook as we parse it."""

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from bot.demo.processes import Children, Served, free_port
from bot.demo.rules import RULES
from bot.demo.standin import KEEP, StandIn
from bot.demo.world import ORDERS, Reading, World, past, readings
from bot.webhooks import parser_for
from knowledge.adapters.prometheus import Prometheus
from knowledge.errors import UserError
from knowledge.records import Signal
from skills.testing import NOON

CLOCK = "DCGM_FI_DEV_SM_CLOCK"
"""It has no history from before the start."""
P99 = "northwind_request_p99_seconds"


class Receiver:
    """Takes webhooks; answers with `status`."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.tokens: list[str | None] = []
        self.status = 202
        receiver = self

        class Takes(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.tokens.append(self.headers["Authorization"])
                if receiver.status < 400:
                    receiver.bodies.append(body)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
        self.url = f"http://127.0.0.1:{self.server.server_port}/signals/alertmanager"

    def signals(self) -> list[Signal]:
        parse = parser_for("alertmanager")
        parsed = [parse(body, NOON + timedelta(hours=1)) for body in self.bodies]
        assert not any(one.refused for one in parsed)
        return [signal for one in parsed for signal in one.signals]


@pytest.fixture(scope="module")
def server() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def receiver(server: Receiver) -> Receiver:
    server.bodies.clear()
    server.tokens.clear()
    server.status = 202
    return server


class Telemetry:
    """A stand-in beside a world, its time in the test's hands."""

    def __init__(self, webhook: str) -> None:
        self.world = World()
        self.now = NOON
        self.stand_in = StandIn(
            lambda now: readings(self.world, now),
            webhook,
            "http://prometheus.example",
            "t0ken",
            past,
        )

    def run(self, seconds: int) -> None:
        for _ in range(0, seconds, 2):
            self.stand_in.tick(self.now)
            self.now += timedelta(seconds=2)


# Alerts --------------------------------------------------------------------------------------


def test_nothing_is_sent_while_all_is_well(receiver: Receiver) -> None:
    Telemetry(receiver.url).run(60)
    assert receiver.bodies == []


def test_an_alert_fires_once_and_resolves_once(receiver: Receiver) -> None:
    telemetry = Telemetry(receiver.url)
    telemetry.world.break_("deploy", NOON)
    telemetry.run(40)
    fired = receiver.signals()
    assert {s.name for s in fired} == {"HighErrorRate", "ErrorBudgetBurn"}
    assert all(s.firing and s.service == "checkout-api" for s in fired)
    assert len(fired) == 2

    telemetry.world.mend()
    telemetry.run(10)
    ended = receiver.signals()[2:]
    assert not any(s.firing for s in ended)
    pairs = [{(s.fingerprint, s.starts_at) for s in part} for part in (fired, ended)]
    assert pairs[0] == pairs[1], "the end names the very alert that began"


def test_what_is_sent_says_what_a_person_needs(receiver: Receiver) -> None:
    telemetry = Telemetry(receiver.url)
    telemetry.world.break_("gpu", NOON)
    telemetry.run(30)
    gpu = next(s for s in receiver.signals() if s.name == "GpuClockThrottled")
    rule = next(rule for rule in RULES if rule.name == gpu.name)
    assert gpu.labels["node"] == "gpu-3"
    assert (gpu.severity, gpu.runbook_url) == (rule.severity, rule.runbook)
    assert "gpu-3" in gpu.summary
    assert "408.9 MHz" in gpu.description
    assert gpu.url.startswith("http://prometheus.example/graph")
    assert set(receiver.tokens) == {"Bearer t0ken"}


def test_a_peak_shorter_than_the_rule_lasts_alerts_nobody(receiver: Receiver) -> None:
    telemetry = Telemetry(receiver.url)
    telemetry.run(10)
    telemetry.world.break_("deploy", telemetry.now - timedelta(seconds=4))
    telemetry.run(4)
    telemetry.world.mend()
    telemetry.run(20)
    assert receiver.bodies == []


@pytest.mark.parametrize("status", [503, 401])
def test_a_webhook_that_fails_is_sent_again(receiver: Receiver, status: int) -> None:
    telemetry = Telemetry(receiver.url)
    telemetry.world.break_("deploy", NOON)
    receiver.status = status
    telemetry.run(20)
    assert receiver.bodies == []
    assert len(receiver.tokens) > 1
    receiver.status = 202
    telemetry.run(6)
    assert len(receiver.signals()) == 2


def test_a_bot_that_is_not_there_yet_hears_of_it_later() -> None:
    late = Receiver()
    telemetry = Telemetry(late.url)
    late.server.server_close()
    telemetry.world.break_("deploy", NOON)
    telemetry.run(20)
    assert len(telemetry.stand_in._unsent) == 2


# Queries -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled() -> Telemetry:
    """Two minutes of history; nothing is sent, since nothing breaks."""
    telemetry = Telemetry("http://127.0.0.1:9/")
    telemetry.run(120)
    return telemetry


@pytest.fixture(scope="module")
def address(filled: Telemetry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    served = Served(filled.stand_in.app(), port)
    url = f"http://127.0.0.1:{port}"
    logs = tmp_path_factory.mktemp("logs")
    Children(logs).wait_for(f"{url}/-/healthy", 20, lambda share: None)
    yield url
    served.stop()


@pytest.fixture(scope="module")
def prometheus(address: str) -> Iterator[Prometheus]:
    made = Prometheus(address)
    yield made
    made.close()


def value_of(found: list[Reading], metric: str, wanted: Mapping[str, str]) -> float:
    (value,) = [v for m, labels, v in found if m == metric and wanted.items() <= labels.items()]
    return value


def test_an_instant_query_gives_the_last_value_of_each_series(
    filled: Telemetry, prometheus: Prometheus
) -> None:
    at = filled.now
    assert len(prometheus.instant(P99, at)) == 11
    (one,) = prometheus.instant(f'{P99}{{service="payments", zone="eu-1a"}}', at)
    last = readings(filled.world, at - timedelta(seconds=2))
    expected = value_of(last, P99, {"service": "payments"})
    assert one.value == pytest.approx(expected, rel=1e-5)
    assert one.labels["service"] == "payments"
    assert one.at == at


@pytest.mark.parametrize("query", ["up", f'{P99}{{service="nobody"}}', f"{P99}{{}}"])
def test_a_query_without_series_is_empty_and_not_an_error(
    filled: Telemetry, prometheus: Prometheus, query: str
) -> None:
    found = prometheus.instant(query, filled.now)
    assert len(found) == (11 if query.endswith("{}") else 0)


def test_a_range_query_gives_the_steps_that_are_known(
    filled: Telemetry, prometheus: Prometheus
) -> None:
    start, end = NOON - timedelta(seconds=60), NOON + timedelta(seconds=60)
    (series,) = prometheus.range(f'{CLOCK}{{node="gpu-1"}}', start, end, 20)
    assert [t - NOON.timestamp() for t in series.times] == [0, 20, 40, 60]
    at_20 = readings(filled.world, NOON + timedelta(seconds=20))
    expected = value_of(at_20, CLOCK, {"node": "gpu-1"})
    assert series.values[1] == pytest.approx(expected, rel=1e-5)


def test_a_range_query_reaches_back_before_the_start(
    filled: Telemetry, prometheus: Prometheus
) -> None:
    start, end = NOON - timedelta(hours=2), NOON + timedelta(seconds=60)
    (series,) = prometheus.range(ORDERS, start, end, 60)
    assert len(series.times) == 122
    (hour_ago,) = past(ORDERS, NOON - timedelta(hours=1))
    assert series.values[60] == pytest.approx(hour_ago[2], rel=1e-5)


def test_old_values_are_not_taken_for_new_ones(filled: Telemetry, prometheus: Prometheus) -> None:
    assert prometheus.instant(P99, filled.now + timedelta(minutes=10)) == []
    assert prometheus.instant(P99, NOON - timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"rate({P99}[5m])", "plain selectors only"),
        (f"sum({P99})", "plain selectors only"),
        (f'{P99}{{service=~"a.*"}}', 'label="value" only'),
        ("", "plain selectors only"),
    ],
)
def test_what_it_cannot_read_is_refused_clearly(
    filled: Telemetry, prometheus: Prometheus, query: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        prometheus.instant(query, filled.now)
    with pytest.raises(UserError, match=words):
        prometheus.range(query, NOON, filled.now, 10)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("query?query=up&time=noon", "time"),
        ("query?query=up&time=nan", "time"),
        ("query_range?query=up&end=2&step=1", "start"),
        ("query_range?query=up&start=1&end=2&step=fast", "step"),
        ("query_range?query=up&start=1&end=inf&step=1", "end"),
        ("query_range?query=up&start=1&end=2&step=0", "resolution"),
        ("query_range?query=up&start=0&end=100000&step=1", "resolution"),
    ],
)
def test_bad_parameters_are_a_400_that_names_them(address: str, path: str, field: str) -> None:
    answer = httpx.get(f"{address}/api/v1/{path}")
    assert answer.status_code == 400
    assert answer.json()["errorType"] == "bad_data"
    assert field in answer.json()["error"]


def test_the_page_and_the_health_check_say_what_it_is(address: str) -> None:
    assert httpx.get(f"{address}/-/healthy").status_code == 200
    for path in ("/", "/graph"):
        assert "stand-in" in httpx.get(f"{address}{path}").text
    assert httpx.get(f"{address}/api/v1/query?query=up").json()["data"]["result"] == []


def test_history_is_kept_for_half_an_hour_only() -> None:
    moments: list[datetime] = []

    def read(now: datetime) -> list[Reading]:
        moments.append(now)
        return [(P99, {"service": "payments"}, 0.1)]

    stand_in = StandIn(read, "http://127.0.0.1:9/", "http://x")
    for minutes in range(60):
        stand_in.tick(NOON + timedelta(minutes=minutes))
    ((_, points),) = stand_in._history.items()
    assert len(points) == KEEP / timedelta(minutes=1) + 1
