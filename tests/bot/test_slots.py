"""Slots from free text, as a table."""

from typing import Any

import pytest

from bot.slots import Known, slots


@pytest.mark.parametrize(
    ("skill", "text", "found"),
    [
        ("incident_summary", "what's up with inc 7", {"incident": "INC-7"}),
        ("monitors", "how is the monitor checkout-p99 doing?", {"monitor": "checkout-p99"}),
        ("monitors", "list the monitors", {}),
        ("monitor_tune", 'tune the monitor "disk full"', {"monitor": "disk full"}),
        (
            "monitor_pause",
            "pause orders-per-minute for 8 hours",
            {"monitor": "orders-per-minute", "duration": "8h"},
        ),
        (
            "monitor_pause",
            "pause the monitor redis-memory until i resume it",
            {"monitor": "redis-memory", "duration": "until resumed"},
        ),
        (
            "monitor_backtest",
            "backtest kafka-lag over the last 2 weeks",
            {"monitor": "kafka-lag", "window": "14d"},
        ),
        (
            "incident_list",
            "open sev1s for checkout",
            {"status": "open", "severity": "SEV1", "service": "checkout"},
        ),
        ("incident_update", "note: restarted at 9", {"action": "note", "value": "restarted at 9"}),
        (
            "incident_update",
            "make INC-4 a sev2",
            {"incident": "INC-4", "action": "severity", "value": "SEV2"},
        ),
        ("incident_update", "assign this to @ada", {"action": "assign", "value": "ada"}),
        ("incident_update", "it came back, reopen", {"action": "reopen"}),
        (
            "model_drift",
            "drift of fraud_scorer last month",
            {"model": "fraud_scorer", "window": "30d"},
        ),
        (
            "model_drift",
            "drift of churn-eu last Thursday 02:00-06:00",
            {"model": "churn-eu", "window": "last Thursday 02:00-06:00"},
        ),
        (
            "model_drift",
            "did churn-eu move from 2026-11-01 to 2026-11-08?",
            {"model": "churn-eu", "window": "from 2026-11-01 to 2026-11-08"},
        ),
        (
            "model_drift",
            "drift of churn-eu over the last 7 days compared with the week before?",
            {"model": "churn-eu", "window": "7d", "against": "the week before"},
        ),
        (
            "model_drift",
            "drift of churn-eu v7 against v6",
            {"model": "churn-eu", "window": "v7", "against": "v6"},
        ),
        (
            "model_drift",
            "what moved in churn-eu between v6 and v7",
            {"model": "churn-eu", "window": "v7", "against": "v6"},
        ),
        (
            "model_drift",
            "drift of churn-eu since yesterday against the training data",
            {"model": "churn-eu", "window": "24h"},
        ),
        ("promotion", "promote churn-eu:12", {"model": "churn-eu", "version": "12"}),
        ("promotion", "ship version 2.1 of churn-eu", {"model": "churn-eu", "version": "2.1"}),
        ("silence", "mute DiskFull for half an hour", {"alert": "DiskFull", "duration": "30m"}),
        ("silence_end", "end silence sil-3 please", {"silence": "SIL-3"}),
        ("silence_end", "lift the silence on checkout", {"silence": "checkout"}),
        ("silence_end", "unmute DiskFull", {"silence": "DiskFull"}),
        ("silence", "mute checkout 1h30m", {"service": "checkout", "duration": "1h30m"}),
        ("runbook", "show runbook RB-12", {"name": "RB-12"}),
        ("audit", "what did @ada approve", {"actor": "ada"}),
        ("stats", "mttr this quarter", {"window": "90d", "show": "times"}),
        ("stats", "which alert rules should we delete?", {"show": "rules"}),
        ("stats", "pages at night last 30d", {"window": "30d", "show": "pages"}),
        ("stats", "numbers of last month", {"window": "30d"}),
        ("help", "help", {}),
    ],
)
def test_slots(skill: str, text: str, found: dict[str, Any]) -> None:
    assert slots(text, skill) == found


def test_known_names_win_however_they_are_joined() -> None:
    known = Known(models=("fraud-scorer",))
    assert slots("is the fraud scorer okay", "model_drift", known)["model"] == "fraud-scorer"
