import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge.adapters.sql import open_store
from knowledge.errors import BadArgs, Denied, Overtaken, Unavailable
from knowledge.promoting.mover import REQUEST, REQUEST_THREAD
from knowledge.promotion import Policy
from knowledge.promotion.deciding import UNDER_WAY
from knowledge.promotion.freezing import thaw
from knowledge.promotion.policy import CanaryRule, GateRule, OnWorse
from knowledge.promotion.ruling import Came
from knowledge.records import Approval, ApprovalStatus, Ballot, Details, Purpose
from tests.knowledge.adapters.at_once import at_once
from tests.knowledge.promoting.world import MODEL, NOON, TableGroups, World, click

Ask = Callable[..., Approval]
MINUTE = timedelta(minutes=1)
PENDING, MOVING = ApprovalStatus.PENDING, ApprovalStatus.MOVING
APPROVED, EXPIRED = ApprovalStatus.APPROVED, ApprovalStatus.EXPIRED


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them: they are made once."""
    path = tmp_path_factory.mktemp("empty") / "tandem.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sql_world(empty: Path, tmp_path: Path) -> Iterator[World]:
    copied = shutil.copy(empty, tmp_path / "tandem.db")
    store = open_store(f"sqlite:///{copied}")
    yield World(store=store)
    store.close()


class Kill(BaseException):
    """The process is gone."""


def asked(world: World, version: str = "5", **more: object) -> Approval:
    words = {"by": "zoe", "by_name": "Zoe", "reason": "it is better", **more}
    approval = world.service().ask(MODEL, version, **words).approval  # type: ignore[arg-type]
    assert approval is not None
    return approval


# Asking --------------------------------------------------------------------------------------


def test_a_request_holds_its_evidence_and_is_told(world: World, ask: Ask) -> None:
    world.policy = Policy(expires_after=timedelta(hours=2), channel="#ml-models")
    approval = ask(channel="C1")
    assert (approval.id, approval.champion, approval.channel) == ("APR-1", "3", "#ml-models")
    assert approval.expires_at == NOON + timedelta(hours=2)
    assert thaw(approval.evidence) == world.gather(MODEL, "5", Purpose.PROMOTION)
    due = {delivery.key for delivery in world.store.outbox.due(NOON)}
    assert due == {f"{REQUEST}:APR-1", f"{REQUEST_THREAD}:APR-1"}


def test_asking_again_is_the_same_request(world: World, ask: Ask) -> None:
    first = ask()
    again = world.service().ask(MODEL, "5", by="ann", by_name="Ann", reason="me too")
    assert (again.new, again.approval) == (False, first)
    assert ask("6").id == "APR-2"
    click(world.service(), first, "ann", Ballot.REJECT)
    assert ask().id == "APR-3"


def test_a_request_on_an_earlier_champion_makes_room(world: World, ask: Ask) -> None:
    first = ask()
    world.models.set_champion(MODEL, "4")
    assert ask().champion == "4"
    ended = world.store.approvals.get(first.id)
    assert (ended.status, ended.outcome) == (EXPIRED, "it was asked for anew as APR-2")


def test_the_same_delivery_is_one_request(world: World, ask: Ask) -> None:
    first = ask(key="delivery-1")
    click(world.service(), first, "ann", Ballot.REJECT)
    assert ask(key="delivery-1").id == first.id


def test_many_who_ask_at_once_make_one_request(sql_world: World) -> None:
    found = at_once(lambda n: asked(sql_world, by=f"U{n}"))
    assert {approval.id for approval in found} == {"APR-1"}


def test_what_nobody_may_override_is_not_asked_for(world: World) -> None:
    world.failing = {"calibration": "too wide"}
    assert world.service().ask(MODEL, "5", by="zoe", by_name="Zoe", reason="").approval is None
    world.policy = Policy(gates={"calibration": GateRule(override=("zoe",))})
    assert world.service().ask(MODEL, "5", by="zoe", by_name="Zoe", reason="").approval is None
    assert world.service().ask(MODEL, "5", by="ann", by_name="Ann", reason="").approval is not None


def test_the_champion_itself_is_not_asked_for(world: World) -> None:
    assert world.service().ask(MODEL, "3", by="zoe", by_name="Zoe", reason="").approval is None
    assert world.store.approvals.find() == []


def test_an_emergency_needs_a_reason(ask: Ask) -> None:
    with pytest.raises(BadArgs, match="reason"):
        ask("4", purpose=Purpose.EMERGENCY, reason=" ")


# A click -------------------------------------------------------------------------------------


def test_the_last_vote_moves_the_champion_and_leaves_its_trace(world: World, ask: Ask) -> None:
    world.policy = Policy(needed=2)
    approval, service = ask(), world.service()
    assert click(service, approval, "ann").came is Came.COUNTED
    assert world.champion == "3"
    ruling = click(service, approval, "bob")
    assert (ruling.came, ruling.approval.status, world.champion) == (Came.MOVED, APPROVED, "5")
    assert [vote.saw for vote in ruling.approval.votes] == [approval.evidence_hash] * 2
    (move,) = world.store.moves.find()
    assert (move.before, move.version, move.approval) == ("3", "5", "APR-1")
    assert world.store.moves.seen() == {MODEL: ("5", NOON)}
    (change,) = world.store.changes.between(NOON, NOON)
    assert (change.kind, change.summary) == ("promotion", "champion of fraud moved from v3 to v5")
    assert click(service, approval, "cat").came is Came.LATE


def change_files(world: World) -> None:
    world.models.known[MODEL, "5"] = Details(artifact="sha256:other")


def change_champion(world: World) -> None:
    world.models.set_champion(MODEL, "4")


def fail_gate(world: World) -> None:
    world.failing = {"calibration": "too wide"}


@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (change_files, "The files of v5 are not the ones on the card: 555555555555 then, other"),
        (change_champion, "The champion was v3, and is v4 now."),
        (fail_gate, "calibration fails now: too wide."),
    ],
)
def test_facts_that_changed_are_shown_and_asked_anew(
    world: World, ask: Ask, happens: Callable[[World], None], says: str
) -> None:
    world.policy = Policy(needed=2, gates={"calibration": GateRule(override=("cat",))})
    approval, service = ask(), world.service()
    click(service, approval, "ann")
    happens(world)
    ruling = click(service, approval, "bob")
    assert ruling.came is Came.CHANGED
    assert ruling.changes[0].startswith(says)
    stored = world.store.approvals.get(approval.id)
    assert (stored.status, stored.votes) == (PENDING, ())
    assert stored.evidence_hash != approval.evidence_hash
    assert says in stored.timeline[-1].text
    assert click(service, approval, "bob").came is Came.CHANGED, "the old card counts no more"
    assert world.champion == ("4" if happens is change_champion else "3")


def test_a_gate_that_holds_again_is_shown_before_it_is_approved(world: World, ask: Ask) -> None:
    world.policy = Policy(gates={"calibration": GateRule(override=("cat",))})
    world.failing = {"calibration": "too wide"}
    approval = ask()
    with pytest.raises(Denied, match="calibration"):
        click(world.service(), approval, "ann")
    world.failing = {}
    ruling = click(world.service(), approval, "cat", Ballot.OVERRIDE)
    assert ruling.changes == ("calibration does not fail any more.",)
    assert click(world.service(), ruling.approval, "ann").came is Came.MOVED


def test_files_that_cannot_be_read_at_the_click_count_nothing(world: World, ask: Ask) -> None:
    approval = ask()
    world.models.known[MODEL, "5"] = Details(problems=("500",))
    with pytest.raises(Unavailable, match="files of v5 cannot be read now"):
        click(world.service(), approval, "ann")
    assert world.store.approvals.get(approval.id) == approval


@pytest.mark.parametrize(
    ("version", "outcome"),
    [("remove", "There is no version of fraud '5'"), ("promote", "v5 became champion by another")],
)
def test_what_is_gone_ends_the_request(world: World, ask: Ask, version: str, outcome: str) -> None:
    approval = ask()
    if version == "remove":
        world.models.remove(MODEL, "5")
    else:
        world.models.set_champion(MODEL, "5")
    ruling = click(world.service(), approval, "ann")
    assert (ruling.came, ruling.approval.status) == (Came.CLOSED, EXPIRED)
    assert ruling.approval.outcome.startswith(outcome)


def test_a_renamed_model_is_not_the_one_that_was_asked_for(world: World, ask: Ask) -> None:
    """The registry would find it by part of its name."""
    approval = ask()
    world.models.rename(MODEL, f"{MODEL}-eu")
    before = world.models.champions()
    ruling = click(world.service(), approval, "ann")
    assert (ruling.came, ruling.approval.status) == (Came.CLOSED, EXPIRED)
    assert ruling.approval.outcome == f"there is no model {MODEL} any more"
    assert world.models.champions() == before


def test_an_approval_without_a_card_is_refused(world: World, ask: Ask) -> None:
    vote = {"by": "ann", "by_name": "Ann", "reason": ""}
    with pytest.raises(Denied, match="click on the request's card"):
        world.service().vote(ask().id, Ballot.APPROVE, **vote)


def test_the_beginning_of_the_hash_is_enough_but_not_less(world: World, ask: Ask) -> None:
    approval = ask()
    assert click(world.service(), replace(approval, evidence_hash="a" * 12), "ann").came is (
        Came.CHANGED
    )
    for length, came in ((11, Came.CHANGED), (12, Came.MOVED)):
        short = replace(approval, evidence_hash=approval.evidence_hash[:length])
        assert click(world.service(), short, "ann").came is came


def test_the_time_over_closes_it_at_the_click_and_by_the_clock(world: World, ask: Ask) -> None:
    first, second = ask(), ask("6")
    world.clock.pass_(timedelta(hours=24))
    assert world.service().undecided() == []
    ruling = click(world.service(), first, "ann")
    assert ruling.came is Came.CLOSED
    assert ruling.approval.outcome == "nobody decided before 2026-03-06 12:00 UTC"
    world.service().expire()
    assert world.store.approvals.get(second.id).status is EXPIRED


def test_who_may_click_is_told_beforehand(world: World, ask: Ask) -> None:
    approval, service = ask(), world.service()
    assert service.may(approval, Ballot.APPROVE, "ann") == ""
    assert "yourself" in service.may(approval, Ballot.APPROVE, "zoe")
    assert service.may(approval, Ballot.REJECT, "zoe") == ""
    decided = click(service, approval, "ann").approval
    assert "already approved by Ann" in service.may(decided, Ballot.APPROVE, "bob")


@dataclass
class RationedGroups(TableGroups):
    """Takes so many questions, as a chat with a rate limit does."""

    left: int = 0

    def members(self, group: str) -> frozenset[str]:
        if not self.left:
            raise Unavailable("Slack", "asks to wait 3 s")
        self.left -= 1
        return super().members(group)


def test_requests_open_to_a_person_are_found_with_one_question_for_each_group(
    world: World, ask: Ask
) -> None:
    world.policy = replace(world.policy, approvers=("@leads",))
    first, second = ask(), ask("6")
    world.groups = RationedGroups({"@leads": frozenset({"ann", "zoe"})}, left=1)
    assert world.service().open_to("ann") == [second, first]
    world.groups = RationedGroups({"@leads": frozenset({"ann", "zoe"})}, left=2)
    service = world.service()
    assert [service.open_to(user) for user in ("zoe", "bob")] == [[], []]


def test_an_emergency_is_reviewed_afterwards(world: World, ask: Ask) -> None:
    approval = ask("4", purpose=Purpose.EMERGENCY)
    moved = click(world.service(), approval, "ann").approval
    seen = world.service().review(moved.id, by="bob", by_name="Bob", note="fine")
    assert (seen.reviewed_by, seen.timeline[-1].text) == ("bob", "reviewed the emergency: fine")


# A rollback by the policy --------------------------------------------------------------------

BY_ITSELF = Policy(canary=CanaryRule(on_worse=OnWorse.ROLL_BACK))


def test_a_policy_rolls_back_by_itself_once(world: World, ask: Ask) -> None:
    world.policy = BY_ITSELF
    bad = click(world.service(), ask(), "ann").approval
    rulings = [world.service().roll_back_by_policy(bad.id, "errors 12x") for _ in range(2)]
    assert [r.came for r in rulings] == [Came.MOVED, Came.LATE]
    back = rulings[0].approval
    assert (back.purpose, back.requester, back.decided_by) == (Purpose.ROLLBACK, "canary", "tandem")
    assert (world.champion, back.votes) == ("3", ())


def test_only_a_policy_that_says_so_rolls_back(world: World, ask: Ask) -> None:
    approval = ask()
    for policy, why in ((Policy(), "does not roll back by itself"), (BY_ITSELF, "no promotion")):
        world.policy = policy
        with pytest.raises(Denied, match=why):
            world.service().roll_back_by_policy(approval.id, "errors")


def test_no_rollback_over_somebody_elses_champion(world: World, ask: Ask) -> None:
    world.policy = BY_ITSELF
    bad = click(world.service(), ask(), "ann").approval
    world.models.set_champion(MODEL, "6")
    with pytest.raises(Denied, match="v5 is not the champion any more"):
        world.service().roll_back_by_policy(bad.id, "errors")


# At the same time ----------------------------------------------------------------------------


def test_of_many_clicks_at_once_one_moves(sql_world: World) -> None:
    approval = asked(sql_world)
    services = [sql_world.service() for _ in range(2)]
    users = ("ann", "bob", "cat", "ann")

    def press(number: int) -> Came:
        return click(services[number % 2], approval, users[number % 4]).came

    came = Counter(at_once(press))
    assert came[Came.MOVED] == 1
    assert set(came) <= {Came.MOVED, Came.LATE}
    assert sql_world.champion == "5"
    assert len(sql_world.store.moves.find()) == 1
    assert len(sql_world.store.approvals.get(approval.id).votes) == 1


def test_two_requests_of_one_model_move_one_after_the_other(sql_world: World) -> None:
    both = [asked(sql_world), asked(sql_world, "6")]

    def press(number: int) -> str:
        try:
            return click(sql_world.service(), both[number], "ann").came.value
        except Overtaken:
            return "refused"

    came = at_once(press, 2)
    stored = [sql_world.store.approvals.get(a.id) for a in both]
    moved = [a.version for a in stored if a.status is APPROVED]
    assert came.count("moved") == len(moved) == len(sql_world.store.moves.find()) == 1
    assert sql_world.champion == moved[0]


@pytest.mark.parametrize(
    ("step", "champion", "left", "settled"),
    [
        ("before gathering", "3", PENDING, PENDING),
        ("checked", "3", PENDING, PENDING),
        ("before the vote", "3", PENDING, PENDING),
        ("intent stored", "3", MOVING, ApprovalStatus.FAILED),
        ("alias moved", "5", MOVING, APPROVED),
        ("before the record is committed", "5", MOVING, APPROVED),
        ("recorded", "5", APPROVED, APPROVED),
    ],
)
def test_a_kill_at_each_step_leaves_a_state_that_is_settled(
    sql_world: World, step: str, champion: str, left: ApprovalStatus, settled: ApprovalStatus
) -> None:
    def die(name: str) -> None:
        if name == step:
            raise Kill

    approval = asked(sql_world)
    with pytest.raises(Kill):
        click(sql_world.service(die), approval, "ann")
    stored = sql_world.store.approvals.get(approval.id)
    assert (stored.status, sql_world.champion) == (left, champion)
    sql_world.service().reconcile()
    assert sql_world.store.approvals.get(approval.id).status is left, "another may be at work"
    sql_world.clock.pass_(UNDER_WAY)
    sql_world.service().reconcile()
    stored = sql_world.store.approvals.get(approval.id)
    assert (stored.status, sql_world.champion) == (settled, champion)
    assert len(sql_world.store.moves.find()) == (settled is APPROVED)
    if settled is not APPROVED:
        assert click(sql_world.service(), approval, "ann").came is Came.MOVED
        assert sql_world.champion == "5"
    assert len(sql_world.store.moves.find()) == 1
