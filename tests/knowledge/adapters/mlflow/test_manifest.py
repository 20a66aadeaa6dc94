import json

import pytest

from knowledge.adapters.mlflow.manifest import read_framework, read_manifest, read_signature
from knowledge.records import Field, Signature

COLUMN = {"type": "double", "name": "distance", "required": True}


def signature(**parts: object) -> Signature | None:
    return read_signature({"signature": {k: json.dumps(v) for k, v in parts.items()}})


def test_columns_tensors_and_parameters() -> None:
    tensor = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}}
    assert signature(
        inputs=[COLUMN, {**COLUMN, "name": "carrier", "type": "string", "required": False}],
        outputs=[tensor],
        params=[{"name": "floor", "type": "double", "default": 0.0, "shape": None}],
    ) == Signature(
        inputs=(Field("distance", "double"), Field("carrier", "string", required=False)),
        outputs=(Field("", "float32 (-1, 28, 28)"),),
        params=(Field("floor", "double", required=False),),
    )


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"type": "array", "items": {"type": "string"}}, "array(string)"),
        ({"type": "map", "values": {"type": "long"}}, "map(long)"),
        (
            {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "long"}}},
            "object(city: string, zip: long)",
        ),
        ({"type": "double", "default": [1.0], "shape": [-1]}, "double (-1)"),
    ],
)
def test_types_that_hold_others(told: dict[str, object], shown: str) -> None:
    found = signature(inputs=[told])
    assert found is not None
    assert found.inputs[0].type == shown


@pytest.mark.parametrize("told", [{}, {"signature": None}, {"signature": {}}])
def test_a_model_may_have_no_signature(told: dict[str, object]) -> None:
    assert read_signature(told) is None


@pytest.mark.parametrize(
    "told", ["text", {"inputs": "[1]"}, {"inputs": "{}"}, {"inputs": "no JSON"}, {"inputs": [1]}]
)
def test_a_signature_that_is_none_is_an_error(told: object) -> None:
    with pytest.raises(ValueError, match=r"signature|Expecting value"):
        read_signature({"signature": told})


def test_the_framework_is_the_first_flavor_that_is_not_everybodys() -> None:
    flavors = {"python_function": {}, "xgboost": {"code": None, "xgb_version": "2.1.0"}}
    assert read_framework({"flavors": flavors}) == "xgboost 2.1.0"
    assert read_framework({"flavors": {"python_function": {}}}) == "python_function"
    assert read_framework({}) == ""


def test_a_manifest_is_a_table() -> None:
    assert read_manifest(b"model_uuid: m-1\n") == {"model_uuid": "m-1"}
    for content in (b"- 1", b"a: [", b"\xff\xfe\x00", b""):
        with pytest.raises(ValueError, match="it is no"):
            read_manifest(content)


def test_a_manifest_makes_no_objects() -> None:
    with pytest.raises(ValueError, match="no YAML"):
        read_manifest(b"a: !!python/object/apply:os.getcwd []")
