"""Slots from free text, as a table."""

from typing import Any

import pytest

from bot.slots import Known, slots


@pytest.mark.parametrize(
    ("skill", "text", "found"),
    [
        ("incident_summary", "what's up with inc 7", {"incident": "INC-7"}),
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
