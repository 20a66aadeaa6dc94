"""Calls of the Web API: what Slack refuses, in our words."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.ports import Gone, RateLimited
from bot.slack import web
from bot.slack.messenger import SlackMessenger
from bot.slack.web import translated
from knowledge.errors import Unavailable
from skills.contract import Reply


def refused(status: int, headers: dict[str, str], **answer: object) -> Unavailable:
    response = SlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data={"ok": False, **answer},
        headers=headers,
        status_code=status,
    )
    return translated(SlackApiError("refused", response))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("status", "error", "kind", "retry"),
    [
        (429, "ratelimited", RateLimited, True),
        (200, "rate_limited", RateLimited, True),
        (200, "message_not_found", Gone, False),
        (200, "internal_error", Unavailable, True),
        (200, "invalid_auth", Unavailable, False),
        (503, "what", Unavailable, True),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    status: int, error: str, kind: type[Unavailable], retry: bool
) -> None:
    found = refused(status, {"Retry-After": "7"}, error=error)
    assert (type(found), found.retry) == (kind, retry)


def test_a_refusal_says_for_how_long_and_what_for() -> None:
    late = refused(429, {"Retry-After": "7"}, error="ratelimited")
    assert isinstance(late, RateLimited)
    assert late.seconds == 7
    scope = refused(200, {}, error="missing_scope", needed="usergroups:read")
    assert scope.why == "missing_scope (needs the scope usergroups:read)"
    details = {"messages": ["[ERROR] no more than 50 items"]}
    assert "50 items" in refused(200, {}, error="invalid_blocks", response_metadata=details).why


class _Mute(BaseHTTPRequestHandler):
    """Takes what comes and hangs up, as if the answer were lost on its way."""

    taken = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken += 1
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.mark.parametrize(("key", "times"), [("card:INC-1", 1), ("", 2)])
def test_what_has_a_key_is_not_posted_again_where_the_answer_is_lost(key: str, times: int) -> None:
    class Mute(_Mute):
        pass

    with HTTPServer(("127.0.0.1", 0), Mute) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        client = web.open_client("xoxb-1", f"http://127.0.0.1:{server.server_port}/api/", 5)
        try:
            with pytest.raises(Unavailable, match="chat_postMessage did not get through"):
                SlackMessenger(client).post("C1", Reply("Hot"), key=key)
        finally:
            server.shutdown()
            thread.join()
    assert Mute.taken == times


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://hooks.slack.com/actions/T1/2/x", True),
        ("https://hooks.slack-gov.com/actions/T1/2/x", True),
        ("https://hooks.slack.com:443/x", True),
        ("http://hooks.slack.com/x", False),
        ("https://hooks.slack.com.evil.example/x", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://hooks.slack.com@evil.example/x", False),
        ("http://169.254.169.254/latest/meta-data/", False),
        ("http://127.0.0.1:9090/api", False),
        ("https://[::1/x", False),
        ("https://hooks.slack\n.com/x", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_slacks_response_addresses_are_posted_to(url: str, ours: bool) -> None:
    assert web.is_slacks(url, "https://slack.com/api/") is ours


def test_a_slack_elsewhere_answers_where_it_is() -> None:
    assert web.is_slacks("http://127.0.0.1:5001/response/x", "http://127.0.0.1:5000/api/")
    assert not web.is_slacks("http://127.0.0.2/response/x", "http://127.0.0.1:5000/api/")
