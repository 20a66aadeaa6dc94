"""How well does a model answer? Realised where the truth is known, estimated before.

>>> rng = np.random.default_rng(7)
>>> p = rng.random(4000)
>>> frame = {"p": p, "y": (rng.random(4000) < p).astype(int)}
>>> usual = make_yardstick(frame, ColumnRoles(label="y", probability="p"))
>>> assess(usual, {"p": p, "y": 1 - frame["y"]}).verdict
'performing worse'
"""

from knowledge.performance.answers import Answers, Task, read_answers
from knowledge.performance.calibration import Calibration, calibrate
from knowledge.performance.estimate import Estimator, learn
from knowledge.performance.fairness import Fairness, Gap, Rate, compare_groups
from knowledge.performance.judge import (
    ESTIMATED,
    REALISED,
    Judgement,
    judge,
)
from knowledge.performance.measures import (
    Measured,
    check_measure,
    measure,
    names_of,
    say_measure,
    say_value,
)
from knowledge.performance.report import (
    CAVEAT,
    EXPECTED_WORSE,
    NOT_JUDGED,
    USUAL,
    WORSE,
    PerformanceReport,
    assess,
    check_order,
)
from knowledge.performance.slices import Segment, Slice, worse_slices
from knowledge.performance.yardstick import Usual, Yardstick, make_yardstick

__all__ = [
    "CAVEAT",
    "ESTIMATED",
    "EXPECTED_WORSE",
    "NOT_JUDGED",
    "REALISED",
    "USUAL",
    "WORSE",
    "Answers",
    "Calibration",
    "Estimator",
    "Fairness",
    "Gap",
    "Judgement",
    "Measured",
    "PerformanceReport",
    "Rate",
    "Segment",
    "Slice",
    "Task",
    "Usual",
    "Yardstick",
    "assess",
    "calibrate",
    "check_measure",
    "check_order",
    "compare_groups",
    "judge",
    "learn",
    "make_yardstick",
    "measure",
    "names_of",
    "read_answers",
    "say_measure",
    "say_value",
    "worse_slices",
]
