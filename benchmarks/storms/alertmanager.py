"""How an Alertmanager would send it: grouped, waited for, repeated, by two replicas and late."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any

FAR = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class Instance:
    """One alert instance with its labels; seconds from the storm's start."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    start: float
    end: float
    incident: str
    service: str = ""

    @property
    def fingerprint(self) -> str:
        text = "\0".join(f"{k}\1{v}" for k, v in sorted(self.labels.items()))
        return blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Sending:
    group_by: tuple[str, ...] = ()
    """Empty: every alert is a group of its own."""
    group_wait: float = 15.0
    group_interval: float = 60.0
    repeat_interval: float = 1e9
    """Sends a group again after this long though nothing changed."""
    replicas: int = 1
    late: float = 0.0
    """Share of deliveries that come late and out of order, by up to `latest` seconds."""
    latest: float = 60.0


class Clock:
    """Seconds from the storm's start to the text Alertmanager would write."""

    def __init__(self, start: datetime, offset_h: int = 0) -> None:
        self._start = start
        self._offset_h = offset_h

    def text(self, seconds: float) -> str:
        at = self._start + timedelta(milliseconds=round(seconds * 1000))
        if not self._offset_h:
            return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
        local = at + timedelta(hours=self._offset_h)
        return local.strftime("%Y-%m-%dT%H:%M:%S.") + (
            f"{local.microsecond // 1000:03d}{self._offset_h:+03d}:00"
        )


def deliveries(
    rng: Random, instances: Sequence[Instance], sending: Sending, seconds: float, clock: Clock
) -> list[tuple[float, dict[str, Any]]]:
    """(arrival, payload) in order of arrival."""
    groups: dict[tuple[str, ...], list[Instance]] = defaultdict(list)
    for instance in instances:
        groups[_group(instance, sending)].append(instance)
    found: list[tuple[float, dict[str, Any]]] = []
    for members in groups.values():
        for at, alerts in _flushes(members, sending, seconds):
            payload = _payload(alerts, at, sending, clock)
            for replica in range(sending.replicas):
                arrives = at + rng.uniform(0.05, 1.5) + 4 * replica * rng.random()
                if rng.random() < sending.late:
                    arrives += rng.uniform(5, sending.latest)
                url = f"http://alertmanager-{replica}.monitoring.example:9093"
                found.append((arrives, payload | {"externalURL": url}))
    return sorted(found, key=lambda pair: pair[0])


def _group(instance: Instance, sending: Sending) -> tuple[str, ...]:
    if not sending.group_by:
        return tuple(f"{k}={v}" for k, v in sorted(instance.labels.items()))
    return tuple(instance.labels.get(label, "") for label in sending.group_by)


def _flushes(
    members: Sequence[Instance], sending: Sending, seconds: float
) -> Iterator[tuple[float, list[Instance]]]:
    """When a group is sent, and which alerts are in it then. What began before the storm was sent
    then; it is sent again at a time of its own soon after the start, as on a first connection."""
    left = sorted(members, key=lambda instance: instance.start)
    seed = sum(map(ord, left[0].fingerprint))
    at = max(left[0].start, seed % 90 * 0.5) + sending.group_wait
    sent: dict[int, bool] = {}
    last = -1e9
    while at <= seconds and left:
        known = [i for i in left if i.start <= at]
        state = {id(i): i.end <= at for i in known}
        # What ended before it was ever sent is not told at all.
        known = [i for i in known if not state[id(i)] or id(i) in sent]
        changed = any(sent.get(id(i)) is not state[id(i)] for i in known)
        if known and (changed or at - last >= sending.repeat_interval):
            yield at, known
            last = at
            sent |= {id(i): state[id(i)] for i in known}
        left = [i for i in left if i.end > at]
        if not any(i.start <= at for i in left) and left:
            at = max(at + sending.group_interval, left[0].start + sending.group_wait)
        else:
            at += sending.group_interval


def _payload(
    alerts: Sequence[Instance], at: float, sending: Sending, clock: Clock
) -> dict[str, Any]:
    by = sending.group_by or tuple(alerts[0].labels)
    group = {name: alerts[0].labels.get(name, "") for name in by if name in alerts[0].labels}
    written = [_alert(alert, at, clock) for alert in alerts]
    key = ", ".join(f'{name}="{value}"' for name, value in sorted(group.items()))
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{key}}}",
        "truncatedAlerts": 0,
        "status": "firing" if any(a["status"] == "firing" for a in written) else "resolved",
        "receiver": "tandem",
        "groupLabels": group,
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": "",
        "alerts": written,
    }


def _common(maps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {k: v for k, v in maps[0].items() if all(m.get(k) == v for m in maps)}


def _alert(alert: Instance, at: float, clock: Clock) -> dict[str, Any]:
    over = alert.end <= at
    rule = alert.labels["alertname"].replace(" ", "+")
    return {
        "status": "resolved" if over else "firing",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": clock.text(alert.start),
        "endsAt": clock.text(alert.end) if over else FAR,
        "generatorURL": f"http://prometheus.example/graph?g0.expr={rule}",
        "fingerprint": alert.fingerprint,
    }
