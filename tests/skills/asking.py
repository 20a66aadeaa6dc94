"""A world in which people ask for promotions and vote: the real service over a registry and a store
in memory, with people, groups and a clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from knowledge.adapters.absent import AbsentFrames, AbsentWatching
from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import NotFound
from knowledge.ports import Frames
from knowledge.promoting.gather import Gatherer
from knowledge.promoting.service import Promotions
from knowledge.promotion import DEFAULT_POLICY, Policy
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import judge
from knowledge.promotion.history import has_served
from knowledge.records import (
    Approval,
    ApprovalStatus,
    Details,
    Gate,
    GateResult,
    ModelVersion,
)
from skills.contract import Button, Call, Context, Reply, Role, User
from skills.registry import BUILTIN
from skills.testing import NOON, context

ADA = User("U1", "ada", Role.READ)
GRACE = User("U2", "grace", Role.APPROVE)
JOAN = User("U3", "joan", Role.APPROVE)
BOB = User("U9", "bob", Role.OPERATE)
MODEL = "eta-model"
SKILLS = {skill.name: skill for skill in BUILTIN}


def version(number: str, digest: str = "d1", **metrics: float) -> ModelVersion:
    return ModelVersion(
        MODEL,
        number,
        NOON - timedelta(days=1),
        metrics=metrics,
        dataset="holdout",
        dataset_digest=digest,
        tags={"service": "eta"},
    )


@dataclass(frozen=True)
class TableGroups:
    """`ports.Groups` from a table."""

    table: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def members(self, group: str) -> frozenset[str]:
        if group not in self.table:
            raise NotFound.among("group", group, self.table)
        return self.table[group]


def promoting(
    store: MemoryStore,
    models: MemoryModels,
    *,
    now: Callable[[], datetime] = lambda: NOON,
    policies: Callable[[str], Policy] = lambda model: DEFAULT_POLICY,
    judge: Callable[[Evidence], tuple[Gate, ...]] = judge,
    groups: TableGroups = TableGroups(),
    frames: Frames = AbsentFrames(),  # noqa: B008 stateless
) -> Promotions:
    """The real service, as `bot.parts` wires it."""

    def served(model: str, number: str) -> bool:
        history = store.approvals.find(model=model, status=ApprovalStatus.APPROVED)
        return has_served(number, history, store.moves.find(model=model))

    gatherer = Gatherer(models, frames, store.incidents, AbsentWatching(), policies, served, now)
    return Promotions(
        records=store,
        models=models,
        groups=groups,
        gatherer=gatherer,
        judge=judge,
        policies=policies,
        may_approve=lambda user: user in (GRACE.id, JOAN.id),
        now=now,
    )


class World:
    """v3 is champion; v5 is better, v2 is worse, v4 was measured on other data."""

    def __init__(self, models: MemoryModels | None = None, policy: Policy = DEFAULT_POLICY) -> None:
        self.at = NOON
        self.policy = policy
        self.groups = TableGroups({"@ml": frozenset({"U2", "U3"}), "@risk": frozenset({"U3"})})
        self.failing: dict[str, str] = {}
        """Gates that fail beside the real ones: their details by name."""
        self.store = MemoryStore()
        self.models = models or MemoryModels(names=["empty-model"])
        self.add(version("2", rmse=14.0, mae=9.0))
        self.add(replace(version("3", rmse=12.0, mae=8.0), aliases=("champion",)))
        self.add(version("4", "d2", rmse=5.0, mae=4.0))
        self.add(version("5", rmse=10.0, mae=7.5))
        self.promoting = promoting(
            self.store,
            self.models,
            now=lambda: self.at,
            policies=lambda model: self.policy,
            judge=self._judge,
            groups=self.groups,
        )

    def _judge(self, evidence: Evidence) -> tuple[Gate, ...]:
        bad = (Gate(name, GateResult.FAIL, why) for name, why in self.failing.items())
        return (*judge(evidence), *bad)

    def add(self, made: ModelVersion) -> None:
        self.models.add(made)
        self.models.known[made.model, made.version] = Details(
            artifact=f"sha256:{made.version:0>64}"
        )

    def as_(self, user: User, *, click: bool = True, **more: Any) -> Context:
        """In the terminal, unless `channel` is given."""
        given: dict[str, Any] = {
            "user": user,
            "now": self.at,
            "models": self.models,
            "approvals": self.store.approvals,
            "incidents": self.store.incidents,
            "promoting": self.promoting,
            "via_button": click,
            "people": {u.id: u.name for u in (ADA, GRACE, JOAN, BOB)}.get,
        }
        return context(**{**given, **more})

    def run(self, call: Call, user: User, *, click: bool = True, **more: Any) -> Reply:
        skill = SKILLS[call.skill]
        args = skill.args.model_validate(dict(call.args))
        return skill.run(self.as_(user, click=click, **more), args)

    def ask(
        self,
        model: str = MODEL,
        number: str = "v5",
        reason: str = "",
        user: User = ADA,
        **more: Any,
    ) -> Reply:
        call = Call("promotion", {"model": model, "version": number, "reason": reason})
        return self.run(call, user, click=False, **more)

    def press(self, card: Reply, label: str, user: User = GRACE, reason: str = "") -> Reply:
        """Press a button of this card, and fill in its form."""
        call = button(card, label).call
        assert call is not None
        typed = {"reason": reason} if reason else {}
        return self.run(Call(call.skill, {**call.args, **typed}), user)

    def only(self) -> Approval:
        (approval,) = self.store.approvals.find()
        return approval

    def champion(self) -> str:
        champion = self.models.champion(MODEL)
        return champion.version if champion else ""


def labels(reply: Reply) -> list[str]:
    return [b.label for b in reply.buttons]


def button(reply: Reply, label: str) -> Button:
    return next(b for b in reply.buttons if b.label == label)


def words(reply: Reply) -> str:
    """All that its sections say."""
    return "\n".join(
        text for s in reply.sections for text in (s.heading, *(line.text for line in s.lines))
    )
