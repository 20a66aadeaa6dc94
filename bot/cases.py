"""What the correlation decided becomes incidents in the store, and news for their cards.

One `Casework` is one round inside one transaction: outcomes are applied in order, growth is
collected and written once for each incident at the end, however many webhooks it came in.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from knowledge.blame import with_suspects
from knowledge.correlation import (
    Correlator,
    Key,
    Opening,
    Outcome,
    Placement,
    carry_out,
)
from knowledge.errors import NotFound
from knowledge.incidents import (
    TANDEM,
    add_change,
    instance,
    merge_into,
    open_from,
    resolve_when_quiet,
    take_over,
    with_signals,
    without_signals,
)
from knowledge.ports import Store
from knowledge.records import AlertRecord, Change, Decision, Incident, Signal, Verdict

BLAMED_CHANGES = timedelta(hours=2)
"""Changes of the services this long before their incident are put on it."""
CARD, THREAD = "card", "thread"


@dataclass
class Casework:
    """`apply` what was decided, `note` what was delivered, then `finish`."""

    store: Store
    correlator: Correlator
    quiet: timedelta
    resolved: list[Incident] = field(default_factory=list)
    """Those that resolved themselves in this round."""
    stands_at: datetime | None = None
    """For a correlation that knows only some incidents: no time passes in it."""
    decisions: list[Decision] = field(default_factory=list)
    """What people decided in it."""
    _grown: dict[str, list[Signal]] = field(default_factory=dict)
    _records: dict[Key, AlertRecord] = field(default_factory=dict)
    _repeats: Counter[Key] = field(default_factory=Counter)
    _states: dict[Key, Signal] = field(default_factory=dict)
    """The latest delivery of each repeated instance."""

    def decide(self, decision: Decision, now: datetime) -> Outcome:
        """A person's word: the correlation takes it, and those of other replicas can follow."""
        self.decisions.append(decision)
        return carry_out(self.correlator, decision, self.stands_at or now)

    def apply(self, outcome: Outcome, now: datetime) -> None:
        """In order: incidents that open, where alerts went, incidents that became one or two."""
        drafts = {opening.group: opening for opening in outcome.openings}
        members: dict[str, list[Placement]] = {}
        for placement in outcome.placements:
            members.setdefault(placement.group, []).append(placement)
        merged = {merging.group for merging in outcome.merges}
        # What opened and was merged at once never was an incident.
        names = {
            group: self._open(opening, members[group])
            for group, opening in drafts.items()
            if group in members
        }
        moved: dict[str, list[Key]] = {}
        for placement in outcome.placements:
            group, before = names.get(placement.group, placement.group), placement.before
            self._record(placement, group)
            if group and placement.group not in drafts and before not in merged:
                self._grown.setdefault(group, []).append(placement.signal)
            if before not in ("", placement.group) and before not in merged | drafts.keys():
                moved.setdefault(before, []).append(instance(placement.signal))
        for merging in outcome.merges:
            if merging.group not in drafts:
                into = names.get(merging.into, merging.into)
                self.merge(merging.group, into, TANDEM, now, merging.says)
        says = {s.group: f"{s.says}: see {names.get(s.new, s.new)}" for s in outcome.splits}
        for group, keys in moved.items():
            # A group that was never opened holds nothing that people saw.
            if self._present(group):
                self.take_out(group, keys, TANDEM, now, says.get(group, "they belong elsewhere"))

    def note(self, signals: Iterable[Signal]) -> None:
        """These were delivered. What no outcome placed anew is a repeat or an end."""
        for signal in signals:
            key = instance(signal)
            record = self._records.get(key)
            if record is not None:
                self._records[key] = replace(record, deliveries=record.deliveries + 1)
                continue
            self._repeats[key] += 1
            known = self._states.get(key)
            if known is None or known.firing or not signal.firing:
                self._states[key] = signal

    def silenced(self, signal: Signal, silence: str) -> None:
        """It is kept, and opens nothing."""
        key = instance(signal)
        known = self._records.get(key)
        deliveries = known.deliveries + 1 if known else 1
        self._records[key] = AlertRecord(
            signal,
            signal.received_at,
            deliveries,
            verdict=Verdict.SILENCED,
            silence=silence,
        )

    def placed(self, signals: Iterable[Signal], incident_id: str) -> None:
        """A person put these there: the history says so."""
        for signal in signals:
            self._records[instance(signal)] = AlertRecord(
                signal, signal.received_at, 0, incident_id, Verdict.ATTACHED
            )

    def finish(self, now: datetime) -> None:
        """Write the growth and the history."""
        for incident_id in list(self._grown):
            self._flush(incident_id, now)
        # A delivery is counted by `note`; a record that was made without one counts none yet.
        self.store.alerts.record(list(self._records.values()))
        self.store.alerts.repeated([(self._states[k], n) for k, n in self._repeats.items()])

    def settle(self, incident_id: str, now: datetime) -> None:
        """Resolve it if it has been quiet for long enough."""
        self._change(incident_id, (), now)

    def merge(self, group: str, into: str, by: str, now: datetime, says: str) -> Incident:
        """All of one incident goes over to the other."""
        self._flush(group, now)
        self._flush(into, now)
        other = self.store.incidents.get(group)
        after = self.store.incidents.change(
            into, lambda i: take_over(i, other, by, now, says), (CARD, THREAD)
        )
        self.store.incidents.change(
            group, lambda i: merge_into(i, into, by, now, says), (CARD, THREAD)
        )
        return after

    def take_out(
        self, incident_id: str, keys: Collection[Key], by: str, now: datetime, says: str
    ) -> Incident:
        self._flush(incident_id, now)
        return self.store.incidents.change(
            incident_id,
            lambda i: without_signals(i, keys, by, now, says),
            (CARD, THREAD),
        )

    def attach(self, change: Change, now: datetime) -> None:
        """A change that came while incidents of its service are open."""
        for incident in self.store.incidents.find(open_only=True):
            if change.service in (incident.service, *incident.suspects):
                self.store.incidents.change(
                    incident.id, lambda i: add_change(i, change, now), (CARD, THREAD)
                )

    def _open(self, opening: Opening, members: Sequence[Placement]) -> str:
        draft = open_from([m.signal for m in members], opening.at)
        suspects = self.correlator.suspects(opening.group)
        draft = with_suspects(draft, suspects, opening.at)
        opened = self.store.incidents.open(
            replace(draft, changes=self._blamed(draft, opening.at)), tell=(CARD,)
        )
        self.correlator.rename(opening.group, opened.id)
        return opened.id

    def _blamed(self, draft: Incident, now: datetime) -> tuple[Change, ...]:
        """Changes shortly before, of the services that are suspected or that alert."""
        services = dict.fromkeys([draft.service, *draft.suspects])
        found = [
            change
            for service in services
            if service
            for change in self.store.changes.between(now - BLAMED_CHANGES, now, service)
        ]
        return tuple(sorted(found, key=lambda c: c.at))

    def _record(self, placement: Placement, group: str) -> None:
        signal = placement.signal
        key = instance(signal)
        known = self._records.get(key)
        self._records[key] = AlertRecord(
            signal,
            known.first_received_at if known else signal.received_at,
            known.deliveries if known else 0,
            group,
            placement.verdict,
            placement.terms,
        )

    def _flush(self, incident_id: str, now: datetime) -> None:
        signals = self._grown.pop(incident_id, None)
        if signals:
            self._change(incident_id, signals, now)

    def _change(self, incident_id: str, signals: Sequence[Signal], now: datetime) -> None:
        suspects = self.correlator.suspects(incident_id)
        incident_id = self._present(incident_id)
        if not incident_id:
            return

        def step(incident: Incident) -> Incident:
            grown = with_suspects(with_signals(incident, signals, now), suspects, now)
            return resolve_when_quiet(grown, now, self.quiet)

        before = self.store.incidents.get(incident_id)
        planned = step(before)
        if planned is before:
            return
        told = (CARD, THREAD) if planned.timeline != before.timeline else (CARD,)
        after = self.store.incidents.change(incident_id, step, told)
        if before.is_open and not after.is_open:
            self.correlator.close(incident_id)
            self.resolved.append(after)
        elif after.is_open and not before.is_open:
            self.correlator.reopen(incident_id)

    def _present(self, incident_id: str) -> str:
        """The id under which it goes on after merges; empty when the store does not know it."""
        try:
            incident = self.store.incidents.get(incident_id)
        except NotFound:
            return ""
        return self._present(incident.merged_into) if incident.merged_into else incident.id
