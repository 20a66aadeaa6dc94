"""What people decide stands, is told, and is learned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.intake import Intake
from bot.triage import IntakeTriage
from knowledge.adapters.memory.store import MemoryStore
from knowledge.codec import signals_from_json, signals_to_json
from knowledge.errors import BadArgs, NotFound
from knowledge.incidents import instance
from knowledge.records import Signal, SignalKind, Status, Teaching, Verdict

START = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass
class Desk:
    """An intake with its triage and a clock."""

    def __post_init__(self) -> None:
        self.now = START
        self.store = MemoryStore()
        self.intake = Intake(self.store, self.read, lambda: self.now)
        self.triage = IntakeTriage(self.intake, self.store, lambda: self.now)

    def read(self, source: str, body: bytes, at: datetime) -> Sequence[Signal]:
        return signals_from_json(body)

    def send(self, *signals: Signal) -> None:
        self.intake.accept("alertmanager", signals_to_json(signals), signals)
        self.intake.work()

    def services(self) -> dict[str, set[str]]:
        """Open incidents and the services that alert in them."""
        found = self.store.incidents.find(open_only=True)
        return {i.id: {s.service for s in i.signals} for i in found}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def alert(name: str, service: str, second: int = 0) -> Signal:
    at = START + timedelta(seconds=second)
    return Signal(
        f"{name}/{service}", name, at, at, service=service, severity="critical",
        kind=SignalKind.METRIC,
    )  # fmt: skip


ERRORS, SLOW = alert("HighErrorRate", "checkout"), alert("HighLatency", "checkout", 5)
CART = alert("HighErrorRate", "cart", 10)


def test_why_is_the_record_with_its_terms(desk: Desk) -> None:
    desk.send(ERRORS, SLOW)
    record = desk.triage.why(*instance(SLOW))
    assert record.incident == "INC-1"
    assert record.verdict in (Verdict.OPENED, Verdict.ATTACHED)
    with pytest.raises(NotFound):
        desk.triage.why("nobody", START)


def test_the_same_incident_is_one_from_now_on(desk: Desk) -> None:
    desk.send(ERRORS, CART)
    assert desk.services() == {"INC-1": {"checkout"}, "INC-2": {"cart"}}
    desk.triage.merge("INC-2", "INC-1", "U1")
    assert desk.services() == {"INC-1": {"checkout", "cart"}}
    gone = desk.store.incidents.get("INC-2")
    assert (gone.status, gone.merged_into) == (Status.RESOLVED, "INC-1")
    assert gone.timeline[-1].actor == "U1"
    # What follows on the merged one's service belongs to the one that is left.
    desk.now += timedelta(seconds=30)
    desk.send(alert("PodNotReady", "cart", 28))
    assert {s.name for s in desk.store.incidents.get("INC-1").signals} >= {"PodNotReady"}
    assert desk.store.alerts.get(*instance(CART)).incident == "INC-1"
    (lesson,) = desk.store.lessons.all()
    assert lesson.teaching is Teaching.SAME_INCIDENT
    assert {lesson.one, lesson.other} == {("HighErrorRate", "cart"), ("HighErrorRate", "checkout")}


def test_what_is_not_related_leaves_and_stays_out(desk: Desk) -> None:
    desk.send(ERRORS, CART)
    desk.triage.merge("INC-2", "INC-1", "U1")
    desk.triage.not_related("INC-1", [instance(CART)], "U2")
    assert desk.services() == {"INC-1": {"checkout"}}
    desk.now += timedelta(minutes=1)
    desk.send(replace(CART, received_at=desk.now))
    assert "cart" not in desk.services()["INC-1"]
    assert desk.store.alerts.get(*instance(CART)).incident != "INC-1"
    assert desk.store.incidents.get("INC-1").timeline[-1].actor == "U2"
    assert desk.store.lessons.all()[-1].teaching is Teaching.NOT_RELATED


def test_split_off_they_are_an_incident_of_their_own(desk: Desk) -> None:
    desk.send(ERRORS, SLOW, CART)
    desk.triage.merge("INC-2", "INC-1", "U1")
    opened = desk.triage.split("INC-1", [instance(CART)], "U2")
    assert desk.services() == {"INC-1": {"checkout"}, opened.id: {"cart"}}
    assert desk.store.alerts.get(*instance(CART)).incident == opened.id


@pytest.mark.parametrize(
    ("chosen", "error"), [((), NotFound), ((("x", START),), NotFound), ((ERRORS,), BadArgs)]
)
def test_a_choice_that_makes_no_sense_is_refused(
    desk: Desk, chosen: tuple[object, ...], error: type[Exception]
) -> None:
    desk.send(ERRORS)
    keys = [instance(c) if isinstance(c, Signal) else c for c in chosen]
    with pytest.raises(error):
        desk.triage.split("INC-1", keys, "U1")  # type: ignore[arg-type]
    assert desk.services() == {"INC-1": {"checkout"}}


def test_merging_with_itself_or_twice_is_refused(desk: Desk) -> None:
    desk.send(ERRORS, CART)
    with pytest.raises(BadArgs, match="itself"):
        desk.triage.merge("INC-1", "INC-1", "U1")
    desk.triage.merge("INC-1", "INC-2", "U1")
    with pytest.raises(BadArgs, match="already"):
        desk.triage.merge("INC-1", "INC-2", "U1")


def test_a_refusal_teaches_nothing_and_names_where_an_incident_went(desk: Desk) -> None:
    desk.send(ERRORS, CART, alert("HighErrorRate", "search", 20))
    desk.triage.merge("INC-2", "INC-1", "U1")
    learned = desk.store.lessons.all()
    with pytest.raises(BadArgs, match="Name INC-1 instead"):
        desk.triage.merge("INC-3", "INC-2", "U1")
    assert desk.store.lessons.all() == learned
    assert desk.services() == {"INC-1": {"checkout", "cart"}, "INC-3": {"search"}}


def test_people_are_believed_after_a_restart(desk: Desk) -> None:
    desk.send(ERRORS, CART)
    desk.triage.merge("INC-2", "INC-1", "U1")
    desk.intake = Intake(desk.store, desk.read, lambda: desk.now)
    desk.now += timedelta(seconds=30)
    desk.send(alert("PodNotReady", "cart", 28))
    assert desk.services() == {"INC-1": {"checkout", "cart"}}
