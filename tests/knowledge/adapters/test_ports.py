"""One suite for each port of the stores, run in memory, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.adapters.sql import SqlStore
from knowledge.audit_chain import verify
from knowledge.errors import NotFound
from knowledge.incidents import resolve
from knowledge.records import (
    REMEMBER_DELIVERIES,
    AuditEntry,
    Batch,
    Change,
    Delivery,
    Document,
    DocumentKind,
    Event,
    Incident,
    Message,
    Posted,
    Severity,
    Signal,
    SignalKind,
    Status,
    Ticket,
)
from tests.knowledge.adapters.at_once import at_once

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Store = MemoryStore | SqlStore


def signal(number: int = 1, ends_at: datetime | None = None) -> Signal:
    return Signal(
        fingerprint=f"f{number}",
        name="High5xx",
        starts_at=NOW,
        received_at=NOW + MINUTE,
        source="alertmanager",
        kind=SignalKind.DRIFT,
        ends_at=ends_at,
        service="checkout",
        severity="page",
        summary="<5 % errors> & more",
        description="long",
        value="0.2",
        labels={"pod": f"checkout-{number}"},
        url="http://prometheus.example/graph",
        runbook_url="http://runbooks.example/5xx",
        id=f"s{number}",
    )


def draft(service: str = "checkout", opened_at: datetime = NOW) -> Incident:
    return Incident(
        id="",
        title=f"{service}: High 5xx rate",
        service=service,
        severity=Severity.SEV2,
        status=Status.OPEN,
        opened_at=opened_at,
        updated_at=opened_at,
        signals=(signal(),),
        changes=(Change("c1", NOW, "deploy", service, "v2", "2", "ada", "http://ci.example"),),
        timeline=(Event("E1", NOW, "opened", "Tandem", "opened by an alert", "http://x.example"),),
        owner="U1",
        acknowledged_by="U2",
        channel="C1",
        cause="disk",
        resolution="",
        suspects=("payment", "node-7"),
        merged_into="",
        tickets=(Ticket("jira", "OPS-7", "http://jira.example/OPS-7", "open"),),
    )


def reread(store: Store) -> Store:
    """The same store without what it remembers."""
    return SqlStore(store.database) if isinstance(store, SqlStore) else store


def keys(deliveries: list[Delivery]) -> list[str]:
    return [delivery.key for delivery in deliveries]


class TestIncidents:
    def test_numbers_them_from_one_and_keeps_all_of_them(self, store: Store) -> None:
        first = store.incidents.open(draft())
        second = store.incidents.open(draft("search"))
        assert (first.id, second.id) == ("INC-1", "INC-2")
        assert store.incidents.get("INC-1") == replace(draft(), id="INC-1") == first

    @pytest.mark.parametrize("wording", ["INC-1", "inc1", "1", "Inc 1", "#1", "INC-001"])
    def test_knows_an_id_as_people_write_it(self, store: Store, wording: str) -> None:
        store.incidents.open(draft())
        assert store.incidents.get(wording).id == "INC-1"

    @pytest.mark.parametrize(
        "unknown", ["INC-7", "checkout", "", "INC--", "1; drop table", "9" * 30]
    )
    def test_offers_ids_that_exist_for_one_that_does_not(self, store: Store, unknown: str) -> None:
        store.incidents.open(draft())
        with pytest.raises(NotFound) as caught:
            store.incidents.get(unknown)
        assert caught.value.nearest == ("INC-1",)
        with pytest.raises(NotFound):
            store.incidents.change(unknown, lambda incident: incident)

    def test_says_which_are_over(self, store: Store) -> None:
        for opened in (draft(), draft("search"), draft("cart")):
            store.incidents.open(opened)
        later = NOW + MINUTE
        store.incidents.change("INC-2", lambda i: resolve(i, "U1", later))
        assert store.incidents.over(["INC-1", "INC-2", "INC-99", "what"]) == {"INC-2": later}
        assert store.incidents.over([]) == {}

    def test_finds_newest_first_by_each_filter(self, store: Store) -> None:
        for hours, service in enumerate(("checkout", "Search", "checkout", "search")):
            store.incidents.open(draft(service, NOW + timedelta(hours=hours)))
        store.incidents.change("3", lambda i: replace(i, status=Status.RESOLVED, resolved_at=NOW))

        def found(**by: object) -> list[str]:
            return [i.id for i in store.incidents.find(**by)]  # type: ignore[arg-type]

        assert found() == ["INC-4", "INC-3", "INC-2", "INC-1"]
        assert found(open_only=True) == ["INC-4", "INC-2", "INC-1"]
        assert found(status=Status.RESOLVED) == ["INC-3"]
        assert found(service="SEARCH") == ["INC-4", "INC-2"]
        assert found(since=NOW + timedelta(hours=2)) == ["INC-4", "INC-3"]
        assert found(limit=1) == ["INC-4"]

    def test_change_keeps_every_field(self, store: Store) -> None:
        store.incidents.open(draft())
        ended = replace(signal(), ends_at=NOW + MINUTE)

        def grow(incident: Incident) -> Incident:
            return replace(
                incident,
                title="new",
                service="Search",
                severity=Severity.SEV1,
                status=Status.RESOLVED,
                updated_at=NOW + MINUTE,
                resolved_at=NOW + MINUTE,
                signals=(ended, signal(2), signal(3)),
                changes=(),
                timeline=(*incident.timeline, Event("E2", NOW, "note", "ada", "hello")),
                owner="U3",
                acknowledged_by="U4",
                channel="C2",
                cause="bad deploy",
                resolution="rolled back",
                suspects=(),
                merged_into="INC-7",
                tickets=(Ticket("jira", "OPS-7", "http://jira.example/OPS-7", "done"),),
            )

        changed = store.incidents.change("INC-1", grow)
        assert store.incidents.get("INC-1") == changed == grow(replace(draft(), id="INC-1"))
        assert store.incidents.find(service="search") == [changed]

    def test_parts_may_shrink_and_move(self, store: Store) -> None:
        store.incidents.open(replace(draft(), signals=(signal(1), signal(2), signal(3))))
        for left in (
            (signal(1), signal(3)),
            (signal(1), replace(signal(3), ends_at=NOW), signal(4)),
            (signal(4), signal(1)),
            (),
            (signal(2),),
            (signal(2), signal(2)),
            (signal(2), replace(signal(2), value="9"), signal(1)),
        ):
            store.incidents.change("1", partial(replace, signals=left))
            assert store.incidents.get("1").signals == left
            assert reread(store).incidents.get("1").signals == left

    def test_neither_the_id_nor_the_thread_can_be_stored(self, store: Store) -> None:
        store.incidents.open(draft())
        message = Message("m1", NOW, "U1", "hello")
        store.incidents.change("1", lambda i: replace(i, id="INC-99", thread=(message,)))
        assert store.incidents.get("1") == replace(draft(), id="INC-1")

    def test_tells_in_the_same_step(self, store: Store) -> None:
        store.incidents.open(draft(), tell=("card",))
        store.incidents.change("1", lambda i: i, tell=("card", "thread"))
        cards, threads = sorted(store.outbox.due(NOW), key=lambda d: d.key)
        assert (cards.key, cards.revision) == ("card:INC-1", 2)
        assert (threads.key, threads.revision) == ("thread:INC-1", 1)

    def test_a_rule_that_refuses_changes_and_tells_nothing(self, store: Store) -> None:
        store.incidents.open(draft())

        def refuse(incident: Incident) -> Incident:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            store.incidents.change("1", refuse, tell=("card",))
        assert store.outbox.due(NOW) == []
        assert store.incidents.get("1") == replace(draft(), id="INC-1")

    def test_simultaneous_changes_all_count(self, store: Store) -> None:
        store.incidents.open(replace(draft(), timeline=()))

        def note(number: int) -> None:
            event = Event(f"N{number}", NOW, "note", "ada", "")
            store.incidents.change("1", lambda i: replace(i, timeline=(*i.timeline, event)))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(note, range(24)))
        timeline = store.incidents.get("1").timeline
        assert {event.id for event in timeline} == {f"N{n}" for n in range(24)}

    def test_text_that_no_database_stores_is_kept_as_far_as_it_can_be(self, store: Store) -> None:
        opened = store.incidents.open(replace(draft(), title="half \ud83d of a pair, nul \0."))
        assert "of a pair" in store.incidents.get(opened.id).title


class TestChanges:
    def test_between_takes_both_ends_and_a_service(self, store: Store) -> None:
        for minute, service in enumerate(("checkout", "search", "Checkout")):
            at = NOW + minute * MINUTE
            store.changes.add(Change(f"c{minute}", at, "deploy", service, "v2"))
        ids = [c.id for c in store.changes.between(NOW, NOW + 2 * MINUTE)]
        assert ids == ["c0", "c1", "c2"]
        assert [c.id for c in store.changes.between(NOW, NOW + MINUTE, "CHECKOUT")] == ["c0"]

    def test_told_again_it_replaces(self, store: Store) -> None:
        change = Change("c1", NOW, "deploy", "checkout", "started", "2", "ada", "http://ci.example")
        store.changes.add(change)
        store.changes.add(replace(change, summary="finished"))
        assert store.changes.between(NOW, NOW) == [replace(change, summary="finished")]


class TestInbox:
    def test_oldest_first_until_done(self, store: Store) -> None:
        first = store.inbox.put("alertmanager", b'{"alerts": [\xff\x00]}', NOW)
        second = store.inbox.put("monitor", b"", NOW)
        assert store.inbox.waiting() == [
            Batch(first, "alertmanager", NOW, b'{"alerts": [\xff\x00]}'),
            Batch(second, "monitor", NOW, b""),
        ]
        assert [b.id for b in store.inbox.waiting(limit=1)] == [first]
        store.inbox.done([first])
        store.inbox.done([])
        assert [b.id for b in store.inbox.waiting()] == [second]

    def test_says_which_still_wait(self, store: Store) -> None:
        done, bad, waits = (store.inbox.put("a", b"", NOW) for _ in range(3))
        store.inbox.done([done])
        store.inbox.poison(bad, "it is no JSON")
        assert store.inbox.still([done, bad, waits, 999]) == {waits}
        assert store.inbox.still([]) == set()

    def test_poison_blocks_nothing_and_does_not_count(self, store: Store) -> None:
        first = store.inbox.put("a", b"1", NOW)
        second = store.inbox.put("a", b"2", NOW)
        assert store.inbox.count() == 2
        store.inbox.poison(first, "ValueError: what")
        assert [b.id for b in store.inbox.waiting()] == [second]
        assert store.inbox.count() == 1

    def test_ids_are_never_used_again(self, store: Store) -> None:
        first = store.inbox.put("a", b"", NOW)
        store.inbox.done([first])
        assert store.inbox.put("a", b"", NOW) > first

    def test_each_of_many_at_once_gets_its_own_id(self, store: Store) -> None:
        def put(caller: int) -> list[tuple[int, bytes]]:
            bodies = [f"{caller}:{n}".encode() for n in range(20)]
            return [(store.inbox.put("a", body, NOW), body) for body in bodies]

        told = dict(pair for pairs in at_once(put) for pair in pairs)
        assert {b.id: b.body for b in store.inbox.waiting(1000)} == told
        assert len(told) == 8 * 20


class TestOutbox:
    def test_merges_while_it_waits_and_keeps_the_earlier_time(self, store: Store) -> None:
        store.outbox.put("card:INC-1", NOW + MINUTE)
        store.outbox.put("card:INC-1", NOW + 5 * MINUTE)
        assert store.outbox.due(NOW) == []
        (card,) = store.outbox.due(NOW + MINUTE)
        assert card == Delivery("card:INC-1", 2, NOW + MINUTE)
        assert (card.kind, card.subject) == ("card", "INC-1")

    def test_oldest_first_and_limited(self, store: Store) -> None:
        store.outbox.put("card:INC-1", NOW + MINUTE)
        store.outbox.put("card:INC-2", NOW)
        later = NOW + 2 * MINUTE
        assert keys(store.outbox.due(later)) == ["card:INC-2", "card:INC-1"]
        assert keys(store.outbox.due(later, limit=1)) == ["card:INC-2"]
        assert [store.outbox.count_due(at) for at in (NOW, later)] == [1, 2]

    def test_what_came_while_it_was_sent_is_not_forgotten(self, store: Store) -> None:
        store.outbox.put("card:INC-1", NOW)
        (sent,) = store.outbox.due(NOW)
        store.outbox.put("card:INC-1", NOW)
        store.outbox.done(sent)
        (again,) = store.outbox.due(NOW)
        assert again.revision == 2
        store.outbox.done(again)
        assert store.outbox.due(NOW) == []
        store.outbox.done(again)

    def test_a_failed_one_waits_as_told_although_more_comes(self, store: Store) -> None:
        store.outbox.put("card:INC-1", NOW)
        (card,) = store.outbox.due(NOW)
        store.outbox.retry(card, NOW + MINUTE)
        store.outbox.put("card:INC-1", NOW)
        assert store.outbox.due(NOW) == []
        (again,) = store.outbox.due(NOW + MINUTE)
        assert (again.attempts, again.revision) == (1, 2)

    def test_attempts_start_over_after_a_success(self, store: Store) -> None:
        store.outbox.put("card:INC-1", NOW)
        (card,) = store.outbox.due(NOW)
        store.outbox.retry(card, NOW)
        (card,) = store.outbox.due(NOW)
        store.outbox.put("card:INC-1", NOW)
        store.outbox.done(card)
        assert store.outbox.due(NOW)[0].attempts == 0

    def test_retry_of_what_is_gone_does_nothing(self, store: Store) -> None:
        store.outbox.retry(Delivery("card:INC-1", 1, NOW), NOW)
        assert store.outbox.due(NOW) == []

    def test_who_finds_it_later_knows_that_it_was_begun(self, store: Store) -> None:
        store.outbox.put("card:INC-1", NOW)
        (card,) = store.outbox.due(NOW)
        store.outbox.begin(card)
        (found,) = store.outbox.due(NOW)
        assert (found.attempts, found.due_at) == (1, NOW)
        # The failure of what was begun is that attempt.
        store.outbox.retry(card, NOW + MINUTE)
        (again,) = store.outbox.due(NOW + MINUTE)
        assert again.attempts == 1
        store.outbox.begin(Delivery("card:INC-9", 1, NOW))
        assert store.outbox.count_due(NOW + MINUTE) == 1

    def test_of_two_that_sent_the_same_the_first_stays(self, store: Store) -> None:
        mine, other = (Posted("card:INC-1", "C1", ts, "v1") for ts in ("1.1", "1.2"))
        assert store.outbox.post_first(mine) == mine
        assert store.outbox.post_first(other) == mine
        assert store.outbox.posted("card:INC-1") == mine

    def test_what_was_told_grows_from_what_was_known(self, store: Store) -> None:
        two, three, late = (Posted("thread:INC-1", "C1", f"1.{n}", n) for n in ("2", "3", "4"))
        assert store.outbox.post_first(two, over="0") == two
        assert store.outbox.post_first(three, over="2") == three
        assert store.outbox.post_first(late, over="2") == three

    def test_remembers_where_it_was_posted(self, store: Store) -> None:
        assert store.outbox.posted("card:INC-1") is None
        store.outbox.set_posted(Posted("card:INC-1", "C1", "1.1", "old"))
        newest = Posted("card:INC-1", "C1", "1.2", "new")
        store.outbox.set_posted(newest)
        assert store.outbox.posted("card:INC-1") == newest
        assert store.outbox.find_posted("C1", "1.2") == newest
        assert store.outbox.find_posted("C2", "1.2") is None
        assert store.outbox.find_posted("C1", "1.1") is None


class TestSeen:
    def test_first_time_once_until_it_is_forgotten(self, store: Store) -> None:
        assert store.seen.first_time("Ev1", NOW)
        assert not store.seen.first_time("Ev1", NOW + REMEMBER_DELIVERIES - MINUTE)
        assert store.seen.first_time("Ev2", NOW)
        assert store.seen.first_time("Ev1", NOW + REMEMBER_DELIVERIES)

    def test_tidy_forgets_the_old_ones(self, store: Store) -> None:
        store.seen.first_time("Ev1", NOW)
        store.seen.first_time("Ev2", NOW + MINUTE)
        assert store.seen.tidy(NOW + REMEMBER_DELIVERIES) == 1
        assert not store.seen.first_time("Ev2", NOW + REMEMBER_DELIVERIES)

    def test_one_of_many_at_once_is_first(self, store: Store) -> None:
        assert at_once(lambda n: store.seen.first_time("Ev1", NOW)).count(True) == 1


class TestAudit:
    def test_newest_first_by_each_filter(self, store: Store) -> None:
        for minute, (actor, skill) in enumerate((("ada", "help"), ("bob", "help"), ("ada", "x"))):
            args = {"n": minute}
            entry = AuditEntry(NOW + minute * MINUTE, actor, skill, args, "ok", "d", "C1")
            store.audit.add(entry)
        assert [e.args["n"] for e in store.audit.find()] == [2, 1, 0]
        assert [e.args["n"] for e in store.audit.find(actor="ada")] == [2, 0]
        assert [e.args["n"] for e in store.audit.find(skill="help", limit=1)] == [1]
        assert store.audit.find(actor="bob")[0] == AuditEntry(
            NOW + MINUTE, "bob", "help", {"n": 1}, "ok", "d", "C1"
        )

    def test_entries_are_linked_in_the_order_of_their_writing(self, store: Store) -> None:
        for n in range(5):
            store.audit.add(AuditEntry(NOW, "ada", "x", {"n": n, "at": "12:00"}, "ok", saw="ab"))
        assert [e.args["n"] for e in store.audit.chain()] == [0, 1, 2, 3, 4]
        assert [e.number for e in store.audit.chain(after=3)] == [4, 5]
        assert len(store.audit.chain(limit=2)) == 2
        checked = verify(store.audit.chain())
        assert checked.holds
        assert checked.entries == 5
        assert checked.head == store.audit.find(limit=1)[0].hash

    @pytest.mark.parametrize("said", ["a\0b", "half a pair: \ud83d", "grün"])
    def test_the_chain_holds_whatever_somebody_says(self, store: Store, said: str) -> None:
        args = {"text": said, "more": [said, float("nan")], said: 1}
        store.audit.add(AuditEntry(NOW, "U1", "x", args, "ok", said, said, said))
        store.audit.add(AuditEntry(NOW, said, said, {}, said))
        checked = verify(store.audit.chain())
        assert (checked.holds, checked.entries) == (True, 2)

    def test_of_many_at_once_each_is_a_link_of_one_chain(self, store: Store) -> None:
        def add(n: int) -> None:
            store.audit.add(AuditEntry(NOW, f"U{n}", "x", {}, "ok"))

        at_once(add)
        checked = verify(store.audit.chain())
        assert checked.holds
        assert checked.entries == len({e.actor for e in store.audit.chain()})


class TestDocuments:
    INCIDENT = Document(
        "INC-0007",
        "Pool ran dry",
        "All connections in use",
        service="checkout",
        date="2025-01-02",
        severity="SEV1",
        root_cause="leak",
        resolution="restart",
        url="http://wiki.example/7",
        tags=("db", "pool"),
    )
    RUNBOOK = Document("rb-pool", "Pools", "Look at the pool", DocumentKind.RUNBOOK)

    def test_keeps_all_of_them_in_order(self, store: Store) -> None:
        store.documents.put([self.INCIDENT, self.RUNBOOK])
        assert store.documents.get("INC-0007") == self.INCIDENT
        assert store.documents.all() == [self.INCIDENT, self.RUNBOOK]
        assert store.documents.count() == 2
        assert store.documents.all(DocumentKind.RUNBOOK) == [self.RUNBOOK]

    def test_the_revision_grows_with_changes_only(self, store: Store) -> None:
        assert store.documents.revision() == 0
        store.documents.put([self.INCIDENT])
        one = store.documents.revision()
        store.documents.put([self.INCIDENT])
        store.documents.put([])
        assert store.documents.revision() == one > 0
        newer = replace(self.INCIDENT, resolution="fixed the leak")
        store.documents.put([newer, self.RUNBOOK])
        assert store.documents.revision() > one
        assert store.documents.all() == [newer, self.RUNBOOK]

    def test_the_last_of_one_id_counts(self, store: Store) -> None:
        newer = replace(self.INCIDENT, title="newer")
        store.documents.put([self.INCIDENT, newer])
        assert store.documents.all() == [newer]

    def test_what_has_changed_is_told_from_a_revision_on(self, store: Store) -> None:
        store.documents.put([self.INCIDENT])
        one = store.documents.changes(-1)
        assert (one.put, one.removed) == ((self.INCIDENT,), ())
        store.documents.put([self.RUNBOOK])
        two = store.documents.changes(one.revision)
        assert (two.put, two.removed) == ((self.RUNBOOK,), ())
        assert two.revision == store.documents.revision() > one.revision
        assert store.documents.changes(two.revision).put == ()

    def test_what_was_removed_is_told_until_it_is_put_again(self, store: Store) -> None:
        store.documents.put([self.INCIDENT, self.RUNBOOK])
        before = store.documents.revision()
        store.documents.remove([self.RUNBOOK.id, "unknown"])
        assert store.documents.all() == [self.INCIDENT]
        gone = store.documents.changes(before)
        assert (gone.put, gone.removed) == ((), (self.RUNBOOK.id,))
        store.documents.put([self.RUNBOOK])
        assert store.documents.changes(before).put == (self.RUNBOOK,)
        assert store.documents.changes(before).removed == ()
        store.documents.remove(["unknown"])
        assert store.documents.revision() == store.documents.changes(before).revision

    def test_an_unknown_id_offers_the_nearest(self, store: Store) -> None:
        store.documents.put([self.INCIDENT, self.RUNBOOK])
        with pytest.raises(NotFound) as caught:
            store.documents.get("rb-pol")
        assert caught.value.nearest[0] == "rb-pool"
