"""Answers in the shapes that each service documents, written by hand, and who gives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
NOON_NS = NOON_S * 10**9

Respond = Callable[["Asked"], Any]


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Recorded:
    """Answers by what is asked: (status, JSON). A path that is not known gets 404."""

    by_path: Mapping[str, Respond]
    asked: list[Asked] = field(default_factory=list)

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> Any:
        asked = Asked(method, path, query, headers, body)
        self.asked.append(asked)
        respond = self.by_path.get(path)
        return respond(asked) if respond else (404, {"error": f"no {path}"})


def otlp_resource(service: str, pod: str = "") -> dict[str, Any]:
    listed = {"service.name": service, **({"k8s.pod.name": pod} if pod else {})}
    return {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in listed.items()]}
