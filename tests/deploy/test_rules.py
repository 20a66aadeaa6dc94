"""The alert rules on Tandem itself, run by promtool: each fires when it should, and not else."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

RULES = Path(__file__).parents[2] / "deploy" / "prometheus-rules.yml"

ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]

ALL_IS_WELL = {
    'up{job="tandem"}': "1+0x90",
    "tandem_up": "1+0x90",
    "tandem_ready": "1+0x90",
    "tandem_inbox_oldest_seconds": "0+0x90",
    "tandem_outbox_oldest_seconds": "2+0x90",
    "tandem_socket_connected": "1+0x90",
    'tandem_loop_stuck_seconds{loop="intake"}': "0 1 0+0x88",
    'tandem_event_loop_lag_seconds_bucket{le="0.1",instance="a"}': "0+60x90",
    'tandem_event_loop_lag_seconds_bucket{le="3",instance="a"}': "0+60x90",
    'tandem_event_loop_lag_seconds_bucket{le="+Inf",instance="a"}': "0+60x90",
    "tandem_clock_off_seconds": "0+0x90",
    'process_open_fds{job="tandem"}': "80+0x90",
    'process_max_fds{job="tandem"}': "1024+0x90",
    "tandem_heartbeat_timestamp_seconds": "1+60x90",
    "tandem_watchdog_silent_seconds": "60 120 180 60+0x87",
    'tandem_intake_lag_seconds_bucket{le="1"}': "0+60x90",
    'tandem_intake_lag_seconds_bucket{le="100"}': "0+60x90",
    'tandem_intake_lag_seconds_bucket{le="+Inf"}': "0+60x90",
    'tandem_correlation_seconds_bucket{le="0.1"}': "0+60x90",
    'tandem_correlation_seconds_bucket{le="10"}': "0+60x90",
    'tandem_correlation_seconds_bucket{le="+Inf"}': "0+60x90",
    'tandem_turn_seconds_bucket{le="0.5"}': "0+6x90",
    'tandem_turn_seconds_bucket{le="30"}': "0+6x90",
    'tandem_turn_seconds_bucket{le="+Inf"}': "0+6x90",
    'tandem_batches_poisoned_total{source="datadog"}': "0+0x90",
    'tandem_slack_errors_total{call="post",kind="refused"}': "0+0x90",
    'tandem_slack_rate_limited_total{call="post"}': "0 1 1+0x88",
    'tandem_signals_accepted_total{source="datadog"}': "0+10x90",
    'tandem_signals_refused_total{source="datadog"}': "0+0x90",
    "tandem_turn_oldest_seconds": "0 3 0+0x88",
    'tandem_turns_total{skill="stats",outcome="crash"}': "0+0x90",
    'tandem_monitor_polls_total{monitor="queue",outcome="ok"}': "0+4x90",
    'tandem_monitor_polls_total{monitor="queue",outcome="failed"}': "0+1x90",
    'tandem_monitor_source_up{source="prometheus"}': "1+0x90",
    'tandem_job_runs_total{job_name="tidy",outcome="ok"}': "0+1x90",
    'tandem_job_runs_total{job_name="tidy",outcome="failed"}': "0+1x90",
    'tandem_llm_answers_total{purpose="route",outcome="ok"}': "0+3x90",
    'tandem_llm_answers_total{purpose="route",outcome="failed"}': "0+1x90",
    'tandem_llm_answers_total{purpose="route",outcome="refused"}': "0+0x90",
    'tandem_lease_held{lease="intake",instance="a"}': "1+0x90",
    'tandem_lease_held{lease="intake",instance="b"}': "0+0x90",
}
"""Series and their values, one a minute, of a Tandem at peace, with a trouble now and then."""

FIRES: dict[str, dict[str, str]] = {
    "TandemDown": {'up{job="tandem"}': "0+0x90"},
    "TandemStoreOutOfReach": {"tandem_up": "0+0x90"},
    "TandemInboxOld": {"tandem_inbox_oldest_seconds": "0+60x90"},
    "TandemOutboxStuck": {"tandem_outbox_oldest_seconds": "0+60x90"},
    "TandemSlackRateLimited": {'tandem_slack_rate_limited_total{call="post"}': "0+5x90"},
    "TandemSignalsRefused": {'tandem_signals_refused_total{source="datadog"}': "0+5x90"},
    "TandemSlowCorrelation": {'tandem_correlation_seconds_bucket{le="0.1"}': "0+0x90"},
    "TandemMonitorFails": {
        'tandem_monitor_polls_total{monitor="queue",outcome="ok"}': "7+0x90",
    },
    "TandemTurnsCrash": {'tandem_turns_total{skill="stats",outcome="crash"}': "0+1x90"},
    "TandemNotReady": {"tandem_ready": "0+0x90"},
    "TandemLoopStuck": {'tandem_loop_stuck_seconds{loop="intake"}': "0+60x90"},
    "TandemEventLoopSlow": {
        'tandem_event_loop_lag_seconds_bucket{le="0.1",instance="a"}': "0+50x90",
    },
    "TandemClockLeapt": {"tandem_clock_off_seconds": "-3600+0x90"},
    "TandemFilesRunOut": {'process_open_fds{job="tandem"}': "1000+0x90"},
    "TandemHeartbeatOld": {"tandem_heartbeat_timestamp_seconds": "1+0x90"},
    "TandemWatchdogSilent": {"tandem_watchdog_silent_seconds": "0+60x90"},
    "TandemIntakeSlow": {'tandem_intake_lag_seconds_bucket{le="1"}': "0+0x90"},
    "TandemBatchPoisoned": {'tandem_batches_poisoned_total{source="datadog"}': "0+0x60 1+0x29"},
    "TandemSlackRefuses": {'tandem_slack_errors_total{call="post",kind="refused"}': "0+1x90"},
    "TandemSocketDown": {"tandem_socket_connected": "0+0x90"},
    "TandemTurnsSlow": {'tandem_turn_seconds_bucket{le="0.5"}': "0+0x90"},
    "TandemTurnStuck": {"tandem_turn_oldest_seconds": "0+60x90"},
    "TandemJobFails": {'tandem_job_runs_total{job_name="tidy",outcome="ok"}': "7+0x90"},
    "TandemSourceDown": {'tandem_monitor_source_up{source="prometheus"}': "0+0x90"},
    "TandemLLMFails": {'tandem_llm_answers_total{purpose="route",outcome="ok"}': "7+0x90"},
    "TandemLLMBudgetSpent": {
        'tandem_llm_answers_total{purpose="route",outcome="refused"}': "0+1x90",
    },
    "TandemNobodyHoldsALease": {'tandem_lease_held{lease="intake",instance="a"}': "0+0x90"},
    "TandemLeaseHeldTwice": {'tandem_lease_held{lease="intake",instance="b"}': "1+0x90"},
}
"""What is different when an alert must fire: it and no other."""


def case(name: str, different: dict[str, str], expected: str) -> dict[str, Any]:
    series = ALL_IS_WELL | different
    assert set(different) <= set(ALL_IS_WELL), name
    return {
        "name": name or "all is well",
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "85m",
                "exp_samples": [
                    {"labels": f'{{alertname="{expected}"}}', "value": 1} if expected else {}
                ][: bool(expected)],
            }
        ],
    }


def test_there_is_a_case_for_every_alert() -> None:
    assert set(FIRES) == {rule["alert"] for rule in ALERTS}


def test_each_alert_fires_for_its_trouble_and_for_no_other(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    tests = [case("", {}, ""), *(case(name, change, name) for name, change in FIRES.items())]
    file = tmp_path / "tests.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests})
    )
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_says_what_is_wrong_and_how_bad() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
