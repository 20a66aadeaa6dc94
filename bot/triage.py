"""What people decide about the correlation of present incidents: `ports.Triage`.

Their word stands: the correlation does not undo it, and learns from it for later incidents.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bot.cases import Casework
from bot.intake import Intake
from knowledge.correlation import Key
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import instance, open_from
from knowledge.ports import Store
from knowledge.records import (
    AlertRecord,
    Deciding,
    Decision,
    Incident,
    Lesson,
    Signal,
    Teaching,
)

MOST_LESSONS = 20
"""Pairs of kinds that one decision teaches: the commonest."""


class IntakeTriage:
    """`ports.Triage` over the intake's own correlation and transactions."""

    def __init__(self, intake: Intake, store: Store, now: Callable[[], datetime]) -> None:
        self._intake = intake
        self._store = store
        self._now = now

    def why(self, fingerprint: str, starts_at: datetime) -> AlertRecord:
        return self._store.alerts.get(fingerprint, starts_at)

    def not_related(self, incident_id: str, alerts: Sequence[Key], by: str) -> str:
        now = self._now()
        self._chosen(incident_id, alerts)
        with self._intake.correlating((incident_id,)) as work:
            incident, chosen, rest = self._chosen(incident_id, alerts)
            self._learn(work, Teaching.NOT_RELATED, chosen, rest, by, incident.id)
            keys = [instance(s) for s in chosen]
            work.take_out(incident.id, keys, by, now, "said not to be related")
            for key in keys:
                taken_out = Decision(Deciding.DETACH, incident.id, alerts=(key,))
                work.apply(work.decide(taken_out, now), now)
            placed = [work.correlator.placed(key) for key in keys]
            return next((group for _, group in filter(None, placed) if group), "")

    def split(self, incident_id: str, alerts: Sequence[Key], by: str) -> Incident:
        now = self._now()
        self._chosen(incident_id, alerts)
        with self._intake.correlating((incident_id,)) as work:
            incident, chosen, rest = self._chosen(incident_id, alerts)
            self._learn(work, Teaching.NOT_RELATED, chosen, rest, by, incident.id)
            opened = self._store.incidents.open(open_from(chosen, now), tell=("card",))
            keys = [instance(s) for s in chosen]
            work.decide(Decision(Deciding.SPLIT, incident.id, opened.id, tuple(keys)), now)
            work.take_out(incident.id, keys, by, now, f"split off: see {opened.id}")
            work.placed(chosen, opened.id)
            return opened

    def merge(self, incident_id: str, into: str, by: str) -> Incident:
        now = self._now()
        self._two(incident_id, into)
        with self._intake.correlating((incident_id, into)) as work:
            one, other = self._two(incident_id, into)
            self._learn(work, Teaching.SAME_INCIDENT, one.signals, other.signals, by, other.id)
            work.decide(Decision(Deciding.MERGE, one.id, other.id), now)
            after = work.merge(one.id, other.id, by, now, "said to be the same")
            work.placed(one.signals, other.id)
            return after

    # What cannot be done is refused before a round begins, and looked at again in it: a round that
    # fails costs the correlation what it knows, and a slip of the pen is no reason for that.

    def _chosen(
        self, incident_id: str, alerts: Sequence[Key]
    ) -> tuple[Incident, list[Signal], list[Signal]]:
        incident = self._store.incidents.get(incident_id)
        return incident, *_apart(incident, alerts)

    def _two(self, incident_id: str, into: str) -> tuple[Incident, Incident]:
        one, other = self._store.incidents.get(incident_id), self._store.incidents.get(into)
        if one.id == other.id:
            raise BadArgs("into", f"it is {one.id} itself", "Name another incident")
        for field, incident in (("incident", one), ("into", other)):
            if incident.merged_into:
                gone = f"{incident.id} was merged into {incident.merged_into} already"
                raise BadArgs(field, gone, f"Name {incident.merged_into} instead")
        return one, other

    def _learn(
        self,
        work: Casework,
        teaching: Teaching,
        ones: Iterable[Signal],
        others: Iterable[Signal],
        by: str,
        incident: str,
    ) -> None:
        pairs = [(one, other) for one in _kinds(ones) for other in _kinds(others) if one != other]
        for one, other in pairs[:MOST_LESSONS]:
            lesson = Lesson(self._now(), by, teaching, one, other, incident)
            self._store.lessons.add(lesson)
            work.decide(Decision(Deciding.TEACH, incident, lesson=lesson), lesson.at)


def _apart(incident: Incident, alerts: Sequence[Key]) -> tuple[list[Signal], list[Signal]]:
    """The chosen alerts of the incident, and its others. Raises NotFound, BadArgs."""
    keys = set(alerts)
    chosen = [s for s in incident.signals if instance(s) in keys]
    rest = [s for s in incident.signals if instance(s) not in keys]
    if not chosen:
        names = sorted({s.name for s in incident.signals})
        raise NotFound.among(f"alert of {incident.id}", ", ".join(k[0] for k in keys), names)
    if not rest:
        raise BadArgs(
            "alerts", f"they are all of {incident.id}", "Choose some of them, or merge it instead"
        )
    return chosen, rest


def _kinds(signals: Iterable[Signal]) -> list[tuple[str, str]]:
    """(name, service), commonest first."""
    counts: dict[tuple[str, str], int] = {}
    for signal in signals:
        kind = (signal.name, signal.service)
        counts[kind] = counts.get(kind, 0) + 1
    return sorted(counts, key=lambda kind: -counts[kind])
