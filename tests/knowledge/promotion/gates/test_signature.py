import pytest

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import judge
from knowledge.promotion.gates.signature import changes, signature
from knowledge.records import Field, GateResult, Kind, Signature
from tests.knowledge.promotion.gates.conftest import evidence, rule, side, under, version

OLD = Signature(
    inputs=(Field("distance", "double"), Field("zone", "string"), Field("note", "string", False)),
    outputs=(Field("eta", "double"), Field("spread", "double")),
    params=(Field("quantile", "double", False),),
)


def field(name: str, type_: str, required: bool = True) -> Signature:
    return Signature(inputs=(Field(name, type_, required),))


def of(old: Signature | None, new: Signature | None, **given: object) -> Evidence:
    three, five = version("3", rmse=5.0), version("5", rmse=4.0)
    return evidence(side(three, signature=old), side(five, signature=new), **given)


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        (field("x", "double"), field("x", "double"), ()),
        (field("x", "integer"), field("x", "long"), ()),
        (field("x", "integer"), field("x", "double"), ()),
        (field("x", "float"), field("x", "double"), ()),
        (field("x", "long"), field("x", "integer"), ("input `x` was long and is now integer",)),
        (field("x", "double"), field("x", "float"), ("input `x` was double and is now float",)),
        (field("x", "string"), field("x", "long"), ("input `x` was string and is now long",)),
        (Signature(), field("x", "long"), ("input `x` (long) is now required",)),
        (Signature(), field("x", "long", False), ()),
        (
            field("x", "long", False),
            field("x", "long"),
            ("input `x` was optional and is now required",),
        ),
        (field("x", "long"), field("x", "long", False), ()),
        (field("", "float32 (-1, 28, 28)"), field("", "float32 (-1, 28, 28)"), ()),
        (field("", "float32 (8, 28, 28)"), field("", "float32 (-1, 28, 28)"), ()),
        (
            field("", "float32 (-1, 28, 28)"),
            field("", "float32 (-1, 32, 32)"),
            ("input `number 1` was float32 (-1, 28, 28) and is now float32 (-1, 32, 32)",),
        ),
        (
            field("", "float32 (-1, 3)"),
            field("", "float64 (-1, 3)"),
            ("input `number 1` was float32 (-1, 3) and is now float64 (-1, 3)",),
        ),
    ],
)
def test_calls_of_the_champion_must_be_taken(
    old: Signature, new: Signature, breaks: tuple[str, ...]
) -> None:
    assert changes(old, new).breaks == breaks


@pytest.mark.parametrize(
    ("new", "breaks", "notes"),
    [
        (Field("eta", "float"), (), ()),
        (Field("eta", "string"), ("output `eta` was double and is now string",), ()),
        (
            Field("eta", "double", False),
            ("output `eta` was always there and may now be missing",),
            (),
        ),
        (Field("when", "double"), ("output `eta` (double) is gone",), ("output `when` is new",)),
    ],
)
def test_readers_of_the_champion_must_find_what_they_read(
    new: Field, breaks: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    found = changes(Signature(outputs=(Field("eta", "double"),)), Signature(outputs=(new,)))
    assert (found.breaks, found.notes) == (breaks, notes)


def test_parameters_are_converted_more_freely() -> None:
    old, new = (Signature(params=(Field("k", t),)) for t in ("long", "double"))
    assert changes(old, new).breaks == ()
    assert changes(new, old).breaks == ("parameter `k` was double and is now long",)


def test_what_breaks_prevents_and_is_told_field_by_field() -> None:
    new = Signature(inputs=(Field("distance", "float"), Field("age", "long")), outputs=OLD.outputs)
    (gate,) = judge(of(OLD, new), [signature])
    assert gate.result is GateResult.FAIL
    assert gate.detail == (
        "input `distance` was double and is now float; input `age` (long) is now required"
    )
    assert gate.more[2:] == (
        "input `zone` is no longer used",
        "input `note` is no longer used",
        "parameter `quantile` is no longer used",
    )


def test_inputs_that_fall_away_are_noted() -> None:
    new = Signature(OLD.inputs[:1], OLD.outputs, OLD.params)
    (gate,) = judge(of(OLD, new), [signature])
    assert gate.result is GateResult.WARN
    assert gate.detail.startswith("compatible; input `zone` is no longer used; input `note`")
    (quiet,) = judge(under(of(OLD, new), signature=rule(unused=False)), [signature])
    assert quiet.result is GateResult.PASS


def test_a_signature_that_is_not_there_cannot_be_judged() -> None:
    (gate,) = judge(of(OLD, None), [signature])
    assert (gate.result, gate.detail) == (GateResult.WARN, "no signature is recorded with v5")
    (why,) = judge(of(None, OLD, problems={"details of v3": "mlflow: down"}), [signature])
    assert why.detail == "mlflow: down"
    assert judge(of(None, None, kind=Kind.PROMPT), [signature]) == ()
