"""What was said last, where and to whom: so that a question may lean on the one before.

Kept in the store and for a while only: whichever replica the next question reaches knows it, and so
does the bot after a restart.
"""

import json
import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from bot.ask import Ask, Way
from bot.follow_up import Said
from knowledge.errors import Unavailable
from knowledge.ports import Memos
from skills.contract import Call

log = logging.getLogger(__name__)

REMEMBERED = timedelta(minutes=30)
MOST = 5_000
"""Talks that one process remembers at the same time where there is no store; the one that was
silent longest goes first."""
_LONGEST = 10_000
"""Characters; what is longer (a pasted text) is not kept."""


class Conversations:
    """Safe to use from many threads."""

    def __init__(self, memos: Memos | None = None) -> None:
        """Without `memos` this process remembers for itself."""
        self._memos: Memos = memos if memos is not None else _InThisProcess()

    def last(self, ask: Ask, now: datetime) -> Said | None:
        """What was said to this person in this thread, else lately in this channel. What is said
        in a thread without a mention leans on that thread alone."""
        here, anywhere = _key(ask, ask.place.thread), _key(ask, "")
        try:
            for key in (here,) if ask.way is Way.THREAD else (here, anywhere):
                text = self._memos.get(key, now)
                if text is not None:
                    return _read(text)
        except Unavailable as error:
            # The question is then taken for itself.
            log.warning("what was said before is not known: %s", error)
        return None

    def keep(self, ask: Ask, what: Said, now: datetime) -> None:
        text = _write(what)
        if len(text) > _LONGEST:
            return
        # Until after the last moment at which it still counts.
        until = now + REMEMBERED + timedelta(microseconds=1)
        try:
            for thread in {ask.place.thread, ""}:
                self._memos.put(_key(ask, thread), text, until)
        except Unavailable as error:
            log.warning("what was said is not remembered: %s", error)


class _InThisProcess:
    """`ports.Memos` for a bot without a store."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        self._lock = Lock()

    def put(self, key: str, text: str, until: datetime) -> None:
        with self._lock:
            self._texts[key] = until, text
            self._texts.move_to_end(key)
            while len(self._texts) > MOST:
                self._texts.popitem(last=False)

    def get(self, key: str, now: datetime) -> str | None:
        with self._lock:
            until, text = self._texts.get(key, (now, ""))
        return text if until > now else None

    def tidy(self, now: datetime, most: int = MOST) -> None:
        """There are never more than MOST."""


def _key(ask: Ask, thread: str) -> str:
    return json.dumps(["said", ask.place.channel, thread, ask.user])


def _write(what: Said) -> str:
    plain = {"skill": what.call.skill, "args": dict(what.call.args), "listed": what.listed}
    # Arguments may hold times and enums; what follows reads them as people write them.
    return json.dumps(plain, default=str)


def _read(text: str) -> Said:
    plain: dict[str, Any] = json.loads(text)
    listed = tuple((str(field), str(name)) for field, name in plain["listed"])
    return Said(Call(plain["skill"], plain["args"]), listed)
