"""`ports.Triage` over stores in memory, without a correlation: for tests of skills and cards."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import instance, merge_into, open_from, take_over, without_signals
from knowledge.records import AlertRecord, Incident, Lesson, Signal, Teaching, Verdict

_TOLD = ("card", "thread")


class MemoryTriage:
    """Does what people decide at once; what it learns is kept in `store.lessons` and used by
    nothing."""

    def __init__(self, store: MemoryStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def why(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        return self._store.alerts.get(fingerprint, starts_at)

    def not_related(self, incident_id: str, alerts: Sequence[tuple[str, datetime]], by: str) -> str:
        chosen, rest = self._apart(incident_id, alerts)
        self._learn(Teaching.NOT_RELATED, chosen, rest, by, incident_id)
        self._take_out(incident_id, chosen, by, "said not to be related")
        self._placed(chosen, "", Verdict.WAITING)
        return ""

    def split(self, incident_id: str, alerts: Sequence[tuple[str, datetime]], by: str) -> Incident:
        chosen, rest = self._apart(incident_id, alerts)
        self._learn(Teaching.NOT_RELATED, chosen, rest, by, incident_id)
        made = self._store.incidents.open(open_from(chosen, self._now()), tell=("card",))
        self._take_out(incident_id, chosen, by, f"split off: see {made.id}")
        self._placed(chosen, made.id, Verdict.OPENED)
        return made

    def merge(self, incident_id: str, into: str, by: str) -> Incident:
        one, other = self._store.incidents.get(incident_id), self._store.incidents.get(into)
        if one.id == other.id:
            raise BadArgs("into", f"it is {one.id} itself", "Name another incident")
        self._learn(Teaching.SAME_INCIDENT, one.signals, other.signals, by, other.id)
        now, says = self._now(), "said to be the same"
        after = self._store.incidents.change(
            other.id, lambda i: take_over(i, one, by, now, says), _TOLD
        )
        self._store.incidents.change(
            one.id, lambda i: merge_into(i, other.id, by, now, says), _TOLD
        )
        self._placed(one.signals, other.id, Verdict.ATTACHED)
        return after

    def _apart(
        self, incident_id: str, alerts: Sequence[tuple[str, datetime]]
    ) -> tuple[list[Signal], list[Signal]]:
        """The chosen alerts and the others. Raises NotFound, BadArgs."""
        incident = self._store.incidents.get(incident_id)
        keys = set(alerts)
        chosen = [s for s in incident.signals if instance(s) in keys]
        rest = [s for s in incident.signals if instance(s) not in keys]
        if not chosen:
            raise NotFound(f"alert of {incident.id}", ", ".join(k[0] for k in alerts))
        if not rest:
            raise BadArgs("alerts", f"they are all of {incident.id}", "Choose some of them")
        return chosen, rest

    def _learn(
        self,
        teaching: Teaching,
        ones: Sequence[Signal],
        others: Sequence[Signal],
        by: str,
        incident_id: str,
    ) -> None:
        pairs = dict.fromkeys(
            ((a.name, a.service), (b.name, b.service)) for a in ones for b in others
        )
        for one, other in pairs:
            self._store.lessons.add(Lesson(self._now(), by, teaching, one, other, incident_id))

    def _take_out(self, incident_id: str, chosen: Sequence[Signal], by: str, says: str) -> None:
        keys = set(map(instance, chosen))
        now = self._now()
        self._store.incidents.change(
            incident_id, lambda i: without_signals(i, keys, by, now, says), _TOLD
        )

    def _placed(self, signals: Sequence[Signal], incident_id: str, verdict: Verdict) -> None:
        for signal in signals:
            found = self._store.alerts.find(fingerprint=signal.fingerprint)
            known = next((r for r in found if r.signal.starts_at == signal.starts_at), None)
            record = known or AlertRecord(signal, signal.received_at, deliveries=0)
            moved = replace(record, deliveries=0, incident=incident_id, verdict=verdict)
            self._store.alerts.record([moved])
