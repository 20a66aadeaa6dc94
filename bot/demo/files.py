"""The settings files of the demo's parts, written anew at each start since the ports change."""

from pathlib import Path
from typing import Protocol

from bot.demo import registry
from bot.demo.rules import prometheus_rules


class Ports(Protocol):
    @property
    def bot(self) -> int: ...
    @property
    def metrics(self) -> int: ...
    @property
    def alertmanager(self) -> int: ...


_PROMETHEUS = """\
global: {{scrape_interval: 2s, evaluation_interval: 2s}}
rule_files: [rules.yml]
scrape_configs:
- job_name: northwind
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
"""

_MONITORS = f"""\
# What Tandem polls itself: a metric nobody wrote an alert rule for, and the model's inputs.
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


def write_files(folder: Path, ports: Ports, webhook_token: str) -> None:
    """Into `folder`: prometheus.yml, rules.yml, alertmanager.yml, models.toml, monitors.toml."""
    texts = {
        "prometheus.yml": _PROMETHEUS.format(
            metrics=ports.metrics, alertmanager=ports.alertmanager
        ),
        "rules.yml": prometheus_rules(),
        "alertmanager.yml": _ALERTMANAGER.format(bot=ports.bot, token=webhook_token),
        "models.toml": _MODELS,
        "monitors.toml": _MONITORS,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
