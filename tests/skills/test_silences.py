from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import BadArgs, NotFound
from knowledge.maintenance import WithWindows, read_windows
from knowledge.ports import Silences
from knowledge.records import AlertRecord, Signal, Silence, Verdict
from knowledge.silences import parse_matchers
from skills.contract import Context, NoArgs, Reply
from skills.silences import EndArgs, ProlongArgs, silence_end, silence_prolong, skill
from skills.testing import NOON, context

HOUR = timedelta(hours=1)
WINDOWS = read_windows("""
[[maintenance]]
name = "Backup"
match = "alertname=DiskBusy"
at = 11:30:00
for = "90m"
""")


def silence(text: str, starts: float = -1, ends: float = 2, reason: str = "") -> Silence:
    return Silence(
        id="",
        matchers=parse_matchers(text),
        starts_at=NOON + starts * HOUR,
        ends_at=NOON + ends * HOUR,
        created_by="U2",
        created_at=NOON - HOUR,
        reason=reason,
        kind="silence" if starts <= 0 else "maintenance",
    )


@pytest.fixture
def store() -> MemoryStore:
    """SIL-1 on checkout holds, SIL-2 on kafka comes, SIL-3 is over; SIL-1 hid two alerts."""
    store = MemoryStore()
    store.silences.add(silence("service=checkout", reason="deploy"))
    store.silences.add(silence("service=kafka", 3, 5))
    store.silences.add(silence("service=cart", -3, -1))
    hidden = [Signal(f"f{n}", "Slow", NOON, NOON, service="checkout") for n in (1, 2)]
    store.alerts.record(
        [AlertRecord(s, NOON, verdict=Verdict.SILENCED, silence="SIL-1") for s in hidden]
    )
    return store


def world(store: MemoryStore, click: bool = False, silences: Silences | None = None) -> Context:
    return context(
        alerts=store.alerts,
        silences=silences or store.silences,
        via_button=click,
        people=lambda user: {"U1": "ada", "U2": "ben"}.get(user, user),
    )


def end(store: MemoryStore, what: str = "", click: bool = False) -> Reply:
    return silence_end.run(world(store, click), EndArgs(silence=what))


def labels(reply: Reply) -> Sequence[str]:
    return [b.label for b in reply.buttons]


def test_the_list_has_those_that_hold_and_those_to_come(store: MemoryStore) -> None:
    reply = skill.run(world(store), NoArgs())
    assert reply.title == "1 silence now, 1 to come"
    assert reply.table is not None
    assert reply.table.rows == (
        ("SIL-1", "service=checkout", "until 14:00", "ben", "deploy", "2"),
        ("SIL-2", "service=kafka", "15:00 to 17:00", "ben", "–", "0"),
    )
    assert labels(reply) == ["End SIL-1"]
    assert "Alertmanager" in reply.footer


def test_windows_of_the_file_are_listed_without_a_button(store: MemoryStore) -> None:
    with_windows = WithWindows(MemoryStore().silences, WINDOWS)
    reply = skill.run(world(store, silences=with_windows), NoArgs())
    assert reply.title.startswith("1 silence now, 7 to come")
    assert reply.table is not None
    assert reply.table.rows[0][:4] == (
        "MW-backup-20260305",
        "alertname=DiskBusy",
        "until 13:00",
        "maintenance file",
    )
    assert labels(reply) == []


def test_no_silence_is_said_with_how_to_set_one() -> None:
    reply = skill.run(world(MemoryStore()), NoArgs())
    assert reply.title == "No silence holds or is to come"
    assert "/silence" in reply.text


@pytest.mark.parametrize("what", ["SIL-1", "sil-1", "1", "checkout"])
def test_ending_is_asked_first_and_done_by_the_button(store: MemoryStore, what: str) -> None:
    reply = end(store, what)
    assert reply.title == "End SIL-1?"
    assert store.silences.get("SIL-1").ends_at > NOON
    (button,) = reply.buttons
    assert button.call is not None
    done = end(store, str(button.call.args["silence"]), click=True)
    assert done.title == "SIL-1 has ended"
    assert "hid 2 alerts" in done.text
    ended = store.silences.get("SIL-1")
    assert (ended.ends_at, ended.ended_by) == (NOON, "U1")


def test_which_one_is_asked_when_it_was_not_said(store: MemoryStore) -> None:
    assert end(store).title == "1 silence now, 1 to come"
    assert end(store, "search").title == "1 silence now, 1 to come"


def test_the_only_one_need_not_be_named(store: MemoryStore) -> None:
    end(store, "SIL-2", click=True)
    assert end(store).title == "End SIL-1?"


def test_one_that_is_over_is_not_ended_again(store: MemoryStore) -> None:
    reply = end(store, "SIL-3", click=True)
    assert reply.title == "SIL-3 is over already"
    assert store.silences.get("SIL-3").ended_by == ""


def test_an_unknown_one_is_not_found(store: MemoryStore) -> None:
    with pytest.raises(NotFound):
        end(store, "SIL-77")


def prolong(store: MemoryStore, what: str, hours: float, silences: Silences | None = None) -> Reply:
    ctx = world(store, click=True, silences=silences)
    return silence_prolong.run(ctx, ProlongArgs(silence=what, duration=hours * HOUR))


def test_prolonging_leaves_no_gap(store: MemoryStore) -> None:
    reply = prolong(store, "SIL-1", 4)
    assert reply.title == "SIL-4 holds until 2026-03-05 18:00 UTC"
    old, new = store.silences.get("SIL-1"), store.silences.get("SIL-4")
    assert old.ends_at == new.starts_at == NOON
    assert (new.matchers, new.reason, new.created_by) == (old.matchers, "deploy", "U1")


def test_a_prolonged_one_may_not_last_forever(store: MemoryStore) -> None:
    with pytest.raises(BadArgs, match="too long"):
        prolong(store, "SIL-1", 24 * 30)
    assert store.silences.get("SIL-1").ended_by == ""


@pytest.mark.parametrize(("what", "says"), [("SIL-2", "has not begun"), ("SIL-9", "no silence")])
def test_what_cannot_be_prolonged(store: MemoryStore, what: str, says: str) -> None:
    with pytest.raises((BadArgs, NotFound), match=says):
        prolong(store, what, 1)
    assert prolong(store, "SIL-3", 1).title == "SIL-3 is over already"


def test_a_window_of_the_file_is_prolonged_by_a_silence_beside_it(store: MemoryStore) -> None:
    silences = WithWindows(store.silences, WINDOWS)
    reply = prolong(store, "MW-backup-20260305", 1, silences)
    assert reply.title == "SIL-4 holds until 2026-03-05 14:00 UTC"
    made = replace(store.silences.get("SIL-4"), reason="")
    assert made.kind == "silence"
