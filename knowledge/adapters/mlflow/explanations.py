"""Which features matter to a model, as its training left it among the artefacts. Pure.

- `explanations/importances.json`: {"feature": importance}, by our own convention.
- `model_explanations_shap/shap_values.npy`: what `mlflow.shap.log_explanation` leaves. It has no
  names in it: they are the signature's inputs, in their order. `mlflow.evaluate` leaves pictures
  only.
"""

import json
import math
from collections.abc import Sequence
from io import BytesIO

import numpy as np

FOLDER = "explanations"
FILE = "importances.json"
SHAP_FOLDER = "model_explanations_shap"
SHAP_FILE = "shap_values.npy"
MOST_BYTES = 32 << 20


def read_importances(content: bytes) -> dict[str, float]:
    """Raises ValueError."""
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("it is no table of features and numbers")
    numbers = {
        str(name): abs(float(value))
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    if len(numbers) < len(found):
        odd = next(str(name) for name in found if str(name) not in numbers)
        raise ValueError(f"the importance of {odd!r} is no number")
    return numbers


def read_shap(content: bytes, names: Sequence[str]) -> dict[str, float]:
    """Mean |value| by feature, of an array whose last axis, or second where classes come last, is
    features. Raises ValueError."""
    values = np.load(BytesIO(content), allow_pickle=False)
    axis = next((a for a in (values.ndim - 1, 1) if _fits(values.shape, a, len(names))), None)
    if axis is None or not np.issubdtype(values.dtype, np.number):
        raise ValueError(f"its shape {values.shape} does not fit {len(names)} named inputs")
    others = tuple(a for a in range(values.ndim) if a != axis)
    means = np.abs(values.astype(np.float64)).mean(axis=others)
    if not np.isfinite(means).all():
        raise ValueError("it holds values that are not numbers")
    return dict(zip(names, means.tolist(), strict=True))


def _fits(shape: tuple[int, ...], axis: int, size: int) -> bool:
    return size > 0 and len(shape) > 1 and 0 not in shape and shape[axis] == size
