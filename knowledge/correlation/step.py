"""What one call decides, gathered until it is told."""

from dataclasses import replace
from datetime import UTC, datetime

from knowledge.correlation.groups import Group, Member
from knowledge.correlation.outcome import Key, Merging, Opening, Outcome, Placement, Splitting


def time_of(at: float) -> datetime:
    """Epoch seconds as the records hold times."""
    return datetime.fromtimestamp(at, UTC)


class Step:
    """Collects decisions; a group that opens and is merged within one step was never there."""

    def __init__(self) -> None:
        self._openings: dict[str, Opening] = {}
        self._placements: dict[Key, Placement] = {}
        self._merges: list[Merging] = []
        self._splits: list[Splitting] = []

    def opened(self, group: Group, now: float, says: str) -> None:
        self._openings[group.name] = Opening(group.name, time_of(now), says)

    def placed(self, member: Member, before: str = "") -> None:
        """Where a member is now; of several in one step, the first `before` counts."""
        known = self._placements.pop(member.key, None)
        if known is not None:
            before = known.before
        elif before in self._openings:
            before = ""
        self._placements[member.key] = Placement(
            member.signal, member.verdict, member.home, before, member.terms
        )

    def merged(self, group: str, into: str, says: str) -> None:
        if group in self._openings:
            del self._openings[group]
            self._splits = [s for s in self._splits if s.new != group]
        else:
            self._merges.append(Merging(group, into, says))

    def split(self, group: str, new: str, says: str) -> None:
        self._splits.append(Splitting(group, new, says))

    def renamed(self, old: str, new: str) -> None:
        """A group got its name within this step."""
        if old in self._openings:
            self._openings[new] = replace(self._openings.pop(old), group=new)
        self._splits = [replace(s, new=new) if s.new == old else s for s in self._splits]
        for key, placement in self._placements.items():
            if placement.group == old:
                self._placements[key] = replace(placement, group=new)

    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self._openings.values()),
            tuple(self._placements.values()),
            tuple(self._merges),
            tuple(self._splits),
        )
