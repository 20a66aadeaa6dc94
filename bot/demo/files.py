"""The settings files of the demo's parts, written anew at each start since the ports change."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.demo import registry
from bot.demo.remedies import remedy_files
from bot.demo.rules import prometheus_rules
from bot.demo.world import (
    ERROR_SHARE,
    GPU_TEMPERATURE,
    JOB,
    ORDERS,
    P99,
    PODS,
    RATE,
    SERVICES,
)
from bot.playground.workspace import Group

MODEL_TEAM = "data-science"
"""Whose the model is; the service that serves it is the ml-platform's, as `world.SERVICES` says."""
LEADS = Group("ml-leads", "Leads of machine learning", ("chloe", "dev"))
"""They approve promotions."""


class Ports(Protocol):
    @property
    def bot(self) -> int: ...
    @property
    def metrics(self) -> int: ...
    @property
    def alertmanager(self) -> int: ...
    @property
    def prometheus(self) -> int: ...


_PROMETHEUS = """\
global: {{scrape_interval: 2s, evaluation_interval: 2s}}
rule_files: [rules.yml]
scrape_configs:
- job_name: {job}
  static_configs: [{{targets: ["127.0.0.1:{metrics}"]}}]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
"""

_ALERTMANAGER = """\
route:
  receiver: tandem
  group_by: [service]
  group_wait: 1s
  group_interval: 5s
  repeat_interval: 4h
receivers:
- name: tandem
  webhook_configs:
  - url: http://127.0.0.1:{bot}/signals/alertmanager
    send_resolved: true
    http_config: {{authorization: {{credentials: {token}}}}}
"""

_MODELS = f"""\
# Where the data of Northwind's model is.
[models.{registry.MODEL}]
reference = "data/{registry.REFERENCE_FILE}"
current = "data/{registry.LOG_FOLDER}"
time = "{registry.TIME}"
prediction = "{registry.PREDICTION}"
label = "{registry.TARGET}"
label_delay = "30s"
task = "regression"
slices = ["carrier", "origin"]
owners = ["chloe", "{MODEL_TEAM}"]
service = "{registry.SERVICE}"

[models.{registry.MODEL}.endpoint]
latency = 'northwind_request_p99_seconds{{service="{registry.SERVICE}"}}'
errors = 'northwind_error_ratio{{service="{registry.SERVICE}"}}'
"""

_MONITORS = f"""\
# What Tandem polls itself: metrics nobody wrote an alert rule for, and the model.
[[metric]]
name = "orders"
query = "{ORDERS}"
normal = "auto"
side = "below"
every = "10s"
severity = "critical"

[[metric]]
name = "gpu-temperature"
query = "DCGM_FI_DEV_GPU_TEMP"
above = 80
recover = 75
for = "5s"
every = "5s"
service = "{registry.MODEL}"
severity = "warning"
summary = "GPU of {{node}} is at {{value}} °C"

[[model]]
model = "{registry.MODEL}"
every = "10s"
window = "90s"
needs = "2 of 3"
"""

_TELEMETRY = f"""\
# What root cause and "model or infrastructure?" look at.
[prometheus]
url = "http://127.0.0.1:{{prometheus}}"
presets = []
window = "10s"

[prometheus.queries]
latency_p99 = '{P99}{{{{service="$service"}}}}'
error_rate = '{ERROR_SHARE}{{{{service="$service"}}}}'
requests = '{RATE}{{{{service="$service"}}}}'
gpu_temperature = '{GPU_TEMPERATURE}{{{{service="$service"}}}}'
"""

_PROMOTION = f"""\
# Who moves the champion, and how it is watched afterwards.
[default]
approvers = ["@{LEADS.handle}"]
expires = "4h"
canary = {{watch = "10m", settle = "10s"}}

[model.{registry.MODEL}]
channel = "#ml-models"
primary = "rmse"

# A laptop that also runs all of Northwind times one answer only roughly.
[model.{registry.MODEL}.gates.latency]
slower = 3.0

# Whoever leads the models may let one pass that is not better beyond chance, and says why.
[model.{registry.MODEL}.gates.significance]
override = ["@{LEADS.handle}"]
"""

_ONCALL = """\
# Northwind's people on call: Ada this week, then Ben; Chloe when neither takes it. What is wrong
# with a model itself is handed over to the {model_team} team, in #ml-models.
time_zone = "UTC"
default = {{ rotation = "operations", policy = "standard" }}

[people]
{people}

[[rotations.operations.layers]]
people = ["ada", "ben"]
start = {monday}T09:00:00
length = "7d"

[[rotations.{model_team}.layers]]
people = ["chloe", "dev"]
start = {monday}T09:00:00
length = "7d"

[teams]
{model_team} = {{ rotation = "{model_team}", policy = "models" }}

[policies.standard]
severity = "SEV2"
levels = [
    {{ after = "2m", tell = ["on-call"] }},
    {{ after = "5m", tell = ["next", "chloe"] }},
]

[policies.models]
severity = "SEV2"
levels = [{{ after = "5m", tell = ["on-call", "#ml-models"] }}]
"""


def catalogue() -> str:
    """Northwind's services, their callers, teams and places, as a catalogue file."""
    lines = ["# Who calls whom at Northwind, whose it is and where it runs."]
    for service in SERVICES:
        lines += [
            f"[services.{service.name}]",
            f"calls = {json.dumps(service.calls)}",
            f'team = "{service.team}"',
        ]
        for i in range(PODS):
            lines += [
                f"[pods.{service.name}-{i}]",
                f'service = "{service.name}"',
                f'node = "{service.zone}-node"',
            ]
    lines += [
        f'[nodes.{zone}-node]\nzone = "{zone}"' for zone in sorted({s.zone for s in SERVICES})
    ]
    return "\n".join(lines) + "\n"


def oncall(people: Mapping[str, str], now: datetime) -> str:
    """The rotation, begun on this week's Monday: Ada has it whenever the demo is started."""
    monday = (
        now - timedelta(days=now.weekday() + 7 * (now.weekday() == 0 and now.hour < 9))
    ).date()
    ids = "\n".join(f'{name} = "{user_id}"' for name, user_id in people.items())
    return _ONCALL.format(people=ids, monday=monday, model_team=MODEL_TEAM)


def write_files(
    folder: Path, ports: Ports, webhook_token: str, people: Mapping[str, str], now: datetime
) -> None:
    """Into `folder`: what Prometheus, Alertmanager and the bot read. `people`: name -> Slack id."""
    texts = {
        "prometheus.yml": _PROMETHEUS.format(
            job=JOB, metrics=ports.metrics, alertmanager=ports.alertmanager
        ),
        "rules.yml": prometheus_rules(),
        "alertmanager.yml": _ALERTMANAGER.format(bot=ports.bot, token=webhook_token),
        "models.toml": _MODELS,
        "monitors.toml": _MONITORS,
        "promotion.toml": _PROMOTION,
        "telemetry.toml": _TELEMETRY.format(prometheus=ports.prometheus),
        "catalogue.toml": catalogue(),
        "oncall.toml": oncall(people, now),
        **remedy_files(folder, ports.metrics),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
