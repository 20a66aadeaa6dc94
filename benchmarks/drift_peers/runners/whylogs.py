"""whylogs' default: profiles of both frames and the drift scores of its report."""

import sys

# This file has the library's name: its folder must not be looked in first.
sys.path.append(sys.path.pop(0))

import pandas as pd
import whylogs as why
from measured import run
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores


def compare(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    before, after = (why.log(frame).view() for frame in (reference, current))
    scores = calculate_drift_scores(target_view=after, reference_view=before, with_thresholds=True)
    return [n for n, score in scores.items() if score and score["drift_category"] == "DRIFT"]


run(compare)
