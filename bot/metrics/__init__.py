"""What Tandem tells a Prometheus about itself, at /metrics.

`definitions` is the table of all series, `meters` what is observed as it happens, `state` what is
read when it is scraped, `route` the address. The registry is Metrics' own, nothing is global.
"""

from bot.metrics.definitions import DEFINITIONS, Definition
from bot.metrics.meters import Metrics
from bot.metrics.route import metrics_route
from bot.metrics.state import State, Vitals

__all__ = ["DEFINITIONS", "Definition", "Metrics", "State", "Vitals", "metrics_route"]
