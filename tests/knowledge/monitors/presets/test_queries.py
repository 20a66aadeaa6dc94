"""The queries of the presets, as a real Prometheus reads and answers them."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from knowledge.monitors.presets import load_preset, presets

MATCHERS = 'cluster="eu",zone!~"a|b"'


@pytest.fixture(scope="module")
def promtool() -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    return program


def _run(*command: str) -> str:
    """What went wrong, or nothing."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.prometheus
def test_every_query_is_promql(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"preset:{monitor.name.replace('-', '_')}:{kind}", "expr": monitor.query}
        for preset in presets()
        for kind, selector in (("all", ""), ("some", MATCHERS))
        for monitor in load_preset(preset.name, selector=selector)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "presets", "rules": rules}]}))
    assert _run(promtool, "check", "rules", str(file)) == ""


# (preset, monitor, what is scraped each minute, what the query answers after 20 minutes)
ANSWERS: Sequence[tuple[str, str, Mapping[str, str], Mapping[str, float]]] = (
    (
        "golden-signals",
        "http-errors",
        {'http_requests_total{job="api",code="200"}': "0+60x20"},
        {'{job="api"}': 0},
    ),
    (
        "golden-signals",
        "http-errors",
        {
            'http_requests_total{job="api",code="200"}': "0+45x20",
            'http_requests_total{job="api",code="503"}': "0+15x20",
            'http_requests_total{job="idle",code="200"}': "7x20",
        },
        {'{job="api"}': 0.25, '{job="idle"}': 0},
    ),
    (
        "kubernetes",
        "k8s-crash-loop",
        {'kube_pod_container_status_waiting_reason{reason="ContainerCreating",pod="a"}': "1x20"},
        {"{}": 0},
    ),
    (
        "kubernetes",
        "k8s-crash-loop",
        {
            "kube_pod_container_status_waiting_reason"
            '{reason="CrashLoopBackOff",namespace="shop",pod="a",container="c"}': "1x15 _x5"
        },
        {"{}": 0, '{namespace="shop",pod="a",container="c"}': 1},
    ),
    (
        "kubernetes",
        "k8s-memory-near-limit",
        {
            'container_memory_working_set_bytes{namespace="n",pod="a",container="c"}': "90x20",
            'container_memory_working_set_bytes{namespace="n",pod="b",container="c"}': "9x20",
            'kube_pod_container_resource_limits{resource="memory",'
            'namespace="n",pod="a",container="c"}': "100x20",
            'kube_pod_container_resource_limits{resource="memory",'
            'namespace="n",pod="b",container="c"}': "100x20",
        },
        {"{}": 0, '{namespace="n",pod="a",container="c"}': 0.9},
    ),
    (
        "kafka",
        "kafka-stalled",
        {
            'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="0"}': "50x20",
            'kafka_consumergroup_lag{consumergroup="h",topic="t",partition="0"}': "50x20",
            'kafka_consumergroup_current_offset{consumergroup="g",topic="t"}': "9x20",
            'kafka_consumergroup_current_offset{consumergroup="h",topic="t"}': "0+9x20",
        },
        {"{}": 0, '{consumergroup="g",topic="t"}': 50},
    ),
    (
        "kafka",
        "kafka-behind",
        {
            'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="0"}': "600x20",
            'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="1"}': "-1x20",
            'kafka_topic_partition_current_offset{topic="t",partition="0"}': "0+120x20",
        },
        {'{consumergroup="g",topic="t"}': 300},
    ),
    (
        "kafka-jmx",
        "kafka-controllers",
        {
            'kafka_controller_kafkacontroller_activecontrollercount{instance="a"}': "1x20",
            'kafka_controller_kafkacontroller_activecontrollercount{instance="b"}': "1x20",
        },
        {"{}": 1},
    ),
    (
        "gpu",
        "gpu-xid",
        {
            'DCGM_FI_DEV_XID_ERRORS{Hostname="h",gpu="0"}': "43x20",
            'DCGM_FI_DEV_XID_ERRORS{Hostname="h",gpu="1"}': "0x15 79x5",
            'DCGM_FI_DEV_XID_ERRORS{Hostname="h",gpu="2"}': "_x15 48x5",
        },
        {
            '{Hostname="h",gpu="0"}': 0,
            '{Hostname="h",gpu="1"}': 79,
            '{Hostname="h",gpu="2"}': 48,
        },
    ),
    (
        "vllm",
        "vllm-stalled",
        {
            'vllm:num_requests_running{model_name="m",instance="a"}': "3x20",
            'vllm:num_requests_running{model_name="m",instance="b"}': "3x20",
            'vllm:generation_tokens_total{model_name="m",instance="a"}': "5000x20",
            'vllm:generation_tokens_total{model_name="m",instance="b"}': "0+900x20",
        },
        {'{model_name="m",instance="a"}': 3, '{model_name="m",instance="b"}': 0},
    ),
    (
        "vllm",
        "vllm-cache",
        {'vllm:gpu_cache_usage_perc{model_name="m",instance="a"}': "0.5x20"},
        {'{model_name="m",instance="a"}': 0.5},
    ),
    (
        "triton",
        "triton-errors",
        {
            'nv_inference_request_success{model="m",version="1"}': "0+45x20",
            'nv_inference_request_failure{model="m",version="1",reason="BACKEND"}': "0+15x20",
        },
        {'{model="m"}': 0.25},
    ),
    (
        "torchserve",
        "torchserve-errors",
        {
            'Requests2XX{instance="a",Level="Host"}': "0+45x20",
            'Requests5XX{instance="a",Level="Host"}': "0+15x20",
            'Requests2XX{instance="b",Level="Host"}': "0+45x20",
        },
        {'{instance="a"}': 0.25, '{instance="b"}': 0},
    ),
    (
        "postgresql",
        "postgres-unused-slot",
        {
            'pg_replication_slot_slot_is_active{instance="a",slot_name="used"}': "1x20",
            'pg_replication_slot_slot_is_active{instance="a",slot_name="left"}': "0x20",
        },
        {"{}": 0, '{instance="a",slot_name="left"}': 1},
    ),
    (
        "postgresql",
        "postgres-connections",
        {
            'pg_stat_activity_count{instance="a",state="active"}': "30x20",
            'pg_stat_activity_count{instance="a",state="idle"}': "60x20",
            'pg_settings_max_connections{instance="a"}': "100x20",
        },
        {'{instance="a"}': 0.9},
    ),
    (
        "redis",
        "redis-memory",
        {
            'redis_memory_used_bytes{instance="a"}': "3x20",
            'redis_memory_max_bytes{instance="a"}': "4x20",
            'redis_memory_used_bytes{instance="unlimited"}': "3x20",
            'redis_memory_max_bytes{instance="unlimited"}': "0x20",
        },
        {'{instance="a"}': 0.75},
    ),
    (
        "node",
        "node-disk-full",
        {
            'node_filesystem_avail_bytes{instance="a",mountpoint="/",fstype="ext4"}': "1x20",
            'node_filesystem_size_bytes{instance="a",mountpoint="/",fstype="ext4"}': "4x20",
            'node_filesystem_avail_bytes{instance="a",mountpoint="/run",fstype="tmpfs"}': "0x20",
            'node_filesystem_size_bytes{instance="a",mountpoint="/run",fstype="tmpfs"}': "4x20",
        },
        {'{instance="a",mountpoint="/"}': 0.25},
    ),
)


@pytest.mark.prometheus
def test_queries_answer_what_they_promise(promtool: str, tmp_path: Path) -> None:
    """Also where a counter of errors has not been born, and where nothing is wrong."""
    tests = []
    for preset, name, scraped, answer in ANSWERS:
        (monitor,) = (m for m in load_preset(preset) if m.name == name)
        tests.append(
            {
                "interval": "1m",
                "input_series": [{"series": s, "values": v} for s, v in scraped.items()],
                "promql_expr_test": [
                    {
                        "expr": monitor.query,
                        "eval_time": "20m",
                        "exp_samples": [{"labels": k, "value": v} for k, v in answer.items()],
                    }
                ],
            }
        )
    file = tmp_path / "tests.yml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": tests}))
    assert _run(promtool, "test", "rules", str(file)) == ""
