"""Pure: how many alerts an incident has, where, and how often they were sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.incidents import counted, instance, start_is_unknown
from knowledge.records import AlertRecord, Incident, Signal
from skills.cards.wording import count, listed

_POD_LABELS = ("pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name")


@dataclass(frozen=True)
class Counts:
    """An alert is one instance: a fingerprint and a start, however often it was sent."""

    firing: int
    alerts: int
    services: int
    pods: int
    repeats: int
    """Deliveries beyond the first of each alert, where the history was given."""

    @classmethod
    def of(cls, incident: Incident, records: Sequence[AlertRecord] = ()) -> "Counts":
        """From the incident's own signals, and `records`, the history's alerts of it.

        A storm's incident holds only the latest instance of each series (`incidents.bounded`); the
        history holds them all, and knows the repeats.
        """
        own = counted(incident.signals)
        known = {instance(signal) for signal in own}
        let_go = [
            r.signal
            for r in records
            if instance(r.signal) not in known and not start_is_unknown(r.signal)
        ]
        every = (*own, *let_go)
        return cls(
            firing=len(incident.firing),
            alerts=len(every),
            services=len({s.service for s in every} - {""}),
            pods=len({pod_of(s) for s in every} - {""}),
            repeats=sum(max(r.deliveries - 1, 0) for r in records),
        )

    def say(self) -> str:
        """ "14 firing of 132, in 6 services and 23 pods; sent again 410 times"."""
        if not self.alerts:
            return "none yet"
        text = f"{self.firing:,} firing of {self.alerts:,}"
        places = [count(self.services, "service")] if self.services > 1 else []
        places += [count(self.pods, "pod")] if self.pods > 1 else []
        text += f", in {listed(places)}" if places else ""
        return text + (f"; sent again {count(self.repeats, 'time')}" if self.repeats else "")


def pod_of(signal: Signal) -> str:
    return next((signal.labels[label] for label in _POD_LABELS if signal.labels.get(label)), "")
