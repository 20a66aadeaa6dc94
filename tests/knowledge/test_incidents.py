from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadArgs
from knowledge.incidents import (
    LONGEST_QUIET,
    TANDEM,
    acknowledge,
    add_change,
    add_message,
    add_note,
    assign,
    bounded,
    counted,
    declare,
    incident_number,
    instance,
    merge,
    merge_into,
    name_of,
    open_from,
    quiet_needed,
    read_severity,
    reopen,
    resolve,
    resolve_when_quiet,
    set_severity,
    severity_of,
    start_is_unknown,
    take_over,
    unacknowledge,
    with_signals,
    without_signals,
)
from knowledge.records import Change, Incident, Message, Severity, Signal, Status

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def signal(
    fingerprint: str = "a",
    name: str = "High5xx",
    starts: int = 0,
    ends: int | None = None,
    received: int = 1,
    severity: str = "warning",
) -> Signal:
    """Times in minutes after NOW."""
    return Signal(
        fingerprint=fingerprint,
        name=name,
        starts_at=NOW + starts * MINUTE,
        received_at=NOW + received * MINUTE,
        ends_at=None if ends is None else NOW + ends * MINUTE,
        service="checkout",
        severity=severity,
    )


def opened(*signals: Signal) -> Incident:
    return replace(open_from(signals or (signal(),), NOW), id="INC-1")


def kinds(incident: Incident) -> list[str]:
    return [event.kind for event in incident.timeline]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("INC-12", 12),
        ("inc12", 12),
        (" Inc 012 ", 12),
        ("#12", 12),
        ("12", 12),
        ("INC_12", 12),
        ("", None),
        ("INC-", None),
        ("checkout", None),
        ("12a", None),
        ("-1.5", None),
    ],
)
def test_reads_an_id_as_people_write_it(text: str, number: int | None) -> None:
    assert incident_number(text) == number


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.SEV1),
        ("PAGE", Severity.SEV1),
        ("P1", Severity.SEV1),
        ("sev-2", Severity.SEV2),
        ("error", Severity.SEV2),
        ("warning", Severity.SEV3),
        ("info", Severity.SEV4),
        ("p5", Severity.SEV4),
        ("", Severity.SEV3),
        ("purple", Severity.SEV3),
    ],
)
def test_a_senders_word_becomes_a_severity(word: str, severity: Severity) -> None:
    assert severity_of(word) is severity


def test_a_persons_wrong_severity_is_told_the_right_ones() -> None:
    with pytest.raises(BadArgs, match="SEV1, SEV2, SEV3, SEV4"):
        read_severity("purple")


@pytest.mark.parametrize(
    ("summary", "name", "said"),
    [
        ("High 5xx rate on checkout", "HighErrorRate", "High 5xx rate"),
        ("checkout: pool exhausted", "Pool", "Pool exhausted"),
        ("", "HighErrorRate", "High error rate"),
        ("", "KubeCPUOvercommit", "Kube CPU overcommit"),
        ("PodErrorRatioHigh on checkout-abc", "PodErrorRatioHigh", "Pod error ratio high"),
        ("Disk full on db-1", "Disk", "Disk full on db-1"),
        ("checkout", "Down", "Checkout"),
    ],
)
def test_says_what_is_wrong_without_its_place(summary: str, name: str, said: str) -> None:
    labels = {"pod": "checkout-abc"}
    assert name_of(replace(signal(name=name), summary=summary, labels=labels)) == said


def test_opens_with_the_gravest_signal() -> None:
    draft = open_from((signal("a"), signal("b", "Down", severity="critical")), NOW)
    assert (draft.title, draft.severity) == ("checkout: Down", Severity.SEV1)
    assert (draft.id, draft.status, draft.opened_at) == ("", Status.OPEN, NOW)
    (event,) = draft.timeline
    assert (event.id, event.kind, event.actor) == ("E1", "opened", TANDEM)


def test_nothing_opens_from_nothing() -> None:
    with pytest.raises(BadArgs, match="signals"):
        open_from((), NOW)


def test_a_title_is_bounded() -> None:
    assert len(opened(replace(signal(), summary="x y " * 400)).title) <= 120


def test_a_new_kind_of_alert_is_told_and_more_of_the_same_is_not() -> None:
    more = with_signals(opened(), (signal("b", "Latency"), signal("c", "Latency")), NOW)
    assert kinds(more) == ["opened", "alerts"]
    assert more.timeline[-1].text == "also Latency on checkout"
    again = with_signals(more, (signal("d", "Latency"),), NOW)
    assert len(again.signals) == 4
    assert kinds(again) == ["opened", "alerts"]


def test_a_graver_alert_raises_the_severity_unless_a_person_chose_it() -> None:
    grave = signal("b", "Down", severity="critical")
    assert with_signals(opened(), (grave,), NOW).severity is Severity.SEV1
    chosen = set_severity(opened(), Severity.SEV4, "U1", NOW)
    assert with_signals(chosen, (grave,), NOW).severity is Severity.SEV4


def test_resolves_itself_when_all_have_ended() -> None:
    incident = opened(signal("a"), signal("b"))
    half = with_signals(incident, (signal("a", ends=5, received=5),), NOW)
    assert resolve_when_quiet(half, NOW) is half
    ended = with_signals(half, (signal("b", ends=6, received=6),), NOW)
    over = resolve_when_quiet(ended, NOW + 7 * MINUTE)
    assert (over.status, over.resolved_at) == (Status.RESOLVED, NOW + 7 * MINUTE)
    assert over.timeline[-1].actor == TANDEM


def test_waits_for_quiet_when_told_to() -> None:
    ended = opened(signal(ends=5, received=5))
    assert resolve_when_quiet(ended, NOW + 6 * MINUTE, 2 * MINUTE).is_open
    assert not resolve_when_quiet(ended, NOW + 7 * MINUTE, 2 * MINUTE).is_open


def test_an_end_in_the_future_counts_from_when_it_was_heard() -> None:
    skewed = opened(signal(ends=90, received=5))
    assert not resolve_when_quiet(skewed, NOW + 5 * MINUTE).is_open


def test_fires_again_and_is_open_again() -> None:
    over = resolve_when_quiet(opened(signal(ends=5, received=5)), NOW + 6 * MINUTE)
    again = with_signals(over, (signal(starts=10, received=10),), NOW + 10 * MINUTE)
    assert again.is_open
    assert again.resolved_at is None
    assert kinds(again) == ["opened", "resolved", "reopened"]


def test_a_repeat_of_an_alert_does_not_reopen_what_a_person_resolved() -> None:
    over = resolve(opened(), "U1", NOW)
    assert with_signals(over, (signal(received=30),), NOW) is over
    ended = with_signals(over, (signal(ends=40, received=40),), NOW)
    assert not ended.is_open
    assert ended.firing == ()


def test_acknowledging_makes_an_owner() -> None:
    taken = acknowledge(opened(), "U1", NOW)
    assert (taken.acknowledged_by, taken.owner) == ("U1", "U1")
    assert acknowledge(taken, "U1", NOW) is taken
    with pytest.raises(BadArgs, match="Assign it"):
        acknowledge(taken, "U2", NOW)


def test_assigning() -> None:
    given_away = assign(opened(), "U2", "U1", NOW, "bob")
    assert given_away.owner == "U2"
    assert given_away.timeline[-1].text == "assigned it to bob"
    assert assign(given_away, "U2", "U1", NOW) is given_away
    assert assign(given_away, "U3", "U3", NOW).timeline[-1].text == "took it over"
    with pytest.raises(BadArgs, match="value"):
        assign(opened(), "  ", "U1", NOW)


def test_resolving_and_reopening() -> None:
    over = resolve(opened(), "U1", NOW, " rolled back ")
    assert (over.resolution, over.resolved_at) == ("rolled back", NOW)
    assert over.timeline[-1].text == "resolved: rolled back"
    again = reopen(over, "U2", NOW + MINUTE)
    assert (again.status, again.resolved_at) == (Status.OPEN, None)
    assert [e.id for e in again.timeline] == ["E1", "E2", "E3"]


def test_notes() -> None:
    assert add_note(opened(), " vendor called ", "U1", NOW).timeline[-1].text == "vendor called"
    with pytest.raises(BadArgs, match="empty"):
        add_note(opened(), " ", "U1", NOW)


def test_impossible_steps_name_the_remedy() -> None:
    over = resolve(opened(), "U1", NOW)
    with pytest.raises(BadArgs, match="Reopen it first"):
        resolve(over, "U1", NOW)
    with pytest.raises(BadArgs, match="Reopen it first"):
        acknowledge(over, "U1", NOW)
    with pytest.raises(BadArgs, match="not resolved"):
        reopen(opened(), "U1", NOW)


def test_the_same_severity_again_is_nothing_new() -> None:
    incident = opened()
    assert set_severity(incident, incident.severity, "U1", NOW) is incident


# What holds in whatever order deliveries come


@st.composite
def deliveries(draw: st.DrawFn) -> list[Signal]:
    """A few instances, each delivered firing, then perhaps ended, by one or two replicas."""
    sent: list[Signal] = []
    keys = st.tuples(st.sampled_from("abc"), st.integers(0, 2))
    for fingerprint, starts in draw(st.lists(keys, min_size=1, max_size=5, unique=True)):
        copies = draw(st.integers(1, 2))
        sent += [signal(fingerprint, starts=starts, received=starts + n) for n in range(copies)]
        if draw(st.booleans()):
            ends = starts + draw(st.integers(1, 3))
            sent += [
                signal(fingerprint, starts=starts, ends=ends, received=ends + n)
                for n in range(copies)
            ]
    return sent


@given(deliveries(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_and_repeats_do_not_matter(sent: list[Signal], random: Random, parts: int) -> None:
    shuffled = sent + sent[:3]
    random.shuffle(shuffled)
    incident = opened(signal("first"))
    expected = merge(incident.signals, sent)
    for part in range(parts):
        incident = with_signals(incident, shuffled[part::parts], NOW)
    state = {instance(s): s.ends_at for s in incident.signals}
    assert state == {instance(s): s.ends_at for s in expected}
    assert len(state) == len(incident.signals)


@given(deliveries())
def test_a_batch_told_twice_changes_nothing(sent: list[Signal]) -> None:
    once = resolve_when_quiet(with_signals(opened(), sent, NOW), NOW)
    assert resolve_when_quiet(with_signals(once, sent, NOW + MINUTE), NOW + MINUTE) is once


@given(deliveries(), st.integers(1, 5))
def test_it_is_resolved_exactly_when_nothing_fires(sent: list[Signal], parts: int) -> None:
    incident = opened(sent[0])
    for part in range(parts):
        incident = with_signals(incident, sent[part::parts], NOW)
        # After the longest silence: what flaps is given longer to come back.
        incident = resolve_when_quiet(incident, NOW + LONGEST_QUIET + 10 * MINUTE)
        assert incident.is_open == bool(incident.firing)
        assert (incident.resolved_at is None) == incident.is_open
    ids = [event.id for event in incident.timeline]
    assert ids == [f"E{n}" for n in range(1, len(ids) + 1)]


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_an_end_before_its_alert_stays_an_end(order: list[bool]) -> None:
    fires, ends = signal("z", received=3), signal("z", ends=2, received=2)
    incident = with_signals(opened(), (ends,), NOW)
    for late in order:
        incident = with_signals(incident, (fires if late else ends,), NOW)
    assert [s.fingerprint for s in incident.firing] == ["a"]


# Ends that do not say when their alert began


def end_of(fingerprint: str, at: int) -> Signal:
    return signal(fingerprint, starts=at, ends=at, received=at)


def test_an_end_without_a_start_ends_all_that_began_before_it() -> None:
    incident = opened(signal("a"), signal("a", starts=2), signal("b"))
    after = with_signals(incident, (end_of("a", 5),), NOW)
    assert [s.fingerprint for s in after.firing] == ["b"]
    assert len(counted(after.signals)) == 3
    again = with_signals(after, (signal("a", starts=6, received=6),), NOW)
    assert [s.fingerprint for s in again.firing] == ["b", "a"]


def test_an_end_of_nothing_known_is_counted_as_an_alert() -> None:
    lone = with_signals(opened(signal("b")), (end_of("z", 5),), NOW)
    assert [s.fingerprint for s in counted(lone.signals)] == ["b", "z"]
    assert start_is_unknown(lone.signals[1])


@given(
    st.lists(st.integers(0, 9), max_size=4, unique=True),
    st.lists(st.integers(0, 9), max_size=3, unique=True),
    st.randoms(use_true_random=False),
)
def test_such_an_end_may_come_first_or_last(
    starts: list[int], ends: list[int], random: Random
) -> None:
    sent = [signal("a", starts=2 * s, received=2 * s) for s in starts]
    sent += [end_of("a", 2 * e + 1) for e in ends]
    random.shuffle(sent)
    incident = opened(signal("other"))
    for one in sent:
        incident = with_signals(incident, (one,), NOW)
    fires = sorted(s.starts_at for s in incident.firing if s.fingerprint == "a")
    last = max(ends, default=-1)
    assert fires == sorted(NOW + 2 * s * MINUTE for s in starts if s > last)


# Flapping


def flapped(times: int) -> Incident:
    """Ended and fired again so many times, one minute each; ended at last."""
    incident = opened(signal(ends=0, received=0))
    for bout in range(1, times + 1):
        incident = resolve_when_quiet(incident, NOW + 40 * bout * MINUTE)
        fires = signal(starts=40 * bout, received=40 * bout)
        incident = with_signals(incident, (fires,), NOW + 40 * bout * MINUTE)
        over = signal(starts=40 * bout, ends=40 * bout + 1, received=40 * bout + 1)
        incident = with_signals(incident, (over,), NOW + (40 * bout + 1) * MINUTE)
    return incident


@pytest.mark.parametrize(("times", "minutes"), [(0, 1), (1, 1), (2, 5), (3, 10), (5, 30), (30, 30)])
def test_what_flaps_must_be_quiet_for_longer(times: int, minutes: int) -> None:
    incident = flapped(times)
    assert quiet_needed(incident, MINUTE) == minutes * MINUTE
    ended = NOW + (40 * times + (1 if times else 0)) * MINUTE
    just_before = ended + minutes * MINUTE - timedelta(seconds=1)
    assert resolve_when_quiet(incident, just_before, MINUTE).is_open
    assert not resolve_when_quiet(incident, ended + minutes * MINUTE, MINUTE).is_open


def test_a_series_that_flaps_all_night_tells_of_it_a_few_times() -> None:
    incident = opened(signal(received=0))
    for minute in range(0, 8 * 60, 4):
        now = NOW + minute * MINUTE
        incident = with_signals(incident, (signal(starts=minute, received=minute),), now)
        over = signal(starts=minute, ends=minute + 2, received=minute + 2)
        incident = with_signals(incident, (over,), now + 2 * MINUTE)
        incident = resolve_when_quiet(incident, now + 3 * MINUTE, MINUTE)
    assert len(incident.timeline) <= 6
    assert not resolve_when_quiet(incident, NOW + 10 * 60 * MINUTE).is_open


def test_what_a_person_opened_a_person_resolves() -> None:
    by_hand = replace(declare("Payments fail", "payment", Severity.SEV2, "U1", NOW), id="INC-1")
    over = with_signals(by_hand, (signal(ends=1, received=1),), NOW)
    assert resolve_when_quiet(over, NOW + 60 * MINUTE).is_open
    assert not resolve(over, "U1", NOW).is_open


# Merging and splitting


def numbered(number: int, *signals: Signal) -> Incident:
    return replace(open_from(signals or (signal(),), NOW), id=f"INC-{number}")


def test_merging_moves_everything_once() -> None:
    one = acknowledge(numbered(2, signal("a")), "U1", NOW)
    change = Change("c1", NOW, "deploy", "payment", "new pool")
    other = replace(
        numbered(7, signal("b", severity="critical"), signal("c")),
        opened_at=NOW - MINUTE,
        changes=(change,),
    )
    into = take_over(one, other, "U2", NOW, "shares payment")
    assert [s.fingerprint for s in into.signals] == ["a", "b", "c"]
    assert (into.id, into.title, into.owner, into.opened_at) == (
        "INC-2",
        one.title,
        "U1",
        NOW - MINUTE,
    )
    assert (into.changes, into.severity) == ((change,), Severity.SEV1)
    texts = [event.text for event in into.timeline]
    assert "INC-7 was merged in with its 2 alerts: shares payment" in texts

    gone = merge_into(other, "INC-2", "U2", NOW, "shares payment")
    assert (gone.status, gone.merged_into, gone.signals) == (Status.RESOLVED, "INC-2", ())
    assert gone.timeline[-1].text == "merged into INC-2 with its 2 alerts: shares payment"

    # A crash between the two, or a second press: nothing is told or lost by doing it again.
    assert take_over(into, other, "U2", NOW, "shares payment") is into
    assert take_over(into, gone, "U2", NOW, "shares payment") is into
    assert merge_into(gone, "INC-2", "U2", NOW) is gone


def test_whoever_was_on_the_other_one_is_on_this_one() -> None:
    into = take_over(numbered(2), acknowledge(numbered(7), "U3", NOW), TANDEM, NOW)
    assert (into.owner, into.acknowledged_by) == ("U3", "U3")


def test_taking_over_what_fires_reopens() -> None:
    over = resolve(numbered(2, signal("a", ends=1)), "U1", NOW)
    into = take_over(over, numbered(7, signal("b")), "U1", NOW)
    assert into.is_open
    quiet = take_over(over, numbered(7, signal("b", ends=1)), "U1", NOW)
    assert not quiet.is_open


def test_a_merged_incident_is_over_for_good() -> None:
    gone = merge_into(numbered(7), "INC-2", "U1", NOW)
    assert with_signals(gone, (signal("z"),), NOW) is gone
    with pytest.raises(BadArgs, match="goes on as INC-2"):
        reopen(gone, "U1", NOW)
    with pytest.raises(BadArgs, match="Name INC-2 instead"):
        merge_into(gone, "INC-3", "U1", NOW)
    with pytest.raises(BadArgs, match="Name INC-2 instead"):
        take_over(gone, numbered(9), "U1", NOW)
    with pytest.raises(BadArgs, match="itself"):
        merge_into(numbered(2), "INC-2", "U1", NOW)
    with pytest.raises(BadArgs, match="itself"):
        take_over(numbered(2), numbered(2), "U1", NOW)


def test_splitting_takes_alerts_out() -> None:
    disk = replace(signal("d", "DiskFull"), service="kafka")
    incident = opened(signal("a"), disk)
    left = without_signals(incident, {instance(disk)}, "U1", NOW, "split into INC-9")
    assert [s.fingerprint for s in left.signals] == ["a"]
    assert left.timeline[-1].text == "Disk full on kafka left it: split into INC-9"
    assert without_signals(left, {instance(disk)}, "U1", NOW) is left


def test_what_remains_names_it_when_its_service_left() -> None:
    disk = replace(signal("d", "DiskFull"), service="kafka")
    left = without_signals(opened(signal("a"), disk), {instance(signal("a"))}, "U1", NOW)
    assert (left.title, left.service) == ("kafka: Disk full", "kafka")


def test_nothing_left_is_over() -> None:
    left = without_signals(opened(), {instance(signal())}, "U1", NOW, "not related")
    assert (left.status, left.signals) == (Status.RESOLVED, ())
    assert kinds(left) == ["opened", "split", "resolved"]


@given(deliveries(), deliveries())
def test_after_a_merge_no_alert_is_lost_or_doubled(one: list[Signal], two: list[Signal]) -> None:
    into, other = numbered(2, *one), numbered(7, *two)
    merged = take_over(into, other, TANDEM, NOW)
    assert set(map(instance, merged.signals)) == set(map(instance, one + two))
    assert len(merged.signals) == len(set(map(instance, merged.signals)))


# What else a person or a machine adds


def test_giving_it_back() -> None:
    taken = acknowledge(opened(), "U1", NOW)
    free = unacknowledge(taken, "U2", NOW)
    assert (free.acknowledged_by, free.owner) == ("", "")
    assert unacknowledge(free, "U2", NOW) is free
    kept = unacknowledge(assign(taken, "U3", "U1", NOW), "U1", NOW)
    assert kept.owner == "U3"
    with pytest.raises(BadArgs, match="Reopen it first"):
        unacknowledge(resolve(taken, "U1", NOW), "U1", NOW)


def test_a_change_that_came_to_be_known() -> None:
    change = Change("c1", NOW - MINUTE, "deploy", "checkout", "new rules", "4.2", "ines")
    after = add_change(opened(), change, NOW)
    assert after.changes == (change,)
    event = after.timeline[-1]
    assert (event.at, event.actor, event.text) == (
        NOW - MINUTE,
        "ines",
        "deploy checkout 4.2: new rules",
    )
    assert after.updated_at == NOW
    assert add_change(after, change, NOW) is after


def test_a_message_on_the_time_line() -> None:
    said = Message("1", NOW - MINUTE, "U2", " the vendor is down ", url="https://slack.example/1")
    after = add_message(opened(), said, NOW)
    event = after.timeline[-1]
    assert (event.kind, event.at, event.actor, event.text, event.url) == (
        "message",
        NOW - MINUTE,
        "U2",
        "the vendor is down",
        "https://slack.example/1",
    )
    assert add_message(after, said, NOW) is after
    with pytest.raises(BadArgs, match="no text"):
        add_message(opened(), replace(said, text=" "), NOW)


def test_opened_by_hand() -> None:
    draft = declare("  Payments\nfail ", "payment", Severity.SEV2, "U1", NOW)
    assert (draft.title, draft.id, draft.signals) == ("Payments fail", "", ())
    assert draft.timeline[0].actor == "U1"
    with pytest.raises(BadArgs, match="title"):
        declare(" ", "", Severity.SEV2, "U1", NOW)


# Bounds


def test_a_storm_keeps_the_latest_of_each_series() -> None:
    flaps = [signal("a", starts=2 * n, ends=2 * n + 1, received=2 * n + 1) for n in range(10)]
    many = [*flaps[:5], signal("b"), *flaps[5:]]
    assert bounded(many, most=11) == tuple(many)
    assert bounded(many, most=10) == (flaps[-1], many[5])
    assert bounded([flaps[3], flaps[1]], most=1) == (flaps[3],)


def test_an_incident_of_a_storm_stays_small_as_it_flaps() -> None:
    incident = opened(signal("b"))
    for start in range(0, 5000, 500):
        flaps = [signal("a", starts=start + n, ends=start + n, received=n) for n in range(500)]
        incident = with_signals(incident, flaps, NOW)
        assert len(incident.signals) <= 2001
    assert {s.fingerprint for s in incident.signals} == {"a", "b"}
    assert [s.fingerprint for s in incident.firing] == ["b"]
