"""What Slack hands out for a short while: trigger ids and response urls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex

from bot.playground.errors import Refused

RESPONSE_USES = 5
RESPONSE_SECONDS = 30 * 60.0


@dataclass
class Trigger:
    """Opens one view. `view_id` is the modal it was given in, or empty."""

    user: str
    expires: float
    view_id: str = ""
    used: bool = False


@dataclass
class ResponseUrl:
    """Where an app may answer an interaction, and what it answers about."""

    user: str
    channel: str
    expires: float
    message_ts: str = ""
    thread_ts: str = ""
    uses: int = 0


@dataclass
class Tickets:
    """Gives tickets out and takes them back."""

    clock: Callable[[], float]
    trigger_seconds: float = 3.0
    _triggers: dict[str, Trigger] = field(default_factory=dict)
    _urls: dict[str, ResponseUrl] = field(default_factory=dict)

    def trigger(self, user: str, view_id: str = "") -> str:
        """A new trigger_id."""
        trigger_id = f"{int(self.clock() * 1000)}.{token_hex(5)}.{token_hex(16)}"
        self._triggers[trigger_id] = Trigger(user, self.clock() + self.trigger_seconds, view_id)
        return trigger_id

    def take_trigger(self, trigger_id: str) -> Trigger:
        """Raises Refused as views.open does."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.clock() > trigger.expires:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(
        self, user: str, channel: str, message_ts: str = "", thread_ts: str = ""
    ) -> str:
        """The secret part of a new response_url."""
        key = token_hex(16)
        expires = self.clock() + RESPONSE_SECONDS
        self._urls[key] = ResponseUrl(user, channel, expires, message_ts, thread_ts)
        return key

    def take_response_url(self, key: str) -> ResponseUrl:
        """Raises Refused: `no_such_url`, `expired_url` or `used_url`."""
        url = self._urls.get(key)
        if url is None:
            raise Refused("no_such_url")
        if self.clock() > url.expires:
            raise Refused("expired_url")
        if url.uses >= RESPONSE_USES:
            raise Refused("used_url")
        url.uses += 1
        return url
