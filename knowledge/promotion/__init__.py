"""Promotion: the pure rules. Comparison, policy, gates, evidence, deciding, history.

`knowledge.promoting` asks the ports and applies them. Nothing here reads a clock or a registry.
"""

from knowledge.promotion.comparison import (
    PRIMARY_METRICS,
    MetricChange,
    compare,
    evaluations,
    more_is_better,
    primary_metric,
    shared_data,
)
from knowledge.promotion.history import champion_since, previous_champion
from knowledge.promotion.policy import DEFAULT_POLICY, Policy
from knowledge.promotion.versions import (
    CHAMPION,
    PREVIOUS_CHAMPION,
    find_name,
    plain_version,
    show_version,
)
from knowledge.promotion.words import say_gain, say_number, say_time

__all__ = [
    "CHAMPION",
    "DEFAULT_POLICY",
    "PREVIOUS_CHAMPION",
    "PRIMARY_METRICS",
    "MetricChange",
    "Policy",
    "champion_since",
    "compare",
    "evaluations",
    "find_name",
    "more_is_better",
    "plain_version",
    "previous_champion",
    "primary_metric",
    "say_gain",
    "say_number",
    "say_time",
    "shared_data",
    "show_version",
]
