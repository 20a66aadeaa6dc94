import pytest

from knowledge.performance import ESTIMATED, REALISED, judge, make_yardstick
from knowledge.performance.judge import Judgement, say_reason
from knowledge.performance.measures import Measured
from knowledge.performance.yardstick import Yardstick
from knowledge.records import Frame
from tests.knowledge.performance.conftest import ROLES


@pytest.fixture(scope="module")
def yardstick(reference: Frame) -> Yardstick:
    return make_yardstick(reference, ROLES)


def of(value: float, rows: int = 5000) -> dict[str, Measured]:
    return {"auc": Measured("auc", value, 0.007, rows)}


def made(yardstick: Yardstick, value: float, basis: str = REALISED) -> Judgement:
    found = judge(yardstick, of(value), basis)
    assert found is not None
    return found


def test_a_fall_beyond_chance_and_of_some_size_is_worse(yardstick: Yardstick) -> None:
    assert not made(yardstick, 0.745).worse
    worse = made(yardstick, 0.70)
    assert worse.worse
    assert worse.sentence == (
        "realised AUC is 0.700 (95 %: 0.686 to 0.714), worse than 0.755 on the reference; "
        "5,000 rows, counts as worse from 0.733"
    )


def test_better_is_never_worse(yardstick: Yardstick) -> None:
    assert made(yardstick, 0.9).strength < 0


def test_two_hundred_rows_are_the_least(yardstick: Yardstick) -> None:
    assert judge(yardstick, of(0.1, rows=199), REALISED) is None
    assert judge(yardstick, {}, REALISED) is None


def test_a_limit_holds_whatever_the_reference_was(yardstick: Yardstick) -> None:
    found = judge(yardstick, of(0.748), REALISED, limit=0.75)
    assert found is not None
    assert found.worse
    assert "counts as worse from 0.750" in found.sentence


@pytest.mark.parametrize(
    ("estimated", "said"),
    [
        (0.71, "The inputs (x) explain most of it: from them alone 0.710 was to be expected"),
        (0.73, "The inputs (x) explain part of it"),
        (0.755, "The inputs (x) do not explain it: from them alone 0.755 was to be expected"),
    ],
)
def test_what_the_inputs_explain_is_what_the_estimate_foretold(
    yardstick: Yardstick, estimated: float, said: str
) -> None:
    real, expected = made(yardstick, 0.70), made(yardstick, estimated, ESTIMATED)
    told = say_reason(real, expected, ["x"])
    assert told.startswith(said)
    assert ("concept drift" in told) == (estimated == 0.755)


def test_there_is_no_reason_where_nothing_fell(yardstick: Yardstick) -> None:
    assert say_reason(made(yardstick, 0.75), None, ()) == ""
    assert "no estimate to compare with" in say_reason(made(yardstick, 0.6), None, ())
