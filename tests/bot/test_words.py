"""Slash commands as a table."""

from typing import Any

import pytest

from bot.words import command_call
from knowledge.errors import BadArgs, NotFound
from skills.registry import BUILTIN


@pytest.mark.parametrize(
    ("command", "text", "skill", "args"),
    [
        ("/incident", "", "incident_summary", {}),
        ("/incident", "INC-12", "incident_summary", {"incident": "INC-12"}),
        ("/incident", "12", "incident_summary", {"incident": "INC-12"}),
        (
            "/incident",
            "list resolved checkout",
            "incident_list",
            {"status": "resolved", "service": "checkout"},
        ),
        (
            "/incident",
            "severity inc12 2",
            "incident_update",
            {"incident": "INC-12", "action": "severity", "value": "SEV2"},
        ),
        (
            "/incident",
            "note INC-3 it's fine now",
            "incident_update",
            {"incident": "INC-3", "action": "note", "value": "it's fine now"},
        ),
        (
            "/incident",
            "INC-3 assign @ada",
            "incident_update",
            {"incident": "INC-3", "action": "assign", "value": "ada"},
        ),
        ("/incident", "ack", "incident_update", {"action": "ack"}),
        ("/incident", "unack 3", "incident_update", {"incident": "INC-3", "action": "unack"}),
        ("/incident", "show INC-3", "incident_show", {"incident": "INC-3"}),
        ("/incident", "INC-3 timeline", "incident_timeline", {"incident": "INC-3"}),
        ("/incident", "timeline", "incident_timeline", {}),
        ("/incident", "export 3", "incident_export", {"incident": "INC-3"}),
        ("/incident", "open", "incident_open", {}),
        (
            "/incident",
            "open checkout: payments fail sev1",
            "incident_open",
            {"service": "checkout", "severity": "SEV1", "title": "payments fail"},
        ),
        (
            "/incident",
            "open service=cart severity=SEV3 slow since noon",
            "incident_open",
            {"service": "cart", "severity": "SEV3", "title": "slow since noon"},
        ),
        (
            "/incident",
            "merge INC-4 into INC-2",
            "incident_merge",
            {"incident": "INC-4", "into": "INC-2"},
        ),
        ("/incident", "INC-4 merge 2", "incident_merge", {"incident": "INC-4", "into": "INC-2"}),
        ("/incident", "merge into INC-2", "incident_merge", {"into": "INC-2"}),
        ("/incident", "merge INC-4", "incident_merge", {"incident": "INC-4"}),
        (
            "/incident",
            "split kafka off INC-4",
            "incident_split",
            {"incident": "INC-4", "what": "kafka"},
        ),
        ("/incident", "split INC-4", "incident_split", {"incident": "INC-4"}),
        (
            "/incident",
            "why HighLatency in INC-4",
            "alert_why",
            {"incident": "INC-4", "alert": "HighLatency"},
        ),
        ("/incident", "INC-4 why", "alert_why", {"incident": "INC-4"}),
        ("/incident", "update INC-4", "incident_more", {"incident": "INC-4"}),
        (
            "/incident",
            "update INC-4 severity 2",
            "incident_update",
            {"incident": "INC-4", "action": "severity", "value": "SEV2"},
        ),
        (
            "/incident",
            "update INC-4 vendor called",
            "incident_update",
            {"incident": "INC-4", "action": "note", "value": "vendor called"},
        ),
        ("/similar", "disk full on db", "similar_incidents", {"text": "disk full on db"}),
        ("/similar", "INC-7", "similar_incidents", {"incident": "INC-7"}),
        (
            "/similar",
            "disk full service=kafka since=2026-03-01 --severity=SEV1 --resolved",
            "similar_incidents",
            {
                "text": "disk full",
                "service": "kafka",
                "since": "2026-03-01",
                "severity": "SEV1",
                "resolved": True,
            },
        ),
        (
            "/similar",
            'INC-7 service="search api"',
            "similar_incidents",
            {"incident": "INC-7", "service": "search api"},
        ),
        (
            "/drift",
            "fraud last 30 days",
            "model_drift",
            {"model": "fraud", "window": "last 30 days"},
        ),
        (
            "/drift",
            "fraud 2026-11-01 to 2026-11-08 against last week",
            "model_drift",
            {"model": "fraud", "window": "2026-11-01 to 2026-11-08 against last week"},
        ),
        ("/drift", "window=7d fraud", "model_drift", {"model": "fraud", "window": "7d"}),
        (
            "/promote",
            'fraud 9 because "recall is up"',
            "promotion",
            {"model": "fraud", "version": "9", "reason": "recall is up"},
        ),
        ("/silence", "", "silence", {}),
        (
            "/silence",
            "checkout 2h because deploy of 4.1",
            "silence",
            {"service": "checkout", "duration": "2h", "reason": "deploy of 4.1"},
        ),
        (
            "/silence",
            "alertname=~'Disk.*' node!=n3 for 4 hours",
            "silence",
            {"match": "alertname=~'Disk.*' node!=n3", "duration": "4 hours"},
        ),
        (
            "/silence",
            "DiskFull 1h30m from 22:00",
            "silence",
            {"alert": "DiskFull", "duration": "1h30m", "start": "22:00"},
        ),
        (
            "/silence",
            "checkout in 2h for 3h",
            "silence",
            {"service": "checkout", "duration": "3h", "start": "2h"},
        ),
        ("/silence", "inc12 30m", "silence", {"incident": "INC-12", "duration": "30m"}),
        ("/silence", "everything 30m", "silence", {"match": "everything", "duration": "30m"}),
        ("/silence", "end SIL-3", "silence_end", {"silence": "SIL-3"}),
        ("/silence", "list", "silences", {}),
        ("/silences", "", "silences", {}),
        ("/ops", "", "stats", {}),
        ("/ops", "stats", "stats", {}),
        ("/ops", "stats 30d checkout", "stats", {"window": "30d", "of": "checkout"}),
        ("/ops", "checkout last 2 weeks", "stats", {"window": "2weeks", "of": "checkout"}),
        ("/ops", "stats noise of payments", "stats", {"show": "noise", "of": "payments"}),
        ("/ops", "stats rule=DiskFull 7d", "stats", {"rule": "DiskFull", "window": "7d"}),
        ("/ops", "monitors", "monitors", {}),
        ("/ops", "monitor checkout-p99", "monitors", {"monitor": "checkout-p99"}),
        ("/ops", "Monitors pause", "monitor_pause", {}),
        (
            "/ops",
            "monitors pause checkout-p99 for 8h",
            "monitor_pause",
            {"monitor": "checkout-p99", "duration": "8h"},
        ),
        (
            "/ops",
            "monitors pause checkout-p99 until resumed",
            "monitor_pause",
            {"monitor": "checkout-p99", "duration": "until resumed"},
        ),
        ("/ops", "monitors resume disk full", "monitor_resume", {"monitor": "disk full"}),
        ("/ops", "monitors tune p99", "monitor_tune", {"monitor": "p99"}),
        ("/ops", "monitors remove p99", "monitor_remove", {"monitor": "p99"}),
        ("/ops", "monitors new", "monitor_create", {}),
        ("/ops", "monitors new p99", "monitor_create", {"name": "p99"}),
        (
            "/ops",
            "monitors backtest p99 14d",
            "monitor_backtest",
            {"monitor": "p99", "window": "14d"},
        ),
        ("/tandem", "", "help", {}),
        ("/tandem", "who is on call", "ask", {"text": "who is on call"}),
    ],
)
def test_commands(command: str, text: str, skill: str, args: dict[str, Any]) -> None:
    call = command_call(command, text, BUILTIN)
    assert (call.skill, dict(call.args)) == (skill, args)


def test_unknown_words_offer_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        command_call("/incident", "resolv", BUILTIN)
    assert caught.value.nearest[0] == "resolve"
    with pytest.raises(NotFound) as caught:
        command_call("/drif", "fraud", BUILTIN)
    assert caught.value.nearest[0] == "/drift"
    with pytest.raises(NotFound) as caught:
        command_call("/drift", "fraud windw=7d", BUILTIN)
    assert caught.value.nearest[0] == "window"


@pytest.mark.parametrize(
    "text",
    [
        "severity INC-1",
        "severity INC-1 huge",
        "note INC-1",
        "list a b",
        'note INC-1 "x',
        "merge INC-1 INC-2 INC-3",
        "merge checkout",
        "show checkout",
        "timeline INC-1 please",
    ],
)
def test_arguments_that_do_not_fit(text: str) -> None:
    with pytest.raises(BadArgs):
        command_call("/incident", text, BUILTIN)
