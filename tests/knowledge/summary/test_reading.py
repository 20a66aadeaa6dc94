"""What a clause does in the talk."""

from collections.abc import Callable

import pytest

from knowledge.records import Incident
from knowledge.summary.facts import superseded
from knowledge.summary.reading import clauses_of, refusals

Talk = Callable[..., Incident]


def left(incident: Incident) -> str:
    clauses = clauses_of(incident.thread)
    gone = superseded(clauses)
    return " | ".join(c.text for c in clauses if (c.message, c.order) not in gone)


@pytest.mark.parametrize(
    ("thread", "stands", "fell"),
    [
        (("about 500 tickets", "official count: 430 tickets"), "430", "500"),
        (("300 orders lost", "I said 300 orders, it's 280"), "280", ""),
        (("roughly 9k rows affected", "8,412 rows affected, counted"), "8,412", "9k"),
        (("2,000 parcels late?", "system says 1,800 late parcels"), "1,800", "2,000"),
        (("120 orders failed", "hm no. retries must be subtracted. 95 orders"), "95", "120"),
        (("40 pods restarted", "95 orders failed"), "40", ""),
        (("300 invoices late", "looked again: 212, the rest were test accounts"), "300", ""),
        (("about 300 late invoices", "better number: 212 late invoices"), "212", "300"),
        (("70% of calls fail", "31% of calls failed. the 70% was one bad probe"), "31%", "70%"),
        (("1,900 letters wrong", "korrigiere: 640 letters wrong"), "640", "1,900"),
    ],
)
def test_corrected_numbers_fall(
    talk: Talk, thread: tuple[str, ...], stands: str, fell: str
) -> None:
    incident = talk(*((f"14:1{n}", "ann", text) for n, text in enumerate(thread)))
    rest = left(incident)
    assert stands in rest
    assert not fell or fell not in rest


def test_a_proposal_that_was_turned_down(talk: Talk) -> None:
    incident = talk(("14:10", "ann", "so retrain?"), ("14:11", "bo", "on what? two hours? no."))
    found = [(c.text, m.user) for c, m in refusals(clauses_of(incident.thread), incident.thread)]
    assert found == [("retrain?", "bo")]
