"""A planned storm -> its three files, in the format of the DEV storms."""

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.storms.alertmanager import Clock, Instance, deliveries
from benchmarks.storms.cascade import Firing, unfold
from benchmarks.storms.layouts import Labeller
from benchmarks.storms.noise import noise
from benchmarks.storms.plan import Storm, Theme, plan
from benchmarks.storms.words import rule_names

START = datetime(2026, 2, 11, 14, 0, tzinfo=UTC)
FEWEST = 6
"""Alert instances of an incident: with fewer there is nothing to correlate."""

__all__ = ["START", "Storm", "Theme", "write_set", "write_storm"]


def write_set(folder: Path, seed: int, only: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Write the storms of that seed; returns what labels/<storm>.json holds, without the alerts."""
    storms = [storm for storm in plan(seed) if not only or storm.name in only]
    return [write_storm(folder, storm, seed) for storm in storms]


def write_storm(folder: Path, storm: Storm, seed: int) -> dict[str, Any]:
    rng = Random(f"{seed}/{storm.name}/alerts")
    seconds = storm.minutes * 60
    instances = _instances(storm, list(_firings(rng, storm, seconds)), f"{seed}/{storm.name}")
    clock = Clock(START, storm.offset_h)
    sent = deliveries(rng, instances, storm.sending, seconds, clock)
    sent = [(at, payload) for at, payload in sent if at <= seconds]
    labels = _labels(storm, instances, sent, clock)
    own = folder / storm.name
    own.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"received_at": _utc(at), "payload": p}) for at, p in sent]
    # A fixed time in the header: one seed gives the same bytes.
    (own / "alerts.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    topology = storm.world.topology(storm.known, Random(f"{seed}/{storm.name}/known"))
    (own / "topology.json").write_text(json.dumps(topology, indent=1))
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "labels" / f"{storm.name}.json").write_text(json.dumps(labels, indent=1))
    return {name: value for name, value in labels.items() if name != "alerts"}


def _utc(seconds: float) -> str:
    return Clock(START).text(seconds)


def _firings(rng: Random, storm: Storm, seconds: float) -> Iterable[Firing]:
    for trouble in storm.troubles:
        draws = (unfold(rng, storm.world, trouble, storm.nature) for _ in range(50))
        yield from next((draw for draw in draws if len(draw) >= FEWEST), ())
    yield from noise(rng, storm.world, storm.noise, storm.words, seconds)


def _instances(storm: Storm, firings: Sequence[Firing], seed: str) -> list[Instance]:
    """With labels, on the grid of the rules' evaluation, and no series twice at one time: what
    fires first keeps it, as a rule that fires already cannot fire again."""
    labeller = Labeller(storm.world, storm.layout, seed)
    names = rule_names(storm.words)
    until: dict[str, float] = defaultdict(lambda: -1e9)
    found: list[Instance] = []
    for firing in sorted(firings, key=lambda f: f.start):
        rule = names.get(firing.symptom, firing.symptom)
        grid = storm.evaluation
        start = firing.start if not grid else round(firing.start / grid) * grid + 0.137
        instance = Instance(
            labels=labeller.labels(rule, firing.grade, firing.subject),
            annotations=labeller.annotations(rule, firing.subject),
            start=start,
            end=max(firing.end, start + 10),
            incident=firing.incident,
            service=firing.subject.service,
        )
        key = instance.fingerprint
        if start > until[key] + 1:
            until[key] = instance.end
            found.append(instance)
    return [replace(i, end=min(i.end, 1e8)) for i in found]


def _labels(
    storm: Storm, instances: Sequence[Instance], sent: Sequence[tuple[float, Any]], clock: Clock
) -> dict[str, Any]:
    first: dict[tuple[str, str], float] = {}
    minutes: Counter[int] = Counter()
    for at, payload in sent:
        minutes[int(at // 60)] += len(payload["alerts"])
        for alert in payload["alerts"]:
            first.setdefault((alert["fingerprint"], alert["startsAt"]), at)
    truth = {(i.fingerprint, clock.text(i.start)): i.incident or None for i in instances}
    return {
        "storm": storm.name,
        "alert_objects": sum(minutes.values()),
        "webhooks": len(sent),
        "instances": len(first),
        "peak_alert_objects_per_min": max(minutes.values(), default=0),
        "incidents": dict(_incidents(storm, truth, first, instances)),
        "alerts": [
            {
                "fingerprint": key[0],
                "startsAt": key[1],
                "incident": truth[key],
                "first_received": _utc(at),
            }
            for key, at in first.items()
        ],
    }


def _incidents(
    storm: Storm,
    truth: dict[tuple[str, str], str | None],
    first: dict[tuple[str, str], float],
    instances: Sequence[Instance],
) -> Iterable[tuple[str, dict[str, Any]]]:
    for trouble in storm.troubles:
        times = [at for key, at in first.items() if truth[key] == trouble.id]
        if not times:
            continue
        services = {i.service for i in instances if i.incident == trouble.id and i.service}
        single = trouble.roots[0] if trouble.roots and not trouble.nodes else None
        yield (
            trouble.id,
            {
                "kind": trouble.kind,
                "cluster": trouble.cluster,
                "t0": _utc(trouble.at),
                "t1": _utc(trouble.until),
                "root": single,
                "roots": list(trouble.roots),
                "nodes": list(trouble.nodes),
                "zones": list(trouble.zones),
                "services": sorted(services),
                "alerts": len(times),
                "first_received": _utc(min(times)),
            },
        )
