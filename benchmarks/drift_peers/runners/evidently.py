"""Evidently's default: the data drift preset."""

import sys

# This file has the library's name: its folder must not be looked in first.
sys.path.append(sys.path.pop(0))

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
from measured import run


def compare(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    snapshot = Report([DataDriftPreset()]).run(current, reference)
    metrics = [m["config"] | {"value": m["value"]} for m in snapshot.dict()["metrics"]]
    return [m["column"] for m in metrics if "column" in m and _moved(m)]


def _moved(metric: dict[str, object]) -> bool:
    value, threshold = float(metric["value"]), float(metric["threshold"])
    return value < threshold if "p_value" in str(metric["method"]) else value >= threshold


run(compare)
