from pydantic import Field

from knowledge.promotion.gates import Finding, GateSpec, Held, Settings, check_policy
from knowledge.promotion.policy import GateRule, Mode, Policy
from tests.knowledge.promotion.gates.conftest import rule


class Limit(Settings):
    most: float = Field(1.0, ge=0)


OWN = GateSpec("own", "Little", lambda e, s: Finding(Held.YES, f"{s.most:g}"), Limit)


def problems(**gates: GateRule) -> list[str]:
    return check_policy(Policy(gates=gates), [OWN])


def test_a_good_policy_has_no_problems() -> None:
    assert problems() == problems(own=rule(most=3, mode=Mode.WARN, override=("U1",))) == []


def test_wrong_settings_are_named_with_what_there_is() -> None:
    assert problems(own=rule(least=3)) == [
        "gates.own.least: there is no such setting. There are: most"
    ]
    assert problems(own=rule(most=-1)) == [
        "gates.own.most: Input should be greater than or equal to 0"
    ]


def test_an_unknown_gate_is_named_with_the_nearest() -> None:
    assert problems(owm=rule()) == ["gates.owm: There is no gate 'owm'. Did you mean `own`?"]


def test_what_always_prevents_cannot_be_switched_off() -> None:
    policy = Policy(gates={"champion": rule(mode=Mode.OFF)})
    assert check_policy(policy) == ["gates.champion.mode: this gate always prevents. Remove it"]
