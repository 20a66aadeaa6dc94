from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadArgs
from knowledge.incidents import open_from
from knowledge.records import AlertRecord, Incident, Matcher, Severity, Signal, Silence, Verdict
from knowledge.silences import (
    EVERYTHING,
    Silencer,
    check_silence,
    holds,
    matchers_of,
    matches,
    noted,
    parse_matchers,
    parse_start,
    preview,
    released,
    say_matchers,
    silenced_by,
)

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def signal(
    number: int = 1, name: str = "DiskFull", service: str = "checkout", **labels: str
) -> Signal:
    return Signal(
        fingerprint=f"f{number}",
        name=name,
        starts_at=NOON,
        received_at=NOON,
        source="alertmanager",
        service=service,
        severity="critical",
        labels=labels,
    )


def silence(text: str, number: int = 1, hours: float = 2, **given: Any) -> Silence:
    made = Silence(
        id=f"SIL-{number}",
        matchers=parse_matchers(text),
        starts_at=NOON,
        ends_at=NOON + hours * HOUR,
        created_by="U1",
        created_at=NOON,
    )
    return replace(made, **given)


# Reading


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("service=checkout", [("service", "=", "checkout")]),
        (
            "service=checkout alertname=~'Disk.*'",
            [("service", "=", "checkout"), ("alertname", "=~", "Disk.*")],
        ),
        (
            '{alertname="DiskFull", node!~"n[12]"}',
            [("alertname", "=", "DiskFull"), ("node", "!~", "n[12]")],
        ),
        (
            "service=checkout,severity!=info",
            [("service", "=", "checkout"), ("severity", "!=", "info")],
        ),
        ("summary = 'two words'", [("summary", "=", "two words")]),
        (r'host=~"10\.0\..*"', [("host", "=~", r"10\.0\..*")]),
        (r'note="say \"hi\""', [("note", "=", 'say "hi"')]),
        ("service=checkout service=checkout", [("service", "=", "checkout")]),
        ("service==checkout", [("service", "=", "checkout")]),
        ("alertname=~‘Disk.*’", [("alertname", "=~", "Disk.*")]),
        ("service=checkout node=", [("service", "=", "checkout"), ("node", "=", "")]),
        ("node= service=checkout", [("node", "=", ""), ("service", "=", "checkout")]),
        ("service = checkout", [("service", "=", "checkout")]),
    ],
)
def test_reading_matchers(text: str, read: list[tuple[str, str, str]]) -> None:
    assert parse_matchers(text) == tuple(Matcher(*parts) for parts in read)


@pytest.mark.parametrize(
    "text",
    [
        "service=checkout",
        "alertname=~'Disk.*' node!~'n[12]'",
        r'note="say \"hi\"" host=~"10\.0\..*"',
        "everything",
        "service=checkout node=",
    ],
)
def test_what_is_said_reads_back(text: str) -> None:
    read = parse_matchers(text)
    assert parse_matchers(say_matchers(read)) == read


@given(st.lists(st.text(max_size=40), min_size=1, max_size=3), st.sampled_from(["=", "!="]))
def test_any_value_is_said_so_that_it_reads_back(values: list[str], op: str) -> None:
    made = tuple(Matcher(f"label{n}", op, value) for n, value in enumerate(values))
    made += (Matcher("service", "=", "checkout"),)
    assert parse_matchers(say_matchers(made)) == made


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no alerts"),
        ("  , ", "has no"),
        ("checkout", "'checkout' has no =, !=, =~ or !~"),
        ("service=checkout please", "'please' has no"),
        ("=checkout", "names no label"),
        ("service='checkout", "a quotation mark is not closed"),
        ("alertname=~'Disk('", "alertname=~'Disk(' is no usable pattern: missing )"),
        ("alertname=~'(?=x)'", "only groups, classes and repeats"),
        ("alertname=~'.*'", "would hide nearly every alert"),
        ("alertname=~'.*' service!=checkout", "would hide nearly every alert"),
        ("service=", "would hide nearly every alert"),
        ("severity!~'info'", "would hide nearly every alert"),
        ("service=~'.+'", "would hide nearly every alert"),
        (" ".join(f"l{n}=x" for n in range(11)), "has 11 conditions"),
        ("service=" + "x" * 1000, "500 is the most"),
    ],
)
def test_errors_name_the_part_and_the_remedy(text: str, says: str) -> None:
    with pytest.raises(BadArgs) as caught:
        parse_matchers(text)
    assert says in caught.value.problem
    assert caught.value.remedy
    assert caught.value.field == "match"


def test_everything_must_be_typed_out() -> None:
    assert parse_matchers("Everything") == EVERYTHING
    assert matches(signal(), EVERYTHING)


def test_matchers_of_an_incident() -> None:
    assert say_matchers(matchers_of(["checkout"], [])) == "service=checkout"
    two = matchers_of(["checkout", "cart"], ["Disk.Full", "Slow (p99)", ""])
    assert matches(signal(name="Disk.Full"), two)
    assert matches(signal(name="Slow (p99)", service="cart"), two)
    assert not matches(signal(name="DiskXFull"), two)
    assert not matches(signal(name="Disk.Full", service="search"), two)


# Matching


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("name=DiskFull", True),
        ("alertname=DiskFull", True),
        ("alertname=diskfull", False),
        ("service=checkout", True),
        ("service=check", False),
        ("service=~check", False),
        ("service=~check.*", True),
        ("severity=critical", True),
        ("source=alertmanager", True),
        ("team=payments", True),
        ("node=n1", True),
        ("node=n1 node!=n2", True),
        ("node=n1 zone=", True),
        ("node=n1 zone!=", False),
        ("node=n1 zone!=a", True),
        ("node=n1 zone=~a?", True),
        ("node=n1 zone=~.+", False),
        ("node=n1 node!~'n[2-9]'", True),
        ("node=n1 node!~'n[1-9]'", False),
    ],
)
def test_matchers_mean_what_they_mean_in_alertmanager(text: str, hidden: bool) -> None:
    made = signal(node="n1")
    found = matches(made, parse_matchers(text), team_of={"checkout": "payments"}.__getitem__)
    assert found is hidden


def test_labels_stand_in_where_the_sender_said_less() -> None:
    labels = {"alertname": "Slow", "team": "core", "service": "cart"}
    made = replace(signal(), service="", name="slow", labels=labels)
    for text in ("alertname=Slow", "team=core", "service=cart", "name=slow"):
        assert matches(made, parse_matchers(text)), text


def test_a_silence_holds_from_its_start_until_its_end() -> None:
    made = silence("service=checkout")
    times = [NOON - HOUR / 60, NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert [holds(made, at) for at in times] == [False, True, True, False]
    found = [silenced_by(signal(), [made], at) for at in times]
    assert found == [None, made, made, None]


def test_of_several_silences_the_longest_is_named() -> None:
    short, long = silence("service=checkout", 1, 1), silence("alertname=~Disk.*", 2, 5)
    assert silenced_by(signal(), [short, long], NOON) == long
    assert silenced_by(signal(), [long, short], NOON) == long


def test_a_silencer_agrees_with_trying_each() -> None:
    texts = [
        "service=cart",
        "service=checkout node=n3",
        "alertname=~'Disk.*' node=n4",
        "node!=n5 zone=z",
    ]
    silences = [silence(text, number) for number, text in enumerate(texts)]
    silencer = Silencer(silences)
    for name in ("DiskFull", "Slow"):
        for service in ("cart", "checkout", "search"):
            for node in ("n3", "n4", "n5"):
                made = signal(1, name, service, node=node, zone="z" if node == "n5" else "")
                each = [s for s in silences if matches(made, s.matchers)]
                assert (silencer.hides(made, NOON) is not None) == bool(each)
                assert silencer.hides(made, NOON + 3 * HOUR) is None


def test_what_fires_still_is_released_when_its_silence_ends() -> None:
    silencer = Silencer([silence("service=checkout", 1, 1), silence("service=cart", 2, 4)])
    over = replace(signal(4), ends_at=NOON + HOUR / 2)
    records = [
        AlertRecord(signal(1), NOON, verdict=Verdict.SILENCED, silence="SIL-1"),
        AlertRecord(signal(2, service="cart"), NOON, verdict=Verdict.SILENCED, silence="SIL-2"),
        AlertRecord(signal(3), NOON, verdict=Verdict.ATTACHED, incident="INC-1"),
        AlertRecord(over, NOON, verdict=Verdict.SILENCED, silence="SIL-1"),
    ]
    assert released(records, silencer, NOON + HOUR / 2) == []
    assert released(records, silencer, NOON + HOUR) == [records[0]]


# Limits


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"matchers": ()}, "match", "names no alerts"),
        ({"ends_at": NOON}, "duration", "ends before it begins"),
        ({"ends_at": NOON + timedelta(days=31)}, "duration", "31 d is too long"),
        ({"starts_at": NOON - 3 * HOUR, "ends_at": NOON - HOUR}, "start", "is over"),
        ({"matchers": (Matcher("service", "~", "x"),)}, "match", "'~' is no operator"),
    ],
)
def test_what_may_not_be_made(given: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(BadArgs) as caught:
        check_silence(silence("service=checkout", **given), NOON)
    assert caught.value.field == field
    assert says in caught.value.problem


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", NOON),
        ("now", NOON),
        ("in 90 min", NOON + 1.5 * HOUR),
        ("2h", NOON + 2 * HOUR),
        ("22:00", NOON + 10 * HOUR),
        ("11:30 UTC", NOON + 23.5 * HOUR),
        ("2026-03-06 08:00", NOON + 20 * HOUR),
        ("2026-03-06T08:00:00+01:00", NOON + 19 * HOUR),
    ],
)
def test_a_start_is_read(text: str, at: datetime) -> None:
    assert parse_start(text, NOON) == at


def test_what_is_no_time_is_refused_with_examples() -> None:
    with pytest.raises(BadArgs, match=r"start: 'after lunch' is no time\. Write .* 2h"):
        parse_start("after lunch", NOON)


def test_thirty_days_may_be() -> None:
    check_silence(silence("service=checkout", ends_at=NOON + timedelta(days=30)), NOON)


def test_it_stands_on_the_time_line() -> None:
    before = open_from([signal()], NOON)
    after = noted(before, silence("service=checkout", reason="deploy"), NOON)
    assert after.timeline[:-1] == before.timeline
    event = after.timeline[-1]
    assert (event.kind, event.actor) == ("silenced", "U1")
    assert (
        event.text == "silenced service=checkout until 2026-03-05 14:00 UTC (SIL-1) because deploy"
    )


# Preview


def record(number: int, incident: str = "", **given: str) -> AlertRecord:
    return AlertRecord(signal(number, **given), NOON, deliveries=3, incident=incident)


def known(incident_id: str) -> Incident | None:
    severity = {"INC-1": Severity.SEV1, "INC-2": Severity.SEV3, "INC-3": Severity.SEV2}
    if incident_id not in severity:
        return None
    draft = open_from([signal()], NOON)
    return replace(draft, id=incident_id, severity=severity[incident_id], title="Disk full")


def test_a_preview_counts_what_would_have_been_hidden() -> None:
    records = [
        record(1, "INC-1"),
        record(2, "INC-1"),
        record(3, "INC-2"),
        record(4, "INC-2", service="cart"),
        record(5),
        record(6, "", name="Slow"),
        record(7, "INC-9"),
    ]
    found = preview(records, parse_matchers("service=checkout alertname=DiskFull"), known)
    assert (found.seen, found.hidden, found.deliveries) == (7, 5, 15)
    assert found.by_rule == (("DiskFull", 5),)
    assert found.by_service == (("checkout", 5),)
    assert [e.incident for e in found.prevented] == ["INC-1", "INC-9"]
    assert [(e.incident, e.hidden, e.alerts) for e in found.shrunk] == [("INC-2", 1, 2)]
    assert found.prevented[0].title == "Disk full"
    assert found.warning == "It would have hidden INC-1 (SEV1) altogether."


def test_a_preview_of_nothing_warns_of_nothing() -> None:
    found = preview([record(1, "INC-1")], parse_matchers("service=search"), known)
    assert (found.seen, found.hidden, found.effects, found.warning) == (1, 0, (), "")


def test_a_shrunk_or_mild_incident_is_no_warning() -> None:
    records = [record(1, "INC-1"), record(2, "INC-1", service="cart"), record(3, "INC-2")]
    found = preview(records, parse_matchers("service=checkout"), known)
    assert found.warning == ""
    assert [e.incident for e in found.effects] == ["INC-2", "INC-1"]


def test_an_incident_that_began_before_the_records_is_not_called_hidden() -> None:
    older = replace(open_from([signal(1), signal(2), signal(3)], NOON), severity=Severity.SEV1)
    found = preview([record(1, "INC-1")], parse_matchers("service=checkout"), lambda _: older)
    assert [(e.hidden, e.alerts, e.whole) for e in found.effects] == [(1, 3, False)]
