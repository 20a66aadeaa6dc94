from dataclasses import replace

import pytest

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import (
    AnyGate,
    Finding,
    GateSpec,
    Held,
    Settings,
    failing,
    judge,
    overridable,
)
from knowledge.promotion.people import preventing
from knowledge.promotion.policy import GateRule, Mode, Policy
from knowledge.records import Gate, GateResult, Purpose
from tests.knowledge.promotion.gates.conftest import evidence, rule, side, under, version

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


class Limit(Settings):
    most: float = 1.0


def finds(held: Held, **given: object) -> AnyGate:
    finding = Finding(held, "as it is")
    return GateSpec("own", "It is so", lambda e, s: finding, Settings, **given)  # type: ignore[arg-type]


def results(gate: AnyGate, of: Evidence) -> list[GateResult]:
    return [g.result for g in judge(of, [gate])]


@pytest.mark.parametrize(
    ("held", "given", "result"),
    [
        (Held.YES, rule(), [PASS]),
        (Held.NO, rule(), [FAIL]),
        (Held.NO, rule(mode=Mode.WARN), [WARN]),
        (Held.NO, rule(mode=Mode.OFF), []),
        (Held.NOTE, rule(), [WARN]),
        (Held.NOTE, rule(mode=Mode.OFF), []),
        (Held.UNKNOWN, rule(), [WARN]),
        (Held.UNKNOWN, rule(unknown=Mode.PREVENT), [FAIL]),
        (Held.UNKNOWN, rule(unknown=Mode.OFF), []),
        (Held.MOOT, rule(), []),
        (Held.MOOT, rule(unknown=Mode.PREVENT), [FAIL]),
    ],
)
def test_what_was_found_and_the_rule_give_the_result(
    held: Held, given: GateRule, result: list[GateResult]
) -> None:
    assert results(finds(held), under(evidence(), own=given)) == result


@pytest.mark.parametrize("purpose", [Purpose.ROLLBACK, Purpose.EMERGENCY])
def test_going_back_is_warned_of_only(purpose: Purpose) -> None:
    back = replace(under(evidence(), own=rule(unknown=Mode.PREVENT)), purpose=purpose)
    assert [results(finds(h), back) for h in (Held.NO, Held.UNKNOWN)] == [[WARN], [WARN]]
    assert results(finds(Held.NO, purposes=frozenset(Purpose)), back) == [FAIL]


def test_a_fixed_gate_that_fails_is_all_that_is_said() -> None:
    same = evidence(side(version("5")), side(version("5")))
    off = under(same, champion=rule(mode=Mode.OFF))
    (only,) = judge(off)
    assert (only.name, only.result) == ("champion", FAIL)


def test_findings_of_several_things_are_named_by_them() -> None:
    gate = GateSpec(
        "own",
        "Each is good",
        lambda e, s: [Finding(Held.YES, "good", "rmse"), Finding(Held.NO, "bad", "mae")],
        Settings,
    )
    assert [g.name for g in judge(evidence(), [gate])] == ["own: rmse", "own: mae"]


def test_a_gate_gets_its_own_settings() -> None:
    gate = GateSpec("own", "Little", lambda e, s: Finding(Held.YES, f"{s.most:g}"), Limit)
    assert [judge(e, [gate])[0].detail for e in (evidence(), under(evidence(), own=rule(most=3)))]


def test_settings_that_cannot_be_read_prevent() -> None:
    """A limit with a slip of the pen must not let through what it was meant to stop."""
    gate = GateSpec("own", "Little", lambda e, s: Finding(Held.YES, f"{s.most:g}"), Limit)
    (judged,) = judge(under(evidence(), own=rule(most="lots")), [gate])
    assert judged.result is FAIL
    assert "gates.own.most" in judged.detail


def breaks(evidence: Evidence, settings: Settings) -> Finding:
    raise ZeroDivisionError("in another package")


@pytest.mark.parametrize("broken", [breaks, lambda e, s: 3, lambda e, s: ["no finding"]])
def test_a_gate_that_breaks_is_named_and_the_others_go_on(broken: object) -> None:
    bad: AnyGate = GateSpec("bad", "It works", broken, Settings)  # type: ignore[arg-type]
    first, second = judge(evidence(), [bad, finds(Held.YES)])
    assert (first.name, first.result, second.result) == ("bad", WARN, PASS)
    assert first.detail.startswith("the gate itself failed: ")
    assert results(bad, under(evidence(), bad=rule(unknown=Mode.PREVENT))) == [FAIL]


def test_a_gate_of_the_policy_that_nobody_installed_is_named() -> None:
    wanted = under(evidence(), gone=rule(most=3), needed=rule(mode=Mode.PREVENT))
    assert [(g.name, g.result) for g in judge(wanted, [])] == [("gone", WARN), ("needed", FAIL)]


def test_somebody_must_be_able_to_override_each_failing_gate() -> None:
    policy = Policy(gates={"own": GateRule(override=("U1", "@leads"))})
    own, other = Gate("own: rmse", FAIL, ""), Gate("other", FAIL, "")
    assert overridable([own, Gate("other", WARN, "")], policy)
    assert not overridable([own, other], policy)


def test_a_team_may_let_failing_gates_pass() -> None:
    gates = (Gate("own", FAIL, ""), Gate("other", PASS, ""))
    assert preventing(gates, Policy()) == failing(gates) == gates[:1]
    assert preventing(gates, Policy(failing_gate_prevents=False)) == ()
