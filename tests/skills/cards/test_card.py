from dataclasses import replace
from datetime import UTC, datetime, timedelta

from knowledge.catalogue import Catalogue
from knowledge.incidents import (
    TANDEM,
    acknowledge,
    add_note,
    merge_into,
    open_from,
    resolve,
    take_over,
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
    Ticket,
)
from skills.cards import incident_card, say_state, severity_button
from skills.contract import Button, Call, Picture, Reply, Source, Style, Tone

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
        "State": "open, not acknowledged",
        "Open": "since 12:00 UTC",
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
    look = ["Why?", "Catch me up", "More"]
    assert labels(incident_card(fresh)) == ["Acknowledge", "Resolve", *look]
    taken = incident_card(acknowledge(fresh, "U1", NOW), people=people)
    assert labels(taken) == ["Resolve", "Unacknowledge", *look]
    assert taken.fields["Owner"] == "ada"
    assert taken.fields["State"] == "open, acknowledged by ada"
    over = incident_card(resolve(fresh, "U1", LATER, "rolled back"), people=people)
    assert labels(over) == ["Reopen", "Catch me up", "Similar incidents", "More"]
    assert over.tone is Tone.GOOD
    assert over.text == "What fixed it: rolled back"
    assert over.fields["State"] == "resolved by ada"
    assert over.fields["Lasted"] == "12 min, 12:00 to 12:12 UTC"
    moved = incident_card(merge_into(fresh, "INC-2", "U1", LATER))
    assert labels(moved) == ["Show INC-2", "Time line"]
    assert moved.text == "It goes on as INC-2, which has its alerts."
    assert moved.fields["Alerts"] == "all in INC-2 now"


def test_resolving_is_what_is_left_when_nothing_fires() -> None:
    taken = acknowledge(incident(signal(ends_at=LATER)), "U1", NOW)
    assert button(incident_card(taken), "Resolve").style is Style.PRIMARY
    assert button(incident_card(taken), "Unacknowledge").style is Style.PLAIN


def test_its_age_is_told_in_steps_and_as_of_when() -> None:
    for seconds, shown in (
        (30, "since 12:00 UTC"),
        (130, "since 12:00 UTC, 2 min by 12:02"),
        (29 * 60, "since 12:00 UTC, 25 min by 12:25"),
        (5 * 3600 + 59, "since 12:00 UTC, 5 h by 17:00"),
        (26 * 3600, "since 12:00 UTC, 26 h by 03-06 14:00"),
    ):
        now = NOW + timedelta(seconds=seconds)
        assert incident_card(incident(), now=now).fields["Open"] == shown


def test_a_card_stays_the_same_for_as_long_as_nothing_happens() -> None:
    cards = {
        repr(incident_card(incident(), now=NOW + timedelta(seconds=20 * 60 + n)))
        for n in range(290)
    }
    assert len(cards) == 1


def test_the_buttons_carry_the_calls() -> None:
    card = incident_card(incident())
    assert button(card, "Acknowledge").call == Call(
        "incident_update", {"incident": "INC-12", "action": "ack"}
    )
    ask = button(card, "Resolve").form
    assert ask is not None
    assert (ask.fields[0].name, ask.fields[0].optional) == ("value", True)
    assert "1 alert is still firing" in ask.text
    assert button(card, "Why?").call == Call("root_cause", {"incident": "INC-12"})
    choose = severity_button(incident()).form
    assert choose is not None
    assert [value for value, _ in choose.fields[0].options] == list(Severity)


def test_the_card_of_a_drifting_model_asks_which_side_it_is() -> None:
    drift = signal(name="Drift", kind=SignalKind.DRIFT, service="fraud", severity="warning")
    card = incident_card(incident(drift))
    assert card.tone is Tone.WARNING
    about = {"incident": "INC-12"}
    assert button(card, "Model or infrastructure?").call == Call("model_or_infra", about)
    assert len(card.buttons) <= 5


def test_the_most_telling_alerts_come_first_and_each_rule_once() -> None:
    ended = replace(signal("z", "Ended"), ends_at=LATER)
    mild = signal("m", "Mild", severity="info")
    pods = [signal(f"p{n}", "PodDown") for n in range(50)]
    card = incident_card(incident(ended, mild, *pods, signal("g", "Grave")))
    assert heading(card, "Firing now") == [
        "*Grave* (since 12:00)",
        "*Pod down* (since 12:00, 50 alerts)",
        "*Mild* (since 12:00)",
    ]


def test_alerts_on_the_suspect_tell_most() -> None:
    pool = signal("p", "PoolExhausted", service="payment", severity="warning")
    blamed = replace(incident(signal(), pool), suspects=("payment",))
    assert heading(incident_card(blamed), "Firing now")[0] == (
        "*Pool exhausted on payment* (since 12:00)"
    )


def test_one_rule_fills_the_rest_when_there_is_no_other() -> None:
    three = [signal(str(n), "Down", service=f"s{n}") for n in range(4)]
    assert len(heading(incident_card(incident(*three)), "Firing now")) == 3


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


def changed(minutes: int, service: str = "checkout") -> Change:
    at = NOW - timedelta(minutes=minutes)
    return Change(f"c{minutes}", at, "deploy", service, "new rules", f"4.{minutes}", "ines", "u")


def test_the_change_shortly_before_is_the_likely_cause() -> None:
    card = incident_card(replace(incident(), changes=tuple(map(changed, (30, 2, 9)))))
    assert heading(card, "Likely cause") == [
        "11:58 *deploy checkout 4.2* by ines, 2 min before its first alert: new rules"
    ]
    assert heading(card, "Also changed shortly before") == [
        "11:51 *deploy checkout 4.9* by ines: new rules",
        "11:30 *deploy checkout 4.30* by ines: new rules",
    ]
    assert [source.url for source in card.sources if source.key == "C1"] == ["u"]


def test_a_change_of_something_else_is_only_told() -> None:
    card = incident_card(replace(incident(), changes=(changed(9, "search"),)))
    assert heading(card, "Likely cause") == []
    assert len(heading(card, "Changed shortly before")) == 1


SHOP = Catalogue.from_topology(
    {
        "edges": [["web", "cart"], ["cart", "payment"], ["checkout", "payment"]],
        "owners": {"checkout": "shop"},
        "pods": [{"service": "payment", "pod": "p-1", "node": "n-1", "cluster": "eu"}],
        "zones": {"n-1": "eu-a"},
    }
)


def storm(*suspects: str) -> Incident:
    pool = signal("p", "PoolExhausted", service="payment")
    late = NOW + timedelta(minutes=1)
    slow = [signal(f"l{n}", "Latency", service="cart", starts_at=late) for n in range(3)]
    grown = with_signals(incident(signal(starts_at=late), pool), slow, NOW)
    return replace(grown, suspects=suspects, service="checkout")


def test_a_suspect_is_named_with_the_reasons() -> None:
    card = incident_card(storm("payment", "redis"), catalogue=SHOP)
    assert heading(card, "Likely cause") == [
        "*payment*: the first of 5 alerts was on it, at 12:00; cart and checkout, which call it, "
        "alert too",
        "Less likely: redis",
    ]
    assert card.fields["Service"] == "checkout (team shop)"


def test_a_suspect_on_which_all_alerts_are_goes_without_saying() -> None:
    card = incident_card(replace(incident(), suspects=("checkout",)))
    assert heading(card, "Likely cause") == []


def test_two_rules_that_say_the_same_are_told_once() -> None:
    twins = [signal(n, f"Rule{n}", summary="Requests fail") for n in ("1", "2")]
    assert heading(incident_card(incident(*twins)), "Firing now") == [
        "*Requests fail* (since 12:00)"
    ]


def test_impact_is_who_depends_on_the_suspect() -> None:
    card = incident_card(storm("payment"), catalogue=SHOP)
    assert heading(card, "Likely impact") == [
        "3 services depend on it: cart, checkout and web",
        "Alerting already: cart and checkout",
    ]
    over = resolve(storm("payment"), "U1", LATER)
    assert heading(incident_card(over, catalogue=SHOP), "Likely impact") == []


def test_a_node_hits_what_runs_there_and_what_needs_it() -> None:
    down = replace(incident(signal(labels={"node": "n-1"}, service="")), suspects=("n-1",))
    card = incident_card(down, catalogue=SHOP)
    assert heading(card, "Likely cause")[0].startswith("*n-1* (node)")
    assert heading(card, "Likely impact") == [
        "4 services depend on it: payment, cart, checkout and web",
        "None of them alerts yet",
    ]


def test_without_a_catalogue_what_alerts_beside_it_is_hit() -> None:
    card = incident_card(storm("payment"))
    assert heading(card, "Likely impact") == ["Alerting already: cart and checkout"]


def test_a_persons_word_on_the_cause_comes_first() -> None:
    card = incident_card(replace(storm("payment"), cause="the pool was set to 5"), catalogue=SHOP)
    assert heading(card, "Cause")[0] == "the pool was set to 5"


def test_merges_and_splits_stay_on_the_card() -> None:
    other = replace(incident(signal("x", service="cart")), id="INC-7")
    grown = take_over(incident(), other, TANDEM, NOW, "shares payment")
    for _ in range(5):
        grown = add_note(grown, "news", "U1", LATER)
    assert heading(incident_card(grown), "Merged and split") == [
        "12:00 INC-7 was merged in with its alert: shares payment"
    ]


def test_tickets_are_linked() -> None:
    ticket = Ticket("jira", "OPS-4", "https://jira.example/OPS-4", "In progress")
    card = incident_card(replace(incident(), tickets=(ticket,)))
    assert heading(card, "Tickets") == ["OPS-4 (In progress)"]
    assert Source("TOPS-4", "jira", "https://jira.example/OPS-4") in card.sources


def test_a_storms_card_reads_as_short_as_any_other() -> None:
    many = [
        signal(f"s{n}", f"Rule{n % 40}", service=f"service-{n % 60}", labels={"pod": f"p{n % 300}"})
        for n in range(1500)
    ]
    card = incident_card(replace(incident(*many), suspects=("service-3",)))
    assert card.fields["Alerts"] == "1,500 firing of 1,500, in 60 services and 300 pods"
    assert sum(len(s.lines) for s in card.sections) <= 10
    assert all(len(ln.text) <= 330 for s in card.sections for ln in s.lines)
