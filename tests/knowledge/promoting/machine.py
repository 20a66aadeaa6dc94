"""Promotion under everything that may happen at once, against an oracle.

Two replicas over one store and one registry. People with various rights ask and click, on cards of
now and of before; in the middle of a click the process is killed, another click is made, somebody
moves the alias past Tandem, a version or a gate changes, time passes. The registry fails before the
move, after it, or takes it late.

The oracle keeps its own book: who clicked what on which evidence, who was in which group at that
moment, and every change of the alias. It judges by rules of its own, written from the policy's
words and not from the code.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.errors import Unavailable, UserError
from knowledge.promoting.service import Promotions
from knowledge.promotion import Policy
from knowledge.promotion.deciding import CHANGED
from knowledge.promotion.deciding import MOVING as BEGUN
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.freezing import champion_of, thaw
from knowledge.promotion.policy import GateRule
from knowledge.promotion.ruling import Came
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Ballot,
    Details,
    Gate,
    ModelVersion,
    Purpose,
)
from tests.knowledge.promoting.world import MODEL, Clock, World

MOVING, APPROVED = ApprovalStatus.MOVING, ApprovalStatus.APPROVED
FINAL = {APPROVED, ApprovalStatus.REJECTED, ApprovalStatus.CHANGES, ApprovalStatus.EXPIRED}
PEOPLE = ("zoe", "ann", "bob", "cat", "dan", "eve", "fay")
GATE = "calibration"
STEPS = (
    "before gathering",
    "checked",
    "before the vote",
    "intent stored",
    "alias moved",
    "before the record is committed",
    "recorded",
)


class Kill(BaseException):
    """The process is gone: nothing of it runs any more, no handler either."""


@dataclass(frozen=True)
class Change:
    """One change of the alias."""

    before: str
    after: str
    by: str
    """The request, "outside" or "late"."""


class Registry(MemoryModels):
    """MLflow as it may behave: `mode` says how the next move goes; `down` answers nothing."""

    mode = "ok"
    down = False

    def __init__(self) -> None:
        super().__init__()
        self.at_move: Callable[[str], str] = lambda version: ""
        """Told of each attempt of Tandem's, says for which request it is."""
        self.changes: list[Change] = []
        self.hanging: list[str] = []

    def version(self, model: str, version: str) -> ModelVersion:
        self._answer()
        return super().version(model, version)

    def champion(self, model: str) -> ModelVersion | None:
        self._answer()
        return super().champion(model)

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("MLflow", "connection refused")

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        self._answer()
        by = self.at_move(version)
        if self.mode == "fails before":
            raise Unavailable("MLflow", "500")
        if self.mode == "hangs":
            self.hanging.append(version)
            raise Unavailable("MLflow", "timed out")
        before = self.now_is
        after = super().set_champion(model, version, expected=expected)
        self.noted(before, by)
        if self.mode == "fails after":
            raise Unavailable("MLflow", "connection reset")
        return after

    @property
    def now_is(self) -> str:
        return self.champions().get(MODEL, "")

    def noted(self, before: str, by: str) -> None:
        if self.now_is != before:
            self.changes.append(Change(before, self.now_is, by))

    def moved_outside(self, version: str, by: str = "outside") -> None:
        """Past `set_champion` of Tandem, and past its failures."""
        before, down = self.now_is, self.down
        self.down = False
        if version in {v.version for v in self.versions(MODEL)}:
            super().set_champion(MODEL, version)
            self.noted(before, by)
        self.down = down

    def lost(self, version: str) -> None:
        before = self.now_is
        self.remove(MODEL, version)
        self.noted(before, "outside")


class Ticking(Clock):
    """No two readings are of the same moment."""

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Click:
    """One click while it is dealt with, and what was so when it began."""

    user: str
    ballot: Ballot
    saw: str
    people: dict[str, frozenset[str]]
    """Members by group, and under "" who has the approve right."""
    gathered: Evidence | None = None
    failing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Interruption:
    """What happens in the middle of a click, at a step."""

    step: str
    what: str
    user: str = "ann"
    version: str = "4"
    ballot: Ballot = Ballot.APPROVE


NOTHING = Interruption("", "")
WHATS = (
    *(
        "kill",
        "click",
        "click",
        "new facts",
        "new facts",
        "outside",
        "time",
        "gate",
        "files",
        "lose",
        "settle",
        "leave",
        "down",
    ),
    *("expire", "slept", "slept"),
)
interruptions = st.one_of(
    st.just(NOTHING),
    st.builds(Interruption, st.sampled_from(STEPS), st.just("kill")),
    st.builds(
        Interruption,
        st.sampled_from([s for s in STEPS if s != "before the record is committed"]),
        st.sampled_from(WHATS),
        st.sampled_from(PEOPLE),
        st.sampled_from(("3", "4", "5")),
        st.sampled_from((Ballot.APPROVE, Ballot.APPROVE, Ballot.REJECT)),
    ),
)
policies = st.builds(
    Policy,
    approvers=st.sampled_from(((), ("@leads", "bob"))),
    needed=st.sampled_from((1, 1, 2)),
    veto=st.sampled_from(((), ("dan",))),
    sign_offs=st.sampled_from(({}, {}, {"risk": ("@risk",)})),
    emergency=st.sampled_from(((), ("@leads",))),
    emergency_alone=st.booleans(),
    gates=st.sampled_from(
        ({}, {GATE: GateRule(override=("cat",))}, {GATE: GateRule(override=("@risk", "zoe"))})
    ),
)
ballots = st.sampled_from(
    (Ballot.APPROVE,) * 5 + (Ballot.OVERRIDE, Ballot.OVERRIDE, Ballot.REJECT, Ballot.CHANGES)
)


class PromotionMachine(RuleBasedStateMachine):
    """The rules are what may happen, the invariants what must never; see the module."""

    counts: ClassVar[Counter[str]] = Counter()
    """What happened in all runs, by kind."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self.world = World(models=self.registry, clock=Ticking())
        self.world.groups.table = {
            "@leads": frozenset({"ann", "cat", "zoe"}),
            "@risk": frozenset({"eve", "zoe"}),
        }
        self.world.approvers = frozenset({"ann", "bob", "cat", "zoe"})
        self.registry.at_move = self.at_move
        self.registry.changes.clear()
        self.running: list[Click] = []
        self.interruption = NOTHING
        self.book: list[tuple[str, str, Ballot, str]] = []
        """Each click that was made: request, user, ballot, what the card showed."""
        self.cards: dict[str, list[str]] = {}
        """The hashes that stood on each request's card, oldest first."""
        self.known: dict[str, Approval] = {}
        self.digests = 0
        self.replicas: list[Promotions] = [self.replica(), self.replica()]

    def replica(self) -> Promotions:
        watched = _Watched(self.world, self)
        return Promotions(
            records=self.world.store,
            models=self.registry,
            groups=self.world.groups,
            gatherer=watched,
            judge=watched.judge,
            policies=lambda model: self.world.policy,
            may_approve=lambda user: user in self.world.approvers,
            now=self.world.clock,
            probe=self.step,
        )

    @initialize(policy=policies)
    def start(self, policy: Policy) -> None:
        self.world.policy = policy
        self.ask("zoe", "5", Purpose.PROMOTION, 0)

    # What may happen ---------------------------------------------------------------------

    @rule(
        user=st.sampled_from(("zoe", "zoe", "ann", "fay")),
        version=st.sampled_from(("5", "4", "6", "3")),
        purpose=st.sampled_from((*[Purpose.PROMOTION] * 3, Purpose.ROLLBACK, Purpose.EMERGENCY)),
        replica=st.integers(0, 1),
    )
    def ask(self, user: str, version: str, purpose: Purpose, replica: int) -> None:
        service = self.replicas[replica]
        try:
            asked = service.ask(
                MODEL, version, by=user, by_name=user, reason="because", purpose=purpose
            )
        except (UserError, Unavailable) as error:
            self.count(f"ask: {type(error).__name__}")
            return
        kind = "refused" if asked.approval is None else "new" if asked.new else "waits already"
        self.count(f"ask: {kind}")

    @precondition(lambda self: self.is_something_open())
    @rule(
        which=st.sampled_from((0, 0, 0, 0, 1, 2, 5)),
        user=st.sampled_from((*PEOPLE, "ann", "bob", "cat")),
        ballot=ballots,
        age=st.sampled_from((0, 0, 1)),
        replica=st.integers(0, 1),
        mode=st.sampled_from(("ok", "ok", "ok", "fails before", "fails after", "hangs")),
        interruption=interruptions,
    )
    def click(
        self,
        which: int,
        user: str,
        ballot: Ballot,
        age: int,
        replica: int,
        mode: str,
        interruption: Interruption,
    ) -> None:
        self.registry.mode = mode
        self.interruption = interruption
        try:
            self.press(which, user, ballot, age, replica)
        except Kill:
            self.count(f"killed: {interruption.step}")
            self.running.clear()
            self.replicas[replica] = self.replica()
        self.interruption = NOTHING
        self.registry.mode, self.registry.down = "ok", False

    def press(self, which: int, user: str, ballot: Ballot, age: int, replica: int) -> None:
        """One click, on the newest of the open requests first; `age` 1 presses the button of the
        card as it was before the facts changed."""
        ids = sorted(self.cards, key=self.interest, reverse=True)
        approval_id = ids[which % len(ids)]
        seen = self.cards[approval_id]
        saw = seen[-1 - min(age, len(seen) - 1)]
        self.book.append((approval_id, user, ballot, saw))
        self.running.append(Click(user, ballot, saw, self.people()))
        try:
            ruling = self.replicas[replica].vote(
                approval_id, ballot, by=user, by_name=user, reason="because", saw=saw
            )
            self.count(f"click: {ruling.came.value}")
            assert ruling.came is not Came.MOVED or ruling.approval.status is APPROVED
        except (UserError, Unavailable) as error:
            self.count(f"click: {type(error).__name__}")
        self.running.pop()

    def is_something_open(self) -> bool:
        return any(a.status not in FINAL for a in self.known.values())

    def interest(self, approval_id: str) -> tuple[bool, int]:
        return self.known[approval_id].status not in FINAL, list(self.cards).index(approval_id)

    @precondition(lambda self: self.is_something_open())
    @rule(
        user=st.sampled_from(("ann", "bob", "cat", "eve")),
        replica=st.integers(0, 1),
        mode=st.sampled_from(("ok", "fails before", "fails after", "hangs")),
        interruption=interruptions,
    )
    def approve(self, user: str, replica: int, mode: str, interruption: Interruption) -> None:
        """What people mostly do: without it hardly anything is moved."""
        self.click(0, user, Ballot.APPROVE, 0, replica, mode, interruption)

    @rule(
        what=st.sampled_from(
            (*("outside", "lose", "files", "gate", "leave", "break", "land", "expire"),)
        ),
        version=st.sampled_from(("4", "5", "3", "6")),
        user=st.sampled_from(("ann", "cat", "eve", "zoe")),
    )
    def disturb(self, what: str, version: str, user: str) -> None:
        self.acts(what, version, user)

    @rule(
        what=st.sampled_from(("minute", "settle", "minutes", "expire", "restart", "hour", "day")),
        replica=st.integers(0, 1),
    )
    def clock(self, what: str, replica: int) -> None:
        self.count(f"clock: {what}")
        match what:
            case "settle":
                self.replicas[replica].reconcile()
            case "expire":
                self.replicas[replica].expire()
            case "restart":
                self.restart()
            case span:
                minutes = {"minute": 1, "minutes": 3, "hour": 60, "day": 60 * 25}[span]
                self.world.clock.pass_(timedelta(minutes=minutes))

    def restart(self) -> None:
        """Both replicas start anew; whatever was under way is long over."""
        self.replicas = [self.replica(), self.replica()]
        self.world.clock.pass_(timedelta(minutes=3))
        self.registry.down = False
        self.replicas[0].reconcile()
        moving = self.world.store.approvals.find(status=MOVING)
        assert not moving, f"left moving: {moving}"

    def acts(self, what: str, version: str, user: str) -> None:
        """Something else happens in the world."""
        world, registry = self.world, self.registry
        self.count(f"meanwhile: {what}")
        match what:
            case "outside":
                registry.moved_outside(version)
            case "land" if registry.hanging:
                registry.moved_outside(registry.hanging.pop(0), "late")
            case "lose":
                self.lose(version)
            case "files":
                self.digests += 1
                digest = f"sha256:{self.digests}"
                registry.known[MODEL, version] = Details(artifact=digest)
            case "gate":
                world.failing = {} if world.failing else {GATE: "too wide"}
            case "leave":
                group = "@risk" if user == "eve" else "@leads"
                world.groups.table[group] ^= {user}
            case "break":
                world.groups.broken ^= {"@leads"}
            case "down":
                registry.down = True
            case "expire":
                self.replicas[1].expire()
            case "settle":
                self.replicas[1].reconcile()
            case "slept":
                # So long that the other replica settles what this one left under way.
                world.clock.pass_(timedelta(minutes=3))
                self.replicas[1].reconcile()
            case "time":
                world.clock.pass_(timedelta(minutes=3))

    def lose(self, version: str) -> None:
        """A version is deleted, or is there again."""
        there = {v.version for v in MemoryModels.versions(self.registry, MODEL)}
        if version not in there:
            self.registry.add(ModelVersion(MODEL, version, self.world.clock()))
        elif len(there) > 2:
            self.registry.lost(version)

    # In the middle of a click --------------------------------------------------------------

    def step(self, name: str) -> None:
        plan = self.interruption
        if plan.step != name:
            return
        self.interruption = NOTHING
        if plan.what == "kill":
            raise Kill
        mode, self.registry.mode = self.registry.mode, "ok"
        if plan.what == "click":
            self.count(f"between: another click, {name}")
            self.press(0, plan.user, plan.ballot, 0, 1)
        elif plan.what == "new facts":
            # Somebody else's click finds other files, and the card asks anew.
            self.acts("files", "5", plan.user)
            self.press(0, plan.user, Ballot.APPROVE, 0, 1)
        else:
            self.acts(plan.what, plan.version, plan.user)
        self.registry.mode = mode

    # The oracle ------------------------------------------------------------------------------

    def people(self) -> dict[str, frozenset[str]]:
        groups = self.world.groups
        asked = {g: m for g, m in groups.table.items() if g not in groups.broken}
        return {**asked, "": self.world.approvers}

    def at_move(self, version: str) -> str:
        """Tandem asks the registry: is there a request whose votes allow exactly this?"""
        moving = self.world.store.approvals.find(status=MOVING)
        assert [a.version for a in moving] == [version], f"{version} for {moving}"
        approval, click = moving[0], self.running[-1]
        self.is_agreed(approval, click)
        self.is_as_shown(approval, click)
        self.count("registry asked to move")
        return approval.id

    def is_agreed(self, approval: Approval, click: Click) -> None:
        """The policy's words, applied to what people clicked on this evidence."""
        policy, emergency = self.world.policy, approval.purpose is Purpose.EMERGENCY
        last: dict[str, Ballot] = {}
        for request, user, ballot, saw in self.book:
            clicked = (user, ballot)
            stored = [(v.by, v.ballot) for v in approval.votes]
            if request == approval.id and saw == approval.evidence_hash and clicked in stored:
                last[user] = ballot
        agreed = {u for u, b in last.items() if b in (Ballot.APPROVE, Ballot.OVERRIDE)}
        alone = emergency and policy.emergency_alone
        agreed -= set() if alone else {approval.requester}
        named = (policy.emergency if emergency else ()) or policy.approvers
        approvers = self.named(named, click) if named else click.people[""]
        needed = 1 if emergency else policy.needed
        assert len(agreed & approvers) >= needed, f"{approval.id} moved by {agreed}"
        for role, names in () if emergency else policy.sign_offs.items():
            assert agreed & self.named(names, click), f"{approval.id} without {role}"
        for gate in click.failing:
            may = self.named(policy.gates[gate].override, click) - {approval.requester}
            overrode = {u for u, b in last.items() if b is Ballot.OVERRIDE}
            assert overrode & may, f"{approval.id} although {gate} fails"

    def named(self, names: tuple[str, ...], click: Click) -> frozenset[str]:
        people: set[str] = set()
        for name in names:
            people |= click.people.get(name, frozenset()) if name[0] == "@" else {name}
        return frozenset(people)

    def is_as_shown(self, approval: Approval, click: Click) -> None:
        """What the voters saw is what was gathered at the click that moves."""
        shown, now = thaw(approval.evidence), click.gathered
        assert shown is not None
        assert now is not None
        assert champion_of(now) == approval.champion == champion_of(shown)
        assert now.challenger.version.version == approval.version
        assert now.challenger.details.artifact == shown.challenger.details.artifact

    # What must never be -----------------------------------------------------------------------

    @invariant()
    def nothing_is_lost(self) -> None:
        for after in self.world.store.approvals.find(limit=10_000)[::-1]:
            before = self.known.get(after.id)
            if before is not None and before != after:
                self.only_onwards(before, after)
            seen = self.cards.setdefault(after.id, [])
            if after.evidence_hash not in seen:
                seen.append(after.evidence_hash)
            self.known[after.id] = after

    def only_onwards(self, before: Approval, after: Approval) -> None:
        told = after.timeline[len(before.timeline) :]
        assert after.timeline[: len(before.timeline)] == before.timeline
        assert told, f"{after.id} changed without a word"
        assert before.status not in FINAL, f"{after.id} was {before.status}, is {after.status}"
        if after.votes[: len(before.votes)] != before.votes:
            assert after.evidence_hash != before.evidence_hash
            assert any(event.kind == CHANGED for event in told)
        if before.decided_at is not None:
            assert after.decided_at == before.decided_at
        due = {d.key for d in self.world.store.outbox.due(self.world.clock.at, 10_000)}
        assert {f"request:{after.id}", f"request-thread:{after.id}"} <= due

    @invariant()
    def votes_are_of_people_who_clicked(self) -> None:
        for approval in self.known.values():
            for vote in approval.votes:
                assert (approval.id, vote.by, vote.ballot, vote.saw) in self.book
            fresh = [v for v in approval.votes if v.ballot in (Ballot.APPROVE, Ballot.OVERRIDE)]
            assert len({v.by for v in fresh}) == len(fresh), f"{approval.id}: voted twice"

    @invariant()
    def one_effect_each(self) -> None:
        """A request moves the champion once; again only where somebody else undid it and a person
        clicked to try again."""
        changes = self.registry.changes
        for approval_id in {c.by for c in changes} - {"outside", "late"}:
            effects = [i for i, c in enumerate(changes) if c.by == approval_id]
            for one, other in pairwise(effects):
                assert any(c.by != approval_id for c in changes[one:other]), approval_id
            # Nobody else's champion is overwritten: what was compared with is what was replaced.
            over = {changes[i].before for i in effects}
            assert over == {self.known[approval_id].champion}, f"{approval_id} over {over}"
            tries = [e for e in self.known[approval_id].timeline if e.kind == BEGUN]
            assert len(effects) <= len(tries)

    @invariant()
    def the_record_is_true(self) -> None:
        made = Counter(m.approval for m in self.world.store.moves.find(limit=10_000))
        done = {a.id for a in self.known.values() if a.status is APPROVED}
        assert made == Counter(dict.fromkeys(done, 1))
        for approval_id in done:
            approval = self.known[approval_id]
            assert approval.version in {c.after for c in self.registry.changes}
        assert sum(a.status is MOVING for a in self.known.values()) <= 1

    def teardown(self) -> None:
        """The registry answers, the last process is started: everything comes to rest."""
        self.restart()
        self.nothing_is_lost()
        self.the_record_is_true()
        changes = self.registry.changes
        if not changes or changes[-1].by in ("outside", "late"):
            return
        last = self.known[changes[-1].by]
        assert last.status is APPROVED, f"{last.id} moved the champion and is {last.status}"
        assert self.world.champion == last.version

    def count(self, what: str) -> None:
        self.counts[what] += 1


@dataclass
class _Watched:
    """What a replica gathers and judges, noted in the click that it does it for."""

    world: World
    machine: PromotionMachine

    def gather(self, model: str, version: str, purpose: Purpose) -> Evidence:
        evidence = self.world.gather(model, version, purpose)
        if self.machine.running:
            self.machine.running[-1].gathered = evidence
        return evidence

    def judge(self, evidence: Evidence) -> tuple[Gate, ...]:
        gates = self.world.judge(evidence)
        if self.machine.running:
            self.machine.running[-1].failing = frozenset(self.world.failing)
        return gates
