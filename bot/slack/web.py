"""Calls of Slack's Web API, with its refusals in our words."""

import re
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from bot.ports import Gone, RateLimited
from knowledge.errors import Unavailable

_HOST = re.compile(r"(?:[a-z0-9-]+\.)?slack(?:-gov)?\.com")
_GONE = {
    "channel_not_found",
    "message_not_found",
    "thread_not_found",
    "is_archived",
    "cant_update_message",
    "not_in_channel",
    "user_not_in_channel",
    "view_not_found",
    "not_found",
    "hash_conflict",
}
_LATER = {"fatal_error", "internal_error", "request_timeout", "service_unavailable"}
"""Slack's own troubles: they pass."""
_KEYED = b'"event_payload": {"key": '
"""In a body that posts one: inside a text the quotes would be escaped."""
_WAIT = {"ratelimited", "rate_limited", "message_limit_exceeded"}


class Marked(ConnectionErrorRetryHandler):
    """Asks once more where a connection broke, as the client does by itself; but never posts a
    message again that has a key: it may stand there, and who posts it looks for its key first."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith("/chat.postMessage") and _KEYED in (request.data or b""):
            return False
        return super()._can_retry(state=state, request=request, response=response, error=error)


def open_client(token: str, base_url: str, timeout: int) -> WebClient:
    """`timeout` in seconds, for one call."""
    return WebClient(token, base_url=base_url, timeout=timeout, retry_handlers=[Marked()])


def call(client: WebClient, method: str, **arguments: Any) -> dict[str, Any]:
    """What the method answers, by the client's name for it ("chat_postMessage"); arguments that are
    None are left out. Raises Unavailable, RateLimited, Gone."""
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        answer = getattr(client, method)(**given)
    except SlackApiError as error:
        raise translated(error) from error
    except (SlackClientError, OSError) as error:
        raise Unavailable("slack", f"{method} did not get through: {error}") from error
    data: dict[str, Any] = answer.data
    return data


def translated(error: SlackApiError) -> Unavailable:
    """Slack's refusal in our words."""
    response = error.response
    why = str(response.get("error", "unknown_error"))
    if response.status_code == 429 or why in _WAIT:
        return RateLimited("slack", float(response.headers.get("Retry-After", 1)))
    if why in _GONE:
        return Gone("slack", why)
    details = (response.get("response_metadata") or {}).get("messages", [])
    needed = f" (needs the scope {response['needed']})" if why == "missing_scope" else ""
    return Unavailable(
        "slack",
        f"{why}{needed}" + (f": {'; '.join(details)}" if details else ""),
        retry=why in _LATER or response.status_code >= 500,
    )


def is_slacks(url: str, base_url: str) -> bool:
    """Whether a response address is one of Slack's: on its own hosts, by https; or where the Web
    API has been set to be. Others are never posted to, whoever named them."""
    try:
        parts, ours = urlsplit(url), urlsplit(base_url)
        host = parts.hostname or ""
        plain = not parts.username and not parts.password and parts.port in (None, 443)
    except ValueError:
        return False
    if not url.isprintable():
        return False
    if parts.scheme == "https" and plain and _HOST.fullmatch(host):
        return True
    return bool(host) and (parts.scheme, host) == (ours.scheme, ours.hostname)
