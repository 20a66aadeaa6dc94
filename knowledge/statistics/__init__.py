"""The numbers of being on call: how fast, how noisy, who was woken, and which rules to delete.

Pure but for `gather`, which reads two ports. docs/reference/statistics.md defines every figure.
"""

from knowledge.statistics.noise import Advice, Noise, Reduction
from knowledge.statistics.pages import Load
from knowledge.statistics.report import Day, Facts, Report, gather, make_report, say_span
from knowledge.statistics.series import SeriesFigures
from knowledge.statistics.spread import Spread
from knowledge.statistics.times import Comparison, Summary, Times

__all__ = [
    "Advice",
    "Comparison",
    "Day",
    "Facts",
    "Load",
    "Noise",
    "Reduction",
    "Report",
    "SeriesFigures",
    "Spread",
    "Summary",
    "Times",
    "gather",
    "make_report",
    "say_span",
]
