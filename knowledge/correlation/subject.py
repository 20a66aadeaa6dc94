"""What is an alert about? Its service and place, from whatever labels there are.

Every team labels in its own way. What the catalogue knows decides first (a label's value that is
the name of a known service or pod needs no known label name); then the usual label names, most
telling first; then what can be read out of a pod's name, a target's address or the summary.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from knowledge.catalogue import Catalogue, Pod
from knowledge.correlation.vocabulary import HEARTBEATS
from knowledge.findings import MODEL_KINDS
from knowledge.records import Signal

MAX_LABELS = 64
MAX_TEXT = 256
"""No more labels, and no more of one text, is looked at: alerts can carry megabytes."""

_SERVICE = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "app.kubernetes.io/name",
    "label_app_kubernetes_io_name",
    "label_app",
    "k8s_app",
    "k8s-app",
    "application",
    "svc",
    "exported_service",
    "kubernetes_name",
    "component",
    "app_kubernetes_io_component",
    "app_kubernetes_io_instance",
    "microservice",
    "workload",
    "kube_service",
    "kube_deployment",
    "deployment",
    "kubernetes_deployment_name",
    "statefulset",
    "daemonset",
    "destination_service",
    "destination_workload",
    "exported_job",
    "job",
    "pod",
    "container",
    "container_name",
    "target",
    "url",
    "instance",
)
"""Labels that name a service, most telling first."""
_MODEL = ("model", "model_name", "model_id")
_POD = ("pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name", "exported_pod", "kube_pod")
_NODE = ("node", "node_name", "kubernetes_node", "k8s_node_name", "nodename", "host", "hostname")
_CLUSTER = ("cluster", "cluster_name", "k8s_cluster", "k8s_cluster_name", "kubernetes_cluster",
            "kube_cluster_name")  # fmt: skip
_ZONE = ("zone", "availability_zone", "topology_kubernetes_io_zone", "az",
         "failure_domain_beta_kubernetes_io_zone", "cloud_availability_zone")  # fmt: skip
_NAMESPACE = ("namespace", "kubernetes_namespace", "k8s_namespace_name", "kube_namespace",
              "exported_namespace", "ns")  # fmt: skip
_PEER = ("upstream", "dependency", "peer", "peer_service", "callee", "backend", "remote",
         "upstream_service", "upstream_cluster", "destination", "destination_service",
         "destination_service_name", "destination_workload", "remote_service", "server_address",
         "target_service", "db")  # fmt: skip
"""Labels that name another service: the one it calls."""
_SCRAPERS = re.compile(
    r"(kube-state-metrics|node[-_]?exporter|blackbox.*|cadvisor|kubelet|prometheus.*|"
    r"kubernetes-(pods|nodes|service-endpoints)|probe|synthetics?)",
    re.IGNORECASE,
)
"""Jobs that watch others: their name says nothing about what is broken."""
_POD_HASH = re.compile(
    r"-(?=[a-z0-9]*\d)[a-f0-9]{6,10}-[a-z0-9]{4,6}$|-[bcdf-hj-np-tv-xz2-9]{5}$|-\d+$"
)
"""What Kubernetes appends: ReplicaSet hash and pod suffix, pod suffix, or ordinal."""
_ADDRESS = re.compile(r"[\d.:a-f\[\]]+")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about. Empty text: not known."""

    service: str = ""
    cluster: str = ""
    pod: str = ""
    node: str = ""
    zone: str = ""
    namespace: str = ""
    model: str = ""
    """For what is found about a model: the model, which is another thing than its server."""
    peer: str = ""
    """The service it calls and complains of."""
    server: str = ""
    """The service that answers for the model."""


def is_noise(signal: Signal) -> bool:
    """Heartbeats and what its sender calls unimportant: they open nothing."""
    return signal.severity.lower() == "none" or signal.name.lower() in HEARTBEATS


def service_of(signal: Signal, catalogue: Catalogue | None = None) -> str:
    """The service it is about: as it says, else as its labels let guess, else the node it is
    about; may be empty."""
    subject = subject_of(signal, catalogue or _NOTHING)
    return subject.service or subject.node


def subject_of(signal: Signal, catalogue: Catalogue) -> Subject:
    """Service and place of an alert, as far as its labels and the catalogue tell."""
    labels = _bounded(signal.labels)
    pod, known = _pod(labels, catalogue)
    node = _first(labels, _NODE) or (known.node if known else "") or _node(labels, catalogue)
    service = _service(signal, labels, known, node, catalogue)
    node = node or ("" if service else _host(labels.get("instance", "")))
    zone = _first(labels, _ZONE) or catalogue.zone(node)
    cluster = _first(labels, _CLUSTER) or (known.cluster if known else "")
    model = (_first(labels, _MODEL) or signal.service) if signal.kind in MODEL_KINDS else ""
    served_by = labels.get("served_by", "") or service
    return Subject(
        service=service,
        cluster=cluster or catalogue.cluster_of(node),
        pod=pod,
        node=node,
        zone=zone,
        namespace=_first(labels, _NAMESPACE) or catalogue.namespaces.get(service, ""),
        model=model,
        server=(catalogue.canonical(served_by) or served_by) if model else "",
        peer=_peer(labels, service, catalogue),
    )


def _bounded(labels: Mapping[str, str]) -> dict[str, str]:
    return {k[:MAX_TEXT]: v[:MAX_TEXT] for k, v in islice(labels.items(), MAX_LABELS) if v}


def _first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if value := labels.get(name):
            return value
    return ""


def _pod(labels: Mapping[str, str], catalogue: Catalogue) -> tuple[str, Pod | None]:
    named = _first(labels, _POD)
    if named and named in catalogue.pods:
        return named, catalogue.pods[named]
    if catalogue.pods:
        for value in labels.values():
            if value in catalogue.pods:
                return value, catalogue.pods[value]
    return named, None


def _node(labels: Mapping[str, str], catalogue: Catalogue) -> str:
    if not catalogue.nodes:
        return ""
    for value in labels.values():
        name = value if value in catalogue.nodes else value.rpartition(":")[0]
        if name in catalogue.nodes:
            return name
    return ""


def _service(
    signal: Signal, labels: Mapping[str, str], known: Pod | None, node: str, catalogue: Catalogue
) -> str:
    stated = signal.service[:MAX_TEXT]
    if stated:
        return catalogue.canonical(stated) or stated
    if catalogue.services:
        for _, name in _named(labels):
            if service := catalogue.canonical(name) or catalogue.canonical(workload(name)):
                return service
        if known and known.service:
            return known.service
        if service := _by_value(labels, catalogue) or _in_text(signal, catalogue):
            return service
    for label, name in _named(labels):
        if name != node and not (label in _PARTS and catalogue.services):
            if label != "instance":
                return name
            if not _ADDRESS.fullmatch(name) and name not in catalogue.nodes:
                return workload(name)
    return _first(labels, _MODEL)


_PARTS = frozenset({"instance", "container", "container_name"})
"""With a catalogue, what these name is a place or a part, not a service of its own."""


def _named(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for label in _SERVICE:
        if (value := labels.get(label)) and (name := _read(label, value)):
            yield label, name


def _read(label: str, value: str) -> str:
    if label in ("job", "exported_job"):
        name = value.rpartition("/")[2]
        return "" if _SCRAPERS.fullmatch(name) else name
    if label == "pod":
        return workload(value)
    if label in ("target", "instance", "url"):
        return _host(value)
    return value


def workload(pod: str) -> str:
    """The pod's name without what Kubernetes appended: "cart-5d8f9c7b6d-x2x9q" -> "cart"."""
    return _POD_HASH.sub("", pod)


def _by_value(labels: Mapping[str, str], catalogue: Catalogue) -> str:
    for label, value in labels.items():
        if label in _PEER or label in _NAMESPACE or label in _CLUSTER or label == "alertname":
            continue
        last = value.rpartition("/")[2]
        for name in (value, last, workload(last), _host(value), workload(_host(value))):
            if name and (service := catalogue.canonical(name)):
                return service
    return ""


def _in_text(signal: Signal, catalogue: Catalogue) -> str:
    """The one known service whose name stands in the summary; empty when there are several."""
    names = {
        service
        for word in _WORD.findall(signal.summary[:MAX_TEXT])
        if (service := catalogue.canonical(word.rstrip(".")))
        or (service := catalogue.canonical(_host(word)))
    }
    return names.pop() if len(names) == 1 else ""


def _peer(labels: Mapping[str, str], service: str, catalogue: Catalogue) -> str:
    for label in _PEER:
        if value := labels.get(label):
            name = catalogue.canonical(value) or catalogue.canonical(_host(value)) or value
            if name != service:
                return name
    return ""


def _host(address: str) -> str:
    """ "checkout" of "https://checkout.shop.example/healthz" and of "checkout:9090"."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return address
    return host if _ADDRESS.fullmatch(host) else host.partition(".")[0]


_NOTHING = Catalogue()
