"""A dead man's switch: somebody outside hears every minute that Tandem works, and speaks up when
it does not.

It is told only while Tandem truly works: loops go round, the database answers, Slack takes what it
is told, its socket is there. So what is noticed outside is not that a process runs, but that people
would hear of trouble. Any service that waits for a request at an address will do: healthchecks.io,
Dead Man's Snitch, Uptime Kuma, a monitor of one's own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx

from knowledge.durations import say_duration
from knowledge.errors import Unavailable, UserError
from knowledge.ports import Outbox

EVERY = timedelta(minutes=1)
STUCK = timedelta(minutes=10)
"""How long something may have been due for Slack: the courier tries again every minute."""
TIMEOUT_S = 10.0
SYSTEM = "the dead man's switch"


class Heartbeat:
    """`wrong` says what keeps the bot from its work; `told` is called when all was well and the
    switch knows. Addresses hold secrets: they are in no error and no log."""

    def __init__(
        self,
        url: str,
        fail_url: str,
        wrong: Callable[[], list[str]],
        outbox: Outbox,
        now: Callable[[], datetime],
        told: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises UserError when an address is none."""
        self._url = _address("TANDEM_HEARTBEAT_URL", url)
        self._fail_url = _address("TANDEM_HEARTBEAT_FAIL_URL", fail_url)
        self._wrong = wrong
        self._outbox = outbox
        self._now = now
        self._told = told

    def work(self) -> None:
        """For the schedule. Raises Unavailable when the switch could not be told."""
        wrong = [*self._wrong(), *self._waiting()]
        if not wrong and self._url:
            _ask("GET", self._url)
            self._told()
        elif wrong and self._fail_url:
            _ask("POST", self._fail_url, "\n".join(wrong))

    def _waiting(self) -> list[str]:
        now = self._now()
        try:
            waited = max((now - d.due_at for d in self._outbox.due(now, 1)), default=timedelta())
        except Unavailable:
            return ["database: does not answer"]
        if waited <= STUCK:
            return []
        return [f"outbox: something has waited {say_duration(waited)} for Slack"]


def _address(setting: str, url: str) -> str:
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise UserError(f"{setting} is no address. Write https://... as its service shows it.")
    return url


def _ask(method: str, url: str, text: str = "") -> None:
    try:
        answer = httpx.request(method, url, content=text or None, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(SYSTEM, type(error).__name__) from None
    if answer.status_code >= 400:
        raise Unavailable(SYSTEM, f"it answered with status {answer.status_code}")
