"""Which of the replicas on one database does what only one may do.

Each role is a lease in the database. Its holder renews it every two seconds; when it says nothing
for six, another takes over. A holder that is cut off from the database, or was stopped, knows by
its own clock that its time is over, and stops before anybody else begins. What must be right even
if that fails stands on the store's own transactions (rounds, fences, first message remembered), not
on leases: see docs/decisions/0043.
"""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Protocol

from knowledge.errors import TandemError
from knowledge.ports import Leases
from knowledge.records import Lease

log = logging.getLogger("tandem.replica")

INTAKE, COURIER, SCHEDULE = "intake", "courier", "schedule"
ROLES = (INTAKE, COURIER, SCHEDULE)
"""Those that are dear to hand over first."""
TTL_S = 6.0
RENEW_S = 2.0
BEAT_S = 1.0
SURE_S = 1.0
"""A holder counts itself out this long before the database does: for a call that is under way."""
GRACE_S = 1.5
"""A free role is first left to those that have fewer."""
REST_S = 4.0
"""Whoever handed a role over does not take it back within this time."""
PASSED_ON_S = 30.0
"""Whoever passed a role on, as it could not do it, leaves it to the others for so long."""
_PRESENT = "replica/"
"""Leases of this name say only that their holder is there."""


class Standing(Protocol):
    """What others may ask of the replica that they run in."""

    @property
    def name(self) -> str: ...

    def holds(self, role: str) -> bool:
        """Whether this process may do now what the role's holder does. Cheap; asks nobody."""
        ...

    def token(self, role: str) -> int | None:
        """The lease's fencing token while the role is held."""
        ...


def boot_clock() -> float:
    """Seconds that pass also while the machine sleeps, where there is such a clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def name_of_process() -> str:
    """Never given twice: one that is started again must not pass for the one before."""
    return f"{socket.gethostname()}-{os.getpid()}-{token_hex(3)}"


class Alone:
    """`Standing` of the only process on its database: it has every role, always."""

    def __init__(self, name: str = "") -> None:
        self.name = name or name_of_process()

    def holds(self, role: str) -> bool:
        return True

    def token(self, role: str) -> int | None:
        return None

    def start(self) -> None:
        """Nothing has to be found out."""

    def end(self, role: str) -> None:
        """Nobody waits for it."""

    def release(self, role: str) -> None:
        """Nobody waits for it."""

    def pass_on(self, role: str) -> bool:
        """There is nobody to pass it on to."""
        return False

    def stop(self) -> None:
        """Nobody waits."""


@dataclass(frozen=True)
class Wish:
    """What a replica should do about the roles that it does not have, or has too many of."""

    take: tuple[str, ...] = ()
    """At once."""
    later: tuple[str, ...] = ()
    """If nobody else does."""
    hand_over: str = ""


def wish(leases: Sequence[Lease], me: str) -> Wish:
    """Roles are shared: whoever has fewest takes first, and nobody keeps two more than another.
    Pure: the leases are all that stand now."""
    holders = {lease.name: lease.holder for lease in leases}
    there = {holder for name, holder in holders.items() if name.startswith(_PRESENT)} | {me}
    counts = Counter(dict.fromkeys(there, 0))
    counts.update(holders[role] for role in ROLES if role in holders)
    fewest = min(counts[replica] for replica in there)
    mine = [role for role in ROLES if holders.get(role) == me]
    if len(mine) - fewest > 1:
        return Wish(hand_over=mine[-1])
    free = [role for role in ROLES if role not in holders]
    others = min((counts[replica] for replica in there - {me}), default=len(ROLES))
    now = tuple(free[: max(others - len(mine) + 1, 0)])
    return Wish(now, tuple(role for role in free if role not in now))


@dataclass
class _Held:
    token: int
    until: float
    """By this process's own clock."""
    renewed: float


class Replica:
    """`Standing` of one of several processes. `gained` and `lost` are told of roles, on a thread of
    their own and in order; nobody should rely on `lost` being prompt, but on `holds`."""

    def __init__(
        self,
        leases: Leases,
        name: str = "",
        *,
        ttl_s: float = TTL_S,
        renew_s: float = RENEW_S,
        beat_s: float = BEAT_S,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        self.name = name or name_of_process()
        self.gained: Callable[[str], object] = lambda role: None
        self.lost: Callable[[str], object] = lambda role: None
        self._leases = leases
        self._ttl_s, self._renew_s, self._beat_s = ttl_s, renew_s, beat_s
        self._sure_s = min(SURE_S, ttl_s / 6)
        self._clock = clock
        self._lock = threading.Lock()
        """Over what this process believes to hold."""
        self._asking = threading.Lock()
        """Over what is asked of the leases: nothing is taken while it is let go."""
        self._held: dict[str, _Held] = {}
        self._free_since: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._present_until = 0.0
        self._over: set[str] = set()
        self._stop = threading.Event()
        self._out_of_reach = False
        self._teller = ThreadPoolExecutor(1, "replica told")
        self._thread = threading.Thread(target=self._run, name="replica", daemon=True)

    def holds(self, role: str) -> bool:
        with self._lock:
            held = self._held.get(role)
            return held is not None and role not in self._over and self._clock() < held.until

    def token(self, role: str) -> int | None:
        with self._lock:
            held = self._held.get(role)
            return None if held is None else held.token

    def start(self) -> None:
        """Takes what is free now, so that the only replica begins at once."""
        self.beat()
        self._thread.start()

    def release(self, role: str) -> None:
        """Let it go for good, for another to take it at once. What this process did in the role
        must have ended; it stops to hold it before."""
        self.end(role)
        # Whoever asks may be waiting for a database that does not answer: then it lapses.
        if self._asking.acquire(timeout=self._ttl_s):
            try:
                self._leases.release(role, self.name)
            except TandemError as error:
                log.warning("%s is not let go, and is over in %g s: %s", role, self._ttl_s, error)
            finally:
                self._asking.release()
        self._lose(role)

    def pass_on(self, role: str) -> bool:
        """Let another replica try what this one cannot do at present; False where there is no
        other, or the role is not held. Raises Unavailable."""
        with self._asking:
            others = {lease.holder for lease in self._leases.held()} - {self.name}
            if not others or not self.holds(role):
                return False
            self._hand_over(role, self._clock(), PASSED_ON_S)
        return True

    def end(self, role: str) -> None:
        """From now on this process does not hold it, and does not take it again; but nobody else
        has it before `release`."""
        with self._lock:
            self._over.add(role)

    def stop(self) -> None:
        """Let everything go. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._ttl_s)
        for role in (*ROLES, _PRESENT + self.name):
            if role not in self._over or role in self._held:
                self.release(role)
        self._teller.shutdown(wait=True)

    def beat(self) -> None:
        """Once: say that we are there, hold on to what is held, take what is free."""
        with self._asking:
            try:
                self._look()
            except TandemError as error:
                if not self._out_of_reach:
                    log.warning("leases are out of reach: %s", error)
                self._out_of_reach = True
            else:
                if self._out_of_reach:
                    log.warning("leases are within reach again")
                self._out_of_reach = False
        for role in self._lapsed():
            self._lose(role)

    def _run(self) -> None:
        while not self._stop.wait(self._beat_s):
            try:
                self.beat()
            except Exception:
                # The last stop: without this thread nothing would ever be held again.
                log.exception("replica")

    def _look(self) -> None:
        """Raises Unavailable."""
        now = self._clock()
        for role in ROLES:
            with self._lock:
                held = self._held.get(role)
                due = held is not None and now - held.renewed >= self._renew_s
            if due and role not in self._over:
                self._take(role)
        if now >= self._present_until - self._ttl_s + self._renew_s:
            self._leases.take(_PRESENT + self.name, self.name, self._ttl_s)
            self._present_until = now + self._ttl_s
        self._share(self._leases.held(), now)

    def _share(self, leases: Sequence[Lease], now: float) -> None:
        want = wish(leases, self.name)
        free = {*want.take, *want.later}
        self._free_since = {role: self._free_since.get(role, now) for role in free}
        waited = tuple(r for r in want.later if now - self._free_since[r] >= GRACE_S)
        for role in (*want.take, *waited):
            if role not in self._over and now >= self._not_before.get(role, now):
                self._take(role)
        if want.hand_over and self.holds(want.hand_over):
            self._hand_over(want.hand_over, now)

    def _take(self, role: str) -> None:
        asked = self._clock()
        token = self._leases.take(role, self.name, self._ttl_s)
        if token is None:
            self._lose(role)
            return
        with self._lock:
            before = self._held.get(role)
            self._held[role] = _Held(token, asked + self._ttl_s - self._sure_s, asked)
        if before is None or before.token != token:
            if before is not None:
                self._tell(self.lost, role)
            log.warning("%s has the role %s (%d)", self.name, role, token)
            self._tell(self.gained, role)

    def _hand_over(self, role: str, now: float, rest_s: float = REST_S) -> None:
        """To one that has less to do; what is under way is guarded as after any loss."""
        self._not_before[role] = now + rest_s
        self._lose(role)
        self._leases.release(role, self.name)

    def _lapsed(self) -> list[str]:
        now = self._clock()
        with self._lock:
            return [role for role, held in self._held.items() if held.until <= now]

    def _lose(self, role: str) -> None:
        with self._lock:
            held = self._held.pop(role, None)
        if held is not None:
            log.warning("%s no longer has the role %s", self.name, role)
            self._tell(self.lost, role)

    def _tell(self, whom: Callable[[str], object], role: str) -> None:
        self._teller.submit(partial(_told, whom, role))


def _told(whom: Callable[[str], object], role: str) -> None:
    try:
        whom(role)
    except Exception:
        # The pool would keep it to itself.
        log.exception("the role %s", role)
