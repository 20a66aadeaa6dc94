"""The HTTP side, called through ASGI as a server would call it."""

import asyncio
import gzip
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.server import Counts, Intakes, SlackEvents, http_app
from bot.sns import SnsVerifier
from bot.webhooks import Sources, built_in, parse_sources, read
from bot.webhooks.auth import Received, Sns
from bot.webhooks.fields import MOST_REFUSED
from bot.webhooks.parsed import Handshake
from bot.webhooks.sources import MOST_BYTES
from knowledge.adapters.sql import open_store
from knowledge.errors import Unavailable
from knowledge.records import Change, Signal
from knowledge.tracing import trace
from skills.testing import NOON

TOKEN = "s3cret:with-colon"
HANDSHAKE = Path(__file__).parent / "webhooks" / "payloads" / "cloudwatch_handshake.json"


@dataclass
class Side:
    """The app, and what it passed on."""

    token: str = TOKEN
    signals: list[Signal] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    error: Exception | None = None
    counts: Counts = field(default_factory=Counts)
    healthy: bool = True
    sources: Sources | None = None
    sns: SnsVerifier | None = None
    gave_way: list[int] = field(default_factory=list)
    """How many webhooks were stored, each time that one waited for what is more urgent."""

    def take(self, source: str, body: bytes, signals: Sequence[Signal]) -> int:
        if self.error:
            raise self.error
        self.traces.append(trace().id)
        self.signals += signals
        self.bodies.append((source, body))
        return 1

    def change(self, change: Change) -> None:
        if self.error:
            raise self.error
        self.changes.append(change)

    def app(self, slack_events: SlackEvents | None = None) -> Starlette:
        return http_app(
            Intakes(self.take, self.change, lambda: NOON),
            self.sources or self.token,
            lambda: {"ok": self.healthy},
            slack_events,
            self.counts,
            sns=self.sns,
            give_way=lambda: self.gave_way.append(len(self.bodies)),
        )

    async def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = given.pop("headers", {"Authorization": f"Bearer {self.token}"})
        transport = httpx.ASGITransport(self.app(given.pop("slack_events", None)))
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            return await client.request(method, path, headers=headers, **given)

    async def post(self, path: str, **given: Any) -> httpx.Response:
        return await self.call("POST", path, **given)


@pytest.fixture
def side() -> Side:
    return Side()


def alert(name: str = "HighErrorRate", **given: Any) -> dict[str, Any]:
    labels = {"alertname": name, "service": "checkout"}
    return {"status": "firing", "labels": labels, "startsAt": "2026-03-05T11:59:00Z", **given}


def basic(password: str) -> str:
    return "Basic " + b64encode(f"anyone:{password}".encode()).decode()


async def test_a_webhook_waits_for_what_is_more_urgent_before_it_is_read(side: Side) -> None:
    for _ in range(2):
        assert (await side.post("/signals/alertmanager", json={"alerts": [alert()]})).is_success
    assert side.gave_way == [0, 1]


# Who may send --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 202),
        (f"bearer {TOKEN}", 202),
        (basic(TOKEN), 202),
        (basic("wrong"), 401),
        ("Basic not-base64!", 401),
        ("Basic " + b64encode(b"\xff\xfe").decode(), 401),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("", 401),
    ],
)
@pytest.mark.parametrize("path", ["/signals/alertmanager", "/changes"])
async def test_the_token_comes_as_bearer_or_as_password(
    side: Side, path: str, header: str, status: int
) -> None:
    body = {"alerts": [alert()], "service": "checkout", "summary": "4.12.0"}
    answer = await side.post(path, json=body, headers={"Authorization": header})
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["error"]["field"] == "authorization"
        assert not side.signals
        assert not side.changes


async def test_without_a_token_in_the_settings_none_is_asked_for() -> None:
    answer = await Side(token="").post(
        "/signals/alertmanager", json={"alerts": [alert()]}, headers={}
    )
    assert answer.status_code == 202


async def test_a_webhook_goes_on_in_its_senders_trace(side: Side) -> None:
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"Authorization": f"Bearer {TOKEN}", "traceparent": sent}
    await side.post("/signals/alertmanager", json={"alerts": [alert()]}, headers=headers)
    await side.post("/signals/alertmanager", json={"alerts": [alert()]})
    first, second = side.traces
    assert first == sent.split("-")[1]
    assert len(second) == 32


# Bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/signals/alertmanager", b"{", "body"),
        ("/signals/alertmanager", b"", "body"),
        ("/signals/alertmanager", b"\xff", "body"),
        ("/signals/alertmanager", b"[" * 100_000, "body"),
        ("/signals/alertmanager", b"[]", "body"),
        ("/signals/alertmanager", b"{}", "alerts"),
        ("/signals/alertmanager", b'{"version": "3", "alerts": []}', "version"),
        ("/changes", b"{", "body"),
        ("/changes", b"[]", "body"),
        ("/changes", b"[" * 100_000, "body"),
        ("/changes", b"{}", "service"),
        ("/changes", b'{"service": "a", "summary": 3}', "summary"),
    ],
)
async def test_a_malformed_body_is_a_400_that_names_the_field(
    side: Side, path: str, body: bytes, field: str
) -> None:
    answer = await side.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert answer.json()["error"]["problem"]
    assert side.counts.refused.total() == 1


async def test_one_bad_alert_loses_nothing_else_of_its_batch(side: Side) -> None:
    body = {"alerts": [alert("One"), alert(startsAt="soon"), {"labels": {}}, alert("Two")]}
    answer = await side.post("/signals/alertmanager", json=body)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    refused = answer.json()["refused"]
    assert [r["field"] for r in refused] == ["alerts[1].startsAt", "alerts[2].labels.alertname"]
    assert all(r["problem"] and r["remedy"] for r in refused)
    assert [s.name for s in side.signals] == ["One", "Two"]
    assert side.counts.accepted["alertmanager"] == side.counts.refused["alertmanager"] == 2


async def test_a_batch_of_bad_alerts_only_is_a_400(side: Side) -> None:
    answer = await side.post("/signals/alertmanager", json={"alerts": [{}]})
    assert answer.status_code == 400
    assert answer.json()["refused"][0]["field"] == "alerts[0].labels.alertname"


async def test_an_empty_batch_is_taken(side: Side) -> None:
    answer = await side.post("/signals/alertmanager", json={"alerts": []})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "streamed"])
async def test_a_body_that_is_too_large_is_refused_and_not_read_to_its_end(
    side: Side, declared: bool
) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 2**20
            yield b" " * 2**20

    length = {"Content-Length": str(100 * 2**20)} if declared else {}
    headers = {"Authorization": f"Bearer {TOKEN}", **length}
    answer = await side.post("/signals/alertmanager", content=chunks(), headers=headers)
    assert answer.status_code == 413
    assert f"{MOST_BYTES} bytes" in answer.json()["error"]["problem"]
    assert sent <= MOST_BYTES + 2**20
    assert side.counts.refused["alertmanager"] == 1


async def test_a_body_of_just_the_limit_is_read(side: Side) -> None:
    body = json.dumps({"alerts": [alert()]}).encode().ljust(MOST_BYTES)
    assert (await side.post("/signals/alertmanager", content=body)).status_code == 202


# Sources -------------------------------------------------------------------------------------


async def test_an_unknown_source_gets_the_nearest(side: Side) -> None:
    answer = await side.post("/signals/alertmanger", json={})
    assert answer.status_code == 404
    assert answer.json()["error"]["field"] == "source"
    assert "Did you mean `alertmanager`?" in answer.json()["error"]["problem"]


async def test_made_up_sources_fill_no_memory(side: Side) -> None:
    for number in range(20):
        await side.post(f"/signals/x{number}", json={}, headers={})
    assert dict(side.counts.refused) == {"unknown": 20}


@pytest.mark.parametrize("path", ["/signals/alertmanager", "/changes"])
async def test_webhooks_are_posted(side: Side, path: str) -> None:
    assert (await side.call("GET", path)).status_code == 405


# Changes -------------------------------------------------------------------------------------


async def test_a_change_is_stored_and_its_id_given_back(side: Side) -> None:
    body = {"service": "checkout", "summary": "coupon rules", "version": "4.12.0"}
    answer = await side.post("/changes", json=body)
    assert answer.status_code == 202
    (change,) = side.changes
    assert answer.json() == {"accepted": 1, "id": change.id}
    assert (change.service, change.version, change.at) == ("checkout", "4.12.0", NOON)


# The store, health, Slack --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/signals/alertmanager", {"alerts": [alert()]}),
        ("/changes", {"service": "checkout", "summary": "4.12.0"}),
    ],
)
async def test_what_could_not_be_stored_is_not_accepted(
    side: Side, path: str, body: dict[str, Any]
) -> None:
    """A 503 makes Alertmanager send again; a 4xx would not."""
    side.error = Unavailable("the database", "is locked")
    answer = await side.post(path, json=body)
    assert answer.status_code == 503
    assert "is locked" in answer.json()["error"]["problem"]
    assert side.counts.accepted.total() == 0


async def test_health_says_what_came_in_and_needs_no_token(side: Side) -> None:
    await side.post("/signals/alertmanager", json={"alerts": [alert(), {}]})
    answer = await side.call("GET", "/healthz", headers={})
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "received": {"accepted": {"alertmanager": 1}, "refused": {"alertmanager": 1}},
    }
    side.healthy = False
    assert (await side.call("GET", "/healthz")).status_code == 503


async def test_slacks_events_have_an_address_in_http_mode_only(side: Side) -> None:
    async def events(request: Request) -> Response:
        return PlainTextResponse("from Slack")

    with_events = await side.post("/slack/events", slack_events=events, headers={})
    assert with_events.text == "from Slack"
    assert (await side.post("/slack/events")).status_code == 404


# Each source by itself -----------------------------------------------------------------------

SECRET = b"s3cret"
FILE = """
only_listed = true
[sources.grafana]
auth = "vendor"
secret_env = "SECRET"
timestamp_header = "X-Time"
[sources.azure]
auth = "query"
token_env = "SECRET"
[sources.acme]
auth = "none"
max_bytes = 2_000
[sources.acme.map]
name = "$.title"
[sources.cloudwatch]
auth = "vendor"
topics = ["arn:aws:sns:eu-central-1:1:ops"]
[changes.github]
auth = "vendor"
secret_env = "SECRET"
[changes.generic]
auth = "bearer"
token_env = "SECRET"
"""


@pytest.fixture
def listed() -> Side:
    return Side(token="", sources=parse_sources(FILE, "f.toml", lambda name: SECRET.decode()))


def hmac_hex(message: bytes) -> str:
    return hmac.new(SECRET, message, hashlib.sha256).hexdigest()


def grafana_headers(body: bytes, at: datetime = NOON) -> dict[str, str]:
    time = str(int(at.timestamp()))
    signature = hmac_hex(time.encode() + b":" + body)
    return {"X-Time": time, "X-Grafana-Alerting-Signature": signature}


ALERTS = json.dumps({"alerts": [alert()]}).encode()


async def test_a_signed_body_is_taken_and_a_changed_one_is_not(listed: Side) -> None:
    headers = grafana_headers(ALERTS)
    taken = await listed.post("/signals/grafana", content=ALERTS, headers=headers)
    assert taken.status_code == 202
    changed = await listed.post("/signals/grafana", content=ALERTS + b" ", headers=headers)
    assert changed.status_code == 401
    assert len(listed.signals) == 1


async def test_a_recorded_request_is_not_taken_again_later(listed: Side) -> None:
    headers = grafana_headers(ALERTS, NOON - timedelta(minutes=6))
    answer = await listed.post("/signals/grafana", content=ALERTS, headers=headers)
    assert answer.status_code == 401


async def test_who_is_refused_learns_nothing_and_the_log_says_why(
    listed: Side, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = await listed.post("/signals/azure?token=guess", json={}, headers={})
    missing = await listed.post("/signals/azure", json={}, headers={})
    assert wrong.status_code == missing.status_code == 401
    assert wrong.json() == missing.json()
    assert "the secret is another one" in caplog.text
    assert "carries no secret" in caplog.text
    assert "guess" not in caplog.text
    assert SECRET.decode() not in caplog.text


async def test_senders_that_are_refused_are_counted_by_source(listed: Side) -> None:
    for path in ("azure", "grafana", "cloudwatch", "nowhere"):
        await listed.post(f"/signals/{path}", json={}, headers={})
    await listed.post("/changes/github", json={}, headers={})
    counted = {"azure": 1, "grafana": 1, "cloudwatch": 1, "unknown": 1, "changes/github": 1}
    assert dict(listed.counts.refused) == counted


async def test_a_token_in_the_query(listed: Side) -> None:
    answer = await listed.post("/signals/azure?token=s3cret", json={}, headers={})
    assert answer.status_code == 400, "the sender is known, its body is not"


async def test_what_is_not_listed_has_no_address(listed: Side) -> None:
    answer = await listed.post("/signals/datadog", json={}, headers={})
    assert answer.status_code == 404
    told = answer.json()["error"]["problem"]
    assert told == "There is no source of signals here.", "nobody learns which there are"


async def test_who_has_no_token_is_not_told_which_sources_there_are(side: Side) -> None:
    answer = await side.post("/signals/alertmanger", json={}, headers={})
    assert answer.status_code == 401


async def test_a_source_has_a_limit_of_its_own(listed: Side) -> None:
    small = await listed.post("/signals/acme", json={"title": "A"}, headers={})
    large = await listed.post("/signals/acme", json={"title": "A" * 2_000}, headers={})
    assert (small.status_code, large.status_code) == (202, 413)


async def test_the_inbox_keeps_what_reads_as_the_same_signals(listed: Side) -> None:
    """After a restart the body is all there is."""
    await listed.post("/signals/acme", json={"title": "Disk full"}, headers={})
    await listed.post("/signals/acme", content=gzip.compress(b'{"title": "B"}'), headers=GZIPPED)
    assert listed.sources
    again = [read(source, body, NOON, listed.sources) for source, body in listed.bodies]
    assert [s for parsed in again for s in parsed.signals] == listed.signals


async def test_a_body_without_a_signal_is_not_kept(listed: Side) -> None:
    answer = await listed.post("/signals/acme", json=[], headers={})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    assert answer.json()["ignored"]
    assert listed.bodies == []


# Compressed bodies ---------------------------------------------------------------------------

GZIPPED = {"Content-Encoding": "gzip"}


async def test_a_compressed_body_is_kept_inflated(side: Side) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", **GZIPPED}
    body = gzip.compress(ALERTS)
    answer = await side.post("/signals/alertmanager", content=body, headers=headers)
    assert answer.status_code == 202
    assert side.bodies == [("alertmanager", ALERTS)]


@pytest.mark.parametrize(
    ("encoding", "body", "status", "field"),
    [
        ("gzip", b"{}", 400, "body"),
        ("gzip", gzip.compress(b'{"title": "A"}')[:-9], 400, "body"),
        ("gzip", gzip.compress(b"{") + gzip.compress(b"}"), 400, "body"),
        ("gzip", gzip.compress(b" " * 1_000_000), 413, "body"),
        ("br", b"{}", 415, "content-encoding"),
        ("identity", b'{"title": "A"}', 202, ""),
    ],
    ids=["plain", "cut off", "in two parts", "too large", "unknown", "identity"],
)
async def test_compressed_bodies_that_are_odd(
    listed: Side, encoding: str, body: bytes, status: int, field: str
) -> None:
    headers = {"Content-Encoding": encoding}
    answer = await listed.post("/signals/acme", content=body, headers=headers)
    assert answer.status_code == status
    assert status == 202 or answer.json()["error"]["field"] == field


# Odd bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/plain; charset=UTF-8", "application/xml", "", "nonsense"])
async def test_the_content_type_decides_nothing(listed: Side, kind: str) -> None:
    """SNS says text/plain, curl says it is a form, and both send JSON."""
    headers = {"Content-Type": kind}
    answer = await listed.post("/signals/acme", content=b'{"title": "A"}', headers=headers)
    assert answer.status_code == 202


async def test_a_form_is_told_that_json_is_wanted(listed: Side) -> None:
    answer = await listed.post("/signals/acme", data={"payload": "{}"}, headers={})
    assert answer.status_code == 400
    problem = answer.json()["error"]["problem"]
    assert "It came as application/x-www-form-urlencoded; send application/json" in problem


async def test_thousands_of_mistakes_get_a_short_answer(listed: Side) -> None:
    body = json.dumps([{}] * 400).encode()
    answer = await listed.post("/signals/acme", content=body, headers={})
    assert answer.status_code == 400
    assert len(answer.json()["refused"]) == MOST_REFUSED
    assert answer.json()["more_refused"] == 400 - MOST_REFUSED
    assert listed.counts.refused["acme"] == 400


async def test_a_name_that_cannot_be_written_is_answered_all_the_same(side: Side) -> None:
    body = b'{"alerts": [{"labels": {"\\ud800": 7}}]}'
    answer = await side.post("/signals/alertmanager", content=body)
    assert answer.status_code == 400
    assert answer.json()["refused"][0]["field"] == "alerts[0].labels.?"


async def test_the_body_ends_before_it_is_complete(listed: Side) -> None:
    gone = [
        {"type": "http.request", "body": b'{"ti', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return gone.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/signals/acme", "headers": []}
    await listed.app()({**scope, "query_string": b""}, receive, send)
    assert sent[0]["status"] == 400
    assert not listed.bodies


# SNS -----------------------------------------------------------------------------------------


async def test_a_subscription_that_is_not_verified_is_not_confirmed(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    body = HANDSHAKE.read_bytes()
    answer = await side.post("/signals/cloudwatch", content=body)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    assert "not confirmed" in answer.json()["ignored"]
    assert 'set auth = "vendor" and topics' in caplog.text
    assert "0000aaaa1111bbbb" not in caplog.text


async def test_a_message_of_another_topic_is_refused(listed: Side) -> None:
    body = HANDSHAKE.read_bytes()
    answer = await listed.post("/signals/cloudwatch", content=body, headers={})
    assert answer.status_code == 401


class Amazons(SnsVerifier):
    """Believes what says so, and keeps what it was asked to confirm."""

    def __init__(self) -> None:
        super().__init__()
        self.confirmed: list[Handshake] = []

    def reason(self, auth: Sns, received: Received) -> str:
        return "" if b'"Signature": "EXAMPLE' in received.body else "made up"

    def confirm(self, handshake: Handshake) -> None:
        self.confirmed.append(handshake)


async def test_a_subscription_that_is_verified_is_confirmed(listed: Side) -> None:
    listed.sns = amazons = Amazons()
    body = json.loads(HANDSHAKE.read_bytes())
    true = json.dumps({**body, "Signature": "EXAMPLE"}).encode()
    answer = await listed.post("/signals/cloudwatch", content=true, headers={})
    assert answer.status_code == 202
    assert [h.topic for h in amazons.confirmed] == [body["TopicArn"]]
    false = json.dumps({**body, "Signature": "FORGED"}).encode()
    assert (await listed.post("/signals/cloudwatch", content=false, headers={})).status_code == 401
    assert len(amazons.confirmed) == 1


# Changes of vendors --------------------------------------------------------------------------

PUSH = {
    "ref": "refs/heads/main",
    "after": "c0ffee1234567890",
    "pusher": {"name": "ines"},
    "head_commit": {"message": "Coupon rules"},
    "repository": {"name": "checkout", "full_name": "shop/checkout", "default_branch": "main"},
}


async def test_a_push_is_a_change(listed: Side) -> None:
    body = json.dumps(PUSH).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac_hex(body)}
    answer = await listed.post("/changes/github", content=body, headers=headers)
    assert answer.status_code == 202
    (change,) = listed.changes
    assert answer.json() == {"accepted": 1, "id": change.id}
    assert change.summary == "Coupon rules"
    forged = await listed.post("/changes/github", content=body + b" ", headers=headers)
    assert forged.status_code == 401


async def test_what_is_no_change_is_taken_with_the_reason(listed: Side) -> None:
    body = json.dumps({**PUSH, "ref": "refs/heads/feature"}).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac_hex(body)}
    answer = await listed.post("/changes/github", content=body, headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    assert "not the default branch" in answer.json()["ignored"]
    assert not listed.changes


async def test_an_unknown_source_of_changes_gets_the_nearest(side: Side) -> None:
    answer = await side.post("/changes/githob", json={})
    assert answer.status_code == 404
    assert "Did you mean `github`" in answer.json()["error"]["problem"]


# On disk -------------------------------------------------------------------------------------


async def test_what_was_answered_is_there_for_another_process(tmp_path: Path) -> None:
    """202 means that it is on disk: another connection reads it, and reads the same of it."""
    url = f"sqlite:///{tmp_path / 'tandem.db'}"
    store = open_store(url)
    sources = built_in()
    kept: list[Signal] = []

    def take(source: str, body: bytes, signals: Sequence[Signal]) -> int:
        kept.extend(signals)
        return store.inbox.put(source, body, NOON)

    app = http_app(Intakes(take, store.changes.add, lambda: NOON), sources, lambda: {"ok": True})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as http:
        bodies = [{"alerts": [alert(f"Rule{n}")]} for n in range(40)]
        posts = [http.post("/signals/alertmanager", json=body) for body in bodies]
        answers = await asyncio.gather(*posts)
        await http.post("/changes", json={"id": "d-1", "service": "checkout", "summary": "4.12.0"})
    assert {answer.status_code for answer in answers} == {202}
    store.close()
    after = open_store(url)
    batches = after.inbox.waiting()
    read_again = [
        s for b in batches for s in read(b.source, b.body, b.received_at, sources).signals
    ]
    assert sorted(s.name for s in read_again) == sorted(s.name for s in kept)
    assert set(map(repr, read_again)) == set(map(repr, kept))
    assert [c.id for c in after.changes.between(NOON, NOON)] == ["d-1"]
    after.close()
