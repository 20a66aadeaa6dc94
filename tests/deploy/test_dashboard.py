"""The Grafana dashboard: its queries can be read, and name series that /metrics shows."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.metrics import DEFINITIONS, Metrics

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "deploy" / "grafana-dashboard.json").read_text()
)
PANELS: list[dict[str, Any]] = [p for p in DASHBOARD["panels"] if p["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


def shown() -> set[str]:
    """Every name that a query may use."""
    names = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    for told in DEFINITIONS:
        names.add(told.shown)
        if told.kind == "histogram":
            names |= {f"{told.name}_{part}" for part in ("bucket", "sum", "count")}
    return names


def test_the_queries_name_series_that_there_are() -> None:
    named = set(re.findall(r"\b(?:tandem|process|python)_\w+", " ".join(QUERIES)))
    assert named <= shown()


def test_every_series_of_ours_is_somewhere() -> None:
    named = " ".join(QUERIES)
    assert [told.name for told in DEFINITIONS if told.name not in named] == []


def test_promtool_reads_every_query(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    rules = [
        {"record": f"panel:{n}", "expr": query.replace("$__rate_interval", "5m")}
        for n, query in enumerate(QUERIES)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_panels_have_a_place_of_their_own_and_a_name() -> None:
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    ids = [p["id"] for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len(set(ids)) == len(ids)
    assert all(panel["title"] and panel["targets"] for panel in PANELS)


def test_the_rows_are_the_groups_of_the_reference() -> None:
    rows = [p["title"] for p in DASHBOARD["panels"] if p["type"] == "row"]
    assert rows == list(dict.fromkeys(told.group for told in DEFINITIONS))


def test_it_names_no_data_source_of_ours() -> None:
    assert {t["datasource"]["uid"] for p in PANELS for t in p["targets"]} == {"${datasource}"}
