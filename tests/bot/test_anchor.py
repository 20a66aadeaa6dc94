from datetime import UTC, datetime, timedelta

import pytest

from bot.anchor import Anchor, anchors_in, make_anchor, senders
from bot.playground.block_rules import violations
from bot.slack import blocks
from bot.testing import MemoryMessenger
from knowledge.adapters.memory.store import MemoryStore
from knowledge.audit_chain import verify
from knowledge.errors import Unavailable
from knowledge.records import AuditEntry

NOW = datetime(2026, 11, 22, 0, 1, tzinfo=UTC)


class Shelf:
    """An archive in memory."""

    name = "shelf"

    def __init__(self) -> None:
        self.held: dict[str, tuple[bytes, datetime]] = {}
        self.out_of_reach = False

    def keep(self, name: str, content: bytes, until: datetime) -> str:
        if self.out_of_reach:
            raise Unavailable("shelf", "out of reach")
        self.held.setdefault(name, (content, until))
        return f"shelf://{name}"


class World:
    def __init__(self, archive: Shelf | None = None) -> None:
        self.now = NOW
        self.store = MemoryStore()
        self.chat = MemoryMessenger()
        self.anchor = Anchor(
            self.store.audit, self.store.outbox, self.chat, "#incidents", lambda: self.now, archive
        )

    def act(self) -> None:
        self.store.audit.add(AuditEntry(self.now, "U1", "approve", {}, "ok"))

    def tick(self) -> None:
        self.anchor.put_due()
        for delivery in self.store.outbox.due(self.now):
            senders(self.anchor)[delivery.kind](delivery)
            self.store.outbox.done(delivery)


def test_each_day_has_one_head_that_anchors_the_record() -> None:
    world = World()
    world.act()
    for _ in range(3):
        world.tick()
        world.now += timedelta(hours=7)
    (first,) = world.chat.shown
    head = world.store.audit.find(limit=1)[0].hash
    assert head in first.reply.text
    assert violations(blocks.blocks(first.reply)) == []

    world.act()
    world.now = NOW + timedelta(days=1)
    world.tick()
    assert [m.reply.title for m in world.chat.shown] == [
        "Audit record: 1 entry",
        "Audit record: 2 entries",
    ]
    assert verify(world.store.audit.chain(), anchors=[head]).holds


def test_a_restart_posts_no_second_one() -> None:
    world = World()
    world.act()
    world.tick()
    posted = world.store.outbox.posted("anchor:2026-11-22")
    assert posted is not None
    world.store.outbox.forget_posted("anchor:2026-11-22")
    world.tick()
    assert len(world.chat.shown) == 1


def test_an_empty_record_is_not_told() -> None:
    world = World()
    world.tick()
    assert world.chat.shown == []


def test_without_a_channel_there_is_none_and_old_deliveries_leave() -> None:
    world = World()
    world.anchor.put_due()
    assert make_anchor(world.store.audit, world.store.outbox, world.chat, "", lambda: NOW) is None
    (delivery,) = world.store.outbox.due(NOW)
    senders(None)["anchor"](delivery)
    assert world.chat.shown == []


def test_an_archive_keeps_each_days_head_and_a_failure_is_tried_again() -> None:
    shelf = Shelf()
    shelf.out_of_reach = True
    world = World(shelf)
    world.act()
    with pytest.raises(Unavailable):
        world.tick()
    shelf.out_of_reach = False
    for _ in range(2):
        world.tick()
    ((name, (content, until)),) = shelf.held.items()
    assert name == "2026-11-22-000000001.json"
    assert until == NOW + timedelta(days=365)
    heads = anchors_in([content.decode()])
    assert heads == (world.store.audit.find(limit=1)[0].hash,)
    assert len(world.chat.shown) == 1

    world.act()
    world.now += timedelta(days=1)
    world.tick()
    assert list(shelf.held) == ["2026-11-22-000000001.json", "2026-11-23-000000002.json"]


def test_an_archive_alone_is_enough() -> None:
    world = World()
    made = make_anchor(world.store.audit, world.store.outbox, world.chat, "", lambda: NOW, Shelf())
    assert made is not None
    made.put_due()
    assert [d.key for d in world.store.outbox.due(NOW)] == ["anchor-archive:2026-11-22"]


def test_heads_are_found_in_whatever_text_holds_them() -> None:
    one, two = "ab" * 32, "cd" * 32
    assert anchors_in([f"Head `{one}` of Monday", f'{{"head": "{two}"}} {one}']) == (one, two)
    assert anchors_in(["no head here", one + "0"]) == ()
