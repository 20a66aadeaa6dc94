"""Is this process alive, and can it take traffic? What /healthz and /readyz say.

Alive is a question about *this process* alone, since the answer to "no" is to start it again. A
database or a Slack that is away is not mended by that, so neither makes it "no": a loop that hangs
while the database does not answer is excused, one that hangs while it does is not. Ready is a
question about traffic: whether a load balancer should send requests here. See
docs/decisions/0048.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from bot.upkeep.pulse import Pulse
from knowledge.errors import TandemError

log = logging.getLogger("tandem.health")

PROBE_S = 2.0
"""How long the database may take to answer."""
FRESH_S = 1.0
"""An answer this young is given again: whoever asks often does not ask the database often."""
TURN_STUCK_S = 600.0
"""No request of a person may run as long as this; its parts all have time-outs of their own."""
SOCKET_GRACE_S = 30.0
"""After the start: as long as this, traffic waits for Slack's socket. Then webhooks are taken
without it, since they need no Slack."""

Body = dict[str, object]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. What it says goes to anyone who asks: no names of hosts, no
    texts of errors."""

    name: str
    ok: bool
    says: str


@dataclass(frozen=True)
class Report:
    checks: tuple[Check, ...]
    deciding: frozenset[str]
    """Names of the checks that must be ok; the others are only shown."""
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks if check.name in self.deciding)

    @property
    def body(self) -> Body:
        checks = {c.name: {"ok": c.ok, "says": c.says} for c in self.checks}
        return {"ok": self.ok, **self.more, "checks": checks}


@dataclass
class Probe:
    """Asks something that may hang, without hanging: at most one question is under way."""

    ask: Callable[[], Body]
    """Raises TandemError when the answer is no."""
    clock: Callable[[], float] = monotonic
    wait_s: float = PROBE_S
    fresh_s: float = FRESH_S
    _lock: Lock = field(default_factory=Lock, repr=False)
    _thread: Thread | None = field(default=None, repr=False)
    _done: Event = field(default_factory=Event, repr=False)
    _found: Body | None = field(default=None, repr=False)
    _at: float = field(default=float("-inf"), repr=False)

    def __call__(self) -> Body | None:
        """What it answered within `wait_s`, or None."""
        with self._lock:
            if self._thread is None and self.clock() - self._at <= self.fresh_s:
                return self._found
            if self._thread is None:
                self._done.clear()
                self._thread = Thread(target=self._run, name="probe", daemon=True)
                self._thread.start()
        if not self._done.wait(self.wait_s):
            return None
        return self._found

    def _run(self) -> None:
        try:
            found: Body | None = self.ask()
        except TandemError as error:
            log.warning("the database does not answer: %s", error)
            found = None
        except Exception:
            # The last stop of this thread: whatever it was, it was no answer.
            log.exception("the database cannot be asked")
            found = None
        with self._lock:
            self._found, self._at, self._thread = found, self.clock(), None
            self._done.set()


@dataclass
class Health:
    """What is told of this process. Safe to use from every thread."""

    pulse: Pulse
    database: Callable[[], Body | None]
    """What waits in it; None while it does not answer."""
    workers: int
    """Requests of people that can run at once."""
    socket: Callable[[], bool] | None = None
    """Whether Slack's socket is connected; None where Slack calls us by HTTP."""
    stuck_s: float = 120.0
    clock: Callable[[], float] = monotonic
    draining: bool = False
    signed_in: bool = False
    """Slack has told who the bot is; without that no request of a person can be understood."""
    _began: float = field(default=0.0, repr=False)
    _last: dict[str, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def alive(self) -> Report:
        """For the liveness probe: False means that starting it again would help."""
        waits = self.database()
        checks = (self._loops(waits is not None), self._turns(), _database(waits))
        return self._noted(Report(checks, frozenset({"loops", "turns"}), waits or {}))

    def ready(self) -> Report:
        """For the readiness probe: False means to send requests elsewhere for now."""
        waits = self.database()
        checks = (_database(waits), self._slack(), self._staying())
        return self._noted(Report(checks, frozenset({"database", "slack", "staying"})))

    def works(self) -> list[str]:
        """What keeps it from doing its work, in words; empty when all is well. For the dead man's
        switch: that somebody outside is told, because Tandem may not be able to."""
        alive = self.alive()
        wrong = [f"{c.name}: {c.says}" for c in alive.checks if not c.ok]
        if self.socket is not None and not self.socket():
            wrong.append("Slack's socket is not connected")
        if not self.signed_in:
            wrong.append("it has not signed in to Slack")
        return wrong

    def looked_at(self) -> Mapping[str, bool]:
        """Each check as it is now: for /metrics, where perhaps nobody else asks."""
        self.alive()
        self.ready()
        return self.last

    @property
    def last(self) -> Mapping[str, bool]:
        """Each check as it was found last."""
        return dict(self._last)

    @property
    def is_ready(self) -> bool:
        """As it was found last."""
        return all(self._last.get(name, False) for name in ("database", "slack", "staying"))

    def _noted(self, report: Report) -> Report:
        self._last.update({check.name: check.ok for check in report.checks})
        return report

    def _loops(self, database_answers: bool) -> Check:
        stuck = {name: s for name, s in self.pulse.stuck().items() if s > self.stuck_s}
        gone = [name for name, seconds in stuck.items() if seconds == float("inf")]
        if gone:
            return Check("loops", False, f"ended: {', '.join(gone)}")
        if stuck and database_answers:
            return Check("loops", False, f"stuck: {', '.join(stuck)}")
        if stuck:
            return Check("loops", True, f"{', '.join(stuck)} waits for the database")
        return Check("loops", True, "go round")

    def _turns(self) -> Check:
        running = self.pulse.turns()
        stuck = [seconds for seconds, _ in running if seconds > TURN_STUCK_S]
        if len(stuck) >= self.workers:
            return Check("turns", False, f"all {self.workers} workers are stuck")
        return Check("turns", True, f"{len(running)} under way, {len(stuck)} stuck")

    def _slack(self) -> Check:
        """Traffic does not depend on Slack's being there now: webhooks are kept without it."""
        connected = self.signed_in and (self.socket is None or self.socket())
        way = "HTTP events" if self.socket is None else "the socket"
        if connected:
            return Check("slack", True, f"signed in, {way} open")
        waited = self.clock() - self._began
        if waited < SOCKET_GRACE_S:
            return Check("slack", False, f"{way} not open yet")
        return Check("slack", True, f"{way} not open; webhooks are taken all the same")

    def _staying(self) -> Check:
        return Check("staying", not self.draining, "leaving" if self.draining else "staying")


def _database(waits: Body | None) -> Check:
    answers = waits is not None
    return Check("database", answers, "answers" if answers else "does not answer")


def database_of(health: Callable[[], dict[str, Any]]) -> Callable[[], Body]:
    """`Bot.health` as a question for a Probe. What it returns raises DatabaseAway."""

    def ask() -> Body:
        found = health()
        if not found.pop("ok"):
            raise DatabaseAway(str(found.get("database")))
        return dict(found)

    return ask


class DatabaseAway(TandemError):
    """It did not answer, or with an error."""
