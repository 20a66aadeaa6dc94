"""Renders the chart with Helm's own engine, checks what comes out, writes it to tests/deploy/helm.

    pip install helm-python-sdk kubernetes-validate    # in an environment apart; tests need neither
    python deploy/helm/render.py

Each tests/deploy/helm/NAME.values.yaml becomes NAME.rendered.yaml, which the tests read: they fail
when the chart has changed since. Values that must be refused are in `REFUSED`.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import yaml

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "tandem"
EXAMPLES = ROOT / "tests" / "deploy" / "helm"
VERSIONS = ("1.27", "1.31", "1.34")
"""Of Kubernetes, whose schemas the output is checked against."""
NOT_BUILT_IN = ("ServiceMonitor", "PrometheusRule")
SECRET = {"existingSecret": "tandem"}
REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "secrets.existingSecret"),
    ({"secrets": SECRET, "replicaCount": 2}, "replicaCount"),
    ({"secrets": SECRET, "replicas": 11}, "replicas"),
    ({"secrets": SECRET, "persistence": {"enabled": True}}, "set replicas to 1"),
    ({"secrets": {**SECRET, "names": ["SLACK_BOT_TOKEN"]}}, "DATABASE_URL"),
    ({"secrets": {**SECRET, "names": ["DATABASE_URL"]}}, "names"),
    ({"secrets": SECRET, "settings": {"DATABASE_URL": "x"}}, "settings.DATABASE_URL"),
    ({"secrets": SECRET, "settings": {"lower": "x"}}, "lower"),
    ({"secrets": SECRET, "settings": {"TANDEM_DRAIN_SECONDS": "9"}}, "say it in drain"),
    ({"secrets": {"values": {"SLACK_BOT_TOKEN": "x"}}}, "a value is needed"),
)


def stamp(values: str) -> str:
    """Tells whether chart and values are those that were rendered. The rules are left out: they
    are a copy, and a test compares it."""
    digest = hashlib.sha256(values.encode())
    for path in sorted(CHART.rglob("*")):
        if path.is_file() and "files" not in path.parts:
            digest.update(path.relative_to(CHART).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def documents(chart: helm.Chart, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    rendered = chart.render(values, name="tandem", namespace="ops")
    for name, text in sorted(rendered.items()):
        if name.endswith(".yaml"):
            yield from (document for document in yaml.safe_load_all(text) if document)


def check(document: dict[str, Any]) -> None:
    """Raises ValidationError; that the operator's kinds are well formed is not checked."""
    if document["kind"] == "PrometheusRule":
        rules = (ROOT / "deploy" / "prometheus-rules.yml").read_text("utf-8")
        if document.pop("spec") != yaml.safe_load(rules):
            raise ValueError("PrometheusRule: not the rules of deploy/prometheus-rules.yml")
    if "tandem.json" in document.get("data", {}):
        dashboard = (ROOT / "deploy" / "grafana-dashboard.json").read_text("utf-8")
        if document["data"].pop("tandem.json") != dashboard:
            raise ValueError("not the dashboard of deploy/grafana-dashboard.json")
    if document["kind"] not in NOT_BUILT_IN:
        for version in VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)


def refused(chart: helm.Chart) -> Iterator[str]:
    """What was rendered and should not have been."""
    for values, words in REFUSED:
        try:
            chart.validate_schema(values)
            chart.render(values, name="tandem")
        except helm.HelmError as error:
            if words not in str(error):
                yield f"{values}: refused without a word of {words!r}: {error}"
        else:
            yield f"{values}: not refused"


def main() -> int:
    report = helm.lint(CHART, {"secrets": SECRET}, strict=True)
    wrong = [m["error"] for m in report["messages"] if m["severity"] > 1] + report["errors"]
    with helm.Chart.load(CHART) as chart:
        wrong += refused(chart)
        for path in sorted(EXAMPLES.glob("*.values.yaml")):
            text = path.read_text("utf-8")
            values = yaml.safe_load(text)
            chart.validate_schema(values)
            made = list(documents(chart, values))
            for document in made:
                check(document)
            name = path.name.replace(".values.", ".rendered.")
            head = f"# Made by deploy/helm/render.py; do not edit. {stamp(text)}\n"
            body = yaml.safe_dump_all(made, sort_keys=False, width=100)
            (EXAMPLES / name).write_text(head + body, encoding="utf-8")
            print(f"tests/deploy/helm/{name}: {len(made)} objects")
    print("\n".join(wrong) or "nothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
