"""Slack's rate limits as token buckets. Pure but for the buckets themselves; time is an argument.

Slack publishes tiers of 1, 20, 50 and 100+ calls a minute for each method and workspace, and about
one message a second for each channel "with short bursts allowed"; it publishes no bucket sizes, so
a tier's burst here is its minute and a channel's burst is five messages.
"""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Rate:
    """`burst` calls at once, refilled at `per_second`."""

    per_second: float
    burst: float


TIER_1 = Rate(1 / 60, 10)  # apps.connections.open: a client may open ten sockets at its start
TIER_2 = Rate(20 / 60, 20)
TIER_3 = Rate(50 / 60, 50)
TIER_4 = Rate(100 / 60, 100)
SPECIAL = Rate(10, 600)
PER_CHANNEL = Rate(1, 5)

RATES = {
    "apps.connections.open": TIER_1,
    "auth.test": SPECIAL,
    "bots.info": TIER_3,
    "chat.delete": TIER_3,
    "chat.getPermalink": SPECIAL,
    "chat.postEphemeral": TIER_4,
    "chat.postMessage": PER_CHANNEL,
    "chat.update": TIER_3,
    "conversations.create": TIER_2,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.invite": TIER_3,
    "conversations.join": TIER_3,
    "conversations.list": TIER_2,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.setTopic": TIER_2,
    "files.completeUploadExternal": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "reactions.add": TIER_3,
    "reactions.get": TIER_3,
    "reactions.remove": TIER_2,
    "team.info": TIER_3,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}


class Limits:
    """One bucket for each method, and for each channel where the method is limited by channel."""

    def __init__(self, scale: float | None = 1.0) -> None:
        """`scale` multiplies every rate and burst; None switches the limits off."""
        self._scale = scale
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, method: str, channel: str, now: float) -> int | None:
        """Take one call; None if there was room, else whole seconds until there is."""
        rate = RATES.get(method)
        if self._scale is None or rate is None:
            return None
        key = (method, channel if rate is PER_CHANNEL else "")
        # Below one whole token nothing could ever pass.
        burst = max(rate.burst * self._scale, 1.0)
        per_second = rate.per_second * self._scale
        tokens, at = self._buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - at) * per_second)
        if tokens >= 1:
            self._buckets[key] = (tokens - 1, now)
            return None
        self._buckets[key] = (tokens, now)
        return max(1, ceil((1 - tokens) / per_second))
