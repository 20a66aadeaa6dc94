"""The audit record as a chain: each entry holds the hash of the one before it, so that nobody can
change, remove or put in one without everything after it saying so.

What the chain alone cannot show is that its newest entries were cut off. Somebody else has to
remember a head for that: it is posted daily, and `verify` is given it as an anchor.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC

from knowledge.records import AuditEntry
from knowledge.storable import storable

GENESIS = "0" * 64
"""What the first entry holds in the place of a hash."""
_WORDS = ("actor", "skill", "outcome", "detail", "place", "saw")


@dataclass(frozen=True)
class Verification:
    """What was found: `entries` that are linked, `unlinked` ones from before there was a chain."""

    entries: int
    unlinked: int
    head: str
    """The newest hash; GENESIS where there is none."""
    broken_at: int = 0
    """The number of the first entry that does not hold; 0 where all do."""
    why: str = ""

    @property
    def holds(self) -> bool:
        return not self.why


def linked(entry: AuditEntry, last: AuditEntry | None) -> AuditEntry:
    """The entry as the next link after `last`."""
    chained = last is not None and last.hash
    number = last.number + 1 if last is not None and chained else 1
    previous = last.hash if last is not None and chained else GENESIS
    # The hash must be of what is stored: one NUL would make the record look tampered with.
    made = replace(
        entry,
        number=number,
        previous=previous,
        args=storable(entry.args),
        **{name: storable(getattr(entry, name)) for name in _WORDS},
    )
    return replace(made, hash=digest(made))


def digest(entry: AuditEntry) -> str:
    """SHA-256 over everything the entry says, its number and the hash before it, as JSON with
    sorted keys and no spaces; 64 hexadecimal digits."""
    said = {
        "number": entry.number,
        "previous": entry.previous,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "skill": entry.skill,
        "args": dict(entry.args),
        "outcome": entry.outcome,
        "detail": entry.detail,
        "place": entry.place,
        "saw": entry.saw,
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(entries: Iterable[AuditEntry], anchors: Collection[str] = ()) -> Verification:
    """Go through the record, oldest first, and stop at the first link that does not hold.

    `anchors` are heads that somebody remembered: each must be the hash of some entry.
    """
    missing = set(anchors)
    last: AuditEntry | None = None
    count = unlinked = 0
    for entry in entries:
        if last is None and not entry.hash:
            unlinked += 1
            continue
        why = _wrong(entry, last)
        if why:
            at = entry.number or (last.number + 1 if last else 1)
            return Verification(count, unlinked, last.hash if last else GENESIS, at, why)
        missing.discard(entry.hash)
        last = entry
        count += 1
    head = last.hash if last else GENESIS
    missing.discard(GENESIS)
    if missing:
        lost = ", ".join(sorted(m[:12] for m in missing))
        why = f"no entry has the anchored hash {lost}: entries after it were cut off or made anew"
        return Verification(count, unlinked, head, count + 1, why)
    return Verification(count, unlinked, head)


def _wrong(entry: AuditEntry, last: AuditEntry | None) -> str:
    expected = last.number + 1 if last is not None else 1
    if not entry.hash:
        return "it has no hash: it was put in beside the chain"
    if entry.number != expected:
        return f"its number is {entry.number} where {expected} follows: an entry is missing or new"
    if entry.previous != (last.hash if last is not None else GENESIS):
        return "it does not follow from the entry before it"
    if entry.hash != digest(entry):
        return "it was changed after it was written"
    return ""
