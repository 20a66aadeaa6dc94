from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import AlertRecord, Incident, Severity, Signal, SignalKind
from knowledge.silences import say_matchers, silenced_by
from skills.contract import Audience, BadArgs, Context, Reply, Role, Style, Tone
from skills.snooze import Args, StartArgs, skill, snooze_start
from skills.testing import NOON, context

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOT = Signal(
    "hot/3",
    "gpu-temperature",
    NOON,
    NOON,
    source="monitor",
    kind=SignalKind.METRIC,
    service="gpu-3",
    severity="warning",
    summary="gpu-temperature on gpu-3 is far above its usual",
    labels={"monitor": "metric:gpu-temperature", "gpu": "3", "sure": "0.97"},
)
DRIFT = Signal(
    "drift",
    "ModelDrift",
    NOON,
    NOON,
    source="monitor",
    kind=SignalKind.DRIFT,
    service="fraud",
    severity="warning",
    summary="fraud: inputs drift",
    labels={
        "monitor": "model:fraud",
        "model": "fraud",
        "verdict": "drifting",
        "columns": "amount, country",
    },
)


def opened(store: MemoryStore, *signals: Signal) -> Incident:
    incident = store.incidents.open(open_from(signals, NOON))
    store.alerts.record([AlertRecord(s, NOON - HOUR, incident=incident.id) for s in signals])
    return incident


def world(store: MemoryStore, **given: Any) -> Context:
    return context(incidents=store.incidents, alerts=store.alerts, silences=store.silences, **given)


def ask(store: MemoryStore) -> Reply:
    return skill.run(world(store), Args(incident="INC-1"))


def press(store: MemoryStore, label: str) -> Reply:
    button = next(b for b in ask(store).buttons if b.label == label)
    assert button.call is not None
    assert button.call.skill == "snooze_start"
    return snooze_start.run(world(store, via_button=True), StartArgs(**button.call.args))


def test_it_asks_how_long_and_shows_what_that_would_have_hidden() -> None:
    store = MemoryStore()
    opened(store, HOT)
    reply = ask(store)
    assert reply.title == "Snooze gpu-temperature on gpu-3 is far above its usual for how long?"
    assert [b.label for b in reply.buttons] == ["1 hour", "8 hours", "1 day", "Until it changes"]
    assert reply.fields["Last 7 days"] == "1 of 1 alert hidden, 1 incident not opened"
    assert "acknowledges INC-1" in reply.footer
    assert reply.audience is Audience.ASKER
    assert store.silences.find() == []


def test_pressed_it_hides_this_series_of_this_monitor_alone() -> None:
    store = MemoryStore()
    opened(store, HOT)
    done = press(store, "8 hours")
    assert done.title == "Snoozed until 2026-03-05 20:00 UTC (SIL-1)"
    assert done.about == "INC-1"
    (silence,) = store.silences.find()
    assert say_matchers(silence.matchers) == (
        "monitor=metric:gpu-temperature name=gpu-temperature service=gpu-3 gpu=3"
    )
    again = replace(HOT, starts_at=NOON + HOUR, labels={**HOT.labels, "sure": "0.71"})
    assert silenced_by(again, [silence], NOON + HOUR) == silence
    other = replace(again, service="gpu-4", labels={**HOT.labels, "gpu": "4"})
    assert silenced_by(other, [silence], NOON + HOUR) is None
    no_data = replace(again, name="gpu-temperature: no data")
    assert silenced_by(no_data, [silence], NOON + HOUR) is None


def test_who_snoozes_it_has_it_and_the_time_line_says_so() -> None:
    store = MemoryStore()
    opened(store, HOT)
    press(store, "1 hour")
    incident = store.incidents.get("INC-1")
    assert incident.acknowledged_by == "U1"
    assert [e.kind for e in incident.timeline] == ["opened", "silenced", "acknowledged"]
    assert "card:INC-1" in {d.key for d in store.outbox.due(NOON)}


def test_pressed_twice_it_is_set_and_told_once() -> None:
    store = MemoryStore()
    opened(store, HOT)
    assert press(store, "1 day").title == press(store, "1 day").title
    assert len(store.silences.find()) == 1
    kinds = [e.kind for e in store.incidents.get("INC-1").timeline]
    assert kinds.count("silenced") == 1


def test_until_it_changes_ends_for_a_model_when_other_columns_drift() -> None:
    store = MemoryStore()
    opened(store, DRIFT)
    done = press(store, "Until it changes")
    assert done.title == "Snoozed until 2026-03-12 12:00 UTC (SIL-1)"
    (silence,) = store.silences.find()
    later = NOON + DAY
    assert silenced_by(replace(DRIFT, starts_at=later), [silence], later) == silence
    wider = replace(DRIFT, labels={**DRIFT.labels, "columns": "amount, country, device"})
    assert silenced_by(wider, [silence], later) is None
    broken = replace(DRIFT, name="ModelDataQuality", kind=SignalKind.QUALITY)
    assert silenced_by(broken, [silence], later) is None


def test_until_it_changes_hides_nothing_of_a_metric_beyond_this_time() -> None:
    store = MemoryStore()
    opened(store, HOT)
    done = press(store, "Until it changes")
    assert done.title == "Snoozed until it is normal again"
    assert store.silences.find() == []
    incident = store.incidents.get("INC-1")
    assert incident.acknowledged_by == "U1"
    assert incident.timeline[1].text == "snoozed until it is normal again"
    press(store, "Until it changes")
    kinds = [e.kind for e in store.incidents.get("INC-1").timeline]
    assert kinds.count("snoozed") == 1


def test_a_grave_incident_that_nobody_would_have_heard_of_is_a_warning() -> None:
    store = MemoryStore()
    opened(store, HOT)
    store.incidents.change("INC-1", lambda i: replace(i, severity=Severity.SEV1))
    reply = ask(store)
    assert reply.tone is Tone.BAD
    assert reply.buttons[0].style is Style.DANGER
    assert "INC-1 (SEV1)" in reply.buttons[0].confirm


def test_bad_input_names_the_remedy() -> None:
    store = MemoryStore()
    opened(store, replace(HOT, kind=SignalKind.ALERT))
    with pytest.raises(BadArgs, match="Silence its alerts"):
        ask(store)
    opened(store, HOT)
    with pytest.raises(BadArgs, match="Use 1h, 8h, 1d or change"):
        snooze_start.run(world(store), StartArgs(incident="INC-2", length="forever"))


def test_looking_is_free_and_setting_needs_an_operator() -> None:
    assert skill.needs is Role.READ
    assert snooze_start.needs is Role.OPERATE
