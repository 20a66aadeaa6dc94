"""A small world of promotion: a registry, a store, people in groups, and a clock that stands."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from knowledge.adapters.memory.registry import MemoryModels
from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore
from knowledge.errors import NotFound, Unavailable
from knowledge.promoting.mover import Probe, no_probe
from knowledge.promoting.service import Promotions
from knowledge.promotion import DEFAULT_POLICY, Policy
from knowledge.promotion.evidence import Evidence, Side
from knowledge.promotion.ruling import Ruling
from knowledge.records import Approval, Ballot, Details, Gate, GateResult, ModelVersion, Purpose

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MODEL = "fraud"


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, span: timedelta) -> None:
        self.at += span


@dataclass
class TableGroups:
    """`ports.Groups` from a table; `broken` ones cannot be asked."""

    table: dict[str, frozenset[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def members(self, group: str) -> frozenset[str]:
        if group in self.broken:
            raise Unavailable("Slack", "missing_scope: usergroups:read", retry=False)
        if group not in self.table:
            raise NotFound.among("group", group, self.table)
        return self.table[group]


@dataclass
class World:
    """Everything a `Promotions` needs, with handles to change it."""

    clock: Clock = field(default_factory=Clock)
    models: MemoryModels = field(default_factory=MemoryModels)
    store: MemoryStore | SqlStore = field(default_factory=MemoryStore)
    groups: TableGroups = field(default_factory=TableGroups)
    policy: Policy = DEFAULT_POLICY
    approvers: frozenset[str] = frozenset({"ann", "bob", "cat"})
    failing: dict[str, str] = field(default_factory=dict)
    """Gates that fail now: their details by name."""

    def __post_init__(self) -> None:
        for number in ("3", "4", "5", "6"):
            aliases = ("champion",) if number == "3" else ()
            self.models.add(ModelVersion(MODEL, number, NOON, aliases=aliases))
            self.models.known[MODEL, number] = Details(artifact=f"sha256:{number * 64}")

    def service(self, probe: Probe = no_probe) -> Promotions:
        return Promotions(
            records=self.store,
            models=self.models,
            groups=self.groups,
            gatherer=self,
            judge=self.judge,
            policies=lambda model: self.policy,
            may_approve=lambda user: user in self.approvers,
            now=self.clock,
            probe=probe,
        )

    def gather(self, model: str, version: str, purpose: Purpose) -> Evidence:
        challenger = self.models.version(model, version)
        champion = self.models.champion(model)
        return Evidence(
            at=self.clock(),
            purpose=purpose,
            challenger=self._side(challenger),
            champion=None if champion is None else self._side(champion),
            policy=self.policy,
        )

    def _side(self, version: ModelVersion) -> Side:
        return Side(version, self.models.details(version.model, version.version))

    def judge(self, evidence: Evidence) -> tuple[Gate, ...]:
        bad = tuple(Gate(n, GateResult.FAIL, detail) for n, detail in self.failing.items())
        return (Gate("age", GateResult.PASS, "registered 1 h ago"), *bad)

    @property
    def champion(self) -> str:
        return self.models.champions().get(MODEL, "")


def click(
    service: Promotions,
    approval: Approval,
    user: str,
    ballot: Ballot = Ballot.APPROVE,
    reason: str = "because",
) -> Ruling:
    """A click on the card as it was when `approval` was read."""
    saw = approval.evidence_hash
    return service.vote(approval.id, ballot, by=user, by_name=user.title(), reason=reason, saw=saw)
