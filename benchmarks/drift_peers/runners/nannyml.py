"""NannyML's default: univariate drift in ten chunks; drifted is what alerts in most of them."""

import sys

# This file has the library's name: its folder must not be looked in first.
sys.path.append(sys.path.pop(0))

import nannyml as nml
import pandas as pd
from measured import run


def compare(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    calculator = nml.UnivariateDriftCalculator(column_names=list(reference.columns))
    found = calculator.fit(reference).calculate(current)
    alerts = found.filter(period="analysis").to_df().xs("alert", axis=1, level=2)
    shares = alerts.astype(float).mean()
    return [name for name, _ in shares[shares > 0.5].index]


run(compare)
