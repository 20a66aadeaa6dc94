"""The HTTP side, called through ASGI as a server would call it."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.server import MOST_BYTES, Counts, Intakes, http_app
from knowledge.errors import Unavailable
from knowledge.records import Change, Signal
from skills.testing import NOON

TOKEN = "s3cret:with-colon"


@dataclass
class Side:
    """The app, and what it passed on."""

    token: str = TOKEN
    signals: list[Signal] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    error: Exception | None = None
    counts: Counts = field(default_factory=Counts)
    healthy: bool = True

    def take(self, source: str, signals: Sequence[Signal]) -> int:
        if self.error:
            raise self.error
        self.signals += signals
        return 1

    def change(self, change: Change) -> None:
        if self.error:
            raise self.error
        self.changes.append(change)

    async def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = given.pop("headers", {"Authorization": f"Bearer {self.token}"})
        app = http_app(
            Intakes(self.take, self.change, lambda: NOON),
            self.token,
            lambda: {"ok": self.healthy},
            given.pop("slack_events", None),
            self.counts,
        )
        transport = httpx.ASGITransport(app)
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
