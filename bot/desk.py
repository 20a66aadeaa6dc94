"""The bot's own threads: requests to workers, signals to the intake, the outbox to the courier."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore, Event, Thread

from bot.ask import Ask, Way
from bot.courier import CARD
from bot.lull import Lull
from bot.ports import Messenger
from bot.turn import AnySkill, Turn, checked
from knowledge.errors import NotFound, TandemError
from knowledge.ports import Outbox
from knowledge.promoting.mover import REQUEST
from knowledge.remediation import EXECUTION
from skills.contract import Call

log = logging.getLogger("tandem.desk")

WORKERS = 6
"""Requests at once. More threads do not answer sooner on a few cores, and each one that computes
takes turns with the event loop that must acknowledge within Slack's three seconds."""
COMPUTING = 2
"""Answers that begin at once: what more of them have under way when a burst comes is in its way."""
PATIENCE_S = 0.03
"""An answer that waits for a slow one begins after this all the same: that one waits for others,
and does not compute."""


@dataclass
class Loop:
    """Calls `work` again and again on a thread of its own: at once when woken or when it says that
    it did something, else every `every_s`. Errors are logged and the loop goes on.

    After a round that did something it waits `gather_s`, so that what comes meanwhile is dealt with
    in one round: a round has costs that do not depend on how much it takes."""

    name: str
    work: Callable[[], object]
    every_s: float
    gather_s: float = 0.0
    before: Callable[[], None] = lambda: None
    """Called before each round: a place to give way to what is more urgent."""
    _wake: Event = field(default_factory=Event, repr=False)
    _stop: Event = field(default_factory=Event, repr=False)
    _thread: Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        self._thread = Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self, timeout_s: float = 10) -> None:
        """Let the present round finish."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.before()
                did = self.work()
            except Exception:
                log.exception("%s", self.name)
                did = None
            if not did:
                self._wake.wait(self.every_s)
            elif self.gather_s:
                self._stop.wait(self.gather_s)


class Desk:
    """Takes what Slack brings and returns at once; see `bot.slack.listeners.Desk`."""

    def __init__(
        self,
        turn: Turn,
        messenger: Messenger,
        skills: Sequence[AnySkill],
        outbox: Outbox,
        home: Callable[[str], None],
    ) -> None:
        self._turn = turn
        self._messenger = messenger
        self._skills = {skill.name: skill for skill in skills}
        self._outbox = outbox
        self._home = home
        self._pool = ThreadPoolExecutor(WORKERS, "turn")
        self._computing = BoundedSemaphore(COMPUTING)
        self.lull = Lull()

    def take(self, ask: Ask) -> None:
        self.take_read(lambda: ask)

    def take_read(self, read: Callable[[], Ask | None]) -> None:
        self.lull.came()
        self._pool.submit(self._read, read)

    def incident_of(self, channel: str, thread: str) -> str:
        """The incident whose card heads this thread, or empty; also when the store is gone."""
        return self._subject(CARD, channel, thread)

    def _subject(self, kind: str, channel: str, ts: str) -> str:
        """What this message is the card of, if it is one of this kind."""
        try:
            posted = self._outbox.find_posted(channel, ts) if ts else None
        except TandemError as error:
            log.warning("what is %s in %s? %s", ts, channel, error)
            return ""
        found, _, subject = posted.key.partition(":") if posted else ("", "", "")
        return subject if found == kind else ""

    def opened_home(self, user: str) -> None:
        self._pool.submit(self._open_home, user)

    def check(self, call: Call) -> None:
        skill = self._skills.get(call.skill)
        if skill is None:
            raise NotFound.among("skill", call.skill, self._skills)
        checked(skill, call)

    def stop(self) -> None:
        """Finish what was taken; what waits is not lost for the store, only unanswered."""
        self._pool.shutdown(wait=True, cancel_futures=False)

    def _open_home(self, user: str) -> None:
        try:
            self._home(user)
        except Exception:  # The pool would keep it to itself.
            log.exception("the home of %s", user)

    def _read(self, read: Callable[[], Ask | None]) -> None:
        self.lull.wait()
        in_turn = self._computing.acquire(timeout=PATIENCE_S)
        try:
            ask = read()
            if ask is not None:
                self._handle(ask)
        except Exception:  # The pool would keep it to itself.
            log.exception("a request failed before its turn")
        finally:
            if in_turn:
                self._computing.release()

    def _handle(self, ask: Ask) -> None:
        place = ask.place
        incident = self.incident_of(place.channel, place.thread or place.message)
        if ask.way is Way.THREAD and not incident:
            return  # Talk in somebody else's thread.
        card = self._subject(REQUEST, place.channel, place.message) or self._subject(
            EXECUTION, place.channel, place.message
        )
        self._turn.handle(replace(ask, incident=incident, card=card), self._messenger)
