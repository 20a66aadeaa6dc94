"""A storm small enough to be read: a shop's database fails, and a certificate ages beside it."""

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.replay import History, Result, histories, replay
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue

START = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)

TOPOLOGY = {
    "edges": [["web", "orders"], ["orders", "orders-db"]],
    "pods": [{"cluster": "eu", "service": "orders", "pod": "orders-7f9c-x2", "node": "n1"}],
}


def text_of(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def alert(name: str, begins: float, ends: float | None = None, **labels: str) -> dict[str, Any]:
    """As Alertmanager writes it; the fingerprint is made of name and service."""
    return {
        "status": "firing" if ends is None else "resolved",
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} on {labels.get('service', 'a node')}"},
        "startsAt": text_of(begins),
        "endsAt": "0001-01-01T00:00:00Z" if ends is None else text_of(ends),
        "fingerprint": f"{name}/{labels.get('service', '')}",
    }


def webhook(at: float, *alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"received_at": text_of(at), "payload": {"version": "4", "alerts": alerts}, **more}


def storm() -> list[dict[str, Any]]:
    """Five alerts of one incident over a minute, repeated and resolved; one of housekeeping."""
    slow = alert("SlowQueries", 50, service="orders-db")
    full = alert("ConnectionsExhausted", 55, service="orders-db")
    late = alert("HighLatency", 70, service="orders")
    errors = alert("HighErrorRate", 80, service="orders")
    front = alert("HighErrorRate", 100, service="web")
    aging = alert("CertificateExpiresSoon", -7200, service="mail") | {
        "labels": {"alertname": "CertificateExpiresSoon", "severity": "info", "service": "mail"}
    }
    over = [
        {**each, "status": "resolved", "endsAt": text_of(600)}
        for each in (slow, full, late, errors, front)
    ]
    return [
        webhook(5, aging),
        webhook(60, slow, full),
        webhook(75, late),
        webhook(85, errors),
        webhook(105, front, errors),
        webhook(300, slow, full, late, errors, front),
        webhook(605, *over, aging),
        webhook(900, aging),
    ]


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Lines to a history's folder: dictionaries as JSON, anything else as it is."""

    def written(
        lines: Sequence[Any], name: str = "shop/alerts.jsonl", zipped: bool = False
    ) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        body = b"\n".join(texts)
        file.write_bytes(gzip.compress(body) if zipped else body)
        (file.parent / "topology.json").write_text(json.dumps(TOPOLOGY))
        return file

    return written


@pytest.fixture
def history(write: Write) -> History:
    return histories([write(storm())])[0]


@pytest.fixture
def result(history: History) -> Result:
    return replay(history, Catalogue.from_topology(TOPOLOGY), MemoryStore())
