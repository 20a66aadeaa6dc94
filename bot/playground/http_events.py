"""HTTP mode: signed requests to the app's URL."""

import hashlib
import hmac
import json
from collections.abc import Callable
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.playground.delivery import Ack, Kind
from bot.playground.errors import PlayRefused

Json = dict[str, Any]


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's signature: HMAC-SHA256 of `v0:timestamp:body`, in hex, after `v0=`."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpEvents:
    """Posts to one URL; a delivery is acknowledged by a 2xx before the deadline."""

    def __init__(
        self,
        url: str,
        secret: str,
        ack_seconds: float,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.url = url
        self._secret = secret
        self._ack_seconds = ack_seconds
        self._clock = clock
        self._changed = changed
        # trust_env: a proxy of the machine must not see what is meant for loopback.
        self._http = httpx.AsyncClient(trust_env=False, follow_redirects=True, max_redirects=2)

    async def send(self, kind: Kind, payload: Json, retry: int, reason: str) -> Ack:
        """Events as JSON; commands and interactions as forms."""
        headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason} if retry else {}
        if kind == "events_api":
            body, content_type = json.dumps(payload).encode(), "application/json"
        else:
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
        return await self._post(body, {**headers, "Content-Type": content_type})

    async def verify(self) -> None:
        """Slack's url_verification. Raises PlayRefused if the app does not answer with the word."""
        challenge = token_hex(20)
        body = json.dumps({"type": "url_verification", "challenge": challenge, "token": "unused"})
        ack = await self._post(body.encode(), {"Content-Type": "application/json"})
        said = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
        if not ack.ok or said != challenge:
            why = ack.reason or "the challenge did not come back"
            raise PlayRefused("url_not_verified", f"{self.url}: {why}")

    async def _post(self, body: bytes, headers: dict[str, str]) -> Ack:
        timestamp = str(int(self._clock()))
        headers = {
            **headers,
            "User-Agent": "Slackbot 1.0 (+playground)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._secret, timestamp, body),
        }
        try:
            answer = await self._http.post(
                self.url, content=body, headers=headers, timeout=self._ack_seconds
            )
        except httpx.TimeoutException:
            return Ack(False, reason="http_timeout")
        except httpx.TooManyRedirects:
            return Ack(False, reason="too_many_redirects")
        except httpx.HTTPError:
            return Ack(False, reason="connection_failed")
        if not answer.is_success:
            no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
            return Ack(False, reason="http_error", no_retry=no_retry)
        self._changed()
        return Ack(True, _body(answer))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _body(answer: httpx.Response) -> Any:
    """What came with the ack: JSON, words, or nothing."""
    if not answer.content:
        return None
    try:
        return answer.json()
    except json.JSONDecodeError:
        return answer.text
