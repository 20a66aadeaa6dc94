"""Which labels an alert carries: each company, and often each team, has its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from benchmarks.storms.words import SEVERITIES
from benchmarks.storms.world import Pod, World

Labels = dict[str, str]


@dataclass(frozen=True)
class Subject:
    """What a series is about."""

    cluster: str
    service: str = ""
    pod: Pod | None = None
    node: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    """Labels of the rule's own: window, container, upstream."""
    probe: str = ""
    """The region a probe comes from; a probe knows a URL and nothing else."""


@dataclass(frozen=True)
class Layout:
    """`names` are weighed: each series draws one, as teams differ. Beside label names there are
    "job" (ns/service), "bare job", "only pod" and "only host" (instance host:port)."""

    names: Mapping[str, float]
    severities: str = "usual"
    cluster: str = "cluster"
    """The label's name; empty where there is none."""
    namespace: str = "namespace"
    pod: str = "pod"
    node: str = "node"
    target: str = "target"
    upstream: str = "upstream"
    instance: float = 0.4
    """Share of series on pods that carry the address too."""
    annotations: Sequence[str] = field(default=("summary",))


class Labeller:
    """Labels of each series, the same whenever it is asked."""

    def __init__(self, world: World, layout: Layout, seed: str) -> None:
        self._world = world
        self._layout = layout
        self._seed = seed

    def labels(self, rule: str, grade: str, subject: Subject) -> Labels:
        rng = Random(f"{self._seed}|{rule}|{subject}")
        layout = self._layout
        found = {"alertname": rule}
        if layout.severities:
            found["severity"] = SEVERITIES[layout.severities][grade]
        if layout.cluster:
            found[layout.cluster] = subject.cluster
        if subject.probe:
            host = f"{subject.service}.{self._world.domain}"
            return found | {layout.target: f"https://{host}/healthz", "region": subject.probe}
        if subject.service:
            found |= self._of_service(rng, subject)
        if subject.node:
            found[layout.node] = subject.node
            if rng.random() < 0.3:
                found["zone"] = self._world.zones[subject.node]
        extra = dict(subject.extra)
        if upstream := extra.pop("upstream", ""):
            extra[layout.upstream] = upstream
        return found | extra

    def _of_service(self, rng: Random, subject: Subject) -> Labels:
        layout, service, pod = self._layout, subject.service, subject.pod
        space = self._world.namespaces[service]
        found = {layout.namespace: space} if layout.namespace else {}
        how = rng.choices(list(layout.names), list(layout.names.values()))[0]
        if how == "only host":
            number = rng.randint(1, 4) if pod is None else sum(map(ord, pod.name)) % 8 + 1
            return {"instance": f"{service}-{number}.{self._world.domain}:9102"}
        if pod is not None:
            found[layout.pod] = pod.name
            if rng.random() < layout.instance:
                found["instance"] = pod.address
        if how == "job":
            found["job"] = f"{space}/{service}"
        elif how == "bare job":
            found["job"] = service
        elif how != "only pod":
            found[how] = service
        elif pod is None:
            # A rule on a service must name it somehow.
            found["deployment"] = service
        return found

    def annotations(self, rule: str, subject: Subject) -> Labels:
        about = subject.service or subject.node or subject.cluster
        texts = {
            "summary": f"{rule} on {about}",
            "sentence": f"{about} has been outside of its objective for more than a minute",
            "vague": "Threshold crossed, see the dashboard",
            "runbook_url": f"https://wiki.example/runbooks/{rule.replace(' ', '-').lower()}",
        }
        found = {k: texts[k] for k in self._layout.annotations if k in ("summary", "runbook_url")}
        said = next((texts[k] for k in self._layout.annotations if k in ("sentence", "vague")), "")
        return found | ({"description": said} if said else {})
