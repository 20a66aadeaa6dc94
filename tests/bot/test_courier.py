"""The courier, with the chat and the stores in memory and the time in the tests' hands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.courier import GIVE_UP_AFTER, Carded, Courier, Pace, Subjects, digest
from bot.ports import Gone, RateLimited
from bot.testing import MemoryMessenger, Shown
from bot.upkeep.outage import PROBE, Over
from knowledge.adapters.memory.store import MemoryOutbox, MemoryStore
from knowledge.errors import Unavailable
from knowledge.incidents import add_note, merge_into, open_from
from knowledge.records import Approval, Event, Incident, Posted, Signal
from skills.contract import Line, Picture, Reply, Section
from skills.testing import NOON

CHANNEL = "#incidents"
SOON = timedelta(seconds=30)


Thing = Incident | Approval
"""What has a card."""


def events_of(events: Sequence[Event]) -> str:
    return " | ".join(event.text for event in events)


def card_of(thing: Thing) -> Reply:
    return Reply(thing.id, events_of(thing.timeline))


def update_of(thing: Thing, events: tuple[Event, ...]) -> Reply:
    return Reply(thing.id, sections=(Section(lines=tuple(Line(e.text) for e in events)),))


class Crash(BaseException):
    """The process ends here: nothing below catches it."""


@dataclass
class Setting:
    """One store and one chat; as many couriers after each other as a test wants. What has cards is
    an incident or a request: everything holds for both."""

    card: str
    thread: str
    store: MemoryStore = field(default_factory=MemoryStore)
    chat: MemoryMessenger = field(default_factory=MemoryMessenger)
    draw: Callable[[Any], Reply] = card_of
    settle: timedelta = timedelta()

    def courier(
        self, started: timedelta = timedelta(), channel: str = CHANNEL, otherwise: str = ""
    ) -> Courier:
        """A run of the bot that began at NOON + `started`."""

        def load(subject: str) -> Carded:
            thing = self.get(subject)
            return Carded(
                channel=channel,
                since=NOON,
                events=thing.timeline,
                card=lambda: self.draw(thing),
                update=partial(update_of, thing),
                settle=self.settle,
                needless=isinstance(thing, Incident) and bool(thing.merged_into),
                otherwise=otherwise,
            )

        return Courier(
            outbox=self.store.outbox,
            messenger=self.chat,
            subjects=(
                Subjects("other", "other-thread", load),
                Subjects(self.card, self.thread, load),
            ),
            started=NOON + started,
        )

    def get(self, subject: str) -> Thing:
        if self.card == "card":
            return self.store.incidents.get(subject)
        return self.store.approvals.get(subject)

    def open(self, service: str = "checkout") -> Thing:
        if self.card == "card":
            signal = Signal(service, "Errors", NOON, NOON, service=service, severity="critical")
            return self.store.incidents.open(open_from((signal,), NOON), tell=("card",))
        asked = Event("1", NOON, "asked", "U1", f"asked for {service}")
        draft = Approval("", service, "7", "6", "U1", "ada", NOON, timeline=(asked,))
        return self.store.approvals.add(draft, tell=("request",))

    def note(self, thing: Thing, text: str, at: timedelta = timedelta()) -> Thing:
        """A change that is told on the card and in the thread."""
        if isinstance(thing, Incident):
            return self.store.incidents.change(
                thing.id, lambda i: add_note(i, text, "U1", NOON + at), tell=("card", "thread")
            )

        def by(stored: Approval) -> Approval:
            event = Event(str(len(stored.timeline)), NOON + at, "note", "U1", text)
            return replace(stored, timeline=(*stored.timeline, event))

        return self.store.approvals.update(thing.id, by, tell=("request", "request-thread"))

    def cards(self) -> list[Shown]:
        return [s for s in self.chat.shown if s.key.startswith(f"{self.card}:")]

    def told(self) -> list[str]:
        """Every line in every thread."""
        replies = [s.reply for s in self.chat.shown if s.thread]
        return [line.text for r in replies for section in r.sections for line in section.lines]


@pytest.fixture(
    params=[("card", "thread"), ("request", "request-thread")], ids=["incident", "request"]
)
def setting(request: pytest.FixtureRequest) -> Setting:
    return Setting(*request.param)


@pytest.fixture
def incidents() -> Setting:
    """For what only incidents do: they become part of one another."""
    return Setting("card", "thread")


def run(courier: Courier, seconds: int, start: timedelta = timedelta()) -> None:
    for second in range(seconds):
        courier.work(NOON + start + timedelta(seconds=second))


def fails(*errors: Exception, of: str) -> Callable[[str], None]:
    """A chat whose method `of` fails with these errors one after the other, then works."""
    left: Iterator[Exception] = iter(errors)

    def before(method: str) -> None:
        error = next(left, None) if method == of else None
        if error is not None:
            raise error

    return before


# Cards ---------------------------------------------------------------------------------------


def test_a_card_is_posted_once_and_edited_in_place(setting: Setting) -> None:
    courier = setting.courier()
    incident = setting.open()
    assert courier.work(NOON) == 1
    setting.note(incident, "looking")
    run(courier, 5)
    (card,) = setting.cards()
    assert card.edits == 1
    assert "looking" in str(card.reply)
    assert setting.told()[-1] == "looking"


def test_many_changes_that_wait_are_one_edit_and_one_post_in_the_thread(setting: Setting) -> None:
    courier = setting.courier()
    incident = setting.open()
    courier.work(NOON)
    for number in range(20):
        setting.note(incident, f"note {number}")
    run(courier, 5)
    assert setting.cards()[0].edits == 1
    assert len([s for s in setting.chat.shown if s.thread]) == 1
    assert setting.told()[-20:] == [f"note {number}" for number in range(20)]


def test_what_shows_the_same_is_not_sent_again(setting: Setting) -> None:
    courier = setting.courier()
    incident = setting.open()
    courier.work(NOON)
    setting.store.outbox.put(f"{setting.card}:{incident.id}", NOON)
    assert courier.work(NOON + SOON) == 1
    assert setting.cards()[0].edits == 0


def test_a_change_during_the_sending_is_sent_too(setting: Setting) -> None:
    incident = setting.open()
    changed: list[Thing] = []

    def meanwhile(method: str) -> None:
        if method == "post" and not changed:
            changed.append(setting.note(incident, "while it was sent"))

    setting.chat.before = meanwhile
    run(setting.courier(), 10)
    assert "while it was sent" in str(setting.cards()[0].reply)


def test_a_card_that_somebody_deleted_is_posted_anew(setting: Setting) -> None:
    courier = setting.courier()
    incident = setting.open()
    courier.work(NOON)
    first = setting.cards()[0]
    setting.chat.delete(first.channel, first.ts)
    setting.note(incident, "still going")
    run(courier, 20)
    (card,) = setting.cards()
    assert card.ts != first.ts
    assert "still going" in str(card.reply)


def test_the_card_comes_before_its_thread(setting: Setting) -> None:
    setting.chat.before = fails(Unavailable("slack", "timeout"), of="post")
    setting.note(setting.open(), "first")
    run(setting.courier(), 20)
    assert [bool(s.thread) for s in setting.chat.shown] == [False, True]
    assert setting.chat.shown[1].thread == setting.chat.shown[0].ts


def test_what_is_gone_from_the_store_or_unknown_is_dropped(setting: Setting) -> None:
    for key in (f"{setting.card}:INC-99", "fax:INC-1"):
        setting.store.outbox.put(key, NOON)
    setting.open()
    assert setting.courier().work(NOON) == 3
    assert setting.store.outbox.due(NOON + SOON) == []


# A crash -------------------------------------------------------------------------------------


class CrashesOnce(MemoryOutbox):
    """Ends the process after the post and before it is remembered."""

    crash = True

    def post_first(self, posted: Posted, over: str | None = None) -> Posted:
        if self.crash:
            self.crash = False
            raise Crash
        return super().post_first(posted, over)


def crashing(setting: Setting) -> CrashesOnce:
    """The same store from now on with an outbox that crashes once."""
    outbox = CrashesOnce()
    outbox.__dict__.update(setting.store.outbox.__dict__)
    setting.store.outbox = outbox
    return outbox


def test_a_card_posted_before_a_crash_is_found_again_and_not_doubled(setting: Setting) -> None:
    incident = setting.open()
    crashing(setting)
    with pytest.raises(Crash):
        setting.courier().work(NOON)
    setting.note(incident, "after the crash")
    run(setting.courier(started=SOON), 10, start=SOON)
    (card,) = setting.cards()
    assert "after the crash" in str(card.reply)
    posted = setting.store.outbox.posted(f"{setting.card}:{incident.id}")
    assert posted is not None
    assert posted.ts == card.ts


def test_a_thread_told_before_a_crash_is_not_told_again_ever(setting: Setting) -> None:
    incident = setting.open()
    run(setting.courier(), 5)
    setting.note(incident, "before")
    outbox = crashing(setting)
    outbox.crash = False
    first = setting.courier()
    # Only the thread is left to be sent.
    (card,) = (d for d in outbox.due(NOON) if d.kind == setting.card)
    outbox.done(card)
    outbox.crash = True
    with pytest.raises(Crash):
        first.work(NOON)
    second = setting.courier(started=SOON)
    run(second, 10, start=SOON)
    setting.note(incident, "after", at=2 * SOON)
    run(second, 10, start=2 * SOON)
    assert sum("before" in line for line in setting.told()) == 1
    assert sum("after" in line for line in setting.told()) == 1


def test_a_look_for_what_was_posted_that_fails_is_made_again(setting: Setting) -> None:
    setting.open()
    crashing(setting)
    with pytest.raises(Crash):
        setting.courier().work(NOON)
    setting.chat.before = fails(Unavailable("slack", "timeout"), of="find")
    run(setting.courier(started=SOON), 30, start=SOON)
    assert len(setting.cards()) == 1


def test_an_answer_that_was_lost_on_the_way_doubles_nothing(setting: Setting) -> None:
    """Slack took the message, and the connection broke before it said so."""
    chat = setting.chat
    lost = iter([setting.card, setting.thread])

    class Lossy(MemoryMessenger):
        def post(
            self, channel: str, reply: Reply, thread: str = "", key: str = ""
        ) -> tuple[str, str]:
            sent = super().post(channel, reply, thread, key)
            if next(lost, None):
                raise Unavailable("slack", "the connection was reset")
            return sent

    setting.chat = Lossy(shown=chat.shown)
    setting.note(setting.open(), "only once")
    run(setting.courier(), 60)
    assert len(setting.cards()) == 1
    assert sum("only once" in line for line in setting.told()) == 1


def test_a_store_that_is_away_for_a_moment_doubles_nothing(setting: Setting) -> None:
    away = iter([True, True])

    class Away(MemoryOutbox):
        def post_first(self, posted: Posted, over: str | None = None) -> Posted:
            if next(away, False):
                raise Unavailable("the database", "is locked")
            return super().post_first(posted, over)

        def retry(self, delivery: object, due_at: object) -> None:
            raise Unavailable("the database", "is locked")

    incident = setting.open()
    outbox = Away()
    outbox.__dict__.update(setting.store.outbox.__dict__)
    setting.store.outbox = outbox
    courier = setting.courier()
    for second in range(4):
        try:
            courier.work(NOON + timedelta(seconds=second))
        except Unavailable:
            continue
    assert [c.key for c in setting.cards()] == [f"{setting.card}:{incident.id}"]


# When Slack says no --------------------------------------------------------------------------


def test_rate_limits_are_waited_out(setting: Setting) -> None:
    setting.chat.before = fails(RateLimited("slack", 30), of="post")
    for service in "abc":
        setting.open(service)
    courier = setting.courier()
    run(courier, 30)
    assert setting.cards() == []
    run(courier, 30, start=timedelta(seconds=30))
    assert len(setting.cards()) == 3


def test_a_limit_on_posts_in_threads_holds_posts_and_not_edits(setting: Setting) -> None:
    courier = setting.courier()
    incident = setting.open()
    setting.note(incident, "first")
    run(courier, 10)
    setting.chat.before = fails(RateLimited("slack", 600), of="post")
    setting.note(incident, "second")
    run(courier, 10, start=SOON)
    setting.note(incident, "third")
    run(courier, 10, start=2 * SOON)
    assert "third" in str(setting.cards()[0].reply)
    assert not any("second" in line for line in setting.told())


def test_what_slack_refuses_for_good_is_given_up_loudly(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    thing = setting.open()
    courier = setting.courier(channel="#nowhere")
    for minute in range(GIVE_UP_AFTER):
        assert len(setting.store.outbox.due(NOON + timedelta(minutes=minute))) == 1
        courier.work(NOON + timedelta(minutes=minute))
    assert setting.store.outbox.due(NOON + timedelta(days=1)) == []
    assert f"giving up on {setting.card}:{thing.id}" in caplog.text


def test_an_outage_of_days_is_outlived(setting: Setting) -> None:
    setting.chat.before = fails(*[Unavailable("slack", "down")] * 100, of="post")
    setting.open()
    courier = setting.courier()
    for minute in range(102):
        courier.work(NOON + timedelta(minutes=2 * minute))
    assert len(setting.cards()) == 1


def test_threads_whose_cards_must_wait_crowd_nothing_out(setting: Setting) -> None:
    """More than the courier looks at in one round, all begun while Slack was down."""
    down = iter([True] * 10)

    def before(method: str) -> None:
        if method == "post" and next(down, False):
            raise Unavailable("slack", "down")

    setting.chat.before = before
    for number in range(60):
        setting.note(setting.open(f"service-{number}"), "seen")
    courier = setting.courier()
    courier.posts, courier.edits = Pace(SOON / 100, 500), Pace(SOON / 100, 500)
    run(courier, 200)
    assert len(setting.cards()) == 60
    assert len([s for s in setting.chat.shown if s.thread]) == 60


def test_one_delivery_that_cannot_be_drawn_holds_up_no_other(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = setting.open("bad"), setting.open("good")

    def card(thing: Thing) -> Reply:
        if thing.id == bad.id:
            raise ValueError("no way to draw this")
        return card_of(thing)

    setting.draw = card
    run(setting.courier(), 3)
    assert [c.key for c in setting.cards()] == [f"{setting.card}:{good.id}"]
    assert "no way to draw this" in caplog.text


# Pace ----------------------------------------------------------------------------------------


def test_a_storm_of_100_incidents_keeps_within_slacks_pace(setting: Setting) -> None:
    at = [NOON]
    calls: list[tuple[str, float]] = []
    setting.chat.before = lambda m: calls.append((m, (at[0] - NOON).total_seconds()))
    drawn = []
    courier = setting.courier()

    def card(thing: Thing) -> Reply:
        drawn.append(thing.id)
        return card_of(thing)

    setting.draw = card
    for number in range(100):
        setting.open(f"service-{number}")
    for tick in range(4 * 120):
        at[0] = NOON + timedelta(seconds=tick / 4)
        courier.work(at[0])
    assert len(setting.cards()) == 100
    posts = [t for method, t in calls if method == "post"]
    assert len(posts) == len(calls) == 100
    worst = max(sum(t <= u < t + 10 for u in posts) for t in posts)
    assert worst <= 3 + 10
    assert len(drawn) == 100, "a card takes a search to draw, so only what may go out is drawn"


def test_leftovers_of_a_storm_are_looked_for_at_the_same_pace(setting: Setting) -> None:
    for number in range(30):
        setting.open(f"service-{number}")
    calls: list[str] = []
    setting.chat.before = calls.append
    setting.courier(started=SOON).work(NOON + SOON)
    assert calls.count("find") <= 3


def test_a_pace_lets_a_burst_out_and_then_one_at_a_time() -> None:
    pace = Pace(timedelta(seconds=1), 3)
    moments = [NOON + timedelta(seconds=s / 2) for s in range(8)]
    assert [pace.take(m) for m in [NOON] * 4] == [True, True, True, False]
    assert [pace.take(m) for m in moments[1:5]] == [False, True, False, True]
    assert pace.free(NOON + SOON)
    pace.hold(NOON + 2 * SOON)
    assert not pace.take(NOON + 2 * SOON)
    assert pace.take(NOON + 2 * SOON + timedelta(seconds=1))


def test_a_digest_changes_with_words_and_pictures() -> None:
    plain = Reply("x", fields={"a": "1"})
    shown = [
        plain,
        replace(plain, fields={"a": "2"}),
        replace(plain, pictures=(Picture("p", "alt", b"1"),)),
        replace(plain, pictures=(Picture("p", "alt", b"2"),)),
    ]
    assert len({digest(reply) for reply in shown}) == 4
    assert digest(plain) == digest(Reply("x", fields={"a": "1"}))


def test_a_channel_by_its_id_is_remembered_as_slack_calls_it(setting: Setting) -> None:
    incident = setting.open()
    setting.courier(channel="C1").work(NOON)
    posted = setting.store.outbox.posted(f"{setting.card}:{incident.id}")
    assert posted is not None
    assert setting.store.outbox.find_posted("C1", posted.ts) == posted


def test_a_gone_thread_is_no_reason_to_post_the_card_twice(setting: Setting) -> None:
    courier = setting.courier()
    incident = setting.open()
    courier.work(NOON)
    setting.chat.before = fails(Gone("slack", "thread_not_found"), of="post")
    setting.note(incident, "later")
    run(courier, 20)
    assert len(setting.cards()) == 1
    assert sum("later" in line for line in setting.told()) == 1


def test_an_incident_that_became_part_of_another_at_once_gets_no_card(incidents: Setting) -> None:
    incidents.settle = timedelta(seconds=2)
    courier = incidents.courier()
    one, other = incidents.open("checkout"), incidents.open("cart")

    def by(stored: Incident) -> Incident:
        return merge_into(stored, one.id, "Tandem", NOON + timedelta(seconds=1))

    run(courier, 1)
    assert incidents.cards() == []
    incidents.store.incidents.change(other.id, by, tell=("card", "thread"))
    run(courier, 30, timedelta(seconds=2))
    assert [card.key for card in incidents.cards()] == [f"card:{one.id}"]
    assert incidents.store.outbox.due(NOON + timedelta(days=1)) == []


def test_a_card_that_stands_says_that_its_incident_was_merged(incidents: Setting) -> None:
    courier = incidents.courier()
    one, other = incidents.open("checkout"), incidents.open("cart")
    run(courier, 10)

    def by(stored: Incident) -> Incident:
        return merge_into(stored, one.id, "Tandem", NOON + timedelta(seconds=11))

    incidents.store.incidents.change(other.id, by, tell=("card",))
    run(courier, 10, timedelta(seconds=12))
    assert len(incidents.cards()) == 2
    assert any("merged into INC-1" in card.reply.text for card in incidents.cards())


def test_a_channel_that_the_bot_is_not_in_is_replaced_by_another(setting: Setting) -> None:
    thing = setting.open()
    courier = setting.courier(channel="#private", otherwise=CHANNEL)
    setting.note(thing, "seen")
    run(courier, 10)
    assert [card.channel for card in setting.cards()] == [CHANNEL]
    assert "seen" in setting.told()


def test_a_card_left_over_in_the_other_channel_is_found(setting: Setting) -> None:
    setting.open()
    crashing(setting)
    with pytest.raises(Crash):
        setting.courier(channel="#private", otherwise=CHANNEL).work(NOON)
    run(setting.courier(SOON, channel="#private", otherwise=CHANNEL), 5, start=SOON)
    assert len(setting.cards()) == 1


# Several replicas ----------------------------------------------------------------------------


def test_only_the_one_in_charge_sends(setting: Setting) -> None:
    setting.open()
    idle = setting.courier()
    idle.in_charge = lambda: False
    run(idle, 10)
    assert setting.cards() == []
    run(setting.courier(), 10)
    assert len(setting.cards()) == 1


def test_who_loses_the_role_before_the_post_does_not_post(setting: Setting) -> None:
    thing = setting.open()
    losing = setting.courier()
    answers = iter([True, True])
    losing.in_charge = lambda: next(answers, False)
    losing.work(NOON)
    assert setting.cards() == []
    # Whoever takes over cannot know that, looks for it, and posts.
    looked: list[str] = []
    setting.chat.before = looked.append
    run(setting.courier(), 10)
    assert looked[:2] == ["find", "post"]
    assert [card.key for card in setting.cards()] == [f"{setting.card}:{thing.id}"]


def test_of_a_card_that_two_replicas_post_at_once_one_stays(setting: Setting) -> None:
    """One is stopped with its post on the way, so that the other cannot find it."""
    setting.note(setting.open(), "only once")
    stopped, other = setting.courier(), setting.courier()
    posting = setting.chat.post

    def slow(channel: str, reply: Reply, thread: str = "", key: str = "") -> tuple[str, str]:
        setting.chat.post = posting  # type: ignore[method-assign]
        run(other, 10)
        return posting(channel, reply, thread, key)

    setting.chat.post = slow  # type: ignore[method-assign]
    run(stopped, 10)
    (card,) = setting.cards()
    posted = setting.store.outbox.posted(card.key)
    assert posted is not None
    assert (posted.channel, posted.ts) == (card.channel, card.ts)
    assert setting.told().count("only once") == 1


def test_of_a_thread_that_two_replicas_tell_at_once_one_message_stays(setting: Setting) -> None:
    thing = setting.open()
    run(setting.courier(), 10)
    setting.note(thing, "only once", timedelta(seconds=11))
    stopped, other = setting.courier(), setting.courier()
    posting = setting.chat.post

    def slow(channel: str, reply: Reply, thread: str = "", key: str = "") -> tuple[str, str]:
        setting.chat.post = posting  # type: ignore[method-assign]
        run(other, 10, start=timedelta(seconds=12))
        return posting(channel, reply, thread, key)

    setting.chat.post = slow  # type: ignore[method-assign]
    run(stopped, 10, start=timedelta(seconds=12))
    assert setting.told().count("only once") == 1
    assert len(setting.cards()) == 1


def test_after_an_outage_all_that_waited_goes_out_at_once(setting: Setting) -> None:
    down = True

    def before(method: str) -> None:
        if down and method in ("post", "edit"):
            raise Unavailable("slack", "down")

    setting.chat.before = before
    for number in range(20):
        setting.open(f"service-{number}")
    over: list[Over] = []
    courier = replace(setting.courier(), over=over.append)
    courier.posts = Pace(timedelta(), 100)
    for second in range(600):
        courier.work(NOON + timedelta(seconds=second))
    tries = sum(d.attempts for d in setting.store.outbox.due(NOON + timedelta(hours=1), 50))
    assert tries < 600 / PROBE.total_seconds() + 60
    down = False
    courier.work(NOON + timedelta(seconds=600) + PROBE)
    courier.work(NOON + timedelta(seconds=601) + PROBE)
    assert len(setting.cards()) == 20
    (one,) = over
    assert (one.since, one.waited) == (NOON, 20)


def test_who_cannot_reach_slack_lets_another_replica_send(setting: Setting) -> None:
    def refuse(method: str) -> None:
        if method in ("post", "edit"):
            raise Unavailable("slack", "down")

    for number in range(5):
        setting.open(f"service-{number}")
    setting.chat.before = refuse
    sends, over = ["a"], list[Over]()

    def pass_on() -> bool:
        sends[0] = "b"
        return True

    cut_off = replace(
        setting.courier(), in_charge=lambda: sends == ["a"], pass_on=pass_on, over=over.append
    )
    other = replace(setting.courier(), in_charge=lambda: sends == ["b"])
    run(cut_off, 60)
    assert sends == ["b"]
    setting.chat.before = lambda method: None
    run(other, 120, start=timedelta(seconds=60))
    assert len(setting.cards()) == 5
    # Hours later it is in charge again, and tells nothing of what was long over.
    sends[:] = ["a"]
    setting.open("later")
    run(cut_off, 60, start=timedelta(hours=3))
    assert (sends, over, len(setting.cards())) == (["a"], [], 6)


def test_an_outage_for_every_replica_is_told_by_the_one_that_sees_its_end(
    setting: Setting,
) -> None:
    down = True

    def refuse(method: str) -> None:
        if down and method in ("post", "edit"):
            raise Unavailable("slack", "down")

    for number in range(5):
        setting.open(f"service-{number}")
    setting.chat.before = refuse
    sends, over = [0], list[Over]()

    def pass_on() -> bool:
        sends[0] = 1 - sends[0]
        return True

    couriers = [
        replace(
            setting.courier(),
            in_charge=partial(lambda number: sends == [number], number),
            pass_on=pass_on,
            over=over.append,
        )
        for number in range(2)
    ]
    for second in range(400):
        down = second < 300
        for courier in couriers:
            courier.work(NOON + timedelta(seconds=second))
    assert len(setting.cards()) == 5
    (told,) = over
    assert told.until - told.since > timedelta(minutes=4)


def test_what_began_by_a_clock_that_was_ahead_is_posted_when_it_is_set_right(
    setting: Setting,
) -> None:
    setting.settle = timedelta(seconds=2)
    setting.open()
    run(setting.courier(), 10, start=-timedelta(hours=1))
    assert len(setting.cards()) == 1


def test_what_a_clock_that_was_ahead_put_off_goes_out_when_it_is_set_right(
    setting: Setting,
) -> None:
    thing = setting.open()
    courier = setting.courier()
    courier.work(NOON + SOON)
    setting.chat.before = refuse_all
    setting.note(thing, "while the clock was an hour ahead")
    ahead = NOON + timedelta(hours=1)
    courier.work(ahead)
    setting.chat.before = lambda method: None
    back = NOON + 2 * SOON
    assert setting.store.outbox.due(back, 50) == []
    courier.work(back)
    (card,) = setting.cards()
    assert "an hour ahead" in events_of(setting.get(thing.id).timeline)
    assert card.edits == 1


def refuse_all(method: str) -> None:
    if method in ("post", "edit"):
        raise Unavailable("slack", "down")
