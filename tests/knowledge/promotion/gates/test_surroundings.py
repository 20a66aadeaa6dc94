from dataclasses import replace
from datetime import time, timedelta

import pytest

from knowledge.promotion.evidence import Drifted
from knowledge.promotion.gates import judge
from knowledge.promotion.gates.surroundings import age, drift, freeze, incidents, look, signoffs
from knowledge.promotion.policy import Freeze, Mode, Policy, QuietHours
from knowledge.records import GateResult, Incident, Look, Purpose, Severity, Status
from tests.knowledge.promotion.gates.conftest import NOW, evidence, rule, side, under, version

PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Drifted("stable", rows=500), [(PASS, "stable since training, 500 rows")]),
        (Drifted("not enough data", rows=5), [(WARN, "not enough data: 5 rows")]),
        (
            Drifted("drifting", columns=("a", "b", "c", "d"), prediction="drifting"),
            [
                (WARN, "4 inputs have moved since training: a, b, c and 1 more"),
                (WARN, "drifting since training"),
            ],
        ),
        (
            Drifted("drifting", columns=("a",), prediction="stable"),
            [(WARN, "1 input has moved since training: a"), (PASS, "stable since training")],
        ),
        (Drifted("broken data", "no column a"), [(WARN, "no column a")]),
    ],
)
def test_what_moved_since_training_is_said(
    found: Drifted, said: list[tuple[GateResult, str]]
) -> None:
    gates = judge(evidence(drift=found), [drift])
    assert [(g.result, g.detail) for g in gates] == said
    assert [g.name for g in gates] == ["drift: inputs", "drift: predictions"][: len(gates)]


def test_some_inputs_may_be_let_move() -> None:
    given = under(
        evidence(drift=Drifted("drifting", columns=("a",))),
        drift=rule(columns=1, mode=Mode.PREVENT),
    )
    assert [g.result for g in judge(given, [drift])] == [PASS]


def test_a_model_without_a_log_is_not_spoken_of() -> None:
    assert judge(evidence(), [drift, look]) == ()
    failed = evidence(problems={"drift": "the lake is down", "looks": "no database"})
    assert [g.detail for g in judge(failed, [drift, look])] == ["the lake is down", "no database"]


def seen(hours: int = 1, **given: object) -> Look:
    end = NOW - timedelta(hours=hours)
    base = Look("eta-model", end, end - timedelta(hours=1), end, 1000, "stable")
    return replace(base, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "result", "says"),
    [
        (seen(), PASS, "the look of 2026-03-05 11:00 UTC: stable, 1,000 rows"),
        (
            seen(version="3", findings=("auc fell",)),
            WARN,
            "the look at v3 of 2026-03-05 11:00 UTC: auc fell",
        ),
        (
            seen(version="5", findings=("auc fell",)),
            FAIL,
            "the look at v5 of 2026-03-05 11:00 UTC: auc fell",
        ),
        (seen(500), WARN, "the look of 2026-02-12 16:00 UTC is older than 7 d"),
    ],
)
def test_the_newest_look_of_the_monitor(of: Look, result: GateResult, says: str) -> None:
    """Only what it found of the challenger itself can prevent."""
    (gate,) = judge(under(evidence(look=of), look=rule(mode=Mode.PREVENT)), [look])
    assert (gate.result, gate.detail) == (result, says)


def incident(number: int, severity: Severity) -> Incident:
    return Incident(f"INC-{number}", "Slow", "eta", severity, Status.OPEN, NOW, NOW)


@pytest.mark.parametrize(
    ("severities", "result", "says"),
    [
        ((), PASS, "none open on eta"),
        ((Severity.SEV3,), WARN, "open on eta: INC-0 (SEV3)"),
        ((Severity.SEV3, Severity.SEV1), FAIL, "open on eta: INC-1 (SEV1), INC-0 (SEV3)"),
        (
            (Severity.SEV2,) * 5,
            FAIL,
            "open on eta: INC-0 (SEV2), INC-1 (SEV2), INC-2 (SEV2) and 2 more",
        ),
    ],
)
def test_grave_incidents_prevent(
    severities: tuple[Severity, ...], result: GateResult, says: str
) -> None:
    found = tuple(incident(n, s) for n, s in enumerate(severities))
    (gate,) = judge(evidence(incidents=found), [incidents])
    assert (gate.result, gate.detail) == (result, says)


def test_which_incidents_prevent_is_the_teams_choice() -> None:
    given = evidence(incidents=(incident(1, Severity.SEV2),))
    (gate,) = judge(under(given, incidents=rule(prevent=["SEV1"])), [incidents])
    assert gate.result is WARN
    (unknown,) = judge(evidence(problems={"incidents": "no database"}), [incidents])
    assert (unknown.result, unknown.detail) == (WARN, "no database")


@pytest.mark.parametrize(
    ("days", "result", "says"),
    [
        (3, PASS, "registered 3 d ago"),
        (200, WARN, "registered 200 d ago, older than 180 d"),
        (-3, PASS, "registered 0 s ago"),
    ],
)
def test_the_age(days: int, result: GateResult, says: str) -> None:
    old = replace(version("5"), created_at=NOW - timedelta(days=days))
    (gate,) = judge(evidence(challenger=side(old)), [age])
    assert (gate.result, gate.detail) == (result, says)


FROZEN = Freeze(NOW - timedelta(days=1), NOW + timedelta(days=1), "quarter end")
QUIET = QuietHours(frozenset({NOW.weekday()}), time(11), time(14))


@pytest.mark.parametrize(
    ("policy", "result", "says"),
    [
        (Policy(freezes=(FROZEN,)), FAIL, "freeze until 2026-03-06 12:00 UTC (quarter end)"),
        (Policy(quiet=(QUIET,)), FAIL, "quiet hours until 2026-03-05 14:00 UTC"),
        (Policy(quiet=(replace(QUIET, start=time(13)),)), PASS, "no freeze and no quiet hours now"),
    ],
)
def test_freezes_and_quiet_hours_prevent(policy: Policy, result: GateResult, says: str) -> None:
    (gate,) = judge(evidence(policy=policy), [freeze])
    assert (gate.result, gate.detail) == (result, says)


def test_going_back_is_possible_in_a_freeze() -> None:
    given = evidence(policy=Policy(freezes=(FROZEN,)), purpose=Purpose.EMERGENCY)
    assert [g.result for g in judge(given, [freeze])] == [WARN]


def test_sign_offs_are_said_beforehand() -> None:
    policy = Policy(sign_offs={"risk": ("@risk",), "legal": ("U7", "U8")})
    (gate,) = judge(evidence(policy=policy), [signoffs])
    assert gate.result is WARN
    assert gate.detail == "needed from risk, legal among those who approve"
    assert gate.more == ("risk: @risk", "legal: U7, U8")
    assert judge(evidence(), [freeze, signoffs]) == ()
