"""What comes to /slack/events is checked before Bolt reads it: real Bolt behind it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.routing import Route

from bot.playground.http_events import sign
from bot.slack import door
from skills.testing import NOON

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def _nobody() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_user_id="UBOT", bot_id="B1")


class Door:
    """The endpoint, and the commands that got through."""

    def __init__(self, secret: str = SECRET) -> None:
        self.commands: list[str] = []
        # Bolt's own check has the time of day; that one is not the door's.
        app = AsyncApp(
            signing_secret=secret or "-",
            authorize=_nobody,
            request_verification_enabled=False,
        )

        @app.command("/incident")
        async def command(ack: Any, body: Mapping[str, Any]) -> None:
            await ack()
            self.commands.append(str(body["text"]))

        routes = [
            Route("/slack/events", door.endpoint(app, secret, lambda: NOON), methods=["POST"])
        ]
        self._app = Starlette(routes=routes)

    async def post(self, body: bytes, headers: Mapping[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            return await client.post("/slack/events", content=body, headers=dict(headers))

    async def signed(
        self,
        body: bytes,
        headers: Mapping[str, str] = JSON,
        late_s: float = 0,
        secret: str = SECRET,
    ) -> httpx.Response:
        at = str(int((NOON - timedelta(seconds=late_s)).timestamp()))
        given = {
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": sign(secret, at, body),
            **headers,
        }
        return await self.post(body, given)


COMMAND = urlencode(
    {
        "command": "/incident",
        "text": "list",
        "user_id": "U1",
        "channel_id": "C1",
        "team_id": "T1",
        "trigger_id": "1.2",
    }
).encode()


async def test_what_slack_signs_gets_through() -> None:
    there = Door()
    assert (await there.signed(COMMAND, FORM)).status_code == 200
    assert there.commands == ["list"]


@pytest.mark.parametrize(
    ("secret", "late_s", "status"),
    [
        ("another", 0, 401),
        ("", 0, 401),
        (SECRET, 301, 401),
        (SECRET, -301, 401),
        (SECRET, 299, 200),
    ],
)
async def test_secret_and_time_are_checked(secret: str, late_s: float, status: int) -> None:
    there = Door()
    answer = await there.signed(COMMAND, FORM, late_s, secret)
    assert answer.status_code == status
    assert bool(there.commands) == (status == 200)


async def test_without_a_secret_nothing_is_taken() -> None:
    there = Door("")
    assert (await there.signed(COMMAND, FORM, secret="")).status_code == 401
    assert there.commands == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=00"},
        {
            "X-Slack-Request-Timestamp": "1772712000",
            "X-Slack-Signature": "v0=\xe4".encode("latin-1"),
        },
        {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "2026-03-05T12:00:00Z", "X-Slack-Signature": "v1=00"},
    ],
    ids=["none", "no number", "no ASCII", "huge", "other version"],
)
@pytest.mark.parametrize("body", [b"{}", b"\xff\xfe", b"[" * 100_000, COMMAND])
async def test_what_is_not_signed_is_refused_whatever_it_is(
    headers: dict[str, Any], body: bytes
) -> None:
    assert (await Door().post(body, JSON | headers)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"event": []}',
        b'{"type": 1}',
        b'{"team": "T1"}',
        b'{"event": {"type": {}}}',
        json.dumps({"event": {"user": {"id": "U1"}}}).encode(),
    ],
)
async def test_what_is_signed_must_be_slacks_too(body: bytes) -> None:
    assert (await Door().signed(body)).status_code == 400


async def test_an_event_names_its_team_by_a_word() -> None:
    event = {"type": "message", "user": "U1", "channel": "C1", "team": "T1", "text": "hello"}
    body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
    answer = await Door().signed(json.dumps(body).encode())
    assert answer.status_code != 400


async def test_size_is_checked_first() -> None:
    assert (await Door().signed(b"a" * (door.MOST_BYTES + 1))).status_code == 413


async def test_only_a_number_of_seconds_is_a_time() -> None:
    at = NOON.isoformat()
    headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": sign(SECRET, at, COMMAND)}
    assert (await Door().post(COMMAND, FORM | headers)).status_code == 401
