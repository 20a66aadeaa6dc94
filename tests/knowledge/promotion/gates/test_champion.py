import pytest

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import judge
from knowledge.promotion.gates.champion import champion, served
from knowledge.records import GateResult, Purpose
from tests.knowledge.promotion.gates.conftest import NOW, evidence, side, version

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


@pytest.mark.parametrize(
    ("given", "result", "says"),
    [
        (evidence(), PASS, "compared with v3"),
        (evidence(side(version("5"))), FAIL, "v5 is the champion already"),
        (
            Evidence(NOW, Purpose.PROMOTION, side(version("1")), None),
            WARN,
            "no champion yet: there is nothing to compare with",
        ),
    ],
)
def test_there_is_another_champion(given: Evidence, result: GateResult, says: str) -> None:
    (gate,) = judge(given, [champion])
    assert (gate.result, gate.detail) == (result, says)


@pytest.mark.parametrize("purpose", [Purpose.ROLLBACK, Purpose.EMERGENCY])
@pytest.mark.parametrize(("before", "result"), [(True, PASS), (False, FAIL)])
def test_a_rollback_goes_to_what_has_served(
    purpose: Purpose, before: bool, result: GateResult
) -> None:
    """Else its milder gates would be a way around those of a promotion."""
    (gate,) = judge(evidence(purpose=purpose, served_before=before), [served])
    assert gate.result is result


def test_a_promotion_needs_no_past() -> None:
    assert judge(evidence(), [served]) == ()
