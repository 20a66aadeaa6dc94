from dataclasses import replace

import pytest

from knowledge.correlation.groups import Group, Member, entity_of, places_of
from knowledge.correlation.subject import Subject
from tests.knowledge.correlation.conftest import Alerts

TAU = 60.0


def test_an_alert_is_held_against_its_model_service_or_node() -> None:
    full = Subject(service="api", node="n1", model="fraud")
    assert entity_of(full) == "model:fraud"
    assert entity_of(replace(full, model="")) == "api"
    assert entity_of(Subject(node="n1")) == "n1"
    assert entity_of(Subject()) == ""


def test_a_member_makes_its_group_known_wherever_it_points(alerts: Alerts) -> None:
    subject = Subject("cart", "eu", "cart-1", "n1", "a", "shop", "", "redis")
    member = Member(alerts("X", "cart", 0), subject, 0, 0)
    assert list(places_of(member)) == [
        ("s", "eu", "cart"),
        ("n", "", "n1"),
        ("z", "eu", "a"),
        ("b", "eu", "redis"),
        ("c", "eu", ""),
    ]


def test_vigour_falls_when_what_was_expected_does_not_come() -> None:
    group = Group(1)
    group.expect(10.0, 0.0, TAU)
    assert group.vigour(0.0, TAU, 2.0) == pytest.approx(1.0)
    assert group.vigour(600.0, TAU, 2.0) == pytest.approx(2 / 12, rel=0.01)
    for _ in range(10):
        group.came()
    assert group.vigour(600.0, TAU, 2.0) == pytest.approx(1.0, rel=0.01)


def test_the_pulse_fades() -> None:
    group = Group(1)
    group.spread(1.0, 0.0, TAU)
    group.spread(1.0, 0.0, TAU)
    assert group.pulse(0.0, TAU) == 2.0
    assert group.pulse(600.0, TAU) < 0.01
