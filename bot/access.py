"""Pure: may this person make this call?"""

from collections.abc import Callable
from dataclasses import dataclass

from knowledge.errors import Denied
from skills.contract import Role, User

EVERYONE = "*"


@dataclass(frozen=True)
class Rights:
    """Who may operate and approve: Slack user ids, or `*` for everyone."""

    operators: frozenset[str]
    approvers: frozenset[str]

    @classmethod
    def read(cls, operators: str, approvers: str) -> "Rights":
        """From the settings' comma-separated lists."""
        return cls(_ids(operators), _ids(approvers))

    def role(self, user_id: str) -> Role:
        if _holds(self.approvers, user_id):
            return Role.APPROVE
        if _holds(self.operators, user_id):
            return Role.OPERATE
        return Role.READ

    def who(self, role: Role) -> frozenset[str]:
        """Ids of those with the role; empty when nobody or everybody has it."""
        listed = self.approvers if role is Role.APPROVE else self.approvers | self.operators
        return listed - {EVERYONE}


def check(user: User, needs: Role, who: Callable[[Role], str]) -> None:
    """Raises Denied, saying what is missing and who has it; `who` names those people, and is
    asked only then."""
    if user.role >= needs:
        return
    if needs is Role.APPROVE:
        may, setting = "approve or reject", "TANDEM_APPROVERS"
    else:
        may, setting = "change incidents", "TANDEM_OPERATORS"
    names = who(needs)
    remedy = f"These people may: {names}." if names else f"Nobody is named in {setting} yet."
    raise Denied(f"You may look at this, but not {may}. {remedy}")


def _ids(text: str) -> frozenset[str]:
    return frozenset(part.strip().strip("<@>") for part in text.split(",") if part.strip())


def _holds(ids: frozenset[str], user_id: str) -> bool:
    return EVERYONE in ids or user_id in ids
