from collections.abc import Callable
from dataclasses import replace

import pytest

from knowledge.audit_chain import GENESIS, digest, linked, verify
from knowledge.records import AuditEntry
from skills.testing import NOON

Chain = list[AuditEntry]


def chain(length: int = 5) -> Chain:
    made: Chain = []
    for n in range(length):
        entry = AuditEntry(NOON, f"U{n}", "approve", {"approval": f"APR-{n}"}, "ok", "moved")
        made.append(linked(entry, made[-1] if made else None))
    return made


def test_a_chain_holds_and_names_its_head() -> None:
    entries = chain()
    found = verify(entries)
    assert (found.holds, found.entries, found.head) == (True, 5, entries[-1].hash)
    assert entries[0].previous == GENESIS
    assert verify([]).head == GENESIS


def _changed(entries: Chain) -> Chain:
    return [*entries[:2], replace(entries[2], actor="U9"), *entries[3:]]


def _changed_and_hashed_anew(entries: Chain) -> Chain:
    forged = replace(entries[2], actor="U9")
    return [*entries[:2], replace(forged, hash=digest(forged)), *entries[3:]]


def _removed(entries: Chain) -> Chain:
    return [*entries[:2], *entries[3:]]


def _swapped(entries: Chain) -> Chain:
    return [*entries[:2], entries[3], entries[2], *entries[4:]]


def _put_in_beside(entries: Chain) -> Chain:
    return [*entries[:2], AuditEntry(NOON, "U9", "approve", {}, "ok"), *entries[2:]]


def _put_in_with_a_hash(entries: Chain) -> Chain:
    return [*entries[:2], linked(AuditEntry(NOON, "U9", "x", {}, "ok"), entries[1]), *entries[2:]]


@pytest.mark.parametrize(
    ("tamper", "number", "why"),
    [
        (_changed, 3, "changed after it was written"),
        (_changed_and_hashed_anew, 4, "does not follow"),
        (_removed, 4, "its number is 4 where 3 follows"),
        (_swapped, 4, "its number is 4 where 3 follows"),
        (_put_in_beside, 3, "put in beside the chain"),
        (_put_in_with_a_hash, 3, "its number is 3 where 4 follows"),
    ],
)
def test_the_first_broken_link_is_named(
    tamper: Callable[[Chain], Chain], number: int, why: str
) -> None:
    found = verify(tamper(chain()))
    assert not found.holds
    assert found.broken_at == number
    assert why in found.why


def test_a_tail_that_was_cut_off_is_seen_by_who_remembers_a_head() -> None:
    entries = chain()
    assert verify(entries[:3]).holds
    found = verify(entries[:3], anchors=[entries[1].hash, entries[4].hash])
    assert not found.holds
    assert entries[4].hash[:12] in found.why
    assert verify(entries, anchors=[entries[4].hash]).holds


def test_a_chain_that_was_made_anew_is_seen_by_who_remembers_a_head() -> None:
    anchor = chain()[-1].hash
    forged = [linked(replace(e, actor="U9"), None) for e in chain(1)]
    for entry in chain()[1:]:
        forged.append(linked(entry, forged[-1]))
    assert verify(forged).holds
    assert not verify(forged, anchors=[anchor]).holds


def test_entries_from_before_the_chain_are_counted_apart() -> None:
    old = AuditEntry(NOON, "U0", "help", {}, "ok")
    first = linked(AuditEntry(NOON, "U1", "help", {}, "ok"), old)
    found = verify([old, old, first])
    assert (found.holds, found.unlinked, found.entries) == (True, 2, 1)


def test_the_hash_depends_on_every_part() -> None:
    (entry,) = chain(1)
    others = [
        replace(entry, at=NOON.replace(microsecond=1)),
        replace(entry, actor="x"),
        replace(entry, skill="x"),
        replace(entry, args={"approval": "x"}),
        replace(entry, outcome="x"),
        replace(entry, detail="x"),
        replace(entry, place="x"),
        replace(entry, saw="x"),
        replace(entry, number=2),
        replace(entry, previous="x"),
    ]
    assert len({digest(one) for one in (entry, *others)}) == 11
