from dataclasses import replace
from datetime import UTC, datetime, timedelta

from knowledge.explanation import Clue, Weight
from knowledge.incidents import acknowledge, open_from, resolve, with_signals
from knowledge.records import Approval, Incident, Signal, SignalKind
from skills.cards import incident_card, more_sections
from skills.cards.finding import Noticed
from skills.contract import Button, Call, Picture, Reply, Tone

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOT = Signal(
    "hot",
    "gpu-temperature",
    NOON,
    NOON + 2 * MINUTE,
    source="monitor",
    kind=SignalKind.METRIC,
    service="gpu-3",
    severity="warning",
    summary="gpu-temperature on gpu-3 is far above its usual",
    description="91.3, where 58 to 72 is usual at this hour, since 12:00.",
    labels={"monitor": "metric:gpu-temperature", "sure": "0.97"},
)
DRIFT = Signal(
    "drift",
    "ModelDrift",
    NOON,
    NOON,
    source="monitor",
    kind=SignalKind.DRIFT,
    service="eta-model",
    severity="warning",
    summary="eta-model: inputs drift, 6 of 14 columns moved",
    labels={"monitor": "model:eta-model", "model": "eta-model", "window": "24h"},
)
ALERT = Signal(
    "alert", "HighErrorRate", NOON, NOON, service="gpu-3", severity="critical", url="http://a.test"
)
DEPLOY = Clue(Weight.LIKELY, "11:48 *deploy gpu-3 4.2*, 12 min before", NOON, "change", "http://c")
NODE = Clue(Weight.PERHAPS, "On the same node: *Disk full*, since 11:58", NOON, "alert")


def incident(*signals: Signal) -> Incident:
    return replace(open_from(signals, NOON + 2 * MINUTE), id="INC-12")


def card(of: Incident, noticed: Noticed) -> Reply:
    return incident_card(of, noticed=noticed, people=lambda user: {"U1": "ada"}.get(user, user))


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


def button(reply: Reply, label: str) -> Button:
    return next(b for b in reply.buttons if b.label == label)


def lines(reply: Reply, heading: str) -> list[str]:
    return [line.text for s in reply.sections if s.heading == heading for line in s.lines]


def test_the_verdict_is_the_title_and_how_sure_comes_first() -> None:
    shown = card(incident(HOT), Noticed(HOT, (DEPLOY,)))
    assert shown.title == "INC-12 · gpu-temperature on gpu-3 is far above its usual"
    assert shown.tone is Tone.WARNING
    assert shown.text == "91.3, where 58 to 72 is usual at this hour, since 12:00."
    assert list(shown.fields.items())[:3] == [
        ("Since", "12:00 UTC, 2 min by 12:02"),
        ("How sure", "very sure (0.97)"),
        ("Monitor", "gpu-temperature"),
    ]
    assert shown.fields["State"] == "open, not acknowledged"
    assert "Alerts" not in shown.fields
    assert shown.footer.startswith("found 2026-03-05 12:00 UTC")
    assert shown.about == "INC-12"


def test_the_explanation_says_how_sure_it_is_and_what_it_rests_on() -> None:
    shown = card(incident(HOT), Noticed(HOT, (DEPLOY, NODE)))
    assert lines(shown, "Likely explanation") == [
        "Likely: 11:48 *deploy gpu-3 4.2*, 12 min before",
        "Perhaps: On the same node: *Disk full*, since 11:58",
    ]
    assert [(s.key, s.label, s.url) for s in shown.sources] == [
        ("E1", "change", "http://c"),
    ]
    assert [line.sources for line in shown.sections[0].lines] == [("E1",), ()]


def test_where_nothing_is_known_the_card_says_so() -> None:
    shown = card(incident(HOT), Noticed(HOT))
    (line,) = lines(shown, "Likely explanation")
    assert line.startswith("Nothing that Tandem knows of changed in the 2 h before")


def test_a_metric_offers_no_training_and_a_model_does() -> None:
    metric = card(incident(HOT), Noticed(HOT))
    assert labels(metric) == [
        *("Investigate", "Snooze", "Not useful", "Useful"),
        *("Acknowledge", "Resolve", "More"),
    ]
    model = card(incident(DRIFT), Noticed(DRIFT))
    assert labels(model)[:4] == ["Investigate", "Model or infrastructure?", "Snooze", "Retrain"]
    assert button(model, "Retrain").call == Call("retrain", {"model": "eta-model"})
    assert button(model, "Roll back").call == Call("rollback", {"model": "eta-model"})
    assert button(model, "Roll back").confirm
    assert button(model, "Not useful").call == Call("not_useful", {"incident": "INC-12"})
    assert model.fields["Window"] == "24 h"
    assert "How sure" not in model.fields


def test_the_buttons_follow_the_state() -> None:
    taken = acknowledge(incident(HOT), "U1", NOON)
    shown = card(taken, Noticed(HOT))
    assert "Unacknowledge" in labels(shown)
    assert "Acknowledge" not in labels(shown)
    over = resolve(taken, "U1", NOON + 9 * MINUTE, "fan replaced")
    ended = replace(HOT, ends_at=NOON + 8 * MINUTE)
    shown = card(replace(over, signals=(ended,)), Noticed(ended))
    assert labels(shown) == ["Investigate", "Not useful", "Useful", "Reopen", "More"]
    assert shown.tone is Tone.GOOD
    assert shown.text.splitlines()[0] == (
        "It is normal again since 12:08 UTC. What fixed it: fan replaced"
    )


def test_pictures_opinions_and_snoozes_are_shown() -> None:
    picture = Picture("", "the band", b"png")
    noticed = Noticed(
        HOT, pictures=(picture,), not_useful=2, useful=1, snoozed="until 2026-03-05 20:00 UTC"
    )
    shown = card(incident(HOT), noticed)
    assert shown.pictures == (picture,)
    assert shown.fields["Snoozed"] == "until 2026-03-05 20:00 UTC"
    assert shown.footer.endswith("its findings of 30 days: 1 useful, 2 not useful")


def test_several_findings_are_one_card() -> None:
    shown = card(incident(HOT, DRIFT), Noticed(HOT))
    assert lines(shown, "Also found") == [
        "*eta-model: inputs drift, 6 of 14 columns moved* (since 12:00)"
    ]


def test_when_an_alert_joins_it_is_the_card_of_an_incident() -> None:
    joined = with_signals(incident(HOT), [ALERT], NOON + 3 * MINUTE)
    shown = card(joined, Noticed(HOT, (NODE, DEPLOY)))
    assert shown.title == f"INC-12 · {joined.title}"
    assert labels(shown) == ["Acknowledge", "Resolve", "Why?", "Catch me up", "More"]
    assert lines(shown, "Tandem noticed") == [
        "*gpu-temperature on gpu-3 is far above its usual* (since 12:00, very sure (0.97))",
        "Likely because: 11:48 *deploy gpu-3 4.2*, 12 min before",
    ]
    assert lines(shown, "Firing now") == ["*High error rate* (since 12:00)"]
    assert {"E1", "A1"} == {source.key for source in shown.sources}


def test_without_what_was_read_it_is_an_ordinary_card() -> None:
    shown = incident_card(incident(HOT))
    assert labels(shown)[0] == "Acknowledge"
    assert lines(shown, "Firing now")


def test_a_model_that_is_served_by_another_service_is_asked_for_by_its_own_name() -> None:
    served = replace(DRIFT, service="eta-api")
    joined = with_signals(incident(served), [ALERT], NOON + 3 * MINUTE)
    (section,) = more_sections(joined, {"model_drift"})
    (drift,) = section.buttons
    assert drift.label == "Show drift"
    assert drift.call == Call("model_drift", {"model": "eta-model", "window": "24h"})


def test_behind_more_is_what_can_be_said_of_the_finding() -> None:
    known = {"finding", "snooze", "not_useful", "useful", "retrain", "rollback"}
    (section,) = more_sections(incident(DRIFT, ALERT), known)
    assert section.heading == "What Tandem noticed"
    assert [b.label for b in section.buttons] == [
        *("Investigate", "Snooze", "Retrain", "Roll back", "Not useful", "Useful")
    ]
    assert more_sections(incident(ALERT), known) == ()


def test_a_champion_that_is_new_can_be_taken_back_in_an_emergency() -> None:
    new = Approval("APR-3", "eta-model", "5", "3", "U1", "ada", NOON)
    shown = card(incident(DRIFT), Noticed(DRIFT, promoted=new))
    at = labels(shown).index("Roll back")
    assert labels(shown)[at + 1] == "Emergency rollback"
    back = button(shown, "Emergency rollback")
    args = {"model": "eta-model", "version": "3", "emergency": True}
    assert back.call == Call("rollback", args)
    assert back.form is not None
    assert [field.name for field in back.form.fields] == ["reason"]
    assert "Emergency rollback" not in labels(card(incident(DRIFT), Noticed(DRIFT)))
