"""An execution from its click to its card: the service, the outbox and the courier in memory."""

from datetime import timedelta
from pathlib import Path

from bot.courier import Courier
from bot.execution_cards import ExecutionCards
from bot.testing import MemoryMessenger, Shown
from knowledge.adapters.memory.store import MemoryStore
from tests.knowledge.remediation.world import ADA, LAG, NOON, World, click


def test_one_card_is_edited_and_its_thread_told(tmp_path: Path) -> None:
    world = World(MemoryStore(), tmp_path / "runs")
    service, chat = world.service(), MemoryMessenger()
    cards = ExecutionCards(world.store.executions, service, "#incidents", chat.person)
    courier = Courier(world.store.outbox, chat, (cards.subjects,), NOON)

    def send() -> list[Shown]:
        for _ in range(5):
            world.now += timedelta(seconds=2)
            courier.work(world.now)
        return chat.shown

    opened = service.begin(LAG.id, {"group": "w"}, by=ADA, by_name="ada", channel="C1")
    (card,) = send()
    assert (card.channel, card.key) == ("C1", "execution:EXE-1")
    click(service, service.run, opened, 1)
    shown, told = send()
    assert shown.ts == card.ts
    assert shown.edits == 1
    assert [b.label for b in shown.reply.buttons] == ["Dry run of step 2", "Skip step 2", "End"]
    assert told.thread == card.ts
    assert "```\nok: /bin/look w\n```" in [line.text for line in told.reply.sections[0].lines]
