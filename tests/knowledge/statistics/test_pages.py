from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from knowledge.escalation import page_by_hand
from knowledge.records import Event, Incident
from knowledge.statistics.pages import Load, Page, at_night, loads, pages_of

MakeIncident = Callable[..., Incident]


def test_each_person_that_a_step_names_is_one_page(
    incident: MakeIncident, monday: datetime
) -> None:
    text = "paged <@U1> and <@U2> (step 1 of 3): not acknowledged for 5 min"
    step = Event("E9", monday, "paged", "Tandem", text)
    found = incident(1)
    found = replace(found, timeline=(*found.timeline, step))
    assert [(p.person, p.incident) for p in pages_of(found)] == [("U1", "INC-1"), ("U2", "INC-1")]


def test_pages_by_hand_count_and_pages_of_nobody_do_not(
    incident: MakeIncident, monday: datetime
) -> None:
    later = monday + timedelta(minutes=5)
    found = page_by_hand(incident(1), ["U3"], "U1", monday, "ask <@U9> if away")
    found = page_by_hand(found, [], "U1", later, where="PagerDuty")
    nobody = Event("E9", later, "paged", "Tandem", "paged nobody (step 1 of 1): no shift")
    found = replace(found, timeline=(*found.timeline, nobody))
    assert [page.person for page in pages_of(found)] == ["U3", "PagerDuty"]


@pytest.mark.parametrize(
    ("hour", "night"), [(21, False), (22, True), (23, True), (0, True), (7, True), (8, False)]
)
def test_night_is_from_ten_to_eight(hour: int, night: bool) -> None:
    assert at_night(datetime(2026, 3, 2, hour, 59, tzinfo=UTC)) == night


def test_night_is_where_the_person_sleeps(monday: datetime) -> None:
    noon = monday + timedelta(hours=12)
    pages = [Page("U1", noon, "INC-1"), Page("U2", noon, "INC-1"), Page("U2", noon, "INC-2")]
    zones = {"U1": ZoneInfo("Asia/Tokyo"), "U2": UTC}
    pages[0] = replace(pages[0], at=monday + timedelta(hours=15))
    assert loads(pages, zones.__getitem__) == [Load("U2", 2, 0, 2), Load("U1", 1, 1, 1)]
