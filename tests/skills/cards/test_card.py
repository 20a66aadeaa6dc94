from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.incidents import (
    acknowledge,
    add_note,
    open_from,
    resolve,
    with_signals,
)
from knowledge.records import (
    Band,
    Change,
    Document,
    DocumentKind,
    Hit,
    Incident,
    Severity,
    Signal,
    SignalKind,
)
from skills.cards import incident_card, incident_list, say_state, thread_update
from skills.contract import Button, Call, Picture, Reply, Tone

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=12)


def people(user_id: str) -> str:
    return {"U1": "ada"}.get(user_id, user_id)


def signal(fingerprint: str = "a", name: str = "HighErrorRate", **given: object) -> Signal:
    made = Signal(
        fingerprint,
        name,
        NOW,
        NOW,
        service="checkout",
        severity="critical",
        url="http://prometheus.example/graph",
        runbook_url="http://runbooks.example/5xx",
    )
    return replace(made, **given)  # type: ignore[arg-type]


def incident(*signals: Signal) -> Incident:
    return replace(open_from(signals or (signal(),), NOW), id="INC-12")


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


def button(reply: Reply, label: str) -> Button:
    return next(b for b in reply.buttons if b.label == label)


def heading(reply: Reply, wanted: str) -> list[str]:
    """The lines under a heading."""
    return [ln.text for s in reply.sections if s.heading == wanted for ln in s.lines]


def test_a_new_card_says_what_where_how_bad_and_who() -> None:
    card = incident_card(incident())
    assert card.title == "INC-12 · checkout: High error rate"
    assert card.tone is Tone.BAD
    assert card.about == "INC-12"
    assert card.fields == {
        "Severity": "SEV1",
        "Service": "checkout",
        "State": "open since 12:00 UTC, not acknowledged",
        "Owner": "nobody yet",
        "Alerts": "1 firing of 1",
    }
    assert heading(card, "Firing now") == ["*High error rate* (since 12:00)"]
    assert heading(card, "What happened") == ["12:00 opened by High error rate on checkout"]
    assert [(s.label, s.url) for s in card.sources] == [
        ("alert", "http://prometheus.example/graph"),
        ("runbook", "http://runbooks.example/5xx"),
    ]


def test_the_buttons_follow_the_state() -> None:
    fresh = incident()
    look = ["Catch me up", "Similar incidents"]
    assert labels(incident_card(fresh)) == ["Acknowledge", "Resolve", "Change severity", *look]
    taken = incident_card(acknowledge(fresh, "U1", NOW), people=people)
    assert labels(taken)[0] == "Take over"
    assert taken.fields["Owner"] == "ada"
    assert taken.fields["State"] == "open since 12:00 UTC, acknowledged by ada"
    over = incident_card(resolve(fresh, "U1", LATER))
    assert labels(over) == ["Reopen", *look]
    assert over.tone is Tone.GOOD
    assert over.fields["State"] == "resolved after 12 min"


def test_the_buttons_carry_the_calls() -> None:
    card = incident_card(incident())
    assert button(card, "Acknowledge").call == Call(
        "incident_update", {"incident": "INC-12", "action": "ack"}
    )
    ask = button(card, "Resolve").form
    assert ask is not None
    assert (ask.fields[0].name, ask.fields[0].optional) == ("value", True)
    assert "1 alert is still firing" in ask.text
    choose = button(card, "Change severity").form
    assert choose is not None
    assert [value for value, _ in choose.fields[0].options] == list(Severity)


def test_a_drifting_model_offers_its_drift() -> None:
    drift = signal(name="Drift", kind=SignalKind.DRIFT, service="fraud", severity="warning")
    card = incident_card(incident(drift))
    assert card.tone is Tone.WARNING
    assert button(card, "Show drift").call == Call("model_drift", {"model": "fraud"})
    assert len(card.buttons) <= 5


def test_the_most_telling_alerts_come_first_and_each_rule_once() -> None:
    ended = replace(signal("z", "Ended"), ends_at=LATER)
    mild = signal("m", "Mild", severity="info")
    pods = [signal(f"p{n}", "PodDown") for n in range(50)]
    card = incident_card(incident(ended, mild, *pods, signal("g", "Grave")))
    assert heading(card, "Firing now") == [
        "*Pod down* (since 12:00)",
        "*Grave* (since 12:00)",
        "*Mild* (since 12:00)",
    ]


def test_what_helped_before_and_runbooks_found() -> None:
    past = Document("INC-7", "Pool dry", "", date="2025-01-02", resolution="restart", url="u7")
    guide = Document("rb", "Pools", "", DocumentKind.RUNBOOK, url="urb")
    hits = [Hit(document, 1.0, 0.8, Band.SIMILAR) for document in (past, guide)]
    card = incident_card(incident(), hits)
    assert heading(card, "Seen before") == [
        "similar: Pool dry (2025-01-02). What fixed it: restart"
    ]
    assert heading(card, "Runbooks") == ["for High error rate", "Pools"]


def test_each_source_a_line_names_is_there() -> None:
    card = incident_card(incident(signal(), signal("b", "Other", url="")))
    keys = {source.key for source in card.sources}
    assert {key for s in card.sections for ln in s.lines for key in ln.sources} == keys


def test_a_picture_is_shown() -> None:
    picture = Picture("Drift", "two curves", b"png")
    assert incident_card(incident(), picture=picture).pictures == (picture,)


def test_long_texts_stay_within_bounds() -> None:
    long = "so many words " * 500
    big = incident(signal(summary=long, description=long))
    for _ in range(30):
        big = add_note(big, long, "U1", NOW)
    card = incident_card(big)
    assert len(card.title) <= 140
    assert all(len(ln.text) <= 330 for s in card.sections for ln in s.lines)
    assert sum(len(s.lines) for s in card.sections) <= 13


def test_a_clock_that_lags_shows_no_negative_age() -> None:
    assert say_state(incident(), NOW - timedelta(minutes=5)).startswith("open for 0 s")


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


def test_a_list_of_incidents() -> None:
    reply = incident_list([incident(), acknowledge(incident(), "U1", NOW)], LATER, people=people)
    assert reply.title == "2 open incidents"
    assert reply.tone is Tone.BAD
    assert reply.table is not None
    assert reply.table.rows[1][:3] == ("INC-12", "SEV1", "checkout: High error rate")
    assert reply.table.rows[1][-1] == "ada"


@pytest.mark.parametrize(
    ("count", "rows", "footer"), [(1, 1, ""), (30, 20, "the newest 20 are shown")]
)
def test_a_long_list_is_cut_and_says_so(count: int, rows: int, footer: str) -> None:
    reply = incident_list([incident()] * count, NOW)
    assert reply.table is not None
    assert len(reply.table.rows) == rows
    assert reply.footer == footer


def test_an_empty_list_is_good_news() -> None:
    assert incident_list([], NOW, "open SEV1").title == "No open SEV1 incidents"


def test_a_card_says_what_was_changed_shortly_before() -> None:
    changes = tuple(
        Change(
            f"c{n}", NOW - timedelta(minutes=n), "deploy", "checkout", "new rules", f"4.{n}", "ines"
        )
        for n in (30, 2, 9)
    )
    card = incident_card(replace(incident(), changes=changes))
    assert heading(card, "Changed shortly before") == [
        "11:58 *deploy checkout 4.2* by ines: new rules",
        "11:51 *deploy checkout 4.9* by ines: new rules",
    ]
