import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.errors import Denied, NotFound
from knowledge.promotion import (
    Decider,
    MetricChange,
    Policy,
    age_gate,
    champion_gate,
    champion_since,
    close,
    compare,
    data_gate,
    decide,
    drift_gate,
    failing,
    find_name,
    incident_gate,
    is_expired,
    is_rollback,
    lone_metrics_gate,
    may_decide,
    may_reject,
    metric_gates,
    more_is_better,
    moved,
    not_moved,
    other_gate,
    plain_version,
    prevented,
    previous_champion,
    primary_gate,
    primary_metric,
    promotion_gates,
    rollback_gates,
    say_gain,
    say_move,
    show_version,
    try_again,
)
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Evaluation,
    Gate,
    GateResult,
    Incident,
    ModelVersion,
    Severity,
    Status,
)

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL
NAN = math.nan


def version(number: str = "3", digest: str = "aaa", **metrics: float) -> ModelVersion:
    return ModelVersion(
        "eta-model", number, NOW, metrics=metrics, dataset="holdout", dataset_digest=digest
    )


def request(**given: object) -> Approval:
    values = {"created_at": NOW, "requester": "U1", "requester_name": "ada", **given}
    return Approval(id="1", model="eta-model", version="5", champion="3", **values)  # type: ignore[arg-type]


EVE = {"decided_by": "U5", "decided_by_name": "eve", "decided_at": NOW}
GRACE = Decider("U2", "grace", may_approve=True)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("v7", "7"),
        ("V7", "7"),
        (" 7 ", "7"),
        ("version 7", "7"),
        ("v2.3.1", "2.3.1"),
        ("vega", "vega"),
    ],
)
def test_versions_are_read_as_people_type_them(typed: str, plain: str) -> None:
    assert plain_version(typed) == plain


def test_plain_numbers_are_shown_with_a_v() -> None:
    assert [show_version(v) for v in ("7", "2.3.1")] == ["v7", "2.3.1"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("eta-model", "eta-model"),
        ("ETA_model", "eta-model"),
        ("eta model", "eta-model"),
        ("eta", "eta-model"),
        ("fraud", "fraud-scorer"),
    ],
)
def test_a_model_is_found_by_its_words(asked: str, found: str) -> None:
    assert find_name(asked, ["eta-model", "fraud-scorer", "churn-model"]) == found


@pytest.mark.parametrize(
    ("asked", "nearest"), [("model", {"eta-model", "churn-model"}), ("etamodle", {"eta-model"})]
)
def test_an_unclear_or_unknown_model_is_answered_with_names(asked: str, nearest: set[str]) -> None:
    with pytest.raises(NotFound) as error:
        find_name(asked, ["eta-model", "fraud-scorer", "churn-model"])
    assert set(error.value.nearest) == nearest


@pytest.mark.parametrize(
    ("metric", "more"),
    [
        ("rmse", False),
        ("test_rmse", False),
        ("val-loss", False),
        ("p90_error", False),
        ("accuracy_loss", False),
        ("auc", True),
        ("f1", True),
        ("macro_f1", True),
        ("rows", None),
        ("classes", None),
    ],
)
def test_direction_by_name(metric: str, more: bool | None) -> None:
    assert more_is_better(metric) is more


def test_a_policy_gives_a_direction_the_name_does_not_tell() -> None:
    assert more_is_better("profit", Policy(direction={"profit": True})) is True


@pytest.mark.parametrize(
    ("metrics", "primary"),
    [
        (("r2", "mae", "rmse"), "rmse"),
        (("test_auc", "rows"), "test_auc"),
        (("rows", "brier"), "brier"),
        (("rows",), ""),
    ],
)
def test_the_primary_metric(metrics: tuple[str, ...], primary: str) -> None:
    assert primary_metric(metrics) == primary


@pytest.mark.parametrize(
    ("metric", "old", "new", "gain"),
    [
        ("rmse", 10.0, 9.0, 0.1),
        ("rmse", 10.0, 11.0, -0.1),
        ("auc", 0.8, 0.88, 0.1),
        ("auc", 0.8, 0.8, 0.0),
        ("rmse", 0.0, 1.0, -math.inf),
        ("r2", -0.5, 0.5, 2.0),
        ("rows", 1.0, 2.0, None),
        ("rmse", NAN, 2.0, None),
    ],
)
def test_gain_is_above_zero_when_better(
    metric: str, old: float, new: float, gain: float | None
) -> None:
    (change,) = compare({metric: old}, {metric: new})
    assert change.gain == (gain if gain is None else pytest.approx(gain))


@pytest.mark.parametrize(
    ("gain", "text"),
    [(0.021, "2.1% better"), (-0.004, "0.4% worse"), (0.0, "the same"), (math.inf, "better")],
)
def test_a_gain_in_words(gain: float, text: str) -> None:
    assert say_gain(gain) == text


@pytest.mark.parametrize(
    ("champion", "result"), [(None, WARN), (version("5"), FAIL), (version("3"), PASS)]
)
def test_the_champion_gate(champion: ModelVersion | None, result: GateResult) -> None:
    assert champion_gate(champion, version("5")).result is result


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [("aaa", "aaa", PASS), ("aaa", "bbb", FAIL), ("", "bbb", WARN), ("aaa", "", WARN)],
)
def test_the_data_gate(old: str, new: str, result: GateResult) -> None:
    assert data_gate(version(digest=old, rmse=1), version("5", new, rmse=1)).result is result


def test_data_that_both_were_measured_on_is_found_among_several() -> None:
    champion = replace(
        version("3", "new", rmse=9.0),
        evaluations=(
            Evaluation("new", "new", {"rmse": 9.0}),
            Evaluation("old", "aaa", {"rmse": 5.0}),
        ),
    )
    gates = promotion_gates(champion, version("5", "aaa", rmse=4.0), NOW)
    assert not failing(gates)
    assert any("5 → 4" in g.detail for g in gates)


@pytest.mark.parametrize(
    ("old", "new", "min_gain", "result"),
    [
        (10.0, 9.0, 0.0, PASS),
        (10.0, 10.0, 0.0, FAIL),
        (10.0, 11.0, 0.0, FAIL),
        (10.0, 9.5, 0.1, FAIL),
        (10.0, 8.0, 0.1, PASS),
        (10.0, NAN, 0.0, FAIL),
        (10.0, math.inf, 0.0, FAIL),
        (NAN, 9.0, 0.0, WARN),
    ],
)
def test_the_primary_metric_must_improve(
    old: float, new: float, min_gain: float, result: GateResult
) -> None:
    policy = Policy(min_gain=min_gain)
    (change,) = compare({"rmse": old}, {"rmse": new}, policy)
    assert primary_gate(change, policy).result is result


def test_a_primary_metric_of_unknown_direction_is_not_judged() -> None:
    change = MetricChange("rows", 1, 2, None)
    assert primary_gate(change, Policy(primary="rows")).result is WARN


@pytest.mark.parametrize(("new", "result"), [(0.80, PASS), (0.79, PASS), (0.77, FAIL), (NAN, FAIL)])
def test_other_metrics_must_not_be_much_worse(new: float, result: GateResult) -> None:
    (change,) = compare({"auc": 0.8}, {"auc": new})
    gate = other_gate(change, Policy(tolerance=0.02))
    assert gate is not None
    assert gate.result is result


def test_a_metric_that_is_neither_good_nor_bad_is_no_gate() -> None:
    assert other_gate(MetricChange("rows", 1, 2, None), Policy()) is None


def test_a_metric_the_new_version_lacks_prevents() -> None:
    gates = metric_gates(version(rmse=1.0, mae=1.0), version("5", rmse=0.9), Policy())
    assert [(g.name, g.result) for g in gates] == [("rmse", PASS), ("mae", FAIL)]


def test_on_other_data_no_metric_is_compared() -> None:
    gates = metric_gates(version(rmse=1.0), version("5", "bbb", rmse=0.1), Policy())
    assert [(g.name, g.result) for g in gates] == [("metrics", WARN)]


def test_without_a_recorded_data_set_metrics_are_still_compared() -> None:
    gates = metric_gates(version(digest="", rmse=1.0), version("5", "", rmse=2.0), Policy())
    assert [g.result for g in gates] == [FAIL]


@pytest.mark.parametrize(
    ("metrics", "result"), [({"rmse": 1.0}, PASS), ({"rmse": NAN}, FAIL), ({}, WARN)]
)
def test_a_first_champion_needs_usable_metrics(
    metrics: dict[str, float], result: GateResult
) -> None:
    first = replace(version("1"), metrics=metrics)
    assert lone_metrics_gate(first).result is result
    assert lone_metrics_gate(first) in promotion_gates(None, first, NOW)


@pytest.mark.parametrize(("days", "result"), [(0, PASS), (179, PASS), (200, WARN)])
def test_an_old_version_is_pointed_out(days: int, result: GateResult) -> None:
    assert age_gate(version(), NOW + timedelta(days=days), Policy()).result is result


def test_open_incidents_are_named() -> None:
    opened = Incident("INC-4", "slow", "eta", Severity.SEV2, Status.OPEN, NOW, NOW)
    gate = incident_gate("eta", [opened])
    assert (gate.result, "INC-4 (SEV2)" in gate.detail) == (WARN, True)
    assert incident_gate("eta", []).result is PASS


@pytest.mark.parametrize(
    ("verdict", "result"), [("stable", PASS), ("drifting", WARN), ("not enough data", WARN)]
)
def test_drift_warns(verdict: str, result: GateResult) -> None:
    assert drift_gate(verdict).result is result


def test_going_back_is_not_prevented_by_worse_metrics() -> None:
    gates = rollback_gates(version("5", rmse=1.0), version("3", rmse=2.0), NOW)
    assert not prevented(gates)
    assert is_rollback(request(gates=gates))
    assert Gate("rmse", WARN, "1 → 2, 100.0% worse") in gates


def test_going_back_to_the_champion_itself_is_prevented() -> None:
    assert prevented(rollback_gates(version("5"), version("5"), NOW))


def test_a_policy_may_let_failing_gates_pass() -> None:
    gates = (Gate("rmse", FAIL, "worse"),)
    assert prevented(gates)
    assert not prevented(gates, Policy(failing_gate_prevents=False))


@pytest.mark.parametrize(
    ("change", "user", "after", "words"),
    [
        ({"requester": "U2"}, GRACE, 1, "yourself"),
        ({}, Decider("U3", "bob", may_approve=False), 1, "approve right"),
        ({}, GRACE, 24, "expired"),
        (
            {"status": ApprovalStatus.REJECTED, **EVE},
            GRACE,
            1,
            "already rejected by eve at 2026-03-05 12:00 UTC",
        ),
        ({"status": ApprovalStatus.APPROVED}, GRACE, 1, "already approved"),
        ({"gates": (Gate("rmse", FAIL, "worse"),)}, GRACE, 1, "rmse: worse"),
    ],
)
def test_who_may_not_decide_is_told_why(
    change: dict[str, object], user: Decider, after: int, words: str
) -> None:
    with pytest.raises(Denied, match=words):
        may_decide(request(**change), user, NOW + timedelta(hours=after))


@pytest.mark.parametrize("status", [ApprovalStatus.PENDING, ApprovalStatus.FAILED])
def test_another_approver_may_decide(status: ApprovalStatus) -> None:
    assert may_decide(request(status=status), GRACE, NOW) is None  # type: ignore[func-returns-value]


def test_one_may_take_back_a_request_but_not_reject_anothers_without_the_right() -> None:
    assert may_reject(request(), Decider("U1", "ada", False), NOW) is None  # type: ignore[func-returns-value]
    with pytest.raises(Denied):
        may_reject(request(), Decider("U3", "bob", False), NOW)


def test_a_failed_move_does_not_expire() -> None:
    late = NOW + timedelta(days=3)
    assert is_expired(request(), late)
    assert not is_expired(request(status=ApprovalStatus.FAILED), late)


def test_a_decision_keeps_who_when_and_why() -> None:
    done = decide(request(), GRACE, NOW, approve=False, reason="not now")
    assert (done.status, done.decided_by, done.decided_at, done.decision_reason) == (
        ApprovalStatus.REJECTED,
        "U2",
        NOW,
        "not now",
    )


def test_an_approved_move_has_no_outcome_until_the_registry_answered() -> None:
    approved = decide(request(), GRACE, NOW, approve=True)
    assert (approved.status, approved.outcome) == (ApprovalStatus.APPROVED, "")
    assert moved(approved).outcome == "champion of eta-model moved from v3 to v5"


def test_a_failed_move_that_is_tried_again_keeps_its_decider() -> None:
    failed = not_moved(decide(request(), GRACE, NOW, approve=True), "no answer")
    again = try_again(failed, Decider("U4", "joan", True))
    assert (failed.status, again.status) == (ApprovalStatus.FAILED, ApprovalStatus.APPROVED)
    assert (again.decided_by_name, again.outcome) == ("grace", "")
    assert "joan" in again.decision_reason


def test_the_first_champion_in_words() -> None:
    assert "none before" in say_move(replace(request(), champion=""))


def test_the_previous_champion_by_alias_and_by_record() -> None:
    versions = [version("5"), replace(version("4"), aliases=("previous_champion",)), version("3")]
    record = [moved(request())]
    by_alias = previous_champion(versions, [], "5")
    by_record = previous_champion([versions[0], versions[2]], record, "5")
    assert by_alias is not None
    assert by_alias.version == "4"
    assert by_record is not None
    assert by_record.version == "3"
    assert previous_champion(versions[:1], record, "5") is None


def test_since_when_a_version_is_champion() -> None:
    done = moved(decide(request(), GRACE, NOW, approve=True))
    assert champion_since([close(request(), "late"), done], "5") == done
    assert champion_since([done], "4") is None
