"""What was said last, where and to whom: so that a question may lean on the one before.

Kept in memory and for a while only: after a restart, or on another replica, people name the thing
once more.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from bot.ask import Ask, Way
from bot.follow_up import Said

REMEMBERED = timedelta(minutes=30)
MOST = 5_000
"""Talks that are remembered at the same time; the one that was silent longest goes first."""


class Conversations:
    """Safe to use from many threads."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, str, str], tuple[datetime, Said]] = OrderedDict()
        self._lock = Lock()

    def last(self, ask: Ask, now: datetime) -> Said | None:
        """What was said to this person in this thread, else lately in this channel. What is said
        in a thread without a mention leans on that thread alone."""
        here = (ask.place.channel, ask.place.thread, ask.user)
        anywhere = (ask.place.channel, "", ask.user)
        with self._lock:
            for key in (here,) if ask.way is Way.THREAD else (here, anywhere):
                at, found = self._said.get(key, (None, None))
                if at is not None and now - at <= REMEMBERED:
                    return found
        return None

    def keep(self, ask: Ask, what: Said, now: datetime) -> None:
        with self._lock:
            for thread in {ask.place.thread, ""}:
                key = (ask.place.channel, thread, ask.user)
                self._said[key] = (now, what)
                self._said.move_to_end(key)
            while len(self._said) > MOST:
                self._said.popitem(last=False)
