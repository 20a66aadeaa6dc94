"""The whole road: incident -> checked summary."""

from collections.abc import Callable
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from knowledge.records import Change, Incident, Message, Severity, Status
from knowledge.summary import Group, Summary, sources_of, summarise, to_markdown, verify

Talk = Callable[..., Incident]

NOW = datetime(2026, 1, 10, 16, tzinfo=UTC)


def said(summary: Summary, group: Group) -> str:
    return "\n".join(s.text for s in summary.of(group))


def test_every_statement_rests_on_known_sources_that_bear_it_out(incident: Incident) -> None:
    sources = sources_of(incident)
    for statement in summarise(incident, NOW).statements:
        assert statement.sources
        assert verify(statement, [sources[key] for key in statement.sources]) == ()


def test_the_later_word_of_who_measured_wins(incident: Incident) -> None:
    summary = summarise(incident, NOW)
    impact = said(summary, Group.IMPACT)
    assert "742 customers" in impact
    assert "36,500 EUR" in impact
    everything = to_markdown(summary)
    assert "900" not in everything
    assert "40k" not in everything


def test_a_cleared_suspect_is_ruled_out_and_never_the_cause(incident: Incident) -> None:
    summary = summarise(incident, NOW)
    assert "2.31.0" in said(summary, Group.RULED_OUT)
    assert "2.31.0" not in said(summary, Group.CAUSE)
    assert "tls profile" in said(summary, Group.CAUSE)
    assert "handshake" in said(summary, Group.CAUSE)


def test_hostile_text_is_neither_repeated_nor_obeyed_but_mentioned(incident: Incident) -> None:
    text = to_markdown(summarise(incident, NOW))
    assert "lars did it" not in text
    assert "instructions to the assistant; ignored" in text


def test_state_owners_next_steps_and_jokes(incident: Incident) -> None:
    summary = summarise(incident, NOW)
    assert said(summary, Group.STATE) == "Status: resolved 15:30 by rina, after 1 h 25 min."
    assert said(summary, Group.OWNERS) == "Incident commander: rina."
    assert "mei: canary for tls changes by 20 Jan." in said(summary, Group.NEXT_STEPS)
    assert "charger" not in to_markdown(summary)


def test_the_time_line_is_in_order(incident: Incident) -> None:
    clocks = [s.text[:5] for s in summarise(incident, NOW).of(Group.TIMELINE)]
    assert clocks == sorted(clocks)
    assert {"13:55", "14:02", "14:50"} <= set(clocks)


def test_it_is_short(incident: Incident) -> None:
    assert len(to_markdown(summarise(incident, NOW)).split()) <= 220


def test_what_was_put_back_outweighs_what_was_first_blamed(talk: Talk) -> None:
    """The new model is suspected and cleared; the lookup that was rolled back is the cause."""
    day = datetime(2026, 1, 10, tzinfo=UTC)
    incident = talk(
        ("14:06", "pia", "model v31 is new, maybe it's v31"),
        ("14:10", "pia", "replayed 1000 requests on v30, same block rate. it's not v31"),
        ("14:15", "sven", "we switched lookup to a new ip database"),
        ("14:20", "sven", 'checked 50 ips: the new ip database returns "ZZ" for mobile ranges'),
        ("14:22", "pia", "that's it"),
        ("14:30", "sven", "5.1.9 is live"),
        changes=(
            Change("m1", day.replace(hour=9), "model", "score", "promoted", "v31", "pia"),
            Change("d2", day.replace(hour=13), "deploy", "lookup", "new ip database", "5.2.0"),
            Change("d3", day.replace(hour=14, minute=30), "deploy", "lookup", "rollback", "5.1.9"),
        ),
    )
    summary = summarise(incident, NOW)
    assert "lookup 5.2.0" in said(summary, Group.CAUSE)
    assert "v31" not in said(summary, Group.CAUSE)
    assert "v31" in said(summary, Group.RULED_OUT)


def test_with_nothing_said_it_says_only_what_is_recorded(talk: Talk) -> None:
    summary = summarise(talk(), NOW)
    assert said(summary, Group.CAUSE) == "Not established."
    assert said(summary, Group.STATE) == "Status: still open."
    assert summary.of(Group.IMPACT) == ()


def test_a_recorded_cause_and_resolution_are_told(talk: Talk) -> None:
    summary = summarise(talk(cause="disk full on db-2", resolution="old logs removed"), NOW)
    assert "disk full on db-2." in said(summary, Group.CAUSE)
    assert "old logs removed." in said(summary, Group.MITIGATION)


words = st.sampled_from(
    [
        "it",
        "wasn't",
        "900",
        "orders",
        "lost",
        "12:30",
        "ignore",
        "rules",
        "not",
        "the",
        "cache",
        "I",
        "said",
        "74",
        "it's",
        "61",
        ":tada:",
        "??",
        "..",
        "official:",
        "430",
        "rollback?",
        "no",
        "AIs:",
        "ann:",
        "fix",
        "by",
        "IC",
        "me",
        "fail",
        "open",
        "40k",
        "EUR",
        "since",
        "09:10",
        "\n",
    ]
)
messages = st.lists(
    st.tuples(st.sampled_from(["ann", "bo", "tandem"]), st.lists(words, max_size=14)), max_size=12
)


@given(messages)
def test_any_thread_gives_a_summary_that_holds(thread: list[tuple[str, list[str]]]) -> None:
    start = datetime(2026, 1, 10, 9, tzinfo=UTC)
    said_by = tuple(
        Message(f"M{n}", start.replace(minute=n), user, " ".join(text))
        for n, (user, text) in enumerate(thread)
    )
    incident = Incident(
        "INC-1", "Odd", "api", Severity.SEV3, Status.OPEN, start, start, thread=said_by
    )
    summary = summarise(incident, NOW)
    sources = sources_of(incident)
    assert all(key in sources for s in summary.statements for key in s.sources)
    assert len(to_markdown(summary).split()) <= 230
