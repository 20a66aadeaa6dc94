import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.files import write_files
from bot.demo.registry import MODEL
from bot.demo.world import SERVICES, World, readings
from knowledge.adapters.calendars import read_oncall
from knowledge.adapters.frames import FileFrames
from knowledge.adapters.telemetry.file import read_telemetry
from knowledge.catalogue import Catalogue
from knowledge.monitors import load_monitors
from knowledge.promotion.gates import check_policy
from knowledge.promotion.policy_file import read_policies

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
PEOPLE = {"ada": "U1", "ben": "U2", "chloe": "U3", "dev": "U4"}


@dataclass(frozen=True)
class Ports:
    bot: int = 8101
    metrics: int = 8102
    alertmanager: int = 8103
    prometheus: int = 8104


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, Ports(), "t0ken", PEOPLE, NOW)
    return tmp_path


def test_the_parts_are_told_where_the_others_are(folder: Path) -> None:
    prometheus = (folder / "prometheus.yml").read_text()
    assert '"127.0.0.1:8102"' in prometheus
    assert '"127.0.0.1:8103"' in prometheus
    alertmanager = (folder / "alertmanager.yml").read_text()
    assert "http://127.0.0.1:8101/signals/alertmanager" in alertmanager
    assert "credentials: t0ken" in alertmanager
    assert "{{" not in prometheus + alertmanager


def test_the_monitors_are_ones_the_bot_can_read(folder: Path) -> None:
    names = [monitor.name for monitor in load_monitors(folder / "monitors.toml")]
    assert names == ["orders", "gpu-temperature", "eta-model"]


def test_the_policy_is_one_the_bot_can_read_and_its_gates_are_known(folder: Path) -> None:
    policy = read_policies(folder / "promotion.toml", check_policy).of(MODEL)
    assert (policy.approvers, policy.channel) == (("@ml-leads",), "#ml-models")
    assert policy.canary.watch == timedelta(minutes=10)


def test_the_catalogue_knows_who_suffers(folder: Path) -> None:
    catalogue = Catalogue.read(folder / "catalogue.toml")
    assert {s.name for s in SERVICES} == catalogue.services
    assert "checkout-api" in catalogue.impact("payments")
    assert catalogue.team("eta-model") == "ml-platform"


def test_ada_is_on_call_whenever_the_demo_starts(tmp_path: Path) -> None:
    for hours in range(0, 7 * 24, 5):
        now = NOW + timedelta(hours=hours)
        write_files(tmp_path, Ports(), "t0ken", PEOPLE, now)
        oncall = read_oncall(tmp_path / "oncall.toml")
        assert oncall.who("payments", now).person == "U1"


def test_what_is_wrong_with_the_model_has_a_team_and_a_channel_to_go_to(folder: Path) -> None:
    oncall = read_oncall(folder / "oncall.toml")
    owners = FileFrames.from_toml(folder / "models.toml").about(MODEL).owners
    (team,) = set(owners) & set(oncall.teams)
    assert team != Catalogue.read(folder / "catalogue.toml").team(MODEL)
    assert oncall.who(team, NOW).person == "U3"
    levels = oncall.policies[oncall.teams[team].policy].levels
    assert "ml-models" in {target.name.lstrip("#") for level in levels for target in level.tell}


def test_telemetry_asks_for_what_the_world_shows(folder: Path) -> None:
    (spec,) = read_telemetry(folder / "telemetry.toml").prometheus
    shown = {name for name, _, _ in readings(World(), NOW)}
    assert {query.partition("{")[0] for query in spec.all_queries().values()} <= shown
    assert spec.url == "http://127.0.0.1:8104"


def test_the_models_file_names_the_demos_model(folder: Path) -> None:
    models = tomllib.loads((folder / "models.toml").read_text())["models"]
    assert set(models) == {MODEL}
    assert {"reference", "current", "time", "prediction", "label"} <= set(models[MODEL])
    assert FileFrames.from_toml(folder / "models.toml").roles(MODEL).label == "air_time"


@pytest.mark.prometheus
@pytest.mark.skipif(not shutil.which("promtool"), reason="Debian's prometheus is not installed")
def test_prometheus_accepts_its_settings(folder: Path) -> None:
    command = ["promtool", "check", "config", "prometheus.yml"]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
