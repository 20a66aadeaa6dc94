"""MLmodel: the file in which MLflow describes what it saved. Pure, and read without MLflow, whose
own reader wants pandas."""

import json
from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]

from knowledge.records import Field, Signature

FILE = "MLmodel"
_PYFUNC = "python_function"


def read_manifest(content: bytes) -> Mapping[str, Any]:
    """Raises ValueError."""
    try:
        found = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ValueError("it is no YAML") from error
    if not isinstance(found, dict):
        raise ValueError("it is no table")
    return found


def read_signature(manifest: Mapping[str, Any]) -> Signature | None:
    """None where the model was saved without one. Raises ValueError."""
    told = manifest.get("signature")
    if not told:
        return None
    if not isinstance(told, dict):
        raise ValueError("its signature is no table")
    return Signature(*(_fields(told.get(part)) for part in ("inputs", "outputs", "params")))


def read_framework(manifest: Mapping[str, Any]) -> str:
    """ "sklearn 1.9.1", or empty."""
    flavors = manifest.get("flavors")
    if not isinstance(flavors, dict):
        return ""
    for name, told in flavors.items():
        if name != _PYFUNC:
            versions = told if isinstance(told, dict) else {}
            # sklearn_version, pytorch_version; XGBoost's is xgb_version, LightGBM's lgb_version.
            number = next((v for k, v in versions.items() if str(k).endswith("_version")), "")
            return f"{name} {number}".strip()
    return _PYFUNC if _PYFUNC in flavors else ""


def _fields(told: Any) -> tuple[Field, ...]:
    """MLmodel holds each part as JSON in a text."""
    if not told:
        return ()
    listed = json.loads(told) if isinstance(told, str) else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ValueError("its signature is no list of fields")
    return tuple(
        Field(
            name=str(each.get("name", "")),
            type=_type(each),
            # A parameter has a default instead.
            required=bool(each.get("required", "default" not in each)),
        )
        for each in listed
    )


def _type(told: Mapping[str, Any]) -> str:
    """ "double", "float32 (-1, 28, 28)", "array(string)", "object(city: string, zip: long)"."""
    kind = str(told.get("type", ""))
    tensor = told.get("tensor-spec")
    if isinstance(tensor, dict):
        shape = ", ".join(str(size) for size in tensor.get("shape", ()))
        return f"{tensor.get('dtype', kind)} ({shape})"
    for inner in ("items", "values"):
        if isinstance(told.get(inner), dict):
            return f"{kind}({_type(told[inner])})"
    properties = told.get("properties")
    if isinstance(properties, dict):
        parts = (f"{n}: {_type(p)}" for n, p in properties.items() if isinstance(p, dict))
        return f"{kind}({', '.join(parts)})"
    sizes = told.get("shape")
    return f"{kind} ({', '.join(map(str, sizes))})" if isinstance(sizes, list) else kind
