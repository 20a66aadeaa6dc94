"""The storms the correlation is measured on: reproducible, and their labels fit their alerts."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.storms.plan import THEMES, plan
from benchmarks.storms.write import write_set


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("storms")
    write_set(folder, 3, ["hub", "quiet"])
    return folder


def _webhooks(folder: Path, storm: str) -> list[Any]:
    with gzip.open(folder / storm / "alerts.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def _labels(folder: Path, storm: str) -> Any:
    return json.loads((folder / "labels" / f"{storm}.json").read_text())


def test_a_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_set(tmp_path, 3, ["hub"])
    for file in ("hub/alerts.jsonl.gz", "hub/topology.json", "labels/hub.json"):
        assert (tmp_path / file).read_bytes() == (folder / file).read_bytes()


def test_another_seed_gives_another_storm(folder: Path, tmp_path: Path) -> None:
    write_set(tmp_path, 4, ["hub"])
    assert _webhooks(tmp_path, "hub") != _webhooks(folder, "hub")


def test_webhooks_come_in_order_of_arrival(folder: Path) -> None:
    times = [webhook["received_at"] for webhook in _webhooks(folder, "hub")]
    assert times == sorted(times)


def test_every_instance_that_was_sent_has_a_label(folder: Path) -> None:
    labels = _labels(folder, "hub")
    sent = {
        (alert["fingerprint"], alert["startsAt"])
        for webhook in _webhooks(folder, "hub")
        for alert in webhook["payload"]["alerts"]
    }
    assert sent == {(alert["fingerprint"], alert["startsAt"]) for alert in labels["alerts"]}
    assert labels["instances"] == len(sent)
    named = {alert["incident"] for alert in labels["alerts"]} - {None}
    assert named == set(labels["incidents"])


def test_nothing_is_an_incident_in_the_quiet_storm(folder: Path) -> None:
    labels = _labels(folder, "quiet")
    assert labels["incidents"] == {}
    assert {alert["incident"] for alert in labels["alerts"]} == {None}


@pytest.mark.parametrize("seed", range(5))
def test_what_fails_is_part_of_the_system(seed: int) -> None:
    for storm in plan(seed):
        for trouble in storm.troubles:
            known = {*storm.world.roles, trouble.partner}
            assert trouble.roots or trouble.nodes
            assert set(trouble.roots) <= known
            assert set(trouble.nodes) <= set(storm.world.zones)
            assert trouble.at < trouble.until <= storm.minutes * 60


def test_there_are_ten_themes_with_the_hard_cases() -> None:
    storms = {storm.name: storm for storm in plan(1)}
    assert set(storms) == set(THEMES)
    assert len(storms) == 10
    assert storms["unknown"].known < 0.5
    assert not storms["quiet"].troubles
