from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.promotion.deciding import Tally
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.policy import GateRule, Policy
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Canary,
    CanaryState,
    Details,
    Difference,
    Event,
    Gate,
    GateResult,
    Kind,
    ModelVersion,
    Purpose,
    Reading,
    Vote,
)
from skills.cards.request import refusal_card, request_card, request_update
from skills.contract import Call, Reply, Tone
from skills.testing import NOON

HASH = "ab" * 32
PASS, WARN, FAIL = GateResult.PASS, GateResult.WARN, GateResult.FAIL
GATES = (
    Gate("primary: auc", PASS, "better", difference=Difference("auc", 0.015, 0.012, 0.019)),
    Gate("drift", WARN, "country moved"),
)


def side(number: str, auc: float, **details: object) -> Side:
    version = ModelVersion("fraud", number, NOON, (), {"auc": auc}, "holdout", "d1")
    return Side(version, Details(**details))  # type: ignore[arg-type]


def evidence(**given: object) -> Evidence:
    whole: dict[str, object] = {
        "at": NOON,
        "purpose": Purpose.PROMOTION,
        "challenger": side("7", 0.912, importances={"amount": 3.0, "hour": 1.0}),
        "champion": side("6", 0.897, importances={"amount": 1.0, "country": 1.0}),
        "service": "checkout",
    }
    return Evidence(**(whole | given))  # type: ignore[arg-type]


def asked(**given: object) -> Approval:
    plain = Approval(
        "APR-3", "fraud", "7", "6", "U1", "ada", NOON, "fewer misses", evidence_hash=HASH
    )
    return replace(plain, **({"gates": GATES} | given))  # type: ignore[arg-type]


def labels(card: Reply) -> list[str]:
    return [button.label for button in card.buttons]


def sections(card: Reply) -> dict[str, list[str]]:
    return {s.heading: [line.text for line in s.lines] for s in card.sections}


def test_it_says_first_what_changes_and_by_how_much() -> None:
    card = request_card(asked(), evidence())
    assert card.text.splitlines()[0] == (
        "Every answer of checkout comes from v7 instead of v6, as soon as it is approved; auc "
        "0.912 instead of 0.897 on the same data: 1.7% better (by 0.012 to 0.019 with 95% "
        "confidence)."
    )
    assert card.tone is Tone.WARNING
    assert card.table is not None
    assert card.table.rows == (
        ("auc", "0.897", "0.912", "1.7% better", "better by 0.012 to 0.019"),
    )
    assert "evidence abababababab" in card.footer


def test_gates_stand_by_gravity_and_what_passes_in_one_line() -> None:
    gates = (*GATES, Gate("size", PASS, "12 MB"), Gate("slices: BR", FAIL, "recall fell"))
    lines = sections(request_card(asked(gates=gates), evidence()))[
        "Gates: 1 fails, 1 warns, 2 pass"
    ]
    assert [line.split(" ")[0] for line in lines] == [
        ":red_circle:",
        ":large_yellow_circle:",
        ":large_green_circle:",
    ]
    assert lines[-1].endswith("2 pass: primary: auc, size")


def test_features_say_what_they_were() -> None:
    told = sections(request_card(asked(), evidence()))["Most important features"]
    assert told == ["amount: 75% (was 50%); hour: 25% (new); not used any more: country"]


def test_of_a_prompt_the_text_that_changes_is_shown() -> None:
    old = side("6", 0.8, text="Be kind.\nAnswer in ``` English.")
    new = side("7", 0.9, text="Be kind.\nAnswer in German.")
    card = request_card(
        asked(kind=Kind.PROMPT), evidence(kind=Kind.PROMPT, champion=old, challenger=new)
    )
    assert card.title == "Promote prompt fraud v7?"
    (diff,) = sections(card)["What changes in the prompt"]
    assert "-Answer in ''' English.\n+Answer in German." in diff
    assert diff.count("```") == 2


@pytest.mark.parametrize(
    ("override", "first"), [((), "Reject"), (("U5",), "Override")], ids=["nobody may", "some may"]
)
def test_a_failing_gate_leaves_no_approve_button(override: tuple[str, ...], first: str) -> None:
    policy = Policy(gates={"signature": GateRule(override=override)})
    bad = (*GATES, Gate("signature", FAIL, "a column more"))
    card = request_card(asked(gates=bad), evidence(), policy)
    assert labels(card)[0] == first
    assert "Approve" not in labels(card)
    assert card.tone is Tone.BAD


def test_it_names_and_calls_those_who_decide() -> None:
    policy = Policy(approvers=("@ml", "U1", "U2"), needed=2, sign_offs={"risk": ("@risk",)})
    card = request_card(asked(), evidence(), policy, {"U1": "ada", "U2": "ben"}.__getitem__)
    assert card.fields["Who decides"] == "2 of @ml, ada, ben, with the sign-off of risk (@risk)"
    assert card.calls == ("@ml", "U2", "@risk")
    decided = request_card(asked(status=ApprovalStatus.REJECTED), evidence(), policy)
    assert decided.calls == ()


def test_votes_on_earlier_facts_do_not_count() -> None:
    votes = (
        Vote("U2", "ben", NOON, Ballot.APPROVE, saw="0" * 64),
        Vote("U3", "joan", NOON, Ballot.APPROVE, saw=HASH),
    )
    changed = Event("E2", NOON, "changed", "tandem", "The files of v7 are others.")
    card = request_card(asked(votes=votes, timeline=(changed,)), evidence(), Policy(needed=2))
    assert card.title == "Promote fraud v7? 1 of 2 approved"
    assert card.fields["Approvals"] == "1 of 2: joan 12:00"
    assert card.text.splitlines()[0] == (
        "*Changed since it was asked (12:00 UTC), please look again:* The files of v7 are others."
    )
    assert card.tone is Tone.WARNING


VOTE = Vote("U2", "ben", NOON, Ballot.APPROVE, saw=HASH)
SIGNATURE = Gate("signature", FAIL, "a column more")


@pytest.mark.parametrize(
    ("stand", "said"),
    [
        (Tally((VOTE,), 2, (), (), ()), "1 of 2: ben 12:00"),
        (Tally((VOTE,), 1, ("risk",), (), ()), "1 of 1: ben 12:00; risk's sign-off is missing"),
        (
            Tally((), 1, ("risk", "legal"), (SIGNATURE,), ()),
            "0 of 1; also for it: ben 12:00; the sign-offs of risk and legal are missing; "
            "prevented by signature until somebody overrides",
        ),
        (
            Tally((), 1, ("risk",), (), (), "@ml could not be asked (no answer)"),
            "1 of 1: ben 12:00; who may approve could not be checked: @ml could not be asked "
            "(no answer)",
        ),
    ],
    ids=["quorum", "sign-off", "all", "nobody can be asked"],
)
def test_what_is_missing_is_said_with_the_votes(stand: Tally, said: str) -> None:
    policy = Policy(gates={"signature": GateRule(override=("U5",))})
    card = request_card(asked(votes=(VOTE,)), evidence(), policy, stand=stand)
    assert card.fields["Approvals"] == said


@pytest.mark.parametrize(
    ("stand", "title"),
    [
        (Tally((), 2, ("risk",), (), ()), "Promote fraud v7?"),
        (Tally((VOTE,), 2, ("risk",), (), ()), "Promote fraud v7? 1 of 2 approved"),
        (
            Tally((VOTE,), 1, ("risk",), (), ()),
            "Promote fraud v7? 1 of 1 approved, risk's sign-off is missing",
        ),
        (Tally((VOTE,), 1, (), (), (), "@ml could not be asked"), "Promote fraud v7?"),
    ],
    ids=["none", "some", "only a sign-off", "nobody can be asked"],
)
def test_the_title_never_says_more_than_is_known(stand: Tally, title: str) -> None:
    assert request_card(asked(votes=(VOTE,)), evidence(), stand=stand).title == title


def test_a_rollback_is_not_followed_by_a_way_back_to_what_was_bad() -> None:
    done = asked(status=ApprovalStatus.APPROVED, purpose=Purpose.ROLLBACK, decided_at=NOON)
    found = {b.label: b.call for b in request_card(done, evidence()).buttons}
    assert "Roll back" not in found
    assert found["Ask for v6 again"] == Call("promotion", {"model": "fraud", "version": "6"})


def test_once_a_gate_is_overridden_the_others_approve() -> None:
    """What the tally does not hold against it does not stand in the way."""
    bad = asked(gates=(*GATES, SIGNATURE))
    card = request_card(bad, evidence(), stand=Tally((VOTE,), 2, ("risk",), (), ()))
    assert labels(card)[0] == "Approve"
    assert "cannot be approved" not in card.text
    assert "waits for risk to sign off" in card.buttons[0].confirm


@pytest.mark.parametrize("status", [s for s in ApprovalStatus if s is not ApprovalStatus.PENDING])
@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_decided_has_a_face_and_no_vote_but_to_repair(
    status: ApprovalStatus, purpose: Purpose
) -> None:
    card = request_card(asked(status=status, purpose=purpose, outcome="so it was"), evidence())
    calls = {b.call.skill for b in card.buttons if b.call}
    assert ("approve" in calls) == (status is ApprovalStatus.FAILED)
    assert "reject" not in calls
    assert "gate_detail" in calls
    assert "So it was." in card.text
    assert "fraud" in card.title


def watched(state: CanaryState, **more: object) -> Approval:
    reading = Reading("errors", 0.002, 0.031, True, "errors 0.2% before, 3.1% since")
    canary = Canary(NOON + timedelta(hours=24), state, (reading,))
    return asked(
        status=ApprovalStatus.APPROVED,
        decided_at=NOON,
        canary=replace(canary, **more),  # type: ignore[arg-type]
    )


def test_a_champion_that_is_worse_offers_the_way_back_first() -> None:
    card = request_card(watched(CanaryState.WORSE), evidence())
    assert (card.title, card.tone) == ("fraud v7: worse since it serves", Tone.BAD)
    assert "errors 0.2% before, 3.1% since" in card.text.splitlines()[0]
    assert labels(card)[:2] == ["Roll back to v6", "Emergency rollback"]
    back = card.buttons[0].call
    assert back == Call(
        "rollback", {"model": "fraud", "version": "6", "reason": "v7 is worse since it serves"}
    )


def test_once_it_was_rolled_back_nobody_is_asked_to() -> None:
    card = request_card(watched(CanaryState.WORSE, acted="APR-4"), evidence())
    assert "APR-4" in card.text.splitlines()[0]
    assert not any(label.startswith("Roll back") for label in labels(card))


def test_nothing_to_compare_is_not_called_fine() -> None:
    card = request_card(watched(CanaryState.UNKNOWN), evidence())
    assert "is not known" in card.text.splitlines()[0]


def test_a_request_of_before_there_was_evidence_can_still_be_drawn() -> None:
    old = asked(evidence_hash="", gates=())
    card = request_card(old, None)
    assert "Every answer of fraud comes from v7 instead of v6" in card.text
    assert card.table is None


def test_a_refusal_names_the_gates() -> None:
    bad = (Gate("size", FAIL, "2 GB, 1 GB is allowed"), Gate("age", FAIL, "a year"))
    card = refusal_card(evidence(), bad, "promotion")
    assert "2 gates fail that nobody may override: size, age" in card.text


def test_the_thread_tells_who_did_what() -> None:
    events = (
        Event("E1", NOON, "asked", "U1", "asked to move it"),
        Event("E2", NOON + timedelta(days=1), "moved", "tandem", "champion moved"),
    )
    told = request_update(asked(), events, {"U1": "ada"}.__getitem__)
    assert told.title == "APR-3 · 2 updates"
    assert [line.text for line in told.sections[0].lines] == [
        "12:00 ada asked to move it",
        "03-06 12:00 champion moved",
    ]


def test_an_emergency_is_reviewed_with_a_note() -> None:
    done = asked(status=ApprovalStatus.APPROVED, purpose=Purpose.EMERGENCY, decided_at=NOON)
    review = request_card(done, evidence()).buttons[0]
    assert review.call == Call("review", {"approval": "APR-3"})
    assert review.form is not None
    assert [(field.name, field.optional) for field in review.form.fields] == [("note", True)]


def test_a_watch_names_the_version_as_it_is_written() -> None:
    assert request_card(watched(CanaryState.FINE), evidence()).text.startswith("v7 was watched")
