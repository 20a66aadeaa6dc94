"""What people taught: kinds of alert that do, or do not, belong together."""

import math
from collections.abc import Sequence

from knowledge.correlation.groups import Group, Member
from knowledge.records import Lesson, Teaching

Kind = tuple[str, str]
"""Alert name and service."""
STRENGTH = 6.0
"""One lesson, in nats; further ones of the same pair add less and less."""
MOST_PAIRS = 10_000


class Lessons:
    """The lessons by pair of kinds; the order within a pair does not matter."""

    def __init__(self, lessons: Sequence[Lesson] = ()) -> None:
        self._pairs: dict[Kind, dict[Kind, float]] = {}
        for lesson in lessons:
            self.add(lesson)

    def add(self, lesson: Lesson) -> None:
        sign = 1.0 if lesson.teaching is Teaching.SAME_INCIDENT else -1.0
        for one, other in ((lesson.one, lesson.other), (lesson.other, lesson.one)):
            known = self._pairs.setdefault(one, {})
            known[other] = known.get(other, 0.0) + sign
            if len(self._pairs) > MOST_PAIRS:
                del self._pairs[next(iter(self._pairs))]

    def between(self, member: Member, group: Group) -> float:
        """What the lessons say of this alert in this group: the strongest of its pairs."""
        if not self._pairs:
            return 0.0
        known = self._pairs.get(member.sign)
        if not known:
            return 0.0
        counts = [count for kind, count in known.items() if kind in group.signs]
        if not counts:
            return 0.0
        count = max(counts, key=abs)
        return math.copysign(STRENGTH * math.sqrt(abs(count)), count) if count else 0.0
