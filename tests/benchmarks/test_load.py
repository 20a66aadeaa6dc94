"""What the benchmarks of load measure with, where it can be wrong without anybody noticing."""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson

from benchmarks.intake import Alerts, webhooks
from benchmarks.intake_peers import api_bodies, insert_loop
from benchmarks.memory import Peak, memory_of
from benchmarks.replicas import cpu_of
from benchmarks.search_engines import flat, measure

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_mixed_load_repeats_and_ends_what_fires() -> None:
    bodies = webhooks(iter(Alerts(False, START)), 640, 64)
    alerts = [alert for body in bodies for alert in orjson.loads(body)["alerts"]]
    assert len(alerts) == 640
    assert 30 < len({alert["fingerprint"] for alert in alerts}) < 150
    assert 30 < sum(alert["status"] == "resolved" for alert in alerts) < 120


def test_alertmanager_is_sent_the_same_alerts() -> None:
    bodies = webhooks(iter(Alerts(False, START)), 128, 64)
    asked = [orjson.loads(body) for body in api_bodies(bodies)]
    assert [len(alerts) for alerts in asked] == [64, 64]
    firing = [alert for alerts in asked for alert in alerts if "endsAt" not in alert]
    assert 90 < len(firing) < 128
    assert {"labels", "annotations", "startsAt", "generatorURL"} == set(firing[0])


def test_the_insert_loop_stores_every_alert(tmp_path: Path) -> None:
    bodies = webhooks(iter(Alerts(True, START)), 128, 64)
    assert insert_loop(bodies, tmp_path) > 0
    assert (tmp_path / "bare.db").stat().st_size > sum(map(len, bodies)) / 2


def test_memory_and_processor_time_are_those_of_the_process() -> None:
    with Peak.of(os.getpid()) as peak:
        now = memory_of(os.getpid())
    assert 10 < now.pss <= now.rss
    assert peak.most.rss < 100_000
    assert 0 < cpu_of(os.getpid()) <= cpu_of(os.getpid(), children=True)


def test_recall_is_whole_for_an_exact_search_and_less_for_another() -> None:
    vectors = np.random.default_rng(1).standard_normal((2_000, 384), dtype=np.float32)
    asked = vectors[:5]
    truth = [np.argsort(-(vectors @ query))[:10].tolist() for query in asked]
    assert measure("exact", lambda: flat(vectors), asked, truth).recall == 1.0
    assert measure("first ten", lambda: lambda _: range(10), asked, truth).recall < 0.5
