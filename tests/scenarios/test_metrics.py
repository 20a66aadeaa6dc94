"""A real Prometheus scrapes Tandem's /metrics and evaluates the rules that alert on Tandem."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from running_world import running_world
from servers import asgi, free_port, need, program, wait_until
from starlette.applications import Starlette

from bot.metrics import DEFINITIONS, Metrics, State, Vitals, metrics_route
from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import AuditEntry, Signal

pytestmark = pytest.mark.prometheus

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus-rules.yml"
TOKEN = "let-me-in"
_CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
- job_name: tandem
  authorization: {{credentials: {token}}}
  static_configs: [{{targets: ["{target}"]}}]
"""


def busy() -> tuple[Metrics, MemoryStore]:
    """Something of everything, and a webhook that has waited for ten minutes."""
    metrics, store = Metrics("1.2.3"), MemoryStore()
    now = datetime.now(UTC)
    signal = Signal("f1", "HighErrorRate", now, now, service="checkout", severity="critical")
    metrics.incidents(store.incidents).open(open_from([signal], now))
    store.inbox.put("alertmanager", b"{}", now - timedelta(minutes=10))
    metrics.audit(store.audit).add(AuditEntry(now, "U1", "stats", {}, "ok"))
    metrics.timed_batches(lambda: 1)()
    metrics.turns(Chat()).post()
    metrics.observe_turn(0.2)
    metrics.polled("queue", "ok", 0.1)
    metrics.skipped("prometheus", 1)
    metrics.source("prometheus", True)
    metrics.llm(Model()).write()
    metrics.messenger(Chat()).post()
    metrics.registry.register(
        State(
            store.inbox,
            store.outbox,
            store.incidents,
            store.alerts,
            store.documents,
            lambda: datetime.now(UTC),
            accepted={"alertmanager": 5, "grafana": 2},
            refused={"alertmanager": 1},
        )
    )
    metrics.registry.register(
        Vitals(
            metrics.pulse,
            checks=lambda: {"loops": True, "database": True},
            socket=lambda: True,
            leases=lambda: {"intake": True},
            watchdog=lambda: 30.0,
        )
    )
    return metrics, store


class Model:
    def write(self) -> str:
        return "fine"


class Chat:
    def post(self) -> None:
        """Said."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    metrics, _ = busy()
    app = Starlette(routes=[metrics_route(metrics.registry, TOKEN)])
    with asgi(app) as url:
        (folder / "prometheus.yml").write_text(
            _CONFIG.format(rules=RULES, token=TOKEN, target=url.removeprefix("http://"))
        )
        address = f"127.0.0.1:{free_port()}"
        command = [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'series'}",
            f"--web.listen-address={address}",
        ]
        with program("prometheus", command, folder, f"http://{address}/-/ready"):
            yield f"http://{address}"


def asked(prometheus: str, path: str, **params: str) -> Any:
    answer = httpx.get(f"{prometheus}/api/v1/{path}", params=params)
    assert answer.json()["status"] == "success", answer.text
    return answer.json()["data"]


def value(prometheus: str, query: str) -> list[float]:
    return [float(r["value"][1]) for r in asked(prometheus, "query", query=query)["result"]]


def test_prometheus_scrapes_what_is_shown(prometheus: str) -> None:
    wait_until(lambda: value(prometheus, "tandem_up") == [1], "it was never scraped")
    assert value(prometheus, 'up{job="tandem"}') == [1]
    assert value(prometheus, "sum(tandem_signals_accepted_total)") == [7]
    assert value(prometheus, "tandem_incidents_opened_total") == [1]
    assert value(prometheus, 'tandem_incidents_open{severity="SEV1"}') == [1]
    assert value(prometheus, "tandem_inbox_oldest_seconds") >= [600]
    assert value(prometheus, 'tandem_build_info{version="1.2.3"}') == [1]


def test_the_rules_can_be_evaluated_and_see_the_old_inbox(prometheus: str) -> None:
    def rules() -> list[dict[str, Any]]:
        return [r for g in asked(prometheus, "rules")["groups"] for r in g["rules"]]

    def waiting() -> list[str]:
        return [r["name"] for r in rules() if r["state"] in ("pending", "firing")]

    wait_until(lambda: "TandemInboxOld" in waiting(), "no alert on the inbox")
    assert waiting() == ["TandemInboxOld"]
    assert {r["health"] for r in rules()} == {"ok"}


def test_the_running_bot_shows_its_metrics_to_who_has_the_token(tmp_path: Path) -> None:
    with running_world("socket", tmp_path) as world:
        assert httpx.get(f"{world.url}/metrics").status_code == 401
        labels = {"alertname": "A", "service": "checkout"}
        alert = {"labels": labels, "startsAt": "2026-03-05T12:00:00Z"}
        world.webhook({"version": "4", "alerts": [alert]})
        shown: dict[str, str] = {}

        def counted() -> bool:
            answer = httpx.get(f"{world.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
            lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
            shown.update(line.rsplit(" ", 1) for line in lines)
            return shown["tandem_correlation_seconds_count"] != "0.0"

        wait_until(counted, "the intake's work is not counted")
        assert shown['tandem_signals_accepted_total{source="alertmanager"}'] == "1.0"
        assert shown["tandem_up"] == "1.0"


def test_the_rules_name_series_that_there_are() -> None:
    metrics, _ = busy()
    shown = {s.name for family in metrics.registry.collect() for s in family.samples}
    # A counter with labels shows nothing before its first count.
    shown |= {d.shown for d in DEFINITIONS} | {"process_open_fds", "process_max_fds"}
    expressions = " ".join(
        rule["expr"]
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
    )
    assert set(re.findall(r"\btandem_\w+", expressions)) <= shown


def test_every_series_is_documented_and_no_other() -> None:
    metrics, _ = busy()
    families = metrics.registry.collect()
    there = {family.name for family in families if family.name.startswith("tandem_")}
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    told = set(re.findall(r"^\| `(tandem_\w+?)(?:_total)?` \|", page, re.MULTILINE))
    assert told == there


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    need("promtool")
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
