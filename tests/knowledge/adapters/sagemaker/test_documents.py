import json
import math
from typing import Any

import pytest

from knowledge.adapters.sagemaker import documents
from knowledge.records import Evaluation, Field

REPORT = {
    "binary_classification_metrics": {
        "auc": {"value": 0.91, "standard_deviation": "NaN"},
        "recall": {"value": "NaN"},
        "confusion_matrix": {"0": {"0": 10, "1": 2}, "1": {"0": 1, "1": 7}},
        "receiver_operating_characteristic_curve": {"false_positive_rates": [0, 1]},
    },
    "dataset": {"name": "march", "digest": "d7", "item_count": 20},
    "timings": {"p50": 0.004, "p99": 0.02, "p0": -1, "note": "cold"},
    "predictions": "s3://models/eta/7/predictions.parquet",
}


def test_the_model_quality_report_of_sagemaker() -> None:
    (found,) = documents.read_evaluations(REPORT, {})
    assert (found.dataset, found.digest) == ("march", "d7")
    assert found.metrics["auc"] == 0.91
    assert math.isnan(found.metrics["recall"])
    assert set(found.metrics) == {"auc", "recall"}


def test_metadata_name_the_data_where_the_report_does_not() -> None:
    report = {"regression_metrics": {"rmse": {"value": 2}}}
    (found,) = documents.read_evaluations(report, {"dataset": "may", "dataset_digest": "d9"})
    assert found == Evaluation("may", "d9", {"rmse": 2.0})


def test_several_reports_are_several_evaluations() -> None:
    other = {**REPORT, "dataset": {"name": "april", "digest": "d8"}, "predictions": "s3://m/april"}
    found = documents.read_evaluations([other, REPORT], {})
    assert [e.digest for e in found] == ["d8", "d7"]
    assert documents.read_predictions([other, REPORT], {}) == {
        "d8": "s3://m/april",
        "d7": "s3://models/eta/7/predictions.parquet",
    }


def test_timings_are_seconds_of_at_least_none() -> None:
    assert documents.read_timings(REPORT) == {"p50": 0.004, "p99": 0.02}


@pytest.mark.parametrize("given", [None, 7, "text", [], {}, [1, None], {"metrics": [1]}, {"a": {}}])
def test_what_has_another_shape_is_left_out(given: Any) -> None:
    assert documents.read_evaluations(given, {}) == ()
    assert documents.read_timings(given) == {}
    assert documents.read_predictions(given, {}) == {}
    assert documents.read_features(given) == ()
    assert documents.read_importances(given) == {}
    assert documents.read_card(json.dumps(given)) == ""


def test_columns_of_model_monitors_constraints() -> None:
    constraints = {
        "features": [
            {"name": "amount", "inferred_type": "Fractional", "completeness": 1.0},
            {"name": "country", "inferred_type": "String", "completeness": 0.97},
            {"inferred_type": "String"},
        ]
    }
    assert documents.read_features(constraints) == (
        Field("amount", "fractional", True),
        Field("country", "string", False),
    )


def test_tensors_of_an_input_configuration() -> None:
    assert documents.read_tensors('{"input": [1, 3, 224, 224]}') == (
        Field("input", "tensor (1, 3, 224, 224)"),
    )
    assert documents.read_tensors("[1, 2]") == ()
    assert documents.read_tensors("no json") == ()


def test_importances_are_means_over_labels() -> None:
    report = {
        "explanations": {
            "kernel_shap": {
                "0": {"global_shap_values": {"amount": 0.2, "hour": -0.1}},
                "1": {"global_shap_values": {"amount": 0.4, "hour": "NaN"}},
            }
        }
    }
    found = documents.read_importances(report)
    assert found["amount"] == pytest.approx(0.3)
    assert found["hour"] == 0.1


def test_a_model_card_reads_as_markdown() -> None:
    content = {
        "model_overview": {"model_description": "Minutes until arrival.", "model_owner": ""},
        "intended_uses": {"risk_rating": "Low", "factors": ["a"]},
    }
    assert documents.read_card(json.dumps(content)) == (
        "## Model overview\n- Model description: Minutes until arrival.\n\n"
        "## Intended uses\n- Risk rating: Low"
    )
