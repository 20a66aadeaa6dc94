"""The demo's runbook is right, and its steps mend the simulated world."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.demo.remedies import deploy_routes, remedy_files
from bot.demo.world import World
from knowledge.adapters.runners import open_runners
from knowledge.ingest import parse_markdown
from knowledge.records import DocumentKind
from knowledge.runbooks import read_runbook, read_runners

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_its_runbook_may_be_run(tmp_path: Path) -> None:
    for name, text in remedy_files(tmp_path, 9123).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    file = next(tmp_path.glob("runbooks/*.md"))
    document = parse_markdown(file.read_text("utf-8"), file.stem, DocumentKind.RUNBOOK)
    runbook = read_runbook(document)
    assert runbook.problems == ()
    assert [(step.kind, step.changes) for step in runbook.steps] == [
        ("http", False),
        ("http", True),
        ("ansible", True),
    ]
    runners_file = read_runners(tmp_path / "runners.toml")
    assert runners_file.rules(document.id) is not None
    runners = open_runners(runners_file, lambda name: "")
    for step in runbook.steps:
        runners.of(step.kind).facts(step.action.filled({"service": "checkout-api"}))


def test_a_rollback_mends_and_its_dry_run_does_not() -> None:
    world = World()
    world.break_("deploy", NOW - timedelta(minutes=1))
    client = TestClient(Starlette(routes=deploy_routes(world, lambda: NOW)))
    path = "/deploys/checkout-api"
    assert client.get(path).json()["well"] is False
    assert client.get(f"{path}/rollback").json()["dry_run"] is True
    assert client.get(path).json()["well"] is False
    assert "was rolled back" in client.post(f"{path}/rollback").json()["result"]
    assert client.get(path).json()["well"] is True
    assert client.get("/deploys/nothing").status_code == 404
