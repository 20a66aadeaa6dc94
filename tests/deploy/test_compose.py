"""The compose file and what it mounts agree with the settings, the rules and each other."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings, is_secret
from bot.verbs.run import LAST_RESORT_S

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: s for name, s in SERVICES.items() if "build" in s}
MADE_BY_HAND = {"./config"}
"""Folders that deploy/README.md says to make."""


def mounts() -> Iterator[tuple[str, str, str]]:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            yield name, source, target


def test_every_service_says_whether_it_is_healthy() -> None:
    for name, service in SERVICES.items():
        # The bot's own check is the image's.
        assert name == "tandem" or "healthcheck" in service, name
        for other, condition in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert condition["condition"] == "service_healthy"


def test_what_is_mounted_is_there() -> None:
    for name, source, target in mounts():
        if source.startswith("."):
            assert source in MADE_BY_HAND or (DEPLOY / source).is_file(), f"{name}: {source}"
        else:
            assert source in COMPOSE["volumes"], f"{name}: {source}"
        assert target.startswith("/")
    for service in SERVICES.values():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])


def test_the_bot_is_given_settings_and_its_secrets_as_files() -> None:
    fields = Settings.model_fields
    secrets = {f"{n.upper()}_FILE": n for n, f in fields.items() if is_secret(n, f)}
    given: dict[str, str] = SERVICES["tandem"]["environment"]
    assert set(given) <= set(secrets) | {name.upper() for name in fields}
    named = {value for name, value in given.items() if name in secrets}
    assert named == {f"/run/secrets/{name}" for name in SERVICES["tandem"]["secrets"]}


def test_the_bot_may_drain_before_it_is_killed() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    needed = defaults["tandem_drain_seconds"] + defaults["tandem_stop_seconds"] + LAST_RESORT_S
    assert float(SERVICES["tandem"]["stop_grace_period"].removesuffix("s")) > needed


@pytest.mark.parametrize("name", OWN)
def test_our_images_run_with_as_little_as_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(place.startswith("/tmp") for place in service["tmpfs"])
    assert "/data" in {target for owner, _, target in mounts() if owner == name}


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_of_others_are_named_with_a_version() -> None:
    for service in SERVICES.values():
        if "build" not in service:
            assert re.search(r":[a-z]*\d", service["image"]), service["image"]


def test_what_the_servers_are_told_exists() -> None:
    """Their configurations name files of the mounts and services of the compose file."""
    prometheus = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    mounted = {Path(target).name for owner, _, target in mounts() if owner == "prometheus"}
    assert set(prometheus["rule_files"]) <= mounted
    for name in ("prometheus", "alertmanager"):
        text = (DEPLOY / f"{name}.yml").read_text("utf-8")
        read = set(re.findall(r"^ *credentials_file: /run/secrets/(\S+)$", text, re.MULTILINE))
        assert read == set(SERVICES[name]["secrets"])
    targets = [
        t for job in prometheus["scrape_configs"] for t in job["static_configs"][0]["targets"]
    ]
    assert {t.partition(":")[0] for t in targets} <= {*SERVICES, "127.0.0.1"}


# Prometheus' own programs


def passes(*command: str, folder: Path) -> str:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    config = (DEPLOY / "prometheus.yml").read_text("utf-8")
    (tmp_path / "token").write_text("x")
    config = config.replace("/run/secrets/tandem-webhook-token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(config, "utf-8")
    shutil.copy(DEPLOY / "prometheus-rules.yml", tmp_path)
    passes("promtool", "check", "config", "prometheus.yml", folder=tmp_path)


@pytest.mark.parametrize(
    ("alert", "receivers"), [("TandemDown", "past-tandem,tandem"), ("CheckoutSlow", "tandem")]
)
def test_alertmanager_tells_of_tandem_past_tandem(alert: str, receivers: str) -> None:
    passes("amtool", "check-config", "alertmanager.yml", folder=DEPLOY)
    routed = passes(
        "amtool", "config", "routes", "test", "--config.file=alertmanager.yml",
        f"alertname={alert}", folder=DEPLOY,
    )  # fmt: skip
    assert routed.strip() == receivers
