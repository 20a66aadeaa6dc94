from dataclasses import replace
from datetime import UTC, datetime, timedelta

from knowledge.incidents import add_change, add_message, add_note, open_from, record, with_signals
from knowledge.records import Change, Incident, Message, Signal
from skills.cards import thread_update, timeline, timeline_reply
from skills.contract import Reply

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=12)


def people(user_id: str) -> str:
    return {"U1": "ada"}.get(user_id, user_id)


def signal(fingerprint: str = "a", name: str = "HighErrorRate", minutes: int = 0) -> Signal:
    at = NOW + timedelta(minutes=minutes)
    url = "http://prometheus.example/graph"
    return Signal(fingerprint, name, at, at, service="checkout", severity="critical", url=url)


def incident() -> Incident:
    return replace(open_from((signal(),), NOW), id="INC-12")


def heading(reply: Reply, wanted: str) -> list[str]:
    """The lines under a heading."""
    return [ln.text for s in reply.sections if s.heading == wanted for ln in s.lines]


def test_a_thread_update_says_who_did_what() -> None:
    grown = with_signals(incident(), (signal("b", "Latency"),), NOW)
    noted = add_note(grown, "vendor called", "U1", LATER)
    update = thread_update(noted, noted.timeline[1:], people)
    assert update.title == "INC-12 · 2 updates"
    assert heading(update, "") == [
        "12:00 also Latency on checkout",
        "12:12 ada noted: vendor called",
    ]
    assert [source.key for source in update.sources] == ["E2"]


def eventful() -> Incident:
    """A deploy before it, a second alert, a later deploy, a message said in between, a note."""
    before = Change("c1", NOW - timedelta(minutes=3), "deploy", "checkout", "new rules", "4.2")
    during = Change("c2", NOW + timedelta(minutes=7), "flag", "checkout", "off")
    said = Message("1", NOW + timedelta(minutes=5), "U1", "vendor is down", url="https://s.example")
    made = replace(incident(), changes=(before,))
    made = with_signals(made, (signal("b", "Latency", 4), signal("c", "Latency", 6)), NOW)
    made = add_note(made, "called them", "U1", LATER)
    return add_message(add_change(made, during, LATER), said, LATER)


def test_the_time_line_is_in_the_order_in_which_it_happened() -> None:
    assert [entry.say(NOW.date()) for entry in timeline(eventful(), people)] == [
        "11:57 *deploy checkout 4.2*: new rules",
        "12:00 High error rate on checkout began to fire",
        "12:00 opened by High error rate on checkout",
        "12:00 also Latency on checkout",
        "12:04 Latency on checkout began to fire",
        "12:05 ada said: vendor is down",
        "12:07 flag checkout: off",
        "12:12 ada noted: called them",
    ]


def test_a_long_time_line_shows_its_beginning_and_its_end() -> None:
    long = eventful()
    for number in range(100):
        long = add_note(long, f"note {number}", "U1", LATER)
    shown = timeline_reply(long, people, most=40)
    lines = heading(shown, "")
    assert len(lines) == 41
    assert lines[0] == "11:57 *deploy checkout 4.2*: new rules"
    assert lines[10] == "… 68 more …"
    assert lines[-1] == "12:12 ada noted: note 99"


def test_in_a_storm_the_alerts_do_not_crowd_out_what_people_did() -> None:
    storm = with_signals(eventful(), [signal(f"s{n}", f"Rule{n}", n) for n in range(200)], LATER)
    shown = timeline_reply(storm, people, most=40)
    lines = heading(shown, "")
    assert len(lines) == 40
    assert {"12:00 opened by High error rate on checkout", "12:12 ada noted: called them"} <= set(
        lines
    )
    assert shown.footer == "169 later alerts not shown; the export has all · times in UTC"


def test_entries_link_to_where_they_come_from() -> None:
    shown = timeline_reply(eventful(), people)
    keys = {key for line in shown.sections[0].lines for key in line.sources}
    assert keys == {source.key for source in shown.sources}
    assert "https://s.example" in {source.url for source in shown.sources}


def test_whom_a_page_names_is_shown_by_name() -> None:
    paged = record(incident(), "paged", "Tandem", LATER, "paged <@U1> and #leads (step 1 of 2): x")
    reply = thread_update(paged, paged.timeline[-1:], people)
    assert heading(reply, "") == ["12:12 paged ada and #leads (step 1 of 2): x"]
