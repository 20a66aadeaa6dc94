"""What served before, by the registry and by our own record."""

from collections.abc import Sequence

from knowledge.promotion.versions import PREVIOUS_CHAMPION
from knowledge.records import Approval, ApprovalStatus, ModelVersion, Move


def previous_champion(
    versions: Sequence[ModelVersion], history: Sequence[Approval], current: str
) -> ModelVersion | None:
    """The version that served before `current`: the registry's alias, else our own record.

    `history` is newest first; only versions that still exist count.
    """
    there = {v.version: v for v in versions}
    by_alias = next((v for v in versions if PREVIOUS_CHAMPION in v.aliases), None)
    if by_alias is not None and by_alias.version != current:
        return by_alias
    served = (
        a.champion for a in history if a.status is ApprovalStatus.APPROVED and a.version == current
    )
    return next((there[v] for v in served if v in there and v != current), None)


def champion_since(history: Sequence[Approval], version: str) -> Approval | None:
    """The approved request (newest first) that made `version` champion, if Tandem did it."""
    return next(
        (
            a
            for a in history
            if a.status is ApprovalStatus.APPROVED and a.version == version and a.outcome
        ),
        None,
    )


def has_served(version: str, history: Sequence[Approval], moves: Sequence[Move]) -> bool:
    """Whether a version of a model was champion, by our own record of requests and of moves."""
    asked = (a for a in history if a.status is ApprovalStatus.APPROVED)
    return any(version in (a.version, a.champion) for a in asked) or any(
        version in (m.version, m.before) for m in moves
    )
