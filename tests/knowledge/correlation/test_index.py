from knowledge.correlation.groups import ANYWHERE, Activity, Group, Place
from knowledge.correlation.index import Index

CART: Place = ("s", "eu", "cart")


def put(index: Index, number: int, place: Place, at: float = 0.0, opened: bool = False) -> Group:
    group = Group(number)
    group.opened_at = at if opened else None
    group.places[place] = Activity(at, at)
    index.put(group, place, at)
    return group


def index(most: int = 5) -> Index:
    return Index(most, opened_for=1800.0, waiting_for=300.0)


def test_finds_those_touched_last_first_and_not_too_many() -> None:
    found = index(most=2)
    groups = [put(found, n, CART, float(n)) for n in range(4)]
    assert found.at(CART, 5.0) == [groups[3], groups[2]]


def test_opened_groups_are_found_longer_than_waiting_ones() -> None:
    found = index()
    opened = put(found, 1, CART, opened=True)
    waiting = put(found, 2, CART)
    assert found.at(CART, 10.0) == [opened, waiting]
    assert found.at(CART, 400.0) == [opened]
    assert found.at(CART, 4000.0) == []


def test_clusters_are_apart_unless_one_is_not_known() -> None:
    found = index()
    eu = put(found, 1, CART)
    assert found.at(("s", "us", "cart"), 0.0) == []
    assert found.at(("s", "", "cart"), 0.0) == [eu]
    somewhere = put(found, 2, ("s", "", "cart"))
    assert found.at(("s", "us", "cart"), 0.0) == [somewhere]


def test_what_is_dropped_or_opened_is_moved() -> None:
    found = index()
    group = put(found, 1, CART)
    group.places[("s", ANYWHERE, "cart")] = group.places[CART]
    group.opened_at = 0.0
    found.promote(group)
    assert found.at(CART, 1000.0) == [group]
    found.drop(group)
    assert found.at(CART, 0.0) == []
    assert found.at(("s", "", "cart"), 0.0) == []
