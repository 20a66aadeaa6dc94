"""alibi-detect's default: TabularDrift, with its correction for many features."""

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift
from measured import run


def compare(reference: pd.DataFrame, current: pd.DataFrame) -> list[str]:
    texts = [i for i, name in enumerate(reference) if reference[name].dtype == object]
    coded = [_codes(reference, current, name) for name in reference]
    before = np.stack([one for one, _ in coded], axis=1)
    after = np.stack([other for _, other in coded], axis=1)
    detector = TabularDrift(before, categories_per_feature=dict.fromkeys(texts))
    data = detector.predict(after)["data"]
    moved = data["p_val"] < data["threshold"]
    return [name for name, yes in zip(reference, moved, strict=True) if yes]


def _codes(
    reference: pd.DataFrame, current: pd.DataFrame, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """It takes numbers only, and none that are missing."""
    both = pd.concat([reference[name], current[name]])
    if both.dtype == object:
        both = pd.Series(pd.factorize(both)[0])
    values = both.fillna(both.median()).to_numpy(dtype=np.float64)
    return values[: len(reference)], values[len(reference) :]


run(compare)
