from io import BytesIO

import numpy as np
import pytest

from knowledge.adapters.mlflow.explanations import read_importances, read_shap

NAMES = ("distance", "carrier", "hour")


def npy(values: object) -> bytes:
    out = BytesIO()
    np.save(out, np.asarray(values))
    return out.getvalue()


def test_importances_are_sizes() -> None:
    assert read_importances(b'{"distance": 2, "carrier": -0.5}') == {"distance": 2, "carrier": 0.5}


@pytest.mark.parametrize("content", [b"[1]", b"no JSON", b'{"a": "1"}', b'{"a": NaN}', b"\xff"])
def test_importances_that_are_none_are_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_importances(content)


def test_shap_values_of_rows_by_features() -> None:
    found = read_shap(npy([[1.0, -2.0, 0.0], [3.0, 0.0, 0.0]]), NAMES)
    assert found == {"distance": 2.0, "carrier": 1.0, "hour": 0.0}


def test_shap_values_of_several_classes() -> None:
    rows = np.array([[1.0, -2.0, 0.0], [3.0, 0.0, 0.0]])
    two = np.stack([rows, 3 * rows])
    expected = {"distance": 4.0, "carrier": 2.0, "hour": 0.0}
    assert read_shap(npy(two), NAMES) == expected
    assert read_shap(npy(np.moveaxis(two, 0, -1)), NAMES) == expected


@pytest.mark.parametrize(
    "values", [np.ones((4, 2)), np.ones(3), np.ones((0, 3)), [["a", "b", "c"]], [[1.0, np.nan, 2]]]
)
def test_shap_values_that_do_not_fit_are_an_error(values: object) -> None:
    with pytest.raises(ValueError, match=r"does not fit|not numbers"):
        read_shap(npy(values), NAMES)


def test_a_pickle_is_not_opened() -> None:
    out = BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        read_shap(out.getvalue(), NAMES)
