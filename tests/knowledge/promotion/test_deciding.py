from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.errors import BadArgs, Denied, Unavailable
from knowledge.promotion.deciding import (
    CHANGED,
    Asker,
    asked,
    asked_anew,
    attempt,
    begin_move,
    cast,
    close,
    expires_at,
    is_expired,
    is_interrupted,
    moved,
    not_moved,
    reviewed,
    say_missing,
    tally,
    try_again,
)
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.freezing import freeze
from knowledge.promotion.people import Members, Voters
from knowledge.promotion.policy import CanaryRule, GateRule, Policy
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Gate,
    GateResult,
    ModelVersion,
    Purpose,
    Vote,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
PENDING, MOVING = ApprovalStatus.PENDING, ApprovalStatus.MOVING
REJECTED, FAILED = ApprovalStatus.REJECTED, ApprovalStatus.FAILED
APPROVE, REJECT = Ballot.APPROVE, Ballot.REJECT
CHANGES, OVERRIDE = Ballot.CHANGES, Ballot.OVERRIDE
FAILS = Gate("calibration", GateResult.FAIL, "ECE 0.09, at most 0.05 is allowed")
PLAIN, NOBODY = Policy(), Members()
VETO = Policy(veto=("dan",), needed=2)
RISK = Policy(sign_offs={"risk": ("eve",)})
OVERRIDABLE = Policy(gates={"calibration": GateRule(override=("cat", "eve", "zoe"))})


def evidence(policy: Policy = PLAIN, purpose: Purpose = Purpose.PROMOTION) -> Evidence:
    new, old = (Side(ModelVersion("fraud", number, NOON)) for number in ("5", "3"))
    return Evidence(NOON, purpose, new, old, policy=policy)


def request(*gates: Gate, policy: Policy = PLAIN, purpose: Purpose = Purpose.PROMOTION) -> Approval:
    known = evidence(policy, purpose)
    draft = asked(known, gates, freeze(known, gates), Asker("zoe", "Zoe", "it is better"))
    return replace(draft, id="APR-1")


def voters(
    policy: Policy = PLAIN, purpose: Purpose = Purpose.PROMOTION, members: Members = NOBODY
) -> Voters:
    """Ann, bob and cat have the approve right."""
    return Voters(policy, purpose, "zoe", lambda user: user in ("ann", "bob", "cat"), members)


def after(
    approval: Approval, among: Voters, *clicks: tuple[str, Ballot], reason: str = "because"
) -> Approval:
    for user, ballot in clicks:
        vote = Vote(user, user.title(), NOON, ballot, reason, approval.evidence_hash)
        approval = cast(approval, vote, among)
    return approval


@pytest.mark.parametrize(
    ("policy", "clicks", "status"),
    [
        (Policy(), [("ann", APPROVE)], MOVING),
        (Policy(needed=2), [("ann", APPROVE)], PENDING),
        (Policy(needed=2), [("ann", APPROVE), ("bob", APPROVE)], MOVING),
        (Policy(needed=2), [("ann", APPROVE), ("ann", REJECT)], REJECTED),
        (Policy(needed=0), [("ann", APPROVE)], MOVING),
        (Policy(), [("ann", REJECT)], REJECTED),
        (Policy(), [("zoe", REJECT)], REJECTED),
        (Policy(), [("bob", CHANGES)], ApprovalStatus.CHANGES),
        (VETO, [("ann", REJECT)], PENDING),
        (VETO, [("ann", REJECT), ("bob", REJECT)], REJECTED),
        (VETO, [("ann", REJECT), ("bob", APPROVE), ("cat", APPROVE)], MOVING),
        (VETO, [("ann", APPROVE), ("dan", REJECT)], REJECTED),
        (VETO, [("dan", CHANGES)], ApprovalStatus.CHANGES),
        (RISK, [("ann", APPROVE)], PENDING),
        (RISK, [("eve", APPROVE)], PENDING),
        (RISK, [("ann", APPROVE), ("eve", APPROVE)], MOVING),
        (RISK, [("eve", REJECT)], REJECTED),
        (Policy(sign_offs={"risk": ("ann",)}), [("ann", APPROVE)], MOVING),
        (Policy(approvers=("dan",)), [("dan", APPROVE)], MOVING),
    ],
)
def test_votes_add_up(
    policy: Policy, clicks: list[tuple[str, Ballot]], status: ApprovalStatus
) -> None:
    assert after(request(policy=policy), voters(policy), *clicks).status is status


@pytest.mark.parametrize(
    ("policy", "clicks", "why"),
    [
        (Policy(), [("zoe", APPROVE)], "You asked for fraud v5 yourself"),
        (Policy(), [("zoe", CHANGES)], "yourself"),
        (Policy(), [("fay", APPROVE)], r"You may not approve this request; these may: .*APPROVERS"),
        (Policy(), [("fay", REJECT)], "You may not stop this request"),
        (Policy(needed=2), [("ann", APPROVE), ("ann", APPROVE)], "You voted already \\(approve"),
        (Policy(needed=2), [("ann", APPROVE), ("ann", OVERRIDE)], "one vote for each person"),
        (VETO, [("ann", REJECT), ("ann", APPROVE)], "You voted already \\(reject"),
        (VETO, [("dan", APPROVE)], "You may not approve"),
        (Policy(approvers=("dan",)), [("ann", APPROVE)], "these may: dan"),
        (Policy(), [("ann", REJECT), ("bob", APPROVE)], "already rejected by Ann"),
        (Policy(), [("ann", APPROVE), ("bob", APPROVE)], "already moving by Ann"),
        (Policy(), [("ann", OVERRIDE)], "nothing to override"),
    ],
)
def test_what_is_refused_says_why(
    policy: Policy, clicks: list[tuple[str, Ballot]], why: str
) -> None:
    with pytest.raises(Denied, match=why):
        after(request(policy=policy), voters(policy), *clicks)


@pytest.mark.parametrize("ballot", [REJECT, CHANGES, OVERRIDE])
def test_stopping_and_overriding_need_a_reason(ballot: Ballot) -> None:
    with pytest.raises(BadArgs, match="reason"):
        after(request(FAILS, policy=OVERRIDABLE), voters(OVERRIDABLE), ("cat", ballot), reason=" ")


def test_a_withdrawal_needs_no_reason() -> None:
    withdrawn = after(request(), voters(), ("zoe", REJECT), reason="")
    assert withdrawn.outcome == "withdrawn; nothing was moved"
    assert withdrawn.timeline[-1].text == "withdrew the request"


def test_a_failing_gate_prevents_until_somebody_named_overrides_it() -> None:
    waiting, among = request(FAILS, policy=OVERRIDABLE), voters(OVERRIDABLE)
    with pytest.raises(Denied, match=r"calibration: ECE 0\.09"):
        after(waiting, among, ("ann", APPROVE))
    overrode = after(waiting, among, ("cat", OVERRIDE))
    assert (overrode.status, overrode.decision_reason) == (MOVING, "because")
    assert overrode.timeline[-2].text == "overrode calibration: because"


def test_an_override_of_somebody_who_is_no_approver_lifts_the_gate_only() -> None:
    waiting, among = request(FAILS, policy=OVERRIDABLE), voters(OVERRIDABLE)
    assert after(waiting, among, ("eve", OVERRIDE)).status is PENDING
    assert after(waiting, among, ("eve", OVERRIDE), ("ann", APPROVE)).status is MOVING


@pytest.mark.parametrize("user", ["ann", "fay", "zoe"])
def test_who_is_not_named_overrides_nothing(user: str) -> None:
    with pytest.raises(Denied, match=r"yourself|does not let you override calibration"):
        after(request(FAILS, policy=OVERRIDABLE), voters(OVERRIDABLE), (user, OVERRIDE))


def test_every_failing_gate_must_be_overridden() -> None:
    other = Gate("slices: country=PT", GateResult.FAIL, "3.0% worse")
    rules = {**OVERRIDABLE.gates, "slices": GateRule(override=("bob",))}
    policy = Policy(gates=rules)
    waiting = after(request(FAILS, other, policy=policy), voters(policy), ("cat", OVERRIDE))
    assert say_missing(tally(waiting, voters(policy))) == "prevented by slices: country=PT"
    assert after(waiting, voters(policy), ("bob", OVERRIDE)).status is MOVING


def test_failing_gates_may_be_mere_advice() -> None:
    policy = Policy(failing_gate_prevents=False)
    assert after(request(FAILS, policy=policy), voters(policy), ("ann", APPROVE)).status is MOVING


@pytest.mark.parametrize(
    ("policy", "user", "status"),
    [
        (Policy(needed=2, sign_offs={"risk": ("eve",)}), "ann", MOVING),
        (Policy(emergency=("fay",)), "fay", MOVING),
        (Policy(emergency=("zoe",), emergency_alone=True), "zoe", MOVING),
        (Policy(emergency=("fay",)), "ann", None),
        (Policy(emergency=("zoe",)), "zoe", None),
        (Policy(emergency_alone=True), "zoe", None),
    ],
)
def test_one_is_enough_in_an_emergency(
    policy: Policy, user: str, status: ApprovalStatus | None
) -> None:
    waiting = request(policy=policy, purpose=Purpose.EMERGENCY)
    among = voters(policy, Purpose.EMERGENCY)
    if status is None:
        with pytest.raises(Denied):
            after(waiting, among, (user, APPROVE))
    else:
        assert after(waiting, among, (user, APPROVE)).status is status


def test_groups_count_as_their_members_of_now() -> None:
    policy = Policy(approvers=("@leads",), needed=2)
    both = voters(policy, members=Members({"@leads": frozenset({"fay", "gil"})}))
    first = after(request(policy=policy), both, ("fay", APPROVE))
    left = voters(policy, members=Members({"@leads": frozenset({"gil"})}))
    assert after(first, both, ("gil", APPROVE)).status is MOVING
    assert after(first, left, ("gil", APPROVE)).status is PENDING


def test_a_group_that_cannot_be_asked_allows_nobody_and_says_so() -> None:
    def members(group: str) -> frozenset[str]:
        raise Unavailable("Slack", "missing_scope")

    policy = Policy(approvers=("@leads", "bob"))
    among = voters(policy, members=Members.ask(["@leads"], members))
    with pytest.raises(Denied, match=r"@leads could not be asked \(Slack: missing_scope\)"):
        after(request(policy=policy), among, ("ann", APPROVE))
    assert after(request(policy=policy), among, ("bob", APPROVE)).status is MOVING


def test_new_facts_make_votes_fall_and_say_so() -> None:
    policy = Policy(needed=2)
    voted = after(request(policy=policy), voters(policy), ("ann", APPROVE))
    known = replace(evidence(policy), at=NOON + timedelta(hours=1), champion=None)
    changes = ("The champion was v3, and is none now.",)
    again = asked_anew(voted, known, (), freeze(known), changes)
    assert (again.status, again.votes, again.champion) == (PENDING, (), "")
    assert again.evidence_hash != voted.evidence_hash
    assert again.expires_at == voted.expires_at
    told = again.timeline[-1]
    assert told.kind == CHANGED
    assert told.text == f"{changes[0]} The vote on the earlier facts no longer counts."


HOURS = timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "hours", "over"),
    [
        (PENDING, 23, False),
        (PENDING, 24, True),
        (FAILED, 24, False),
        (FAILED, 25, True),
        (MOVING, 999, False),
        (ApprovalStatus.APPROVED, 999, False),
    ],
)
def test_a_request_expires_and_a_failed_move_later(
    status: ApprovalStatus, hours: int, over: bool
) -> None:
    decided = replace(request(), status=status, decided_at=NOON + HOURS)
    assert is_expired(decided, NOON + hours * HOURS) is over


def test_a_request_from_before_there_were_policies_has_a_day() -> None:
    assert expires_at(replace(request(), expires_at=None)) == NOON + 24 * HOURS


def test_no_vote_counts_when_the_time_is_over() -> None:
    vote = Vote("ann", "Ann", NOON + 24 * HOURS, APPROVE)
    with pytest.raises(Denied, match="expired 24 h after it was made"):
        cast(request(), vote, voters())


def test_a_failed_move_tried_again_keeps_its_decision() -> None:
    failed = not_moved(after(request(), voters(), ("ann", APPROVE)), "MLflow: 500", NOON)
    later = Vote("bob", "Bob", NOON + HOURS, APPROVE, "", failed.evidence_hash)
    again = try_again(failed, later, voters())
    assert (again.status, again.decided_by, again.decided_at) == (MOVING, "ann", NOON)
    assert [v.by for v in again.votes] == ["ann", "bob"]
    assert (attempt(failed), attempt(again)) == (1, 2)
    same = try_again(failed, replace(later, by="ann"), voters())
    assert [v.by for v in same.votes] == ["ann"]


def test_a_failed_move_needs_its_quorum_again() -> None:
    policy = Policy(needed=2)
    failed = after(request(policy=policy), voters(policy), ("ann", APPROVE), ("bob", APPROVE))
    failed = not_moved(failed, "MLflow: 500", NOON)
    without_bob = replace(voters(policy), may_approve=lambda user: user == "ann")
    with pytest.raises(Denied, match="1 of 2 approvals"):
        try_again(failed, Vote("ann", "Ann", NOON, APPROVE, "", failed.evidence_hash), without_bob)


def test_a_move_is_interrupted_when_it_takes_longer_than_any_does() -> None:
    moving = after(request(), voters(), ("ann", APPROVE))
    assert not is_interrupted(moving, NOON + timedelta(seconds=119))
    assert is_interrupted(moving, NOON + timedelta(seconds=120))
    assert not is_interrupted(moved(moving, NOON, Policy()), NOON + HOURS)


@pytest.mark.parametrize(
    ("purpose", "watch", "watched"),
    [
        (Purpose.PROMOTION, 24 * HOURS, True),
        (Purpose.PROMOTION, timedelta(), False),
        (Purpose.ROLLBACK, 24 * HOURS, False),
    ],
)
def test_a_promotion_is_watched(purpose: Purpose, watch: timedelta, watched: bool) -> None:
    policy = Policy(canary=CanaryRule(watch=watch))
    moving = after(
        request(policy=policy, purpose=purpose), voters(policy, purpose), ("ann", APPROVE)
    )
    done = moved(moving, NOON, policy)
    assert done.outcome == "champion of fraud moved from v3 to v5"
    assert (done.canary is not None) is watched
    assert done.canary is None or done.canary.until == NOON + watch


def emergency() -> Approval:
    waiting = request(purpose=Purpose.EMERGENCY)
    return moved(
        after(waiting, voters(purpose=Purpose.EMERGENCY), ("ann", APPROVE)), NOON, Policy()
    )


def test_an_emergency_is_reviewed_by_a_third_person_once() -> None:
    among = voters(purpose=Purpose.EMERGENCY)
    seen = reviewed(emergency(), "bob", NOON, "errors were real", among)
    assert (seen.reviewed_by, seen.timeline[-1].text) == (
        "bob",
        "reviewed the emergency: errors were real",
    )
    assert reviewed(seen, "cat", NOON, "", among) == seen
    for user in ("zoe", "ann", "fay"):
        with pytest.raises(Denied):
            reviewed(emergency(), user, NOON, "", among)
    with pytest.raises(Denied, match="Only an emergency"):
        reviewed(request(), "bob", NOON, "", among)


def test_every_step_is_in_the_time_line() -> None:
    moving = after(request(), voters(), ("ann", APPROVE))
    failed = not_moved(moving, "MLflow: 500", NOON)
    done = moved(begin_move(failed, failed.votes[0]), NOON, Policy(), late=True)
    assert [event.text for event in done.timeline] == [
        "asked to move the champion of fraud from v3 to v5: it is better",
        "approved: because",
        "began to move the champion of fraud from v3 to v5",
        "not moved: MLflow: 500",
        "began to move the champion of fraud from v3 to v5, once more",
        "champion of fraud moved from v3 to v5, found in the registry afterwards",
    ]
    assert [event.id for event in done.timeline] == [f"E{n}" for n in range(1, 7)]
    assert close(request(), "v5 is gone", NOON).timeline[-1].text == "ended: v5 is gone"
