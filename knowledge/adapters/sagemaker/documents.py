"""The JSON documents that a model package points to, read into our records. Pure; whatever has not
the expected shape is left out.

- Evaluation: SageMaker's model quality statistics, {"binary_classification_metrics": {"auc":
  {"value": 0.91, ...}}}, or a list of such documents, newest first. Tandem also reads from each
  "dataset" ({"name", "digest"}), "timings" ({"p50": seconds}) and "predictions" (an S3 address).
- Data quality constraints of Model Monitor: {"features": [{"name", "inferred_type", ...}]}.
- Explainability of Clarify: {"explanations": {method: {label: {"global_shap_values": {...}}}}}.
- Model card: JSON with sections such as "model_overview" and "intended_uses".
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.records import Evaluation, Field

DATASET = "dataset"
DIGEST = "dataset_digest"
"""Customer metadata that name the data a version was measured on, where its document does not."""


def read_evaluations(document: Any, metadata: Mapping[str, str]) -> tuple[Evaluation, ...]:
    found = (_evaluation(one, metadata) for one in _documents(document))
    return tuple(e for e in found if e.metrics)


def _evaluation(document: Mapping[str, Any], metadata: Mapping[str, str]) -> Evaluation:
    metrics: dict[str, float] = {}
    for key, group in document.items():
        if key == "metrics" or key.endswith("_metrics"):
            for name, given in _mapping(group).items():
                value = _number(given)
                if value is not None:
                    metrics.setdefault(str(name), value)
    data = _mapping(document.get("dataset"))
    return Evaluation(
        dataset=str(data.get("name") or metadata.get(DATASET, "")),
        digest=str(data.get("digest") or metadata.get(DIGEST, "")),
        metrics=metrics,
    )


def read_timings(document: Any) -> dict[str, float]:
    """Seconds, by percentile, of the newest document that has any."""
    for one in _documents(document):
        timings = {str(k): _number(v) for k, v in _mapping(one.get("timings")).items()}
        found = {k: v for k, v in timings.items() if v is not None and v >= 0}
        if found:
            return found
    return {}


def read_predictions(document: Any, metadata: Mapping[str, str]) -> dict[str, str]:
    """S3 addresses by the digest of the data."""
    found: dict[str, str] = {}
    for one in _documents(document):
        address = one.get("predictions")
        if isinstance(address, str) and address:
            found.setdefault(_evaluation(one, metadata).digest, address)
    return found


def read_features(document: Any) -> tuple[Field, ...]:
    """The columns of Model Monitor's constraints; required where none was ever missing."""
    features = _mapping(document).get("features")
    given = features if isinstance(features, list) else []
    return tuple(
        Field(
            str(one["name"]),
            str(one.get("inferred_type", "")).lower(),
            (_number(one.get("completeness")) or 0.0) >= 1.0,
        )
        for one in given
        if isinstance(one, dict) and one.get("name")
    )


def read_tensors(config: str) -> tuple[Field, ...]:
    """A container's DataInputConfig, {"input": [1, 3, 224, 224]}: names and shapes."""
    given = _mapping(_parsed(config))
    return tuple(
        Field(str(name), f"tensor ({', '.join(map(str, shape))})")
        for name, shape in given.items()
        if isinstance(shape, list)
    )


def read_importances(document: Any) -> dict[str, float]:
    """Mean |SHAP value| by feature; of several labels, the mean over them."""
    sums: dict[str, list[float]] = {}
    for method in _mapping(_mapping(document).get("explanations")).values():
        for label in _mapping(method).values():
            for name, given in _mapping(_mapping(label).get("global_shap_values")).items():
                value = _number(given)
                if value is not None and math.isfinite(value):
                    sums.setdefault(str(name), []).append(abs(value))
    return {name: sum(values) / len(values) for name, values in sums.items()}


def read_card(content: str) -> str:
    """A model card as Markdown: a heading for each section, a line for each entry in words."""
    lines: list[str] = []
    for section, given in _mapping(_parsed(content)).items():
        entries = [
            f"- {_words(name)}: {value}"
            for name, value in _mapping(given).items()
            if isinstance(value, str | int | float) and value != ""
        ]
        if entries:
            lines += [f"## {_words(section)}", *entries, ""]
    return "\n".join(lines).strip()


def _documents(document: Any) -> Iterator[Mapping[str, Any]]:
    for one in document if isinstance(document, list) else [document]:
        if isinstance(one, dict):
            yield one


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _number(given: Any) -> float | None:
    """A number, one in words ("NaN"), or the "value" of a document's entry."""
    if isinstance(given, dict):
        given = given.get("value")
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        return float(given)
    except ValueError:
        return None


def _words(name: str) -> str:
    return str(name).replace("_", " ").capitalize()
