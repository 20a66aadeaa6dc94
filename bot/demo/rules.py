"""Northwind's alert rules, written once: for a real Prometheus and for the stand-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.demo.world import GPU_CLOCK_MHZ

WIKI = "https://wiki.northwind.example/runbooks"


@dataclass(frozen=True)
class Rule:
    """Fires for each series of `metric` that stays beyond `limit` for `lasting`."""

    name: str
    metric: str
    above: bool
    limit: float
    lasting: timedelta
    severity: str
    summary: str
    description: str
    runbook: str
    unit: str = ""

    @property
    def expr(self) -> str:
        return f"{self.metric} {'>' if self.above else '<'} {self.limit:g}"

    def breached(self, value: float) -> bool:
        return value > self.limit if self.above else value < self.limit


RULES = (
    Rule(
        "HighErrorRate",
        "northwind_error_ratio",
        True,
        0.05,
        timedelta(seconds=4),
        "critical",
        "More than 5% of requests fail",
        "{value} of requests to {service} fail (limit 0.05).",
        f"{WIKI}/bad-deploy",
    ),
    Rule(
        "ErrorBudgetBurn",
        "northwind_error_ratio",
        True,
        0.14,
        timedelta(seconds=8),
        "page",
        "A month of error budget burns in two days",
        "At {value} of requests failing the budget of {service} is gone in two days.",
        f"{WIKI}/bad-deploy",
    ),
    Rule(
        "LatencyP99High",
        "northwind_request_p99_seconds",
        True,
        0.8,
        timedelta(seconds=4),
        "warning",
        "p99 latency above 800 ms",
        "p99 of {service} is {value} s (limit 0.8 s).",
        f"{WIKI}/dependency-latency",
    ),
    Rule(
        "PodNotReady",
        "northwind_pod_ready",
        False,
        1,
        timedelta(seconds=4),
        "warning",
        "Pod {pod} is not ready",
        "Pod {pod} in zone {zone} fails its readiness probe.",
        f"{WIKI}/alert-storm",
    ),
    Rule(
        "GpuClockThrottled",
        "DCGM_FI_DEV_SM_CLOCK",
        False,
        GPU_CLOCK_MHZ / 2,
        timedelta(seconds=4),
        "warning",
        "GPU of {node} runs at half its clock or less",
        "SM clock {value} MHz on {node}, pod {pod}; thermal throttling is likely.",
        f"{WIKI}/gpu-slow",
    ),
)


def filled(template: str, labels: Mapping[str, str], value: float) -> str:
    """The rule's text for one series, as Alertmanager would send it."""
    return template.format(**labels, value=f"{value:.4g}")


def prometheus_rules() -> str:
    """The rules as a Prometheus rule file."""
    lines = ["groups:", "- name: northwind", "  interval: 2s", "  rules:"]
    for rule in RULES:
        lines += [
            f"  - alert: {rule.name}",
            f"    expr: {rule.expr}",
            f"    for: {rule.lasting.seconds}s",
            f"    labels: {{severity: {rule.severity}}}",
            "    annotations:",
            f'      summary: "{_go(rule.summary)}"',
            f'      description: "{_go(rule.description)}"',
            f'      runbook_url: "{rule.runbook}"',
        ]
    return "\n".join(lines) + "\n"


def _go(template: str) -> str:
    """Our {name} as Prometheus's template language writes it."""
    for name in ("service", "pod", "zone", "node", "gpu"):
        template = template.replace(f"{{{name}}}", f"{{{{ $labels.{name} }}}}")
    return template.replace("{value}", "{{ $value | printf `%.4g` }}")
