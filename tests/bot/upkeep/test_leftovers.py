"""What an earlier run left, and died of."""

from bot.upkeep.leftovers import MOST_TRIES, Leftovers
from knowledge.adapters.memory.store import MemoryInbox, MemorySeen
from skills.testing import NOON


def inbox(count: int) -> MemoryInbox:
    made = MemoryInbox()
    for number in range(count):
        made.put("opsgenie", b"%d" % number, NOON)
    return made


class Killed(Exception):
    """The process ends here."""


def run(box: MemoryInbox, seen: MemorySeen, deadly: bytes) -> list[bytes]:
    """One run of the bot until the inbox is empty; what it set aside. Raises Killed."""
    leftovers, aside = Leftovers(seen), []
    while batches := box.waiting(100):
        taken, hopeless = leftovers.choose(batches, NOON)
        if hopeless:
            aside.append(taken[0].body)
        elif any(batch.body == deadly for batch in taken):
            raise Killed
        box.done([batch.id for batch in taken])
    return aside


def test_what_ends_every_run_is_set_aside_and_nothing_else_is() -> None:
    box, seen = inbox(10), MemorySeen()
    ends = 0
    while True:
        try:
            aside = run(box, seen, b"6")
        except Killed:
            ends += 1
            continue
        break
    assert aside == [b"6"]
    assert MOST_TRIES <= ends <= MOST_TRIES + 1


def test_a_run_that_was_ended_by_something_else_takes_all_together_first() -> None:
    batches = inbox(10).waiting(100)
    assert Leftovers(MemorySeen()).choose(batches, NOON) == (batches, "")


def test_after_that_they_are_taken_one_by_one() -> None:
    batches, seen = inbox(10).waiting(100), MemorySeen()
    Leftovers(seen).choose(batches, NOON)
    again = Leftovers(seen)
    assert again.choose(batches, NOON) == (batches[:1], "")
    assert again.choose(batches[1:], NOON) == (batches[1:2], "")


def test_what_came_after_the_start_is_no_leftover() -> None:
    box, seen = inbox(2), MemorySeen()
    first = box.waiting(100)
    Leftovers(seen).choose(first, NOON)
    again = Leftovers(seen)
    again.choose(first, NOON)
    box.done([batch.id for batch in first])
    box.put("opsgenie", b"new", NOON)
    box.put("opsgenie", b"newer", NOON)
    fresh = box.waiting(100)
    assert again.choose(fresh, NOON) == (fresh, "")


def test_trying_again_within_one_run_counts_once() -> None:
    batches, seen = inbox(3).waiting(100), MemorySeen()
    leftovers = Leftovers(seen)
    for _ in range(2 * MOST_TRIES):
        assert leftovers.choose(batches, NOON) == (batches, "")
