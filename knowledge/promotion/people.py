"""Who may do what about a request: the people whom a policy names, as they are at this moment.

A policy names users and groups of the chat. Groups are asked anew for each click; one that cannot
be asked allows nobody, and says so. Nothing here is remembered.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from knowledge.errors import NotFound, Unavailable
from knowledge.promotion.policy import Policy
from knowledge.records import Approval, Ballot, Gate, GateResult, Purpose

APPROVING = frozenset({Ballot.APPROVE, Ballot.OVERRIDE})
STOPPING = frozenset({Ballot.REJECT, Ballot.CHANGES})

_GROUP = re.compile(r"@.+|S[A-Z0-9]{4,}")


def is_group(name: str) -> bool:
    """ "@ml-leads" and "S01ABC" are groups, "U01ABC" is a person."""
    return _GROUP.fullmatch(name) is not None


@dataclass(frozen=True)
class Members:
    """Groups as they were when they were asked."""

    of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Groups that could not be asked: why."""

    @classmethod
    def ask(cls, groups: Iterable[str], members: Callable[[str], frozenset[str]]) -> "Members":
        """`members` as `ports.Groups.members`; what it cannot tell is kept as unknown."""
        of: dict[str, frozenset[str]] = {}
        unknown: dict[str, str] = {}
        for group in dict.fromkeys(groups):
            try:
                of[group] = members(group)
            except (NotFound, Unavailable) as error:
                unknown[group] = str(error).rstrip(".")
        return cls(of, unknown)

    def hold(self, names: Iterable[str], user: str) -> bool:
        return any(user in self.of.get(n, ()) if is_group(n) else user == n for n in names)

    def unasked(self, names: Iterable[str]) -> str:
        """Why one of these groups could not be asked, in words, or empty."""
        found = [f"{n} could not be asked ({self.unknown[n]})" for n in names if n in self.unknown]
        return "; ".join(found)


@dataclass(frozen=True)
class Voters:
    """Whose clicks count on one request, under its policy."""

    policy: Policy
    purpose: Purpose
    requester: str
    may_approve: Callable[[str], bool]
    """Who has the approve right (TANDEM_APPROVERS), for policies that name no approvers."""
    members: Members = field(default_factory=Members)

    @property
    def needed(self) -> int:
        return 1 if self.emergency else max(self.policy.needed, 1)

    @property
    def emergency(self) -> bool:
        return self.purpose is Purpose.EMERGENCY

    @property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """The sign-offs that are asked; an emergency does not wait for them."""
        return {} if self.emergency else self.policy.sign_offs

    def is_approver(self, user: str) -> bool:
        """Whether this person's approval counts towards the quorum."""
        return self._is_named(user, self._approving())

    def _approving(self) -> tuple[str, ...]:
        named = self.policy.approvers
        return (self.policy.emergency or named) if self.emergency else named

    def _is_named(self, user: str, names: tuple[str, ...]) -> bool:
        return self.members.hold(names, user) if names else self.may_approve(user)

    def may_veto(self, user: str) -> bool:
        return self.members.hold(self.policy.veto, user)

    def signs(self, user: str) -> frozenset[str]:
        """The roles that this person's approval fills."""
        return frozenset(r for r, names in self.roles.items() if self.members.hold(names, user))

    def may_override(self, user: str, gate: str) -> bool:
        """Never the requester, whatever the policy says."""
        names = overriders(self.policy, gate)
        return user != self.requester and self.members.hold(names, user)

    def has_a_say(self, user: str) -> bool:
        """Whether this person may approve or stop it."""
        return self.is_approver(user) or self.may_veto(user) or bool(self.signs(user))

    def may_decide_own(self, user: str) -> bool:
        """Nobody approves what they asked for, except alone in an emergency where the policy says
        so."""
        return user != self.requester or (self.emergency and self.policy.emergency_alone)

    def say_approvers(self) -> str:
        """ "@ml-leads, U01ABC", or how to become one."""
        return ", ".join(self._approving()) or "those with the approve right (TANDEM_APPROVERS)"

    def say_unasked(self) -> str:
        """What could not be asked about those who decide, or empty."""
        names = (
            *self._approving(),
            *self.policy.veto,
            *(name for role in self.roles.values() for name in role),
        )
        return self.members.unasked(names)


def overriders(policy: Policy, gate: str) -> tuple[str, ...]:
    """Who may approve although this gate fails. A gate of several findings is named "name: about";
    its rule goes by the name."""
    rule = policy.gates.get(gate) or policy.gates.get(gate.partition(":")[0])
    return rule.override if rule is not None else ()


def preventing(gates: Iterable[Gate], policy: Policy) -> tuple[Gate, ...]:
    """The gates that stand in the way under this policy until somebody overrides them."""
    if not policy.failing_gate_prevents:
        return ()
    return tuple(gate for gate in gates if gate.result is GateResult.FAIL)


def hopeless(gates: Iterable[Gate], policy: Policy, requester: str) -> tuple[Gate, ...]:
    """Those of them that nobody but the requester may override: it is no use asking."""
    return tuple(
        gate
        for gate in preventing(gates, policy)
        if not any(name != requester for name in overriders(policy, gate.name))
    )


def groups_asked(policy: Policy, approval: Approval) -> tuple[str, ...]:
    """The groups that matter to this request: no others are asked at a click."""
    emergency = approval.purpose is Purpose.EMERGENCY
    names = [
        *((policy.emergency or policy.approvers) if emergency else policy.approvers),
        *policy.veto,
        *(name for role in policy.sign_offs.values() for name in role if not emergency),
        *(n for gate in preventing(approval.gates, policy) for n in overriders(policy, gate.name)),
    ]
    return tuple(dict.fromkeys(name for name in names if is_group(name)))
