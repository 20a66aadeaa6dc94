from datetime import UTC, datetime, timedelta

import pytest

from knowledge.catalogue import Catalogue
from knowledge.fitting import Fit, Situation, Verdict, fit, situation
from knowledge.records import Change, Document, Incident, Severity, Signal, Status

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
CATALOGUE = Catalogue(
    services=frozenset({"checkout", "payments", "search"}),
    edges=frozenset({("checkout", "payments")}),
)
DEPLOY = Change("1", NOON - timedelta(minutes=12), "deploy", "payments", "new client", "v2.4")
FLAG = Change("2", NOON - timedelta(hours=3), "flag", "checkout", "one-click")


def past(resolution: str, service: str = "") -> Document:
    return Document("NP-1", "Timeouts", "checkout was slow", resolution=resolution, service=service)


def now(words: str = "checkout latency is high", *changes: Change) -> Situation:
    return Situation("checkout", words, NOON, changes)


def judged(document: Document, there: Situation) -> Fit:
    found = fit(document, there, CATALOGUE)
    assert found is not None
    return found


def test_without_a_fix_nothing_is_said() -> None:
    assert fit(past(""), now(), CATALOGUE) is None


@pytest.mark.parametrize(
    ("resolution", "there", "expected", "reason"),
    [
        ("Rolled back the release", now("slow", DEPLOY), Verdict.FITS, "payments v2.4 came 12 min"),
        ("Rolled back the release", now("slow"), Verdict.DOES_NOT_FIT, "none is known"),
        ("Turned the flag off", now("slow", FLAG), Verdict.FITS, "flag of checkout came 3 h"),
        ("Turned the flag off", now("slow", DEPLOY), Verdict.MAY_FIT, "a flag change"),
        ("Restarted payments", now(), Verdict.FITS, "works on payments"),
        ("Restarted search", now(), Verdict.DOES_NOT_FIT, "works on search"),
        ("Deleted old logs, disk full", now("DiskFull on broker"), Verdict.FITS, "a full disk"),
        ("Renewed the certificate", now("disk full"), Verdict.MAY_FIT, "speak of a full disk"),
        ("Renewed the certificate", now(), Verdict.MAY_FIT, "which no alert shows"),
        ("Waited", now(), Verdict.MAY_FIT, "nothing speaks against"),
    ],
)
def test_a_fix_fits_when_what_it_rests_on_is_there(
    resolution: str, there: Situation, expected: Verdict, reason: str
) -> None:
    found = judged(past(resolution), there)
    assert found.verdict is expected
    assert reason in found.reason


def test_a_change_of_a_service_that_has_no_part_may_explain() -> None:
    elsewhere = Change("3", NOON - timedelta(hours=1), "deploy", "search", "x")
    found = judged(past("Reverted the deploy"), now("slow", elsewhere))
    assert found.verdict is Verdict.MAY_FIT
    assert "nothing of checkout" in found.reason


def test_the_same_service_is_said() -> None:
    assert "same service" in judged(past("Waited", service="checkout, search"), now()).reason


def test_a_situation_holds_what_came_before_the_first_alert() -> None:
    began = NOON - timedelta(minutes=5)
    alert = Signal("f", "DiskFull", began, NOON, summary="no space left")
    later = Change("4", NOON, "deploy", "checkout", "the mitigation")
    old = Change("5", NOON - timedelta(days=3), "deploy", "checkout", "long ago")
    incident = Incident(
        "INC-1", "Slow", "checkout", Severity.SEV2, Status.OPEN, NOON, NOON, signals=(alert,)
    )
    found = situation(incident, [later, FLAG, DEPLOY, old])
    assert found.changes == (DEPLOY, FLAG)
    assert "no space left" in found.words
    assert found.began == began
