from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadArgs
from knowledge.incidents import (
    TANDEM,
    acknowledge,
    add_note,
    assign,
    incident_number,
    instance,
    merge,
    name_of,
    open_from,
    read_severity,
    reopen,
    resolve,
    resolve_when_quiet,
    set_severity,
    severity_of,
    with_signals,
)
from knowledge.records import Incident, Severity, Signal, Status

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
        incident = resolve_when_quiet(incident, NOW)
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
