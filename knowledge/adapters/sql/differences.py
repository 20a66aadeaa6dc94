"""What to write so that stored elements in their order become others: pure."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Differences(Generic[T]):
    """Indexes are those of the old elements. Added ones follow all that stay."""

    changed: Sequence[tuple[int, T]] = ()
    removed: Sequence[int] = ()
    added: Sequence[T] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.added)


def differences(
    before: Sequence[T], after: Sequence[T], key: Callable[[T], Hashable]
) -> Differences[T]:
    """Elements are the same one where their keys are. Those that leave or change their order are
    removed, and added again at the end where they are still wanted; so moving one to the front
    rewrites all behind it, while growing, changing and thinning out touch only what differs."""
    same = _same_start(before, after)
    if same == len(before):
        return Differences(added=after[same:])
    old = {key(element): i for i, element in enumerate(before[same:], start=same)}
    changed: list[tuple[int, T]] = []
    kept: set[int] = set()
    last = same - 1
    for element in after[same:]:
        at = old.get(key(element))
        if at is None or at <= last:
            break
        last = at
        kept.add(at)
        if before[at] is not element and before[at] != element:
            changed.append((at, element))
    removed = [i for i in range(same, len(before)) if i not in kept]
    return Differences(changed, removed, after[same + len(kept) :])


def _same_start(before: Sequence[T], after: Sequence[T]) -> int:
    for i, (old, new) in enumerate(zip(before, after, strict=False)):
        if old is not new and old != new:
            return i
    return min(len(before), len(after))
