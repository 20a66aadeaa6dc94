"""Which incident does a signal belong to?

By now: the one that knows its fingerprint, else a recent one of the same service and cluster.
`place` is all the rest of Tandem uses, so that a richer rule can take its place.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from knowledge.incidents import REOPEN_WITHIN, instance
from knowledge.records import Incident, Signal, SignalKind

RECENT = timedelta(hours=1)
"""An open incident that has been silent for longer takes no other alerts of its service."""

_HEARTBEATS = frozenset({"watchdog", "infoinhibitor", "deadmansswitch"})
_SERVICE_LABELS = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "application",
    "model",
    "model_name",
    "deployment",
    "statefulset",
    "daemonset",
    "job",
    "pod",
    "container",
    "target",
    "node",
    "instance",
)
"""Most telling first."""
_SCRAPERS = re.compile(
    r"(kube-state-metrics|node[-_]?exporter|blackbox.*|cadvisor|kubelet|prometheus.*|"
    r"kubernetes-(pods|nodes|service-endpoints))",
    re.IGNORECASE,
)
"""Jobs that watch others: their name says nothing about what is broken."""
_POD_HASH = re.compile(r"-[a-f0-9]{7,10}-[a-z0-9]{5}$|-[a-z0-9]{5}$|-\d+$")
_MODELS = frozenset({SignalKind.DRIFT, SignalKind.QUALITY})


def is_noise(signal: Signal) -> bool:
    """Heartbeats and what its sender calls unimportant: they open nothing."""
    return signal.severity.lower() == "none" or signal.name.lower() in _HEARTBEATS


def service_of(signal: Signal) -> str:
    """The service it is about: as it says, else as its labels let guess; may be empty."""
    if signal.service:
        return signal.service
    named = ((label, signal.labels.get(label, "")) for label in _SERVICE_LABELS)
    return next((name for label, value in named if (name := _read(label, value))), "")


class Candidates:
    """Incidents that signals may belong to, found by what decides it without reading them all."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._incidents: dict[str, Incident] = {}
        self._instances: dict[tuple[str, datetime], str] = {}
        self._fingerprints: dict[str, list[str]] = {}
        self._services: dict[tuple[str, bool], list[str]] = {}
        self._clusters: dict[str, set[str]] = {}
        for incident in sorted(incidents, key=lambda i: i.opened_at):
            self.put(incident)

    def put(self, incident: Incident) -> None:
        """Add, or replace by id."""
        self._incidents[incident.id] = incident
        self._clusters[incident.id] = {
            s.labels["cluster"] for s in incident.signals if "cluster" in s.labels
        }
        for signal in incident.signals:
            self._instances[instance(signal)] = incident.id
            _append(self._fingerprints.setdefault(signal.fingerprint, []), incident.id)
            _append(self._services.setdefault(_group(signal), []), incident.id)

    def place(self, signal: Signal, now: datetime) -> str | None:
        """The incident's id, or None where the signal stands alone. Newest incidents win."""
        known = self._instances.get(instance(signal))
        if known is not None:
            return known
        for incident in self._newest(self._fingerprints.get(signal.fingerprint, ())):
            if incident.is_open or _just_over(incident, now):
                return incident.id
        if not service_of(signal):
            return None
        for incident in self._newest(self._services.get(_group(signal), ())):
            fits = incident.is_open and now - incident.updated_at <= RECENT
            if fits and self._same_cluster(signal, incident):
                return incident.id
        return None

    def _newest(self, ids: Iterable[str]) -> Iterable[Incident]:
        return (self._incidents[i] for i in reversed(tuple(ids)))

    def _same_cluster(self, signal: Signal, incident: Incident) -> bool:
        mine, theirs = signal.labels.get("cluster"), self._clusters[incident.id]
        return mine is None or not theirs or mine in theirs


def place(signal: Signal, incidents: Iterable[Incident], now: datetime) -> str | None:
    """The id of the incident among these that the signal belongs to."""
    return Candidates(incidents).place(signal, now)


def _group(signal: Signal) -> tuple[str, bool]:
    # What a model sees and how its server runs are two troubles, even of one name.
    return service_of(signal).lower(), signal.kind in _MODELS


def _just_over(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is not None and now - incident.resolved_at <= REOPEN_WITHIN


def _read(label: str, value: str) -> str:
    if label == "job":
        name = value.rpartition("/")[2]
        return "" if _SCRAPERS.fullmatch(name) else name
    if label == "pod":
        return _POD_HASH.sub("", value)
    if label in ("target", "instance"):
        return _host(value)
    return value


def _host(address: str) -> str:
    """ "checkout" of "https://checkout.shop.example/healthz" and of "checkout:9090"."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return address
    return host if re.fullmatch(r"[\d.:a-f]+", host) else host.partition(".")[0]


def _append(ids: list[str], incident_id: str) -> None:
    if incident_id not in ids:
        ids.append(incident_id)
