"""Signals in: keep them, find the incident they belong to, change it, have it told.

`accept` is on the sender's path and only stores; `work` is called by one worker, so that
correlation never races with itself. Applying a batch twice changes nothing the second time, so a
crash anywhere between the two is mended by working on the batch again.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from knowledge.correlate import Candidates, is_noise, service_of
from knowledge.errors import Unavailable
from knowledge.incidents import instance, merge, open_from, resolve_when_quiet, with_signals
from knowledge.ports import Changes, Inbox, Incidents
from knowledge.records import Batch, Incident, Signal, Status

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=7)
"""Repeats of an alert that a person resolved are known for this long."""
MOST_OPEN = 1_000
MOST_RESOLVED = 300
SUSPECTS = timedelta(hours=2)
"""Changes of the service this long before its incident are put on it."""
_EARLY_ENDS = 2_000


class Intake:
    """`on_resolved` is told of each incident that resolved itself, after that is stored."""

    def __init__(
        self,
        inbox: Inbox,
        incidents: Incidents,
        now: Callable[[], datetime],
        *,
        changes: Changes | None = None,
        on_resolved: Callable[[Incident], None] | None = None,
        quiet: timedelta = timedelta(),
    ) -> None:
        self._inbox = inbox
        self._incidents = incidents
        self._now = now
        self._changes = changes
        self._on_resolved = on_resolved
        self._quiet = quiet
        self._ended: OrderedDict[tuple[str, datetime], Signal] = OrderedDict()

    def accept(self, source: str, signals: Sequence[Signal]) -> int:
        """Store durably; returns the batch's id. The sender may be answered after that."""
        return self._inbox.put(source, signals, self._now())

    def work(self, limit: int = 100) -> int:
        """Deal with the oldest batches; returns how many left the inbox.

        They are taken together, so that a backlog changes each incident once and not once for
        each batch. A batch that cannot be dealt with is set aside and holds up no other. Raises
        Unavailable, everything still waiting, when the store is out of reach.
        """
        batches = self._inbox.waiting(limit)
        if not batches:
            return 0
        try:
            self._apply([signal for batch in batches for signal in batch.signals])
        except Unavailable:
            raise
        except Exception:
            # One of them is bad; taken one by one, it shows which.
            log.warning("%s batches failed together", len(batches), exc_info=True)
            batches = [batch for batch in batches if self._deal_with(batch)]
        self._inbox.done([batch.id for batch in batches])
        return len(batches)

    def settle(self) -> int:
        """Resolve what has been quiet for long enough; for the schedule, when `quiet` is set."""
        settled = 0
        for incident in self._incidents.find(open_only=True, limit=MOST_OPEN):
            settled += self._change(incident.id, ()).status is Status.RESOLVED
        return settled

    def _deal_with(self, batch: Batch) -> bool:
        try:
            self._apply(batch.signals)
        except Unavailable:
            raise
        except Exception as error:
            # The last stop before the outside: one bad batch must not hold up the others.
            log.exception("batch %s of %s set aside", batch.id, batch.source)
            self._inbox.poison(batch.id, f"{type(error).__name__}: {error}")
            return False
        return True

    def _apply(self, signals: Sequence[Signal]) -> None:
        known = self._candidates()
        now = self._now()
        drafts: dict[str, Incident] = {}
        grown: dict[str, list[Signal]] = {}
        for delivered in merge((), map(_named, signals)):
            if is_noise(delivered):
                continue
            # An alert whose end came first, from the other replica or late, does not fire.
            signal = self._ended.get(instance(delivered), delivered)
            home = known.place(signal, now)
            if home in drafts:
                drafts[home] = with_signals(drafts[home], (signal,), now)
                known.put(drafts[home])
            elif home is not None:
                grown.setdefault(home, []).append(signal)
            elif not signal.firing:
                self._remember_end(signal)
            else:
                draft = replace(open_from((signal,), now), id=f"draft {len(drafts)}")
                drafts[draft.id] = draft
                known.put(draft)
        for incident_id, more in grown.items():
            self._change(incident_id, more)
        for draft in drafts.values():
            self._open(draft.signals, now)

    def _open(self, signals: Sequence[Signal], now: datetime) -> Incident:
        draft = open_from(signals, now)
        if self._changes is not None and draft.service:
            recent = self._changes.between(now - SUSPECTS, now, draft.service)
            draft = replace(draft, changes=tuple(recent))
        return self._incidents.open(draft, tell=("card",))

    def _change(self, incident_id: str, signals: Sequence[Signal]) -> Incident:
        now = self._now()

        def step(incident: Incident) -> Incident:
            return resolve_when_quiet(with_signals(incident, signals, now), now, self._quiet)

        before = self._incidents.get(incident_id)
        planned = step(before)
        if planned is before:
            return before
        tell = ("card", "thread") if planned.timeline != before.timeline else ("card",)
        after = self._incidents.change(incident_id, step, tell)
        if before.is_open and not after.is_open:
            self._resolved(after)
        return after

    def _resolved(self, incident: Incident) -> None:
        if self._on_resolved is None:
            return
        try:
            self._on_resolved(incident)
        except Exception:
            # It is resolved and stored; what follows from it can be made up for later.
            log.exception("after the resolution of %s", incident.id)

    def _candidates(self) -> Candidates:
        since = self._now() - LOOK_BACK
        over = self._incidents.find(status=Status.RESOLVED, since=since, limit=MOST_RESOLVED)
        return Candidates([*self._incidents.find(open_only=True, limit=MOST_OPEN), *over])

    def _remember_end(self, signal: Signal) -> None:
        """An end that came before its alert: the alert, when it comes, fires nowhere."""
        self._ended[instance(signal)] = signal
        while len(self._ended) > _EARLY_ENDS:
            self._ended.popitem(last=False)


def _named(signal: Signal) -> Signal:
    return signal if signal.service else replace(signal, service=service_of(signal))
