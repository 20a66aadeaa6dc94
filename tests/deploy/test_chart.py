"""The Helm chart, by what Helm made of it: deploy/helm/render.py writes the *.rendered.yaml."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings, is_secret
from bot.verbs.run import LAST_RESORT_S

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "tandem"
RENDERED = sorted((Path(__file__).parent / "helm").glob("*.rendered.yaml"))
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
SECRETS = {n.upper() for n, f in Settings.model_fields.items() if is_secret(n, f)}


@cache
def objects(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def the(kind: str, path: Path) -> dict[str, Any]:
    (found,) = [o for o in objects(path) if o["kind"] == kind and o["metadata"]["name"] == "tandem"]
    return found


def named(name: str) -> Path:
    return Path(__file__).parent / "helm" / f"{name}.rendered.yaml"


@pytest.fixture(params=RENDERED, ids=lambda path: path.name.partition(".")[0])
def rendered(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_what_is_rendered_is_the_chart_as_it_stands(rendered: Path) -> None:
    values = rendered.with_name(rendered.name.replace(".rendered.", ".values."))
    digest = hashlib.sha256(values.read_bytes())
    for path in sorted(CHART.rglob("*")):
        if path.is_file() and "files" not in path.parts:
            digest.update(path.relative_to(CHART).as_posix().encode() + path.read_bytes())
    head = rendered.read_text("utf-8").partition("\n")[0]
    assert head.endswith(digest.hexdigest()), "run deploy/helm/render.py"


@pytest.mark.parametrize("name", ["prometheus-rules.yml", "grafana-dashboard.json"])
def test_the_chart_ships_the_files_of_deploy(name: str) -> None:
    ours = (ROOT / "deploy" / name).read_bytes()
    assert (CHART / "files" / name).read_bytes() == ours, "run: python docs/generate.py"


def test_every_value_is_in_the_schema() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert set(values) == set(schema["properties"]) - {"global"}
    for name, value in values.items():
        properties = schema["properties"][name].get("properties")
        if properties and name != "resources":
            assert set(value) == set(properties), name


def container(path: Path) -> dict[str, Any]:
    pod = the("Deployment", path)["spec"]["template"]["spec"]
    (found,) = pod["containers"]
    return dict(found)


def test_pods_may_do_no_more_than_they_need(rendered: Path) -> None:
    pod = the("Deployment", rendered)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user
    context = pod["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(rendered)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    written = {m["mountPath"] for m in container(rendered)["volumeMounts"] if not m.get("readOnly")}
    assert written == {"/data", "/tmp"}


def test_the_probes_ask_what_the_bot_answers(rendered: Path) -> None:
    probes = {
        name: container(rendered)[f"{name}Probe"] for name in ("startup", "liveness", "readiness")
    }
    asked = {name: probe["httpGet"]["path"] for name, probe in probes.items()}
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    (port,) = container(rendered)["ports"]
    assert f"TANDEM_HTTP_PORT={port['containerPort']}" in DOCKERFILE


def test_the_time_to_drain_fits_into_the_time_to_end(rendered: Path) -> None:
    data = the("ConfigMap", rendered)["data"]
    needed = float(data["TANDEM_DRAIN_SECONDS"]) + float(data["TANDEM_STOP_SECONDS"])
    pod = the("Deployment", rendered)["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= needed + LAST_RESORT_S


def test_secrets_are_files_and_only_secrets_are(rendered: Path) -> None:
    given = {v["name"]: v["value"] for v in container(rendered)["env"]}
    assert {name.removesuffix("_FILE") for name in given} <= SECRETS
    (volume,) = [
        v
        for v in the("Deployment", rendered)["spec"]["template"]["spec"]["volumes"]
        if v["name"] == "secrets"
    ]
    keys = {item["key"] for item in volume["secret"]["items"]}
    assert given == {f"{key}_FILE": f"/run/secrets/tandem/{key}" for key in keys}


def test_settings_of_the_config_map_exist_and_hold_no_secret(rendered: Path) -> None:
    data = the("ConfigMap", rendered)["data"]
    known = {name.upper() for name in Settings.model_fields}
    assert set(data) <= known - SECRETS
    assert all(isinstance(value, str) for value in data.values())


def test_selectors_find_the_pods(rendered: Path) -> None:
    labels = the("Deployment", rendered)["spec"]["template"]["metadata"]["labels"].items()
    selectors = [the("Service", rendered)["spec"]["selector"]]
    selectors.append(the("Deployment", rendered)["spec"]["selector"]["matchLabels"])
    for found in objects(rendered):
        if found["kind"] == "PodDisruptionBudget":
            selectors.append(found["spec"]["selector"]["matchLabels"])
        if found["kind"] == "NetworkPolicy":
            selectors.append(found["spec"]["podSelector"]["matchLabels"])
    for selector in selectors:
        assert selector.items() <= labels


def test_several_replicas_are_never_all_away() -> None:
    spec = the("Deployment", named("full"))["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert the("PodDisruptionBudget", named("full"))["spec"]["maxUnavailable"] == 1
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"


def test_one_file_of_sqlite_is_one_bots() -> None:
    spec = the("Deployment", named("sqlite"))["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    claim = the("PersistentVolumeClaim", named("sqlite"))
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    (data,) = [v for v in spec["template"]["spec"]["volumes"] if v["name"] == "data"]
    assert data["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    kinds = {found["kind"] for found in objects(named("sqlite"))}
    assert "PodDisruptionBudget" not in kinds


def test_the_prometheus_operator_may_scrape_with_the_token() -> None:
    (endpoint,) = the("ServiceMonitor", named("full"))["spec"]["endpoints"]
    wanted = endpoint["authorization"]["credentials"]
    assert wanted == {
        "name": the("Secret", named("full"))["metadata"]["name"],
        "key": "TANDEM_WEBHOOK_TOKEN",
    }
    assert the("ServiceMonitor", named("full"))["spec"]["jobLabel"] == "app.kubernetes.io/name"
    labels = the("Service", named("full"))["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "tandem", "the rules look for job=tandem"


def test_the_runbook_has_a_row_for_every_alert() -> None:
    rules = (ROOT / "deploy" / "prometheus-rules.yml").read_text("utf-8")
    alerts = {r["alert"] for group in yaml.safe_load(rules)["groups"] for r in group["rules"]}
    rows = re.findall(
        r"^\| (.*) \| .* \| .* \|$", (ROOT / "deploy/README.md").read_text("utf-8"), re.M
    )
    told = {name for row in rows for name in re.findall(r"`(Tandem\w+)`", row)}
    assert told == alerts
