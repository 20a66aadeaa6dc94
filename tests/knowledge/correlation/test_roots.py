"""The place at fault, from where and when alerts came."""

import pytest

from knowledge.catalogue import Catalogue
from knowledge.correlation.groups import ANYWHERE, Activity, Group
from knowledge.correlation.links import Links
from knowledge.correlation.roots import suspects
from tests.knowledge.correlation.conftest import EDGES

LINKS = Links(Catalogue.from_topology({"edges": EDGES}), 100)


def group(services: dict[str, float], count: int = 4) -> Group:
    """A group whose services were hit at these seconds."""
    found = Group(1)
    found.first = min(services.values())
    for name, first in services.items():
        activity = Activity(first, first)
        activity.belief, activity.count = 1.0, count
        found.places[("s", "eu", name)] = found.places[("s", ANYWHERE, name)] = activity
    return found


@pytest.mark.parametrize(
    ("services", "root"),
    [
        ({"redis": 0, "cart": 30, "checkout": 60, "web": 95}, "redis"),
        ({"redis": 12, "cart": 0, "checkout": 40}, "redis"),
        ({"payment": 0, "checkout": 30, "web": 70}, "payment"),
        ({"web": 0}, "web"),
    ],
)
def test_trouble_climbs_from_its_root(services: dict[str, float], root: str) -> None:
    assert suspects(group(services), LINKS, 3)[0] == root


def test_one_alert_deep_down_does_not_take_the_blame_off_a_loud_root() -> None:
    found = group({"cart": 0, "checkout": 30, "web": 60}, count=12)
    stray = Activity(200, 200)
    stray.belief, stray.count = 0.6, 1
    found.places[("s", "eu", "redis")] = stray
    assert suspects(found, LINKS, 1) == ("cart",)


def test_a_node_with_an_alert_of_its_own_explains_its_pods() -> None:
    found = group({"search": 0, "payment": 3, "redis": 9})
    node = Activity(5, 5)
    node.belief, node.count, node.own = 1.0, 7, 1
    node.entities = {"search", "payment", "redis", "n1"}
    found.places[("n", "", "n1")] = node
    found.located = 7
    assert suspects(found, LINKS, 1) == ("n1",)


def test_no_more_than_asked_for() -> None:
    assert len(suspects(group({"redis": 0, "cart": 30, "web": 60}), LINKS, 2)) == 2
    assert suspects(Group(2), LINKS, 3) == ()
