"""A queue and a few threads for one data source: what is slow there delays nobody elsewhere.

A monitor waits in it once at most. When it is due again while it waits or is being read, that is
one reading less, never a second one in the queue: a source that cannot keep up is read as fast as
it answers.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

log = logging.getLogger("tandem.watching")

MOST_TOGETHER = 40
"""Questions in one request. Each `or` of a joined query copies what is left of it, so that cost
grows with the square of this."""
LEAVE_S = 5.0


@dataclass(frozen=True)
class Due:
    """One monitor to be read."""

    key: str
    asks: str
    """Those that ask the same are read together."""
    at_ms: int
    """When it was due."""
    joins: bool = False
    """It may share a request with others that ask something else."""


Work = Callable[[Sequence[Due], int], Sequence[Due]]
"""Read these as of that moment (milliseconds since 1970); returns those to be read again, alone."""


@dataclass
class Lane:
    """`work` is called on at most `workers` threads at once; they start when there is work."""

    name: str
    work: Work
    workers: int
    most_together: int = MOST_TOGETHER
    _alone: OrderedDict[str, list[Due]] = field(default_factory=OrderedDict, repr=False)
    _joined: OrderedDict[str, list[Due]] = field(default_factory=OrderedDict, repr=False)
    _known: set[str] = field(default_factory=set, repr=False)
    """Keys that wait or are being read."""
    _newest_ms: int = 0
    _threads: list[threading.Thread] = field(default_factory=list, repr=False)
    _idle: int = 0
    _ending: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def add(self, dues: Sequence[Due]) -> int:
        """How many are left out, since their last reading is not over."""
        left_out = 0
        with self._changed:
            for due in dues:
                self._newest_ms = max(self._newest_ms, due.at_ms)
                if due.key in self._known or self._ending:
                    left_out += 1
                    continue
                self._known.add(due.key)
                self._put(due)
            self._staff()
        return left_out

    def waiting(self) -> int:
        with self._changed:
            return sum(map(len, (*self._alone.values(), *self._joined.values())))

    def busy(self) -> bool:
        """Whether anything waits or is being read."""
        with self._changed:
            return bool(self._known)

    def stop(self, timeout_s: float = LEAVE_S) -> None:
        """What waits is dropped; what is being read has so long to finish."""
        with self._changed:
            self._ending = True
            self._alone.clear()
            self._joined.clear()
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout_s)

    def _put(self, due: Due) -> None:
        queue = self._joined if due.joins else self._alone
        queue.setdefault(due.asks, []).append(due)

    def _staff(self) -> None:
        """Wake, or start, as many threads as there is work for."""
        self._changed.notify_all()
        wanted = len(self._alone) + -(-len(self._joined) // self.most_together)
        while wanted > self._idle and len(self._threads) < self.workers and not self._ending:
            number = len(self._threads)
            name = f"watch {self.name} {number}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            self._idle += 1
            wanted -= 1
            thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._ending or self._alone or self._joined):
                    self._changed.wait()
                if self._ending:
                    return
                self._idle -= 1
                taken, at_ms = self._take(), self._newest_ms
            again = self._try(taken, at_ms)
            with self._changed:
                self._idle += 1
                self._known.difference_update(due.key for due in taken)
                if not self._ending:
                    for due in again:
                        self._known.add(due.key)
                        self._put(due)
                    if again:
                        self._staff()

    def _take(self) -> list[Due]:
        """The oldest question that must be asked alone, or the oldest ones that may be joined:
        whichever has waited longer."""
        alone = next(iter(self._alone.values()), None)
        joined = next(iter(self._joined.values()), None)
        if alone is not None and (joined is None or alone[0].at_ms <= joined[0].at_ms):
            return self._alone.popitem(last=False)[1]
        taken: list[Due] = []
        for _ in range(min(self.most_together, len(self._joined))):
            taken += self._joined.popitem(last=False)[1]
        return taken

    def _try(self, taken: Sequence[Due], at_ms: int) -> Sequence[Due]:
        try:
            return self.work(taken, at_ms)
        except Exception:
            # The last stop before the thread's end, and the source would be read no more.
            log.exception("reading %s", self.name)
            return ()
