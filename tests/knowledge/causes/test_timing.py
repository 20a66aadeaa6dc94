"""Onsets, correlation with the symptom, and changes."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from knowledge.causes.evidence import gather
from knowledge.causes.timing import changes_before, lead, moves_with, onsets
from knowledge.records import Change, Series
from tests.knowledge.causes.conftest import AT, STEP, shop

SLOW = {("pay", "latency_avg"): 0.9, ("web", "latency_avg"): 0.3}


def change(minutes: float, id: str = "CHG-1", service: str = "pay") -> Change:
    return Change(id, AT - timedelta(minutes=minutes), "deploy", service, "release 7")


def test_the_first_to_deviate_leads() -> None:
    case = shop(SLOW)
    its = dict(case.window["pay"])
    early = its["latency_avg"]
    its["latency_avg"] = Series({}, early.times, np.roll(early.values, -2))
    case = replace(case, window={**case.window, "pay": its})
    began = onsets(case, gather(case))
    assert began == {"pay": AT - 2 * STEP, "web": AT}
    assert lead(began, STEP) == {"pay": 1.0, "web": -1.0}


def test_one_alone_does_not_lead() -> None:
    assert lead({"pay": AT}, STEP) == {}


def test_what_moves_with_the_symptom() -> None:
    case = shop(SLOW)
    found = moves_with(case, gather(case))
    assert list(found) == ["pay"]
    assert found["pay"] > 0.9


def test_without_a_symptom_signal_nothing_moves_with_it() -> None:
    case = shop(SLOW)
    case = replace(case, symptom=replace(case.symptom, signal=""))
    assert moves_with(case, gather(case)) == {}


@pytest.mark.parametrize(
    ("minutes", "weight"), [(0, 1.0), (30, 0.5), (60, 0.25), (-1, None), (7 * 60, None)]
)
def test_the_later_a_change_the_more_suspicious(minutes: float, weight: float | None) -> None:
    found = changes_before([change(minutes)], AT)
    assert (found["pay"].weight if found else None) == weight


def test_the_last_change_of_a_service_counts() -> None:
    found = changes_before([change(5, "CHG-2"), change(50, "CHG-1")], AT)
    assert found["pay"].change.id == "CHG-2"
